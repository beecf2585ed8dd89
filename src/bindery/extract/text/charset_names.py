"""The charset a file names, as the codec that reads it.

Source: WHATWG Encoding Standard, 4.2 (names and labels): a label means the larger set that programs really write, so
that ``iso-8859-1`` is windows-1252 and ``gb2312`` is GB 18030.
"""

from __future__ import annotations

import codecs

_LARGER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs", "shift_jis": "cp932",
    "euc_kr": "cp949", "iso2022_jp": "iso2022_jp_2", "iso2022_jp_1": "iso2022_jp_2", "hz": "hz",
}  # fmt: skip
_LABELS = {
    "x-sjis": "cp932", "windows-31j": "cp932", "ms_kanji": "cp932", "x-euc-jp": "euc_jp", "x-gbk": "gb18030",
    "x-x-big5": "big5hkscs", "big5-hkscs": "big5hkscs", "ks_c_5601-1987": "cp949", "ks_c_5601-1989": "cp949",
    "windows-949": "cp949", "x-windows-949": "cp949", "dos-874": "cp874", "windows-874": "cp874",
    "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8", "iso-8859-6-i": "iso8859-6",
    "logical": "iso8859-8", "visual": "iso8859-8", "x-mac-cyrillic": "mac_cyrillic", "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman", "x-cp1252": "cp1252", "x-cp1251": "cp1251", "x-cp1250": "cp1250", "ansi": "cp1252",
    "x-mac-greek": "mac_greek", "x-mac-turkish": "mac_turkish", "x-mac-ce": "mac_latin2",
    "unicode-1-1-utf-8": "utf-8", "utf8mb4": "utf-8", "unicode": "utf-16-le", "koi": "koi8-r", "koi8": "koi8-r",
    "cn-gb": "gb18030", "cn-big5": "big5hkscs", "cp-850": "cp850", "cp-866": "cp866", "binary": "", "8bit": "",
}  # fmt: skip
_REFUSED = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7", "mbcs"}
)
"""Encodings that Python has for names and source code, some of which take time by the square of the length; and
UTF-7, which browsers refuse."""
_LONGEST = 64
_CODE_PAGES = {
    0: "cp1252", 65001: "utf-8", 65000: "utf-8", 1200: "utf-16-le", 1201: "utf-16-be", 54936: "gb18030",
    52936: "hz", 51932: "euc_jp", 51949: "cp949", 51936: "gb18030", 50220: "iso2022_jp_2",
    50221: "iso2022_jp_2", 50222: "iso2022_jp_2", 50225: "iso2022_kr", 20127: "cp1252", 20866: "koi8-r",
    21866: "koi8-u", 20932: "euc_jp", 20936: "gb18030", 20949: "cp949", 10000: "mac-roman", 10001: "cp932",
    10002: "big5hkscs", 10003: "cp949", 10006: "mac_greek", 10007: "mac_cyrillic", 10008: "gb18030",
    10029: "mac_latin2", 10079: "mac_iceland", 10081: "mac_turkish",
    **{28590 + part: f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
}  # fmt: skip
_LARGEST_CODE_PAGE = 1361
"""Largest number that Python knows as such: it looks for a module for each other one, and a file may name thousands."""


def known_codec(label: str | None) -> str | None:
    """The name of the codec that a label means; None for no label, an unknown one, or one that is no charset."""
    label = (label or "").strip().strip("\"'").lower()
    if not label or len(label) > _LONGEST or not label.isascii():
        return None
    try:
        codec = codecs.lookup(_LABELS.get(label, label))
        # Python has codecs of bytes too (hex, zlib); this raises LookupError for them.
        b" ".decode(codec.name, "ignore")
    except (ValueError, LookupError):
        return None
    return None if codec.name in _REFUSED else _LARGER.get(codec.name, codec.name)


def codec_of_code_page(number: int) -> str:
    """The codec of a Windows code page; windows-1252 when it is unknown. Source: MS-UCODEREF 2.2.1."""
    if number in _CODE_PAGES:
        return _CODE_PAGES[number]
    known = known_codec(f"cp{number}") if 0 < number <= _LARGEST_CODE_PAGE else None
    return {"cp936": "gb18030"}.get(known or "cp1252", known or "cp1252")
