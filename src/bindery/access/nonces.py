"""Nonces that were used, so that a recorded request cannot be sent again.

Kept for as long as the request's own time is accepted, in one small file for each minute of expiry: a use
is appended before it is accepted, so a restart, even after a kill, forgets none; an expired minute is one
file less. When the disk takes no more they are kept in memory alone, so that calls which write nothing go on.
How many there are is bounded, for each holder of keys and for all together, and a restart counts them anew.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import structlog

from bindery.access.nonce_file import DIGEST_BYTES, NonceFile, Use, minutes_of, read_former, use_of

_SLOT_SECONDS = 60
_SLOTS_TOGETHER = 8
"""Minutes that are held and forgotten together in memory."""
_BUCKET_BITS = 10
_SHARE = 2_000_000
"""Nonces of one holder, of about a quarter of an hour: more than 1,500 requests a second. Eight bytes each in memory,
twelve on the disk."""
_MOST = 8_000_000
"""Nonces of all holders."""
_ALWAYS = 10_000
"""So many each holder may have, however many others there are."""
_MOST_UNWRITTEN = 2_000_000
"""Nonces of all holders that may be in memory alone."""
_SHARE_UNWRITTEN = 500_000
"""The same of one holder."""
_TOO_MANY = (
    "So many requests were sent with keys of this holder that their nonces cannot be remembered: wait some minutes, "
    "and send fewer than 1,500 a second."
)
_LITTLE_ROOM = 4 * 1024 * 1024
"""Bytes below which a disk counts as full."""
_log = structlog.get_logger()


class NonceRefused(Exception):
    """The use of a nonce cannot be kept; the message says why and what to do."""


def _holds(bucket: bytearray, digest: bytes) -> bool:
    at = bucket.find(digest)
    while at >= 0 and at % DIGEST_BYTES:  # the end of one digest and the beginning of the next
        at = bucket.find(digest, at + 1)
    return at >= 0


def _first_bits(digest: bytes) -> int:
    return int.from_bytes(digest[:2]) >> (16 - _BUCKET_BITS)


class _Group:
    """Nonces that are forgotten together."""

    def __init__(self) -> None:
        self.buckets: dict[int, bytearray] = {}
        """Digests by their first bits: a set takes fifteen times the memory."""
        self.counts: Counter[bytes] = Counter()
        """How many of each holder."""

    def add(self, use: Use) -> None:
        bits = _first_bits(use.digest)
        if bits in self.buckets:
            self.buckets[bits] += use.digest
        else:
            self.buckets[bits] = bytearray(use.digest)
        self.counts[use.holder] += 1


class Nonces:
    """Safe for threads."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "used-nonces"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._groups: dict[int, _Group] = {}
        self._files: dict[int, NonceFile] = {}
        self._former: dict[int, Path] = {}
        self._counts: Counter[bytes] = Counter()
        """How many of each holder are in memory."""
        self._closed = False
        self.problem = ""
        """Why the last nonce could not be written; empty when it could."""
        self._read()
        self._forget(int(time.time()))

    def use(self, key_id: str, nonce: str, *, holder: str = "", now: int, expires: int) -> bool:
        """Whether the nonce is new for this key; it is used up from now on. Times are whole seconds. ``holder``:
        whose share it counts towards, else the key's own.

        Raises NonceRefused when there are too many, or when it can be kept neither on the disk nor in memory.
        """
        use = use_of(holder or key_id, key_id, nonce)
        minute = expires // _SLOT_SECONDS
        with self._lock:
            if self._closed:
                return False
            first_bits = _first_bits(use.digest)
            for group in self._groups.values():
                if first_bits in group.buckets and _holds(group.buckets[first_bits], use.digest):
                    return False
            file = self._files.get(minute)
            if file is None:
                self._forget(now)
                file = self._files[minute] = NonceFile(self._folder, minute)
            self._check_share(use.holder)
            self._write(file, use)
            self._hold(minute, use)
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
            self._groups.clear()
            self._counts.clear()

    def _read(self) -> None:
        for minute in minutes_of(self._folder):
            file = self._files[minute] = NonceFile(self._folder, minute)
            for use in file.read():
                self._hold(minute, use)
        for minute, (path, digests) in read_former(self._folder).items():
            self._former[minute] = path
            for at in range(0, len(digests), DIGEST_BYTES):
                self._hold(minute, Use(b"", digests[at : at + DIGEST_BYTES]))

    def _hold(self, minute: int, use: Use) -> None:
        number = minute // _SLOTS_TOGETHER
        group = self._groups.get(number)
        if group is None:
            group = self._groups[number] = _Group()
        group.add(use)
        self._counts[use.holder] += 1

    def _check_share(self, holder: bytes) -> None:
        held = self._counts[holder]
        if held >= _SHARE or (held >= _ALWAYS and self._counts.total() >= _MOST):
            raise NonceRefused(_TOO_MANY)

    def _write(self, file: NonceFile, use: Use) -> None:
        if self.problem:
            self._check_room(use.holder)
        try:
            file.append(use)
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

    def _check_room(self, holder: bytes) -> None:
        files = self._files.values()
        if (
            sum(file.unwritten for file in files) >= _MOST_UNWRITTEN
            or sum(file.unwritten_of(holder) for file in files) >= _SHARE_UNWRITTEN
        ):
            raise NonceRefused(self.problem)

    def _forget(self, now: int) -> None:
        present = now // _SLOT_SECONDS
        expired = [self._former.pop(minute) for minute in list(self._former) if minute < present]
        for minute in [minute for minute in self._files if minute < present]:
            file = self._files.pop(minute)
            file.close()
            expired.append(file.path)
        for path in expired:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for number in [number for number in self._groups if (number + 1) * _SLOTS_TOGETHER <= present]:
            self._counts -= self._groups.pop(number).counts
