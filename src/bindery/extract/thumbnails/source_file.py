"""A stretch of a file as a file of its own, for decoders."""

from __future__ import annotations

from bindery.extract.positioned import PositionedFile
from bindery.extract.tags.tiff import Source


class SourceFile(PositionedFile):
    """Reads a source from its start."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source, self.size = source, source.size

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer; the number of bytes written."""
        data = self._source.peek_at(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
