"""Texts of tags whose charset the format does not tell, or tells wrongly.

ID3v1, RIFF INFO, EXIF's ASCII and ID3v2 frames "in ISO-8859-1" hold whatever the system of the writer used. All such
texts of a file are judged together, for one alone is short.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from bindery.extract.text.charset_guess import likely_charset
from bindery.extract.text.decode import decode_in

_MOST_BYTES = 4 * 1024
_MOST_TEXTS = 64


def likely_tag_charset(texts: Sequence[bytes]) -> str:
    """The charset of some texts that are not UTF-8: windows-1252, unless another fits clearly better."""
    judged = [text[:_MOST_BYTES] for text in texts if not text.isascii()][:_MOST_TEXTS]
    return likely_charset(b"\n".join(judged)) or "cp1252"


def decode_tag(data: bytes, charset: str | None = None) -> str:
    """Text in UTF-8 where that is what it is, else in a charset, which is guessed when it is not given."""
    if data.isascii():
        return data.decode("ascii")
    if is_utf8(data):
        return _whole(data, "utf-8")
    try:
        return _whole(data, charset or likely_tag_charset((data,)))
    except UnicodeDecodeError:
        return decode_in(data, "cp1252")


def is_utf8(data: bytes) -> bool:
    """Whether bytes are text in UTF-8, of which the last character may be cut."""
    try:
        return data.isascii() or not _whole(data, "utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _whole(data: bytes, charset: str) -> str:
    """Strictly decoded, but for a character that is cut at the end, as fields of 30 bytes do it."""
    return codecs.getincrementaldecoder(charset)().decode(data, final=False)
