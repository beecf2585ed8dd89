"""File names as parts of keys.

A name that is valid UTF-8 is kept as it is. In any other name each bad byte is written ``%XX`` and each
``%`` is written ``%25``; every key leads back to exactly one name.
"""

from __future__ import annotations


def key_name(name: bytes) -> bytes:
    """The part of a key that stands for a file name: the name itself when it is valid UTF-8."""
    try:
        name.decode()
    except UnicodeDecodeError:
        escaped = name.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
        return "".join(
            f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in escaped
        ).encode()
    return name


def file_name(part: str) -> bytes:
    """The file name a part of a key stands for; the inverse of ``key_name``."""
    try:
        plain = part.encode()
    except UnicodeEncodeError:
        return b""
    if b"%" not in plain:
        return plain
    raw = _unescape(plain)
    return raw if raw is not None and key_name(raw) == plain else plain


def _unescape(text: bytes) -> bytes | None:
    """The bytes behind ``%XX``; None when it is not of that form."""
    pieces = text.split(b"%")
    raw = [pieces[0]]
    for piece in pieces[1:]:
        try:
            raw.append(bytes.fromhex(piece[:2].decode()) + piece[2:])
        except (ValueError, UnicodeDecodeError):
            return None
    return b"".join(raw)
