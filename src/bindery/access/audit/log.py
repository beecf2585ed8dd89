"""Writes the audit log: one thread appends what calls hand in, many records at a time.

Changes wait until theirs is on the disk, so one sync serves all that wait. When the disk takes no more the records stay
in memory, up to a bound, and are written once there is room; meanwhile calls that change something are refused
(``check``), and others go on.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import msgspec
import structlog

from bindery.access.audit.files import WritingFile, day_of, log_folder, make_room
from bindery.access.audit.record import AuditRecord, Kind, encode, format_instant
from bindery.access.audit.settings import AuditSettings
from bindery.access.audit.shares import Shares
from bindery.clock import now_ns
from bindery.ranges import DAY_SECONDS

_GATHER_SECONDS = 0.2
"""How long records that nobody waits for are gathered before they are written."""
_RETRY_SECONDS = 1.0
_SUMS_SECONDS = 30.0
"""How often it is looked whether counted refusals are to be told."""
_PATIENCE_SECONDS = 20.0
"""How long a change waits for its record; it is done already."""
_MOST_HELD = 8 * 1024 * 1024
"""Bytes of records in memory."""
_LITTLE_ROOM = 1024 * 1024
"""Bytes below which a disk counts as full."""
_SHARES = {Kind.CHANGE: 2, Kind.DENIAL: 4, Kind.CALL: 4}
"""Of the whole log a half or a quarter."""
_CALLERS_PART = 4
"""One caller's refusals may take a quarter of what is kept of all refusals, however long he goes on."""
_log = structlog.get_logger()


class AuditUnwritable(Exception):
    """No record could be kept of a change; the message says why and what to do."""


class _Entry:
    """A record on its way to the disk. ``durable``: somebody waits for it."""

    __slots__ = ("durable", "kind", "line", "time", "written")

    def __init__(self, kind: Kind, time: str, line: bytes, *, durable: bool) -> None:
        self.kind, self.time, self.line, self.durable = kind, time, line, durable
        self.written = threading.Event()


class AuditLog:
    """Safe for threads. Several servers may write into one folder, each its own files."""

    def __init__(self, data: Path, settings: AuditSettings | None = None) -> None:
        self.settings = settings or AuditSettings()
        self.folder = log_folder(data)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.problem = ""
        """Why nothing can be written; empty while it can."""
        self._server = secrets.token_hex(4)
        self._kinds = {kind: _KindWriter(self.folder, kind, self.settings, self._server) for kind in Kind}
        days = max(1.0, self.settings.retention / DAY_SECONDS)
        self._shares = Shares(int(self.settings.total_size / _SHARES[Kind.DENIAL] / _CALLERS_PART / days))
        self._queue: list[_Entry] = []
        self._held = self._lost = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="audit log", daemon=True)
        self._thread.start()

    def add(self, record: AuditRecord) -> None:
        """On the disk within a second or so, or counted when its caller has used up his share of refusals."""
        with self._changed:
            self._enter(record, durable=False)

    def add_durably(self, record: AuditRecord) -> None:
        """Returns when it is on the disk, or when that fails: what it tells of is done, and cannot be taken back."""
        with self._changed:
            entry = self._enter(record, durable=True)
        if entry is not None:
            entry.written.wait(_PATIENCE_SECONDS)

    def check(self) -> None:
        """Before a change: raises AuditUnwritable when no record of it could be kept."""
        problem = self.problem or self._little_room()
        if problem:
            raise AuditUnwritable(problem)

    def flush(self) -> None:
        """Wait until everything that was added before is written, or cannot be."""
        entry = _Entry(Kind.CALL, "", b"", durable=True)
        with self._changed:
            if self._closed:
                return
            self._queue.append(entry)
            self._changed.notify()
        entry.written.wait(_PATIENCE_SECONDS)

    def close(self) -> None:
        """Write what waits. May be called twice; what is added afterwards is lost."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(_PATIENCE_SECONDS)

    def _enter(self, record: AuditRecord, *, durable: bool) -> _Entry | None:
        """With the lock held, so that times ascend in the queue."""
        record = msgspec.structs.replace(record, time=format_instant(now_ns()))
        line = encode(record)
        if record.kind is Kind.DENIAL and not self._shares.take(record, len(line), time.monotonic()):
            self._changed.notify()
            return None
        if self._closed or self._held + len(line) > _MOST_HELD:
            self._lost += 1
            return None
        entry = _Entry(record.kind, record.time, line, durable=durable)
        was_empty = not self._queue
        self._queue.append(entry)
        self._held += len(line)
        if durable or was_empty:
            self._changed.notify()
        return entry

    def _work(self) -> None:
        for kind in self._kinds.values():
            with suppress(OSError):
                kind.make_room()
        closed = False
        while not closed:
            batch, closed = self._next()
            if batch:
                self._write(batch)
        for kind in self._kinds.values():
            kind.close()
        lost = self._lost + len(self._queue)
        if lost:
            _log.error("records of the audit log are lost", count=lost, problem=self.problem)

    def _next(self) -> tuple[list[_Entry], bool]:
        """What is to be written now, and whether it is the last."""
        with self._changed:
            if not self._queue and not self._closed:
                self._changed.wait(_SUMS_SECONDS)
            if not self._is_urgent():
                self._changed.wait_for(self._is_urgent, _RETRY_SECONDS if self.problem else _GATHER_SECONDS)
            for record in self._shares.sums(time.monotonic(), all_of_them=self._closed):
                stamped = msgspec.structs.replace(record, time=format_instant(now_ns()))
                self._queue.append(_Entry(record.kind, stamped.time, encode(stamped), durable=False))
            batch, self._queue, self._held = self._queue, [], 0
            return batch, self._closed

    def _is_urgent(self) -> bool:
        return self._closed or any(entry.durable for entry in self._queue)

    def _write(self, batch: list[_Entry]) -> None:
        """Each kind of record by itself; what cannot be written goes back to the head of the queue."""
        kept: list[_Entry] = []
        problem = ""
        for kind, writer in self._kinds.items():
            waiting = [entry for entry in batch if entry.kind is kind and entry.line]
            try:
                while waiting:
                    waiting = waiting[writer.append(waiting) :]
            except OSError as error:
                kept += waiting
                problem = f"The audit log cannot be written ({error.strerror})"
        self._tell(f"{problem}: calls that change something are refused; make room." if problem else "")
        with self._changed:
            self._queue = kept + self._queue
            self._held += sum(len(entry.line) for entry in kept)
        for entry in batch:
            entry.durable = False  # nobody waits for it any more
            entry.written.set()

    def _tell(self, problem: str) -> None:
        if problem and not self.problem:
            _log.error("records of the audit log wait in memory", problem=problem)
        elif self.problem and not problem:
            _log.info("the audit log is written again", lost=self._lost)
            self._lost = 0
        self.problem = problem

    def _little_room(self) -> str:
        try:
            room = os.statvfs(self.folder)
        except OSError as error:
            return (
                f"The audit log cannot be read ({error.strerror}); calls that change something are refused."
            )
        free = room.f_bavail * room.f_frsize
        if free >= _LITTLE_ROOM:
            return ""
        left = f"{free // 1024} KiB left"
        return f"The disk of the audit log is full ({left}): calls that change something are refused; make room."


class _KindWriter:
    """The files of one kind that this server writes, one after the other."""

    def __init__(self, folder: Path, kind: Kind, settings: AuditSettings, server: str) -> None:
        self._folder, self._kind, self._server = folder, kind, server
        most = settings.total_size // _SHARES[kind]
        self._file_size = min(settings.file_size, most // 4)
        self._most_before = most - self._file_size
        """Bytes of all files but the one that grows."""
        self._retention_ns = int(settings.retention * 1e9)
        self._file: WritingFile | None = None

    def append(self, entries: list[_Entry]) -> int:
        """Write as many as belong into one file; their number. Synced when somebody waits for one of them.

        Raises OSError, and then none of them is written.
        """
        file = self._file_for(entries[0].time)
        count = _fitting(entries, self._file_size - file.size)
        group = entries[:count]
        try:
            file.append(b"".join(entry.line for entry in group), group[-1].time)
            if any(entry.durable for entry in group):
                file.sync()
        except OSError:
            if file.is_broken:
                self.close()
            raise
        return count

    def make_room(self) -> None:
        """Remove what is too old or too much. Raises OSError."""
        oldest = format_instant(now_ns() - self._retention_ns)
        make_room(self._folder, self._kind, first_day=day_of(oldest), most=self._most_before)

    def close(self) -> None:
        """The next record begins a file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _file_for(self, time: str) -> WritingFile:
        """The present file, or the next: for another day, when it is full, and when the clock was set back."""
        file = self._file
        if file is None or file.day != day_of(time) or time < file.last or file.size >= self._file_size:
            self.close()
            self.make_room()
            file = self._file = WritingFile(self._folder, self._kind, time, self._server)
        return file


def _fitting(entries: list[_Entry], room: int) -> int:
    """How many of the first belong into one file: at least one, then those of the same day, ascending, with room."""
    size = len(entries[0].line)
    for number, (before, entry) in enumerate(pairwise(entries), 1):
        size += len(entry.line)
        if size > room or entry.time < before.time or entry.time[:10] != before.time[:10]:
            return number
    return len(entries)
