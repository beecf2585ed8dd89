"""Archives: how many entries they hold, without unpacking them.

Folders count as entries, as archive programs list them. A compressed file that is no tar holds one entry.
The count is left out when it would cost more than the limits here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bindery.buckets.store import StoreError
from bindery.extract.archives.compressed import LimitReached, Unpacked
from bindery.extract.archives.declared import (
    count_cab_entries,
    count_rpm_entries,
    count_squashfs_entries,
    count_xar_entries,
)
from bindery.extract.archives.rar import count_rar_entries
from bindery.extract.archives.seven_zip import count_7z_entries
from bindery.extract.archives.tar import count_tar_entries, is_tar_header
from bindery.extract.archives.walked import (
    Peek,
    count_ar_entries,
    count_arj_entries,
    count_cpio_entries,
    count_lzh_entries,
)
from bindery.extract.archives.zip_directory import entry_names, find_directory
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.notes import Note, note
from bindery.extract.reader import RangeReader, ReadLimitExceeded
from bindery.extract.tags.tiff import Part
from bindery.extract.types.archive_signs import is_lzh, is_lzma_alone
from bindery.extract.types.media_types import detect_media_type
from bindery.file import File

_MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
_MAX_HEADERS = 200_000
_LEAST_HEADERS = 10_000
_SHORTEST_RAR_ENTRY = 32
_DISC_SIGN = b"CD001"
_DISC_SIGN_OFFSET = 32_769
_CPIO_SIGNS = (b"070701", b"070702", b"070707", b"\xc7\x71", b"\x71\xc7")
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!")
_LONGEST_PROGRAM = 1024 * 1024
"""RAR looks for its sign as far."""
_PART = re.compile(
    r"\.(?:(?:7z|zip|rar|tar|gz|tgz)\.\d{2,4}|z\d\d|r\d\d|part\d+\.\w{2,4}|\d{3})$", re.IGNORECASE
)
_UNREAD = frozenset(
    {
        "application/x-lzop", "application/x-lrzip", "application/x-ace-compressed",
        "application/x-zoo", "application/x-stuffit", "application/x-ms-wim", "application/x-alz",
        "application/x-egg", "application/x-compress",
    }
)  # fmt: skip
_SHARE_OF_BYTES = 0.5
"""Share of the read limit that walking from header to header may use."""


def extract_archive(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """ArchiveEntryCount, where it can be told. Raises Unreadable for damaged or protected archives."""
    notes: tuple[str, ...] = ()
    try:
        count = _count(reader)
        if count is None:
            notes = (note(Note.COUNT_CUT, "the entries were not counted: that would cost too much"),)
    except _Unread as unread:
        count, notes = None, (unread.note,)
    except (StoreError, ReadLimitExceeded, MemoryError, Unreadable):
        raise
    except Exception as error:
        if reader.error is not None:
            raise reader.error from None
        raise Unreadable("ParseFailed", f"{type(error).__name__}: {str(error)[:200]}") from None
    if reader.error is not None:
        raise reader.error
    return Extracted(file=File(archive_entry_count=count), notes=notes)


class _Unread(Exception):
    """The entries are not counted, which is no fault of the file."""

    def __init__(self, kind: Note, message: str) -> None:
        super().__init__(message)
        self.note = note(kind, message)


def _count(reader: RangeReader) -> int | None:
    head = reader.peek_at(0, 512)
    if not head:
        raise Unreadable("ParseFailed", "the file is empty")
    try:
        return _count_by_sign(reader, head)
    except Unreadable:
        # The directory of a set stands in its last part.
        if _PART.search(reader.info.key):
            raise _Unread(
                Note.PART_SKIPPED, "the file is one part of an archive, whose entries stand in another"
            ) from None
        raise


def _count_by_sign(reader: RangeReader, head: bytes) -> int | None:
    for magic, count in _COUNTERS:
        if head.startswith(magic):
            return count(reader)
    if not head.strip(b"\0") or is_tar_header(head):
        if _is_disc_image(reader):
            raise _Unread(Note.NOT_READ, "the folders of a disc image are not walked")
        return _count_tar(reader)
    if is_lzh(head):
        return _walk(reader, count_lzh_entries)
    if is_lzma_alone(head):
        return _count_compressed("application/x-lzma")(reader)
    media = detect_media_type(head, reader.info.key)
    if media.content_type in _UNREAD:
        raise _Unread(Note.NOT_READ, f"entries of {media.content_type} are not counted")
    return _count_behind_program(reader, head)


def _count_behind_program(reader: RangeReader, head: bytes) -> int | None:
    """An archive may stand behind a program that unpacks it, or begin in an earlier part."""
    try:
        return _count_zip(reader)
    except Unreadable:
        program = reader.peek_at(0, _LONGEST_PROGRAM) if head.startswith(_PROGRAMS) else b""
        places = [(program.find(sign), count) for sign, count in _PACKED_BEHIND]
        for at, count in sorted((place for place in places if place[0] > 0), key=lambda place: place[0]):
            return count(_Behind(reader, at))
    raise Unreadable("ParseFailed", "the file is no archive of a known kind")


class _Behind(Part):
    """What stands from an offset on, as a file of its own."""

    def __init__(self, reader: RangeReader, start: int) -> None:
        super().__init__(reader, start)
        self._reader = reader

    @property
    def bytes_read(self) -> int:
        return self._reader.bytes_read

    @property
    def limits(self) -> ExtractionLimits:
        return self._reader.limits


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
    return _walk(reader, count_tar_entries)


def _walk(reader: RangeReader, count: Callable[[Peek, int], int | None]) -> int | None:
    bytes_limit = reader.limits.read_bytes * _SHARE_OF_BYTES

    def peek(offset: int, length: int) -> bytes:
        if reader.bytes_read > bytes_limit:
            raise LimitReached
        return reader.peek_at(offset, length)

    try:
        return count(peek, _MAX_HEADERS)
    except LimitReached:
        return None


def _walker(count: Callable[[Peek, int], int | None]) -> Callable[[RangeReader], int | None]:
    return lambda reader: _walk(reader, count)


def _count_compressed(content_type: str) -> Callable[[RangeReader], int | None]:
    def count(reader: RangeReader) -> int | None:
        unpacked = Unpacked(reader, content_type)
        try:
            head = unpacked.peek_at(0, 512)
            if head.startswith(_CPIO_SIGNS):
                return count_cpio_entries(unpacked.peek_at, _MAX_HEADERS)
            return count_tar_entries(unpacked.peek_at, _MAX_HEADERS) if is_tar_header(head) else 1
        except LimitReached:
            return None

    return count


def _count_rar(reader: RangeReader | _Behind) -> int | None:
    most = min(_LEAST_HEADERS + reader.size // _SHORTEST_RAR_ENTRY, _MAX_HEADERS)
    return count_rar_entries(reader, most, int(reader.limits.read_bytes * _SHARE_OF_BYTES))


_PACKED_BEHIND: tuple[tuple[bytes, Callable[[_Behind], int | None]], ...] = (
    (b"Rar!\x1a\x07", _count_rar),
    (b"7z\xbc\xaf\x27\x1c", count_7z_entries),
)
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
    (b"LZIP", _count_compressed("application/x-lzip")),
    (b"\x04\x22\x4d\x18", _count_compressed("application/x-lz4")),
    (b"\x02\x21\x4c\x18", _count_compressed("application/x-lz4")),
    (b"\x1f\x9d", _count_compressed("application/x-compress")),
    *((sign, _walker(count_cpio_entries)) for sign in _CPIO_SIGNS),
    (b"!<arch>\n", _walker(count_ar_entries)),
    (b"!<thin>\n", _walker(count_ar_entries)),
    (b"\x60\xea", _walker(count_arj_entries)),
    (b"MSCF\0\0\0\0", count_cab_entries),
    (b"\xed\xab\xee\xdb", count_rpm_entries),
    (b"xar!", count_xar_entries),
    (b"hsqs", count_squashfs_entries),
)
