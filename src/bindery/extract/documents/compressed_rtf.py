"""RTF as Outlook packs it. Source: MS-OXRTFCP 2.1.3 (format), 3.1.3.2 (decompression)."""

from __future__ import annotations

import struct

_HEADER_BYTES = 16
_PACKED, _PLAIN = b"LZFu", b"MELA"
_WINDOW = 4096
_SHORTEST = 2
_BEGINNING = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the window holds before the first byte."""


def unpacked_rtf(data: bytes, limit: int) -> bytes:
    """The document, up to ``limit`` bytes of it; nothing when the header is of another kind."""
    if len(data) < _HEADER_BYTES:
        return b""
    size, kind = struct.unpack_from("<4xI4s", data)
    if kind == _PLAIN:
        return data[_HEADER_BYTES : _HEADER_BYTES + min(size, limit)]
    return _unpacked(data, min(size, limit)) if kind == _PACKED else b""


def _unpacked(data: bytes, limit: int) -> bytes:
    """Eight bits tell of each of the next eight items whether it is a byte, or a place in the window and a length."""
    found = bytearray(_BEGINNING)
    limit += len(found)
    at = _HEADER_BYTES
    while at < len(data) and len(found) < limit:
        kinds = data[at]
        at += 1
        for bit in range(8):
            if not kinds >> bit & 1:
                found += data[at : at + 1]
                at += 1
                continue
            reference = int.from_bytes(data[at : at + 2], "big")
            at += 2
            back = (len(found) - (reference >> 4)) % _WINDOW
            if back == 0 or at > len(data):
                return bytes(found[len(_BEGINNING) : limit])
            _repeat(found, back, (reference & 0xF) + _SHORTEST)
    return bytes(found[len(_BEGINNING) : limit])


def _repeat(found: bytearray, back: int, length: int) -> None:
    """Append what was ``back`` bytes ago, which may overlap with what is appended."""
    piece = found[-back : len(found) - back + length] if back <= len(found) else bytes(length)
    found += (piece * (length // max(len(piece), 1) + 1))[:length]
