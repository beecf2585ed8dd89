"""The previews of camera raws: the one that fits, from a few of many bytes, upright."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from tests.extract.picture_samples import (
    EXIF,
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    ORIENTATION,
    SUB_IFDS,
    Entries,
    box,
    jpeg_of,
    long,
    short,
    tiff_bytes,
    undefined,
)
from tests.extract.thumbnails.drawer import BLUE, GREEN, RED, Drawer, jpeg, middle

from bindery.extract.thumbnails.no_picture import NoPicture

SMALL, MIDDLE, LARGE = jpeg((160, 120), RED), jpeg((640, 480), GREEN), jpeg((1920, 1440), BLUE)
SENSOR = bytes(range(256)) * 20_000
COMPRESSION, STRIP, STRIP_LENGTH = 0x103, 0x111, 0x117
CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
PRVW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
LOSSLESS = jpeg_of(6000, 4000, frame=0xC3)


def at(start: int, content: bytes, *, strip: bool = False) -> Entries:
    """A directory that names a JPEG, as a thumbnail or as the one strip of a picture."""
    if strip:
        return {COMPRESSION: short(6), STRIP: long(start), STRIP_LENGTH: long(len(content))}
    return {0x201: long(start), 0x202: long(len(content))}


def cr2(orientation: int = 1) -> bytes:
    """Canon: a large strip, a thumbnail, and the sensor's data as a lossless JPEG."""
    start = 8 + 8
    held = b"CR\2\0" + bytes(4) + LARGE + SMALL + LOSSLESS
    return tiff_bytes(
        {ORIENTATION: short(orientation), **at(start, LARGE, strip=True)},
        at(start + len(LARGE), SMALL),
        at(start + len(LARGE) + len(SMALL), LOSSLESS, strip=True),
        at_start=held + SENSOR,
    )


def nef() -> bytes:
    """Nikon, Sony, Adobe and others: previews in directories below the main one."""
    held = SMALL + MIDDLE + LARGE
    main = {
        SUB_IFDS: [
            at(8 + len(SMALL), MIDDLE),
            at(8 + len(SMALL) + len(MIDDLE), LARGE, strip=True),
            {IMAGE_WIDTH: short(6000), IMAGE_HEIGHT: short(4000), COMPRESSION: short(34713)},
        ],
        **at(8, SMALL),
    }
    return tiff_bytes(main, at_start=held + SENSOR)


def orf() -> bytes:
    """Olympus: the preview is named in the settings of the maker's note, from the note's own start."""
    settings = 12 + 2 + 12 + 4
    preview = settings + 2 + 24 + 4
    note = b"OLYMPUS\0II\3\0" + struct.pack("<HHHII", 1, 0x2020, 13, 1, settings) + bytes(4)
    note += struct.pack("<HHHIIHHII", 2, 0x101, 4, 1, preview, 0x102, 4, 1, len(LARGE)) + bytes(4) + LARGE
    return tiff_bytes({EXIF: {0x927C: undefined(note)}}, version=0x4F52, at_start=SENSOR)


def rw2() -> bytes:
    return tiff_bytes({0x2E: undefined(LARGE)}, version=0x55, at_start=SENSOR)


def raf() -> bytes:
    head = b"FUJIFILMCCD-RAW 0201FF383501".ljust(84, b"\0") + struct.pack(">II", 148, len(LARGE))
    return head.ljust(148, b"\0") + LARGE + SENSOR


def cr3() -> bytes:
    """Canon: a thumbnail and a preview in boxes of its own, and the picture as the first track."""
    sizes = struct.pack(">HHI", 1920, 1440, len(LARGE))
    thumbnail = box(b"THMB", bytes(4) + struct.pack(">HHII", 160, 120, len(SMALL), 1) + SMALL)
    tiff = tiff_bytes({ORIENTATION: short(1)})
    moov = box(b"moov", box(b"uuid", CANON, box(b"CMT1", tiff), thumbnail))
    preview = box(b"uuid", PRVW, bytes(8), box(b"PRVW", bytes(6), sizes, LARGE))
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + moov + preview + box(b"mdat", SENSOR)


def x3f() -> bytes:
    sections = struct.pack("<II4s", 40, 28 + len(LARGE), b"IMA2")
    body = b"FOVb" + bytes(36) + bytes(28) + LARGE + SENSOR
    return body + b"SECd" + bytes(4) + struct.pack("<I", 1) + sections + struct.pack("<I", len(body))


def crw() -> bytes:
    """A raw whose tags name no preview that is known here: it is searched for."""
    return b"II\x1a\0\0\0HEAPCCDR" + bytes(5_000) + LARGE + SENSOR


RAWS = {
    "image/x-canon-cr2": cr2,
    "image/x-nikon-nef": nef,
    "image/x-sony-arw": nef,
    "image/x-adobe-dng": nef,
    "image/x-olympus-orf": orf,
    "image/x-panasonic-rw2": rw2,
    "image/x-fuji-raf": raf,
    "image/x-canon-cr3": cr3,
    "image/x-sigma-x3f": x3f,
    "image/x-canon-crw": crw,
}


@pytest.mark.parametrize("content_type", RAWS)
def test_the_large_preview_is_found(drawer: Drawer, content_type: str) -> None:
    content = RAWS[content_type]()
    shown = drawer.draw(content, content_type, 1_600)
    assert shown.size == (1600, 1200)
    assert middle(shown)[2] > 180  # type: ignore[index]


@pytest.mark.parametrize("make", [cr2, nef, rw2, raf, cr3, x3f, orf])
def test_the_sensors_data_are_not_read(drawer: Drawer, make: Callable[[], bytes]) -> None:
    content = make()
    drawer.draw(content, "image/x-some-raw", 320)
    assert drawer.bytes_read < len(content) / 4


def test_the_smallest_that_is_large_enough_is_taken(drawer: Drawer) -> None:
    assert middle(drawer.draw(nef(), "image/x-nikon-nef", 320))[1] > 150  # type: ignore[index]
    assert middle(drawer.draw(nef(), "image/x-nikon-nef", 100))[0] > 180  # type: ignore[index]


def test_it_stands_as_the_raw_says(drawer: Drawer) -> None:
    assert drawer.draw(cr2(6), "image/x-canon-cr2", 320).size == (240, 320)


def test_a_preview_that_is_broken_is_passed_over(drawer: Drawer) -> None:
    broken = LARGE[:400]
    main = {SUB_IFDS: [at(8, broken, strip=True), at(8 + len(broken), SMALL)]}
    shown = drawer.draw(tiff_bytes(main, at_start=broken + SMALL), "image/x-sony-arw", 320)
    assert shown.size == (160, 120)


@pytest.mark.parametrize("content", [b"", b"II*\0", b"ftypcrx " * 9, cr3()[:200], raf()[:90], SENSOR[:999]])
def test_what_has_no_preview_is_not_drawn(drawer: Drawer, content: bytes) -> None:
    with pytest.raises(NoPicture):
        drawer.draw(content, "image/x-some-raw")
