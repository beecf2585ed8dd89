"""EPUB: title, author, language, date, and the text of the chapters in reading order.

Source: EPUB 3.3, 4.2.6.3.1 (container), 5 (package document), 4.2.6.3.2 (encryption).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from bindery.extract.documents.document import Document, protected
from bindery.extract.documents.html import read_html
from bindery.extract.documents.package import Package, resolve
from bindery.extract.extractor import Unreadable
from bindery.extract.text.decode import XML_ENCODING, decode_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    Elements = Sequence[tuple[str, Element]]

_KNOWN_NAMES = {
    "creator": "Creator", "contributor": "Contributor", "publisher": "Publisher", "identifier": "Identifier",
    "subject": "Keywords", "description": "Description", "rights": "Copyright", "source": "Source",
    "language": "Language", "type": "EPUB:type", "relation": "EPUB:relation", "coverage": "EPUB:coverage",
}  # fmt: skip
"""Names of ``tag_kinds.TAG_KINDS`` by element of the package document (EPUB 3.3, 5.5.3)."""
_KNOWN_META = {
    "calibre:series": "Series", "belongs-to-collection": "Series", "calibre:rating": "EPUB:calibre:rating",
    "generator": "Software", "calibre:series_index": "EPUB:series_index", "group-position": "EPUB:series_index",
}  # fmt: skip
_PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")


def read_epub(package: Package, document: Document) -> None:
    """Fill the document from the package document it names and the chapters listed there."""
    document.content_type = "application/epub+zip"
    main, elements = book_items(package)
    _read_metadata(elements, document)
    if document.wants_text:
        _read_chapters(package, main, elements, document)


def book_items(package: Package) -> tuple[str, Elements]:
    """The name of the package document of a book, and its elements. Raises Unreadable when there is none."""
    main = _main_part(package)
    if main not in package:
        raise Unreadable("ParseFailed", f"the part {main[:64]} of the book is missing")
    return main, list(package.elements(main))


def _main_part(package: Package) -> str:
    for name, entry in package.elements("META-INF/container.xml"):
        if name == "rootfile" and entry.get("full-path"):
            return resolve("", entry.get("full-path", ""))
    raise Unreadable("ParseFailed", "the book names no package document")


def _read_metadata(elements: Elements, document: Document) -> None:
    fields: dict[str, list[str]] = {}
    for name, entry in elements:
        text = (entry.text or "").strip()
        fields.setdefault(name, []).append(text)
        if name in _KNOWN_NAMES:
            document.tags.add(_KNOWN_NAMES[name], text)
        elif name == "meta":
            _add_meta(entry, text, document)
    document.title = next(iter(fields.get("title", ())), None)
    document.author = ", ".join(name for name in fields.get("creator", ()) if name)
    document.language = next(iter(fields.get("language", ())), None)
    document.add_created("EPUB:date", next(iter(fields.get("date", ())), None))


def _add_meta(entry: Element, text: str, document: Document) -> None:
    """Entries of EPUB 2 (``name``, ``content``) and EPUB 3 (``property``, text)."""
    label, value = entry.get("name") or entry.get("property") or "", entry.get("content") or text
    if label and not entry.get("refines"):
        document.tags.add(_KNOWN_META.get(label, f"EPUB:{label}"), value)


def _read_chapters(package: Package, main: str, elements: Elements, document: Document) -> None:
    items: dict[str, str] = {}
    order: list[str] = []
    for name, entry in elements:
        if name == "item" and entry.get("media-type") in _PAGES:
            items[entry.get("id", "")] = resolve(main, unquote(entry.get("href", "").partition("#")[0]))
        elif name == "itemref":
            order.append(entry.get("idref", ""))
    named = [items[key] for key in order if key in items and items[key] in package]
    chapters = list(dict.fromkeys(named))
    hidden = _encrypted_parts(package)
    if chapters and all(chapter in hidden for chapter in chapters):
        raise protected()
    for chapter in chapters:
        if chapter not in hidden and not document.text.full:
            _read_chapter(package, chapter, document)


def _read_chapter(package: Package, chapter: str, document: Document) -> None:
    data = package.beginning(chapter)
    match = XML_ENCODING.match(data)
    page = decode_text(data, match[1].decode() if match else None).text if data else ""
    read_html(page, document.text, most_notes=0)
    document.text.add("\n")


def _encrypted_parts(package: Package) -> set[str]:
    """Parts that need a key; fonts are often listed too, which does no harm."""
    return {
        resolve("", unquote(entry.get("URI", "")))
        for name, entry in package.elements("META-INF/encryption.xml")
        if name == "CipherReference"
    }
