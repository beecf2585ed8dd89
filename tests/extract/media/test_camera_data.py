"""What cameras write into transport streams and MXF, packet by packet."""

from __future__ import annotations

import struct

import pytest

from bindery.extract.media.camera_data import camera_data
from bindery.extract.tags.tiff import Memory

UUID = bytes.fromhex("17ee8c60f84d11d98cd60800200c9a66") + b"MDPM"


def packets(payload: bytes, size: int = 192) -> bytes:
    """A stream of one program, with one packet of another between any two."""
    out = b""
    for at in range(0, len(payload), 180):
        part = payload[at : at + 180]
        stuffing = bytes((183 - len(part), 0)) + b"\xff" * (182 - len(part))
        packet = b"\x47\x10\x11\x30" + stuffing[: 184 - len(part)] + part
        for one in (packet, b"\x47\x00\x00\x10" + bytes(184)):
            out += bytes(size - 188) + one
    return out


def mdpm(*entries: bytes) -> bytes:
    return b"\0\0\1\x06\x05\xff" + UUID + bytes((len(entries),)) + b"".join(entries)


DATE = (b"\x18\x02\x20\x08\x12", b"\x19\x31\x23\x16\x24")


@pytest.mark.parametrize("size", [188, 192])
@pytest.mark.parametrize(
    ("zone", "offset"), [(0x02, "+01:00"), (0x13, "+09:30"), (0x2A, "-05:00"), (0x42, "+01:00"), (0xFF, "")]
)
def test_the_date_of_an_avchd_camera(size: int, zone: int, offset: str) -> None:
    stream = packets(bytes(100) + mdpm(bytes((0x18, zone)) + DATE[0][2:], DATE[1]) + bytes(300), size)
    date = camera_data(Memory(stream), "mpegts").date
    assert date is not None
    assert date.text == "2008-12-31T23:16:24" + offset


def test_its_place_and_its_maker() -> None:
    def part(tag: int, value: int, unit: int = 1) -> bytes:
        return bytes((tag,)) + struct.pack(">HH", value, unit)

    north = (b"\xb1S\0\0\0", part(0xB2, 33), part(0xB3, 52), part(0xB4, 768, 100))
    east = (b"\xb5E\0\0\0", part(0xB6, 151), part(0xB7, 12), part(0xB8, 3348, 100))
    found = camera_data(Memory(packets(mdpm(*north, *east, b"\xe0\x10\x11\0\0"))), "mpegts")
    assert found.position == pytest.approx((-(33 + 52 / 60 + 7.68 / 3600), 151 + 12 / 60 + 33.48 / 3600))
    assert found.make == "Canon"
    assert found.date is None


def test_when_an_mxf_file_was_made() -> None:
    header = (
        b"\x06\x0e\x2b\x34"
        + bytes(100)
        + b"\x44\x05\0\x08"
        + struct.pack(">H6B", 2010, 12, 20, 0, 14, 40, 56)
    )
    date = camera_data(Memory(header), "mxf").date
    assert date is not None
    assert (date.text, date.utc) == ("2010-12-20T00:14:40.224", True)


@pytest.mark.parametrize(
    "content", [b"", b"\x47", packets(mdpm())[:150], packets(UUID), packets(mdpm(b"\x18"))]
)
def test_what_is_cut_tells_nothing(content: bytes) -> None:
    for name in ("mpegts", "mxf", "mov"):
        found = camera_data(Memory(content), name)
        assert (found.date, found.position, found.make) == (None, None, None)
