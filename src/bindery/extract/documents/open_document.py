"""OpenDocument (ODT, ODS, ODP and their kin): properties, counts and text.

Source: OASIS OpenDocument 1.3, part 2 (packages) and part 3, 4.3 (metadata), 16 (content).
"""

from __future__ import annotations

from bindery.extract.documents.document import Document, protected
from bindery.extract.documents.document_tags import add_property, properties_of
from bindery.extract.documents.markup_text import MarkupText
from bindery.extract.documents.package import Package, local_name
from bindery.extract.extractor import Unreadable

_BREAKS = frozenset({"p", "h", "s", "tab", "line-break", "table-cell", "page"})
_OWN_FIELDS = frozenset({"title", "creation-date", "document-statistic", "meta", "document-meta"})
_HEADERS = frozenset({"header", "footer", "header-left", "footer-left", "header-first", "footer-first"})
_HIDDEN = frozenset({"tracked-changes", "binary-data", "script", "ruby-text", "forms"})


def read_open_document(package: Package, document: Document) -> None:
    """Fill the document from meta.xml and content.xml."""
    declared = package.beginning("mimetype").decode("ascii", "replace").strip()
    if declared.startswith("application/vnd.oasis.opendocument."):
        document.content_type = declared
    if b"encryption-data" in package.beginning("META-INF/manifest.xml"):
        raise protected()
    counts = _read_meta(package, document)
    if "content.xml" not in package:
        raise Unreadable("ParseFailed", "the part content.xml of the package is missing")
    kind = document.content_type or ""
    counted = {"spreadsheet": "table", "presentation": "page"}.get(kind.rpartition(".")[2].split("-")[0])
    document.page_count = counts.get("table-count" if counted == "table" else "page-count")
    if document.wants_text or counted == "page":
        _read_content(package, document, counted)


def _read_content(package: Package, document: Document, counted: str | None) -> None:
    words = MarkupText(document.text, inside=frozenset({"body"}), breaks=_BREAKS, without=_HIDDEN)
    words.wants_counts = counted is not None and document.page_count is None
    whole = package.stream("content.xml", words)
    headers = MarkupText(document.text, inside=_HEADERS, breaks=_BREAKS, without=_HIDDEN)
    package.stream("styles.xml", headers)
    if words.wants_counts and whole and counted is not None:
        document.page_count = words.counts[counted]


def _read_meta(package: Package, document: Document) -> dict[str, int]:
    """Properties into the document; the statistics by name."""
    counts: dict[str, int] = {}
    fields: dict[str, str | None] = {}
    for name, entry in properties_of(package, "meta.xml", document):
        fields.setdefault(name, entry.text)
        if name == "user-defined":
            label = next((value for key, value in entry.attrib.items() if local_name(key) == "name"), name)
            add_property(document, "Custom", label, entry.text)
        elif name not in _OWN_FIELDS:
            add_property(document, "ODF", "LastAuthor" if name == "creator" else name, entry.text)
        if name == "document-statistic":
            counts = {
                local_name(key): int(value)
                for key, value in entry.attrib.items()
                if value.isdecimal() and len(value) < 10
            }
    document.title = fields.get("title")
    document.author = fields.get("initial-creator") or fields.get("creator")
    document.language = fields.get("language")
    document.add_created("ODF:creation-date", fields.get("creation-date"))
    return counts
