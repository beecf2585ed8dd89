"""The names of one folder in their order, of which only so many are held in memory; the others are sorted on disk.

A system lists a folder in an order of its own, and a folder may hold tens of millions of files: sorted runs go into a
temporary file, and are merged while they are read.
"""

from __future__ import annotations

import heapq
import os
import tempfile
from collections.abc import Iterator
from typing import IO

MOST_HELD = 100_000
"""Names in memory, some 100 bytes each."""
_CHUNK = 16_384
"""Bytes of each run that are read at a time."""
_END = b"\0"
"""Behind each name in the file; no name holds it."""


class SortedNames:
    """Names of any order go in, each perhaps twice; then they come out ascending by their bytes, each once.

    Raises OSError when the temporary file cannot be written.
    """

    def __init__(self) -> None:
        self._held: set[bytes] = set()
        self._file: IO[bytes] | None = None
        self._runs: list[tuple[int, int]] = []
        """Where each begins and ends."""

    @property
    def runs(self) -> int:
        """How many runs are on disk."""
        return len(self._runs)

    def add(self, name: bytes) -> bool:
        """Take one more; whether that has filled the memory, so that names went to disk."""
        self._held.add(name)
        if len(self._held) < MOST_HELD:
            return False
        self._spill()
        return True

    def ascending(self) -> Iterator[bytes]:
        """All of them; nothing is added any more."""
        held = sorted(self._held)
        self._held = set()
        if not self._runs:
            return iter(held)
        return self._merged(held)

    def close(self) -> None:
        """Free the space."""
        self._held = set()
        if self._file is not None:
            self._file.close()

    def _merged(self, held: list[bytes]) -> Iterator[bytes]:
        last = b""
        for name in heapq.merge(held, *(self._read(begin, end) for begin, end in self._runs)):
            if name != last:
                yield name
            last = name

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (it lives as long as its names)
        begin = end = self._runs[-1][1] if self._runs else 0
        rest = memoryview(_END.join([*sorted(self._held), b""]))
        while rest:
            written = os.pwrite(self._file.fileno(), rest, end)
            rest, end = rest[written:], end + written
        self._runs.append((begin, end))
        self._held = set()

    def _read(self, begin: int, end: int) -> Iterator[bytes]:
        assert self._file is not None
        cut = b""
        while begin < end:
            chunk = os.pread(self._file.fileno(), min(_CHUNK, end - begin), begin)
            if not chunk:
                raise OSError("a temporary file has become shorter")
            begin += len(chunk)
            *names, cut = (cut + chunk).split(_END)
            yield from names
