"""Names and signs of documents, source code and archives, for ``media_types.py``."""

from __future__ import annotations

import codecs
import re

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"

DOCUMENTS_BY_EXTENSION = {
    "pdf": "application/pdf", "rtf": "application/rtf", "ps": "application/postscript",
    "eps": "application/postscript", "ai": "application/postscript", "epub": "application/epub+zip",
    "doc": "application/msword", "dot": "application/msword", "wps": "application/msword",
    "xls": "application/vnd.ms-excel", "xlt": "application/vnd.ms-excel", "xla": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint", "pps": "application/vnd.ms-powerpoint",
    "pot": "application/vnd.ms-powerpoint", "msg": "application/vnd.ms-outlook",
    "vsd": "application/vnd.visio", "vsdx": "application/vnd.ms-visio.drawing", "pub": "application/x-mspublisher",
    "docx": f"{_WORD}.document", "dotx": f"{_WORD}.template",
    "docm": "application/vnd.ms-word.document.macroEnabled.12",
    "dotm": "application/vnd.ms-word.template.macroEnabled.12",
    "xlsx": f"{_SHEET}.sheet", "xltx": f"{_SHEET}.template",
    "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "xltm": "application/vnd.ms-excel.template.macroEnabled.12",
    "xlam": "application/vnd.ms-excel.addin.macroEnabled.12",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    "pptx": f"{_SLIDES}.presentation", "ppsx": f"{_SLIDES}.slideshow", "potx": f"{_SLIDES}.template",
    "pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    "ppsm": "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
    "potm": "application/vnd.ms-powerpoint.template.macroEnabled.12",
    "xps": "application/vnd.ms-xpsdocument", "oxps": "application/vnd.ms-xpsdocument",
    "odt": f"{_OPEN_DOCUMENT}.text", "ott": f"{_OPEN_DOCUMENT}.text-template",
    "ods": f"{_OPEN_DOCUMENT}.spreadsheet", "ots": f"{_OPEN_DOCUMENT}.spreadsheet-template",
    "odp": f"{_OPEN_DOCUMENT}.presentation", "otp": f"{_OPEN_DOCUMENT}.presentation-template",
    "odg": f"{_OPEN_DOCUMENT}.graphics", "otg": f"{_OPEN_DOCUMENT}.graphics-template",
    "odf": f"{_OPEN_DOCUMENT}.formula", "odc": f"{_OPEN_DOCUMENT}.chart", "odm": f"{_OPEN_DOCUMENT}.text-master",
}  # fmt: skip

TEXTS_BY_EXTENSION = {
    "txt": "text/plain", "text": "text/plain", "log": "text/plain", "md": "text/markdown",
    "markdown": "text/markdown", "rst": "text/x-rst", "adoc": "text/asciidoc", "tex": "text/x-tex",
    "csv": "text/csv", "tsv": "text/tab-separated-values", "html": "text/html", "htm": "text/html",
    "xhtml": "application/xhtml+xml", "xml": "text/xml", "xsl": "text/xml", "xsd": "text/xml", "xmp": "text/xml",
    "json": "application/json", "jsonl": "application/json", "geojson": "application/json",
    "yaml": "application/yaml", "yml": "application/yaml", "toml": "application/toml", "ini": "text/plain",
    "cfg": "text/plain", "conf": "text/plain", "properties": "text/plain", "srt": "text/plain", "vtt": "text/vtt",
    "ics": "text/calendar", "vcf": "text/vcard", "py": "text/x-python", "c": "text/x-c", "h": "text/x-c",
    "cc": "text/x-c", "cpp": "text/x-c", "hpp": "text/x-c", "cs": "text/x-csharp", "java": "text/x-java",
    "kt": "text/x-kotlin", "go": "text/x-go", "rs": "text/x-rust", "rb": "text/x-ruby", "php": "text/x-php",
    "pl": "text/x-perl", "lua": "text/x-lua", "swift": "text/x-swift", "scala": "text/x-scala", "r": "text/x-r",
    "sql": "text/x-sql", "sh": "text/x-sh", "bash": "text/x-sh", "bat": "text/x-msdos-batch",
    "ps1": "text/x-powershell", "js": "text/javascript", "mjs": "text/javascript", "jsx": "text/javascript",
    "tsx": "text/x-typescript", "vue": "text/x-vue", "css": "text/css", "scss": "text/x-scss", "less": "text/x-less",
}  # fmt: skip

TEXTUAL = frozenset(
    {
        "application/pdf",
        "application/rtf",
        "application/postscript",
        "application/vnd.apple.mpegurl",
        "application/x-archive",
        "application/vnd.debian.binary-package",
    }
)
"""Types with a sign at the start whose files may be pure text."""

_TEXT_OF_NAMED = {"video/mp2t": "text/x-typescript"}
"""Extensions that a format with a sign shares with a kind of text."""
_ZIP_BASED = (
    "application/vnd.openxmlformats",
    f"{_OPEN_DOCUMENT}.",
    "application/epub",
    "application/vnd.ms-xps",
)
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLANKS = b"\t\n\f\r\x1b"
_CONTROLS = bytes(code for code in range(32) if code not in _BLANKS)
_SAMPLE_BYTES = 2_048
_LONGEST_CHARACTER = 4
_PROLOGUE = re.compile(
    rb"(?:\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE(?P<kind>[^>\[]*)(?:\[[^\]]*\]\s*)?>)*", re.S | re.I
)
_ROOT = re.compile(rb"<(?:\w+:)?(\w+)[\s>/]")


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text in UTF-8, or in UTF-16 with its mark."""
    if not head:
        return False
    if head.startswith(_WIDE_MARKS):
        return len(head) > 2 and b"\0" in head[2:8]
    sample = head[:_SAMPLE_BYTES]
    if len(sample) != len(sample.translate(None, _CONTROLS)):
        return False
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(sample) - _LONGEST_CHARACTER + 1 and len(sample) == _SAMPLE_BYTES
    return True


def text_type(head: bytes, named: str | None, *, is_document: bool) -> str | None:
    """The type of a text file: its name's, unless the name is of a format that cannot be text.

    ``is_document`` tells that the named type is that of a document or archive, which all have a sign.
    """
    if named in _TEXT_OF_NAMED:
        return _TEXT_OF_NAMED[named]
    if named == "text/xml":
        return _markup_type(head) or named
    if named is not None and (named in TEXTS_BY_EXTENSION.values() or not is_document):
        return named
    return _markup_type(head) or "text/plain"


def is_zip_based(content_type: str) -> bool:
    """Whether files of a type are ZIP files."""
    return content_type.startswith(_ZIP_BASED) or content_type.endswith("macroEnabled.12")


def _markup_type(head: bytes) -> str | None:
    """HTML, XHTML, SVG or other XML by the root element; None when there is none."""
    prologue = _PROLOGUE.match(head.removeprefix(codecs.BOM_UTF8))
    rest = head.removeprefix(codecs.BOM_UTF8)[prologue.end() if prologue else 0 :]
    is_xml = head.removeprefix(codecs.BOM_UTF8).startswith(b"<?xml")
    root = _ROOT.match(rest)
    name = root[1].lower() if root else b""
    if name == b"svg":
        return "image/svg+xml"
    if name in (b"html", b"head", b"body") or (prologue and b"html" in (prologue["kind"] or b"").lower()):
        return "application/xhtml+xml" if is_xml else "text/html"
    return "text/xml" if is_xml else None
