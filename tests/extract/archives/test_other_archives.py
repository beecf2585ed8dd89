"""Archives beside ZIP, tar, 7z and RAR, made byte by byte as their descriptions say, and parts of sets."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes, make_rar_5, make_zip

from bindery.extract.extraction import Extraction


def newc(*names: str) -> bytes:
    out = b""
    for name in (*names, "TRAILER!!!"):
        data = b"" if name == "TRAILER!!!" else b"content"
        fields = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


def odc(*names: str) -> bytes:
    out = b""
    for name in (*names, "TRAILER!!!"):
        out += b"070707" + b"000000" * 7 + b"0" * 11 + b"%06o" % (len(name) + 1) + b"%011o" % 3
        out += name.encode() + b"\0abc"
    return out


def ar(*names: str) -> bytes:
    members = (f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{3:<10}`\n".encode() + b"abc\n" for name in names)
    return b"!<arch>\n" + b"".join(members)


def lzh(level: int) -> bytes:
    head = struct.pack("<5sIIIBB", b"-lh0-", 3, 3, 0, 0x20, level)
    if level == 2:
        entry = struct.pack("<H", 26) + head + struct.pack("<HBH", 0, 0x55, 0) + b"abc"
    else:
        named = head + b"\1a" + bytes(2 if level == 0 else 5)
        entry = bytes((len(named), 0)) + named + b"abc"
    return entry * 2 + b"\0"


def arj(names: int) -> bytes:
    def header(kind: int, packed: int) -> bytes:
        body = struct.pack("<BBBBBBBBII", 30, 11, 1, 0, 0, 0, kind, 0, 0, packed) + bytes(14) + b"n\0\0"
        return b"\x60\xea" + struct.pack("<H", len(body)) + body + bytes(4) + bytes(2)

    return header(2, 0) + (header(0, 3) + b"abc") * names + b"\x60\xea\0\0"


def rpm(files: int, ghosts: int) -> bytes:
    def header(entries: bytes, store: bytes) -> bytes:
        return (
            b"\x8e\xad\xe8\1\0\0\0\0" + struct.pack(">II", len(entries) // 16, len(store)) + entries + store
        )

    flags = struct.pack(f">{files}I", *([0x40] * ghosts + [0] * (files - ghosts)))
    names = b"n\0" * files
    entries = struct.pack(">4I", 1037, 4, 0, files) + struct.pack(">4I", 1117, 8, len(flags), files)
    return b"\xed\xab\xee\xdb".ljust(96, b"\0") + header(b"", b"") + header(entries, flags + names)


def xar(files: int) -> bytes:
    table = b"<xar><toc>" + b'<file id="1"><name>n</name></file>' * files + b"</toc></xar>"
    packed = zlib.compress(table)
    return b"xar!" + struct.pack(">HHQQI", 28, 1, len(packed), len(table), 1) + packed


def lzip(data: bytes) -> bytes:
    options = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}
    # liblzma writes an end mark in LZMA_Alone only.
    alone = lzma.LZMACompressor(lzma.FORMAT_ALONE, filters=[options])
    packed = (alone.compress(data) + alone.flush())[13:]
    return b"LZIP\1\x10" + packed + struct.pack("<IQQ", zlib.crc32(data), len(data), len(packed) + 26)


def compress(data: bytes) -> bytes:
    """Codes of nine bits, each a byte, with the table cleared before it would need ten."""
    codes: list[int] = []
    for at in range(0, len(data), 200):
        # A clear code ends its group of eight codes.
        codes += [*data[at : at + 200], 256]
        codes += [0] * (-len(codes) % 8)
    bits = sum(code << 9 * place for place, code in enumerate(codes))
    return b"\x1f\x9d\x90" + bits.to_bytes(-(-len(codes) * 9 // 8), "little")


def lz4(data: bytes) -> bytes:
    """Literals, then a match over its own end that repeats the last byte eight times."""
    block = (
        b"\xf4"
        + bytes((255,)) * ((len(data) - 15) // 255)
        + bytes(((len(data) - 15) % 255,))
        + data
        + b"\1\0"
    )
    head = b"\x04\x22\x4d\x18\x40\x70\0"
    return head + struct.pack("<I", len(block)) + block + bytes(4)


TAIL = newc("a", "b")
CASES = {
    "a.cpio": (newc("a", "b", "c"), "application/x-cpio", 3),
    "old.cpio": (odc("a", "b"), "application/x-cpio", 2),
    "a.cab": (b"MSCF" + bytes(24) + struct.pack("<H", 7) + bytes(60), "application/vnd.ms-cab-compressed", 7),
    "a.deb": (ar("debian-binary", "control", "data"), "application/vnd.debian.binary-package", 3),
    "a.a": (ar("/", "//", "one.o/", "two.o/"), "application/x-archive", 2),
    "a.rpm": (rpm(5, 2), "application/x-rpm", 3),
    "a.xar": (xar(4), "application/x-xar", 4),
    "0.lzh": (lzh(0), "application/x-lzh-compressed", 2),
    "1.lzh": (lzh(1), "application/x-lzh-compressed", 2),
    "2.lzh": (lzh(2), "application/x-lzh-compressed", 2),
    "a.arj": (arj(3), "application/x-arj", 3),
    "a.lz": (lzip(TAIL[:200]) + lzip(TAIL[200:]), "application/x-lzip", 2),
    "a.lzma": (lzma.compress(TAIL, lzma.FORMAT_ALONE), "application/x-lzma", 2),
    "streams.xz": (lzma.compress(TAIL[:200]) + bytes(4) + lzma.compress(TAIL[200:]), "application/x-xz", 2),
    "a.Z": (compress(TAIL), "application/x-compress", 2),
    "a.lz4": (lz4(TAIL), "application/x-lz4", 2),
    "text.lz4": (lz4(b"only some words, no archive"), "application/x-lz4", 1),
    "a.rar": (b"MZ" + bytes(5_000) + make_rar_5(2), "application/vnd.rar", 2),
}  # fmt: skip


def code_of(extraction: Extraction) -> str:
    return (extraction.failure or "").partition(":")[0]


@pytest.mark.parametrize("name", CASES)
def test_entries(tmp_path: Path, name: str) -> None:
    content, content_type, entries = CASES[name]
    found = extract_bytes(tmp_path, name, content)
    assert (found.failure, found.file.content_type, found.file.media_type) == (
        None,
        content_type,
        "archive",
    )
    assert found.file.archive_entry_count == entries


@pytest.mark.parametrize("name", CASES)
def test_what_is_cut_off_harms_nobody(tmp_path: Path, name: str) -> None:
    content, _, entries = CASES[name]
    for length in range(1, len(content), max(len(content) // 50, 1)):
        found = extract_bytes(tmp_path, name, content[:length])
        assert code_of(found) in ("", "ParseFailed")
        assert (found.file.archive_entry_count or 0) <= max(entries, 1)


@pytest.mark.parametrize(
    "name", ["a.7z.001", "a.zip.001", "a.z01", "a.tar.01", "a.7z.002", "a.z02", "a.r00"]
)
def test_a_part_says_that_it_is_one(tmp_path: Path, name: str) -> None:
    seven = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<IQQI", 0, 5_000_000, 200, 0)
    content = (
        seven + bytes(500)
        if ".7z" in name
        else make_zip({"a": bytes(range(256)) * 4}, zipfile.ZIP_STORED)[:400]
    )
    if name in ("a.7z.002", "a.z02", "a.r00"):
        content = bytes(range(256)) * 8  # somewhere in the middle
    found = extract_bytes(tmp_path, name, content)
    assert (found.failure, found.file.media_type, found.file.archive_entry_count) == (None, "archive", None)
    assert found.file.extraction_notes == (
        "PartSkipped: the file is one part of an archive, whose entries stand in another",
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.ace", bytes(7) + b"**ACE**" + bytes(80)), ("a.wim", b"MSWIM\0\0\0" + bytes(80))],
)
def test_what_is_known_and_not_read_says_so(tmp_path: Path, name: str, content: bytes) -> None:
    found = extract_bytes(tmp_path, name, content)
    assert (found.failure, found.file.media_type, found.file.archive_entry_count) == (None, "archive", None)
    assert (found.file.extraction_notes or ("",))[0].startswith("NotRead: ")


def test_a_number_of_entries_that_the_header_cannot_hold_is_not_believed(tmp_path: Path) -> None:
    header = b"\1\5" + b"\xf0\xff\xff\xff\x7f" + bytes(20)
    content = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<IQQI", 0, 0, len(header), 0) + header
    found = extract_bytes(tmp_path, "a.7z", content)
    assert found.failure == "ParseFailed: the header of the 7z archive is damaged"
    assert found.file.archive_entry_count is None
