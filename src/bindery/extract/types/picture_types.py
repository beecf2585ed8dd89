"""Names and signs of pictures, for ``media_types.py``: what Pillow reads, what has a size in a plain header, and what
is only known by its first bytes.

Source: the formats' own specifications; names of types without a registration are those of freedesktop's
shared-mime-info, or of exiftool.
"""

from __future__ import annotations

import math
import re
import struct

PICTURES_BY_EXTENSION = {
    "exr": "image/x-exr", "dds": "image/vnd.ms-dds", "sgi": "image/x-sgi", "icns": "image/icns",
    "xcf": "image/x-xcf", "fits": "image/fits", "fts": "image/fits", "dpx": "image/x-dpx",
    "pcd": "image/x-photo-cd", "djvu": "image/vnd.djvu", "djv": "image/vnd.djvu", "bpg": "image/bpg",
    "flif": "image/flif", "miff": "image/x-miff", "dcm": "application/dicom", "dicom": "application/dicom",
    "psb": "image/vnd.adobe.photoshop", "pam": "image/x-portable-arbitrarymap",
    "xpm": "image/x-xpixmap", "xbm": "image/x-xbitmap",
    "wbmp": "image/vnd.wap.wbmp", "jng": "image/x-jng", "dcx": "image/x-dcx", "ras": "image/x-sun-raster",
    "pict": "image/x-pict", "pct": "image/x-pict", "fpx": "image/vnd.fpx", "farbfeld": "image/x-farbfeld",
    "ilbm": "image/x-ilbm", "lbm": "image/x-ilbm", "psp": "image/x-paintshoppro",
    "pspimage": "image/x-paintshoppro", "wmf": "image/wmf", "emf": "image/emf", "ktx": "image/ktx",
    "ktx2": "image/ktx2", "astc": "image/astc", "vtf": "image/x-vtf", "blp": "image/x-blp",
    "pxr": "image/x-pixar", "jxr": "image/vnd.ms-photo", "wdp": "image/vnd.ms-photo",
    "hdp": "image/vnd.ms-photo", "jpx": "image/jpx", "jpf": "image/jpx", "jpm": "image/jpm", "jph": "image/jph",
    "j2k": "image/x-jp2-codestream", "j2c": "image/x-jp2-codestream", "jpc": "image/x-jp2-codestream",
    "avci": "image/avci", "avcs": "image/avcs", "heics": "image/heic-sequence", "heifs": "image/heif-sequence",
    "avifs": "image/avif", "qoi": "image/qoi", "svgz": "image/svg+xml", "jls": "image/jls",
    "jb2": "image/x-jbig2", "jbig2": "image/x-jbig2", "xvthumb": "image/x-xvthumb", "pgx": "image/x-pgx",
    "exv": "image/x-exv", "mie": "application/x-mie", "pgf": "image/pgf", "dib": "image/bmp",
    "grib": "application/x-grib", "grb": "application/x-grib", "grib2": "application/x-grib",
    "grb2": "application/x-grib", "qtif": "image/x-quicktime", "qif": "image/x-quicktime", "qti": "image/x-quicktime",
}  # fmt: skip
"""Besides those that ``media_types.py`` has."""

RAW_TYPES = frozenset(
    {
        "image/x-adobe-dng", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-canon-crw", "image/x-nikon-nef",
        "image/x-nikon-nrw", "image/x-sony-arw", "image/x-sony-sr2", "image/x-sony-srf", "image/x-olympus-orf",
        "image/x-panasonic-rw2", "image/x-leica-rwl", "image/x-fuji-raf", "image/x-pentax-pef",
        "image/x-samsung-srw", "image/x-hasselblad-3fr", "image/x-hasselblad-fff", "image/x-phaseone-iiq",
        "image/x-kodak-kdc", "image/x-kodak-dcr", "image/x-kodak-k25", "image/x-mamiya-mef", "image/x-leaf-mos",
        "image/x-epson-erf", "image/x-minolta-mrw", "image/x-sigma-x3f", "image/x-gopro-gpr",
    }
)  # fmt: skip
"""Camera raws."""

PICTURES_OF_OTHER_FAMILIES = frozenset({"application/dicom", "application/x-mie", "application/x-grib"})
"""Types of pictures that are not named ``image/…``."""

_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x76\x2f\x31\x01", "image/x-exr"),
    (0, b"DDS \x7c\0\0\0", "image/vnd.ms-dds"),
    (0, b"icns\0", "image/icns"),
    (0, b"gimp xcf ", "image/x-xcf"),
    (0, b"SDPX", "image/x-dpx"),
    (0, b"XPDS", "image/x-dpx"),
    (0, b"\x80\x2a\x5f\xd7", "image/cineon"),
    (0, b"\xd7\x5f\x2a\x80", "image/cineon"),
    (2048, b"PCD_IPI", "image/x-photo-cd"),
    (0, b"BPG\xfb", "image/bpg"),
    (0, b"FLIF", "image/flif"),
    (128, b"DICM", "application/dicom"),
    (0, b"\x8bJNG\r\n\x1a\n", "image/x-jng"),
    (0, b"\xb1\x68\xde\x3a", "image/x-dcx"),
    (0, b"\x59\xa6\x6a\x95", "image/x-sun-raster"),
    (0, b"farbfeld", "image/x-farbfeld"),
    (0, b"Paint Shop Pro Image File\n\x1a", "image/x-paintshoppro"),
    (0, b"\xd7\xcd\xc6\x9a\0\0", "image/wmf"),
    (0, b"\x01\0\x09\0\0\x03", "image/wmf"),
    (40, b" EMF", "image/emf"),
    (0, b"\xabKTX 11\xbb\r\n\x1a\n", "image/ktx"),
    (0, b"\xabKTX 20\xbb\r\n\x1a\n", "image/ktx2"),
    (0, b"\x13\xab\xa1\x5c", "image/astc"),
    (0, b"VTF\0", "image/x-vtf"),
    (0, b"BLP1", "image/x-blp"),
    (0, b"BLP2", "image/x-blp"),
    (0, b"FTEX", "image/x-ftex"),
    (20, b"GIMP", "image/x-gimp-gbr"),
    (0, b"DanM", "image/x-msp"),
    (0, b"LinS", "image/x-msp"),
    (0, b"\x80\xe8\0\0", "image/x-pixar"),
    (0, b"\x97JB2\r\n\x1a\n", "image/x-jbig2"),
    (0, b"P7 332", "image/x-xvthumb"),
    (0, b"\0\0\0\0\0\0\0\4", "image/x-mcidas"),
    (0, b"PGF6", "image/pgf"),
    (0, b"PGF5", "image/pgf"),
    (0, b"PGF4", "image/pgf"),
    (208, b"MAP ", "image/x-mrc"),
    (0, b"ZISRAWFILE", "image/x-zeiss-czi"),
    (0, b"\x89LFP\r\n\x1a\n", "image/x-lytro-lfp"),
    (0, b"FPF Public Image Format", "image/x-flir-fpf"),
    (0, b"FFF\0", "image/x-flir-fff"),
    (0, b"AFF\0", "image/x-flir-fff"),
    (0, b"CSFCHUNK", "image/x-clip-studio"),
    (0, b"\0\xff\x4b\x41", "image/x-affinity"),
    (0, b"PDN3", "image/x-paintnet"),
    (0, b"EP*\0", "image/vnd.ms-modi"),
    (0, b"\xff\xa0\xff\xa4", "image/x-wsq"),
    (0, b"\xff\x01Exiv2", "image/x-exv"),
    (25, b"ARECOYK", "image/x-kyocera-raw"),
)
TGA_FOOTER = b"TRUEVISION-XFILE.\0"
"""What TGA 2.0 ends with."""
_NUMBER = rb"(?:\s|#[^\r\n]*[\r\n])+\d{1,10}"
_PORTABLE = re.compile(rb"P([1-6])" + 2 * _NUMBER + rb"[\s#]")
_LONG_COMMENT = re.compile(rb"P([1-6])\s*#[^\r\n]*\Z")
_PORTABLE_TYPES = ("bitmap", "graymap", "pixmap")
_TEXT_SIGNS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"SIMPLE {2,}= +[TF]"), "image/fits"),
    (re.compile(rb"#\?(?:RADIANCE|RGBE)[\r\n]"), "image/vnd.radiance"),
    (re.compile(rb"/\* XPM \*/"), "image/x-xpixmap"),
    (re.compile(rb"! XPM2\s"), "image/x-xpixmap"),
    (re.compile(rb"(?:\s|/\*.{0,256}?\*/)*#define[ \t]+\S*_width[ \t]+\d+\s+#define[ \t]+\S*_height[ \t]+\d+", re.S),
     "image/x-xbitmap"),
    (re.compile(rb"P7\s[^\0]*?WIDTH\s", re.S), "image/x-portable-arbitrarymap"),
    (re.compile(rb"(?:PF4?|Pf|PH|Ph)\s+\d{1,9}\s+\d{1,9}\s+-?\d+(?:\.\d+)?"), "image/x-portable-floatmap"),
    (re.compile(rb"(?:\{[^}]{0,2048}\}\s*)?[iI]d=ImageMagick\s"), "image/x-miff"),
    (re.compile(rb"PG (?:ML|LM) [+-]? ?\d+ \d+ \d+\s"), "image/x-pgx"),
    (re.compile(rb"(?:\*[^\n]{0,256}\n){0,64}width \d{1,6}\nheight \d{1,6}\n"), "image/x-imt"),
    (re.compile(rb"Image type: [\x20-\x7e]{1,64}\r\n"), "image/x-im"),
)  # fmt: skip
_TEXT_STARTS = frozenset(bytes((byte,)) for byte in b"SP#/!{iI*w \t\r\n")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SVG_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>)*<(?:\w+:)?svg[\s>/]",
    re.S,
)
_IFF_PICTURES = frozenset((b"ILBM", b"PBM ", b"ACBM", b"RGBN", b"RGB8", b"DEEP"))
_OS2_BITMAPS = (b"BA", b"CI", b"IC", b"CP", b"PT")
_DRAWINGS_IN_ZIP = (b"application/x-krita", b"image/openraster")

_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"hevc": "image/heic-sequence", b"hevx": "image/heic-sequence", b"hevm": "image/heic-sequence",
    b"hevs": "image/heic-sequence", b"avif": "image/avif", b"avis": "image/avif", b"avio": "image/avif",
    b"avci": "image/avci", b"avcs": "image/avcs", b"vvic": "image/vvic", b"vvis": "image/vvic",
    b"evbi": "image/evb", b"evbs": "image/evb", b"j2ki": "image/hej2k", b"j2is": "image/hej2k",
    b"jpeg": "image/heif", b"jpgs": "image/heif-sequence", b"unif": "image/heif",
    b"mif1": "image/heif", b"mif2": "image/heif", b"mif3": "image/heif", b"miaf": "image/heif",
    b"msf1": "image/heif-sequence", b"crx ": "image/x-canon-cr3",
}  # fmt: skip
"""Brands of ISO/IEC 23008-12 and of the codecs' own: AV1, AVC, HEVC, VVC, EVC, JPEG 2000, JPEG."""
_STRUCTURAL = frozenset((b"mif1", b"mif2", b"mif3", b"miaf", b"msf1", b"jpeg", b"unif"))
"""Those that do not say how the picture is coded."""
_SURE_OF_OTHERS = frozenset((b"heic", b"heix", b"avif", b"crx "))
"""Brands that tell a picture also in a file whose major brand is one of films."""
_JPEG_2000 = b"\0\0\0\x0cjP  \r\n\x87\n"
_JP2_BRANDS = {b"jpx ": "image/jpx", b"jpxb": "image/jpx", b"jpm ": "image/jpm", b"jph ": "image/jph"}


def picture_type(head: bytes, named: str | None) -> str | None:
    """The type of a picture whose first bytes, of which there is no text in every case, are a sign."""
    for offset, sign, content_type in _SIGNS:
        if head.startswith(sign, offset):
            return content_type
    if head[:4] == b"FORM" and head[8:12] in _IFF_PICTURES:
        return "image/x-ilbm"
    if head[:8] == b"AT&TFORM" and head[12:15] == b"DJV":
        return "image/vnd.djvu"
    if head.startswith(_JPEG_2000):
        return _JP2_BRANDS.get(head[20:24], "image/jp2")
    return _weak_type(head) or _quickdraw(head, named)


def _weak_type(head: bytes) -> str | None:
    """By short signs, with what must stand behind them."""
    if head[:2] == b"\x01\xda" and head[2:3] in (b"\0", b"\1") and head[3:4] in (b"\1", b"\2"):
        return "image/x-sgi"
    if head[:4] == b"\0\0\2\0" and head[4:6] not in (b"", b"\0\0") and head[9:10] == b"\0":
        return "image/vnd.microsoft.icon"
    if head[:2] in _OS2_BITMAPS and _is_os2(head):
        return "image/bmp"
    if head[:1] == b"\x0a" and head[1:2] in (b"\0", b"\2", b"\3", b"\4", b"\5") and _is_pcx(head):
        return "image/x-pcx"
    if head[:4] == b"GRIB" and head[7:8] in (b"\1", b"\2"):
        return "application/x-grib"
    if head[4:8] == b"0MIE" and head[:3] in (b"~\x10\x04", b"~\x18\x04"):
        return "application/x-mie"
    if head[4:8] in (b"idsc", b"idat") and head[:2] in (b"\0\0", b"\0\1"):
        return "image/x-quicktime"
    if is_headless_bitmap(head):
        return "image/bmp"
    if is_sony_pmp(head):
        return "image/x-sony-pmp"
    return "image/x-spider" if spider_order(head) else None


def is_headless_bitmap(head: bytes) -> bool:
    """A bitmap of Windows without the header of a file, as programs pass them to each other."""
    if len(head) < 40 or head[:4] not in _DIB_HEADERS or head[12:14] != b"\1\0":
        return False
    width, height = struct.unpack_from("<ii", head, 4)
    bits, packing = head[14] | head[15] << 8, int.from_bytes(head[16:20], "little")
    return (
        0 < width < 1 << 16 and 0 < abs(height) < 1 << 16 and bits in (1, 4, 8, 16, 24, 32) and packing < 7
    )


_DIB_HEADERS = tuple(bytes((size, 0, 0, 0)) for size in (40, 52, 56, 64, 108, 124))


def is_sony_pmp(head: bytes) -> bool:
    """Sony's first digital camera put 124 bytes before a JPEG."""
    return head[8:12] == b"\0\0\0\x7c" and head.startswith(b"\xff\xd8\xff", 124)


def is_tga_header(head: bytes) -> bool:
    """Whether these could be the 18 bytes that a TGA begins with."""
    if len(head) < 18 or head[1] > 1 or head[2] not in (1, 2, 3, 9, 10, 11, 32, 33):
        return False
    mapped = head[2] in (1, 9, 32, 33)
    if mapped and not (head[1] == 1 and head[7] in (15, 16, 24, 32)):
        return False
    return head[16] in (8, 15, 16, 24, 32) and head[12:14] != b"\0\0" and head[14:16] != b"\0\0"


def spider_order(head: bytes) -> str:
    """The byte order of a SPIDER header, as ``struct`` writes it; empty when this is none.

    It has no sign, but numbers that must be whole, a type out of six, and a length that two others give.
    """
    if len(head) < 92:
        return ""
    for order in "><":
        numbers = struct.unpack_from(order + "23f", head)
        needed = [numbers[at] for at in (0, 1, 4, 11, 12, 21, 22)]
        if all(math.isfinite(number) and number == int(number) for number in needed):
            _, _, kind, _, records, length, record = map(int, needed)
            if kind in _SPIDER_TYPES and records > 0 and length == records * record > 0:
                return order
    return ""


_SPIDER_TYPES = (1, 3, -11, -12, -21, -22)


def text_picture_type(head: bytes) -> str | None:
    """The type of a picture that begins with text, or is text altogether."""
    if head[:2] in _WIDE_MARKS:
        wide = head[: len(head) & ~1].decode("utf-16", "replace").encode("utf-8", "replace")
        return "image/svg+xml" if _SVG_ROOT.match(wide) else None
    if head[:1] not in _TEXT_STARTS:
        return None
    match = _PORTABLE.match(head) or _LONG_COMMENT.match(head)
    if match is not None:
        return f"image/x-portable-{_PORTABLE_TYPES[(int(match[1]) - 1) % 3]}"
    for sign, content_type in _TEXT_SIGNS:
        if sign.match(head):
            return content_type
    return None


def heif_type(head: bytes) -> str | None:
    """The type of a file whose brands say it is a picture of ISO/IEC 23008-12; None for films and others."""
    major = head[8:12]
    end = min(int.from_bytes(head[:4], "big"), len(head), 256)
    compatible = [head[at : at + 4] for at in range(16, end, 4)]
    if major == b"mif3":
        compatible.insert(0, head[12:16])  # the brand of the codec stands where others have a version
    if major in _STRUCTURAL or (major not in _BRANDS and any(brand in _STRUCTURAL for brand in compatible)):
        if major not in _STRUCTURAL and _is_film(major):
            return _sure(compatible)
        told = next((brand for brand in compatible if brand in _BRANDS and brand not in _STRUCTURAL), None)
        if told is not None:
            return _BRANDS[told]
        return "image/heif-sequence" if major == b"msf1" else "image/heif"
    return _BRANDS.get(major) or _sure(compatible)


def drawing_in_zip(head: bytes) -> str | None:
    """The type that the first entry of a ZIP tells, for packages of drawing programs."""
    if head[30:38] != b"mimetype":
        return None
    return next((kind.decode() for kind in _DRAWINGS_IN_ZIP if head.startswith(kind, 38)), None)


def _sure(compatible: list[bytes]) -> str | None:
    return next((_BRANDS[brand] for brand in compatible if brand in _SURE_OF_OTHERS), None)


def _is_film(brand: bytes) -> bool:
    return brand.startswith((b"iso", b"mp4", b"M4", b"qt", b"3g", b"avc1", b"dash", b"F4V", b"MSNV"))


def _is_os2(head: bytes) -> bool:
    """An array of bitmaps, or an icon or pointer, whose first header has one of the known sizes."""
    at = 14 if head[:2] == b"BA" else 0
    if at and head[at : at + 2] not in (b"BM", *_OS2_BITMAPS):
        return False
    return int.from_bytes(head[at + 14 : at + 18], "little") in (12, 16, 24, 32, 36, 40, 48, 64)


def _is_pcx(head: bytes) -> bool:
    if (
        head[2:3] not in (b"\0", b"\1")
        or head[3:4] not in (b"\1", b"\2", b"\4", b"\x08")
        or len(head) < 128
    ):
        return False
    left, top, right, bottom = (int.from_bytes(head[at : at + 2], "little") for at in (4, 6, 8, 10))
    return left <= right and top <= bottom and head[64] == 0 and 1 <= head[65] <= 4


def _quickdraw(head: bytes, named: str | None) -> str | None:
    """PICT, behind the 512 bytes that programs keep before it; those and what follows are no strong sign."""
    version = head[522:526]
    if b"\0\x11\x02\xff" in (version, head[10:14]) or (
        version[:2] == b"\x11\x01" and named == "image/x-pict"
    ):
        return "image/x-pict"
    return None
