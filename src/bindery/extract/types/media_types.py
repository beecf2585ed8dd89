"""What kind of file it is: content type and media type from the first bytes, else from the name."""

from __future__ import annotations

import posixpath
import re

import msgspec

from bindery.extract.types.archive_signs import (
    ARCHIVE_SIGNS,
    ARCHIVES_BY_EXTENSION,
    archive_of_part,
    is_lzh,
    is_lzma_alone,
)
from bindery.extract.types.document_types import (
    DOCUMENTS_BY_EXTENSION,
    TEXTS_BY_EXTENSION,
    TEXTUAL,
    is_zip_based,
)
from bindery.extract.types.font_types import FONT_SIGNS, FONTS_BY_EXTENSION
from bindery.extract.types.mail_types import MAILS_BY_EXTENSION, TNEF, TNEF_SIGN, mail_type
from bindery.extract.types.media_signs import (
    FORMS,
    MEDIA_BY_EXTENSION,
    MEDIA_KINDS,
    MEDIA_SIGNS,
    late_sign,
)
from bindery.extract.types.mpeg_audio import mpeg_audio_type
from bindery.extract.types.picture_types import (
    PICTURES_BY_EXTENSION,
    PICTURES_OF_OTHER_FAMILIES,
    drawing_in_zip,
    heif_type,
    picture_type,
    text_picture_type,
)
from bindery.extract.types.text_types import is_text, is_text_of_no_charset, text_type
from bindery.extract.types.unread_documents import (
    NAMED_LIKE_OTHERS,
    UNREAD_DOCUMENT_SIGNS,
    UNREAD_DOCUMENTS,
    UNREAD_DOCUMENTS_BY_EXTENSION,
)

HEAD_BYTES = 4096
"""Bytes from the start of a file that are enough to tell its type."""

_OCTETS = "application/octet-stream"


class MediaType(msgspec.Struct, frozen=True):
    """A content type, and the vendor's word for its kind: image, video, audio, document, archive, other."""

    content_type: str
    media_type: str


_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\x8aMNG\r\n\x1a\n", "video/x-mng"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"FUJIFILMCCD-RAW", "image/x-fuji-raf"),
    (0, b"II\x55\x00", "image/x-panasonic-rw2"),
    (0, b"IIRO", "image/x-olympus-orf"),
    (0, b"IIRS", "image/x-olympus-orf"),
    (0, b"MMOR", "image/x-olympus-orf"),
    (0, b"\x00MRM", "image/x-minolta-mrw"),
    (0, b"FOVb", "image/x-sigma-x3f"),
    (0, b"II\x1a\x00\x00\x00HEAPCCDR", "image/x-canon-crw"),
    (8, b"CR\x02", "image/x-canon-cr2"),
    (0, b"II\xbc", "image/vnd.ms-photo"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"II+\x00", "image/tiff"),
    (0, b"MM\x00+", "image/tiff"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (16, b"ftypmjp2", "video/mj2"),
    (0, b"\xff\x4f\xff\x51", "image/x-jp2-codestream"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"qoif", "image/qoi"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"%!PS", "application/postscript"),
    (0, TNEF_SIGN, TNEF),
    (0, b"\xc5\xd0\xd3\xc6", "application/postscript"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"MAC ", "audio/x-ape"),
    (0, b"wvpk", "audio/x-wavpack"),
    (0, b"MP+", "audio/x-musepack"),
    (0, b"MPCK", "audio/x-musepack"),
    (0, b"TTA1", "audio/x-tta"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"MThd", "audio/midi"),
    (0, b"caff", "audio/x-caf"),
    (0, b"\x0b\x77", "audio/ac3"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-wmv"),
    (0, b".RMF", "application/vnd.rn-realmedia"),
    (0, b"#EXTM3U", "application/vnd.apple.mpegurl"),
    *ARCHIVE_SIGNS,
    *MEDIA_SIGNS,
    *UNREAD_DOCUMENT_SIGNS,
    *FONT_SIGNS,
)

_BRANDS = {
    b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"M4P ": "audio/mp4",
    b"F4A ": "audio/mp4", b"F4B ": "audio/mp4", b"aax ": "audio/vnd.audible.aax", b"aaxc": "audio/vnd.audible.aax",
    b"M4V ": "video/x-m4v", b"M4VH": "video/x-m4v", b"M4VP": "video/x-m4v",
    b"jp2 ": "image/jp2", b"jpx ": "image/jpx", b"jpm ": "image/jpm", b"mjp2": "video/mj2",
}  # fmt: skip

_BY_EXTENSION = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "jpe": "image/jpeg", "jfif": "image/jpeg", "mpo": "image/jpeg",
    "png": "image/png", "apng": "image/png", "gif": "image/gif", "webp": "image/webp", "bmp": "image/bmp",
    "dib": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic", "heif": "image/heif",
    "hif": "image/heif", "avif": "image/avif", "ico": "image/vnd.microsoft.icon", "cur": "image/vnd.microsoft.icon",
    "svg": "image/svg+xml",
    "psd": "image/vnd.adobe.photoshop", "jp2": "image/jp2", "jxl": "image/jxl", "tga": "image/x-tga",
    "pcx": "image/x-pcx", "ppm": "image/x-portable-pixmap", "pgm": "image/x-portable-graymap",
    "pbm": "image/x-portable-bitmap", "pnm": "image/x-portable-anymap", "hdr": "image/vnd.radiance",
    "dng": "image/x-adobe-dng", "cr2": "image/x-canon-cr2", "cr3": "image/x-canon-cr3", "crw": "image/x-canon-crw",
    "nef": "image/x-nikon-nef", "nrw": "image/x-nikon-nrw", "arw": "image/x-sony-arw", "sr2": "image/x-sony-sr2",
    "srf": "image/x-sony-srf", "orf": "image/x-olympus-orf", "ori": "image/x-olympus-orf",
    "rw2": "image/x-panasonic-rw2", "rwl": "image/x-leica-rwl", "raf": "image/x-fuji-raf",
    "pef": "image/x-pentax-pef", "srw": "image/x-samsung-srw", "3fr": "image/x-hasselblad-3fr",
    "fff": "image/x-hasselblad-fff", "iiq": "image/x-phaseone-iiq", "kdc": "image/x-kodak-kdc",
    "dcr": "image/x-kodak-dcr", "k25": "image/x-kodak-k25", "mef": "image/x-mamiya-mef", "mos": "image/x-leaf-mos",
    "erf": "image/x-epson-erf", "mrw": "image/x-minolta-mrw", "x3f": "image/x-sigma-x3f",
    "gpr": "image/x-gopro-gpr",
    "mp4": "video/mp4", "m4v": "video/x-m4v", "mov": "video/quicktime", "qt": "video/quicktime",
    "mkv": "video/x-matroska", "webm": "video/webm", "avi": "video/x-msvideo", "mpg": "video/mpeg",
    "mpeg": "video/mpeg", "vob": "video/mpeg", "m2v": "video/mpeg", "ts": "video/mp2t", "mts": "video/mp2t",
    "m2ts": "video/mp2t", "3gp": "video/3gpp", "3g2": "video/3gpp2", "flv": "video/x-flv", "f4v": "video/mp4",
    "wmv": "video/x-ms-wmv", "asf": "video/x-ms-asf", "ogv": "video/ogg", "mxf": "application/mxf",
    "rm": "application/vnd.rn-realmedia", "rmvb": "application/vnd.rn-realmedia",
    "m3u8": "application/vnd.apple.mpegurl", "dv": "video/x-dv", "mj2": "video/mj2",
    "mp3": "audio/mpeg", "mp2": "audio/mpeg", "m4a": "audio/mp4", "m4b": "audio/mp4", "aac": "audio/aac",
    "flac": "audio/flac", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/opus", "wav": "audio/x-wav",
    "aif": "audio/aiff", "aiff": "audio/aiff", "aifc": "audio/aiff", "wma": "audio/x-ms-wma", "amr": "audio/amr",
    "ape": "audio/x-ape", "wv": "audio/x-wavpack", "mpc": "audio/x-musepack", "tta": "audio/x-tta",
    "mid": "audio/midi", "midi": "audio/midi", "ac3": "audio/ac3",
    "caf": "audio/x-caf", "dsf": "audio/x-dsf", "mka": "audio/x-matroska", "au": "audio/basic",
    **PICTURES_BY_EXTENSION, **MEDIA_BY_EXTENSION,
    **UNREAD_DOCUMENTS_BY_EXTENSION,
    **DOCUMENTS_BY_EXTENSION, **TEXTS_BY_EXTENSION, **ARCHIVES_BY_EXTENSION, **MAILS_BY_EXTENSION,
    **FONTS_BY_EXTENSION,
}  # fmt: skip

_MEDIA_OF = MEDIA_KINDS | {
    TNEF: "document",
    "application/mxf": "video",
    "application/vnd.rn-realmedia": "video",
    "application/vnd.apple.mpegurl": "video",
    "application/x-ole-storage": "other",
    **dict.fromkeys(PICTURES_OF_OTHER_FAMILIES, "image"),
}

_ARCHIVES = frozenset(ARCHIVES_BY_EXTENSION.values())

# Containers whose first bytes say less than the name: a name may choose among these, but not leave them.
_REFINED_BY_NAME: dict[str, tuple[str, ...]] = {
    "image/tiff": (
        "image/x-adobe-dng", "image/x-canon-cr2", "image/x-nikon-nef", "image/x-nikon-nrw", "image/x-sony-arw",
        "image/x-sony-sr2", "image/x-sony-srf", "image/x-olympus-orf", "image/x-pentax-pef",
        "image/x-samsung-srw", "image/x-hasselblad-3fr", "image/x-hasselblad-fff", "image/x-phaseone-iiq",
        "image/x-kodak-kdc", "image/x-kodak-dcr", "image/x-kodak-k25", "image/x-mamiya-mef", "image/x-leaf-mos",
        "image/x-epson-erf", "image/x-gopro-gpr", "image/x-panasonic-rw2", "image/x-leica-rwl",
    ),
    "image/x-panasonic-rw2": ("image/x-leica-rwl",),
    "image/heif": ("image/heic", "image/avif"),
    "image/heif-sequence": ("image/heic", "image/heic-sequence"),
    "video/mp4": ("audio/mp4", "video/x-m4v", "video/quicktime", "video/3gpp", "video/3gpp2"),
    "video/x-ms-wmv": ("audio/x-ms-wma", "video/x-ms-asf"),
    "video/x-matroska": ("audio/x-matroska",),
    "audio/ogg": ("audio/opus", "video/ogg"),
}  # fmt: skip


def detect_media_type(head: bytes, key: str, hint: str | None = None) -> MediaType:
    """The type of a file by its first HEAD_BYTES bytes, then its name, then what the store claims."""
    told = named_content_type(key) or _clean(hint)
    believed = None if head and told in NAMED_LIKE_OTHERS else told
    content_type = _sniff(head, told) or believed or _OCTETS
    return MediaType(content_type, media_type_of(content_type))


def named_content_type(key: str) -> str | None:
    """The content type a name's extension stands for."""
    stem, extension = posixpath.splitext(key)
    found = _BY_EXTENSION.get(extension[1:].lower())
    return found or archive_of_part(stem, extension)


def media_type_of(content_type: str) -> str:
    """The vendor's word for a content type."""
    if content_type in _MEDIA_OF:
        return _MEDIA_OF[content_type]
    family = content_type.partition("/")[0]
    if family in ("image", "video", "audio"):
        return family
    if content_type in _ARCHIVES:
        return "archive"
    if family == "text" or content_type in _DOCUMENTS or is_zip_based(content_type):
        return "document"
    return "other"


_DOCUMENTS = frozenset(
    {
        *UNREAD_DOCUMENTS,
        *DOCUMENTS_BY_EXTENSION.values(),
        *TEXTS_BY_EXTENSION.values(),
        *MAILS_BY_EXTENSION.values(),
    }
)

_MAILS = frozenset(MAILS_BY_EXTENSION.values())


_LATE_PDF = re.compile(rb"(?:^(?:\xef\xbb\xbf)?|[\r\n])%PDF-\d\.\d\s[^\0]{0,1024}?\d+ \d+ obj\b")
_PDF_SIGN = b"%PDF-"
_JPEG = "image/jpeg"
_LATE_PDF_BYTES = 1024 + 1024
"""Readers take a header within the first 1,024 bytes (ISO 32000-1, implementation note 13)."""


def _sniff(head: bytes, named: str | None) -> str | None:
    worded = text_picture_type(head)
    if worded is not None:
        return worded
    found = _magic(head) or _container(head, named) or mail_type(head, named)
    if found in _MAILS:
        return found
    # To look for the sign by itself first costs a fiftieth.
    if found not in TEXTUAL and _PDF_SIGN in head and _LATE_PDF.search(head, 0, _LATE_PDF_BYTES):
        return "application/pdf"
    if found not in TEXTUAL and found != _JPEG and is_text(head):  # no text begins as a JPEG does
        # Words may begin like a sign ("MAC ", "BM"), but no file of such a format is text as a whole.
        signed = named is not None and (named in _DOCUMENTS or named in _ARCHIVES)
        return text_type(head, named, is_document=signed)
    if found is None:
        return "text/plain" if named is None and is_text_of_no_charset(head) else None
    if found == "application/gzip" and named == "image/svg+xml":
        return named  # .svgz: the same type with a content encoding (SVG 1.1 section 1.2)
    return named if named is not None and named in _REFINED_BY_NAME.get(found, ()) else found


def _magic(head: bytes) -> str | None:
    for offset, magic, content_type in _MAGIC_BY_FIRST_BYTE[head[0]] if head else ():
        if head.startswith(magic, offset):
            return content_type
    return None


_MAGIC_BY_FIRST_BYTE = tuple(
    tuple(sign for sign in _MAGIC if sign[0] or sign[1][0] == first) for first in range(256)
)
"""Those that can begin so, in the order of the table: a file is compared with some dozen signs, not with all."""


def _container(head: bytes, named: str | None) -> str | None:
    """Types told by a container's own header: ISO-BMFF brands, RIFF forms, EBML, Ogg, ZIP, BMP, MPEG."""
    picture = picture_type(head, named)
    if picture is not None:
        return picture
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head[:4] in FORMS:
        return FORMS[head[:4]].get(head[8:12])
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:4] == b"OggS":
        return _ogg(head)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _zip(head, named)
    if head[:2] == b"BM" and 12 <= int.from_bytes(head[14:18], "little") <= 255:
        return "image/bmp"
    if head[:4] == b"\0\0\1\0" and head[4:6] not in (b"", b"\0\0"):
        return "image/vnd.microsoft.icon"
    return _unmarked(head)


def _unmarked(head: bytes) -> str | None:
    """Formats without a magic number: QuickTime by its first atom, MPEG by its sync bytes."""
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return "video/quicktime"
    if any(
        head[at : at + 1] == head[at + size : at + size + 1] == b"\x47" for at, size in ((0, 188), (4, 192))
    ):
        return "video/mp2t"
    if len(head) > 1 and head[0] == 0xFF:
        return mpeg_audio_type(head)
    return _packed(head) or late_sign(head)


def _packed(head: bytes) -> str | None:
    """LATM by two frames in a row, and what packs files without a sign at its start."""
    if head[:1] == b"\x56" and head[1:2] and head[1] & 0xE0 == 0xE0:
        after = 3 + (int.from_bytes(head[1:3], "big") & 0x1FFF)
        if after + 1 < len(head) and head[after] == 0x56 and head[after + 1] & 0xE0 == 0xE0:
            return "audio/x-latm"
    if is_lzh(head):
        return "application/x-lzh-compressed"
    return "application/x-lzma" if is_lzma_alone(head) else None


def _brand(head: bytes) -> str:
    major = head[8:12]
    picture = heif_type(head)
    if picture is not None:
        return picture
    if major in _BRANDS:
        return _BRANDS[major]
    if major[:3] in (b"3gp", b"3gr", b"3gs", b"3ge"):
        return "video/3gpp"
    if major[:3] == b"3g2":
        return "video/3gpp2"
    return "video/mp4"


def _ogg(head: bytes) -> str:
    if b"OpusHead" in head[:128]:
        return "audio/opus"
    return "video/ogg" if b"theora" in head[:512] else "audio/ogg"


def _zip(head: bytes, named: str | None) -> str:
    """Packages by the name of their first entry, else by their own name."""
    drawing = drawing_in_zip(head)
    if drawing is not None:
        return drawing
    if head[30:38] == b"mimetype":
        declared = head[38:138].split(b"PK", 1)[0].decode("ascii", "replace").strip("\0 \r\n")
        if declared in _DOCUMENTS:
            return declared
    if named is not None and (is_zip_based(named) or named in _ZIP_ARCHIVES):
        return named
    return "application/zip"


_ZIP_ARCHIVES = ("application/java-archive", "application/vnd.android.package-archive")


def _clean(hint: str | None) -> str | None:
    if not hint:
        return None
    content_type = hint.partition(";")[0].strip().lower()
    return None if content_type in ("", _OCTETS, "binary/octet-stream") else content_type
