"""Archives: how many entries they hold, without unpacking them.

Folders count as entries, as archive programs list them. A compressed file that is no tar holds one entry.
The count is left out when it would cost more than the limits here.
"""

from __future__ import annotations

from collections.abc import Callable

from bindery.buckets.store import StoreError
from bindery.extract.archives.compressed import LimitReached, Unpacked
from bindery.extract.archives.rar import count_rar_entries
from bindery.extract.archives.seven_zip import count_7z_entries
from bindery.extract.archives.tar import count_tar_entries, is_tar_header
from bindery.extract.archives.zip_directory import entry_names, find_directory
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.reader import RangeReader, ReadLimitExceeded
from bindery.file import File

_MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
_MAX_HEADERS = 200_000
_LEAST_HEADERS = 10_000
_SHORTEST_RAR_ENTRY = 32
_DISC_SIGN = b"CD001"
_DISC_SIGN_OFFSET = 32_769
_SHARE_OF_BYTES = 0.5
"""Share of the read limit that walking from header to header may use."""


def extract_archive(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """ArchiveEntryCount, where it can be told. Raises Unreadable for damaged or protected archives."""
    try:
        count = _count(reader)
    except (StoreError, ReadLimitExceeded, MemoryError, Unreadable):
        raise
    except Exception as error:
        if reader.error is not None:
            raise reader.error from None
        raise Unreadable("ParseFailed", f"{type(error).__name__}: {str(error)[:200]}") from None
    if reader.error is not None:
        raise reader.error
    return Extracted(file=File(archive_entry_count=count))


def _count(reader: RangeReader) -> int | None:
    head = reader.peek_at(0, 512)
    if not head:
        raise Unreadable("ParseFailed", "the file is empty")
    for magic, count in _COUNTERS:
        if head.startswith(magic):
            return count(reader)
    if not head.strip(b"\0") or is_tar_header(head):
        return None if _is_disc_image(reader) else _count_tar(reader)
    try:
        # A ZIP may stand behind a program that unpacks it, or begin in an earlier part.
        return _count_zip(reader)
    except Unreadable:
        raise Unreadable("ParseFailed", "the file is no archive of a known kind") from None


def _is_disc_image(reader: RangeReader) -> bool:
    """ISO 9660, which begins with 32 KiB of nothing; its folders are not walked."""
    return reader.peek_at(_DISC_SIGN_OFFSET, len(_DISC_SIGN)) == _DISC_SIGN


def _count_zip(reader: RangeReader) -> int:
    """The records of the directory; what its end declares when it is too long to be walked."""
    directory = find_directory(reader)
    if directory.size > _MAX_DIRECTORY_BYTES:
        return directory.declared_entries
    return sum(1 for _ in entry_names(reader, directory, _MAX_DIRECTORY_BYTES))


def _count_tar(reader: RangeReader) -> int | None:
    bytes_limit = reader.limits.read_bytes * _SHARE_OF_BYTES

    def peek(offset: int, length: int) -> bytes:
        if reader.bytes_read > bytes_limit:
            raise LimitReached
        return reader.peek_at(offset, length)

    try:
        return count_tar_entries(peek, _MAX_HEADERS)
    except LimitReached:
        return None


def _count_compressed(content_type: str) -> Callable[[RangeReader], int | None]:
    def count(reader: RangeReader) -> int | None:
        unpacked = Unpacked(reader, content_type)
        try:
            if not is_tar_header(unpacked.peek_at(0, 512)):
                return 1
            return count_tar_entries(unpacked.peek_at, _MAX_HEADERS)
        except LimitReached:
            return None

    return count


def _count_rar(reader: RangeReader) -> int | None:
    most = min(_LEAST_HEADERS + reader.size // _SHORTEST_RAR_ENTRY, _MAX_HEADERS)
    return count_rar_entries(reader, most, int(reader.limits.read_bytes * _SHARE_OF_BYTES))


_COUNTERS: tuple[tuple[bytes, Callable[[RangeReader], int | None]], ...] = (
    (b"PK\x03\x04", _count_zip),
    (b"PK\x05\x06", _count_zip),
    (b"PK\x07\x08", _count_zip),
    (b"7z\xbc\xaf\x27\x1c", count_7z_entries),
    (b"Rar!\x1a\x07", _count_rar),
    (b"\x1f\x8b", _count_compressed("application/gzip")),
    (b"BZh", _count_compressed("application/x-bzip2")),
    (b"\xfd7zXZ\x00", _count_compressed("application/x-xz")),
    (b"\x28\xb5\x2f\xfd", _count_compressed("application/zstd")),
)
