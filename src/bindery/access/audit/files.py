"""The files of the audit log: ``audit/{kind}-{day}-{time}-{server}.jsonl``, each written by one server.

A file holds records of one day (UTC), ascending by time. Its writer keeps a shared lock on it, so that another server
that makes room passes it over.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from bindery.access.audit.record import Kind
from bindery.data_folder import sync_folder

_NAME = re.compile(r"(change|denial|call)-(\d{8})-(\d{12})-([0-9a-f]{8})\.jsonl", re.ASCII)
_KINDS = {kind.value.lower(): kind for kind in Kind}


class LogFile(msgspec.Struct, frozen=True, order=True):
    """A file that is there. The order is that of their beginnings."""

    day: str
    """``20260131``"""
    time: str
    """Of the day, to the microsecond."""
    name: str
    kind: Kind


def log_folder(data: Path) -> Path:
    """Where the files are, in the data folder."""
    return data / "audit"


def day_of(time: str) -> str:
    """The day in a record's time, as names of files have it."""
    return f"{time[:4]}{time[5:7]}{time[8:10]}"


def list_files(folder: Path) -> list[LogFile]:
    """The files of all servers, the oldest first; other files are passed over."""
    found = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match is not None:
                found.append(LogFile(match[2], match[3], entry.name, _KINDS[match[1]]))
    return sorted(found)


class WritingFile:
    """The file that a server appends to. Not safe for threads."""

    def __init__(self, folder: Path, kind: Kind, time: str, server: str) -> None:
        """``time`` is that of its first record. Raises OSError."""
        self.day = day_of(time)
        of_day = re.sub(r"\D", "", time[11:])
        self.name = f"{kind.value.lower()}-{self.day}-{of_day}-{server}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._file = os.open(folder / self.name, flags, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self.size = 0
        self.last = time
        self.is_broken = False
        """Whether it is unknown what stands in it, so that nothing more may be appended."""
        self._is_new = True
        self._folder = folder

    def append(self, lines: bytes, last: str) -> None:
        """Whole or not at all. ``last`` is the time of the last line. Raises OSError."""
        try:
            written = os.write(self._file, lines)
            if written != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._cut()
            raise
        self.size += written
        self.last = last

    def sync(self) -> None:
        """What was appended, and the name of the file, survive a loss of power. Raises OSError."""
        try:
            os.fsync(self._file)
            if self._is_new:
                sync_folder(self._folder)
                self._is_new = False
        except OSError:
            self.is_broken = True
            raise

    def _cut(self) -> None:
        try:
            os.ftruncate(self._file, self.size)
        except OSError:
            self.is_broken = True

    def close(self) -> None:
        """Give up the lock."""
        os.close(self._file)


def make_room(folder: Path, kind: Kind, *, first_day: str, most: int) -> None:
    """Remove files of days before ``first_day``, then the oldest until the rest has up to ``most`` bytes.

    Files that are being written stay.
    """
    ours = [file for file in list_files(folder) if file.kind is kind]
    sizes = {file.name: _size(folder / file.name) for file in ours}
    total = sum(sizes.values())
    for file in ours:
        if file.day >= first_day and total <= most:
            return
        if _remove(folder / file.name):
            total -= sizes[file.name]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _remove(path: Path) -> bool:
    """Unless somebody writes it."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def files_by_day(files: list[LogFile]) -> Iterator[tuple[str, list[LogFile]]]:
    """The files of each day, the newest day first."""
    days: dict[str, list[LogFile]] = {}
    for file in files:
        days.setdefault(file.day, []).append(file)
    for day in sorted(days, reverse=True):
        yield day, days[day]
