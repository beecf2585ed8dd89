"""Bytes of a text file as text: by its byte order mark, as UTF-8, as declared, else by what is likely."""

from __future__ import annotations

import codecs

from bindery.extract.extractor import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_OF_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Encodings that Python has for names and source code; some take time by the square of the length."""
_SAMPLE_BYTES = 16 * 1024
_BINARY_SHARE = 0.1
_BLANKS = b"\t\n\v\f\r\x1b"
_CONTROLS = bytes(code for code in range(32) if code not in _BLANKS)


def decode_text(data: bytes, declared: str | None = None) -> str:
    """The text of a file or of its first bytes; raises Unreadable when it is none."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    wide = _wide_encoding(data[:_SAMPLE_BYTES])
    if wide is not None:
        return data.decode(wide, "replace")
    sample = data[:_SAMPLE_BYTES]
    if len(sample) - len(sample.translate(None, _CONTROLS)) > len(sample) * _BINARY_SHARE:
        raise Unreadable("ParseFailed", "the file is not text")
    return _decode_strictly(data, declared) or data.decode(_likely_encoding(data), "replace")


def _decode_strictly(data: bytes, declared: str | None) -> str | None:
    """Text in UTF-8, else in the declared encoding; None when it is in neither."""
    for encoding in ("utf-8", declared):
        try:
            codec = codecs.lookup(encoding or "")
            # Python has codecs of bytes too (hex, zlib); this raises LookupError for them.
            b" ".decode(codec.name, "ignore")
            if codec.name not in _NOT_OF_FILES:
                # Not final: the data may end within a character.
                return codec.incrementaldecoder().decode(data)
        except (ValueError, LookupError):
            continue
    return None


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    half = len(sample) // 2
    if half < 2:
        return None
    even, odd = sample[0 : half * 2 : 2].count(0), sample[1 : half * 2 : 2].count(0)
    if odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return None


def _likely_encoding(data: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415  (only for text that is not UTF-8)

    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    if best is None:
        raise Unreadable("ParseFailed", "the file is text in no known encoding")
    return best.encoding
