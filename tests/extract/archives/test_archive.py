"""Archives: entries counted without unpacking, protected and damaged ones, bombs, and the cost of large ones."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes, make_7z, make_rar_4, make_rar_5, make_zip
from tests.extract.picture_samples import ALL, Bytes

from bindery.buckets.store import ObjectInfo, StoreAddress, StoreUnavailable
from bindery.extract.archives.archive import extract_archive
from bindery.extract.archives.tar import count_tar_entries
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Unreadable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd.compress,
}  # fmt: skip
TYPES = {
    "gz": "application/gzip",
    "bz2": "application/x-bzip2",
    "xz": "application/x-xz",
    "zst": "application/zstd",
}
NOISE = os.urandom(200_000)
PROTECTED = "ParseFailed: the entries of the archive are protected by a password"


def count(reader: RangeReader) -> int | None:
    request = ExtractionRequest(
        address=StoreAddress(bucket="b", url="/"), object=reader.info, operators=ALL
    )
    return extract_archive(reader, request).file.archive_entry_count


def reader_of(content: bytes, **limits: int) -> RangeReader:
    return RangeReader(Bytes(content), ObjectInfo("a", len(content), "e", 0), ExtractionLimits(**limits))


def make_tar(sizes: Mapping[str, int], form: int = tarfile.PAX_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for name, size in sizes.items():
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(bytes(size)))
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    return target.getvalue()


def tar_header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf()


# --- ZIP


@pytest.mark.parametrize("entries", [0, 1, 700])
def test_zip(tmp_path: Path, entries: int) -> None:
    found = extract_bytes(tmp_path, "a.zip", make_zip({f"{number}.txt": "x" for number in range(entries)}))
    assert (found.failure, found.file.archive_entry_count) == (None, entries)
    assert (found.file.content_type, found.file.media_type) == ("application/zip", "archive")


def test_zip_with_more_entries_than_16_bits_count() -> None:
    assert (
        count(reader_of(make_zip({str(number): "" for number in range(70_000)}, zipfile.ZIP_STORED)))
        == 70_000
    )


def test_zip_behind_a_program_and_before_a_comment(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a", "x")
        archive.comment = b"PK\x05\x06 is how I end" * 2_000
    assert (
        extract_bytes(
            tmp_path, "setup.zip", b"MZ" + bytes(3_000) + target.getvalue()
        ).file.archive_entry_count
        == 1
    )


def test_zip_with_something_behind_it() -> None:
    assert count(reader_of(make_zip({"a": "x", "b": "y"}) + b"\0" * 700)) == 2


def test_the_records_count_not_what_the_end_declares() -> None:
    """Some programs write more than 65,535 entries without ZIP64, and the number wraps."""
    content = bytearray(make_zip({str(number): "" for number in range(300)}))
    struct.pack_into("<HH", content, len(content) - 14, 7, 7)
    assert count(reader_of(bytes(content))) == 300


def test_a_large_zip_costs_its_directory_only() -> None:
    content = make_zip({"video.mp4": bytes(40_000_000), "b": "x"}, zipfile.ZIP_STORED)
    reader = reader_of(content)
    assert count(reader) == 2
    assert reader.bytes_read < 300_000


def test_encrypted_entries_are_counted(tmp_path: Path) -> None:
    content = bytearray(make_zip({"a": "x", "b": "y"}))
    for at in (6, content.rindex(b"PK\x01\x02") + 8):
        content[at] |= 1
    assert extract_bytes(tmp_path, "a.zip", bytes(content)).file.archive_entry_count == 2


@pytest.mark.parametrize(
    ("marker", "content_type"),
    [
        ("AndroidManifest.xml", "application/vnd.android.package-archive"),
        ("META-INF/MANIFEST.MF", "application/java-archive"),
        ("readme", "application/zip"),
    ],
)
@pytest.mark.parametrize("name", ["a", "a.zip", "a.apk"])
def test_programs_are_told_from_other_zips(
    tmp_path: Path, name: str, marker: str, content_type: str
) -> None:
    found = extract_bytes(tmp_path, name, make_zip({"META-INF/x": "", marker: "", "classes.dex": ""}))
    assert (found.file.content_type, found.file.media_type) == (content_type, "archive")
    assert found.file.archive_entry_count == 3


@pytest.mark.parametrize("cut", [0.01, 0.5, 0.97])
def test_a_zip_cut_off(tmp_path: Path, cut: float) -> None:
    content = make_zip({f"{number}.txt": "words" for number in range(50)})
    found = extract_bytes(tmp_path, "a.zip", content[: int(len(content) * cut)])
    assert found.failure == "ParseFailed: the directory at the end of the ZIP file is missing"
    assert found.file.media_type == "archive"


def test_a_damaged_directory(tmp_path: Path) -> None:
    content = bytearray(make_zip({f"{number}.txt": "words" for number in range(50)}))
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x01\x02"))
    content[at] = 0
    found = extract_bytes(tmp_path, "a.zip", bytes(content))
    assert found.failure == "ParseFailed: the directory of the ZIP file is damaged"


def test_a_directory_of_gigabytes_is_not_read() -> None:
    """Its end declares four billion bytes of it; only the declared number is told."""
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 9, 9, 3_000_000, 40, 0)
    reader = reader_of(b"PK\x03\x04" + bytes(40_000_000) + end)
    with pytest.raises(Unreadable, match="damaged"):
        count(reader)
    huge = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 9, 9, 30_000_000, 40, 0)
    reader = reader_of(b"PK\x03\x04" + bytes(40_000_000) + huge)
    assert count(reader) == 9
    assert reader.bytes_read < 300_000


# --- tar, and single compressed files


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar(tmp_path: Path, form: int) -> None:
    names = {"a": 0, "b": 513, "folder/" + "long" * 20: 7, "ü" * 40: 100}
    found = extract_bytes(tmp_path, "a.tar", make_tar(names, form))
    assert (found.failure, found.file.archive_entry_count) == (None, 5)
    assert (found.file.content_type, found.file.media_type) == ("application/x-tar", "archive")


@pytest.mark.parametrize(
    "size", [b"-0000001000", b"-7777777777", b"+0000001000", b"0o000001000", b"1_000_00000"]
)
def test_the_size_of_a_tar_entry_is_digits_alone(size: bytes) -> None:
    """A header that led back would be counted for ever, or read before the start of the file."""
    header = bytearray(tar_header("a", 0))
    header[124:135], header[148:156] = size, b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert count(reader_of(bytes(header) + bytes(1024))) == 1


def test_an_old_tar_has_no_sign_but_its_checksum(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    total = sum(header[:148]) + 8 * 32 + sum(header[156:])
    header[148:156] = b"%06o\0 " % total
    assert extract_bytes(tmp_path, "a.tar", bytes(header) + bytes(1024)).file.archive_entry_count == 1


def test_what_is_left_of_an_older_number_in_a_tar_counts_for_nothing(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT))
    header[148:156] = b" " * 8
    header[148:156] = (b"%o\0" % sum(header)).ljust(8, b"7")
    assert count(reader_of(bytes(header) + bytes(1024))) == 1


@pytest.mark.parametrize("field", [b"\x80" + (700).to_bytes(11, "big"), b"00000001274\0", b" 1274 \0     "])
def test_sizes_in_every_spelling(field: bytes) -> None:
    def header(name: str, size: bytes) -> bytes:
        block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT))
        block[124:136] = size
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block)

    content = (
        header("a", field)
        + bytes(b"x" * 700).ljust(1024, b"\0")
        + header("b", b"0".rjust(12))
        + bytes(1024)
    )
    assert count_tar_entries(lambda at, length: content[at : at + length], 10) == 2


def test_a_pax_header_may_tell_the_size() -> None:
    """The octal field holds 8 GiB at most; beyond it the size stands in an extended header."""
    info = tarfile.TarInfo("huge")
    info.size = 9 * 1024**3
    head = info.tobuf(tarfile.PAX_FORMAT)
    last = tarfile.TarInfo("last").tobuf(tarfile.PAX_FORMAT)
    end = len(head) + info.size

    def peek(offset: int, length: int) -> bytes:
        return head[offset : offset + length] if offset < len(head) else (last if offset == end else b"")

    assert count_tar_entries(peek, 10) == 2


def test_a_large_tar_costs_its_headers_only() -> None:
    reader = reader_of(make_tar({f"{number}": 4_000_000 for number in range(10)}))
    assert count(reader) == 11
    assert reader.bytes_read < 12 * 2 * 65_536


def test_the_count_is_left_out_where_it_would_cost_too_much() -> None:
    reader = reader_of(make_tar({f"{number}": 70_000 for number in range(100)}), read_bytes=4_000_000)
    assert count(reader) is None
    assert reader.bytes_read < 2_200_000


def test_a_damaged_tar(tmp_path: Path) -> None:
    content = bytearray(make_tar({"a": 600, "b": 600, "c": 600}))
    content[1536] ^= 0xFF
    found = extract_bytes(tmp_path, "a.tar", bytes(content))
    assert found.failure == "ParseFailed: the tar file is damaged after 1 entries"


@pytest.mark.parametrize("extension", PACKERS)
def test_compressed_tar(tmp_path: Path, extension: str) -> None:
    content = PACKERS[extension](make_tar({f"{number}": 3_000 for number in range(30)}))
    found = extract_bytes(tmp_path, f"a.tar.{extension}", content)
    assert (found.failure, found.file.archive_entry_count) == (None, 31)
    assert (found.file.content_type, found.file.media_type) == (TYPES[extension], "archive")


@pytest.mark.parametrize("extension", PACKERS)
@pytest.mark.parametrize("inside", [b"", b"words " * 5_000])
def test_a_compressed_file_that_is_no_tar_holds_one_entry(
    tmp_path: Path, extension: str, inside: bytes
) -> None:
    found = extract_bytes(tmp_path, f"a.{extension}", PACKERS[extension](inside))
    assert (found.failure, found.file.archive_entry_count) == (None, 1)


@pytest.mark.parametrize("extension", PACKERS)
def test_a_bomb_is_unpacked_up_to_a_limit(tmp_path: Path, extension: str) -> None:
    """A tar whose only entry is far larger than what is unpacked."""
    content = PACKERS[extension](tar_header("zeros", 60_000_000) + bytes(60_000_000))
    found = extract_bytes(tmp_path, f"a.{extension}", content)
    assert (found.failure, found.file.archive_entry_count) == (None, None)


@pytest.mark.parametrize("extension", PACKERS)
def test_a_compressed_tar_cut_off(tmp_path: Path, extension: str) -> None:
    content = PACKERS[extension](tar_header("a", 0) + tar_header("noise", len(NOISE)) + NOISE)
    found = extract_bytes(tmp_path, f"a.{extension}", content[: len(content) // 2])
    assert (found.failure or "").startswith("ParseFailed: ")


def test_an_xz_that_asks_for_gigabytes_of_memory(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    content = bytearray(lzma.compress(b"x" * 100, filters=filters, check=lzma.CHECK_NONE))
    # Block header: size, flags, filter id, size of properties, dictionary; then padding and a checksum.
    assert content[14:16] == b"\x21\x01"
    content[16] = 40
    content[20:24] = struct.pack("<I", zlib.crc32(bytes(content[12:20])))
    found = extract_bytes(tmp_path, "a.xz", bytes(content))
    assert (found.failure or "").startswith("ParseFailed: LZMAError: Memory usage limit")


# --- 7z and RAR


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("entries", [1, 5, 900])
def test_7z(tmp_path: Path, entries: int, packed: bool) -> None:
    found = extract_bytes(
        tmp_path, "a.7z", make_7z([f"file {number}" for number in range(entries)], packed=packed)
    )
    assert (found.failure, found.file.archive_entry_count) == (None, entries)
    assert (found.file.content_type, found.file.media_type) == ("application/x-7z-compressed", "archive")


def test_an_empty_7z(tmp_path: Path) -> None:
    content = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24)
    assert extract_bytes(tmp_path, "a.7z", content).file.archive_entry_count == 0


def test_7z_with_an_encrypted_header(tmp_path: Path) -> None:
    content = make_7z(["a"], packed=True, coder=b"\x24\x06\xf1\x07\x01\x02\x53\x07")
    assert extract_bytes(tmp_path, "a.7z", content).failure == PROTECTED


@pytest.mark.parametrize("cut", [10, 33, -1])
def test_7z_cut_off(tmp_path: Path, cut: int) -> None:
    found = extract_bytes(tmp_path, "a.7z", make_7z(["a", "b"], packed=True)[:cut])
    assert (found.failure or "").startswith("ParseFailed: the 7z archive is cut off")


@pytest.mark.parametrize(
    "body", [b"\x01" * 9_000, b"\x01\x04\x07\x0b\xff" + b"\xff" * 8 + b"\0" * 9_000, b"\x17" * 50]
)
def test_7z_headers_of_nonsense_end(tmp_path: Path, body: bytes) -> None:
    content = b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<IQQI", 0, 0, len(body), 0) + body
    assert (extract_bytes(tmp_path, "a.7z", content).failure or "").startswith("ParseFailed: the header")


@pytest.mark.parametrize("make", [make_rar_4, make_rar_5])
@pytest.mark.parametrize("entries", [0, 1, 40])
def test_rar(tmp_path: Path, make: Callable[..., bytes], entries: int) -> None:
    found = extract_bytes(tmp_path, "a.rar", make(entries))
    assert (found.failure, found.file.archive_entry_count) == (None, entries)
    assert (found.file.content_type, found.file.media_type) == ("application/vnd.rar", "archive")


@pytest.mark.parametrize("make", [make_rar_4, make_rar_5])
def test_rar_with_encrypted_headers(tmp_path: Path, make: Callable[..., bytes]) -> None:
    assert extract_bytes(tmp_path, "a.rar", make(3, encrypted=True)).failure == PROTECTED


def test_a_large_rar_costs_its_headers_only() -> None:
    reader = reader_of(make_rar_5(6, data=5_000_000))
    assert count(reader) == 6
    assert reader.bytes_read < 8 * 2 * 65_536


def test_a_damaged_rar(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.rar", make_rar_4(3)[:40] + bytes(200))
    assert (found.failure or "").startswith("ParseFailed: the RAR archive is damaged after")


# --- others


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.gz", "a.7z", "a.rar"])
def test_an_empty_archive_fails(tmp_path: Path, name: str) -> None:
    found = extract_bytes(tmp_path, name, b"")
    assert (found.failure, found.file.media_type) == ("ParseFailed: the file is empty", "archive")


def test_a_disc_image_is_an_archive_without_a_count(tmp_path: Path) -> None:
    content = bytes(32_768) + b"\x01CD001\x01" + bytes(2_041)
    found = extract_bytes(tmp_path, "a.iso", content)
    assert (found.failure, found.file.archive_entry_count) == (None, None)
    assert found.file.content_type == "application/x-iso9660-image"


def test_what_only_its_name_makes_an_archive(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.rar", bytes(range(256)) * 10)
    assert found.failure == "ParseFailed: the file is no archive of a known kind"


class Failing(Bytes):
    """A store that stops answering after the first read."""

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        if self.reads:
            raise StoreUnavailable("gone")
        return super().read(key, offset, length, etag=etag)


@pytest.mark.parametrize(
    "content",
    [
        make_zip({"a": NOISE}),
        gzip.compress(make_tar({"a": 9})[:1024] + tar_header("b", len(NOISE)) + NOISE),
        make_tar({"a": 200_000}),
        make_rar_5(2, data=200_000),
        make_7z(["a" * 90_000], packed=False),
    ],
    ids=["zip", "gz", "tar", "rar", "7z"],
)
def test_a_failing_store_is_not_taken_for_a_broken_file(content: bytes) -> None:
    reader = RangeReader(Failing(content), ObjectInfo("a", len(content), "e", 0), ExtractionLimits())
    with pytest.raises(StoreUnavailable):
        count(reader)
