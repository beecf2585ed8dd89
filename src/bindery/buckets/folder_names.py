"""File names as parts of keys.

A name that is valid UTF-8 is kept as it is. In any other name each bad byte is written ``%XX`` and each
``%`` is written ``%25``. A name that happens to look like the outcome is escaped too, so every key leads
back to exactly one name.
"""

from __future__ import annotations

import unicodedata


def key_name(name: bytes) -> bytes:
    """The part of a key that stands for a file name: the name itself when it is valid UTF-8."""
    return _escape(name) if _needs_escape(name) else name


def file_name(part: str) -> bytes:
    """The file name a part of a key stands for; the inverse of ``key_name``. Empty for text that is none."""
    try:
        plain = part.encode()
    except UnicodeEncodeError:
        return b""
    return _unescape(plain) if _is_escaped(plain) else plain


def key_of_path(path: bytes) -> str:
    """The key, or the prefix, that stands for a path below the bucket's folder."""
    return b"/".join(key_name(part) for part in path.split(b"/")).decode()


def folded(path: bytes) -> bytes:
    """What two spellings have in common that a file system may take for one name: neither case nor Unicode form."""
    text = path.decode("utf-8", "surrogateescape").casefold()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")


def other_spellings(name: bytes) -> set[bytes]:
    """A few spellings by which such a file system would find a file of this name too."""
    spellings = {name.swapcase()}
    if not name.isascii():
        text = name.decode("utf-8", "surrogateescape")
        forms = (text.swapcase(), *(unicodedata.normalize(form, text) for form in ("NFC", "NFD")))
        spellings.update(form.encode("utf-8", "surrogateescape") for form in forms)
    return spellings - {name}


def _needs_escape(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return True
    return _is_escaped(name)


def _is_escaped(name: bytes) -> bool:
    """Whether ``name`` is what some other name is escaped to."""
    if b"%" not in name:
        return False
    raw = _unescape(name)
    return raw != name and _escape(raw) == name and _needs_escape(raw)


def _escape(name: bytes) -> bytes:
    text = name.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
    return "".join(f"%{ord(c) - 0xDC00:02X}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text).encode()


def _unescape(text: bytes) -> bytes:
    """The bytes behind every ``%XX``; ``text`` itself when a ``%`` is not followed by two digits."""
    pieces = text.split(b"%")
    raw = [pieces[0]]
    for piece in pieces[1:]:
        try:
            raw.append(bytes([int(piece[:2].decode("ascii"), 16)]) + piece[2:])
        except ValueError:
            return text
    return b"".join(raw)
