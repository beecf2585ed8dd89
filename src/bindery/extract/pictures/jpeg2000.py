"""JPEG 2000: size, EXIF, XMP and IPTC of JP2, JPX and JPM files and of bare codestreams.

Source: ISO/IEC 15444-1 annex A (SIZ) and annex I (jp2h, ihdr, uuid); the UUIDs are those of exiftool's
public tag tables.
"""

from __future__ import annotations

import struct

from bindery.extract.notes import Note, note
from bindery.extract.pictures.boxes import boxes, find_box
from bindery.extract.pictures.cut_short import boxes_are_cut
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.iptc import MOST_BYTES as MOST_IPTC
from bindery.extract.tags.tiff import Part, Source
from bindery.extract.tags.xmp import MOST_BYTES

_EXIF = (b"JpgTiffExif->JP2", bytes.fromhex("0537cdab9d0c4431a72afa561f2a113e"))
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")


def read_jp2(source: Source, picture: Picture) -> None:
    """The image header box, and the boxes that carry EXIF and XMP."""
    picture.format = "jp2"
    if boxes_are_cut(source):
        picture.notes.append(note(Note.CUT_SHORT, "the file ends before its boxes do"))
    for box in boxes(source):
        if box.kind == b"jp2h" and picture.width is None:
            header = find_box(source, b"ihdr", start=box.start, end=box.start + box.length)
            data = source.peek_at(header.start, 8) if header else b""
            if len(data) == 8:
                height, width = struct.unpack(">II", data)
                picture.resize((width, height))
        elif box.kind == b"xml ":
            _read_xml(picture, source.peek_at(box.start, min(box.length, MOST_BYTES)))
        elif box.kind == b"uuid":
            _read_uuid(
                picture, source.peek_at(box.start, 16), Part(source, box.start + 16, box.length - 16)
            )
        elif box.kind == b"jp2c" and picture.width is None:
            read_codestream(Part(source, box.start, box.length), picture)


def _read_uuid(picture: Picture, uuid: bytes, content: Part) -> None:
    if uuid in _EXIF:
        picture.add_exif(content)
    elif uuid == _XMP:
        picture.add_xmp(content.peek_at(0, MOST_BYTES))
    elif uuid == _IPTC:
        picture.add_iptc(content.peek_at(0, MOST_IPTC))


def _read_xml(picture: Picture, data: bytes) -> None:
    """A box of XML may hold anything; XMP is what has RDF in it."""
    if b"http://www.w3.org/1999/02/22-rdf-syntax-ns" in data:
        picture.add_xmp(data)


def read_codestream(source: Source, picture: Picture) -> None:
    """The size marker, which comes first: the reference grid less its offset."""
    picture.format = picture.format or "jp2"
    data = source.peek_at(2, 22)
    if len(data) == 22 and data[:2] == b"\xff\x51":
        right, bottom, left, top = struct.unpack_from(">4I", data, 6)
        picture.resize((right - left, bottom - top))
