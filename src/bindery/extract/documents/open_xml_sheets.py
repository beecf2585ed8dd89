"""The words of an Open XML workbook: shared strings, strings in the cells themselves, comments and shapes.

Source: ECMA-376 part 1, 18.3.1.4 (cells), 18.18.11 (their types), 18.7 (comments), 20.5 (drawings); MS-XLSX 2.6.205
(threaded comments). Excel shares the strings of its cells, but for results of formulas; programs that write row by
row put each string where it belongs.
"""

from __future__ import annotations

import re

from bindery.extract.documents.binary_workbook_parts import read_binary_workbook_parts
from bindery.extract.documents.document import Document, Text
from bindery.extract.documents.open_xml_parts import (
    Relationships,
    add_drawn,
    add_part,
    add_parts,
    further_relationships,
    relationships_of,
    target_of,
    targets_of,
    words_of,
)
from bindery.extract.documents.package import Package, local_name

_SHEETS = ("/worksheet", "/chartsheet", "/dialogsheet", "/xlMacrosheet")
_MAX_ELEMENTS = 1_000_000
_OWN_STRINGS = re.compile(rb"=\s*[\"'](?:str|inlineStr)[\"']|<\w*:?is>|^(?:\xff\xfe|\xfe\xff)")
"""Cells with a string of their own, or UTF-16, where that cannot be told so quickly: most sheets have numbers and
numbers of shared strings only, and are not parsed."""
_THREADED = "tc="
"""The author of a comment that says no more than that there are threaded ones, and repeats those."""


def read_workbook(package: Package, main: str, document: Document) -> None:
    """Sheets, their names, and what is written in and beside the cells; numbers are no words."""
    relationships = relationships_of(package, main)
    sheets = targets_of(relationships, *_SHEETS)
    strings = target_of(relationships, "/sharedStrings")
    if main.lower().endswith(".bin"):
        document.page_count = len(sheets)
        if document.wants_text:
            read_binary_workbook_parts(package, main, strings, sheets, document)
    else:
        listed = package.attributes(main, "sheet")
        document.page_count = len(listed)
        if document.wants_text:
            document.text.add("".join(f"{sheet.get('name', '')}\n" for sheet in listed))
            _read_cells(package, strings, sheets, document)
    if document.wants_text:
        for sheet in sheets:
            _read_beside_cells(package, further_relationships(package, sheet), document)


def _read_cells(package: Package, strings: str | None, sheets: list[str], document: Document) -> None:
    if strings is not None:
        package.stream(strings, words_of(document.text))
    seen: set[str] = set()
    for sheet in sheets:
        if document.text.full:
            return
        if package.mentions(sheet, _OWN_STRINGS):
            package.stream(sheet, _Cells(document.text, seen))


def _read_beside_cells(package: Package, relationships: Relationships, document: Document) -> None:
    """Comments, and the text boxes and charts of a sheet."""
    if document.text.full:
        return
    add_parts(package, targets_of(relationships, "/threadedComment"), document, "text")
    for part in targets_of(relationships, "/comments"):
        if not part.lower().endswith(".bin"):
            add_part(package, part, _Comments(document.text))
    for part in targets_of(relationships, "/drawing"):
        add_parts(package, [part], document)
        add_drawn(package, further_relationships(package, part), document)


class _Cells:
    """A parser target for the strings in cells; one that many cells hold is taken once, as shared strings are."""

    def __init__(self, text: Text, seen: set[str]) -> None:
        self._text = text
        self._seen = seen
        self._elements = 0
        self._kind: str | None = None
        self._open = self._silent = 0
        self._words: list[str] = []

    @property
    def done(self) -> bool:
        return self._text.full or self._elements > _MAX_ELEMENTS

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local_name(tag)
        self._elements += 1
        if name == "c":
            self._kind = attributes.get("t")
        elif name == "rPh":
            self._silent += 1
        elif name == "t" or (name == "v" and self._kind == "str"):
            self._open += 1

    def end(self, tag: str) -> None:
        name = local_name(tag)
        if name == "c":
            self._add("".join(self._words))
            self._words.clear()
            self._kind = None
        elif name == "rPh":
            self._silent -= 1
        elif name == "t" or (name == "v" and self._kind == "str"):
            self._open -= 1

    def data(self, text: str) -> None:
        if self._open and not self._silent:
            self._words.append(text)

    def close(self) -> None:
        """Cells end by themselves."""

    def _add(self, words: str) -> None:
        if words and words not in self._seen:
            self._seen.add(words)
            self._text.add(f"\n{words}")


class _Comments:
    """A parser target for the comments of a sheet without those that stand for threaded ones."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._elements = 0
        self._authors: list[str] = []
        self._seen = True
        self._name = ""

    @property
    def done(self) -> bool:
        return self._text.full or self._elements > _MAX_ELEMENTS

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._name = local_name(tag)
        self._elements += 1
        if self._name == "author":
            self._authors.append("")
        elif self._name == "comment":
            number = attributes.get("authorId", "")
            index = int(number) if number.isdecimal() and len(number) < 8 else len(self._authors)
            self._seen = not "".join(self._authors[index : index + 1]).startswith(_THREADED)
            self._text.add("\n")

    def end(self, tag: str) -> None:
        self._name = ""

    def data(self, text: str) -> None:
        if self._name == "author" and len(self._authors[-1]) < len(_THREADED):
            self._authors[-1] += text
        elif self._name == "t" and self._seen:
            self._text.add(text)

    def close(self) -> None:
        """Comments end by themselves."""
