"""Nonces that any server has taken: one statement for those of many requests, which reads the version of access, too.

Each lies in the table of the span in which it expires, by the signed time of its request: who sends the request again
finds it there. Spans take turns with eight tables. A table goes to another span when what it holds has been over for
a whole span, so that a server whose clock is late by less does not take what was forgotten; of one whose clock differs
by more nothing is taken.

What is committed is on the disk a moment later, not before the answer: a crash of PostgreSQL may forget the nonces of
its last second or less.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable
from typing import Protocol, TypeVar

import psycopg
import structlog

from bindery.catalog.interface.nonces import NonceUse, Taken
from bindery.catalog.record.postgresql.connection import RawConnection, translated
from bindery.catalog.records import CatalogUnusable

SPAN_SECONDS = 1_024
PARTS = 8
_BEHIND, _AHEAD = 1, 5
"""Spans around the present one of which nonces are taken. A request is good for up to 62 minutes, until the fourth span
ahead; what lies beyond is for clocks that differ. The tables of all these are different ones."""
_LOCK_MILLISECONDS = 500
_BATCH_BITS = 63
_TAKE = """
WITH used AS (
    INSERT INTO nonce_{part} AS held (digest, batch)
    SELECT digest, %(batch)s FROM unnest(%(digests)s::bigint[]) AS digest
    WHERE EXISTS (SELECT FROM nonce_span WHERE part = {part} AND span = %(span)s)
    ON CONFLICT (digest) DO UPDATE SET batch = excluded.batch WHERE held.batch = excluded.batch
    RETURNING digest
)
SELECT
    array(SELECT digest FROM used),
    EXISTS (SELECT FROM nonce_span WHERE part = {part} AND span = %(span)s),
    (SELECT version FROM access_version),
    set_config('synchronous_commit', 'off', true)
"""
"""A digest that is there is not new, unless this very batch has written it, before its connection was lost."""
_TAKES = [_TAKE.format(part=part).encode() for part in range(PARTS)]
_LOCK_SPANS = b"SELECT part, span, clock_ms() / 1000 / %s FROM nonce_span ORDER BY part FOR UPDATE"
_SET_SPAN = b"UPDATE nonce_span SET span = %s WHERE part = %s"
_NONE = -1
_NOT_EMPTIED = (
    "SELECT part FROM generate_series(0, %s) AS part "
    "WHERE NOT has_table_privilege('nonce_' || part, 'TRUNCATE')"
)
_CLOCKS_DIFFER = (
    "the clock of this server and that of PostgreSQL differ by more than a quarter of an hour, so that it cannot be "
    "told whether a request came before; set them right"
)
_log = structlog.get_logger()
_Answer = TypeVar("_Answer")


class Ask(Protocol):
    """Lends a connection that commits by itself, and another one when that was lost before it has answered."""

    def __call__(self, ask: Callable[[RawConnection], _Answer], /) -> _Answer:
        """What was answered. Raises CatalogUnusable, CatalogUnwritable."""


def check_rights(raw: RawConnection) -> None:
    """Raise CatalogUnusable where tables could not be emptied: hours later nothing could be taken any more."""
    part = raw.execute(_NOT_EMPTIED, (PARTS - 1,)).fetchone()
    if part is not None:
        raise CatalogUnusable(
            f"the user of catalog.url may not TRUNCATE the table nonce_{part[0]}; make it the owner of all tables of "
            "the record, or grant it TRUNCATE on nonce_0 to nonce_7"
        )


class PostgresqlNonces:
    """Implements ``interface.nonces.SharedNonces``."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def take(self, uses: Collection[NonceUse]) -> Taken:
        """Use up nonces, a statement for each span in which some expire: nearly always one."""
        batch, version = secrets.randbits(_BATCH_BITS), 0
        new: set[int] = set()
        for span, digests in _by_span(uses).items():
            taken, version = self._take(span, digests, batch)
            new.update(taken)
        return Taken(frozenset(use for use in uses if use.digest in new), version)

    def _take(self, span: int, digests: list[int], batch: int) -> tuple[list[int], int]:
        statement = _TAKES[span % PARTS]
        values = {"digests": digests, "batch": batch, "span": span}

        def ask(raw: RawConnection) -> tuple[list[int], int]:
            for _ in range(2):
                row = raw.execute(statement, values).fetchone()
                assert row is not None
                if row[1]:
                    return row[0], row[2]
                _hold_span(raw, span)
            raise CatalogUnusable(_CLOCKS_DIFFER)

        with translated():
            return self._ask(ask)


def _by_span(uses: Iterable[NonceUse]) -> dict[int, list[int]]:
    """Digests in ascending order: two servers that tell of the same ones do not wait for each other in a ring."""
    spans: dict[int, list[int]] = {}
    for digest, span in sorted((use.digest, use.expires // SPAN_SECONDS) for use in uses):
        spans.setdefault(span, []).append(digest)
    return spans


def _hold_span(raw: RawConnection, wanted: int) -> None:
    """Give a table to a span, and empty those that are over, or so far ahead that the clock was wrong which they were
    taken by. Raises CatalogUnusable when it is far from the present."""
    with raw.transaction():
        rows = raw.execute(_LOCK_SPANS, (SPAN_SECONDS,)).fetchall()
        present = rows[0][2]
        held = {part: span for part, span, _ in rows}
        for part, span in held.items():
            if span != _NONE and not present - _BEHIND <= span <= present + _AHEAD:
                _empty(raw, part)
                held[part] = _NONE
        if not present - _BEHIND <= wanted <= present + _AHEAD or held[wanted % PARTS] not in (
            _NONE,
            wanted,
        ):
            raise CatalogUnusable(_CLOCKS_DIFFER)
        raw.execute(_SET_SPAN, (wanted, wanted % PARTS))


def _empty(raw: RawConnection, part: int) -> None:
    """What a backup reads at this time stays, and does no harm: a digest comes but once."""
    raw.execute(_SET_SPAN, (_NONE, part))
    try:
        with raw.transaction():
            raw.execute(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}".encode())
            raw.execute(f"TRUNCATE nonce_{part}".encode())
    except psycopg.errors.LockNotAvailable:
        _log.info("nonces that have expired are kept for now, for somebody reads them", part=part)
