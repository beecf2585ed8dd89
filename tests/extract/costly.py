"""Files that are cheap to make and would be costly to read, made by the formats' public descriptions."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import brotli
import msgspec


class Costly(msgspec.Struct, frozen=True):
    """A file and the key it is stored under."""

    key: str
    data: bytes


def crw_that_holds_itself(records: int = 500) -> Costly:
    """A heap whose records are all heaps, namely itself."""
    heap = bytearray()
    table = len(heap)
    size = table + 2 + 10 * records + 4
    heap += struct.pack("<H", records)
    for number in range(records):
        heap += struct.pack("<HII", 0x2807 + (number % 2) * 0x800, size, 0)
    heap += struct.pack("<I", table)
    return Costly("a.crw", b"II" + struct.pack("<I", 26) + b"HEAPCCDR" + bytes(12) + bytes(heap))


def crw_with_nested_tables(records: int = 500) -> Costly:
    """Heaps that overlap: each record names the heap from another byte on, down to the greatest depth."""
    entries = b"".join(struct.pack("<HII", 0x2807, 4_000 - at, at) for at in range(records))
    heap = bytes(100) + struct.pack("<H", records) + entries
    heap += struct.pack("<I", 100)
    return Costly("b.crw", b"II" + struct.pack("<I", 26) + b"HEAPCCDR" + bytes(12) + heap)


def svg_with_a_long_width(digits: int = 20_000) -> Costly:
    width = "1" * digits + "x"
    return Costly("a.svg", f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="5"/>'.encode())


def svg_behind_a_long_comment(size: int = 4_000_000) -> Costly:
    return Costly("b.svg", b"<svg a='" + b"x" * size + b"' width='5' height='5'/>")


def pnm_with_a_long_comment(size: int = 4_000_000) -> Costly:
    return Costly("a.ppm", b"P6 #" + b"c" * size + b"\n8 8 255\n" + bytes(192))


def _pdf(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)


def _stream(dictionary: bytes, content: bytes) -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (dictionary, len(content), content)


def pdf_with_a_fan_of_forms(depth: int = 12, fan: int = 8) -> Costly:
    """A page draws a form that draws the next one eight times, and so on: 8 to the 12th drawings."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R "
        b"/Resources << /XObject << /X 5 0 R >> >> >>",
        _stream(b"", b"/X Do"),
    ]
    for level in range(depth):
        following = b"/XObject << /X %d 0 R >>" % (6 + level)
        dictionary = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << %b >>" % following
        objects.append(_stream(dictionary, b"/X Do " * fan))
    objects.append(_stream(b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"0 0 1 1 re f"))
    return Costly("fan.pdf", _pdf(objects))


def pdf_with_a_loop_of_forms(forms: int = 40, fan: int = 30) -> Costly:
    """Every form draws every other one."""
    names = b" ".join(b"/X%d %d 0 R" % (number, 5 + number) for number in range(forms))
    content = b" ".join(b"/X%d Do" % (number % forms) for number in range(fan))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R "
        b"/Resources << /XObject << %b >> >> >>" % names,
        _stream(b"", content),
    ]
    dictionary = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << %b >> >>" % names
    objects += [_stream(dictionary, content)] * forms
    return Costly("loop.pdf", _pdf(objects))


def _package(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONSHIPS = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%b</Relationships>'


def _open_xml(main: str, content_type: str, parts: dict[str, bytes]) -> bytes:
    types = f'<Types><Override PartName="/{main}" ContentType="{content_type}"/></Types>'.encode()
    root = f'<Relationship Id="r" Type="{_OFFICE}/officeDocument" Target="{main}"/>'.encode()
    return _package({"[Content_Types].xml": types, "_rels/.rels": _RELATIONSHIPS % root} | parts)


def pptx_with_one_slide_many_times(times: int = 200_000) -> Costly:
    slides = b'<p:sldId r:id="s"/>' * times
    main = b'<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst>%b</p:sldIdLst></p:presentation>' % slides
    listed = f'<Relationship Id="s" Type="{_OFFICE}/slide" Target="slides/slide1.xml"/>'.encode()
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    parts = {
        "ppt/presentation.xml": main,
        "ppt/_rels/presentation.xml.rels": _RELATIONSHIPS % listed,
        "ppt/slides/slide1.xml": b'<p:sld xmlns:p="p" xmlns:a="a"><a:t>words</a:t></p:sld>',
    }
    return Costly("slides.pptx", _open_xml("ppt/presentation.xml", kind, parts))


def docx_with_millions_of_elements(parts: int = 14) -> Costly:
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = b'<w:document xmlns:w="w">' + b"<w:t/>" * 660_000 + b"</w:document>"
    notes = {f"word/footnotes{number}.xml": body for number in range(parts)}
    return Costly(
        "elements.docx", _open_xml("word/document.xml", kind, {"word/document.xml": body} | notes)
    )


def epub_with_millions_of_tags(chapters: int = 15) -> Costly:
    container = b'<container><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>'
    items = "".join(
        f'<item id="i{number}" media-type="text/html" href="{number}.html"/>' for number in range(chapters)
    )
    order = "".join(f'<itemref idref="i{number}"/>' for number in range(chapters)) * 1_000
    parts = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": container,
        "c.opf": f"<package><manifest>{items}</manifest><spine>{order}</spine></package>".encode(),
    }
    parts |= {f"{number}.html": b"<p>" * 1_300_000 for number in range(chapters)}
    return Costly("tags.epub", _package(parts))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def heic_with_many_associations(size: int = 3_800_000) -> Costly:
    """One entry after the other says again what belongs to the primary item."""
    entry = struct.pack(">HB", 1, 255) + b"\1" * 255
    count = size // len(entry)
    ipma = _box(b"ipma", struct.pack(">II", 0, count) + entry * count)
    ispe = _box(b"ispe", struct.pack(">III", 0, 64, 48))
    meta = _box(b"pitm", struct.pack(">IH", 0, 1)) + _box(b"iprp", _box(b"ipco", ispe) + ipma)
    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    return Costly("a.heic", head + _box(b"meta", bytes(4) + meta))


def heic_with_associations_of_others(size: int = 3_800_000) -> Costly:
    count = size // 3
    ipma = _box(b"ipma", struct.pack(">II", 0, count) + struct.pack(">HB", 7, 0) * count)
    ispe = _box(b"ispe", struct.pack(">III", 0, 64, 48))
    meta = _box(b"pitm", struct.pack(">IH", 0, 1)) + _box(b"iprp", _box(b"ipco", ispe) + ipma)
    return Costly("b.heic", _box(b"ftyp", b"heic\0\0\0\0mif1heic") + _box(b"meta", bytes(4) + meta))


def heic_with_nested_boxes(size: int = 3_800_000) -> Costly:
    """Hundreds of movies with hundreds of tracks, none of which has a header."""
    track = _box(b"trak", _box(b"free", b"") * 500)
    movie = _box(b"moov", track * 100)
    return Costly("c.heic", _box(b"ftyp", b"heic\0\0\0\0mif1heic") + movie * (size // len(movie)))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


def png_with_many_profiles(count: int = 4_000) -> Costly:
    """Each inflates to a megabyte that is no profile."""
    packed = zlib.compress(b"x" * 1_000_000, 9)
    text = _chunk(b"zTXt", b"Raw profile type exif\0\0" + packed)
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    rest = _chunk(b"IDAT", zlib.compress(bytes(200))) + _chunk(b"IEND", b"")
    return Costly("a.png", b"\x89PNG\r\n\x1a\n" + header + text * count + rest)


def _compound(streams: dict[str, bytes]) -> bytes:
    """A compound file of long streams with sectors of 512 bytes."""
    sectors: list[bytes] = []
    chain: list[int] = []
    entries = [_entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)]
    for number, (name, stream) in enumerate(streams.items()):
        content = stream.ljust(4096, b"\0")
        first = len(sectors)
        parts = [content[at : at + 512].ljust(512, b"\0") for at in range(0, len(content), 512)]
        sectors += parts
        chain += [*range(first + 1, first + len(parts)), 0xFFFFFFFE]
        entries.append(_entry(name, 2, 0xFFFFFFFF, first, len(content), right=number + 2))
    entries[-1] = entries[-1][:72] + struct.pack("<I", 0xFFFFFFFF) + entries[-1][76:]
    directory = b"".join(entries).ljust(512 * (-(-len(entries) // 4)), b"\0")
    start = len(sectors)
    parts = [directory[at : at + 512] for at in range(0, len(directory), 512)]
    sectors += parts
    chain += [*range(start + 1, start + len(parts)), 0xFFFFFFFE]
    tables = 1
    while (len(chain) + tables + _extra(tables)) > tables * 128:
        tables += 1
    extra = _extra(tables)
    first_table = len(sectors)
    chain += [0xFFFFFFFD] * tables + [0xFFFFFFFC] * extra
    packed = struct.pack(f"<{len(chain)}I", *chain).ljust(tables * 512, b"\xff")
    sectors += [packed[at : at + 512] for at in range(0, len(packed), 512)]
    places = [first_table + at for at in range(tables)]
    for number in range(extra):
        listed = places[109 + number * 127 : 109 + (number + 1) * 127]
        following = first_table + tables + number + 1 if number + 1 < extra else 0xFFFFFFFE
        sectors.append(struct.pack("<128I", *(listed + [0xFFFFFFFF] * (127 - len(listed))), following))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, start, 0, 4096, 0xFFFFFFFE, 0
    )
    header += struct.pack("<II", first_table + tables if extra else 0xFFFFFFFE, extra)
    header += struct.pack("<109I", *(places[:109] + [0xFFFFFFFF] * (109 - len(places[:109]))))
    return header + b"".join(sectors)


def _extra(tables: int) -> int:
    return max(0, -(-(tables - 109) // 127))


def _entry(name: str, kind: int, child: int, start: int, size: int, right: int = 0xFFFFFFFF) -> bytes:
    encoded = name.encode("utf-16-le")
    record = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded) + 2, kind, 1)
    links = (0xFFFFFFFF, right, child) if kind == 2 else (0xFFFFFFFF, 0xFFFFFFFF, child)
    return record + struct.pack("<III", *links) + bytes(36) + struct.pack("<IQ", start, size)


def _word(clx: bytes, text: bytes = b"") -> bytes:
    document = bytearray(0x200)
    struct.pack_into("<HH", document, 0, 0xA5EC, 0x00C1)
    struct.pack_into("<II", document, 0x1A2, 0, len(clx))
    return _compound({"WordDocument": bytes(document) + text, "0Table": clx})


def doc_with_many_properties(size: int = 4_000_000) -> Costly:
    """The piece table stands behind a million empty properties."""
    return Costly("clx.doc", _word(b"\1\0\0" * (size // 3) + b"\2" + bytes(8)))


def doc_with_pieces_of_nothing(size: int = 12_000_000, pieces: int = 300_000) -> Costly:
    """Every piece is the whole stream, which holds field codes only, and so no text."""
    text = b"\x13" * size
    positions = struct.pack(f"<{pieces + 1}I", *(number % 2 * size for number in range(pieces + 1)))
    places = (struct.pack("<HIH", 0, 0x40000000 | 0x400, 0)) * pieces
    clx = b"\2" + struct.pack("<I", len(positions) + len(places)) + positions + places
    return Costly("pieces.doc", _word(clx, text))


def xls_with_tiny_continuations(records: int = 900_000) -> Costly:
    """The table of strings goes on in records of one byte, and its first string says it is gigabytes long."""
    strings = struct.pack("<HH", 0xFC, 13) + bytes(8) + struct.pack("<HB", 1, 4) + b"\xff\xff"
    book = strings + (struct.pack("<HH", 0x3C, 1) + b"\x7f") * records + struct.pack("<HH", 0x0A, 0)
    return Costly("strings.xls", _compound({"Workbook": book}))


def rtf_with_a_long_title(size: int = 8_000_000) -> Costly:
    return Costly("title.rtf", b"{\\rtf1{\\info{\\title " + b"\\'41b\\'42c" * (size // 10) + b"}}text}")


def mrw_with_empty_blocks(size: int = 32_000_000) -> Costly:
    return Costly("a.mrw", b"\0MRM" + struct.pack(">I", size) + b"\0ABC\0\0\0\0" * (size // 8))


def gz_with_empty_members(size: int = 20_000_000) -> Costly:
    member = gzip.compress(b"", mtime=0)
    return Costly("members.gz", member * (size // len(member)))


def gz_within_gz(levels: int = 20) -> Costly:
    data = bytes(1_000_000)
    for _ in range(levels):
        data = gzip.compress(data, mtime=0)
    return Costly("nested.gz", data)


def bz2_with_empty_streams(size: int = 8_000_000) -> Costly:
    stream = b"BZh9" + bytes.fromhex("177245385090") + bytes(4)
    return Costly("streams.bz2", stream * (size // len(stream)))


def zst_with_empty_frames(size: int = 8_000_000) -> Costly:
    frame = bytes.fromhex("28b52ffd2000010000")
    return Costly("frames.zst", frame * (size // len(frame)))


def rar_with_empty_blocks(blocks: int = 200_000) -> Costly:
    return Costly("blocks.rar", b"Rar!\x1a\x07\x01\x00" + b"\0\0\0\0\2\3\0" * blocks)


def _id3(frames: bytes) -> bytes:
    size = len(frames)
    encoded = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + encoded + frames


def mp3_with_many_frames(frames: int = 200_000) -> Costly:
    """Each a text with a description of its own."""
    texts = b"".join(
        b"TXXX" + struct.pack(">IH", len(body), 0) + body
        for number in range(frames)
        if (body := b"\0%d\0x" % number)
    )
    sound = (b"\xff\xfb\x90\x00" + bytes(413)) * 50
    return Costly("frames.mp3", _id3(texts) + sound)


def flac_with_many_comments(comments: int = 200_000) -> Costly:
    vendor = struct.pack("<I", 1) + b"v" + struct.pack("<I", comments)
    block = vendor + b"".join(
        struct.pack("<I", len(text)) + text for number in range(comments) if (text := b"K%d=x" % number)
    )
    info = (
        struct.pack(">HH", 4096, 4096)
        + bytes(6)
        + (44100 << 44 | 1 << 41 | 15 << 36).to_bytes(8, "big")
        + bytes(16)
    )
    head = b"fLaC\0" + len(info).to_bytes(3, "big") + info
    return Costly("comments.flac", head + b"\x84" + len(block).to_bytes(3, "big") + block)


def mp4_with_many_tags(tags: int = 100_000) -> Costly:
    item = b"".join(
        _box(
            b"----",
            _box(b"mean", bytes(4) + b"c")
            + _box(b"name", bytes(4) + b"k%d" % number)
            + _box(b"data", struct.pack(">II", 1, 0) + b"v"),
        )
        for number in range(tags)
    )
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    udta = _box(b"udta", _box(b"meta", bytes(4) + handler + _box(b"ilst", item)))
    header = _box(b"mvhd", bytes(12) + struct.pack(">II", 1000, 1000) + bytes(80))
    return Costly("tags.mp4", _box(b"ftyp", b"isom\0\0\0\0isom") + _box(b"moov", header + udta))


def _ebml(number: int, content: bytes) -> bytes:
    return (
        number.to_bytes((number.bit_length() + 7) // 8, "big")
        + b"\x08"
        + len(content).to_bytes(4, "big")
        + content
    )


def mkv_with_many_tags(tags: int = 120_000) -> Costly:
    names = [_ebml(0x67C8, _ebml(0x45A3, b"K%d" % number) + _ebml(0x4487, b"x")) for number in range(tags)]
    head = _ebml(0x1A45DFA3, _ebml(0x4282, b"matroska"))
    track = _ebml(
        0x1654AE6B, _ebml(0xAE, _ebml(0xD7, b"\1") + _ebml(0x83, b"\2") + _ebml(0x86, b"A_PCM/INT/LIT"))
    )
    return Costly(
        "tags.mkv", head + _ebml(0x18538067, track + _ebml(0x1254C367, _ebml(0x7373, b"".join(names))))
    )


def x3f_with_many_previews(sections: int = 256, segments: int = 3_900) -> Costly:
    """All sections name the same JPEG of thousands of empty segments."""
    jpeg = b"\xff\xd8" + b"\xff\xe5\0\2" * segments
    head = b"FOVb" + struct.pack("<I", 3 << 16) + bytes(20) + struct.pack("<II", 8, 8) + bytes(4)
    section = bytes(28) + jpeg
    directory = b"SECd" + struct.pack("<II", 2 << 16, sections)
    directory += struct.pack("<II4s", len(head), len(section), b"IMA2") * sections
    at = len(head) + len(section)
    return Costly("a.x3f", head + section + directory + struct.pack("<I", at))


def seven_zip_with_a_packed_header_of_numbers(size: int = 12_000_000) -> Costly:
    """A few KB that unpack to millions of fields."""
    import lzma

    header = b"\1\4\6\0" + b"\xe0\0\0\x7f" + b"\x09" + b"\1" * size
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}]
    packed = lzma.compress(header, lzma.FORMAT_RAW, filters=filters)

    def number(value: int) -> bytes:
        return b"\xf0" + struct.pack("<I", value) if value < 1 << 32 else b""

    properties = b"\x5d" + struct.pack("<I", 1 << 16)
    info = b"\x17\x06" + number(0) + b"\1\x09" + number(len(packed)) + b"\0"
    info += b"\7\x0b\1\0\1\x23\3\1\1\5" + properties + b"\x0c" + number(len(header)) + b"\0\0"
    start = struct.pack("<QQI", len(packed), len(info), zlib.crc32(info))
    return Costly(
        "numbers.7z",
        b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + packed + info,
    )


def _tar_header(size: bytes, kind: bytes = b"0") -> bytes:
    header = bytearray(512)
    header[0:1], header[124 : 124 + len(size)], header[156:157], header[257:263] = (
        b"a",
        size,
        kind,
        b"ustar\0",
    )
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def tar_that_leads_back() -> Costly:
    """A negative size leads back to an extended header of a megabyte, again and again."""
    size = 1_048_576
    extended = _tar_header(b"%011o" % size, b"x") + b"\n" * size
    return Costly("back.tar", extended + _tar_header(b"-%010o" % (size + 1_024)) + bytes(1_024))


def gz_with_tiny_members(members: int = 9_900) -> Costly:
    """An extended header of a megabyte whose end comes byte by byte."""
    begin = _tar_header(b"%011o" % 1_048_576, b"x") + b"\n" * (1_048_576 - members)
    return Costly("tiny.tar.gz", gzip.compress(begin) + gzip.compress(b"x") * members)


def _seven_zip(header: bytes) -> bytes:
    start = struct.pack("<QQI", 0, len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + header


def _many_folders(count: int) -> bytes:
    return b"\1\4\7\x0b" + b"\xe0" + struct.pack("<I", count)[:3] + b"\0" + b"\0" * count


def seven_zip_with_repeated_digests(count: int = 60_000) -> Costly:
    """Each walks through all folders."""
    header = _many_folders(count) + b"\0\x08\x0d" + b"\0" * count + b"\x0a\1" * count + b"\0\0"
    return Costly("digests.7z", _seven_zip(header))


def seven_zip_with_repeated_sizes(count: int = 60_000) -> Costly:
    return Costly("sizes.7z", _seven_zip(_many_folders(count) + b"\x0c" * count + b"\0\0\0"))


def _defaults(count: int) -> bytes:
    return b"<!DOCTYPE d [<!ATTLIST t " + b" ".join(b'a%d CDATA "x"' % n for n in range(count)) + b">]>"


def docx_with_attributes_out_of_nothing() -> Costly:
    """A DTD gives each of a hundred thousand elements ten thousand attributes."""
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = _defaults(10_000) + b"<d>" + b"<t/>" * 100_000 + b"</d>"
    return Costly("defaults.docx", _open_xml("word/document.xml", kind, {"word/document.xml": body}))


def svg_with_attributes_out_of_nothing() -> Costly:
    body = _defaults(20_000) + b"<s:svg xmlns:s='s' width='5'>" + b"<t/>" * 20_000 + b"</s:svg>"
    return Costly("defaults.svg", b"<!-- <svg > -->" + body)


def docx_with_long_extra_fields(entries: int = 15) -> Costly:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        for number in range(entries):
            info = zipfile.ZipInfo(f"word/{number}")
            info.extra = struct.pack("<HH", 0xCAFE, 0) * 16_383
            archive.writestr(info, b"")
    return Costly("extra.docx", target.getvalue())


def xlsx_with_sheets_without_end(sheets: int = 400_000) -> Costly:
    main = b'<workbook xmlns="s">%b</workbook>' % (b"<sheet/>" * sheets)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    return Costly("sheets.xlsx", _open_xml("xl/workbook.xml", kind, {"xl/workbook.xml": main}))


def docx_with_parts_full_of_elements(elements: int = 900_000) -> Costly:
    """Each of the small parts that are held as a tree."""
    full = b"<c>%b</c>" % (b"<a/>" * elements)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = dict.fromkeys(("docProps/core.xml", "docProps/app.xml", "word/document.xml"), full)
    return Costly("trees.docx", _open_xml("word/document.xml", kind, parts))


def docx_with_lines_of_one_letter(lines: int = 15_000_000) -> Costly:
    """The parser hands on each line by itself, and they are not words of the document, but for one at the end."""
    body = b'<w:document xmlns:w="w">%b<w:t>end</w:t></w:document>' % (b"a\n" * lines)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {"word/document.xml": body, "word/footnotes1.xml": body}
    return Costly("lines.docx", _open_xml("word/document.xml", kind, parts))


def docx_with_attributes(elements: int = 300_000) -> Costly:
    attributes = b" ".join(b'a%d=""' % number for number in range(8))
    body = b'<w:document xmlns:w="w">%b<w:t>end</w:t></w:document>' % (b"<t %b/>" % attributes * elements)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {"word/document.xml": body, "word/footnotes1.xml": body}
    return Costly("attributes.docx", _open_xml("word/document.xml", kind, parts))


def pptx_with_relationships_without_end(count: int = 80_000) -> Costly:
    listed = b'<Relationship Id="r" Type="t" Target="../a/../b"/>' * count
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    parts = {"ppt/p.xml": b"<p/>", "ppt/_rels/p.xml.rels": _RELATIONSHIPS % listed}
    return Costly("related.pptx", _open_xml("ppt/p.xml", kind, parts))


def html_with_millions_of_tags(tags: int = 2_600_000) -> Costly:
    return Costly("tags.html", b"<html>" + b"<p>" * tags)


def _epub(chapters: list[bytes]) -> bytes:
    items = "".join(
        f'<item id="i{n}" media-type="text/html" href="{n}.html"/>' for n in range(len(chapters))
    )
    order = "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    parts = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": b'<container><rootfiles><rootfile full-path="c.opf"/></rootfiles></container>',
        "c.opf": f"<package><manifest>{items}</manifest><spine>{order}</spine></package>".encode(),
    }
    return _package(parts | {f"{n}.html": chapter for n, chapter in enumerate(chapters)})


def epub_with_references_to_nothing(chapters: int = 15) -> Costly:
    """Millions of character references that stand for no character."""
    return Costly("nothing.epub", _epub([b"&#1;" * 1_000_000] * chapters))


def epub_with_millions_of_attributes(chapters: int = 15) -> Costly:
    return Costly("meta.epub", _epub([(b"<meta " + b"a=b " * 1_000 + b">") * 900] * chapters))


def rtf_with_many_codepages(count: int = 45_000) -> Costly:
    """Each a number that no code page has."""
    words = b"".join(b"\\ansicpg%d a\\par" % (100_000 + number) for number in range(count))
    return Costly("codepages.rtf", b"{\\rtf1 " + words + b"}")


def tiff_with_long_blanks(directories: int = 16, tags: int = 4_096) -> Costly:
    """Tens of thousands of texts of 64 KB, all the same blanks."""
    first = 8 + 2 + 3 * 12 + 4 + 4 * directories
    length = 2 + 12 * tags + 4
    blanks = first + directories * length
    out = b"II*\0" + struct.pack("<IH", 8, 3)
    out += struct.pack("<HHII", 0x100, 3, 1, 8) + struct.pack("<HHII", 0x101, 3, 1, 8)
    out += struct.pack("<HHIII", 0x14A, 4, directories, 8 + 2 + 3 * 12 + 4, 0)
    out += struct.pack(f"<{directories}I", *(first + number * length for number in range(directories)))
    for number in range(directories):
        entries = (struct.pack("<HHII", number * tags + at, 2, 65_536, blanks) for at in range(tags))
        out += struct.pack("<H", tags) + b"".join(entries) + bytes(4)
    return Costly("blanks.tif", out + b" " * 65_536)


def icns_with_empty_blocks(size: int = 8_000_000) -> Costly:
    """Apple's icons, which only Pillow reads, and under the name of another kind of picture."""
    return Costly("blocks.tga", b"icns" + struct.pack(">I", size) + b"\0\0\0\1\0\0\0\x08" * (size // 8))


def tiff_for_pillow(entries: int = 60_000) -> Costly:
    """A header that only Pillow takes for TIFF, and tags that are each the whole file."""
    tags = struct.pack(">HHII", 700, 7, 700_000, 0) * entries
    return Costly("tags.tga", b"MM*\0" + struct.pack(">IH", 8, entries) + tags + bytes(4))


def ppt_with_a_circle_of_small_sectors(size: int = 16_000_000) -> Costly:
    """A stream of megabytes in a file of a few KB: its only sector follows itself."""
    entries = _entry("Root Entry", 5, 1, 2, 512) + _entry("PowerPoint Document", 2, 0xFFFFFFFF, 0, size)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 3, 0, 0xFFFFFFFF, 1, 1)
    header += struct.pack("<II109I", 0xFFFFFFFE, 0, 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<4I", 0xFFFFFFFD, *[0xFFFFFFFE] * 3).ljust(512, b"\xff")
    return Costly("circle.ppt", header + table + bytes(512) + bytes(512) + entries.ljust(512, b"\0"))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def jxl_with_swelling_boxes(boxes: int = 990) -> Costly:
    """Each of them unpacks to a megabyte and more."""
    packed = _box(b"brob", b"xml " + brotli.compress(b"<" * 2_000_000, quality=5))
    return Costly(
        "a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + _box(b"ftyp", b"jxl \0\0\0\0jxl ") + packed * boxes
    )


def webp_with_empty_chunks(chunks: int = 1_000_000) -> Costly:
    head = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\3\0\0\2\0\0"
    body = b"WEBP" + head + b"JUNK\0\0\0\0" * chunks
    return Costly("a.webp", b"RIFF" + struct.pack("<I", len(body)) + body)


def mie_with_swelling_values(values: int = 1_900) -> Costly:
    packed = zlib.compress(b"<" * 2_000_000)
    element = b"~\x2c\3\xfeXMP" + struct.pack(">I", len(packed)) + packed
    return Costly("a.mie", b"~\x10\4\xfe0MIE\0\0\0\0" + element * values)


ALL = (
    crw_that_holds_itself, crw_with_nested_tables, svg_with_a_long_width, svg_behind_a_long_comment,
    pnm_with_a_long_comment, pdf_with_a_fan_of_forms, pdf_with_a_loop_of_forms, pptx_with_one_slide_many_times,
    docx_with_millions_of_elements, epub_with_millions_of_tags, heic_with_many_associations,
    heic_with_associations_of_others, heic_with_nested_boxes, png_with_many_profiles, doc_with_many_properties,
    doc_with_pieces_of_nothing, xls_with_tiny_continuations, rtf_with_a_long_title, mrw_with_empty_blocks,
    gz_with_empty_members, gz_within_gz, bz2_with_empty_streams, zst_with_empty_frames, rar_with_empty_blocks,
    mp3_with_many_frames, flac_with_many_comments, mp4_with_many_tags, mkv_with_many_tags,
    x3f_with_many_previews, seven_zip_with_a_packed_header_of_numbers, tar_that_leads_back, gz_with_tiny_members,
    seven_zip_with_repeated_digests, seven_zip_with_repeated_sizes, docx_with_attributes_out_of_nothing,
    svg_with_attributes_out_of_nothing, docx_with_long_extra_fields, epub_with_references_to_nothing,
    epub_with_millions_of_attributes, rtf_with_many_codepages, tiff_with_long_blanks, jxl_with_swelling_boxes,
    webp_with_empty_chunks,
    mie_with_swelling_values,
    icns_with_empty_blocks,
    tiff_for_pillow, ppt_with_a_circle_of_small_sectors, xlsx_with_sheets_without_end,
    docx_with_parts_full_of_elements, docx_with_lines_of_one_letter, docx_with_attributes,
    pptx_with_relationships_without_end, html_with_millions_of_tags,
)  # fmt: skip
