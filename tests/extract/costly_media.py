"""Media files with tens of thousands of tags in each place that libav takes tags from."""

from __future__ import annotations

import itertools
import string
import struct

from costly import Costly, flac_with_many_comments

_FRAME = b"\xff\xfb\x90\x00" + bytes(413)


def _id3(frames: bytes) -> bytes:
    length = bytes((len(frames) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + length + frames


def _texts(first: int, last: int) -> bytes:
    bodies = (b"\0%d\0x" % number for number in range(first, last))
    return b"".join(b"TXXX" + struct.pack(">IH", len(body), 0) + body for body in bodies)


def _chunk(kind: bytes, content: bytes, size: str = "<I") -> bytes:
    return kind + struct.pack(size, len(content)) + content + bytes(len(content) % 2)


def _wav(tags: bytes) -> bytes:
    form = _chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))
    return _chunk(b"RIFF", b"WAVE" + form + tags + _chunk(b"data", bytes(100)))


def _comments(count: int) -> bytes:
    texts = (b"K%d=x" % number for number in range(count))
    return (
        struct.pack("<I", 1)
        + b"v"
        + struct.pack("<I", count)
        + b"".join(struct.pack("<I", len(text)) + text for text in texts)
    )


def _ogg(packets: list[bytes]) -> bytes:
    """Pages of one stream, without their checksums."""
    out, number = b"", 0
    for packet in packets:
        lacing, at = [255] * (len(packet) // 255) + [len(packet) % 255], 0
        while lacing:
            taken, lacing = bytes(lacing[:255]), lacing[255:]
            flags = (0 if number else 2) | (1 if at else 0)
            head = struct.pack("<BBQIII", 0, flags, 0, 1, number, 0)
            out += b"OggS" + head + bytes([len(taken)]) + taken + packet[at : at + sum(taken)]
            at, number = at + sum(taken), number + 1
    return out


def mp3_with_many_id3_tags(tags: int = 22) -> Costly:
    """One behind the other, each with fewer frames than are too many."""
    each = (_id3(_texts(number * 1_900, number * 1_900 + 1_900)) for number in range(tags))
    return Costly("tags.mp3", b"".join(each) + _FRAME * 50)


def mp3_with_frames_behind_padding(frames: int = 40_000) -> Costly:
    return Costly("padded.mp3", _id3(bytes(2_000_000) + _texts(0, frames)) + _FRAME * 50)


def flac_behind_an_id3_tag(count: int = 60_000) -> Costly:
    return Costly("behind.flac", _id3(b"") + flac_with_many_comments(count).data)


def speex_with_many_comments(count: int = 50_000) -> Costly:
    version = b"Speex   " + b"1.2".ljust(20, b"\0")
    head = version + struct.pack("<13i", 1, 80, 8000, 0, 4, 1, -1, 160, 0, 1, 0, 0, 0)
    return Costly("speex.ogg", _ogg([head, _comments(count), bytes(100)]))


def ogg_flac_with_many_comments(count: int = 50_000) -> Costly:
    format_bits = (44100 << 44 | 1 << 41 | 15 << 36).to_bytes(8, "big")
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + format_bits + bytes(16)
    block = _comments(count)
    head = b"\x7fFLAC\1\0\0\1fLaC\0\0\0\x22" + info
    return Costly("flac.ogg", _ogg([head, b"\x84" + len(block).to_bytes(3, "big") + block, bytes(100)]))


def wav_with_many_infos(count: int = 90_000) -> Costly:
    names = itertools.islice(itertools.product(string.ascii_letters.encode(), repeat=4), count)
    return Costly(
        "info.wav", _wav(_chunk(b"LIST", b"INFO" + b"".join(_chunk(bytes(name), b"x\0") for name in names)))
    )


def wav_with_id3_frames(count: int = 40_000) -> Costly:
    return Costly("id3.wav", _wav(_chunk(b"id3 ", _id3(_texts(0, count)))))


def aiff_with_id3_frames(count: int = 40_000) -> Costly:
    form = _chunk(b"COMM", struct.pack(">HIH", 1, 100, 8) + b"\x40\x0c\xfa" + bytes(7), ">I")
    tags = _chunk(b"ID3 ", _id3(_texts(0, count)), ">I")
    return Costly(
        "id3.aiff", _chunk(b"FORM", b"AIFF" + form + tags + _chunk(b"SSND", bytes(108), ">I"), ">I")
    )


def caf_with_many_infos(count: int = 60_000) -> Costly:
    infos = struct.pack(">I", count) + b"".join(b"k%d\0x\0" % number for number in range(count))
    form = struct.pack(">d4sIIIII", 8000.0, b"lpcm", 0, 1, 1, 1, 8)
    chunks = ((b"desc", form), (b"info", infos), (b"data", bytes(104)))
    body = b"".join(kind + struct.pack(">q", len(content)) + content for kind, content in chunks)
    return Costly("info.caf", b"caff\0\1\0\0" + body)


def flv_with_many_properties(count: int = 60_000) -> Costly:
    names = (b"k%d" % number for number in range(count))
    members = b"".join(struct.pack(">H", len(name)) + name + b"\x02\0\1x" for name in names)
    script = b"\x02\0\x0aonMetaData\x08" + struct.pack(">I", count) + members + b"\0\0\x09"
    tag = b"\x12" + len(script).to_bytes(3, "big") + bytes(7) + script
    return Costly("names.flv", b"FLV\1\5\0\0\0\x09" + bytes(4) + tag + struct.pack(">I", len(tag)))


def asf_with_many_descriptions(count: int = 30_000) -> Costly:
    names = (f"k{number}\0".encode("utf-16-le") for number in range(count))
    entries = (
        struct.pack("<H", len(name)) + name + struct.pack("<HH", 0, 4) + b"x\0\0\0" for name in names
    )
    described = struct.pack("<H", count) + b"".join(entries)
    parts = (
        ("a1dcab8c47a9cf118ee400c00c205365", bytes(80)),
        ("40a4d0d207e3d21197f000a0c95ea850", described),
    )
    body = struct.pack("<IBB", 2, 1, 2) + b"".join(_guided(kind, content) for kind, content in parts)
    return Costly("names.wmv", _guided("3026b2758e66cf11a6d900aa0062ce6c", body))


def _guided(kind: str, content: bytes) -> bytes:
    return bytes.fromhex(kind) + struct.pack("<Q", len(content) + 24) + content


MANY_TAGS = (
    mp3_with_many_id3_tags, mp3_with_frames_behind_padding, flac_behind_an_id3_tag, speex_with_many_comments,
    ogg_flac_with_many_comments, wav_with_many_infos, wav_with_id3_frames, aiff_with_id3_frames,
    caf_with_many_infos, flv_with_many_properties, asf_with_many_descriptions,
)  # fmt: skip
