"""Dates that stand in maker's notes alone, as exiftool reads them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.extract.picture_samples import (
    EXIF,
    ascii_text,
    exif_segment,
    exiftool,
    extract_path,
    jpeg_of,
    jpeg_segment,
    tiff_bytes,
    undefined,
)

MAKE, TAKEN, MAKER_NOTE = 0x010F, 0x9003, 0x927C
PARTS = (31, 8, 8, 5, 7, 2015)
"""Second, minute, hour, month, day, year."""
AS_RECONYX = struct.pack("<6H", 31, 8, 8, 7, 5, 2015)
NOTES = {
    "of the oldest form": b"\x01\xf1\3\0" + bytes(18) + struct.pack("<6H", *PARTS) + bytes(60),
    "in the other order": b"\x01\xf1\2\0" + bytes(18) + struct.pack(">6H", *PARTS) + bytes(60),
    "of UltraFire": b"RECONYXUF\0".ljust(0x3B, b"\0")
    + struct.pack("<5BH", 31, 8, 8, 7, 5, 2015)
    + bytes(40),
    "of HyperFire 2": b"RECONYXH2\0".ljust(0x3E, b"\0") + AS_RECONYX + bytes(60),
}


@pytest.mark.parametrize("name", NOTES)
def test_the_date_of_a_trail_camera(name: str, tmp_path: Path) -> None:
    exif = tiff_bytes({MAKE: ascii_text("RECONYX"), EXIF: {MAKER_NOTE: undefined(NOTES[name])}})
    (path := tmp_path / "a.jpg").write_bytes(jpeg_of(4, 3, exif_segment(exif)))
    file = extract_path(path).file
    assert (file.produce_time or "")[:19] == "2015-05-07T08:08:31"
    assert (file.produce_time_source or "").startswith("MakerNote:DateTimeOriginal; ")
    assert exiftool(path)["DateTimeOriginal"] == "2015:05:07 08:08:31"
    # EXIF's own date counts before it; a note of another make is not looked into.
    both = {MAKER_NOTE: undefined(NOTES[name]), TAKEN: ascii_text("2016:01:02 03:04:05")}
    path.write_bytes(jpeg_of(4, 3, exif_segment(tiff_bytes({EXIF: both}))))
    assert (extract_path(path).file.produce_time or "").startswith("2016-01-02T03:04:05")
    other = tiff_bytes({MAKE: ascii_text("Canon"), EXIF: {MAKER_NOTE: undefined(b"\x01\xf1" + bytes(100))}})
    path.write_bytes(jpeg_of(4, 3, exif_segment(other)))
    assert extract_path(path).file.produce_time is None


def test_the_date_in_a_block_of_casio(tmp_path: Path) -> None:
    block = b"QVCI\0".ljust(0x4D, b"\0") + b"1998.10.24.12.08.57\0" + bytes(40)
    (path := tmp_path / "a.jpg").write_bytes(jpeg_of(4, 3, jpeg_segment(0xE1, block)))
    assert (extract_path(path).file.produce_time or "")[:19] == "1998-10-24T12:08:57"
    assert exiftool(path)["DateTimeOriginal"] == "1998:10:24 12:08:57"
    for damaged in (block[:0x4D], block.replace(b"1998", b"xxxx")):
        path.write_bytes(jpeg_of(4, 3, jpeg_segment(0xE1, damaged)))
        assert extract_path(path).file.produce_time is None
