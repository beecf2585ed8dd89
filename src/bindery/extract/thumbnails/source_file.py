"""A stretch of a file as a file of its own, for decoders."""

from __future__ import annotations

import io

from bindery.extract.tags.tiff import Source


class SourceFile(io.RawIOBase):
    """Reads a source from its start."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source, self._position = source, 0

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
        """Move the position; before the start raises ValueError."""
        start = (0, self._position, self._source.size)[whence] + offset
        if start < 0:
            raise ValueError("seek before the start of the file")
        self._position = start
        return start

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer; the number of bytes written."""
        data = self._source.peek_at(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
