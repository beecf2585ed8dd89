"""Nonces that were used, so that a recorded request cannot be sent again.

Kept for as long as the request's own time is accepted, in one small file for each minute of expiry: a use
is appended before it is accepted, so a restart, even after a kill, forgets none; an expired minute is one
file less. Whoever cannot write there accepts no request.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

_SLOT_SECONDS = 60
_DIGEST_BYTES = 8


class _Slot:
    """The nonces that expire within one minute."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        content = path.read_bytes()
        whole = len(content) - len(content) % _DIGEST_BYTES
        os.ftruncate(self._file, whole)  # a kill may have left half a digest
        self.held = {content[at : at + _DIGEST_BYTES] for at in range(0, whole, _DIGEST_BYTES)}

    def add(self, digest: bytes) -> None:
        os.write(self._file, digest)
        self.held.add(digest)

    def close(self) -> None:
        os.close(self._file)


class Nonces:
    """Safe for threads."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "used-nonces"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._slots = {
            int(path.name): _Slot(path) for path in self._folder.iterdir() if path.name.isdigit()
        }
        self._closed = False
        self._forget(int(time.time()))

    def use(self, key_id: str, nonce: str, *, now: int, expires: int) -> bool:
        """Whether the nonce is new for this key; it is used up from now on. Times are whole seconds."""
        named = f"{key_id}\0{nonce}".encode(errors="surrogateescape")
        digest = hashlib.blake2b(named, digest_size=_DIGEST_BYTES).digest()
        number = expires // _SLOT_SECONDS
        with self._lock:
            if self._closed:
                return False
            for slot in self._slots.values():
                if digest in slot.held:
                    return False
            if number not in self._slots:
                self._forget(now)
                self._slots[number] = _Slot(self._folder / str(number))
            self._slots[number].add(digest)
            return True

    def close(self) -> None:
        """May be called twice; no nonce is accepted any more."""
        with self._lock:
            self._closed = True
            for slot in self._slots.values():
                slot.close()
            self._slots.clear()

    def _forget(self, now: int) -> None:
        for number in [number for number in self._slots if number < now // _SLOT_SECONDS]:
            slot = self._slots.pop(number)
            slot.close()
            slot.path.unlink(missing_ok=True)
