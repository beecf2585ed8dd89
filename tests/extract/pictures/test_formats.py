"""Pictures of less usual formats: known by their first bytes alone, and read for their size.

Each file is written by hand from its specification, has no extension, and is 40 pixels wide and 30 high.
"""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.extract.document_samples import make_compound
from tests.extract.picture_samples import box, exif_block, exif_of, extract_path, reader_of

from bindery.extract.notes import Note
from bindery.extract.pictures.image import _read
from bindery.extract.pictures.picture import NotPicture, Picture

LE, BE = struct.pack("<II", 40, 30), struct.pack(">II", 40, 30)
WINDOW = struct.pack("<4i", 10, 20, 49, 49)


def exr_attribute(name: bytes, kind: bytes, value: bytes) -> bytes:
    return name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value


def fits(*cards: str) -> bytes:
    return "".join(card.ljust(80) for card in (*cards, "END")).ljust(2880).encode()


def dicom(syntax: bytes, *elements: bytes) -> bytes:
    head = bytes(128) + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, 26)
    return head + struct.pack("<HH2sH", 2, 0x10, b"UI", len(syntax)) + syntax + b"".join(elements)


def explicit(group: int, element: int, kind: bytes, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH2sH", group, element, kind, len(value)) + value


def implicit(group: int, element: int, value: bytes) -> bytes:
    return struct.pack("<HHI", group, element, len(value)) + value


SEQUENCE = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + explicit(8, 0x1150, b"UI", b"1.2\0")
ENDS = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
PCX = b"\x0a\5\1\x08" + struct.pack("<4H", 1, 2, 40, 31) + bytes(52) + b"\0\1" + bytes(62)
SPIDER = struct.pack(">23f", 1, 30, 30, 0, 1, 0, 0, 0, 0, 0, 0, 40, 7, *[0] * 8, 1120, 160)
OS2 = struct.pack("<2sIHHIIHHHH", b"BM", 26, 0, 0, 26, 12, 40, 30, 1, 8)
OS2_ICON = struct.pack("<2sIHHIIIIHH", b"CI", 26, 0, 0, 26, 40, 40, 60, 1, 1)
TGA = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 40, 30, 24, 0)

FILES = {
    "image/x-exr": b"\x76\x2f\x31\x01\2\0\0\0"
    + exr_attribute(b"channels", b"chlist", b"R\0" + bytes(16) + b"\0")
    + exr_attribute(b"displayWindow", b"box2i", struct.pack("<4i", 0, 0, 99, 99))
    + exr_attribute(b"dataWindow", b"box2i", WINDOW)
    + b"\0",
    "image/vnd.ms-dds": b"DDS " + struct.pack("<IIII", 124, 7, 30, 40) + bytes(112),
    "image/x-sgi": b"\1\xda\1\1" + struct.pack(">HHHH", 3, 40, 30, 3) + bytes(500),
    "image/x-xcf": b"gimp xcf v001\0" + BE + bytes(20),
    "image/x-dpx": (b"SDPX" + bytes(768)) + BE + bytes(100),
    "image/cineon": (b"\x80\x2a\x5f\xd7" + bytes(196)) + BE + bytes(100),
    "image/x-sun-raster": b"\x59\xa6\x6a\x95" + BE + bytes(20),
    "image/x-farbfeld": b"farbfeld" + BE,
    "image/x-jng": b"\x8bJNG\r\n\x1a\n" + struct.pack(">I4s", 16, b"JHDR") + BE + bytes(12),
    "image/ktx2": b"\xabKTX 20\xbb\r\n\x1a\n" + struct.pack("<II", 37, 1) + LE + bytes(20),
    "image/ktx": b"\xabKTX 11\xbb\r\n\x1a\n\1\2\3\4" + bytes(20) + LE,
    "image/x-vtf": b"VTF\0" + struct.pack("<III", 7, 2, 80) + struct.pack("<HH", 40, 30),
    "image/x-pcx": PCX,
    "image/x-dcx": b"\xb1\x68\xde\x3a" + struct.pack("<II", 4100, 0) + bytes(4088) + PCX,
    "image/bpg": b"BPG\xfb\x20\0" + bytes((40, 30)) + b"\0",
    "image/flif": b"FLIF31" + bytes((39, 29)) + b"\0",
    "image/vnd.djvu": b"AT&TFORM\0\0\0\x20DJVUINFO\0\0\0\x0a" + struct.pack(">HH", 40, 30) + bytes(6),
    "image/x-ilbm": b"FORM\0\0\0\x30ILBMANNO\0\0\0\1a\0BMHD\0\0\0\x14"
    + struct.pack(">HH", 40, 30)
    + bytes(16),
    "image/x-pict": bytes(512)
    + struct.pack(">H4h", 0, 5, 5, 35, 45)
    + b"\0\x11\x02\xff\x0c\0\xff\xff"
    + bytes(20),
    "image/x-paintshoppro": b"Paint Shop Pro Image File\n\x1a\0\0\0\0\0"
    + struct.pack("<HH4sHII", 5, 0, b"~BK\0", 0, 46, 46)
    + LE,
    "image/wmf": b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<4hH", 0, 0, 400, 300, 720) + bytes(6),
    "image/emf": struct.pack("<II4i4i", 1, 88, 5, 5, 45, 35, 0, 0, 0, 0) + b" EMF" + bytes(44),
    "image/astc": b"\x13\xab\xa1\x5c\4\4\1" + b"\x28\0\0\x1e\0\0\1\0\0",
    "image/x-mrc": LE + bytes(200) + b"MAP " + bytes(100),
    "image/x-spider": SPIDER + bytes(100),
    "image/bmp": struct.pack("<2sIIHH", b"BA", 40, 0, 0, 0) + OS2,
    "image/vnd.radiance": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=1\n\n-Y 30 +X 40\n\2\2\0\4",
    "image/fits": fits("SIMPLE  =                    T", "NAXIS   = 2", "NAXIS1  = 40", "NAXIS2  = 30"),
    "image/x-xpixmap": b'/* XPM */\nstatic char *a[] = {\n/* w h */\n"40 30 2 1",\n"a c #000"',
    "image/x-xbitmap": b"/* a */\n#define a_width 40\n#define a_height 30\nstatic char a_bits[] = { 0x00",
    "image/x-miff": b"{a comment}\nid=ImageMagick\nclass=DirectClass  columns=40  rows=30\n:\x1a\xff",
    "image/x-portable-arbitrarymap": b"P7\nWIDTH 40\nHEIGHT 30\nDEPTH 1\nMAXVAL 1\nTUPLTYPE GRAYSCALE\nENDHDR\n\1",
    "image/x-portable-floatmap": b"PF\n40 30\n-1.0\n\x80",
    "image/x-portable-graymap": b"P5\n# made by hand\n40\n# and again\n30 255\n\xff",
    "image/x-portable-pixmap": b"P3 40 30 255 1 2 3",
    "image/x-portable-bitmap": b"P4 40 30\n\xff",
    "image/x-pgx": b"PG ML + 8 40 30\n\xff",
    "application/dicom": dicom(
        b"1.2.840.10008.1.2.1\0",
        SEQUENCE + ITEM + ENDS,
        explicit(0x28, 0x10, b"US", struct.pack("<H", 30)),
        explicit(0x28, 0x11, b"US", struct.pack("<H", 40)),
    ),
}
OTHERS = {
    "big-endian DPX": b"XPDS" + bytes(768) + LE,
    "OS/2 icon": OS2_ICON + bytes(40),
    "compressed FITS": fits("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0")
    + fits(
        "XTENSION= 'BINTABLE'", "NAXIS   = 2", "NAXIS1  = 8", "NAXIS2  = 30", "ZNAXIS1 = 40", "ZNAXIS2 = 30"
    ),
    "columns first": b"#?RGBE\r\n\r\n+X 40 -Y 30\r\n",
    "PICT without its 512 bytes": struct.pack(">H4h", 0, 5, 5, 35, 45)
    + b"\0\x11\x02\xff\x0c\0\xff\xff"
    + bytes(520),
    "PICT of 144 dots an inch": bytes(512)
    + struct.pack(">H4h", 0, 0, 0, 15, 20)
    + b"\0\x11\x02\xff\x0c\0\xff\xfe\0\0"
    + struct.pack(">II", 144 << 16, 144 << 16)
    + bytes(20),
    "DjVu of several pages": b"AT&TFORM\0\0\0\x40DJVMDIRM\0\0\0\1a\0FORM\0\0\0\x1aDJVUINFO\0\0\0\x0a"
    + struct.pack(">HH", 40, 30)
    + bytes(6),
    "implicit DICOM": dicom(
        b"1.2.840.10008.1.2\0",
        implicit(0x28, 0x10, struct.pack("<H", 30)),
        implicit(0x28, 0x11, struct.pack("<H", 40)),
    ),
    "big-endian DICOM": dicom(
        b"1.2.840.10008.1.2.2\0",
        explicit(0x28, 0x10, b"US", struct.pack(">H", 30), ">"),
        explicit(0x28, 0x11, b"US", struct.pack(">H", 40), ">"),
    ),
    "TGA with its footer": TGA + bytes(3600) + bytes(8) + b"TRUEVISION-XFILE.\0",
    "PNM with a long comment": b"P6\n#" + b"c" * 100_000 + b"\n40 30\n255\n\xff",
}


@pytest.mark.parametrize("content_type", FILES)
def test_the_first_bytes_alone_tell_type_and_size(content_type: str, tmp_path: Path) -> None:
    (path := tmp_path / "object").write_bytes(FILES[content_type])
    extraction = extract_path(path)
    file = extraction.file
    assert (extraction.failure, file.extraction_notes) == (None, None)
    assert (file.content_type, file.media_type) == (content_type, "image")
    assert (file.image_width, file.image_height) == (40, 30)


@pytest.mark.parametrize("name", OTHERS)
def test_other_forms(name: str, tmp_path: Path) -> None:
    (path := tmp_path / "object").write_bytes(OTHERS[name])
    file = extract_path(path).file
    assert (file.media_type, file.image_width, file.image_height) == ("image", 40, 30)


@pytest.mark.parametrize(
    ("stream", "content_type"),
    [("Data Object Store 000001", "image/vnd.fpx"), ("0001.ACI", "image/x-mic")],
)
def test_pictures_in_compound_files_say_that_they_are_not_read(
    stream: str, content_type: str, tmp_path: Path
) -> None:
    (path := tmp_path / "object").write_bytes(make_compound({stream: b"data" * 2000}))
    extraction = extract_path(path)
    assert (extraction.failure, extraction.file.content_type) == (None, content_type)
    (told,) = extraction.file.extraction_notes or ()
    assert told.startswith(f"{Note.NOT_READ}: ")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "form", ["SGI", "DDS", "ICNS", "PPM", "PCX", "IM", "MSP", "SPIDER", "XBM", "QOI", "TGA"]
)
def test_what_pillow_writes_without_a_name_is_a_picture_of_its_size(form: str, tmp_path: Path) -> None:
    mode = {"MSP": "1", "SPIDER": "F", "XBM": "1"}.get(form, "RGB")
    target = io.BytesIO()
    Image.new(mode, (64, 64) if form == "ICNS" else (40, 30)).save(target, form)
    (path := tmp_path / "object").write_bytes(target.getvalue())
    file = extract_path(path).file
    # Pillow adds enlarged icons, the largest of 1024 pixels.
    expected = (1024, 1024) if form == "ICNS" else (40, 30)
    assert (file.media_type, file.image_width, file.image_height) == ("image", *expected)


@pytest.mark.parametrize(
    "sign",
    [
        b"CSFCHUNK" + bytes(60),
        b"PDN3" + bytes(60),
        b"ZISRAWFILE" + bytes(60),
        b"\x89LFP\r\n\x1a\n" + bytes(60),
    ],
)
def test_what_is_known_and_not_read_says_so(sign: bytes, tmp_path: Path) -> None:
    (path := tmp_path / "object").write_bytes(sign)
    extraction = extract_path(path)
    assert (extraction.failure, extraction.file.media_type) == (None, "image")
    (told,) = extraction.file.extraction_notes or ()
    assert told.startswith(f"{Note.NOT_READ}: ")


@pytest.mark.parametrize(
    "text", [b"P5 and P6 are parks.", b"#define WIDTH 3\n", b"BA in history", b"P7 of the file"]
)
def test_words_that_begin_like_a_picture_are_text(text: bytes, tmp_path: Path) -> None:
    (path := tmp_path / "object").write_bytes(text)
    assert extract_path(path).file.content_type == "text/plain"


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("a.wbmp", b"\0\0" + bytes((40, 30)) + bytes(5 * 30), (40, 30)),
        ("a.ppm", b"P5 40 30 255\n\xff", (40, 30)),
        ("a.tga", TGA + bytes(3600), (40, 30)),
    ],
)
def test_with_a_name(name: str, data: bytes, size: tuple[int, int], tmp_path: Path) -> None:
    (path := tmp_path / name).write_bytes(data)
    file = extract_path(path).file
    assert (file.image_width, file.image_height) == size
    assert name != "a.ppm" or file.content_type == "image/x-portable-graymap"


SVG = [
    # What is told, and what browsers make of it: CSS Images 3, default sizing.
    ('<svg width="50" viewBox="0 0 100 200">', (50, 100)),
    ('<svg height="50" viewBox="0 0 100 200">', (25, 50)),
    ('<svg width="1em" viewBox="0 0 512 512">', (16, 16)),
    ('<svg width="10em" height="2ex">', (160, 16)),
    ('<svg width="40Q" height="1in">', (38, 96)),
    ("<svg>", (300, 150)),
    ('<svg width="50">', (50, 150)),
    ('<svg width="50%" height="50%">', (300, 150)),
    ('<svg width="100%" height="100%" viewBox="0 0 64 48">', (64, 48)),
    ('<svg width="-1" height="2">', (300, 2)),
    ('<svg style="width: 20px; height:10px" width="5" height="5">', (20, 10)),
    ("<!--" + "x" * 10_000 + '--><svg width="10" height="20">', (10, 20)),
    (
        '<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]><svg xmlns="&ns;" width="33" height="44">',
        (33, 44),
    ),
    ('<svg width="0" height="10">', (None, None)),
]


@pytest.mark.parametrize(("text", "size"), SVG)
def test_svg_has_the_size_that_browsers_give_it(
    text: str, size: tuple[int | None, int | None], tmp_path: Path
) -> None:
    forms = {
        "a.svg": text.encode(),
        "le.svg": text.encode("utf-16"),
        "be.svg": b"\xfe\xff" + text.encode("utf-16-be"),
        "packed.svgz": gzip.compress(text.encode()),
    }
    for name, data in forms.items():
        (path := tmp_path / name).write_bytes(data)
        extraction = extract_path(path)
        assert (extraction.failure, extraction.file.content_type) == (None, "image/svg+xml"), name
        assert (extraction.file.image_width, extraction.file.image_height) == size, name


def test_title_and_metadata_of_a_drawing(tmp_path: Path) -> None:
    (path := tmp_path / "a.svg").write_text(
        '<svg width="4" height="3"><title>Plan</title><metadata><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<rdf:Description><dc:subject><rdf:Bag><rdf:li>house</rdf:li></rdf:Bag></dc:subject></rdf:Description>"
        "</rdf:RDF></metadata></svg>"
    )
    file = extract_path(path).file
    assert (file.title, (file.tags or {})["Keywords"]) == ("Plan", ("house",))


def test_the_low_overhead_form_of_heif(tmp_path: Path) -> None:
    """Fields of the box by hand: 200x100 turned by orientation 6, with EXIF."""
    block = exif_block()
    bits = "00" + "000000010" + "01" + "101" + "1" + f"{199:015b}" + f"{99:015b}"
    bits += "00" + "0"  # chroma, bit depth
    bits += "1" + "0" + "0" + "000" + f"{3:015b}" + "0" + f"{len(block) - 1:020b}"
    head = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    data = box(b"ftyp", b"mif3", b"avif") + box(b"mini", head, b"\1\2\3\4", block)
    (path := tmp_path / "object").write_bytes(data)
    extraction = extract_path(path)
    assert extraction.file.content_type == "image/avif"
    assert (extraction.file.image_width, extraction.file.image_height) == (100, 200)
    assert exif_of(extraction)["Model"] == "Lichtbild 3000"


@given(st.sampled_from([*FILES.values(), *OTHERS.values()]), st.data())
def test_damaged_headers_raise_only_what_is_expected(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 6))):
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    cut = bytes(damaged[: draw.draw(st.integers(0, len(damaged)))])
    picture = Picture()
    try:
        _read(reader_of(cut), picture)
    except (NotPicture, struct.error, StopIteration, IndexError, ValueError):
        return
    assert picture.width is None or picture.width > 0
