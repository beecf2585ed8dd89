"""Pictures of every format Pillow can write, with EXIF, held against exiftool."""

from __future__ import annotations

import io
import random
import struct
from fractions import Fraction
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from tests.extract.picture_samples import (
    ALL,
    camera_tags,
    exif_block,
    exif_of,
    exiftool_all,
    extract_path,
    png_chunk,
    reader_of,
    request_of,
    short,
    tiff_bytes,
)

from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.extractor import Unreadable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pictures.image import extract_image

WIDTH, HEIGHT = 320, 214

WITH_EXIF = {
    "photo.jpg": {"exif": b"Exif\0\0" + exif_block()},
    "big endian.jpg": {"exif": b"Exif\0\0" + exif_block(order=">")},
    "progressive.jpg": {"exif": b"Exif\0\0" + exif_block(), "progressive": True},
    "grey.JPEG": {"exif": b"Exif\0\0" + exif_block()},
    "photo.png": {"exif": exif_block()},
    "photo.webp": {"exif": exif_block()},
    "lossless.webp": {"exif": exif_block(), "lossless": True},
    "photo.avif": {"exif": exif_block()},
    "photo.heic": {"exif": exif_block()},
}
"""Files that carry the whole EXIF block of ``pictures.camera_tags``."""

PLAIN = {
    "plain.jpg": {}, "plain.png": {}, "plain.gif": {}, "plain.webp": {}, "plain.bmp": {}, "plain.tif": {},
    "plain.ico": {"sizes": [(32, 21)]}, "plain.jp2": {}, "plain.j2k": {}, "plain.avif": {}, "plain.heic": {},
    "plain.pcx": {}, "plain.ppm": {}, "plain.pgm": {}, "packed.tif": {"compression": "tiff_lzw"},
    "big.tif": {"big_tiff": True}, "dense.jpg": {"dpi": (300, 300)}, "dense.png": {"dpi": (300, 300)},
}  # fmt: skip

JUDGED_APART = {"plain.tga": {}, "plain.qoi": {}}
"""Formats of which exiftool tells no size."""

TURNED = ("photo.avif", "photo.heic")
"""Their writer turns the Orientation tag into the container's rotation, which is applied here: exiftool prints it
apart, as Rotation, beside the size before it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    pillow_heif.register_heif_opener()
    for name, options in {**WITH_EXIF, **PLAIN, **JUDGED_APART}.items():
        mode = "L" if name.startswith("grey") or name.endswith(".pgm") else "RGB"
        Image.new(mode, (WIDTH, HEIGHT), 127 if mode == "L" else (120, 60, 30)).save(
            folder / name, **options
        )
    return folder


@pytest.fixture(scope="module")
def judged(folder: Path) -> dict[str, dict[str, object]]:
    return exiftool_all(sorted(folder.iterdir()))


@pytest.mark.parametrize("name", [*WITH_EXIF, *PLAIN])
def test_the_size_is_that_of_exiftool(name: str, folder: Path, judged: dict[str, dict[str, int]]) -> None:
    extraction = extract_path(folder / name)
    assert extraction.failure is None
    size = extraction.file.image_width, extraction.file.image_height
    told = judged[name].get("ImageWidth"), judged[name].get("ImageHeight")
    if name in TURNED:
        assert judged[name]["Rotation"] in (90, 270)
        assert size == told[::-1] == (HEIGHT, WIDTH)
    elif name == "big.tif":
        # exiftool knows BigTIFF only since a later version than most systems have.
        assert told in ((None, None), size)
    else:
        assert size == told
    if not name.endswith(".ico") and name not in TURNED:
        assert size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("name", JUDGED_APART)
def test_the_size_of_what_only_pillow_opens(name: str, folder: Path) -> None:
    extraction = extract_path(folder / name)
    assert (extraction.failure, extraction.file.image_width, extraction.file.image_height) == (
        None,
        WIDTH,
        HEIGHT,
    )


@pytest.mark.parametrize("name", WITH_EXIF)
def test_camera_time_place_and_orientation_are_those_of_exiftool(
    name: str, folder: Path, judged: dict[str, dict[str, object]]
) -> None:
    file, judge = extract_path(folder / name).file, judged[name]
    exif = exif_of(extract_path(folder / name))
    assert (exif["Make"], exif["Model"]) == (judge["Make"], judge["Model"]) == ("Acme", "Lichtbild 3000")
    if not name.endswith((".heic", ".avif")):
        assert file.orientation == judge["Orientation"] == 6
    assert exif["DateTimeOriginal"] == judge["DateTimeOriginal"]
    assert judge["SubSecDateTimeOriginal"] == "2021:06:05 04:03:02.125-03:30"
    assert file.produce_time == "2021-06-05T04:03:02.125-03:30"
    latitude, longitude = map(float, (file.lat_long or "").split(","))
    assert latitude == pytest.approx(judge["GPSLatitude"], abs=1e-6)
    assert longitude == pytest.approx(judge["GPSLongitude"], abs=1e-6)
    assert float(Fraction(exif["FNumber"])) == judge["FNumber"] == 2.8
    assert float(Fraction(exif["ExposureTime"])) == judge["ExposureTime"] == 0.004
    assert exif["ISOSpeedRatings"] == str(judge["ISO"]) == "400"
    assert file.addresses is not None
    assert (file.addresses[0].country, file.addresses[0].city) == ("New Zealand", "Wellington")


@pytest.mark.parametrize(
    ("name", "form"),
    [("photo.jpg", "jpg"), ("photo.png", "png"), ("plain.gif", "gif"), ("photo.webp", "webp"), ("plain.bmp", "bmp"),
     ("plain.tif", "tiff"), ("photo.heic", "heic"), ("photo.avif", "avif"), ("plain.jp2", "jp2"), ("plain.ico", "ico"),
     ("plain.ppm", "pnm")],
)  # fmt: skip
def test_every_picture_has_the_basic_members(name: str, form: str, folder: Path) -> None:
    extraction = extract_path(folder / name)
    exif = exif_of(extraction)
    assert exif["Format"] == form
    assert exif["FileSize"] == str((folder / name).stat().st_size) == str(extraction.file.size)
    assert exif["FrameCount"] == "1"
    assert (exif["ImageWidth"], exif["ImageHeight"]) == (
        str(extraction.file.image_width),
        str(extraction.file.image_height),
    )
    assert extraction.file.media_type == "image"


def test_resolution_of_the_formats_own_header(folder: Path) -> None:
    jpeg, png = exif_of(extract_path(folder / "dense.jpg")), exif_of(extract_path(folder / "dense.png"))
    assert (jpeg["ResolutionUnit"], jpeg["XResolution"], jpeg["YResolution"]) == ("2", "300/1", "300/1")
    # 300 to the inch are 11811 to the metre.
    assert (png["ResolutionUnit"], png["XResolution"], png["YResolution"]) == (
        "3",
        "11811/100",
        "11811/100",
    )


def test_a_picture_without_exif_has_no_time_place_or_orientation(folder: Path) -> None:
    file = extract_path(folder / "plain.jpg").file
    assert (file.produce_time, file.lat_long, file.orientation, file.addresses) == (None, None, None, None)


def test_operators_choose_what_is_told(folder: Path) -> None:
    path = folder / "photo.jpg"
    without_places = extract_path(path, ALL - {Operator.REGEO}).file
    assert without_places.lat_long and without_places.addresses is None
    nothing = extract_path(path, ALL - {Operator.EXIF}).file
    assert (nothing.exif, nothing.image_width, nothing.media_type) == (None, None, "image")


def test_frames_of_moving_pictures(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 10), (shade, 0, 0)) for shade in (0, 100, 200)]
    for name in ("three.gif", "three.webp", "three.png", "three.tif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=50)
        assert exif_of(extract_path(tmp_path / name))["FrameCount"] == "3", name


SVG = [
    (b'<svg width="300" height="200">', (300, 200)),
    (b'<?xml version="1.0"?>\n<!-- a drawing --><svg xmlns="http://www.w3.org/2000/svg" width="2in" height="1in"/>',
     (192, 96)),
    (b'<svg:svg xmlns:svg="http://www.w3.org/2000/svg" width="10mm" height="5e1pt"/>', (38, 67)),
    (b'<svg viewBox="0 0 640 480">', (640, 480)),
    (b'<svg viewBox="0,0,64.4,48.5" width="100%">', (64, 48)),
    (b'<svg width="12.4px" height=" 7 ">', (12, 7)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "size"), SVG)
def test_svg(text: bytes, size: tuple[int, int], tmp_path: Path) -> None:
    (path := tmp_path / "drawing.svg").write_bytes(text)
    extraction = extract_path(path)
    assert (extraction.file.image_width, extraction.file.image_height) == size
    assert extraction.file.content_type == "image/svg+xml"
    assert exif_of(extraction)["Format"] == "svg"


@pytest.mark.parametrize(
    "text",
    [
        b"<svg width=",
        b"<html width='1' height='1'>",
        b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg width="&b;" height="1">',
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]><svg width="&x;" height="1">',
    ],
)
def test_what_is_no_svg_and_hostile_svg_fail_with_a_reason(text: bytes, tmp_path: Path) -> None:
    (path := tmp_path / "drawing.svg").write_bytes(text)
    extraction = extract_path(path)
    assert (extraction.failure or "").startswith("ParseFailed: ")
    assert extraction.file.media_type == "image"


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", bytes(5000)])
def test_what_is_no_picture_fails_with_a_reason_and_keeps_what_the_listing_tells(
    content: bytes, tmp_path: Path
) -> None:
    (path := tmp_path / "picture.jpg").write_bytes(content)
    extraction = extract_path(path)
    assert (extraction.failure or "").startswith("ParseFailed: ")
    assert "0x" not in (extraction.failure or "")
    assert (extraction.file.filename, extraction.file.size) == ("picture.jpg", len(content))
    assert extraction.file.file_modified_time is not None
    assert not extraction.retryable


def test_a_picture_cut_short_after_its_header_keeps_what_was_read(tmp_path: Path) -> None:
    Image.effect_noise((400, 300), 50).save(path := tmp_path / "cut.jpg", exif=b"Exif\0\0" + exif_block())
    path.write_bytes(path.read_bytes()[:2000])
    file = extract_path(path).file
    assert (file.image_width, file.orientation) == (400, 6)


def test_a_damaged_header_keeps_the_exif_before_it(tmp_path: Path) -> None:
    Image.new("RGB", (400, 300)).save(path := tmp_path / "cut.jpg", exif=b"Exif\0\0" + exif_block())
    path.write_bytes(path.read_bytes()[: 20 + len(exif_block())])
    extraction = extract_path(path)
    assert (extraction.failure or "").startswith("ParseFailed: ")
    assert (extraction.file.image_width, extraction.file.orientation) == (None, 6)


def test_an_orientation_that_cannot_be_one_is_left_out(tmp_path: Path) -> None:
    for numbers, expected in (((8,), 8), ((0,), 0), ((65535,), 65535)):
        block = tiff_bytes({**camera_tags(), 0x112: short(*numbers)})
        Image.new("RGB", (4, 3)).save(path := tmp_path / "turned.jpg", exif=b"Exif\0\0" + block)
        assert extract_path(path).file.orientation == expected


def test_a_large_picture_costs_few_bytes(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes((folder / "photo.jpg").read_bytes() + bytes(20_000_000))
    extraction = extract_path(path)
    assert extraction.failure is None
    assert extraction.bytes_read <= 128 * 1024


def test_a_decompression_bomb_is_only_measured(tmp_path: Path) -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0))
    (path := tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", bytes(99))
    )
    extraction = extract_path(path)
    assert (extraction.file.image_width, extraction.file.image_height) == (60_000, 60_000)


@pytest.mark.parametrize("name", [*WITH_EXIF, *PLAIN, *JUDGED_APART])
def test_mutations_end_in_an_outcome_and_read_little(name: str, folder: Path) -> None:
    """Flipped, cut and repeated bytes; the seed is the name."""
    data = (folder / name).read_bytes()
    chance = random.Random(name)
    request = request_of(folder / name, ALL - {Operator.REGEO})
    for _ in range(40):
        _check(_mutated(data, chance), name, request)


def _mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    match chance.randrange(4):
        case 0:
            for _ in range(chance.choice((1, 10, 100))):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
        case 1:
            del changed[chance.randrange(len(changed)) :]
        case 2:
            at = chance.randrange(min(len(changed), 1024))
            changed[at : at + 4] = chance.choice(
                (b"\xff" * 4, b"\x7f" + b"\xff" * 3, bytes(4), b"\xff\xff\xff\x7f")
            )
        case _:
            start = chance.randrange(len(changed))
            changed[start:start] = changed[start : start + chance.randrange(2000)]
    return bytes(changed)


def _check(data: bytes, name: str, request: ExtractionRequest) -> None:
    reader = reader_of(data, name, ExtractionLimits(read_bytes=4 * 1024 * 1024))
    try:
        found = extract_image(reader, request)
    except Unreadable as error:
        assert error.code == "ParseFailed"
        assert error.found is not None
        return
    assert found.file.image_width and found.file.image_height


def test_a_reader_made_of_a_stream_is_enough_for_pillow() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (7, 5)).save(stream, "TGA")
    assert Image.open(reader_of(stream.getvalue())).size == (7, 5)  # type: ignore[arg-type]
