"""Nonces that were used, so that a recorded request cannot be sent again.

Kept for as long as the request's own time is accepted. Every use is appended to a file before it is
accepted, so a restart, even after a kill, forgets none.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

_SLOT_SECONDS = 60
_RECORD_BYTES = 16
"""8 bytes digest of key and nonce, 8 bytes second of expiry."""


class Nonces:
    """Safe for threads."""

    def __init__(self, data: Path) -> None:
        self._path = data / "nonces"
        self._slots: dict[int, set[int]] = {}
        self._lock = threading.Lock()
        self._load()
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def use(self, key_id: str, nonce: str, *, now: int, expires: int) -> bool:
        """Whether the nonce is new for this key; it is used up from now on. Times are whole seconds."""
        digest = hashlib.blake2b(f"{key_id}\0{nonce}".encode(), digest_size=8).digest()
        number = int.from_bytes(digest, "big")
        with self._lock:
            if any(number in slot for slot in self._slots.values()):
                return False
            self._forget(now)
            os.write(self._file, digest + expires.to_bytes(8, "big"))
            self._remember(number, expires)
            return True

    def close(self) -> None:
        """May be called twice."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
            self._file = -1

    def _remember(self, number: int, expires: int) -> None:
        self._slots.setdefault(expires // _SLOT_SECONDS, set()).add(number)

    def _forget(self, now: int) -> None:
        for slot in [slot for slot in self._slots if slot < now // _SLOT_SECONDS]:
            del self._slots[slot]
            if not self._slots:
                os.ftruncate(self._file, 0)

    def _load(self) -> None:
        """Read the file, and write it anew without what has expired."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        now = int(time.time())
        kept: list[bytes] = []
        for start in range(0, len(content) - _RECORD_BYTES + 1, _RECORD_BYTES):
            record = content[start : start + _RECORD_BYTES]
            expires = int.from_bytes(record[8:], "big")
            if expires >= now:
                self._remember(int.from_bytes(record[:8], "big"), expires)
                kept.append(record)
        temporary = self._path.with_name("nonces.new")
        temporary.write_bytes(b"".join(kept))
        temporary.replace(self._path)
