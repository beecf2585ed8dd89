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

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    Elements = Sequence[tuple[str, Element]]

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
        fields.setdefault(name, []).append((entry.text or "").strip())
    document.title = next(iter(fields.get("title", ())), None)
    document.author = ", ".join(name for name in fields.get("creator", ()) if name)
    document.language = next(iter(fields.get("language", ())), None)
    document.add_created("EPUB:date", next(iter(fields.get("date", ())), None))


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
    page = package.beginning(chapter).decode("utf-8", "replace")
    read_html(page, document.text, most_notes=0)
    document.text.add("\n")


def _encrypted_parts(package: Package) -> set[str]:
    """Parts that need a key; fonts are often listed too, which does no harm."""
    return {
        resolve("", unquote(entry.get("URI", "")))
        for name, entry in package.elements("META-INF/encryption.xml")
        if name == "CipherReference"
    }
