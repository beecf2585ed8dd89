"""NextToken: where a page ended, tied to the query it belongs to."""

from __future__ import annotations

import base64
import hashlib

import msgspec

from bindery.catalog.query.syntax import Node, QueryError, SortField


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page: values of the sort fields, then its URI."""

    fingerprint: str
    values: tuple[int | float | str | None, ...]
    uri: str


def fingerprint(dataset_id: int, query: Node | str | None, sort: tuple[SortField, ...]) -> str:
    """What a token must fit: dataset, query and order."""
    seed = msgspec.json.encode((dataset_id, type(query).__name__, query, sort))
    return hashlib.sha256(seed).hexdigest()[:16]


def write_token(position: Position) -> str:
    """Opaque text for clients."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read_token(token: str, expected: str, sort_fields: int) -> Position:
    """Raises QueryError for a token that is damaged or belongs to another query."""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        position = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True), type=Position)
    except ValueError:
        raise QueryError("NextToken is not valid.") from None
    if position.fingerprint != expected or len(position.values) != sort_fields:
        raise QueryError(
            "NextToken belongs to another query: keep Query, Sort and Order unchanged between pages."
        )
    return position
