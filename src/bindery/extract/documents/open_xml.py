"""Open XML (DOCX, XLSX, PPTX and their kin): properties, counts and text.

Source: ECMA-376 parts 1 and 2 (Open Packaging Conventions). The PageCount of a workbook is the number of
its sheets, that of a presentation the number of its slides.
"""

from __future__ import annotations

import re

from bindery.extract.documents.alternative_parts import add_alternative_parts
from bindery.extract.documents.document import Document
from bindery.extract.documents.document_tags import add_property, properties_of
from bindery.extract.documents.open_xml_parts import (
    add_drawn,
    add_parts,
    further_relationships,
    relationships_of,
    target_of,
    targets_of,
    words_of,
)
from bindery.extract.documents.open_xml_sheets import read_workbook
from bindery.extract.documents.package import Package
from bindery.extract.extractor import Unreadable

_OWN_FIELDS = frozenset({"title", "created"})
_APPLICATION_FIELDS = frozenset(
    {"Application", "AppVersion", "Company", "Manager", "Template", "HyperlinkBase", "PresentationFormat"}
)
_TYPES = "[Content_Types].xml"
_NOTES = re.compile(r"(?:foot|end)notes\d*\.xml|(?:header|footer|comments)\d*\.xml")
_WORD_PARTS = ("/footnotes", "/endnotes", "/comments", "/header", "/footer")
_MACRO_TYPES = re.compile(r"application/vnd\.ms-[a-z]+\..*macroEnabled", re.IGNORECASE)
_XPS_START = "/fixedrepresentation"


def read_open_xml(package: Package, document: Document) -> None:
    """Fill the document from the package's properties and its main part."""
    roots = relationships_of(package, "")
    main = target_of(roots, "/officeDocument", "/document") or target_of(roots, _XPS_START)
    if main is None:
        raise Unreadable("ParseFailed", "the package names no main part")
    document.content_type = _content_type(package, main)
    _read_core(package, target_of(roots, "/core-properties") or "docProps/core.xml", document)
    application = target_of(roots, "/extended-properties", "/extendedProperties") or "docProps/app.xml"
    counts = _read_application(package, application, document)
    _read_custom(package, target_of(roots, "/custom-properties", "/customProperties"), document)
    if main not in package:
        raise Unreadable("ParseFailed", f"the main part {main[:64]} of the package is missing")
    kind = document.content_type or ""
    if "word" in kind:
        document.page_count = counts.get("Pages")
        _read_word(package, main, document)
    elif "excel" in kind or "spreadsheet" in kind:
        read_workbook(package, main, document)
    elif "presentation" in kind or "powerpoint" in kind:
        document.page_count = counts.get("Slides")
        _read_presentation(package, main, document)


def _content_type(package: Package, main: str) -> str | None:
    """The type of the whole document, told by that of its main part."""
    if main.lower().endswith(".fdseq"):
        return "application/vnd.ms-xpsdocument"
    parts: dict[str, str] = {}
    extensions: dict[str, str] = {}
    for name, entry in package.elements(_TYPES):
        if name == "Default":
            extensions[entry.get("Extension", "").lower()] = entry.get("ContentType", "")
        else:
            parts[entry.get("PartName", "").lstrip("/").lower()] = entry.get("ContentType", "")
    told = parts.get(main.lower()) or extensions.get(main.lower().rpartition(".")[2], "")
    kind = told.removesuffix("+xml").removesuffix(".main").replace("macroEnabledTemplate", "macroEnabled")
    if not kind.startswith("application/vnd."):
        return None
    return f"{kind}.12" if _MACRO_TYPES.match(kind) else kind


def _read_core(package: Package, part: str, document: Document) -> None:
    fields: dict[str, str | None] = {}
    for name, entry in properties_of(package, part, document):
        fields[name] = entry.text
        if name not in _OWN_FIELDS:
            add_property(document, "OOXML", name, entry.text)
    document.title = fields.get("title")
    document.author = fields.get("creator")
    document.language = fields.get("language")
    document.add_created("OOXML:created", fields.get("created"))


def _read_application(package: Package, part: str, document: Document) -> dict[str, int]:
    """The counts the program that wrote the file noted down; the program itself and the like become tags."""
    found = {name: (entry.text or "").strip() for name, entry in properties_of(package, part, document)}
    for name in _APPLICATION_FIELDS & found.keys():
        add_property(document, "OOXML", name, found[name])
    return {name: int(text) for name, text in found.items() if text.isdecimal() and len(text) < 10}


def _read_custom(package: Package, part: str | None, document: Document) -> None:
    """Properties that people gave names of their own."""
    label = ""
    for name, entry in properties_of(package, part, document) if part else ():
        if name == "property":
            label = entry.get("name", "")
        elif label and entry.text and not len(entry):
            add_property(document, "Custom", label, entry.text)


def _read_word(package: Package, main: str, document: Document) -> None:
    if not document.wants_text:
        return
    package.stream(main, words_of(document.text))
    prefix = f"{main.rpartition('/')[0]}/".lower()
    notes = [
        name
        for name in package.names()
        if name.startswith(prefix) and _NOTES.fullmatch(name.removeprefix(prefix))
    ]
    relationships = further_relationships(package, main)
    add_alternative_parts(package, targets_of(relationships, "/aFChunk"), document)
    add_parts(package, [*notes, *targets_of(relationships, *_WORD_PARTS)], document)
    add_drawn(package, relationships, document)


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
        _read_slide(package, targets.get(identity, ""), document)


def _read_slide(package: Package, part: str, document: Document) -> None:
    """The words of a slide, of its charts and diagrams, of the speaker's notes and of comments."""
    document.text.add(" ")
    package.stream(part, words_of(document.text))
    relationships = further_relationships(package, part)
    add_drawn(package, relationships, document)
    add_parts(package, targets_of(relationships, "/notesSlide"), document)
    add_parts(package, targets_of(relationships, "/comments"), document, "text")
