"""What a PDF says of itself beside the document information: its XMP packet, and whether its streams are bombs.

The packet of the document stands unpacked in the file (ISO 32000-1, 14.3.2), as a rule near its end or its beginning;
packets of pictures on its pages do not count.
"""

from __future__ import annotations

import re
import zlib

from bindery.extract.documents.document import Document
from bindery.extract.reader import RangeReader
from bindery.extract.tags.xmp import first_of, read_xmp
from bindery.extract.tags.xmp_tags import add_xmp_tags

_WHOLE_BYTES = 1024 * 1024
"""A file of this size is looked through; of a larger one the ends."""
_END_BYTES = 128 * 1024
_PACKET = re.compile(rb"<x:xmpmeta[\s>].*?</x:xmpmeta>|<rdf:RDF[\s>].*?</rdf:RDF>", re.S)
_REFERENCE = re.compile(rb"/Type\s*/Catalog\b[^>]{0,4096}?/Metadata\s+(\d{1,9})\s+\d{1,5}\s+R|"
                        rb"/Metadata\s+(\d{1,9})\s+\d{1,5}\s+R[^>]{0,4096}?/Type\s*/Catalog\b")  # fmt: skip
_OBJECT = re.compile(rb"(?:^|[\r\n])(\d{1,9})\s+\d{1,5}\s+obj\b")
_OF_DOCUMENTS = (b"http://ns.adobe.com/pdf/", b"pdfaid", b"CreatorTool")
_BOMB_BYTES = 8 * 1024 * 1024
_STEP = 16 * 1024
_SAMPLE = 1024
_PACKED = 100
"""A sample that packs to less is of a stream that unpacks to a thousand times its size."""
_MOST_UNPACKED = 128 * 1024 * 1024
_STREAM = re.compile(rb"stream\r?\n")


def read_packet(reader: RangeReader, document: Document) -> None:
    """Tags of the packet, and the title, author and dates that the document information lacks."""
    data = reader.peek_at(0, _WHOLE_BYTES if reader.size <= _WHOLE_BYTES else _END_BYTES)
    if reader.size > _WHOLE_BYTES:
        data += b"\n" + reader.peek_at(reader.size - _END_BYTES, _END_BYTES)
    packet = _packet(data)
    if packet is None:
        return
    found = read_xmp(packet)
    document.title = document.title or first_of(found, "dc:title")
    document.author = document.author or ", ".join(found.get("dc:creator", ())) or None
    document.add_created("XMP:CreateDate", first_of(found, "xmp:CreateDate"))
    add_xmp_tags(document.tags, found)


def _packet(data: bytes) -> bytes | None:
    """That of the catalog; else the last one that looks like a document's."""
    packets = [(match.start(), match[0]) for match in _PACKET.finditer(data)][-64:]
    if not packets:
        return None
    reference = _REFERENCE.search(data)
    if reference is not None:
        wanted = reference[1] or reference[2]
        for at, packet in reversed(packets):
            owner = list(_OBJECT.finditer(data, max(at - 1024, 0), at))
            if owner and owner[-1][1] == wanted:
                return packet
    telling = [packet for _, packet in packets if any(sign in packet for sign in _OF_DOCUMENTS)]
    return telling[-1] if telling else None


def is_bomb(reader: RangeReader) -> bool:
    """Whether a stream unpacks to more than a worker may hold. Only what packs again is unpacked to see."""
    if reader.size > _BOMB_BYTES or reader.size * 1032 < _MOST_UNPACKED:
        return False
    data = reader.peek_at(0, reader.size)
    samples = range(0, max(len(data) - _SAMPLE, 0), _STEP)
    suspicious = sum(len(zlib.compress(data[at : at + _SAMPLE], 1)) < _PACKED for at in samples)
    if suspicious * _STEP * 1032 < _MOST_UNPACKED // 2:
        return False
    left = _MOST_UNPACKED
    for match in _STREAM.finditer(data):
        left -= _unpacked(data, match.end(), left)
        if left <= 0:
            return True
    return False


def _unpacked(data: bytes, at: int, most: int) -> int:
    """How large the stream is that begins there, in the piecewise memory of one megabyte."""
    unpacking, size = zlib.decompressobj(), 0
    rest = data[at:]
    try:
        while rest and not unpacking.eof and size <= most:
            size += len(unpacking.decompress(rest, 1024 * 1024))
            rest = unpacking.unconsumed_tail
    except zlib.error:
        pass
    return size
