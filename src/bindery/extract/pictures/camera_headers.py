"""Headers of cameras, scanners and film that tell a size, a date and who made the picture, each at a fixed place: DPX,
Cineon, FLIR's public format, the raws of Kyocera and of Sony's first camera; and Exiv2's files of metadata.

Source: SMPTE 268M (DPX); Kodak's Cineon 4.5; exiftool's tables Image::ExifTool::FLIR (FPF), ::KyoceraRaw and ::Sony
(PMP), for there is no specification of those; Exiv2's exvimage.hpp.
"""

from __future__ import annotations

import re
import struct

from bindery.extract.notes import Note, note
from bindery.extract.pictures.headers import read_jpeg
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.dates import Rank
from bindery.extract.tags.tiff import Part, Source, TiffTree, full_size

_UNSET = b"\xff"
_ORIENTATIONS = (1, 4, 2, 3, 5, 6, 8, 7)
"""Of DPX, by the directions of its lines and pixels, in EXIF's numbers."""
_FILM_DATE = re.compile(rb"\d{4}:\d\d:\d\d:\d\d:\d\d:\d\d")


def _text(source: Source, at: int, length: int) -> bytes:
    data = source.peek_at(at, length)
    return b"" if data.startswith(_UNSET) else data.split(b"\0", 1)[0]


def read_dpx(source: Source, picture: Picture) -> None:
    """Size and orientation, when the file was made, and its creator, project and copyright."""
    picture.format = "dpx"
    order = ">" if source.peek_at(0, 4) == b"SDPX" else "<"
    orientation, _, width, height = struct.unpack(order + "HHII", source.peek_at(768, 12))
    picture.resize((width, height))
    if 0 < orientation < len(_ORIENTATIONS):
        picture.orientation = _ORIENTATIONS[orientation]
    taken = _text(source, 768 + 640 + 124, 24)
    if _FILM_DATE.match(taken):
        picture.add_date("Header:SourceDate", taken.decode("ascii", "replace"), Rank.TAKEN)
    picture.add_date("Header:CreateDate", _text(source, 136, 24).decode("ascii", "replace"), Rank.DIGITIZED)
    picture.add_text("Artist", _text(source, 160, 100))
    picture.add_text("Copyright", _text(source, 460, 200))
    picture.add_text("Model", _text(source, 768 + 640 + 148, 32))
    picture.title = _text(source, 260, 200).decode("utf-8", "replace").strip() or None


def read_cineon(source: Source, picture: Picture) -> None:
    """The first channel's size, and the date and time of the file."""
    picture.format = "cin"
    order = ">" if source.peek_at(0, 1) == b"\x80" else "<"
    picture.resize(struct.unpack(order + "II", source.peek_at(200, 8)))
    made = _text(source, 136, 12).strip() + b" " + _text(source, 148, 12).strip()
    picture.add_date("Header:CreateDate", made.decode("ascii", "replace"), Rank.DIGITIZED)


def read_fpf(source: Source, picture: Picture) -> None:
    """FLIR's public format of thermal pictures."""
    picture.format = "fpf"
    picture.resize(struct.unpack("<HH", source.peek_at(0x2C, 4)))
    picture.add_text("Model", _text(source, 0x78, 32))
    picture.add_text("BodySerialNumber", _text(source, 0xB8, 32))
    picture.add_text("LensModel", _text(source, 0xE0, 32))
    parts = struct.unpack("<7I", source.peek_at(0x248, 28))
    text = "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}.{:03d}".format(*parts)
    picture.add_date("Header:DateTimeOriginal", text, Rank.TAKEN)


def read_kyocera(source: Source, picture: Picture) -> None:
    """Raws of the Contax N Digital, whose texts are written backwards; where the size stands is not known."""
    picture.format = "raw"
    picture.sizeless = True
    picture.notes.append(note(Note.NOT_READ, "the size of this raw is not read"))
    for name, at, length in (("Model", 0x0C, 12), ("Make", 0x19, 7), ("DateTimeOriginal", 0x21, 20)):
        picture.add_text(name, source.peek_at(at, length)[::-1].lstrip(b"\0"))


def read_pmp(source: Source, picture: Picture) -> None:
    """Sony's DSC-F1: a header before a JPEG."""
    head = source.peek_at(0, 124)
    read_jpeg(Part(source, 124), picture)
    picture.format = "pmp"
    year, *parts = head[76:82]
    text = "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}".format(year + (2000 if year < 70 else 1900), *parts)
    picture.add_date("Header:DateTimeOriginal", text, Rank.TAKEN)
    picture.add_text("Make", b"Sony")


def read_exv(source: Source, picture: Picture) -> None:
    """The segments of a JPEG behind another mark, without a picture; the size is that of the one they are about."""
    picture.sizeless = True
    read_jpeg(Part(source, 5), picture)
    picture.resize(full_size(TiffTree(picture.directories, 1)))
    picture.format = "exv"
