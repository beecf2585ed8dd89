"""A PDF as PDFium reads it: through ranges of its store, within limits of bytes and of memory."""

from __future__ import annotations

import io
from ctypes import Array, c_ubyte

from bindery.extract.documents.pdf_weight import weight
from bindery.extract.reader import RangeReader

MOST_WEIGHT = 256 * 1024 * 1024
"""Bytes of memory that opening a file, or one of its pages, may take by the weight of its streams."""


class PdfSource(io.RawIOBase):
    """What PDFium reads from. An exception cannot pass native code: the reader keeps it, PDFium sees a
    short read.
    """

    def __init__(self, reader: RangeReader) -> None:
        super().__init__()
        self._reader = reader
        self.size = reader.size
        self.bytes_end = reader.limits.read_bytes + reader.size
        """Reads that would fetch more than this in all are refused; one page may hold a huge picture."""
        self.too_heavy = False
        """Streams were withheld in this step, for they unpack to more than may be held."""
        self._weight_left: int | None = None
        self._drawn = False
        self._before: tuple[int, int] | None = None

    @property
    def broken(self) -> bool:
        """The store or the limit of the reader has ended it."""
        return self._reader.error is not None

    def begin_step(self, *, drawn: bool) -> None:
        """From now on the weight of what is read is limited, anew for each step; ``drawn`` when it is a page."""
        self._weight_left, self._drawn, self.too_heavy = MOST_WEIGHT, drawn, False

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position."""
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        """The position of the next read."""
        return self._reader.tell()

    def readinto(self, buffer: Array[c_ubyte]) -> int:  # type: ignore[override]
        """Fill a buffer; nothing once a limit is reached."""
        view = memoryview(buffer).cast("B")
        if self._reader.bytes_read + len(view) > self.bytes_end:
            return 0
        try:
            place = self._reader.tell(), len(view)
            data = self._reader.read(len(view))
            if self._weight_left is not None and self._is_too_heavy(data, place):
                return 0
        except Exception:
            return 0
        view[: len(data)] = data
        return len(data)

    def _is_too_heavy(self, data: bytes, place: tuple[int, int]) -> bool:
        """PDFium reads a stream twice when it unpacks it once."""
        again, self._before = place == self._before, place
        if again:
            self._before = None
        elif not self.too_heavy and self._weight_left is not None:
            self._weight_left -= weight(data, self._weight_left, drawn=self._drawn)
            self.too_heavy = self._weight_left < 0
        return self.too_heavy
