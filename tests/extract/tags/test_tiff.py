"""Directories of TIFF structures, held against exiftool and against arbitrary bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.extract.picture_samples import (
    CAMERA,
    EXIF,
    GPS,
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    MODEL,
    ORIENTATION,
    PLACE,
    SUB_IFDS,
    TAKEN,
    Bytes,
    ascii_text,
    byte,
    camera_tags,
    double,
    exiftool,
    long,
    rational,
    short,
    tiff_bytes,
    undefined,
)

from bindery.buckets.store import ObjectInfo
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader
from bindery.extract.tags.tiff import Memory, NotTiff, Part, Rational, decode_text, full_size, read_tiff


def names(data: bytes) -> list[str]:
    return [found.name for found in read_tiff(Memory(data)).directories]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", [42, 43])
def test_both_byte_orders_and_bigtiff_tell_what_exiftool_tells(
    order: str, version: int, tmp_path: Path
) -> None:
    data = tiff_bytes(
        {**CAMERA, IMAGE_WIDTH: short(640), IMAGE_HEIGHT: long(480), EXIF: TAKEN},
        order=order,
        version=version,
    )
    tree = read_tiff(Memory(data))
    main, taken = tree.directories
    assert (main.name, taken.name) == ("IFD0", "Exif")
    (path := tmp_path / "file.tif").write_bytes(data)
    if version == 42:
        judge = exiftool(path)
        assert main.text(MODEL) == judge["Model"]
        assert main.integer(ORIENTATION) == judge["Orientation"]
        assert full_size(tree) == (judge["ImageWidth"], judge["ImageHeight"])
        assert taken.numbers(0x829D) == [Rational(28, 10)] and judge["FNumber"] == 2.8
    assert main.text(MODEL) == "Lichtbild 3000"
    assert full_size(tree) == (640, 480)


def test_directories_come_in_the_order_a_reader_meets_them() -> None:
    small, large = ({IMAGE_WIDTH: short(side), IMAGE_HEIGHT: short(side)} for side in (16, 64))
    data = tiff_bytes({**camera_tags(), SUB_IFDS: [small, large]}, {IMAGE_WIDTH: short(8)})
    assert names(data) == ["IFD0", "Sub", "Sub1", "Exif", "GPS", "IFD1"]


def test_values_of_every_type() -> None:
    main = read_tiff(
        Memory(
            tiff_bytes(
                {
                    0x9000: undefined(b"0232"),
                    0x9001: byte(1, 2, 3, 4, 5),
                    0x9002: short(1, 65535),
                    0x9003: long(2**32 - 1),
                    0x9004: rational((1, 3), (5, 0)),
                    0x9005: double(1.5, -2.0),
                    0x9006: ascii_text("grün"),
                }
            )
        )
    ).directories[0]
    assert main.raw(0x9000, 100) == b"0232"
    assert main.numbers(0x9001) == [1, 2, 3, 4, 5]
    assert main.numbers(0x9002) == [1, 65535]
    assert main.integer(0x9003) == 2**32 - 1
    assert main.numbers(0x9004) == [Rational(1, 3), Rational(5, 0)]
    assert main.numbers(0x9005) == [1.5, -2.0]
    assert main.text(0x9006) == "grün"
    assert main.integer(0x9004) is None
    assert main.text(0x9002) is None


def test_what_is_absent_is_empty() -> None:
    main = read_tiff(Memory(tiff_bytes(CAMERA))).directories[0]
    assert (main.raw(1, 10), main.numbers(1), main.integer(1), main.text(1)) == (b"", [], None, None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II",
        b"II*\0",
        b"XX*\0\x08\0\0\0",
        b"II\x11\x11\x08\0\0\0",
        b"MM\0*\0\0\0",
        b"\xff\xd8\xff\xe0" * 4,
    ],
)
def test_other_bytes_are_not_a_tiff(data: bytes) -> None:
    with pytest.raises(NotTiff):
        read_tiff(Memory(data))


def test_a_repeated_tag_keeps_its_first_value() -> None:
    row = struct.pack("<HHI", ORIENTATION, 3, 1)
    data = b"II*\0\x08\0\0\0\x02\0" + row + b"\1\0\0\0" + row + b"\6\0\0\0" + bytes(4)
    assert read_tiff(Memory(data)).directories[0].integer(ORIENTATION) == 1


@pytest.mark.parametrize(
    ("count", "offset"), [(2**32 - 1, 50), (5, 2**32 - 1), (2**31, 0), (0, 8), (100, 49)]
)
def test_a_value_outside_the_file_is_dropped_or_cut(count: int, offset: int) -> None:
    data = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", MODEL, 2, count, offset) + bytes(4) + b"x" * 20
    main = read_tiff(Memory(data)).directories[0]
    assert len(main.raw(MODEL, 1_000)) <= len(data)
    assert MODEL not in main.entries or offset < len(data)


def test_directories_that_point_at_each_other_end() -> None:
    data = bytearray(tiff_bytes(CAMERA, {IMAGE_WIDTH: short(1)}))
    # The last directory's link goes back to the first: the links are the last four bytes of each directory.
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    second = struct.unpack_from("<I", data, first + 2 + 12 * count)[0]
    struct.pack_into("<I", data, second + 2 + 12, first)
    assert names(bytes(data)) == ["IFD0", "IFD1"]


def test_a_directory_that_is_its_own_child_ends() -> None:
    data = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", EXIF, 4, 1, 8) + bytes(4)
    assert names(data) == ["IFD0"]


def test_a_long_chain_of_pages_is_counted_but_not_kept() -> None:
    tree = read_tiff(Memory(tiff_bytes(*[{IMAGE_WIDTH: short(1)}] * 40)))
    assert tree.pages == 40
    assert len(tree.directories) == 8


def test_a_huge_count_of_entries_reads_little() -> None:
    store = Bytes(b"MM\0*\0\0\0\x08\xff\xff" + bytes(2_000_000))
    info = ObjectInfo("file", len(store.data), "etag", 0)
    assert read_tiff(RangeReader(store, info, ExtractionLimits())).directories[0].entries == {}
    assert sum(length for _, length in store.reads) <= 4096 * 12 + 3 * 65536


@pytest.mark.parametrize(
    ("pages", "size"),
    [
        ([{IMAGE_WIDTH: short(160), IMAGE_HEIGHT: short(120)}], (160, 120)),
        ([{IMAGE_WIDTH: short(160)}], None),
        # The thumbnail is marked as one (NewSubfileType 1), the full picture as none (0).
        (
            [
                {0xFE: long(1), IMAGE_WIDTH: short(160), IMAGE_HEIGHT: short(120),
                 SUB_IFDS: [{0xFE: long(0), IMAGE_WIDTH: short(6000), IMAGE_HEIGHT: short(4000)}]}
            ],
            (6000, 4000),
        ),
        # The older mark: SubfileType 1 is the full picture.
        (
            [
                {0xFF: short(2), IMAGE_WIDTH: short(160), IMAGE_HEIGHT: short(120)},
                {0xFF: short(1), IMAGE_WIDTH: short(320), IMAGE_HEIGHT: short(240)},
            ],
            (320, 240),
        ),
    ],
)  # fmt: skip
def test_the_full_picture_is_the_one_exiftool_takes(
    pages: list[dict[int, object]], size: tuple[int, int] | None, tmp_path: Path
) -> None:
    data = tiff_bytes(*pages)  # type: ignore[arg-type]
    assert full_size(read_tiff(Memory(data))) == size
    (path := tmp_path / "file.tif").write_bytes(data)
    if size is not None:
        assert size == (exiftool(path)["ImageWidth"], exiftool(path)["ImageHeight"])


def test_a_part_has_offsets_of_its_own() -> None:
    part = Part(Memory(b"0123456789"), 2, 5)
    assert (part.size, part.peek_at(0, 3), part.peek_at(4, 9), part.peek_at(5, 1)) == (5, b"234", b"6", b"")
    assert part.peek_at(-1, 3) == b""
    assert Part(Memory(b"012"), 9).size == 0
    assert Part(Memory(b"0123"), 1, 100).size == 3


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain\0rest", "plain"),
        (b"blanks  \0", "blanks"),
        ("München".encode(), "München"),
        ("München".encode("latin-1"), "München"),
        (b"", ""),
        (b"\0", ""),
        ("é".encode() * 600 + b"\xc3", "é" * 600),
    ],
)
def test_text(raw: bytes, text: str) -> None:
    assert decode_text(raw) == text


@given(
    st.binary(max_size=400),
    st.sampled_from([b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0", b"IIU\0"]),
)
@example(b"\xff" * 300, b"II*\0\x08\0\0\0")
def test_arbitrary_bytes_raise_nothing_but_not_tiff(data: bytes, head: bytes) -> None:
    try:
        tree = read_tiff(Memory(head + data))
    except NotTiff:
        return
    assert len(tree.directories) <= 64
    for found in tree.directories:
        for tag in found.entries:
            found.text(tag)
            assert len(found.numbers(tag, 100)) <= 100
    full_size(tree)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=8))
def test_flipped_bytes_of_a_real_structure_raise_nothing(flips: list[tuple[int, int]]) -> None:
    data = bytearray(tiff_bytes({**camera_tags(), GPS: PLACE}, {IMAGE_WIDTH: short(1)}))
    for at, value in flips:
        data[8 + at % (len(data) - 8)] = value
    for found in read_tiff(Memory(bytes(data))).directories:
        for tag in found.entries:
            found.numbers(tag)
