"""Names and signs of documents, source code and archives, for ``media_types.py``."""

from __future__ import annotations

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml"
_SUN = "application/vnd.sun.xml"
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
    "sxw": f"{_SUN}.writer", "stw": f"{_SUN}.writer.template", "sxc": f"{_SUN}.calc",
    "stc": f"{_SUN}.calc.template", "sxi": f"{_SUN}.impress", "sti": f"{_SUN}.impress.template",
    "sxd": f"{_SUN}.draw",
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

_ZIP_BASED = (
    "application/vnd.openxmlformats",
    f"{_OPEN_DOCUMENT}.",
    "application/epub",
    "application/vnd.ms-xps",
    f"{_SUN}.",
    "application/vnd.apple.",
    "application/vnd.google-earth.kmz",
    "application/hwp+zip",
    "application/vnd.adobe.indesign-idml",
)


def is_zip_based(content_type: str) -> bool:
    """Whether files of a type are ZIP files."""
    return content_type.startswith(_ZIP_BASED) or content_type.endswith("macroEnabled.12")
