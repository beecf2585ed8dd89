"""Signs and names of fonts, for ``media_types.py``: they are known, and nothing is read of them.

Source: RFC 8081 (the types), OpenType 1.9 (the signs), WOFF 1.0 and 2.0.
"""

from __future__ import annotations

FONTS_BY_EXTENSION = {
    "ttf": "font/ttf", "otf": "font/otf", "ttc": "font/collection", "otc": "font/collection",
    "woff": "font/woff", "woff2": "font/woff2", "eot": "application/vnd.ms-fontobject",
}  # fmt: skip

FONT_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"OTTO\0", "font/otf"),
    (0, b"ttcf\0", "font/collection"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
)
"""Offset, bytes and type. TrueType begins as much else does, and is told by its name."""
