"""What formats besides JPEG and its kin tell of a picture: dates, camera, EXIF, XMP and IPTC in blocks of their own."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from tests.extract.document_samples import make_compound
from tests.extract.picture_samples import (
    ascii_text,
    double,
    exif_of,
    exif_segment,
    extract_path,
    jpeg_of,
    jpeg_segment,
    long,
    png_chunk,
    rational,
    short,
    tiff_bytes,
)
from tests.extract.pictures.test_formats import dicom, explicit, fits
from tests.extract.tags.test_iptc import block, resource
from tests.extract.tags.test_xmp import rdf

from bindery.file import File

EXIF = tiff_bytes(
    {0x010F: ascii_text("Canon"), 0x8769: {0x9003: ascii_text("2003:10:31 15:44:19"), 0x4746: short(3)}}
)
PACKET = rdf("<dc:title>Harbour</dc:title>")
NEWS = block((2, 25, b"ship"))


def attribute(name: str, kind: str, value: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<I", len(value)) + value


def number(value: float) -> bytes:
    return struct.pack("<f", value)


def exr(*attributes: bytes) -> bytes:
    window = attribute("dataWindow", "box2i", struct.pack("<4i", 0, 0, 39, 29))
    return b"\x76\x2f\x31\x01\2\0\0\0" + b"".join(attributes) + window + b"\0"


def parasite(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(name) + 1) + name + b"\0" + struct.pack(">II", 1, len(data)) + data


def xcf(*parasites: bytes) -> bytes:
    content = b"".join(parasites)
    head = b"gimp xcf v011\0" + struct.pack(">IIII", 40, 30, 0, 150)
    return (
        head + struct.pack(">II", 17, 1) + b"\1" + struct.pack(">II", 21, len(content)) + content + bytes(8)
    )


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def seven(value: int) -> bytes:
    return bytes(((value >> 7) | 0x80, value & 0x7F))


def png(*chunks: bytes) -> bytes:
    head = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0))
    return head + b"".join(chunks) + png_chunk(b"IDAT", zlib.compress(bytes(15))) + png_chunk(b"IEND", b"")


def mie(name: bytes, code: int, value: bytes) -> bytes:
    return bytes((0x7E, code, len(name), 254)) + name + struct.pack(">I", len(value)) + value


MIE_END = b"\x7e\0\0\0"
IN_PNG = png(png_chunk(b"eXIf", EXIF), png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET))
EXTENSIONS = b"\1" + seven(len(EXIF) + 1) + b"\0" + EXIF + b"\3" + seven(len(PACKET)) + PACKET
PACKED = {name: raw_deflate(data) for name, data in ((b"eXif", b"Exif\0\0" + EXIF), (b"eXmp", PACKET))}
MIFF = b"id=ImageMagick\ncolumns=40  rows=30\nprofile-exif=%d\nprofile:xmp=%d\n\x0c\n:\x1a"
WITH_BLOCKS = {
    "BPG": b"BPG\xfb\x20\x08" + b"\x28\x1e\0" + seven(len(EXTENSIONS)) + EXTENSIONS,
    "FLIF": b"FLIF31\x27\x1d"
    + b"".join(name + seven(len(data)) + data for name, data in PACKED.items())
    + b"\0",
    "MIFF": MIFF % (len(EXIF) + 6, len(PACKET)) + b"Exif\0\0" + EXIF + PACKET,
    "XCF": xcf(
        parasite(b"exif-data", b"Exif\0\0" + EXIF), parasite(b"gimp-metadata", b"GIMP_XMP_1" + PACKET)
    ),
    "PGF": b"PGF6"
    + struct.pack("<III", 16 + len(IN_PNG), 40, 30)
    + bytes((1, 0, 24, 3))
    + bytes(4)
    + IN_PNG,
    "EXV": b"\xff\x01Exiv2"
    + jpeg_segment(0xE1, b"Exif\0\0" + EXIF)
    + jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PACKET),
    "MIE": b"~\x10\4\xfe0MIE\0\0\0\0"
    + mie(b"0Type", 0x20, b"JPEG")
    + b"~\x10\4\0Meta"
    + mie(b"EXIF", 0, EXIF)
    + mie(b"XMP", 0x28 | 4, zlib.compress(PACKET))
    + MIE_END
    + MIE_END,
}


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_formats_that_keep_blocks_in_their_own_way(name: str, tmp_path: Path) -> None:
    (path := tmp_path / "object").write_bytes(WITH_BLOCKS[name])
    extraction = extract_path(path)
    file = extraction.file
    assert (extraction.failure, file.media_type) == (None, "image")
    assert file.image_width == (None if name in ("EXV", "MIE") else 40)
    assert exif_of(extraction)["Make"] == "Canon"
    assert (file.produce_time, file.title) == ("2003-10-31T15:44:19+08:00", "Harbour")
    assert (file.tags or {})["Rating"] == ("3",)


def psp(*fields: bytes) -> bytes:
    creator = b"".join(fields)
    blocks = b"~BK\0\0\0" + struct.pack("<II", 38 + 4, 38) + struct.pack("<II", 40, 30) + bytes(30)
    return (
        b"Paint Shop Pro Image File\n\x1a\0\0\0\0\0\5\0\0\0"
        + blocks
        + b"~BK\0\1\0"
        + struct.pack("<I", len(creator))
        + creator
    )


def field(kind: int, value: bytes) -> bytes:
    return b"~FL\0" + struct.pack("<HI", kind, len(value)) + value


def at_places(length: int, *parts: tuple[int, bytes]) -> bytes:
    data = bytearray(length)
    for at, value in parts:
        data[at : at + len(value)] = value
    return bytes(data)


SECONDS = 1_264_688_601
DATED = {
    # OpenEXR adds its offset to local time to make UTC, so that five hours in the east are negative.
    "OpenEXR": (
        exr(
            attribute("capDate", "string", b"2024:01:06 08:52:20"),
            attribute("utcOffset", "float", number(-18000)),
        ),
        "2024-01-06T08:52:20+05:00",
    ),
    "FITS": (
        fits(
            "SIMPLE  = T",
            "NAXIS   = 2",
            "NAXIS1  = 40",
            "NAXIS2  = 30",
            "DATE-OBS= '2004-01-09T03:26:36.5'",
        ),
        "2004-01-09T03:26:36.5Z",
    ),
    "FITS of the last century": (
        fits(
            "SIMPLE  = T",
            "NAXIS   = 2",
            "NAXIS1  = 40",
            "NAXIS2  = 30",
            "DATE-OBS= '09/12/96'",
            "DATE = '28/01/97'",
        ),
        "1996-12-09T00:00:00+08:00",
    ),
    "DPX": (
        at_places(
            2048,
            (0, b"SDPX"),
            (136, b"2010:08:03:08:38:16PST"),
            (772, struct.pack(">II", 40, 30)),
            (780, bytes(1268)),
        ),
        "2010-08-03T08:38:16-08:00",
    ),
    "Cineon": (
        at_places(
            1024,
            (0, b"\x80\x2a\x5f\xd7"),
            (136, b"1999:02:03"),
            (148, b"10:11:12"),
            (200, struct.pack(">II", 40, 30)),
        ),
        "1999-02-03T10:11:12+08:00",
    ),
    "Photo CD": (
        at_places(96 * 2048, (2048, b"PCD_IPI"), (2048 + 13, struct.pack(">I", SECONDS))),
        "2010-01-28T14:23:21Z",
    ),
    "Paint Shop Pro": (
        psp(field(0, b"Harbour\0"), field(1, struct.pack("<I", SECONDS))),
        "2010-01-28T14:23:21Z",
    ),
    "FPF": (
        at_places(
            892,
            (0, b"FPF Public Image Format\0"),
            (0x2C, struct.pack("<HH", 40, 30)),
            (0x248, struct.pack("<7I", 2013, 2, 22, 11, 19, 20, 891)),
        ),
        "2013-02-22T11:19:20.891+08:00",
    ),
    "Kyocera": (
        at_places(256, (0x19, b"ARECOYK"), (0x21, b"2003:02:01 04:05:06"[::-1] + b"\0")),
        "2003-02-01T04:05:06+08:00",
    ),
    "DICOM": (
        dicom(
            b"1.2.840.10008.1.2.1\0",
            explicit(0x08, 0x20, b"DA", b"20200101"),
            explicit(0x08, 0x22, b"DA", b"20200102"),
            explicit(0x08, 0x32, b"TM", b"030405.6"),
            explicit(0x08, 0x201, b"SH", b"+0100 "),
            explicit(0x28, 0x10, b"US", struct.pack("<H", 30)),
            explicit(0x28, 0x11, b"US", struct.pack("<H", 40)),
        ),
        "2020-01-02T03:04:05.6+01:00",
    ),
}


@pytest.mark.parametrize("name", DATED)
def test_dates_of_the_formats_own_header(name: str, tmp_path: Path) -> None:
    data, expected = DATED[name]
    (path := tmp_path / "object").write_bytes(data)
    extraction = extract_path(path)
    assert (extraction.failure, extraction.file.media_type) == (None, "image")
    assert extraction.file.produce_time == expected
    assert (extraction.file.produce_time_source or "").startswith("Header:")


def test_camera_and_place_of_an_openexr(tmp_path: Path) -> None:
    (path := tmp_path / "object").write_bytes(
        exr(
            attribute("cameraMake", "string", b"ARRI"),
            attribute("expTime", "float", number(1 / 60)),
            attribute("aperture", "float", number(2.8)),
            attribute("isoSpeed", "float", number(800)),
            attribute("latitude", "float", number(52.5)),
            attribute("longitude", "float", number(13.25)),
        )
    )
    extraction = extract_path(path)
    exif = exif_of(extraction)
    assert [exif[name] for name in ("Make", "ExposureTime", "FNumber", "ISOSpeedRatings")] == [
        "ARRI",
        "1/60",
        "14/5",
        "800",
    ]
    assert extraction.file.lat_long == "52.500000,13.250000"


def test_tags_that_the_gimp_keeps_one_by_one(tmp_path: Path) -> None:
    kept = b'<metadata><tag name="Exif.Image.Make">NIKON</tag><tag name="Exif.Photo.DateTimeOriginal">2020:01:02 '
    kept += b'03:04:05</tag><tag name="Exif.Image.Model" encoding="base64">eA==</tag></metadata>'
    (path := tmp_path / "object").write_bytes(xcf(parasite(b"gimp-image-metadata", kept)))
    extraction = extract_path(path)
    assert extraction.file.produce_time == "2020-01-02T03:04:05+08:00"
    assert (exif_of(extraction)["Make"], exif_of(extraction).get("Model")) == ("NIKON", None)


def property_set(values: dict[int, bytes]) -> bytes:
    places, content = b"", b""
    start = 8 + 8 * len(values)
    for tag, value in values.items():
        places += struct.pack("<II", tag, start + len(content))
        content += value
    section = struct.pack("<II", start + len(content), len(values)) + places + content
    return b"\xfe\xff" + bytes(22) + struct.pack("<I", 1) + bytes(16) + struct.pack("<I", 48) + section


def unsigned(value: int) -> bytes:
    return struct.pack("<II", 19, value)


def test_size_and_date_of_a_flashpix(tmp_path: Path) -> None:
    contents = property_set({0x0100_0002: unsigned(40), 0x0100_0003: unsigned(30)})
    created = struct.pack("<IQ", 64, 116_444_736_000_000_000 + 1_045_619_388 * 10_000_000)
    streams = {
        "\5SummaryInformation": property_set({12: created}),
        "Data Object Store 000001/\5Image Contents": contents,
    }
    (path := tmp_path / "object").write_bytes(make_compound(streams))
    file = extract_path(path).file
    assert (file.content_type, file.image_width, file.image_height) == ("image/vnd.fpx", 40, 30)
    assert (file.produce_time, file.extraction_notes) == ("2003-02-19T01:49:48Z", None)


GRIB_1 = (
    b"GRIB\0\0\x60\1" + b"\0\0\x1c" + bytes(4) + b"\x80" + bytes(20) + b"\0\0\x20\0\xff\0" + b"\0\x28\0\x1e"
)
GRIB_2 = (
    b"GRIB\0\0\0\2"
    + bytes(8)
    + struct.pack(">IB", 21, 1)
    + bytes(16)
    + struct.pack(">IB", 72, 3)
    + bytes(25)
) + struct.pack(">II", 40, 30)
SIZED = {
    "GRIB of edition 1": GRIB_1 + bytes(40),
    "GRIB of edition 2": GRIB_2 + bytes(40),
    "bitmap without a header": struct.pack("<IiiHHI", 40, 40, -30, 1, 24, 0) + bytes(3620),
    "QuickTime picture": struct.pack(">I4s", 16, b"idat") + bytes(8) + struct.pack(">I4s", 94, b"idsc")
    # The image description: its size, the codec, …, width and height behind 32 bytes.
    + struct.pack(">I4s24xHH", 86, b"raw ", 40, 30) + bytes(50),
    "IM Tools": b"*comment\nwidth 40\nheight 30\npixel n8\n\x0c" + bytes(1200),
    "old MIFF": b"Id=ImageMagick\nClass=PseudoClass\nColumns=40  Rows=30\n:\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SIZED)
def test_sizes(name: str, tmp_path: Path) -> None:
    (path := tmp_path / "object").write_bytes(SIZED[name])
    extraction = extract_path(path)
    file = extraction.file
    assert (extraction.failure, file.media_type) == (None, "image")
    assert (file.image_width, file.image_height) == (40, 30)


def test_a_picture_behind_a_header_of_sonys_first_camera(tmp_path: Path) -> None:
    target = io.BytesIO()
    Image.new("RGB", (40, 30)).save(target, "JPEG")
    dated = at_places(124, (8, struct.pack(">I", 124)), (76, bytes((97, 3, 2, 10, 11, 12))))
    (path := tmp_path / "object").write_bytes(dated + target.getvalue())
    file: File = extract_path(path).file
    assert (file.image_width, file.produce_time) == (40, "1997-03-02T10:11:12+08:00")


@pytest.mark.parametrize("start", [b"\x89HDF\r\n\x1a\n" + bytes(60), b"BUFR\0\0\x60\4" + bytes(60)])
def test_data_that_is_no_picture_is_known(start: bytes, tmp_path: Path) -> None:
    (path := tmp_path / "object").write_bytes(start)
    extraction = extract_path(path)
    assert (extraction.failure, extraction.file.media_type) == (None, "document")
    assert (extraction.file.extraction_notes or ("",))[0].startswith("NotRead: ")


def test_datasets_of_several_blocks_in_a_png_with_a_name_of_two_words(tmp_path: Path) -> None:
    news = resource(1028, NEWS) + resource(1028, block((2, 25, b"harbour")))
    profile = b"\nIPTC profile\n%8d\n" % len(news) + news.hex().encode()
    text = png_chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(profile))
    (path := tmp_path / "object.png").write_bytes(png(text))
    assert (extract_path(path).file.tags or {})["Keywords"] == ("ship", "harbour")


def test_the_date_that_older_imagemagick_writes(tmp_path: Path) -> None:
    (path := tmp_path / "a.png").write_bytes(
        png(png_chunk(b"tEXt", b"create-date\0" + b"2009-02-19T12:38:07+00:00"))
    )
    file = extract_path(path).file
    assert (file.produce_time, file.produce_time_source) == (
        "2009-02-19T12:38:07Z",
        "PNG:create-date; zone=Own",
    )


def test_a_size_in_an_exiv2_file_is_that_of_its_picture(tmp_path: Path) -> None:
    exif = tiff_bytes({0x100: long(5472), 0x101: long(3648)})
    (path := tmp_path / "a.exv").write_bytes(b"\xff\x01Exiv2" + jpeg_segment(0xE1, b"Exif\0\0" + exif))
    file = extract_path(path).file
    assert (file.content_type, file.image_width, file.image_height) == ("image/x-exv", 5472, 3648)


def photoshop(number: int, data: bytes) -> bytes:
    return jpeg_segment(0xED, b"Photoshop 3.0\0" + resource(number, data))


@pytest.mark.parametrize(
    "segments",
    [
        (photoshop(1058, EXIF), photoshop(1060, PACKET)),
        (
            jpeg_segment(0xE1, b"Exif\0\0" + EXIF),
            jpeg_segment(0xE1, b"XMP\0://ns.adobe.com/xap/1.0/\0" + PACKET),
        ),
    ],
)
def test_blocks_of_a_jpeg_in_unusual_places(segments: tuple[bytes, ...], tmp_path: Path) -> None:
    (path := tmp_path / "a.jpg").write_bytes(jpeg_of(4, 3, *segments))
    extraction = extract_path(path)
    assert (extraction.file.title, exif_of(extraction)["Make"]) == ("Harbour", "Canon")


def test_exif_without_its_picture_is_no_failure(tmp_path: Path) -> None:
    (path := tmp_path / "a.exif").write_bytes(EXIF)
    extraction = extract_path(path)
    assert (extraction.failure, extraction.file.image_width) == (None, None)
    assert extraction.file.produce_time == "2003-10-31T15:44:19+08:00"


def test_an_orientation_that_is_a_whole_fraction(tmp_path: Path) -> None:
    for value, expected in (
        (rational((12, 2)), 6),
        (double(8.0), 8),
        (rational((1, 2)), None),
        (rational((1, 0)), None),
    ):
        (path := tmp_path / "a.jpg").write_bytes(jpeg_of(4, 3, exif_segment(tiff_bytes({0x112: value}))))
        assert extract_path(path).file.orientation == expected


def test_a_png_of_very_many_texts_is_not_called_cut_short(tmp_path: Path) -> None:
    texts = [png_chunk(b"tEXt", b"k%d\0v" % number) for number in range(5_000)]
    (path := tmp_path / "a.png").write_bytes(png(*texts))
    assert extract_path(path).file.extraction_notes is None


@pytest.mark.parametrize(
    ("charset", "title"), [("GBK", "照片"), ("Shift_JIS", "写真"), ("windows-1251", "Фото")]
)
def test_a_drawing_in_a_charset_of_its_own(charset: str, title: str, tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="{charset}"?><svg xmlns="http://www.w3.org/2000/svg" width="5" height="6">'
    (path := tmp_path / "a.svg").write_bytes(f"{text}<title>{title}</title></svg>".encode(charset))
    file = extract_path(path).file
    assert (file.image_width, file.image_height, file.title) == (5, 6, title)


def test_texts_that_png_jpeg_and_gif_keep_themselves(tmp_path: Path) -> None:
    """PNG, third edition, 11.3.3; ITU-T T.81 B.2.4.5; GIF89a 24."""
    words = zlib.compress(b"steps: 20, seed: 7")
    body = (
        png_chunk(b"tEXt", b"Title\0Harbour")
        + png_chunk(b"tEXt", b"Author\0Jos\xe9")
        + png_chunk(b"iTXt", "Description\0\0\0de\0Beschreibung\0Möwen".encode())
        + png_chunk(b"tEXt", b"Software\0Inkscape")
        + png_chunk(b"zTXt", b"parameters\0\0" + words)
        + png_chunk(b"tEXt", b"\0nameless")
        + png_chunk(b"tEXt", b"Raw profile type other\0\nother\n 1\n00")
    )
    comment = jpeg_segment(0xFE, b"first") + jpeg_segment(0xFE, b"second\0rest")
    gif = b"GIF89a\4\0\3\0\0\0\0!\xfe\3two\7 blocks\0,\0\0\0\0\4\0\3\0\0\2\2D\1\0;"
    cases: dict[str, tuple[bytes, dict[str, tuple[str, ...]]]] = {
        "a.png": (
            png(body),
            {
                "Creator": ("José",),
                "Description": ("Möwen",),
                "PNG:parameters": ("steps: 20, seed: 7",),
                "Software": ("Inkscape",),
            },
        ),
        "a.jpg": (jpeg_of(4, 3, comment), {"Comment": ("first", "second")}),
        "a.gif": (gif, {"Comment": ("two blocks",)}),
    }
    for name, (content, tags) in cases.items():
        (path := tmp_path / name).write_bytes(content)
        found = extract_path(path)
        own = {tag: values for tag, values in (found.file.tags or {}).items() if tag != "NameStem"}
        assert (found.failure, own) == (None, tags), name
        assert found.file.title == ("Harbour" if name == "a.png" else None)


def test_xmp_counts_before_the_texts_of_a_png(tmp_path: Path) -> None:
    packet = rdf(
        "<dc:title>Quay</dc:title><dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>"
    )
    (path := tmp_path / "a.png").write_bytes(
        png(
            png_chunk(b"tEXt", b"Author\0Bob"),
            png_chunk(b"tEXt", b"Title\0Harbour"),
            png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet),
        )
    )
    file = extract_path(path).file
    assert (file.title, (file.tags or {})["Creator"]) == ("Quay", ("Ann",))


def test_a_png_of_very_many_texts_keeps_some(tmp_path: Path) -> None:
    texts = [png_chunk(b"zTXt", b"k%d\0\0" % at + zlib.compress(bytes(10_000_000))) for at in range(3)]
    texts += [png_chunk(b"tEXt", b"n%d\0" % at + b"x" * 40_000) for at in range(200)]
    (path := tmp_path / "a.png").write_bytes(png(*texts))
    tags = extract_path(path).file.tags or {}
    assert 0 < len(tags.keys() - {"NameStem"}) <= 64
    assert {len(value) for name, values in tags.items() for value in values if name != "NameStem"} == {
        16 * 1024
    }
