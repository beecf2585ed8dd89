"""Pictures whose size is found by walking a little: ICNS, DjVu, QuickDraw, IFF, DCX, Photo CD, metafiles, ASTC, WBMP,
TGA. Those that keep EXIF or the like too are in ``openexr.py`` and ``packed_tags.py``.

Source: Apple's icns; DjVu 3 section 8; Inside Macintosh, Imaging With QuickDraw, appendix A; EA IFF 85 (ILBM, BMHD);
ZSoft's DCX; Kodak Photo CD as Pillow reads it, its date as exiftool's table Image::ExifTool::PhotoCD; MS-WMF
and MS-EMF; Arm's ASTC header; WAP WBMP 2.0; Truevision TGA 2.0; QuickTime File Format (image description).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator

from bindery.extract.pictures.boxes import find_box
from bindery.extract.pictures.camera_headers import (
    read_cineon,
    read_dpx,
    read_exv,
    read_fpf,
    read_kyocera,
    read_pmp,
)
from bindery.extract.pictures.mie import read_mie
from bindery.extract.pictures.openexr import read_exr
from bindery.extract.pictures.packed_tags import (
    read_bpg,
    read_flif,
    read_pgf,
    read_psp,
    read_xcf,
)
from bindery.extract.pictures.picture import Picture
from bindery.extract.seven_bits import seven_bit_number
from bindery.extract.tags.date_forms import unix_date
from bindery.extract.tags.dates import Rank
from bindery.extract.tags.tiff import Part, Source
from bindery.extract.types.picture_types import is_headless_bitmap, is_sony_pmp, is_tga_header, spider_order

_MOST_CHUNKS = 1000
_PER_INCH = 72
_NO_DATE = 0xFFFFFFFF
_ICON_SIDES = {
    b"ICON": 32, b"ICN#": 32, b"icm#": 12, b"icm4": 12, b"icm8": 12, b"ics#": 16, b"ics4": 16, b"ics8": 16,
    b"is32": 16, b"icl4": 32, b"icl8": 32, b"il32": 32, b"ich#": 48, b"ich4": 48, b"ich8": 48, b"ih32": 48,
    b"it32": 128, b"icp4": 16, b"icp5": 32, b"icp6": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024,
    b"ic11": 32, b"ic12": 64, b"ic13": 256, b"ic14": 512, b"ic04": 16, b"ic05": 32, b"icsb": 18, b"icsB": 36,
    b"sb24": 24, b"SB24": 48,
}  # fmt: skip


def other_reader(head: bytes) -> Callable[[Source, Picture], None] | None:
    """The function for a file that starts with these bytes (at least 2,100 of them, when it has so many)."""
    for at, sign, read in _SIGNS:
        if head.startswith(sign, at):
            return read
    if spider_order(head):
        return read_spider
    if is_headless_bitmap(head):
        return read_dib
    if is_sony_pmp(head):
        return read_pmp
    return read_pict if _is_pict(head) or _is_pict(head[512:]) or head[522:524] == b"\x11\x01" else None


def _is_pict(head: bytes) -> bool:
    return head[10:14] == b"\0\x11\x02\xff"


def read_icns(source: Source, picture: Picture) -> None:
    """The largest of the icons."""
    picture.format = "icns"
    largest = max((_ICON_SIDES.get(kind, 0) for kind, _, _ in _chunks(source, 8, 0)), default=0)
    picture.resize((largest, largest))


def _chunks(source: Source, at: int, added: int, order: str = ">") -> Iterator[tuple[bytes, int, int]]:
    """Kinds, starts and lengths of chunks; ``added`` bytes of the header are not counted in its length."""
    for _ in range(_MOST_CHUNKS):
        head = source.peek_at(at, 8)
        if len(head) < 8:
            return
        kind, length = struct.unpack(order + "4sI", head)
        length -= 0 if added else 8
        if length < 0:
            return
        yield kind, at + 8, length
        at += 8 + length + (length % 2 if added else 0)


def read_djvu(source: Source, picture: Picture) -> None:
    """The information of the first page, in a document of several pages the first within it."""
    picture.format = "djvu"
    head = source.peek_at(0, 16)
    start = 16
    if head[12:16] == b"DJVM":
        pages = (begin for kind, begin, _ in _chunks(source, 16, 8) if kind == b"FORM")
        start = next((begin + 4 for begin in pages if source.peek_at(begin, 4) == b"DJVU"), source.size)
    if source.peek_at(start, 4) == b"INFO":
        picture.resize(struct.unpack(">HH", source.peek_at(start + 8, 4)))


def read_wbmp(source: Source, picture: Picture) -> None:
    """A format without a sign, so that only its name leads here: type 0, no extension headers, and no bytes over."""
    head = source.peek_at(0, 16)
    if head[:1] != b"\0" or head[1:2] != b"\0":
        return
    width, height = _two_numbers(head[2:])
    if abs((width + 7) // 8 * height + 2 + 2 - source.size) <= 8:
        picture.format = "wbmp"
        picture.resize((width, height))


def _two_numbers(data: bytes) -> tuple[int, int]:
    width, at = seven_bit_number(data, 0)
    return width, seven_bit_number(data, at)[0]


def read_pict(source: Source, picture: Picture) -> None:
    """The frame, in points when the header tells the resolution."""
    picture.format = "pict"
    head = source.peek_at(0 if _is_pict(source.peek_at(0, 16)) else 512, 40)
    top, left, bottom, right = struct.unpack_from(">4h", head, 2)
    width, height = right - left, bottom - top
    if head[10:18] == b"\0\x11\x02\xff\x0c\0\xff\xfe":
        across, up = (value / 65536 for value in struct.unpack_from(">ii", head, 20))
        width, height = round(width * across / _PER_INCH), round(height * up / _PER_INCH)
    picture.resize((width, height))


def read_ilbm(source: Source, picture: Picture) -> None:
    """The bitmap header."""
    picture.format = "iff"
    for kind, start, _ in _chunks(source, 12, 8):
        if kind in (b"BMHD", b"DGBL"):
            picture.resize(struct.unpack(">HH", source.peek_at(start, 4)))
            return


def read_dcx(source: Source, picture: Picture) -> None:
    """The first of the PCX pictures, and how many there are."""
    picture.format = "dcx"
    offsets = struct.unpack("<1024I", source.peek_at(4, 4096).ljust(4096, b"\0"))
    page = Part(source, offsets[0])
    left, top, right, bottom = struct.unpack("<4H", page.peek_at(4, 8))
    picture.frames = offsets.index(0) if 0 in offsets else len(offsets)
    picture.resize((right - left + 1, bottom - top + 1))


def read_photo_cd(source: Source, picture: Picture) -> None:
    """The largest of the pictures, the base one of 768 by 512 pixels or one of 4 or 16 times as many; it may stand
    on its side.
    """
    picture.format = "pcd"
    told = source.peek_at(2048 + 1538, 1)[0]
    times = 1 << min(told >> 2 & 3, 2)
    picture.resize((512 * times, 768 * times) if told & 1 else (768 * times, 512 * times))
    (made,) = struct.unpack(">I", source.peek_at(2048 + 13, 4))
    if made != _NO_DATE:
        picture.add_date("Header:CreateDate", unix_date(made), Rank.DIGITIZED, utc=True)


def read_wmf(source: Source, picture: Picture) -> None:
    """The placeable header: its rectangle in units of so many to the inch, told at 72 as Pillow does."""
    picture.format = "wmf"
    left, top, right, bottom, unit = struct.unpack("<4hH", source.peek_at(6, 10))
    if unit:
        picture.resize(((right - left) * _PER_INCH // unit, (bottom - top) * _PER_INCH // unit))


def read_emf(source: Source, picture: Picture) -> None:
    """The bounds in pixels of the device."""
    picture.format = "emf"
    left, top, right, bottom = struct.unpack("<4i", source.peek_at(8, 16))
    picture.resize((right - left, bottom - top))


def read_astc(source: Source, picture: Picture) -> None:
    """Sides in three bytes each."""
    picture.format = "astc"
    data = source.peek_at(7, 6)
    picture.resize((int.from_bytes(data[:3], "little"), int.from_bytes(data[3:], "little")))


def read_tga(source: Source, picture: Picture) -> None:
    """A format without a sign in its header, which is therefore looked at twice."""
    head = source.peek_at(0, 18)
    if is_tga_header(head):
        picture.format = "tga"
        picture.resize(struct.unpack_from("<HH", head, 12))


def read_spider(source: Source, picture: Picture) -> None:
    """SPIDER of electron microscopy: a header of floating-point numbers, in either order."""
    picture.format = "spider"
    order = spider_order(source.peek_at(0, 92))
    if order:
        numbers = struct.unpack(order + "23f", source.peek_at(0, 92))
        picture.resize((int(numbers[11]), int(numbers[1])))


def read_mcidas(source: Source, picture: Picture) -> None:
    """McIDAS area files: lines and elements of a directory of words."""
    picture.format = "mcidas"
    words = struct.unpack(">64I", source.peek_at(0, 256))
    picture.resize((words[9], words[8]))


def read_dib(source: Source, picture: Picture) -> None:
    """A bitmap that begins with its second header."""
    picture.format = "dib"
    width, height = struct.unpack("<ii", source.peek_at(4, 8))
    picture.resize((width, abs(height)))


def read_qtif(source: Source, picture: Picture) -> None:
    """QuickTime's picture file: the image description, which may stand behind the pixels."""
    picture.format = "qtif"
    box = find_box(source, b"idsc")
    if box is not None:
        picture.resize(struct.unpack(">HH", source.peek_at(box.start + 32, 4)))


def read_os2(source: Source, picture: Picture) -> None:
    """OS/2's arrays of bitmaps, icons and pointers: the largest. A mask lies above the picture of one."""
    picture.format = "bmp"
    sizes = [size for at in _os2_entries(source) if (size := _os2_size(source, at)) is not None]
    picture.resize(max(sizes, key=math.prod, default=None))


def _os2_entries(source: Source) -> Iterator[int]:
    at = 0
    for _ in range(_MOST_CHUNKS):
        head = source.peek_at(at, 14)
        if head[:2] != b"BA":
            if at == 0:
                yield at
            return
        yield at + 14
        following = int.from_bytes(head[6:10], "little")
        if following <= at:
            return
        at = following


def _os2_size(source: Source, at: int) -> tuple[int, int] | None:
    head = source.peek_at(at, 14 + 12)
    if len(head) < 26:
        return None
    wide = int.from_bytes(head[14:18], "little") != 12
    width, height = struct.unpack_from("<II" if wide else "<HH", head, 18)
    return width, height if head[:2] == b"BM" else height // 2


_SIGNS: tuple[tuple[int, bytes, Callable[[Source, Picture], None]], ...] = (
    (0, b"\x76\x2f\x31\x01", read_exr),
    (0, b"icns\0", read_icns),
    (4, b"idsc", read_qtif),
    (4, b"idat", read_qtif),
    (0, b"gimp xcf ", read_xcf),
    (0, b"PGF", read_pgf),
    (0, b"SDPX", read_dpx),
    (0, b"XPDS", read_dpx),
    (0, b"\x80\x2a\x5f\xd7", read_cineon),
    (0, b"\xd7\x5f\x2a\x80", read_cineon),
    (0, b"FPF Public Image Format", read_fpf),
    (25, b"ARECOYK", read_kyocera),
    (0, b"\xff\x01Exiv2", read_exv),
    (0, b"~\x10\x04", read_mie),
    (0, b"~\x18\x04", read_mie),
    (0, b"AT&TFORM", read_djvu),
    (0, b"BPG\xfb", read_bpg),
    (0, b"FLIF", read_flif),
    (0, b"Paint Shop Pro Image File\n\x1a", read_psp),
    (0, b"\xb1\x68\xde\x3a", read_dcx),
    (2048, b"PCD_IPI", read_photo_cd),
    (0, b"\xd7\xcd\xc6\x9a\0\0", read_wmf),
    (40, b" EMF", read_emf),
    (0, b"\x13\xab\xa1\x5c", read_astc),
    (8, b"ILBM", read_ilbm),
    (8, b"PBM ", read_ilbm),
    (8, b"ACBM", read_ilbm),
    (8, b"RGBN", read_ilbm),
    (8, b"RGB8", read_ilbm),
    (8, b"DEEP", read_ilbm),
    (0, b"\0\0\0\0\0\0\0\4", read_mcidas),
    (0, b"BA", read_os2),
    (0, b"IC", read_os2),
    (0, b"CI", read_os2),
    (0, b"CP", read_os2),
    (0, b"PT", read_os2),
)
