"""Reads the audit log, the newest record first, over the files of all servers; bounded in what one call looks at."""

from __future__ import annotations

import heapq
import math
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from bindery.access.audit.files import LogFile, day_of, files_by_day, list_files
from bindery.access.audit.record import AuditRecord, Kind, decode, time_of
from bindery.access.policy.pattern import Matcher, compile_pattern

_BLOCK = 65_536
"""Bytes that are read at once; no line is longer."""
_MOST_EXAMINED = 50_000
_PIECE = 200
_one_at_a_time = threading.Lock()
"""Held for a piece: of many searches at once one has the interpreter, so that calls beside them wait for one only."""


class Position(NamedTuple):
    """Where a record stands; the order of positions is that of time over all files."""

    time: str
    file: str
    offset: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which records are wanted. Texts may hold ``*`` and ``?``; empty ones are not asked for."""

    principal: str = ""
    action: str = ""
    resource: str = ""
    code: str = ""
    denied: bool = False
    """Only refusals."""
    since: str = ""
    """Records of this time and later, in the form of their times."""
    until: str = ""
    """Records before this time."""


class Page(msgspec.Struct, frozen=True):
    """Records, and behind which one the search goes on; None at the end."""

    records: tuple[AuditRecord, ...]
    next: Position | None


def search(
    folder: Path,
    wanted: Wanted,
    *,
    before: Position | None = None,
    limit: int = 100,
    most_examined: int = _MOST_EXAMINED,
    most_seconds: float = math.inf,
) -> Page:
    """Up to ``limit`` records older than ``before``. Less of them with a ``next`` means: so much was looked at, or
    for so long."""
    passes, until = _Filter(wanted), time.monotonic() + most_seconds
    found: list[AuditRecord] = []
    examined, lines = 0, _newest_first(folder, wanted, before)
    while True:
        position: Position | None = None
        with _one_at_a_time:
            for position, line in islice(lines, min(_PIECE, most_examined - examined)):
                examined += 1
                record = decode(line)
                if record is not None and passes(record):
                    found.append(record)
                if len(found) == limit:
                    return Page(tuple(found), position)
        if position is None or examined == most_examined or time.monotonic() > until:
            return Page(tuple(found), position)


class _Filter:
    def __init__(self, wanted: Wanted) -> None:
        self._denied = wanted.denied
        self._principal, self._action, self._resource, self._code = (
            compile_pattern(text.lower()) if text else None
            for text in (wanted.principal, wanted.action, wanted.resource, wanted.code)
        )

    def __call__(self, record: AuditRecord) -> bool:
        if self._denied and record.kind is not Kind.DENIAL:
            return False
        counted = [pair.split(" ") for pair in record.counts]
        return (
            _any(self._principal, [record.principal])
            and _any(self._action, [record.action, *(pair[0] for pair in counted)])
            and _any(self._code, [record.code, *(pair[-1] for pair in counted)])
            and _any(self._resource, record.resources)
        )


def _any(matches: Matcher | None, texts: list[str] | tuple[str, ...]) -> bool:
    return matches is None or any(matches(text.lower()) for text in texts)


def _newest_first(
    folder: Path, wanted: Wanted, before: Position | None
) -> Iterator[tuple[Position, bytes]]:
    """Every line in the span of time, day by day; within a day over all files at once."""
    end = Position(wanted.until, "", 0) if wanted.until else None
    start = min((each for each in (before, end) if each is not None), default=None)
    first_day, last_day = day_of(wanted.since), "" if start is None else day_of(start.time)
    for day, files in files_by_day(list_files(folder)):
        if last_day and day > last_day:
            continue
        if day < first_day:
            return
        lines = [_lines(folder, file, start, wanted.since) for file in files]
        yield from heapq.merge(*lines, key=lambda each: each[0], reverse=True)


def _lines(
    folder: Path, file: LogFile, start: Position | None, since: str
) -> Iterator[tuple[Position, bytes]]:
    """The lines of a file before ``start`` and from ``since`` on, the last first. A file that is gone has none."""
    try:
        descriptor = os.open(folder / file.name, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        for offset, line in _backwards(descriptor, _end_for(descriptor, file.name, start)):
            position = Position(time_of(line), file.name, offset)
            if not position.time or (start is not None and position >= start):
                continue
            if position.time < since:
                return
            yield position, line
    finally:
        os.close(descriptor)


def _backwards(descriptor: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines that begin before ``end``, each with its offset, the last first."""
    at, rest = end, b""
    while at > 0:
        begin = max(0, at - _BLOCK)
        block = os.pread(descriptor, at - begin, begin) + rest
        at = begin
        # The first line of a block began in the block before, unless the file begins here.
        cut = block.find(b"\n") + 1 if begin else 0
        if begin and not cut:
            rest = block
            continue
        offset = begin + len(block)
        for line in reversed(block[cut:].split(b"\n")[:-1]):
            offset -= len(line) + 1
            yield offset, line
        rest = block[:cut]


def _end_for(descriptor: int, name: str, start: Position | None) -> int:
    """An offset behind every line before ``start``, found without reading all of the file."""
    size = os.fstat(descriptor).st_size
    if start is None:
        return size
    if start.file == name:
        return min(size, start.offset)
    blocks = range((size + _BLOCK - 1) // _BLOCK)
    later = bisect_left(blocks, True, key=lambda block: _first_time(descriptor, block) > start.time)
    return min(size, (later + 2) * _BLOCK)  # lines of the block before may reach into the next


def _first_time(descriptor: int, block: int) -> str:
    """The time of the first line that begins in a block; later than all when none does."""
    content = os.pread(descriptor, 2 * _BLOCK, block * _BLOCK)
    lines = content.split(b"\n") if block == 0 else content.split(b"\n")[1:]
    return next(filter(None, map(time_of, lines)), "9")
