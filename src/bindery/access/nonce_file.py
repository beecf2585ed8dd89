"""The nonces that expire within one minute, in a file of their own: appended to while they come, removed as a whole."""

from __future__ import annotations

import errno
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

DIGEST_BYTES = 8
HOLDER_BYTES = 4
_RECORD_BYTES = DIGEST_BYTES + HOLDER_BYTES
_SUFFIX = ".uses"


class Use(msgspec.Struct, frozen=True, gc=False):
    """A nonce that was used, as digests."""

    holder: bytes
    """Whose share it counts towards."""
    digest: bytes
    """Of key and nonce."""


def use_of(holder: str, key_id: str, nonce: str) -> Use:
    """The digests of a use."""
    return Use(_holder_digest(holder), _digest(f"{key_id}\0{nonce}", DIGEST_BYTES))


def minutes_of(folder: Path) -> Iterator[int]:
    """The minutes of expiry of which a folder has files."""
    for path in folder.iterdir():
        if path.suffix == _SUFFIX and path.stem.isdigit():
            yield int(path.stem)


def read_former(folder: Path) -> dict[int, tuple[Path, bytes]]:
    """Files of the form before this one, which named no holders: by minute, with the digests one behind the other."""
    former = {int(path.name): path for path in folder.iterdir() if path.name.isdigit()}
    return {minute: (path, _whole(path.read_bytes(), DIGEST_BYTES)) for minute, path in former.items()}


class NonceFile:
    """One minute. What cannot be written to the disk waits in memory."""

    def __init__(self, folder: Path, minute: int) -> None:
        self.path = folder / f"{minute}{_SUFFIX}"
        self._file: int | None = None
        self._size = 0
        self._unwritten = bytearray()
        self._holders: Counter[bytes] = Counter()

    def read(self) -> Iterator[Use]:
        """What an earlier process left; a kill may have left a part of a record."""
        content = self.path.read_bytes()
        whole = _whole(content, _RECORD_BYTES)
        if len(whole) != len(content):
            os.truncate(self.path, len(whole))
        self._size = len(whole)
        for at in range(0, len(whole), _RECORD_BYTES):
            yield Use(whole[at : at + HOLDER_BYTES], whole[at + HOLDER_BYTES : at + _RECORD_BYTES])

    @property
    def unwritten(self) -> int:
        """How many uses wait for the disk."""
        return len(self._unwritten) // _RECORD_BYTES

    def unwritten_of(self, holder: bytes) -> int:
        """How many of one holder do."""
        return self._holders[holder] if self._holders else 0

    def append(self, use: Use) -> None:
        """Raises OSError, and keeps the use for the next time."""
        record = use.holder + use.digest
        try:
            self._write(self._unwritten + record if self._unwritten else record)
        except OSError:
            self._unwritten += record
            self._holders[use.holder] += 1
            raise
        self._forget_unwritten()

    def flush(self) -> None:
        """Write what waits. Raises OSError."""
        self._write(self._unwritten)
        self._forget_unwritten()

    def _write(self, records: bytes | bytearray) -> None:
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o600)
        written = os.write(self._file, records)
        if written != len(records):
            os.ftruncate(self._file, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def _forget_unwritten(self) -> None:
        if self._unwritten:
            self._unwritten.clear()
            self._holders.clear()

    def close(self) -> None:
        """The file stays. May be called twice."""
        held, self._file = self._file, None
        if held is not None:
            os.close(held)


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=size).digest()


@lru_cache(1024)
def _holder_digest(holder: str) -> bytes:
    return _digest(holder, HOLDER_BYTES)


def _whole(content: bytes, record: int) -> bytes:
    return content[: len(content) - len(content) % record]
