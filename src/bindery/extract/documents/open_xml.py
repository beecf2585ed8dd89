"""Open XML (DOCX, XLSX, PPTX and their kin): properties, counts and text.

Source: ECMA-376 parts 1 and 2 (Open Packaging Conventions). The PageCount of a workbook is the number of
its sheets, that of a presentation the number of its slides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bindery.extract.documents.document import Document, Text
from bindery.extract.documents.markup_text import MarkupText
from bindery.extract.documents.package import Package, resolve
from bindery.extract.extractor import Unreadable

_TYPES = "[Content_Types].xml"
_NOTES = re.compile(r"(?:foot|end)notes\d*\.xml|(?:header|footer|comments)\d*\.xml")
_MACRO_TYPES = re.compile(r"application/vnd\.ms-[a-z]+\..*macroEnabled", re.IGNORECASE)
_XPS_START = "/fixedrepresentation"
_SHEETS = ("/worksheet", "/chartsheet", "/dialogsheet", "/xlMacrosheet")
_WORDS = frozenset({"t"})
_BREAKS = frozenset({"p", "br", "tab", "cr", "si", "is"})
_HIDDEN = frozenset({"rPh"})
_RELATIONSHIP = 3.0
"""What one costs, for its target is made absolute."""


def read_open_xml(package: Package, document: Document) -> None:
    """Fill the document from the package's properties and its main part."""
    roots = relationships_of(package, "")
    main = _target(roots, "/officeDocument", "/document") or _target(roots, _XPS_START)
    if main is None:
        raise Unreadable("ParseFailed", "the package names no main part")
    document.content_type = _content_type(package, main)
    _read_core(package, _target(roots, "/core-properties") or "docProps/core.xml", document)
    counts = _read_application(
        package, _target(roots, "/extended-properties", "/extendedProperties") or "docProps/app.xml"
    )
    if main not in package:
        raise Unreadable("ParseFailed", f"the main part {main[:64]} of the package is missing")
    kind = document.content_type or ""
    if "word" in kind:
        document.page_count = counts.get("Pages")
        _read_word(package, main, document)
    elif "excel" in kind or "spreadsheet" in kind:
        _read_workbook(package, main, document)
    elif "presentation" in kind or "powerpoint" in kind:
        document.page_count = counts.get("Slides")
        _read_presentation(package, main, document)


def relationships_of(package: Package, part: str) -> list[tuple[str, str, str]]:
    """Type, target part and id of the relationships of a part; the package's own for an empty name."""
    folder, _, name = part.rpartition("/")
    listed = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    return [
        (entry.get("Type", ""), resolve(part, entry.get("Target", "")), entry.get("Id", ""))
        for entry in package.attributes(listed, "Relationship", cost=_RELATIONSHIP)
    ]


def _target(relationships: Iterable[tuple[str, str, str]], *endings: str) -> str | None:
    return next((target for kind, target, _ in relationships if kind.endswith(endings)), None)


def _content_type(package: Package, main: str) -> str | None:
    """The type of the whole document, told by that of its main part."""
    if main.lower().endswith(".fdseq"):
        return "application/vnd.ms-xpsdocument"
    told: dict[str, str] = {}
    for _, entry in package.elements(_TYPES):
        part = entry.get("PartName") or f".{entry.get('Extension', '')}"
        told[part.lstrip("/").lower()] = entry.get("ContentType", "")
    by_extension = told.get(f".{main.lower().rpartition('.')[2]}", "")
    kind = told.get(main.lower(), by_extension).removesuffix("+xml").removesuffix(".main")
    if not kind.startswith("application/vnd."):
        return None
    return f"{kind}.12" if _MACRO_TYPES.match(kind) else kind


def _read_core(package: Package, part: str, document: Document) -> None:
    fields = {name: entry.text for name, entry in package.elements(part)}
    document.title = fields.get("title")
    document.author = fields.get("creator")
    document.language = fields.get("language")
    document.add_created("OOXML:created", fields.get("created"))


def _read_application(package: Package, part: str) -> dict[str, int]:
    """The counts the program that wrote the file noted down."""
    found = {name: (entry.text or "").strip() for name, entry in package.elements(part)}
    return {name: int(text) for name, text in found.items() if text.isdecimal() and len(text) < 10}


def _words(text: Text) -> MarkupText:
    return MarkupText(text, inside=_WORDS, breaks=_BREAKS, without=_HIDDEN)


def _read_word(package: Package, main: str, document: Document) -> None:
    if not document.wants_text:
        return
    package.stream(main, _words(document.text))
    prefix = f"{main.rpartition('/')[0]}/".lower()
    for name in package.names():
        if name.startswith(prefix) and _NOTES.fullmatch(name.removeprefix(prefix)):
            document.text.add(" ")
            package.stream(name, _words(document.text))


def _read_workbook(package: Package, main: str, document: Document) -> None:
    """Sheets, their names, and the strings of the cells; numbers are no words."""
    relationships = relationships_of(package, main)
    if main.endswith(".bin"):
        document.page_count = sum(kind.endswith(_SHEETS) for kind, _, _ in relationships)
        return
    sheets = package.attributes(main, "sheet")
    document.page_count = len(sheets)
    if not document.wants_text:
        return
    for sheet in sheets:
        document.text.add(f"{sheet.get('name', '')}\n")
    strings = _target(relationships, "/sharedStrings")
    if strings is not None:
        package.stream(strings, _words(document.text))
        return
    for kind, target, _ in relationships:
        if kind.endswith("/worksheet"):
            package.stream(target, _words(document.text))


def _read_presentation(package: Package, main: str, document: Document) -> None:
    """Slides in their order, with their text."""
    wanted = [
        next((value for name, value in entry.items() if name.endswith("}id")), "")
        for entry in package.attributes(main, "sldId")
    ]
    document.page_count = len(wanted) or document.page_count
    if not document.wants_text:
        return
    targets = {identity: target for _, target, identity in relationships_of(package, main)}
    for identity in dict.fromkeys(wanted):
        if document.text.full:
            return
        package.stream(targets.get(identity, ""), _words(document.text))
