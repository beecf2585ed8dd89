"""Header readers on headers written by hand from the specifications, for what no writer at hand makes."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.extract.picture_samples import (
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    box,
    exif_block,
    exif_segment,
    exiftool,
    jpeg_of,
    jpeg_segment,
    png_chunk,
    short,
    tiff_bytes,
)

from bindery.extract.pictures.headers import header_reader
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.tiff import Memory

XMP = b"<x:xmpmeta><rdf:Description tiff:Model='From XMP'/></x:xmpmeta>"
PNG = b"\x89PNG\r\n\x1a\n"


def read(data: bytes) -> Picture:
    picture = Picture()
    reader = header_reader(data[:4096])
    assert reader is not None
    reader(Memory(data), picture)
    return picture


def size(data: bytes) -> tuple[int | None, int | None]:
    picture = read(data)
    return picture.width, picture.height


def judged_size(data: bytes, name: str, folder: Path) -> tuple[int, int]:
    (path := folder / name).write_bytes(data)
    return exiftool(path)["ImageWidth"], exiftool(path)["ImageHeight"]


@pytest.mark.parametrize("frame", [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCF])
def test_every_kind_of_jpeg_frame(frame: int, tmp_path: Path) -> None:
    data = jpeg_of(65500, 40, frame=frame)
    assert size(data) == judged_size(data, "file.jpg", tmp_path) == (65500, 40)


def test_jpeg_ls() -> None:
    assert size(jpeg_of(12, 34, frame=0xF7)) == (12, 34)


def test_jpeg_segments_in_any_order_with_fill_bytes_and_junk() -> None:
    other = jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes(50_000))
    tables = jpeg_segment(0xC4, bytes(20)) + jpeg_segment(0xCC, b"\0\0")
    picture = read(
        jpeg_of(8, 6, other, b"\xff\xff\xff", tables, b"junk", exif_segment(), exif_segment(b"II*\0"))
    )
    assert (picture.width, picture.height) == (8, 6)
    assert [found.name for found in picture.directories] == ["IFD0", "Exif", "GPS"]


def test_the_first_usable_exif_of_a_jpeg_counts() -> None:
    assert read(jpeg_of(8, 6, exif_segment(b"damaged"), exif_segment())).directories


def test_xmp_and_density_of_a_jpeg() -> None:
    density = jpeg_segment(0xE0, b"JFIF\0\1\2" + struct.pack(">BHH", 1, 300, 150) + b"\0\0")
    picture = read(jpeg_of(8, 6, density, jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)))
    assert picture.resolution == ("2", "300/1", "150/1")
    assert picture.xmp == XMP


def test_a_thumbnail_in_the_exif_is_not_the_picture() -> None:
    assert size(jpeg_of(800, 600, exif_segment(exif_block() + jpeg_of(16, 12)))) == (800, 600)


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0", b"\xff\xd8\xff\xe0\0\0\0", jpeg_of(0, 0)]
)
def test_a_jpeg_without_a_frame_has_no_size(data: bytes) -> None:
    assert size(data) == (None, None)


def png(*chunks: bytes) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 30, 20, 8, 2, 0, 0, 0))
    return PNG + header + b"".join(chunks) + png_chunk(b"IEND", b"")


def pixels(length: int) -> bytes:
    """Pixel chunks whose bytes look like a text chunk that leads nowhere."""
    return b"".join(
        png_chunk(b"IDAT", (b"\0\0\0\x05tEXt" * 2000)[:8192]) for _ in range(length // 8192 + 1)
    )


def raw_profile(name: bytes, block: bytes, *, packed: bool) -> bytes:
    """ImageMagick's text for a profile."""
    text = b"\n%s\n%8d\n%s\n" % (name, len(block), block.hex().encode())
    keyword = b"Raw profile type " + name + b"\0"
    return (
        png_chunk(b"zTXt", keyword + b"\0" + zlib.compress(text))
        if packed
        else png_chunk(b"tEXt", keyword + text)
    )


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"eXIf", exif_block()),
        raw_profile(b"exif", b"Exif\0\0" + exif_block(), packed=False),
        raw_profile(b"APP1", b"Exif\0\0" + exif_block(order=">"), packed=True),
    ],
)
def test_exif_of_a_png_before_and_behind_its_pixels(chunk: bytes, behind: bool, tmp_path: Path) -> None:
    data = png(pixels(300_000), chunk) if behind else png(chunk, pixels(300_000))
    picture = read(data)
    assert (picture.width, picture.height) == judged_size(data, "file.png", tmp_path) == (30, 20)
    assert (
        picture.directories[0].text(0x110) == exiftool(tmp_path / "file.png")["Model"] == "Lichtbild 3000"
    )


@pytest.mark.parametrize("packed", [False, True])
def test_xmp_of_a_png(packed: bool) -> None:
    text = b"XML:com.adobe.xmp\0" + bytes((packed, 0)) + b"\0\0" + (zlib.compress(XMP) if packed else XMP)
    assert read(png(png_chunk(b"iTXt", text), pixels(1))).xmp == XMP


def test_hostile_texts_of_a_png_are_passed_over() -> None:
    bomb = zlib.compress(bytes(50_000_000))
    picture = read(
        png(
            png_chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb),
            png_chunk(b"zTXt", b"Raw profile type exif\0\0no zlib"),
            png_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 4\nno hex"),
            png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1"),
        )
    )
    assert (picture.width, picture.directories, picture.xmp) == (30, [], b"")


@pytest.mark.parametrize(
    "text", [b"tEXt", b"\0\0\0\0tEXt\0\0\0\0", b"\0\0\0\0tEXt" + bytes(4) + b"\0\0\0\0IDAT" + bytes(4)]
)
def test_a_tail_of_false_chunks_costs_few_steps(text: bytes) -> None:
    """Would take hours if every candidate were followed to its end."""
    data = (
        PNG + png_chunk(b"IHDR", struct.pack(">II", 30, 20) + bytes(5)) + png_chunk(b"IDAT", text * 30_000)
    )
    assert size(data * 3) == (30, 20)


def test_junk_between_segments_costs_few_steps() -> None:
    segments = [jpeg_segment(0xE2, b"") + bytes(60_000) for _ in range(200)]
    assert size(jpeg_of(8, 6, *segments)) == (8, 6)


def test_an_animation_in_a_png() -> None:
    assert read(png(png_chunk(b"acTL", struct.pack(">II", 7, 0)), pixels(1))).frames == 7


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def webp(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 0x4000 | 300, 200))],
        [chunk(b"VP8L", b"\x2f" + struct.pack("<I", 299 | 199 << 14) + bytes(5))],
        [chunk(b"VP8X", b"\x0c" + bytes(3) + (299).to_bytes(3, "little") + (199).to_bytes(3, "little")),
         chunk(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 1, 1)),
         chunk(b"EXIF", exif_block()), chunk(b"XMP ", XMP)],
    ],
)  # fmt: skip
def test_the_three_kinds_of_webp(chunks: list[bytes], tmp_path: Path) -> None:
    data = webp(*chunks)
    assert size(data) == judged_size(data, "file.webp", tmp_path) == (300, 200)


def test_exif_xmp_and_frames_of_a_webp() -> None:
    canvas = chunk(b"VP8X", b"\2" + bytes(3) + b"\x09\0\0\x04\0\0")
    picture = read(webp(canvas, chunk(b"ANMF", bytes(31)), chunk(b"ANMF", bytes(8)), chunk(b"EXIF", exif_block()),
                        chunk(b"XMP ", XMP)))  # fmt: skip
    assert (picture.width, picture.height, picture.frames, picture.xmp) == (10, 5, 2, XMP)
    assert picture.directories


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (struct.pack("<IHH", 12, 70, 60) + bytes(4), (70, 60)),
        (struct.pack("<Iii", 40, 70, 60) + bytes(28), (70, 60)),
        (struct.pack("<Iii", 40, 70, -60) + bytes(28), (70, 60)),
        (struct.pack("<Iii", 64, 70, 60) + bytes(52), (70, 60)),
        (struct.pack("<Iii", 124, 70, 60) + bytes(112), (70, 60)),
        (struct.pack("<Iii", 40, -70, 60) + bytes(28), (None, None)),
    ],
)
def test_every_generation_of_bmp_headers(header: bytes, expected: tuple[int | None, int | None]) -> None:
    assert size(b"BM" + bytes(12) + header) == expected


def test_frames_of_a_gif_that_is_cut_short_are_those_begun() -> None:
    stream = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), (50 * shade, 0, 0)) for shade in range(5)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    assert read(stream.getvalue()).frames == 5
    assert 1 <= (read(stream.getvalue()[:-60]).frames or 0) <= 5


def test_a_large_gif_is_not_read_to_count_its_frames() -> None:
    head = b"GIF89a" + struct.pack("<HHBBB", 10, 20, 0, 0, 0)
    picture = read(head + bytes(5 * 1024 * 1024))
    assert (picture.width, picture.height, picture.frames) == (10, 20, None)


def test_pcx_and_icons() -> None:
    assert size(b"\x0a\5\1\x08" + struct.pack("<4H", 10, 20, 109, 69) + bytes(112)) == (100, 50)
    icon = b"".join(
        struct.pack("<BBBBHHII", *sides, 0, 0, 1, 32, 0, 22) for sides in ((16, 16), (0, 0), (48, 32))
    )
    assert size(b"\0\0\1\0\3\0" + icon) == (256, 256)
    assert size(b"\0\0\2\0\3\0" + icon[:16]) == (16, 16)
    # A Targa file without a colour map starts like an empty directory of cursors.
    assert header_reader(b"\0\0\2\0" + bytes(60)) is None


def jpeg_2000(*boxes: bytes) -> bytes:
    header = box(b"ihdr", struct.pack(">IIHBBBB", 20, 30, 3, 7, 7, 0, 0)) + box(
        b"colr", b"\1\0\0" + bytes(4)
    )
    start = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 " + bytes(4) + b"jp2 ")
    return start + box(b"jp2h", header) + b"".join(boxes)


@pytest.mark.parametrize("uuid", [b"JpgTiffExif->JP2", bytes.fromhex("0537cdab9d0c4431a72afa561f2a113e")])
def test_jpeg_2000_with_exif(uuid: bytes, tmp_path: Path) -> None:
    data = jpeg_2000(box(b"uuid", uuid + exif_block()))
    assert size(data) == judged_size(data, "file.jp2", tmp_path) == (30, 20)
    assert read(data).directories[0].text(0x110) == exiftool(tmp_path / "file.jp2")["Model"]


def test_xmp_of_jpeg_2000() -> None:
    assert read(jpeg_2000(box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP))).xmp == XMP


def test_a_bare_codestream_is_its_grid_less_the_offset() -> None:
    sizes = struct.pack(">HH8I", 41, 0, 130, 220, 30, 20, 100, 200, 0, 0)
    assert size(b"\xff\x4f\xff\x51" + sizes) == (100, 200)


def photoshop(*resources: tuple[int, bytes, bytes], version: int = 1) -> bytes:
    blocks = b""
    for number, name, content in resources:
        label = bytes((len(name),)) + name
        blocks += b"8BIM" + struct.pack(">H", number) + label + bytes(len(label) % 2)
        blocks += struct.pack(">I", len(content)) + content + bytes(len(content) % 2)
    head = b"8BPS" + struct.pack(">H6xHIIHH", version, 3, 20, 30, 8, 3)
    return head + struct.pack(">I", 6) + b"colour" + struct.pack(">I", len(blocks)) + blocks + bytes(8)


def test_photoshop_files(tmp_path: Path) -> None:
    data = photoshop((1005, b"odd", bytes(15)), (1058, b"", exif_block()), (1060, b"name", XMP))
    picture = read(data)
    assert (picture.width, picture.height) == judged_size(data, "file.psd", tmp_path) == (30, 20)
    assert picture.directories[0].text(0x110) == exiftool(tmp_path / "file.psd")["Model"]
    assert picture.xmp == XMP
    assert size(photoshop(version=2)) == (30, 20)


def bits(*fields: tuple[int, int]) -> bytes:
    """Values and widths, packed from the lowest bit up."""
    number = shift = 0
    for value, width in fields:
        number |= value << shift
        shift += width
    return number.to_bytes(16, "little")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # Small: multiples of 8; ratio 0: the width is told, 1: square, 5: 16 to 9.
        (((1, 1), (2, 5), (0, 3), (4, 5)), (40, 24)),
        (((1, 1), (8, 5), (1, 3)), (72, 72)),
        (((0, 1), (0, 2), (359, 9), (5, 3)), (640, 360)),
        (((0, 1), (1, 2), (3023, 13), (0, 3), (1, 2), (4031, 13)), (4032, 3024)),
        (((0, 1), (3, 2), (299_999, 30), (0, 3), (2, 2), (99_999, 18)), (100_000, 300_000)),
    ],
)
def test_sizes_of_jpeg_xl(
    fields: tuple[tuple[int, int], ...], expected: tuple[int, int], tmp_path: Path
) -> None:
    stream = b"\xff\x0a" + bits(*fields)
    assert size(stream) == judged_size(stream, "file.jxl", tmp_path) == expected
    start = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl " + bytes(4) + b"jxl ")
    picture = read(start + box(b"Exif", bytes(4) + exif_block()) + box(b"xml ", XMP) + box(b"jxlc", stream))
    assert (picture.width, picture.height, picture.xmp) == (*expected, XMP)
    assert picture.directories
    assert size(start + box(b"jxlp", bytes(4) + stream)) == expected


def test_jpeg_xr_is_a_tiff_with_tags_of_its_own(tmp_path: Path) -> None:
    data = tiff_bytes({0xBC80: short(30), 0xBC81: short(20)}, version=0x01BC)
    assert size(data) == judged_size(data, "file.jxr", tmp_path) == (30, 20)


def test_pages_of_a_tiff_are_frames() -> None:
    page = {IMAGE_WIDTH: short(30), IMAGE_HEIGHT: short(20)}
    picture = read(tiff_bytes(page, page, page))
    assert (picture.width, picture.height, picture.frames) == (30, 20, 3)


@pytest.mark.parametrize(
    "data", [b"", b"BM", b"text", b"\0\0\0\x18ftxp", b"RIFF\0\0\0\0WAVE", b"BM" + bytes(62)]
)
def test_other_bytes_have_no_reader(data: bytes) -> None:
    assert header_reader(data) is None


STARTS = [
    b"\xff\xd8\xff", PNG, b"GIF89a", webp(), b"BM" + bytes(12) + b"\x28\0\0\0", b"\0\0\0\x18ftypheic", b"\xff\x0a",
    box(b"JXL ", b"\r\n\x87\n"), b"8BPS\0\1", box(b"jP  ", b"\r\n\x87\n"), b"\xff\x4f\xff\x51", b"\0\0\1\0\1",
    b"\x0a\5\1\x08", b"II*\0", b"MM\0+",
]  # fmt: skip


@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_arbitrary_bytes_behind_a_mark_end_soon(start: bytes, rest: bytes) -> None:
    """Readers may raise for damaged headers, as ``read_picture`` expects, but only these."""
    picture = Picture()
    reader = header_reader(start + rest)
    assert reader is not None
    with suppress(ValueError, struct.error, IndexError):
        reader(Memory(start + rest), picture)
    assert (picture.width is None) == (picture.height is None)
    assert picture.width is None or 0 < picture.width < 2**31
