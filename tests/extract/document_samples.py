"""Documents and archives made on the spot, with contents known by construction."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.extract.picture_samples import extract_path

from bindery.extract.extraction import Extraction

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"

_CORE = """<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="t">
<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator><dc:language>{language}</dc:language>
<dcterms:created>2012-05-14T08:00:00Z</dcterms:created></cp:coreProperties>"""
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def extract_bytes(folder: Path, name: str, content: bytes) -> Extraction:
    """What the whole extraction says of one file."""
    path = folder / name
    path.write_bytes(content)
    return extract_path(path)


def make_zip(parts: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def make_open_xml(
    main: str,
    content_type: str,
    parts: Mapping[str, str | bytes],
    *,
    title: str = "A title",
    author: str = "An author",
    language: str = "",
    counts: str = "",
) -> bytes:
    """An Open XML package; ``parts`` holds the main part and what it refers to."""
    core = _CORE.format(title=title, author=author, language=language)
    return make_zip(
        {
            "[Content_Types].xml": f'<Types xmlns="ct"><Override PartName="/{main}" '
            f'ContentType="{content_type}.main+xml"/></Types>',
            "_rels/.rels": relations(
                ("officeDocument", main),
                ("core-properties", "p/core.xml"),
                ("extended-properties", "p/app.xml"),
            ),
            "p/core.xml": core,
            "p/app.xml": f"<Properties>{counts}</Properties>",
            **parts,
        }
    )


def relations(*targets: tuple[str, str]) -> str:
    entries = "".join(
        f'<Relationship Id="r{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="rels">{entries}</Relationships>'


def make_docx(body: str | bytes, **options: str) -> bytes:
    return make_open_xml("word/document.xml", WORD, {"word/document.xml": body}, **options)


def word_body(*paragraphs: str) -> str:
    inner = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    return f'<w:document xmlns:w="w"><w:body>{inner}</w:body></w:document>'


def make_pdf(
    pages: Sequence[str],
    *,
    information: str = "",
    catalog: str = "",
    hole: int = 0,
    trailer: str = "",
    start: int | None = None,
) -> bytes:
    """A PDF with one line of text a page; ``hole`` bytes of a picture stand after the first page."""
    body = io.BytesIO()
    places: dict[int, int] = {}
    body.write(b"%PDF-1.4\n")

    def add(number: int, content: bytes) -> None:
        places[number] = body.tell()
        body.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))

    kids = " ".join(f"{10 + 2 * index} 0 R" for index in range(len(pages)))
    add(1, f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode())
    add(2, f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode())
    add(3, f"<<{information}>>".encode("latin-1"))
    add(5, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    for index, words in enumerate(pages):
        shown = b" /I Do" if hole and index == 0 else b""
        content = b"BT /F1 12 Tf 10 700 Td (" + words.encode("latin-1") + b") Tj ET" + shown
        add(
            10 + 2 * index,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 900 900]/Resources<</Font<</F1 5 0 R>>"
            b"/XObject<</I 6 0 R>>>>/Contents %d 0 R>>" % (11 + 2 * index),
        )
        add(11 + 2 * index, b"<</Length %d>>stream\n%b\nendstream" % (len(content), content))
    if hole:
        head = b"<</Type/XObject/Subtype/Image/Width 10/Height 10/ColorSpace/DeviceGray/BitsPerComponent 8"
        add(6, head + b"/Length %d>>stream\n%b\nendstream" % (hole, bytes(hole)))
    table = body.tell()
    numbers = range(1, 10 + 2 * len(pages))
    body.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(numbers) + 1))
    for number in numbers:
        used = number in places
        body.write(b"%010d 00000 %b \n" % (places.get(number, 0), b"n" if used else b"f"))
    body.write(f"trailer\n<</Size {len(numbers) + 1}/Root 1 0 R/Info 3 0 R{trailer}>>\n".encode())
    body.write(b"startxref\n%d\n%%%%EOF\n" % (table if start is None else start))
    return body.getvalue()


def make_compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file (OLE) of streams, also ``storage/stream``; those under 4,096 bytes lie in its stream of small
    sectors."""
    small = bytearray()
    mini_table: list[int] = []
    table: list[int] = []
    sectors = bytearray()

    def place(content: bytes) -> int:
        first, count = len(table), -(-len(content) // 512)
        table.extend([*range(first + 1, first + count), 0xFFFFFFFE])
        sectors.extend(content.ljust(count * 512, b"\0"))
        return first

    entries: list[tuple[str, int, int, int]] = []
    for name, content in streams.items():
        if len(content) >= 4096:
            start = place(content)
        else:
            start, count = len(mini_table), max(-(-len(content) // 64), 1)
            mini_table += [*range(start + 1, start + count), 0xFFFFFFFE]
            small += content.ljust(count * 64, b"\0")
        entries.append((name, 2, start, len(content)))
    container = place(bytes(small)) if small else 0xFFFFFFFE
    mini_start = place(struct.pack(f"<{len(mini_table)}I", *mini_table)) if small else 0xFFFFFFFE
    directory = _entry("Root Entry", 5, container, len(small), right=0xFFFFFFFF, child=1)
    directory += _directory(entries)
    directory_start = place(directory)
    header = struct.pack("<8s16xHHHHH10x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 62, 3, 0xFFFE, 9, 6)
    return header + _tables(table, sectors, directory_start, mini_start) + bytes(sectors)


def _directory(entries: Sequence[tuple[str, int, int, int]]) -> bytes:
    """The entries of streams, then those of storages; each leads to its next in the same storage."""
    storages = list(dict.fromkeys(name.partition("/")[0] for name, *_ in entries if "/" in name))
    held = [name.partition("/")[0] if "/" in name else "" for name, *_ in entries] + [""] * len(storages)

    def after(place: int) -> int:
        following = (at + 1 for at in range(place + 1, len(held)) if held[at] == held[place])
        return next(following, 0xFFFFFFFF)

    # The root's first child is the first entry: a stream of its own.
    assert not entries or not held[0]
    coded = b""
    for place, (name, kind, start, size) in enumerate(entries):
        coded += _entry(name.rpartition("/")[2], kind, start, size, right=after(place), child=0xFFFFFFFF)
    for number, storage in enumerate(storages):
        coded += _entry(storage, 1, 0, 0, right=after(len(entries) + number), child=held.index(storage) + 1)
    return coded


def _tables(table: list[int], sectors: bytearray, directory_start: int, mini_start: int) -> bytes:
    """Append the allocation table and the list of its sectors; returns the rest of the header."""
    count, lists = 0, 0
    while count * 128 < len(table) + count + lists:
        count += 1
        lists = -(-max(count - 109, 0) // 127)
    places = list(range(len(table), len(table) + count))
    list_start = len(table) + count
    table += [0xFFFFFFFD] * count + [0xFFFFFFFC] * lists
    sectors += struct.pack(f"<{count * 128}I", *table, *[0xFFFFFFFF] * (count * 128 - len(table)))
    rest = places[109:]
    for index in range(lists):
        part = rest[index * 127 : index * 127 + 127]
        after = list_start + index + 1 if index + 1 < lists else 0xFFFFFFFE
        sectors += struct.pack("<128I", *part, *[0xFFFFFFFF] * (127 - len(part)), after)
    numbers = (count, directory_start, 0, 4096, mini_start, 1, list_start if lists else 0xFFFFFFFE, lists)
    first = places[:109]
    return struct.pack("<8I109I", *numbers, *first, *[0xFFFFFFFF] * (109 - len(first)))


def _entry(name: str, kind: int, start: int, size: int, *, right: int, child: int) -> bytes:
    coded = name.encode("utf-16-le") + b"\0\0"
    head = struct.pack("<64sHBBIII", coded, len(coded), kind, 1, 0xFFFFFFFF, right, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)


def make_property_set(properties: Mapping[int, bytes]) -> bytes:
    """A property set stream; the values come with their type."""
    body = b""
    places = b""
    for number, value in properties.items():
        places += struct.pack("<II", number, 8 + 8 * len(properties) + len(body))
        body += value.ljust(-(-len(value) // 4) * 4, b"\0")
    section = struct.pack("<II", 8 + len(places) + len(body), len(properties)) + places + body
    return struct.pack("<HHI16sI16sI", 0xFFFE, 0, 2, b"", 1, b"\xe0", 48) + section


def coded_text(text: bytes) -> bytes:
    return struct.pack("<II", 30, len(text) + 1) + text + b"\0"


def count_value(value: int) -> bytes:
    return struct.pack("<Ii", 3, value)


def make_doc_streams(text: str, *, pages: int = 0, flags: int = 0) -> dict[str, bytes]:
    """The streams of a DOC file whose text is one piece of UTF-16."""
    coded = text.encode("utf-16-le")
    information = bytearray(2048)
    struct.pack_into("<HH6xH", information, 0, 0xA5EC, 0x00C1, flags | 0x0200)
    properties = bytearray(84)
    struct.pack_into("<H", properties, 46, pages)
    pieces = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, len(information), 0)
    clx = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    table = bytes(properties) + clx
    struct.pack_into("<II", information, 0x192, 0, len(properties))
    struct.pack_into("<II", information, 0x1A2, len(properties), len(clx))
    return {"WordDocument": (bytes(information) + coded).ljust(4096, b"\0"), "1Table": table}


def record(kind: int, body: bytes) -> bytes:
    """A record of an XLS stream."""
    return struct.pack("<HH", kind, len(body)) + body


def make_7z(names: Sequence[str], *, packed: bool, coder: bytes = b"\x21\x21\x01\x12") -> bytes:
    """A 7z archive of empty files, its header plain or packed by LZMA2."""
    coded = b"\0" + b"".join(name.encode("utf-16-le") + b"\0\0" for name in names)
    header = b"\x01\x05" + _number(len(names)) + b"\x11" + _number(len(coded)) + coded + b"\0\0"
    data = b""
    if packed:
        size = len(header)
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
        data = lzma.compress(header, format=lzma.FORMAT_RAW, filters=filters)
        header = b"\x17\x06\x00\x01\x09" + _number(len(data)) + b"\0"
        header += b"\x07\x0b\x01\x00\x01" + coder + b"\x0c" + _number(size) + b"\0\0"
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + data + header


def _number(value: int) -> bytes:
    if value < 0x80:
        return bytes([value])
    return (
        bytes([0x80 | value >> 8, value & 0xFF])
        if value < 0x4000
        else b"\xe0" + value.to_bytes(3, "little")
    )


def make_rar_5(entries: int, *, encrypted: bool = False, data: int = 0) -> bytes:
    blocks = [_block_5(b"\x01\x00\x00")]
    if encrypted:
        blocks.insert(0, _block_5(b"\x04\x00\x00\x00\x0f" + bytes(16)))
    # Type, flags (data follows), size of the data, file flags, unpacked size, attributes, method, system, name.
    for number in range(entries):
        name = f"{number}.bin".encode()
        body = b"\x02\x02" + _low_first(data) + b"\x00" + _low_first(data) + b"\x20\x00\x01"
        blocks.append(_block_5(body + bytes([len(name)]) + name) + bytes(data))
    return b"Rar!\x1a\x07\x01\x00" + b"".join(blocks) + _block_5(b"\x05\x00\x00")


def _block_5(body: bytes) -> bytes:
    sized = _low_first(len(body)) + body
    return struct.pack("<I", zlib.crc32(sized)) + sized


def _low_first(value: int) -> bytes:
    coded = b""
    while value >= 0x80:
        coded, value = coded + bytes([value & 0x7F | 0x80]), value >> 7
    return coded + bytes([value])


def make_rar_4(entries: int, *, encrypted: bool = False) -> bytes:
    blocks = [_block_4(0x73, 0x0080 if encrypted else 0, bytes(6))]
    for number in range(entries):
        name = f"{number}.bin".encode()
        body = struct.pack("<IIBIIBBHI", 10, 10, 2, 0, 0, 20, 0x30, len(name), 0x20) + name
        blocks.append(_block_4(0x74, 0x8000, body) + bytes(10))
    return b"Rar!\x1a\x07\x00" + b"".join(blocks) + _block_4(0x7B, 0x4000, b"")


def _block_4(kind: int, flags: int, body: bytes) -> bytes:
    head = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head
