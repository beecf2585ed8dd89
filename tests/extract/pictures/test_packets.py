"""Where formats keep XMP: every place is read, and tells the same title and keywords."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from tests.extract.picture_samples import (
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    box,
    byte,
    extract_path,
    jpeg_of,
    jpeg_segment,
    png_chunk,
    short,
    tiff_bytes,
)
from tests.extract.tags.test_iptc import block, resource
from tests.extract.tags.test_xmp import rdf

PACKET = rdf(
    "<dc:title>Harbour</dc:title><dc:subject><rdf:Bag><rdf:li>ship</rdf:li></rdf:Bag></dc:subject>"
    "<xmp:CreateDate>2009-05-19T09:57:21-07:00</xmp:CreateDate>"
)
PNG = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0))
END = png_chunk(b"IDAT", zlib.compress(b"\0" * 15)) + png_chunk(b"IEND", b"")
PROFILE = b"\nxmp\n%8d\n" % len(PACKET) + PACKET.hex().encode() + b"\n"
GIF = b"GIF89a\4\0\3\0\0\0\0"
TRAILER = b"\1" + bytes(range(255, -1, -1)) + b"\0"
JP2 = b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
JP2_HEADER = box(b"jp2h", box(b"ihdr", struct.pack(">IIHBBBB", 3, 4, 1, 7, 7, 0, 0)))
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
IPTC_UUID = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
NEWS = block((2, 5, b"Harbour"), (2, 25, b"ship"), (2, 55, b"20090519"), (2, 60, b"095721-0700"))
PSD = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHHI", 3, 3, 4, 8, 3, 0)


def psd(*resources: bytes) -> bytes:
    data = b"".join(resources)
    return PSD + struct.pack(">I", len(data)) + data + bytes(8)


def webp() -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + b"\4\0\0\0" + b"\3\0\0\2\0\0"
    body += b"XMP " + struct.pack("<I", len(PACKET)) + PACKET + b"\0" * (len(PACKET) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


FILES = {
    "app1.jpg": jpeg_of(4, 3, jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + PACKET)),
    "itxt.png": PNG + png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET) + END,
    "ztxt.png": PNG + png_chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(PACKET)) + END,
    "profile.png": PNG + png_chunk(b"tEXt", b"Raw profile type xmp\0" + PROFILE) + END,
    "packed.png": PNG + png_chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(PROFILE)) + END,
    "iptc.png": PNG
    + png_chunk(
        b"tEXt", b"Raw profile type iptc\0\niptc\n%d\n" % len(data) + data.hex().encode() + b"0000000000"
    )
    + END
    if (data := resource(0x0404, NEWS))
    else b"",
    "xmp.gif": GIF + b"\x21\xff\x0bXMP DataXMP" + PACKET + TRAILER + b"\x2c" + bytes(9) + b"\2\1\0\0;",
    "xml.jp2": JP2 + JP2_HEADER + box(b"xml ", PACKET),
    "uuid.jp2": JP2 + JP2_HEADER + box(b"uuid", XMP_UUID, PACKET),
    "iptc.jp2": JP2 + JP2_HEADER + box(b"uuid", IPTC_UUID, NEWS),
    "xmp.webp": webp(),
    "xmp.tif": tiff_bytes({IMAGE_WIDTH: short(4), IMAGE_HEIGHT: short(3), 0x02BC: byte(*PACKET)}),
    "xmp.psd": psd(resource(1060, PACKET)),
    "iptc.psd": psd(resource(1028, NEWS)),
    "xml.jxl": b"\0\0\0\x0cJXL \r\n\x87\n"
    + box(b"xml ", PACKET)
    + box(b"jxlc", b"\xff\x0a\x02\x18" + bytes(20)),
}


@pytest.mark.parametrize("name", FILES)
def test_every_place_of_a_packet_is_read(name: str, tmp_path: Path) -> None:
    (path := tmp_path / name).write_bytes(FILES[name])
    file = extract_path(path).file
    assert file.title == "Harbour"
    assert (file.tags or {})["Keywords"] == ("ship",)
    assert file.produce_time == "2009-05-19T09:57:21-07:00"


def test_the_packet_of_an_avif(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "xmp.avif", xmp=PACKET)
    assert extract_path(tmp_path / "xmp.avif").file.title == "Harbour"


def test_the_extension_of_a_jpegs_packet(tmp_path: Path) -> None:
    more = rdf("<dc:source>Camera</dc:source><dc:title>Not this one</dc:title>") + b" " * 70_000
    name = hashlib.md5(more).hexdigest().upper().encode()
    declared = f'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="{name.decode()}"'
    main = rdf("<dc:title>Harbour</dc:title>", declared)

    def part(at: int, name: bytes) -> bytes:
        head = b"http://ns.adobe.com/xmp/extension/\0" + name + struct.pack(">II", len(more), at)
        return jpeg_segment(0xE1, head + more[at : at + 40_000])

    def file(*parts: bytes) -> Path:
        xmp = jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main)
        (path := tmp_path / f"{len(parts)}.jpg").write_bytes(jpeg_of(4, 3, xmp, *parts))
        return path

    whole = extract_path(file(part(40_000, name), part(0, name))).file
    assert (whole.title, (whole.tags or {})["dc:source"]) == ("Harbour", ("Camera",))
    of_another = extract_path(file(part(0, b"0" * 32))).file
    assert "dc:source" not in (of_another.tags or {})
