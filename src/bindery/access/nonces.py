"""Nonces that were used, so that a recorded request cannot be sent again.

Kept for as long as the request's own time is accepted, in one small file for each minute of expiry: a use
is appended before it is accepted, so a restart, even after a kill, forgets none; an expired minute is one
file less. When the disk takes no more they are kept in memory alone, so that calls which write nothing go on.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import structlog

_SLOT_SECONDS = 60
_SLOTS_TOGETHER = 8
"""Minutes that are held and forgotten together in memory."""
_DIGEST_BYTES = 8
_BUCKET_BITS = 10
_MOST_UNWRITTEN = 2_000_000
"""Nonces of all keys that may be in memory alone; eight bytes each."""
_SHARE_UNWRITTEN = 500_000
"""The same of one key."""
_LITTLE_ROOM = 4 * 1024 * 1024
"""Bytes below which a disk counts as full."""
_log = structlog.get_logger()


class NonceRefused(Exception):
    """The use of a nonce cannot be kept; the message says why and what to do."""


_Buckets = dict[int, bytearray]
"""Digests that are forgotten together, by their first bits: a set takes fifteen times the memory."""


def _holds(bucket: bytearray, digest: bytes) -> bool:
    at = bucket.find(digest)
    while at >= 0 and at % _DIGEST_BYTES:  # the end of one digest and the beginning of the next
        at = bucket.find(digest, at + 1)
    return at >= 0


def _add(buckets: _Buckets, digest: bytes) -> None:
    buckets.setdefault(_first_bits(digest), bytearray()).extend(digest)


def _first_bits(digest: bytes) -> int:
    return int.from_bytes(digest[:2]) >> (16 - _BUCKET_BITS)


class _SlotFile:
    """The file of the nonces that expire within one minute, and what could not be written to it yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None
        self._size = 0
        self.unwritten = bytearray()
        self._owners: Counter[str] = Counter()

    def read(self) -> bytes:
        """What an earlier process left; a kill may have left half a digest."""
        content = self.path.read_bytes()
        whole = len(content) - len(content) % _DIGEST_BYTES
        if whole != len(content):
            os.truncate(self.path, whole)
        self._size = whole
        return content[:whole]

    def append(self, key_id: str, digest: bytes) -> None:
        """Raises OSError, and keeps the digest for the next time."""
        self.unwritten += digest
        self._owners[key_id] += 1
        self.flush()

    def flush(self) -> None:
        """Write what waits. Raises OSError."""
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o600)
        written = os.write(self._file, self.unwritten)
        if written != len(self.unwritten):
            os.ftruncate(self._file, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written
        self.unwritten.clear()
        self._owners.clear()

    def unwritten_of(self, key_id: str) -> int:
        return self._owners[key_id] if self._owners else 0

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)


class Nonces:
    """Safe for threads."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "used-nonces"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._held: dict[int, _Buckets] = {}
        self._files: dict[int, _SlotFile] = {}
        self._closed = False
        self.problem = ""
        """Why the last nonce could not be written; empty when it could."""
        self._read()
        self._forget(int(time.time()))

    def use(self, key_id: str, nonce: str, *, now: int, expires: int) -> bool:
        """Whether the nonce is new for this key; it is used up from now on. Times are whole seconds.

        Raises NonceRefused when it can be kept neither on the disk nor, for too many, in memory.
        """
        named = f"{key_id}\0{nonce}".encode(errors="surrogateescape")
        digest = hashlib.blake2b(named, digest_size=_DIGEST_BYTES).digest()
        number = expires // _SLOT_SECONDS
        with self._lock:
            if self._closed:
                return False
            first_bits = _first_bits(digest)
            for buckets in self._held.values():
                if first_bits in buckets and _holds(buckets[first_bits], digest):
                    return False
            file = self._files.get(number)
            if file is None:
                self._forget(now)
                file = self._files[number] = _SlotFile(self._folder / str(number))
            self._write(file, key_id, digest)
            _add(self._group(number), digest)
            return True

    def find_problem(self) -> str:
        """Why nonces cannot be written, or soon cannot; empty while they can."""
        if self.problem:
            return self.problem
        try:
            room = os.statvfs(self._folder)
        except OSError as error:
            return f"The data folder cannot be read ({error.strerror})."
        free = room.f_bavail * room.f_frsize
        if free >= _LITTLE_ROOM:
            return ""
        left = f"{free // 1024} KiB left"
        return f"The disk of the data folder is full ({left}): calls that change something fail; make room."

    def close(self) -> None:
        """May be called twice; no nonce is accepted any more."""
        with self._lock:
            self._closed = True
            for file in self._files.values():
                file.close()
            self._files.clear()
            self._held.clear()

    def _read(self) -> None:
        for path in self._folder.iterdir():
            if path.name.isdigit():
                number = int(path.name)
                file = self._files[number] = _SlotFile(path)
                content = file.read()
                for at in range(0, len(content), _DIGEST_BYTES):
                    _add(self._group(number), content[at : at + _DIGEST_BYTES])

    def _group(self, number: int) -> _Buckets:
        return self._held.setdefault(number // _SLOTS_TOGETHER, {})

    def _write(self, file: _SlotFile, key_id: str, digest: bytes) -> None:
        if self.problem:
            self._check_room(key_id)
        try:
            file.append(key_id, digest)
        except OSError as error:
            if not self.problem:
                _log.error(
                    "used nonces are kept in memory only, a restart forgets them", problem=str(error)
                )
            reason = f"The data folder cannot be written ({error.strerror})"
            self.problem = f"{reason}: calls that change something fail; make room."
        else:
            if self.problem:
                self._catch_up()

    def _catch_up(self) -> None:
        """There is room again: write what was kept in memory."""
        with suppress(OSError):
            for file in self._files.values():
                if file.unwritten:
                    file.flush()
            self.problem = ""
            _log.info("used nonces are written again")

    def _check_room(self, key_id: str) -> None:
        files = self._files.values()
        if (
            sum(len(file.unwritten) for file in files) >= _MOST_UNWRITTEN * _DIGEST_BYTES
            or sum(file.unwritten_of(key_id) for file in files) >= _SHARE_UNWRITTEN
        ):
            raise NonceRefused(self.problem)

    def _forget(self, now: int) -> None:
        present = now // _SLOT_SECONDS
        for number in [number for number in self._files if number < present]:
            file = self._files.pop(number)
            file.close()
            with suppress(OSError):
                file.path.unlink(missing_ok=True)
        for group in [group for group in self._held if (group + 1) * _SLOTS_TOGETHER <= present]:
            del self._held[group]
