"""Rich Text Format: title, author, pages, creation time and text.

Source: Rich Text Format Specification 1.9.1 (groups, destinations, Unicode, information group).
"""

from __future__ import annotations

import re
from itertools import islice

import msgspec

from bindery.extract.documents.document import Document
from bindery.extract.documents.document_tags import add_property
from bindery.extract.documents.property_set import decode_codepage
from bindery.extract.extractor import Unreadable

_TOKEN = re.compile(
    rb"(?P<text>[^\\{}\r\n]+)|\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,9})? ?"
    rb"|\\(?P<symbol>[^a-zA-Z])|(?P<brace>[{}])|[\r\n]+|\\",
    re.DOTALL,
)
_MAX_DEPTH = 1_000
_MOST_INFORMATION = 4_096
"""Characters of a title or an author, more than are kept."""
_MAX_TOKENS = 1_000_000
"""Words, groups and escaped characters that are looked at."""
_UNSEEN = frozenset(
    {
        b"fonttbl", b"colortbl", b"stylesheet", b"listtable", b"listoverridetable", b"revtbl", b"rsidtbl", b"pict",
        b"object", b"objdata", b"themedata", b"colorschememapping", b"datastore", b"latentstyles", b"generator",
        b"fldinst", b"info", b"xmlnstbl", b"filetbl", b"bkmkstart", b"bkmkend", b"nonshppict", b"template",
    }
)  # fmt: skip
_TEXTS = (
    b"title", b"author", b"subject", b"keywords", b"doccomm", b"category", b"company", b"manager", b"operator",
)  # fmt: skip
"""Entries of the information group that are texts."""
_BREAKS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"cell": "\t", b"tab": "\t",
    b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“",
    b"rdblquote": "”", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
_CHARSETS = {
    0: 1252, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 177: 1255, 178: 1256, 186: 1257,
    204: 1251, 222: 874, 238: 1250,
}  # fmt: skip
_DATE = (b"yr", b"mo", b"dy", b"hr", b"min", b"sec")


class _Group(msgspec.Struct):
    """What holds within a pair of braces."""

    destination: bytes = b""
    seen: bool = True
    font: int = -1
    fallback: int = 1
    """Characters that stand in for a Unicode one and are skipped."""
    unicode: bool = False
    """The group repeats an earlier one in Unicode, and wins."""


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._group = _Group()
        self._stack: list[_Group] = []
        self._bytes = bytearray()
        self._skip = 0
        self._star = False
        self._codepage = 1252
        self._fonts: dict[int, int] = {}
        self._info: dict[bytes, str] = {}
        self._created: dict[bytes, int] = {}

    def read(self, data: bytes) -> None:
        for match in islice(_TOKEN.finditer(data), _MAX_TOKENS):
            if match["text"] is not None:
                self._characters(match["text"])
            elif match["byte"] is not None:
                self._characters(bytes.fromhex(match["byte"].decode()))
            elif match["word"] is not None:
                self._word(match["word"], int(match["number"]) if match["number"] else None)
            elif match["symbol"] is not None:
                self._symbol(match["symbol"])
            elif match["brace"] is not None:
                self._brace(match["brace"])
            if self._document.text.full:
                break
        self._flush()

    def finish(self) -> None:
        """Put what the information group told into the document."""
        self._document.title, self._document.author = self._info.get(b"title"), self._info.get(b"author")
        for name in _TEXTS[1:]:
            add_property(self._document, "RTF", name.decode(), self._info.get(name))
        year, month, day, hour, minute, second = (self._created.get(part, 0) for part in _DATE)
        date = f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
        self._document.add_created("RTF:creatim", date)

    def _brace(self, brace: bytes) -> None:
        self._flush()
        if brace == b"{":
            if len(self._stack) >= _MAX_DEPTH:
                raise Unreadable("ParseFailed", f"groups are nested more than {_MAX_DEPTH} deep")
            self._stack.append(self._group)
            self._group = msgspec.structs.replace(self._group)
        elif self._stack:
            self._group = self._stack.pop()
        self._star = False
        self._skip = 0

    def _characters(self, data: bytes) -> None:
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._bytes += data[skipped:]

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._star = True
        elif symbol in b"\\{}":
            self._characters(symbol)
        elif symbol in b"~_-":
            self._characters({b"~": b" ", b"_": b"-"}.get(symbol, b""))
        elif symbol in b"\r\n":
            self._put("\n")

    def _word(self, word: bytes, number: int | None) -> None:
        group = self._group
        if self._star and word == b"ud":
            group.unicode, group.destination, self._star = True, b"info", False
        elif self._star or word in _UNSEEN:
            group.destination = b"*" if self._star else word
            group.seen, self._star = False, False
        elif group.destination in (b"info", b"creatim", *_TEXTS):
            self._information(word, number)
        if word == b"u" and number is not None:
            self._put(chr(number & 0xFFFF))
            self._skip = group.fallback
        elif word == b"uc":
            group.fallback = min(max(number or 0, 0), 16)
        elif word == b"bin":
            self._skip = max(number or 0, 0)
        elif word in _BREAKS:
            self._put(_BREAKS[word])
        else:
            self._font_word(word, number)

    def _font_word(self, word: bytes, number: int | None) -> None:
        if word == b"ansicpg" and number:
            self._codepage = number
        elif word == b"f" and number is not None:
            self._flush()
            self._group.font = number
        elif word == b"fcharset" and number is not None:
            self._fonts[self._group.font] = _CHARSETS.get(number, 0)

    def _information(self, word: bytes, number: int | None) -> None:
        if self._group.destination == b"creatim" and word in _DATE and number is not None:
            self._created[word] = number
        elif word in _TEXTS and word in self._info and not self._group.unicode:
            self._group.destination = b"*"
        elif word == b"creatim" or word in _TEXTS:
            self._group.destination = word
            self._info.pop(word, None)
        elif word == b"nofpages" and number is not None:
            self._document.page_count = number

    def _put(self, text: str) -> None:
        self._flush()
        self._keep(text)

    def _flush(self) -> None:
        if self._bytes:
            codepage = self._fonts.get(self._group.font) or self._codepage
            self._keep(decode_codepage(bytes(self._bytes), codepage))
            self._bytes.clear()

    def _keep(self, text: str) -> None:
        destination = self._group.destination
        if destination in _TEXTS:
            told = self._info.get(destination, "")
            if len(told) < _MOST_INFORMATION:
                self._info[destination] = told + text[:_MOST_INFORMATION]
        elif self._group.seen:
            self._document.text.add(text)


def read_rtf(data: bytes, document: Document) -> None:
    """Fill the document from the whole file, or from its beginning."""
    reader = _Reader(document)
    try:
        reader.read(data)
    finally:
        reader.finish()
