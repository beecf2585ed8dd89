"""Old Office documents in compound files (DOC, XLS, PPT, MSG and their kin): properties, counts and text.

Source: MS-OSHARED 2.3.3.2 (properties), MS-OFFCRYPTO 1.3 (protected Open XML).
"""

from __future__ import annotations

from bindery.extract.documents.binary_sheet import read_binary_workbook
from bindery.extract.documents.binary_slides import read_binary_slides
from bindery.extract.documents.binary_word import read_binary_word
from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.document import Document, protected
from bindery.extract.documents.document_tags import add_property
from bindery.extract.documents.outlook import read_message
from bindery.extract.documents.property_set import Value, file_time, read_property_set

PROTECTED_PACKAGE = "EncryptedPackage"
"""The stream that holds a whole Open XML document, encrypted."""

_TYPES = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("VisioDocument", "application/vnd.visio"),
    ("Quill", "application/x-mspublisher"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("Data Object Store 000001", "image/vnd.fpx"),
    ("0001.ACI", "image/x-mic"),
)
_SUMMARY = "\x05SummaryInformation"
_MORE_SUMMARY = "\x05DocumentSummaryInformation"
_CODEPAGE, _TITLE, _AUTHOR, _CREATED, _PAGES, _SLIDES = 1, 2, 4, 12, 14, 7
_SUMMARY_NAMES = {
    3: "subject", 4: "author", 5: "keywords", 6: "comments", 7: "Template", 8: "LastAuthor", 9: "Revision",
    18: "application",
}  # fmt: skip
_MORE_NAMES = {
    2: "category",
    3: "PresentationFormat",
    14: "manager",
    15: "company",
    26: "ContentType",
    28: "language",
}
_MAX_SUMMARY_BYTES = 256 * 1024


def ole_content_type(compound: CompoundFile) -> str | None:
    """The type a compound file's streams tell; None when they tell none that is known."""
    return next((kind for stream, kind in _TYPES if stream in compound), None)


def read_ole(compound: CompoundFile, document: Document) -> None:
    """Fill the document from its property sets, then from the stream its program wrote."""
    if PROTECTED_PACKAGE in compound:
        raise protected()
    document.content_type = ole_content_type(compound)
    summary = read_property_set(compound.stream(_SUMMARY, _MAX_SUMMARY_BYTES))
    document.title, document.author = _text(summary.get(_TITLE)), _text(summary.get(_AUTHOR))
    document.add_created("OLE:Created", file_time(summary.get(_CREATED)), utc=True)
    document.page_count = _count(summary.get(_PAGES))
    more = read_property_set(compound.stream(_MORE_SUMMARY, _MAX_SUMMARY_BYTES))
    for properties, names in ((summary, _SUMMARY_NAMES), (more, _MORE_NAMES)):
        for number, name in names.items():
            add_property(document, "OLE", name, _text(properties.get(number)))
    match document.content_type:
        case "application/msword":
            codepage = summary.get(_CODEPAGE)
            read_binary_word(compound, document, codepage & 0xFFFF if isinstance(codepage, int) else 0)
        case "application/vnd.ms-excel":
            read_binary_workbook(compound, document)
        case "application/vnd.ms-powerpoint":
            document.page_count = _count(more.get(_SLIDES)) or document.page_count
            read_binary_slides(compound, document)
        case "application/vnd.ms-outlook":
            read_message(compound, document)


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Value | None) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
