"""Texts of EXIF: ASCII tags of several strings, and comments that tell their character code or forget to.

Source: TIFF 6.0 section 2 (an ASCII value may hold several strings, each with its NUL); EXIF 2.32 sections 4.6.4 D
(Copyright: photographer, then editor) and 4.6.5 (UserComment and its character codes).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from bindery.extract.tags.tiff import decode_text

_CODE_BYTES = 8
_MOST_STRINGS = 64
_CHARSETS = {b"JIS": "iso2022_jp"}
_UNCODED = frozenset((b"", b"UNDEFINE"))
_SAMPLE = 512
_UNUSUAL = frozenset(("Cn", "Co", "Cs", "Cc"))
_EXTENSION_A = range(0x3400, 0x4DC0)
_SWAPPED_LATIN = range(0x2000, 0x10000)


def ascii_strings(data: bytes, charset: Callable[[], str] | None = None) -> list[str]:
    """The strings of an ASCII value. What comes behind the first NUL counts when it is text throughout: some
    writers leave there what was in their memory.
    """
    parts = data.split(b"\0", _MOST_STRINGS)[:_MOST_STRINGS]
    texts = [decode_text(part, charset).strip() for part in parts]
    if not all(_is_printable(text) for text in texts[1:]):
        texts = texts[:1]
    return [text for text in texts if text]


def comment_text(data: bytes, order: str) -> str | None:
    """The text of a value that begins with a character code of eight bytes; None when it is no text.

    ``order`` is the byte order of the block, which ``UNICODE`` has unless its text has a mark, or makes sense in the
    other order only.
    """
    code, text = data[:_CODE_BYTES].rstrip(b"\0 ").upper(), data[_CODE_BYTES:]
    if code == b"UNICODE":
        return _wide(text, order).split("\0", 1)[0].rstrip()
    if code in _CHARSETS:
        return text.decode(_CHARSETS[code], "replace").split("\0", 1)[0].rstrip()
    if code == b"ASCII" or code in _UNCODED:
        return decode_text(text)
    whole = decode_text(data)
    return whole if whole and _is_printable(whole) else None


def _is_printable(text: str) -> bool:
    return text.isprintable() or all(sign.isprintable() or sign in "\t\r\n" for sign in text)


def _wide(text: bytes, order: str) -> str:
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return text.decode("utf-16", "replace")
    own, other = ("utf-16-be", "utf-16-le") if order == ">" else ("utf-16-le", "utf-16-be")
    here, there = (_signs(text[:_SAMPLE], encoding) for encoding in (own, other))
    odd_here, odd_there = _oddness(here), _oddness(there)
    swapped = odd_there < odd_here or (odd_there == odd_here and _blocks(here) > 2 * _blocks(there))
    return text.decode(other if swapped else own, "replace")


def _signs(text: bytes, encoding: str) -> str:
    return text.decode(encoding, "replace").split("\0", 1)[0]


def _blocks(signs: str) -> int:
    """How many blocks of Unicode a text takes its letters from: an alphabet lies in one or two."""
    return len({ord(sign) >> 8 for sign in signs})


def _oddness(signs: str) -> int:
    """How many signs of a text are hardly ever written: what a text read in the wrong order is full of."""
    return sum(
        unicodedata.category(sign) in _UNUSUAL
        or ord(sign) in _EXTENSION_A
        or sign == "\ufffd"
        or (ord(sign) in _SWAPPED_LATIN and ord(sign) & 0xFF == 0)
        for sign in signs
        if sign not in "\t\r\n"
    )
