"""The property sets of old Office documents: title, author, times and counts.

Source: MS-OLEPS 2.15 to 2.21; property numbers from MS-OSHARED 2.3.3.2.
"""

from __future__ import annotations

import struct
from datetime import UTC

from bindery.clock import format_time
from bindery.extract.text.charset_names import codec_of_code_page
from bindery.extract.text.decode import decode_in

_CODEPAGE = 1
_SHORT, _LONG, _UNSIGNED, _CODED, _WIDE, _TIME = 2, 3, 19, 30, 31, 64
_MAX_PROPERTIES = 256
_MAX_CHARACTERS = 4_096
_OF_LANGUAGES = {
    874: (0x1E,), 932: (0x11,), 949: (0x12,), 1250: (0x05, 0x0E, 0x15, 0x18, 0x1A, 0x1B, 0x1C, 0x24),
    1251: (0x02, 0x19, 0x22, 0x23, 0x2F), 1253: (0x08,), 1254: (0x1F, 0x2C), 1255: (0x0D,), 1256: (0x01, 0x20, 0x29),
    1257: (0x25, 0x26, 0x27), 1258: (0x2A,),
}  # fmt: skip
"""Code pages of Windows by the languages they are for (MS-LCID 2.2)."""
_CHINESE, _TRADITIONAL = 0x04, (0x0404, 0x0C04, 0x1404)
_EPOCH = 116_444_736_000_000_000
"""1970-01-01 in steps of 100 ns since 1601-01-01."""

Value = str | int


def read_property_set(data: bytes) -> dict[int, Value]:
    """The properties of a stream's first set by number; texts, counts, and times in steps of 100 ns.

    What is damaged is left out.
    """
    if len(data) < 48 or data[:2] != b"\xfe\xff":
        return {}
    start = struct.unpack_from("<I", data, 44)[0]
    if start + 8 > len(data):
        return {}
    count = min(struct.unpack_from("<I", data, start + 4)[0], _MAX_PROPERTIES, (len(data) - start - 8) // 8)
    places = dict(struct.unpack_from("<II", data, start + 8 + 8 * index) for index in range(count))
    codepage = _value(data, start + places[_CODEPAGE], 0) if _CODEPAGE in places else 0
    coding = codepage & 0xFFFF if isinstance(codepage, int) else 0
    values = {number: _value(data, start + place, coding) for number, place in places.items()}
    return {number: value for number, value in values.items() if value is not None}


def _value(data: bytes, at: int, codepage: int) -> Value | None:
    if at + 8 > len(data):
        return None
    kind = struct.unpack_from("<H", data, at)[0]
    if kind == _SHORT:
        return int(struct.unpack_from("<h", data, at + 4)[0])
    if kind == _LONG:
        return int(struct.unpack_from("<i", data, at + 4)[0])
    if kind == _UNSIGNED:
        return int(struct.unpack_from("<I", data, at + 4)[0])
    if kind == _TIME and at + 12 <= len(data):
        return int(struct.unpack_from("<Q", data, at + 4)[0])
    length = min(struct.unpack_from("<I", data, at + 4)[0], _MAX_CHARACTERS)
    if kind == _CODED:
        return decode_codepage(data[at + 8 : at + 8 + length], codepage).partition("\0")[0]
    if kind == _WIDE:
        return data[at + 8 : at + 8 + length * 2].decode("utf-16-le", "replace").partition("\0")[0]
    return None


def codepage_of_language(identifier: int) -> int:
    """The Windows code page for a language identifier (LCID), e.g. 1252 for 1031."""
    primary = identifier & 0x3FF
    if primary == _CHINESE:
        return 950 if identifier & 0xFFFF in _TRADITIONAL else 936
    return next((page for page, languages in _OF_LANGUAGES.items() if primary in languages), 1252)


def decode_codepage(data: bytes, codepage: int) -> str:
    """Text in a Windows code page; in the Western one when it is unknown."""
    return decode_in(data, codec_of_code_page(codepage))


def file_time(value: Value | None) -> str | None:
    """The text of a time in UTC from steps of 100 ns since 1601; None when it is unset or before 1970."""
    if not isinstance(value, int) or value <= _EPOCH:
        return None
    try:
        return format_time((value - _EPOCH) * 100, UTC)
    except OverflowError:
        return None
