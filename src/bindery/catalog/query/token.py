"""NextToken: where a page ended, tied to the query it belongs to."""

from __future__ import annotations

import base64
import hashlib

import msgspec

from bindery.catalog.query.fields import Kind, find_field
from bindery.catalog.query.syntax import Node, QueryError, SortField
from bindery.catalog.query.values import INT64_MAX, INT64_MIN

_Value = int | float | str | None


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page: values of the sort fields, then its URI."""

    fingerprint: str
    values: tuple[_Value, ...]
    uri: str


# Made once, before there are threads: they must not be the first to decode a struct type.
_positions = msgspec.json.Decoder(Position)


def fingerprint(dataset_id: int, query: Node | str | None, sort: tuple[SortField, ...]) -> str:
    """What a token must fit: dataset, query and order. Raises QueryError for text that is not Unicode."""
    try:
        seed = msgspec.json.encode((dataset_id, type(query).__name__, query, sort))
    except UnicodeEncodeError:
        raise QueryError("Query holds text that is not valid Unicode.") from None
    return hashlib.sha256(seed).hexdigest()[:16]


def write_token(position: Position) -> str:
    """Opaque text for clients."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read_token(token: str, expected: str, sort: tuple[SortField, ...]) -> Position:
    """Raises QueryError for a token that is damaged or belongs to another query."""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        position = _positions.decode(base64.b64decode(padded, b"-_", validate=True))
    except ValueError:
        raise QueryError("NextToken is not valid.") from None
    if position.fingerprint != expected or len(position.values) != len(sort):
        raise QueryError(
            "NextToken belongs to another query: keep Query, Sort and Order unchanged between pages."
        )
    if not all(_fits(value, entry) for value, entry in zip(position.values, sort, strict=True)):
        raise QueryError("NextToken is not valid.")
    return position


def _fits(value: _Value, entry: SortField) -> bool:
    kind = find_field(entry.field)[0].kind
    if value is None:
        return True
    if kind is Kind.FLOAT:
        return isinstance(value, float)
    if kind in (Kind.INT, Kind.TIME):
        return isinstance(value, int) and INT64_MIN <= value <= INT64_MAX
    return isinstance(value, str)
