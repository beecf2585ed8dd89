"""Bytes as text: by their mark, as UTF-8, as declared, in a wide encoding without a mark, else in what is likely.

Source: WHATWG Encoding Standard, 6.1 (marks win over what is declared) and 4.2 (labels).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter

import msgspec

from bindery.extract.extractor import Unreadable
from bindery.extract.text.charset_guess import likely_charset
from bindery.extract.text.charset_names import known_codec

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; those of UTF-32 begin like those of UTF-16."""
XML_ENCODING = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
"""What an XML declaration says of the charset."""
_SAMPLE_BYTES = 16 * 1024
_PIECE_BYTES = 4 * 1024
_BINARY_SHARE = 0.1
_BLANKS = b"\t\n\v\f\r\x1b"
_CONTROLS = bytes(code for code in range(32) if code not in _BLANKS)
_BROKEN_SHARE = 0.02
"""How much of the text beyond ASCII may be damaged before an encoding is doubted."""
_WIDE_SHARE = 0.9
_PLAIN_SHARE = 0.75
"""More ASCII than this has no text of 16 bits, but text with a zero somewhere has."""
_PLAIN = bytes(range(32, 127))
_LEAST_OF_FOUR = 8
"""Two characters of four bytes, of which at least one is zero."""
_SEVEN_BITS = re.compile(rb"\x1b(?:\$[@AB]|\(J|\$\([CD]|\$\)C)")
"""ISO/IEC 2022: how Japanese and Korean begin in seven bits."""
_LONGEST_CHARACTER = 4


class Decoded(msgspec.Struct, frozen=True):
    """A text, and how it was read."""

    text: str
    charset: str
    guessed: bool = False
    """Neither a mark nor a declaration told the charset, and it is neither ASCII nor UTF-8."""
    skipped: int = 0
    """Bytes at the end that are no text."""


def decode_text(data: bytes, declared: str | None = None) -> Decoded:
    """The text of a file or of its first bytes, whose last character may be cut. Raises Unreadable when it is none.

    ``declared`` is the charset that the file or its carrier names, in any spelling; an unknown one is passed over.
    """
    for mark, charset in MARKS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(charset, "replace"), charset)
    wide = wide_charset(data[:_SAMPLE_BYTES])
    if wide is not None:
        return Decoded(data.decode(wide, "replace"), wide, guessed=True)
    length = _text_length(data)
    text = data[:length]
    skipped = len(data) - length
    codec = known_codec(declared)
    if text.isascii():
        return _seven_bits(text, codec, skipped)
    for told in ("utf-8", *((codec,) if codec else ())):
        found = _decoded(text, told)
        if found is not None:
            return Decoded(found, told, skipped=skipped)
    likely = likely_charset(text)
    if likely is None:
        raise Unreadable("ParseFailed", "the file is text in no known encoding")
    return Decoded(decode_in(text, likely), likely, guessed=True, skipped=skipped)


def decode_in(data: bytes, codec: str) -> str:
    """Text in a charset that is known; what the charset lacks becomes U+FFFD, in windows-1252 a control character."""
    if codec != "cp1252":
        return data.decode(codec, "replace")
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_WINDOWS_1252)


_WINDOWS_1252 = {code: bytes((code,)).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}


def wide_charset(sample: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark: bytes that no other text has, and sound characters of few kinds of letters."""
    four = sample[: len(sample) // 4 * 4]
    if len(four) >= _LEAST_OF_FOUR and four.count(0) >= len(four) // 4:
        for charset in ("utf-32-le", "utf-32-be"):
            if _sound_share(four, charset)[0] > _WIDE_SHARE:
                return charset
    sample = sample[: len(sample) // 2 * 2]
    if len(sample) < 4 or not sample.translate(None, bytes(range(32, 256)) + _BLANKS):
        return None
    plain = len(sample) - len(sample.translate(None, _PLAIN))
    if plain > len(sample) * _PLAIN_SHARE:
        return None
    shares = {charset: _sound_share(sample, charset) for charset in ("utf-16-le", "utf-16-be")}
    best = max(shares, key=lambda charset: shares[charset])
    return best if shares[best][0] > _WIDE_SHARE else None


def _sound_share(sample: bytes, charset: str) -> tuple[float, int]:
    """How many of its characters are what texts are made of: ASCII, and letters of one script; and how many are ASCII,
    which swapped are letters too."""
    try:
        text = codecs.getincrementaldecoder(charset)().decode(sample)
    except UnicodeDecodeError:
        return 0.0, 0
    blocks = Counter(map(_block, text))
    unsound = blocks.pop(_NONE, 0)
    marks = blocks.pop(_MARKS, 0)
    main = max((count for block, count in blocks.items() if block not in (_ASCII, _LATIN)), default=0)
    plain = blocks[_ASCII] + (blocks[_LATIN] if blocks[_LATIN] <= blocks[_ASCII] else 0)
    share = (plain + main + marks) / len(text) if text and marks + unsound < len(text) else 0.0
    return share, blocks[_ASCII]


_NONE, _MARKS, _ASCII, _LATIN, _IDEOGRAPHS, _HANGUL = -2, -1, 0, 1, 0x4E, 0xAC
_SCRIPTS = frozenset({3, 4, 5, 6, *range(9, 0x10), 0x10, 0x1E, 0x1F})
"""Numbers of 256 characters each: Greek to Thai and Georgian, Vietnamese, Greek with accents."""


def _block(character: str) -> int:
    """To which group a character belongs; each script has a number."""
    code = ord(character)
    if code < 0x80:
        return _ASCII if code >= 0x20 or character in "\t\n\f\r" else _NONE
    if not character.isalpha():
        kind = unicodedata.category(character)[0]
        return _NONE if kind in "CM" and code < 0x900 else _MARKS
    if code < 0x250:
        return _LATIN
    if 0x3040 <= code < 0xA000 or 0xFF00 <= code < 0xFFF0:
        return _IDEOGRAPHS
    if 0xAC00 <= code < 0xD7B0:
        return _HANGUL
    return code >> 8 if code >> 8 in _SCRIPTS else _NONE


def _text_length(data: bytes) -> int:
    """Where text ends and other bytes begin; raises Unreadable when that is at once."""
    for at in range(0, len(data), _PIECE_BYTES):
        piece = data[at : at + _PIECE_BYTES]
        if len(piece) - len(piece.translate(None, _CONTROLS)) > max(len(piece), 64) * _BINARY_SHARE:
            if at == 0:
                raise Unreadable("ParseFailed", "the file is not text")
            return at
    return len(data)


def _seven_bits(text: bytes, codec: str | None, skipped: int) -> Decoded:
    """ASCII is ASCII, unless it is declared or shows to be one of the encodings of seven bits."""
    if codec is not None and (codec.startswith("iso2022") or codec == "hz"):
        return Decoded(text.decode(codec, "replace"), codec, skipped=skipped)
    if _SEVEN_BITS.search(text):
        charset = "iso2022_kr" if b"\x1b$)C" in text else "iso2022_jp_2"
        found = _decoded(text, charset)
        if found is not None:
            return Decoded(found, charset, guessed=True, skipped=skipped)
    return Decoded(text.decode("ascii"), "ascii", skipped=skipped)


def _decoded(data: bytes, codec: str) -> str | None:
    """Text in a charset, of which little is damaged; None when it is in another one.

    Not final: the data may end within a character, if it is not the only one beyond ASCII.
    """
    try:
        found = codecs.getincrementaldecoder(codec)().decode(data)
        return None if found.isascii() and not data.isascii() else found
    except UnicodeDecodeError:
        text = decode_in(data, codec)
    except ValueError:
        return None
    others = sum(not character.isascii() for character in text[: 4 * _SAMPLE_BYTES])
    broken = text.count("\ufffd", 0, 4 * _SAMPLE_BYTES)
    return text if broken <= others * _BROKEN_SHARE else None
