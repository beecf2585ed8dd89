"""Camera raws of every maker, built by hand from public descriptions and held against exiftool."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from tests.extract.picture_samples import (
    ALL,
    CAMERA,
    EXIF,
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    MAKE,
    MODEL,
    PLACE,
    SUB_IFDS,
    TAKEN,
    ascii_text,
    box,
    byte,
    camera_tags,
    exif_of,
    exif_segment,
    exiftool,
    extract_path,
    jpeg_of,
    long,
    reader_of,
    request_of,
    short,
    tiff_bytes,
    undefined,
)

from bindery.extract.extraction import Operator
from bindery.extract.extractor import Unreadable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pictures.raw import extract_raw

SMALL = {0xFE: long(1), IMAGE_WIDTH: short(160), IMAGE_HEIGHT: short(120), 0x103: short(6)}
LARGE = {0xFE: long(0), IMAGE_WIDTH: short(6024), IMAGE_HEIGHT: short(4022), 0x103: short(1)}


def tiff_raw(order: str = "<", version: int = 42) -> bytes:
    """A thumbnail in the first directory, the raw picture in a sub-directory, as most makers do."""
    return tiff_bytes({**camera_tags(), **SMALL, SUB_IFDS: [LARGE]}, order=order, version=version)


def dng() -> bytes:
    return tiff_bytes(
        {**camera_tags(), **SMALL, SUB_IFDS: [LARGE], 0xC612: byte(1, 4, 0, 0), 0xC614: ascii_text("Acme")}
    )


def cr2() -> bytes:
    """Canon: the mark CR, a preview, a thumbnail, and the raw picture in the fourth directory."""
    preview = {IMAGE_WIDTH: short(5184), IMAGE_HEIGHT: short(3456), 0x103: short(6)}
    return tiff_bytes({**camera_tags(), **preview}, {0x201: long(4)}, {0x103: short(6)}, {0x103: short(6)},
                      at_start=b"CR\2\0" + bytes(4))  # fmt: skip


def orf() -> bytes:
    """Olympus: a TIFF but for its version word."""
    return tiff_bytes(
        {**camera_tags(), IMAGE_WIDTH: short(4640), IMAGE_HEIGHT: short(3472)}, version=0x4F52
    )


def rw2() -> bytes:
    """Panasonic: the sensor's borders, and the camera's EXIF in the JPEG inside."""
    jpeg = jpeg_of(1920, 1440, exif_segment())
    sensor = {2: short(5280), 3: short(3920), 4: short(4), 5: short(8), 6: short(3900), 7: short(5200)}
    camera = {MAKE: ascii_text("Acme"), MODEL: ascii_text("Lichtbild 3000")}
    return tiff_bytes({**sensor, **camera, 0x2E: undefined(jpeg)}, version=0x55)


def raf() -> bytes:
    """Fujifilm: a header that points to a JPEG."""
    jpeg = jpeg_of(6000, 4000, exif_segment())
    head = b"FUJIFILMCCD-RAW 0201FF383501" + b"Lichtbild 3000".ljust(32, b"\0") + b"0100" + bytes(20)
    return head + struct.pack(">II", 148, len(jpeg)) + bytes(148 - len(head) - 8) + jpeg


def mrw() -> bytes:
    """Minolta: blocks PRD (sizes) and TTW (a TIFF structure)."""
    sizes = b"27820001" + struct.pack(">HHHH", 2008, 3016, 2000, 3008) + bytes(8)
    block = tiff_bytes(camera_tags(), order=">")
    blocks = (
        b"\0PRD" + struct.pack(">I", len(sizes)) + sizes + b"\0TTW" + struct.pack(">I", len(block)) + block
    )
    return b"\0MRM" + struct.pack(">I", len(blocks)) + blocks


def cr3() -> bytes:
    """Canon: directories as TIFF structures of their own in boxes."""
    canon = UUID("85c0b687-820f-11e0-8111-f4ce462b6a48").bytes
    parts = [
        box(b"CMT1", tiff_bytes({**CAMERA, IMAGE_WIDTH: short(6000), IMAGE_HEIGHT: short(4000)})),
        box(b"CMT2", tiff_bytes(TAKEN)),
        box(b"CMT3", tiff_bytes({1: short(1)})),
        box(b"CMT4", tiff_bytes(PLACE)),
    ]
    return (
        box(b"ftyp", b"crx \0\0\0\1crx isom")
        + box(b"moov", box(b"uuid", canon, *parts))
        + box(b"mdat", bytes(99))
    )


def heap(*records: tuple[int, bytes]) -> bytes:
    """A CIFF heap: data, then a table of type, length and offset, then the offset of the table."""
    data = table = b""
    for tag, content in records:
        table += struct.pack("<HII", tag, len(content), len(data))
        data += content
    return data + struct.pack("<H", len(records)) + table + struct.pack("<I", len(data))


TAKEN_SECONDS = int(datetime(2003, 11, 10, 17, 39, 26, tzinfo=UTC).timestamp())


def crw() -> bytes:
    """Canon CIFF: heaps in heaps."""
    camera = heap((0x080A, b"Canon\0Lichtbild 3000\0".ljust(32, b"\0")))
    picture = heap(
        (0x1810, struct.pack("<IIfiIII", 3072, 2048, 1.0, 0, 8, 24, 1)),
        (0x180E, struct.pack("<Iii", TAKEN_SECONDS, 0, 0)),
    )
    return (
        b"II" + struct.pack("<I", 26) + b"HEAPCCDR" + bytes(12) + heap((0x2807, camera), (0x300A, picture))
    )


def x3f() -> bytes:
    """Sigma: sections behind a header, and their directory at the end."""
    texts, pairs, at = b"", b"", 0
    for text in (
        "CAMMANUF",
        "Acme",
        "CAMMODEL",
        "Lichtbild 3000",
        "TIME",
        str(TAKEN_SECONDS),
        "ISO",
        "400",
    ):
        texts += (text + "\0").encode("utf-16-le")
        pairs += struct.pack("<I", at)
        at += len(text) + 1
    properties = b"SECp" + struct.pack("<5I", 0x20000, 4, 0, 0, at) + pairs + texts
    head = (
        b"FOVb" + struct.pack("<I", 0x20003) + bytes(20) + struct.pack("<III", 2268, 1512, 0) + bytes(200)
    )
    entry = struct.pack("<II4s", len(head), len(properties), b"PROP")
    directory = b"SECd" + struct.pack("<II", 0x20000, 1) + entry
    return head + properties + directory + struct.pack("<I", len(head) + len(properties))


def iiq() -> bytes:
    """Phase One: a TIFF with a directory of its own at byte 8, which is the maker note as well."""
    rows = struct.pack("<4I", 0x10C, 4, 4, 7760) + struct.pack("<4I", 0x10D, 4, 4, 5184)
    block = b"IIII" + struct.pack("<II", 0x52617701, 12) + struct.pack("<II", 2, 0) + rows
    taken = {**TAKEN, 0x927C: undefined(block)}
    preview = {IMAGE_WIDTH: short(320), IMAGE_HEIGHT: short(240)}
    return tiff_bytes({**camera_tags(), **preview, EXIF: taken}, at_start=block)


RAWS: dict[str, tuple[Callable[[], bytes], tuple[int, int], str]] = {
    "a.dng": (dng, (6024, 4022), "image/x-adobe-dng"),
    "a.nef": (tiff_raw, (6024, 4022), "image/x-nikon-nef"),
    "a.arw": (tiff_raw, (6024, 4022), "image/x-sony-arw"),
    "a.pef": (lambda: tiff_raw(">"), (6024, 4022), "image/x-pentax-pef"),
    "a.srw": (tiff_raw, (6024, 4022), "image/x-samsung-srw"),
    "a.3fr": (tiff_raw, (6024, 4022), "image/x-hasselblad-3fr"),
    "a.cr2": (cr2, (5184, 3456), "image/x-canon-cr2"),
    "a.orf": (orf, (4640, 3472), "image/x-olympus-orf"),
    "a.rw2": (rw2, (5192, 3896), "image/x-panasonic-rw2"),
    "a.raf": (raf, (6000, 4000), "image/x-fuji-raf"),
    "a.mrw": (mrw, (3008, 2000), "image/x-minolta-mrw"),
    "a.cr3": (cr3, (6000, 4000), "image/x-canon-cr3"),
    "a.crw": (crw, (3072, 2048), "image/x-canon-crw"),
    "a.x3f": (x3f, (2268, 1512), "image/x-sigma-x3f"),
    "a.iiq": (iiq, (7760, 5184), "image/x-phaseone-iiq"),
}

WITHOUT_EXIF = ("a.crw", "a.x3f")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raws")
    for name, (make, _, _) in RAWS.items():
        (folder / name).write_bytes(make() + bytes(300))
    # Their tables are at the end of the file.
    for name in WITHOUT_EXIF:
        (folder / name).write_bytes(RAWS[name][0]())
    return folder


@pytest.mark.parametrize("name", RAWS)
def test_size_and_type(name: str, folder: Path) -> None:
    _, size, content_type = RAWS[name]
    extraction = extract_path(folder / name)
    assert extraction.failure is None
    assert (extraction.file.image_width, extraction.file.image_height) == size
    assert (extraction.file.content_type, extraction.file.media_type) == (content_type, "image")
    assert exif_of(extraction)["Format"] == name.partition(".")[2]
    judge = exiftool(folder / name)
    assert size == (judge["ImageWidth"], judge["ImageHeight"])


@pytest.mark.parametrize("name", RAWS)
def test_the_camera_is_that_of_exiftool(name: str, folder: Path) -> None:
    exif, judge = exif_of(extract_path(folder / name)), exiftool(folder / name)
    assert (exif["Make"], exif["Model"]) == (judge["Make"], judge["Model"])
    assert exif["Model"] == "Lichtbild 3000"


@pytest.mark.parametrize("name", [name for name in RAWS if name not in WITHOUT_EXIF])
def test_time_place_and_exposure_are_those_of_exiftool(name: str, folder: Path) -> None:
    extraction, judge = extract_path(folder / name), exiftool(folder / name)
    exif, file = exif_of(extraction), extraction.file
    assert exif["DateTimeOriginal"] == judge["DateTimeOriginal"]
    assert file.produce_time == "2021-06-05T04:03:02.125-03:30"
    assert file.orientation == judge["Orientation"] == 6
    assert (exif["FNumber"], exif["ExposureTime"]) == ("28/10", "1/250")
    latitude, longitude = map(float, (file.lat_long or "").split(","))
    assert latitude == pytest.approx(judge["GPSLatitude"], abs=1e-6)
    assert longitude == pytest.approx(judge["GPSLongitude"], abs=1e-6)


@pytest.mark.parametrize("name", WITHOUT_EXIF)
def test_the_date_of_raws_without_exif(name: str, folder: Path) -> None:
    extraction = extract_path(folder / name)
    assert exif_of(extraction)["DateTimeOriginal"] == exiftool(folder / name)["DateTimeOriginal"]
    assert extraction.file.produce_time == "2003-11-10T17:39:26+08:00"


def test_a_raw_under_another_name_is_known_by_its_bytes(folder: Path, tmp_path: Path) -> None:
    for name, content_type in (
        ("a.raf", "image/x-fuji-raf"),
        ("a.cr3", "image/x-canon-cr3"),
        ("a.orf", "image/x-olympus-orf"),
    ):
        (path := tmp_path / "unnamed").write_bytes((folder / name).read_bytes())
        extraction = extract_path(path)
        assert (extraction.failure, extraction.file.content_type) == (None, content_type)
        assert extraction.file.image_width == RAWS[name][1][0]


def test_a_jpeg_named_like_a_raw_is_a_jpeg(tmp_path: Path) -> None:
    (path := tmp_path / "a.nef").write_bytes(jpeg_of(30, 20, exif_segment()))
    extraction = extract_path(path)
    assert (extraction.file.content_type, extraction.file.image_width) == ("image/jpeg", 30)
    assert exif_of(extraction)["Format"] == "jpg"


def test_panasonic_without_borders_or_inner_jpeg(tmp_path: Path) -> None:
    (path := tmp_path / "a.rw2").write_bytes(tiff_bytes({0x2E: undefined(jpeg_of(300, 200))}, version=0x55))
    assert extract_path(path).file.image_width == 300
    path.write_bytes(tiff_bytes({IMAGE_WIDTH: short(30), IMAGE_HEIGHT: short(20)}, version=0x55))
    assert extract_path(path).file.image_width == 30


def test_sigma_of_the_later_kind_has_its_size_and_exif_in_the_jpeg_inside(tmp_path: Path) -> None:
    preview = b"SECi" + bytes(24) + jpeg_of(4704, 3136, exif_segment())
    head = b"FOVb" + struct.pack("<I", 0x40000) + bytes(200)
    directory = (
        b"SECd" + struct.pack("<II", 0x20000, 1) + struct.pack("<II4s", len(head), len(preview), b"IMA2")
    )
    (path := tmp_path / "a.x3f").write_bytes(
        head + preview + directory + struct.pack("<I", len(head) + len(preview))
    )
    extraction = extract_path(path)
    assert (extraction.file.image_width, extraction.file.image_height) == (4704, 3136)
    assert exif_of(extraction)["Model"] == "Lichtbild 3000"


def test_heaps_that_contain_themselves_end(tmp_path: Path) -> None:
    loop = struct.pack("<H", 3) + struct.pack("<HII", 0x300A, 36, 0) * 3 + struct.pack("<I", 0)
    (path := tmp_path / "a.crw").write_bytes(b"II" + struct.pack("<I", 26) + b"HEAPCCDR" + bytes(12) + loop)
    assert (extract_path(path).failure or "").startswith("ParseFailed: ")


@pytest.mark.parametrize("name", RAWS)
@pytest.mark.parametrize("length", [4, 16, 40, 100])
def test_a_raw_cut_short_fails_with_a_reason(name: str, length: int, folder: Path, tmp_path: Path) -> None:
    (path := tmp_path / name).write_bytes((folder / name).read_bytes()[:length])
    extraction = extract_path(path)
    assert extraction.file.image_width is not None or (extraction.failure or "").startswith("ParseFailed: ")
    assert extraction.file.media_type == "image"


@pytest.mark.parametrize("name", RAWS)
def test_mutations_end_in_an_outcome_and_read_little(name: str, folder: Path) -> None:
    """Flipped bytes and huge numbers; the seed is the name."""
    data = (folder / name).read_bytes()
    chance = random.Random(name)
    request = request_of(folder / name, ALL - {Operator.REGEO})
    for _ in range(60):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 4, 16))):
            at = chance.randrange(len(changed))
            changed[at : at + 4] = chance.choice(
                (b"\xff" * 4, bytes(4), chance.randbytes(1), b"\xff\xff\xff\x7f")
            )
        try:
            found = extract_raw(
                reader_of(bytes(changed), name, ExtractionLimits(read_bytes=2**20)), request
            )
        except Unreadable as error:
            assert error.code == "ParseFailed"
        else:
            assert found.file.image_width and found.file.image_height


def test_tags_of_an_inner_picture_do_not_hide_those_of_the_raw(folder: Path) -> None:
    exif = exif_of(extract_path(folder / "a.rw2"))
    assert (exif["SensorWidth"], exif["SensorBottomBorder"]) == ("5280", "3900")
    assert exif["ISOSpeedRatings"] == "400"
    assert {"ExifTag", "GPSTag"} <= exif.keys()
