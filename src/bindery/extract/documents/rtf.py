"""Rich Text Format: title, author, pages, creation time and text.

Source: Rich Text Format Specification 1.9.1 (groups, destinations, Unicode, information group).
"""

from __future__ import annotations

import re
import struct
from itertools import islice
from typing import Any

import msgspec

from bindery.extract.documents.document import Document
from bindery.extract.documents.document_tags import add_property
from bindery.extract.documents.property_set import decode_codepage
from bindery.extract.extractor import Unreadable
from bindery.extract.notes import Note

_NUMBERS = re.compile(rb"-?\d+")
_MAX_DEPTH = 1_000
_MOST_INFORMATION = 4_096
"""Characters of a title or an author, more than are kept."""
_MAX_TOKENS = 500_000
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


_TELLING = frozenset(
    {
        *_UNSEEN,
        *_TEXTS,
        *_BREAKS,
        *_DATE,
        b"u",
        b"uc",
        b"ud",
        b"bin",
        b"ansicpg",
        b"f",
        b"fcharset",
        b"creatim",
        b"nofpages",
    }
)
"""Words that mean something here; the many others format the text."""


_UNTOLD = rb"\\(?!(?:%b)(?![a-zA-Z]))[a-zA-Z]{1,32}(?:-?\d{1,9})? ?" % b"|".join(sorted(_TELLING))
_TOKEN = re.compile(
    rb"([^\\{}\r\n]+)|([{}])|(?:%b)+|((?:\\'[0-9a-fA-F]{2})+)|((?:\\u-?\d{1,5} ?\?){2,})"
    rb"|(?:\\(\*)\s*)?\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|\\([^a-zA-Z])|[\r\n]+|\\" % _UNTOLD,
    re.DOTALL,
)
_TEXT, _BRACE, _BYTES, _UNITS, _STAR, _WORD, _NUMBER, _SYMBOL = range(1, 9)
"""Groups of ``_TOKEN``: text, a brace, bytes in hex, units of UTF-16 with a stand-in each, words and symbols. Words
that tell nothing here are in no group, many at once, unless a star is before them."""


class _Group(msgspec.Struct, frozen=True):
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
        self._units: list[int] = []
        self._skip = 0
        self._star = False
        self._codepage = 1252
        self._fonts: dict[int, int] = {}
        self._info: dict[bytes, str] = {}
        self._created: dict[bytes, int] = {}

    def read(self, data: bytes) -> None:
        text = self._document.text
        tokens = _TOKEN.finditer(data)
        for match in islice(tokens, _MAX_TOKENS):
            self._token(match)
            if text.full:
                break
        else:
            if next(tokens, None) is not None:
                self._document.note(
                    Note.TEXT_CUT, f"only its first {_MAX_TOKENS:,} words and braces are searched"
                )
        self._flush()

    def _token(self, match: re.Match[bytes]) -> None:
        kind = match.lastindex
        if kind in (_WORD, _NUMBER):
            self._star = match[_STAR] is not None
            self._word(match[_WORD], int(match[_NUMBER]) if kind == _NUMBER else None)
        elif kind == _BRACE:
            self._brace(match[_BRACE])
        elif kind == _TEXT:
            self._characters(match[_TEXT])
        elif kind == _BYTES:
            self._characters(bytes.fromhex(match[_BYTES].decode().replace("\\'", "")))
        elif kind == _UNITS:
            self._wide(match[_UNITS])
        elif kind == _SYMBOL:
            self._symbol(match[_SYMBOL])

    def finish(self) -> None:
        """Put what the information group told into the document."""
        self._document.title, self._document.author = self._info.get(b"title"), self._info.get(b"author")
        for name in _TEXTS[1:]:
            add_property(self._document, "RTF", name.decode(), self._info.get(name))
        year, month, day, hour, minute, second = (self._created.get(part, 0) for part in _DATE)
        date = f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
        self._document.add_created("RTF:creatim", date)

    def _brace(self, brace: bytes) -> None:
        if self._bytes or self._units:
            self._flush()
        if brace == b"{":
            if len(self._stack) >= _MAX_DEPTH:
                raise Unreadable("ParseFailed", f"groups are nested more than {_MAX_DEPTH} deep")
            self._stack.append(self._group)
        elif self._stack:
            self._group = self._stack.pop()
        self._skip = 0

    def _set(self, **changes: Any) -> None:
        """Change what holds in this group alone: those around it share it until then."""
        self._group = msgspec.structs.replace(self._group, **changes)

    def _characters(self, data: bytes) -> None:
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        if data and (self._group.seen or self._group.destination in _TEXTS):
            if self._units:
                self._flush()
            self._bytes += data

    def _wide(self, run: bytes) -> None:
        """Characters of UTF-16, each with a question mark for programs that know no Unicode."""
        simple = self._group.fallback == 1
        for number in _NUMBERS.findall(run):
            self._unit(int(number))
            if not simple:
                self._skip = self._group.fallback
                self._characters(b"?")
        self._skip = 0 if simple else self._skip

    def _unit(self, number: int) -> None:
        """One unit of UTF-16; two may make a character."""
        if self._bytes:
            self._flush()
        self._units.append(number & 0xFFFF)

    def _symbol(self, symbol: bytes) -> None:
        if symbol in b"\\{}":
            self._characters(symbol)
        elif symbol in b"~_-":
            self._characters({b"~": b" ", b"_": b"-"}.get(symbol, b""))
        elif symbol in b"\r\n":
            self._put("\n")

    def _word(self, word: bytes, number: int | None) -> None:
        group = self._group
        if self._star and word == b"ud":
            self._star = False
            self._set(unicode=True, destination=b"info")
        elif self._star or word in _UNSEEN:
            self._set(destination=b"*" if self._star else word, seen=False)
            self._star = False
        elif group.destination in (b"info", b"creatim", *_TEXTS):
            self._information(word, number)
        if word == b"u" and number is not None:
            self._unit(number)
            self._skip = group.fallback
        elif word == b"uc":
            self._set(fallback=min(max(number or 0, 0), 16))
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
            if number != self._group.font:
                self._flush()
                self._set(font=number)
        elif word == b"fcharset" and number is not None:
            self._fonts[self._group.font] = _CHARSETS.get(number, 0)

    def _information(self, word: bytes, number: int | None) -> None:
        if self._group.destination == b"creatim" and word in _DATE and number is not None:
            self._created[word] = number
        elif word in _TEXTS and word in self._info and not self._group.unicode:
            self._set(destination=b"*")
        elif word == b"creatim" or word in _TEXTS:
            self._set(destination=word)
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
        if self._units:
            units = struct.pack(f"<{len(self._units)}H", *self._units)
            self._keep(units.decode("utf-16-le", "replace"))
            self._units.clear()

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
