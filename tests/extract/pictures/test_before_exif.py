"""JPEGs of cameras from before EXIF, held against exiftool."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.extract.picture_samples import exif_of, exiftool, extract_path, jpeg_of, jpeg_segment

TAKEN = 909_698_819
"""1998-10-29 22:06:59 on the camera's clock."""


def ciff(start: int = 26) -> bytes:
    """A heap with the camera's name and the date."""
    names = b"Canon\0Canon PowerShot A5\0".ljust(32, b"\0")
    date = struct.pack("<III", TAKEN, 0, 0)
    records = struct.pack("<HII", 0x080A, len(names), 0) + struct.pack(
        "<HII", 0x180E, len(date), len(names)
    )
    body = names + date + struct.pack("<H", 2) + records
    heap = body + struct.pack("<I", len(names) + len(date))
    return struct.pack("<2sI8sI", b"II", start, b"HEAPJPGM", 0x10001).ljust(start, b"\0") + heap


def test_ciff_in_a_jpeg(tmp_path: Path) -> None:
    (path := tmp_path / "a.jpg").write_bytes(jpeg_of(40, 30, jpeg_segment(0xE0, ciff())))
    found, judge = extract_path(path), exiftool(path)
    assert (found.file.image_width, found.file.image_height) == (40, 30)
    assert found.file.produce_time == "1998-10-29T22:06:59+08:00"
    assert judge["DateTimeOriginal"] == "1998:10:29 22:06:59"
    exif = exif_of(found)
    assert (
        (exif["Make"], exif["Model"]) == (judge["Make"], judge["Model"]) == ("Canon", "Canon PowerShot A5")
    )


def test_the_lines_of_olympus(tmp_path: Path) -> None:
    lines = (
        b"OLYMPUS OPTICAL CO.,LTD.\0[picture info]\r\nResolution=2\r\nTimeDate=%d\r\nShutter=8\r\n" % TAKEN
    )
    (path := tmp_path / "a.jpg").write_bytes(jpeg_of(40, 30, jpeg_segment(0xEC, lines)))
    found, judge = extract_path(path).file, exiftool(path)
    assert found.produce_time == "1998-10-29T22:06:59+08:00"
    assert found.produce_time_source == "Header:DateTimeOriginal; zone=Setting:+08:00"
    assert judge["DateTimeOriginal"].startswith("1998:10:29")


def test_damage_tells_nothing(tmp_path: Path) -> None:
    whole = ciff()
    for cut in range(0, len(whole), 5):
        (path := tmp_path / "a.jpg").write_bytes(jpeg_of(40, 30, jpeg_segment(0xE0, whole[:cut])))
        found = extract_path(path)
        assert (found.failure, found.file.image_width) == (None, 40)
