"""Boxes of ISO base media files, and the items of HEIF, written by hand and by libheif."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.extract.picture_samples import box, exif_block, exiftool

from bindery.extract.pictures.boxes import Box, HeifMeta, boxes, find_box, sequence_frames, track_size
from bindery.extract.pictures.headers import read_heif
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.tiff import Memory, Source


def kinds(data: bytes) -> list[bytes]:
    return [found.kind for found in boxes(Memory(data))]


def test_boxes_one_after_the_other() -> None:
    data = box(b"ftyp", b"heic") + box(b"free") + box(b"mdat", b"12345")
    assert list(boxes(Memory(data))) == [Box(b"ftyp", 8, 4), Box(b"free", 20, 0), Box(b"mdat", 28, 5)]


def test_a_box_with_a_long_size_and_one_that_reaches_to_the_end() -> None:
    long = struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234"
    assert list(boxes(Memory(long + struct.pack(">I4s", 0, b"meta") + bytes(9)))) == [
        Box(b"mdat", 16, 4),
        Box(b"meta", 28, 9),
    ]


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\7free",
        struct.pack(">I4s", 1, b"free"),
        struct.pack(">I4sQ", 1, b"free", 15),
    ],
)
def test_a_size_that_makes_no_sense_ends_the_boxes(tail: bytes) -> None:
    assert kinds(box(b"ftyp") + tail) == [b"ftyp"]


def test_a_box_longer_than_the_file_is_cut() -> None:
    assert list(boxes(Memory(struct.pack(">I4s", 2**32 - 1, b"mdat") + b"12"))) == [Box(b"mdat", 8, 2)]


def test_millions_of_empty_boxes_end_soon() -> None:
    assert len(kinds(box(b"free") * 100_000)) == 1000


def test_find_box() -> None:
    data = box(b"moov", box(b"trak", box(b"tkhd", b"1")), box(b"trak", box(b"mdia", b"22")))
    assert find_box(Memory(data), b"moov", b"trak", b"mdia") == Box(b"mdia", 41, 2)
    assert find_box(Memory(data), b"moov", b"udta") is None


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def heif(
    *properties: bytes, items: bytes = b"", places: bytes = b"", idat: bytes = b"", primary: int = 1
) -> Source:
    """A meta box with one picture that has all the properties."""
    indexes = b"".join(bytes((0x80 | at,)) for at in range(1, len(properties) + 1))
    association = struct.pack(">IHB", 1, 1, len(properties)) + indexes
    infe = full(b"infe", struct.pack(">HH4s", 1, 0, b"hvc1"), b"\0", version=2)
    return Memory(
        full(
            b"meta",
            full(b"pitm", struct.pack(">H", primary)),
            full(b"iinf", struct.pack(">H", 2), infe, items),
            places,
            box(b"iprp", box(b"ipco", *properties), full(b"ipma", association)),
            box(b"idat", idat),
        )
    )


def meta_of(source: Source) -> HeifMeta:
    found = find_box(source, b"meta")
    assert found is not None
    return HeifMeta(source, found)


SIZE = full(b"ispe", struct.pack(">II", 4032, 3024))


def rotation(quarters: int) -> bytes:
    return box(b"irot", bytes((quarters,)))


def crop(width: int, height: int) -> bytes:
    return box(b"clap", struct.pack(">8I", width, 1, height, 1, 0, 1, 0, 1))


@pytest.mark.parametrize(
    ("properties", "size"),
    [
        ([SIZE], (4032, 3024)),
        ([SIZE, rotation(0)], (4032, 3024)),
        ([SIZE, rotation(1)], (3024, 4032)),
        ([SIZE, rotation(2)], (4032, 3024)),
        ([SIZE, rotation(3)], (3024, 4032)),
        ([SIZE, crop(4000, 3000), rotation(1)], (3000, 4000)),
        ([SIZE, crop(5000, 3000)], (4032, 3024)),
        ([SIZE, box(b"clap", bytes(32))], (4032, 3024)),
        ([rotation(1)], None),
        ([], None),
    ],
)
def test_the_transformations_of_the_container_are_applied(
    properties: list[bytes], size: tuple[int, int] | None
) -> None:
    assert meta_of(heif(*properties)).size() == size


def place(number: int, offset: int, length: int, method: int) -> bytes:
    """An item location box, version 1, with offsets and lengths of four bytes."""
    head = struct.pack(">BBH", 0x44, 0x00, 1)
    return full(b"iloc", head, struct.pack(">HHHHII", number, method, 0, 1, offset, length), version=1)


def item(number: int, kind: bytes, content_type: bytes = b"") -> bytes:
    return full(b"infe", struct.pack(">HH4s", number, 0, kind), b"name\0", content_type + b"\0", version=2)


@pytest.mark.parametrize(
    "head", [struct.pack(">I", 0), struct.pack(">I", 6) + b"Exif\0\0", struct.pack(">I", 999)]
)
def test_exif_in_the_items_own_data(head: bytes) -> None:
    content = head + exif_block()
    meta = meta_of(heif(SIZE, items=item(2, b"Exif"), places=place(2, 0, len(content), 1), idat=content))
    found = meta.exif()
    assert found is not None
    assert found.peek_at(0, 8) == exif_block()[:8]


@pytest.mark.parametrize(
    ("content_type", "packet"), [(b"application/rdf+xml", b"<xmp>"), (b"text/plain", b"")]
)
def test_xmp_is_found_by_its_content_type(content_type: bytes, packet: bytes) -> None:
    text = item(2, b"mime", content_type)
    assert meta_of(heif(SIZE, items=text, places=place(2, 0, 5, 1), idat=b"<xmp>")).xmp() == packet


def test_an_item_that_lies_outside_the_file_is_empty() -> None:
    meta = meta_of(heif(SIZE, items=item(2, b"Exif"), places=place(2, 2**31, 2**31, 0)))
    assert meta.exif() is None
    assert meta.size() == (4032, 3024)


def test_endless_extents_of_no_size_cost_few_steps() -> None:
    """Thousands of EXIF items, each of 65,535 extents that take no bytes to tell."""
    places = full(b"iloc", struct.pack(">BBH", 0, 0, 9000), struct.pack(">HHH", 2, 0, 65535) * 9000)
    assert meta_of(heif(SIZE, items=item(2, b"Exif"), places=places)).size() == (4032, 3024)


def test_damaged_parts_leave_the_others() -> None:
    """A cut location box hides the EXIF, not the size."""
    meta = meta_of(
        heif(SIZE, items=item(2, b"Exif"), places=full(b"iloc", b"\x44\0\xff\xff\0\2", version=1))
    )
    assert (meta.size(), meta.exif()) == ((4032, 3024), None)


def test_an_image_sequence_has_the_size_and_frames_of_its_track() -> None:
    header = full(b"tkhd", bytes(72) + struct.pack(">II", 640 << 16, 360 << 16))
    sizes = full(b"stsz", struct.pack(">II", 0, 25))
    track = box(b"trak", header, box(b"mdia", box(b"minf", box(b"stbl", sizes))))
    data = box(b"ftyp", b"avis" + bytes(4) + b"avif") + box(b"moov", track)
    assert track_size(Memory(data)) == (640, 360)
    assert sequence_frames(Memory(data)) == 25
    picture = Picture()
    read_heif(Memory(data), picture)
    assert (picture.width, picture.height, picture.frames, picture.format) == (640, 360, 25, "avif")


def test_no_track_has_no_size() -> None:
    for data in (b"", box(b"moov"), box(b"moov", box(b"trak", full(b"tkhd", bytes(80))))):
        assert (track_size(Memory(data)), sequence_frames(Memory(data))) == (None, None)


def test_a_file_of_libheif(tmp_path: Path) -> None:
    pillow_heif.register_heif_opener()
    stream = io.BytesIO()
    Image.new("RGB", (130, 70)).save(stream, "HEIF", exif=exif_block())
    (path := tmp_path / "file.heic").write_bytes(stream.getvalue())
    meta = meta_of(Memory(stream.getvalue()))
    width, height = exiftool(path)["ImageWidth"], exiftool(path)["ImageHeight"]
    turned = exiftool(path).get("Rotation") in (90, 270)
    assert meta.size() == ((height, width) if turned else (width, height))
    assert meta.exif() is not None


@given(st.binary(max_size=400))
def test_arbitrary_meta_boxes_raise_nothing(data: bytes) -> None:
    meta = HeifMeta(Memory(data), Box(b"meta", 0, len(data)))
    meta.size(), meta.exif(), meta.xmp()


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6))
def test_flipped_bytes_of_a_real_meta_box_raise_nothing(flips: list[tuple[int, int]]) -> None:
    content = struct.pack(">I", 0) + exif_block()
    source = heif(
        SIZE, rotation(1), items=item(2, b"Exif"), places=place(2, 0, len(content), 1), idat=content
    )
    data = bytearray(source.peek_at(0, source.size))
    for at, value in flips:
        data[8 + at % (len(data) - 8)] = value
    meta = HeifMeta(Memory(bytes(data)), Box(b"meta", 8, len(data) - 8))
    meta.size(), meta.exif(), meta.xmp()
