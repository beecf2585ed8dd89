"""Pictures that end too early are told as such, and whole ones are not; counts that are not finished are left out."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import brotli
import pytest
from PIL import Image
from tests.extract.picture_samples import (
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    Bytes,
    box,
    exif_block,
    exif_of,
    extract_path,
    jpeg_of,
    jpeg_segment,
    png_chunk,
    reader_of,
    short,
    tiff_bytes,
)
from tests.extract.tags.test_xmp import rdf

from bindery.buckets.store import ObjectInfo
from bindery.extract.limits import ExtractionLimits
from bindery.extract.notes import Note
from bindery.extract.pictures.headers import header_reader
from bindery.extract.pictures.picture import Picture
from bindery.extract.reader import RangeReader
from bindery.extract.tags.tiff import Memory

NOISE = Image.effect_noise((700, 500), 90).convert("RGB")
SMALL = NOISE.crop((0, 0, 60, 40))
WRITTEN = {
    "large.jpg": (NOISE, {"quality": 90}),
    "small.jpg": (SMALL, {"quality": 90}),
    "progressive.jpg": (NOISE, {"quality": 90, "progressive": True}),
    "large.png": (NOISE, {}),
    "small.png": (SMALL, {}),
    "a.gif": (SMALL.convert("P"), {}),
    "a.webp": (NOISE, {}),
    "a.tif": (NOISE, {}),
    "packed.tif": (NOISE, {"compression": "tiff_lzw"}),
    "a.bmp": (SMALL, {}),
    "a.avif": (NOISE, {}),
    "a.jp2": (NOISE, {}),
}


def notes_of(path: Path) -> list[str]:
    return [told.partition(":")[0] for told in extract_path(path).file.extraction_notes or ()]


@pytest.mark.parametrize("name", WRITTEN)
def test_half_a_picture_says_so_and_a_whole_one_does_not(name: str, tmp_path: Path) -> None:
    picture, options = WRITTEN[name]
    picture.save(path := tmp_path / name, **options)
    data = path.read_bytes()
    assert notes_of(path) == []
    for share in (0.5, 0.9):
        path.write_bytes(data[: int(len(data) * share)])
        assert notes_of(path) == [Note.CUT_SHORT], share


def whole(**options: object) -> bytes:
    target = io.BytesIO()
    NOISE.save(target, "JPEG", quality=90, **options)
    return target.getvalue()


@pytest.mark.parametrize(
    "behind",
    [
        b"",
        bytes(10_000),
        box(b"ftyp", b"mp42") + box(b"mdat", bytes(range(256)) * 400) + box(b"moov", bytes(20_000)),
        whole()[:50_000] + b"\xff\xd9",
    ],
)
def test_what_follows_the_end_of_a_jpeg_is_not_taken_for_a_missing_one(
    behind: bytes, tmp_path: Path
) -> None:
    (path := tmp_path / "a.jpg").write_bytes(whole() + behind)
    assert notes_of(path) == []


def test_the_end_of_a_jpeg_costs_one_request_of_few_bytes() -> None:
    store = Bytes(whole())
    reader = RangeReader(store, ObjectInfo("a.jpg", len(store.data), "etag", 0), ExtractionLimits())
    read = header_reader(store.data[:4096])
    assert read is not None
    read(reader, Picture())
    assert [length for _, length in store.reads] == [65_536, 4096]


def test_a_jpeg_of_many_segments_costs_few_reads() -> None:
    """A colour profile of 98 MB, behind which the size stands."""
    segments = [jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes(65_521))] * 1500
    data = jpeg_of(
        40, 30, jpeg_segment(0xE1, b"Exif\0\0" + exif_block()), *segments, jpeg_segment(0xFE, b"end")
    )
    reader = reader_of(data)
    picture = Picture()
    read = header_reader(data[:4096])
    assert read is not None
    read(reader, picture)
    assert (picture.width, picture.height) == (40, 30)
    assert reader.bytes_read < 8_000_000


def test_a_jpeg_of_very_many_short_segments() -> None:
    data = jpeg_of(40, 30, *[jpeg_segment(0xFE, b"")] * 30_000)
    read = header_reader(data[:4096])
    assert read is not None
    picture = Picture()
    read(Memory(data), picture)
    assert (picture.width, picture.height) == (40, 30)


def test_a_comment_without_its_own_length_and_a_height_behind_the_scan() -> None:
    def size(data: bytes) -> tuple[int | None, int | None]:
        picture = Picture()
        read = header_reader(data[:4096])
        assert read is not None
        read(Memory(data), picture)
        return picture.width, picture.height

    assert size(jpeg_of(40, 30, b"\xff\xfe\0\0")) == (40, 30)
    data = jpeg_of(40, 0)
    assert size(data) == (None, None)
    assert size(data[:-2] + b"\xff\xdc\0\4\0\x1e" + data[-2:]) == (40, 30)


@pytest.mark.parametrize("pages", [255, 257, 5000])
def test_pages_are_counted(pages: int, tmp_path: Path) -> None:
    page = {IMAGE_WIDTH: short(4), IMAGE_HEIGHT: short(3)}
    (path := tmp_path / "a.tif").write_bytes(tiff_bytes(*[page] * pages))
    assert exif_of(extract_path(path))["FrameCount"] == str(pages)


def test_pages_that_lie_far_apart_are_not_counted_to_their_end(tmp_path: Path) -> None:
    step, pages = 70_000, 200
    data = bytearray(step * (pages + 1))
    data[:8] = b"II*\0" + struct.pack("<I", step)
    for page in range(1, pages + 1):
        at = page * step
        following = at + step if page < pages else 0
        data[at : at + 30] = struct.pack("<HHHIHHHHIHHI", 2, 256, 3, 1, 4, 0, 257, 3, 1, 3, 0, following)
    (path := tmp_path / "a.tif").write_bytes(data)
    extraction = extract_path(path)
    assert "FrameCount" not in exif_of(extraction)
    assert notes_of(path) == [Note.COUNT_CUT]
    assert extraction.bytes_read < 6_000_000


def test_frames_of_a_webp_are_counted(tmp_path: Path) -> None:
    body = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + b"\3\0\0\2\0\0"
    body += (b"ANMF" + struct.pack("<I", 16) + bytes(16)) * 4500
    (path := tmp_path / "a.webp").write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body)
    assert exif_of(extract_path(path))["FrameCount"] == "4500"


def test_exif_of_a_png_before_a_long_text_at_its_end(tmp_path: Path) -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", bytes(range(256)) * 1000)
    text = png_chunk(b"tEXt", b"Comment\0" + b"words and words " * 7000)
    end = png_chunk(b"eXIf", exif_block()) + text + png_chunk(b"IEND", b"")
    (path := tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + end)
    assert exif_of(extract_path(path))["Model"] == "Lichtbild 3000"
    assert notes_of(path) == []


def codestream(*fields: tuple[int, int]) -> bytes:
    """A JPEG XL codestream of 1386 by 924: bits from the lowest up, each a value and its width."""
    value = at = 0
    for number, width in ((0, 1), (1, 2), (923, 13), (0, 3), (1, 2), (1385, 13), *fields):
        value |= number << at
        at += width
    return b"\xff\x0a" + value.to_bytes(40, "little")


def container(*parts: bytes) -> bytes:
    return b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ") + b"".join(parts)


EXTRA = ((0, 1), (1, 1))
TURNED = codestream(*EXTRA, (6, 3), (0, 3))
MOVING = codestream(*EXTRA, (0, 3), (0, 1), (0, 1), (1, 1))
EXIF = struct.pack(">I", 0) + exif_block()
JXL = {
    "usual": (codestream((1, 1)), None, "1"),
    "orientation 7": (TURNED, 7, "1"),
    "an animation": (MOVING, None, None),
    "orientation in both": (container(box(b"Exif", EXIF), box(b"jxlc", TURNED)), 7, "1"),
    "Exif": (container(box(b"jxlc", codestream((1, 1))), box(b"Exif", EXIF)), 6, "1"),
    "Exif without its offset": (
        container(box(b"Exif", exif_block()), box(b"jxlc", codestream((1, 1)))),
        6,
        "1",
    ),
    "Exif compressed": (
        container(box(b"jxlc", codestream((1, 1))), box(b"brob", b"Exif", brotli.compress(EXIF))),
        6,
        "1",
    ),
}


@pytest.mark.parametrize("name", JXL)
def test_jpeg_xl(name: str, tmp_path: Path) -> None:
    data, orientation, frames = JXL[name]
    (path := tmp_path / "a.jxl").write_bytes(data)
    extraction = extract_path(path)
    file = extraction.file
    assert (file.image_width, file.image_height, file.orientation) == (1386, 924, orientation)
    assert exif_of(extraction).get("FrameCount") == frames
    assert notes_of(path) == ([] if frames else [Note.COUNT_CUT])


def test_compressed_xmp_of_a_jpeg_xl_and_a_stream_that_swells(tmp_path: Path) -> None:
    xmp = brotli.compress(rdf("<dc:title>Harbour</dc:title>"))
    bomb = brotli.compress(bytes(200_000_000), quality=1)
    (path := tmp_path / "a.jxl").write_bytes(
        container(box(b"jxlc", codestream((1, 1))), box(b"brob", b"Exif", bomb), box(b"brob", b"xml ", xmp))
    )
    assert extract_path(path).file.title == "Harbour"
