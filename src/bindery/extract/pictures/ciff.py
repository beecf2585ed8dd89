"""Canon CRW: size, camera and date from the heap of records that CIFF is.

Source: public descriptions of CIFF 1.0 revision 4 (heap structure, records 0x080A, 0x180E, 0x1810).
"""

from __future__ import annotations

import struct

from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.date_forms import unix_date
from bindery.extract.tags.tiff import NotTiff, Part, Source, decode_text

_MAKE_AND_MODEL = 0x080A
_CAPTURED = 0x180E
_IMAGE_INFO = 0x1810
_TYPE_AND_NUMBER = 0x3FFF
_STORED_ELSEWHERE = 0xC000
_SUBHEAPS = (0x2800, 0x3000)
_MOST_RECORDS = 512
_MOST_DEPTH = 4
_MOST_HEAPS = 64


def read_crw(source: Source, picture: Picture) -> None:
    """The root heap and the heaps in it."""
    order = {b"II": "<", b"MM": ">"}.get(source.peek_at(0, 2))
    if order is None:
        raise NotTiff("no byte order in the CIFF header")
    start = int(struct.unpack(order + "I", source.peek_at(2, 4))[0])
    _Heaps(order, picture).read(Part(source, start), 0, start)


class _Heaps:
    """Heaps within heaps, each read once: one may name itself as its part, and so often that nobody is ever done."""

    def __init__(self, order: str, picture: Picture) -> None:
        self._order = order
        self._picture = picture
        self._seen: set[tuple[int, int]] = set()

    def read(self, heap: Part, depth: int, start: int) -> None:
        """One heap, which begins at ``start``: its last four bytes point to its table of ten-byte records."""
        if (start, heap.size) in self._seen or len(self._seen) >= _MOST_HEAPS:
            return
        self._seen.add((start, heap.size))
        order = self._order
        table = int(struct.unpack(order + "I", heap.peek_at(heap.size - 4, 4))[0])
        count = int(struct.unpack(order + "H", heap.peek_at(table, 2))[0])
        data = heap.peek_at(table + 2, 10 * min(count, _MOST_RECORDS))
        for tag, length, offset in struct.iter_unpack(order + "HII", data[: len(data) // 10 * 10]):
            if tag & _STORED_ELSEWHERE:
                continue
            record = Part(heap, offset, length)
            if tag & 0x3800 in _SUBHEAPS:
                if depth < _MOST_DEPTH and record.size >= 6:
                    self.read(record, depth + 1, start + offset)
            else:
                _read_record(tag & _TYPE_AND_NUMBER, record, order, self._picture)


def _read_record(tag: int, record: Part, order: str, picture: Picture) -> None:
    if tag == _IMAGE_INFO:
        picture.resize(struct.unpack(order + "II", record.peek_at(0, 8)))
    elif tag == _MAKE_AND_MODEL:
        make, _, model = record.peek_at(0, 256).partition(b"\0")
        picture.texts |= {"Make": decode_text(make), "Model": decode_text(model)}
    elif tag == _CAPTURED:
        picture.texts["DateTimeOriginal"] = unix_date(
            int(struct.unpack(order + "I", record.peek_at(0, 4))[0])
        )
