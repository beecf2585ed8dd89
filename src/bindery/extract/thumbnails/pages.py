"""Pages of a PDF, and the pictures that other documents carry of themselves."""

from __future__ import annotations

import posixpath
from typing import Any, cast
from urllib.parse import unquote

from PIL import Image

from bindery.extract.documents.epub import book_items
from bindery.extract.documents.open_xml_parts import relationships_of
from bindery.extract.documents.package import Package, resolve
from bindery.extract.documents.pdf_source import PdfSource
from bindery.extract.reader import RangeReader
from bindery.extract.thumbnails.no_picture import NoPicture
from bindery.extract.thumbnails.pictures import draw_bytes

_MOST_SCALE = 4.0
"""Pixels for a point of a page: small pages stay small."""
_THUMBNAIL = "/metadata/thumbnail"
_USUAL = (
    "thumbnails/thumbnail.png", "docprops/thumbnail.jpeg", "docprops/thumbnail.png", "preview.jpg",
    "quicklook/preview.jpg", "quicklook/thumbnail.jpg", "preview-web.jpg", "preview-micro.jpg",
)  # fmt: skip
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")


def draw_page(reader: RangeReader, longest: int, page: int) -> Image.Image:
    """A page of a PDF, from 0. Raises NoPicture when it has no such page."""
    import pypdfium2  # noqa: PLC0415

    document = pypdfium2.PdfDocument(cast(Any, PdfSource(reader)))
    try:
        if page >= len(document):
            raise NoPicture
        opened = document[page]
        across, up = opened.get_size()
        scale = min(longest / max(across, up, 1.0), _MOST_SCALE)
        shown: Image.Image = opened.render(scale=scale).to_pil()
        return shown.copy()
    finally:
        document.close()


def draw_cover(reader: RangeReader, longest: int) -> Image.Image:
    """The thumbnail of an Open XML, OpenDocument or iWork file, the cover of a book. Raises NoPicture."""
    package = Package(reader)
    for name in (*_thumbnails(package), *_covers(package), *_USUAL):
        if name in package:
            data = package.beginning(name)
            try:
                return draw_bytes(data, longest)
            except (OSError, ValueError, SyntaxError):
                continue
    raise NoPicture


def _thumbnails(package: Package) -> list[str]:
    """What the relationships of the package name so."""
    return [target for kind, target, _ in relationships_of(package, "") if kind.endswith(_THUMBNAIL)][:4]


def _covers(package: Package) -> list[str]:
    """The item of a book that is its cover: by its property (EPUB 3), else by a meta element (EPUB 2)."""
    if "META-INF/container.xml" not in package:
        return []
    main, elements = book_items(package)
    named = {
        entry.get("content") for name, entry in elements if name == "meta" and entry.get("name") == "cover"
    }
    items = [entry for name, entry in elements if name == "item"]
    marked = [entry for entry in items if "cover-image" in (entry.get("properties") or "").split()]
    marked += [entry for entry in items if entry.get("id") in named]
    marked += [entry for entry in items if "cover" in posixpath.basename(entry.get("href", "")).lower()]
    paths = [resolve(main, unquote(entry.get("href", "").partition("#")[0])) for entry in marked]
    return [path for path in paths if path.lower().endswith(_PICTURES)][:4]
