"""The rows of many changes, made in another process: this one answers, and writes earlier ones, meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import msgspec

from bindery.catalog.index.changes import Change
from bindery.catalog.index.projection import Insertion, Projection
from bindery.catalog.index.tokens import Elsewhere

_ROWS_JOB = "bindery.catalog.index.projecting:rows_job"


class _Entries(msgspec.Struct, frozen=True, array_like=True):
    """What rows are made of."""

    entries: list[tuple[str, bytes]]
    """URI and document of each that exists."""
    texts: list[int | None]
    """The number of each one's text."""
    batch: int
    """The number of the newest change."""


_entries = msgspec.msgpack.Decoder(_Entries)
_insertions = msgspec.msgpack.Decoder(Insertion)


def rows_elsewhere(
    projection: Projection,
    changes: Sequence[Change],
    texts: Sequence[int | None],
    elsewhere: Elsewhere,
    turn: AbstractContextManager[object] | None = None,
) -> Insertion | None:
    """What ``Projection.rows`` makes of the changes; here when no other process does it, within ``turn``."""
    live = [
        ((change.uri, change.document), text)
        for change, text in zip(changes, texts, strict=True)
        if change.document is not None
    ]
    if not live:
        return None
    asked = _Entries([entry for entry, _ in live], [text for _, text in live], changes[-1].sequence)
    answer = elsewhere(_ROWS_JOB, msgspec.msgpack.encode(asked))
    if answer is not None and (rows := _taken(answer, asked)) is not None:
        return rows
    with turn or nullcontext():
        return projection.rows(changes, texts)


def _taken(answer: bytes, asked: _Entries) -> Insertion | None:
    """The rows that were asked for; None for anything else, for the process has read hostile files before."""
    try:
        rows = _insertions.decode(answer)
    except msgspec.MsgspecError:
        return None
    is_asked = rows.batch == asked.batch and rows.uris == tuple(uri for uri, _ in asked.entries)
    return rows if is_asked and rows.is_known else None


def rows_job(body: bytes) -> bytes:
    """The rows of entries, as a job of another process."""
    asked = _entries.decode(body)
    changes = [Change(asked.batch, 0, uri, document, None) for uri, document in asked.entries]
    return msgspec.msgpack.encode(_projection().rows(changes, asked.texts))


@cache
def _projection() -> Projection:
    return Projection()
