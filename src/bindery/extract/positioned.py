"""What all files have in common that are read by ranges: a position, which costs nothing to move."""

from __future__ import annotations

import io
from typing import Protocol


class PositionedFile(io.RawIOBase):
    """At its start, and as long as ``size`` says."""

    size: int

    def __init__(self) -> None:
        super().__init__()
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position; past the end is allowed, before the start raises ValueError."""
        start = (0, self._position, self.size)[whence] + offset
        if start < 0:
            raise ValueError("seek before the start of the file")
        self._position = start
        return start


class CountedSource(Protocol):
    """Bytes at offsets, with how many were fetched for them."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    @property
    def bytes_read(self) -> int:
        """How many bytes were fetched so far."""

    def peek_at(self, offset: int, length: int) -> bytes:
        """Bytes from an offset on; fewer at the end."""
