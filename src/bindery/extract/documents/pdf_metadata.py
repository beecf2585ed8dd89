"""What a PDF says of itself beside the document information: its XMP packet (ISO 32000-1, 14.3.2).

The catalog refers to it. In a file whose tables are damaged it is looked for where it stands as a rule, unpacked and
near the end or the beginning; packets of pictures on the pages do not count.
"""

from __future__ import annotations

import re

from bindery.extract.documents.document import Document
from bindery.extract.documents.pdf_objects import PdfObjects, reference
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


def read_packet(reader: RangeReader, document: Document) -> None:
    """Tags of the packet, and the title, author and dates that the document information lacks."""
    objects = PdfObjects(reader)
    catalog = objects.catalog
    if catalog is not None and (number := reference(catalog, b"Metadata")) is not None:
        packet = objects.stream(number)
    else:
        packet = None
    if packet is None or not _is_packet(packet):
        packet = _packet_by_sight(reader)
    if packet is None:
        return
    found = read_xmp(packet)
    document.title = document.title or first_of(found, "dc:title")
    document.author = document.author or ", ".join(found.get("dc:creator", ())) or None
    document.add_created("XMP:CreateDate", first_of(found, "xmp:CreateDate"))
    add_xmp_tags(document.tags, found)


def _is_packet(data: bytes) -> bool:
    """Whether it may be one: what is encrypted is not."""
    return b"R\0D\0F" in data or b"RDF" in data


def _packet_by_sight(reader: RangeReader) -> bytes | None:
    data = reader.peek_at(0, _WHOLE_BYTES if reader.size <= _WHOLE_BYTES else _END_BYTES)
    if reader.size > _WHOLE_BYTES:
        data += b"\n" + reader.peek_at(reader.size - _END_BYTES, _END_BYTES)
    return _packet(data)


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
