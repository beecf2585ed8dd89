"""One object in, its metadata out: finds the kind of file, runs its extractor, adds what the store tells.

``EXTRACTORS`` is the one table of extractors. Everything here runs in a worker process.
"""

from __future__ import annotations

import base64
import importlib
from collections.abc import Callable
from functools import lru_cache

import msgspec
from msgspec.structs import astuple

from bindery.buckets.folder import held_open
from bindery.buckets.portable import open_portable
from bindery.buckets.store import (
    AccessDenied,
    ObjectChanged,
    ObjectDetails,
    ObjectNotFound,
    Store,
    StoreAddress,
    StoreError,
)
from bindery.clock import find_zone, format_time
from bindery.extract.content_hash import add_content_hash, set_digest
from bindery.extract.documents.package_types import package_type
from bindery.extract.extraction import (
    EXTRACTOR_VERSION,
    STORE_ONLY,
    Extraction,
    ExtractionRequest,
    Operator,
)
from bindery.extract.extractor import Extracted, Extractor, Unreadable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.names import add_name_stem
from bindery.extract.notes import Note, note
from bindery.extract.reader import RangeReader, Ranges, ReadLimitExceeded
from bindery.extract.tags.dates import ZoneClues, produce_time
from bindery.extract.tags.guessed_dates import GUESSES, guessed_dates
from bindery.extract.takeout import add_takeout
from bindery.extract.types.mail_types import MAILS_BY_EXTENSION, TNEF
from bindery.extract.types.media_types import HEAD_BYTES, MediaType, detect_media_type, media_type_of
from bindery.extract.types.picture_types import RAW_TYPES
from bindery.extract.types.unread_documents import UNREAD_DOCUMENTS
from bindery.file import File
from bindery.workers.job_time import leave, outside

_MD5_BYTES = 16


class _Entry(msgspec.Struct, frozen=True):
    """Which function reads a kind of file, and the operator that asks for it."""

    applies: Callable[[MediaType], bool]
    operators: frozenset[Operator]
    module: str
    function: str


def _type_in(*content_types: str) -> Callable[[MediaType], bool]:
    return lambda media: media.content_type in content_types


def _kind(name: str) -> Callable[[MediaType], bool]:
    return lambda media: media.media_type == name


def _starts(*prefixes: str) -> Callable[[MediaType], bool]:
    return lambda media: media.content_type.startswith(prefixes)


def _is_raw(media: MediaType) -> bool:
    return media.content_type in RAW_TYPES


_EXIF = frozenset({Operator.EXIF})
_MEDIA = frozenset({Operator.MEDIA_META})
_DOCUMENT = frozenset({Operator.EXTRACT_DOCUMENT_TEXT})
_MIME = frozenset({Operator.MIME})
_PICTURED = _EXIF | _MEDIA

_PHOTOGRAPHED = ("image", "video")
_FOR_ALL = frozenset({Operator.OSS_META, Operator.MIME})

STORE_FIELDS = (
    "filename", "size", "etag", "file_modified_time", "oss_storage_class", "oss_object_type", "object_acl",
    "content_md5", "file_hash", "oss_crc64", "oss_version_id", "cache_control", "content_disposition",
    "content_encoding", "content_language", "oss_expiration", "server_side_encryption",
    "server_side_encryption_key_id", "server_side_data_encryption", "oss_user_meta", "oss_tagging",
    "oss_tagging_count",
)  # fmt: skip
"""Fields that the store alone tells: they belong to the object, all others to its content."""

_MICROSOFT_OFFICE = tuple(
    f"application/vnd.ms-{program}"
    for program in (
        "excel", "office", "outlook", "powerpoint", "project", "publisher", "visio", "word", "works", "xps",
    )
)  # fmt: skip
"""Other types of Microsoft, which stores may claim as well, are fonts, lists of certificates and the like."""

EXTRACTORS: tuple[_Entry, ...] = (
    _Entry(_is_raw, _EXIF, "pictures.raw", "extract_raw"),
    _Entry(_kind("image"), _EXIF, "pictures.image", "extract_image"),
    _Entry(_type_in("audio/midi"), _MEDIA, "media.midi", "extract_midi"),
    _Entry(_kind("video"), _MEDIA, "media.video", "extract_video"),
    _Entry(_kind("audio"), _MEDIA, "media.audio", "extract_audio"),
    _Entry(_kind("archive"), _MIME, "archives.archive", "extract_archive"),
    _Entry(_type_in(*UNREAD_DOCUMENTS), _DOCUMENT, "documents.unread", "extract_unread"),
    _Entry(_type_in("application/pdf"), _DOCUMENT, "documents.pdf", "extract_pdf"),
    _Entry(
        _starts(
            "application/vnd.openxmlformats",
            *_MICROSOFT_OFFICE,
            "application/vnd.oasis",
            "application/vnd.sun.xml",
            "application/epub",
            "application/msword",
            "application/vnd.visio",
            "application/x-mspublisher",
            "application/x-ole-storage",
        ),
        _DOCUMENT,
        "documents.office",
        "extract_office",
    ),
    _Entry(_type_in(*MAILS_BY_EXTENSION.values(), TNEF), _DOCUMENT, "documents.mail", "extract_mail"),
    _Entry(_kind("document"), _DOCUMENT, "documents.text", "extract_text"),
)
"""Tried from the top; the first that applies reads the file."""


def extract(request: ExtractionRequest, limits: ExtractionLimits) -> Extraction:
    """The metadata of one object. Never raises for anything the object or its store does."""
    file = File()
    reader: RangeReader | None = None
    try:
        with outside():
            store = _store(request.address)
            details = _details(store, request)
        if request.operators <= STORE_ONLY:
            _add_store_fields(file, request, details)
            return Extraction(
                file=file,
                bytes_read=_hash_content(file, store, request, limits),
                extractor_version=EXTRACTOR_VERSION,
                operators=tuple(sorted(request.operators)),
            )
        with held_open(store) as ranges:
            reader = RangeReader(ranges, request.object, limits)
            hint = request.content_type_hint or (details.content_type if details else None)
            media = _media_type(reader, request.object.key, hint)
            _add_store_fields(file, request, details)
            extracted, failure = _run(reader, request, media)
            if isinstance(
                reader.error, StoreError
            ):  # an extractor went on without what the store did not send
                raise reader.error
            if extracted.notes:
                file.extraction_notes = extracted.notes
            if Operator.MIME in request.operators:
                _add_type(file, media, extracted)
            hashed = _hash_content(file, ranges, request, limits)
            found = merge(extracted.file, file)
            if _PICTURED & request.operators:
                _add_named(found, extracted.media_type or media.media_type, request, reader)
            return Extraction(
                file=found,
                failure=failure,
                bytes_read=reader.bytes_read + hashed,
                extractor_version=EXTRACTOR_VERSION,
                text=extracted.text,
                operators=() if failure else _ran(request, media, extracted),
            )
    except StoreError as error:
        return _failed(request, file, reader, store_failure(error), retryable=_is_passing(error))
    except ReadLimitExceeded as error:
        return _failed(request, file, reader, f"ReadLimit: {error}")
    except MemoryError:
        return _failed(
            request, file, reader, "MemoryLimit: the file needs more memory than one file may use"
        )
    except Exception as error:
        return _failed(request, file, reader, _parse_failure(error))


def _media_type(reader: RangeReader, key: str, hint: str | None) -> MediaType:
    """What kind of file it is; left for the case that its worker does not come back."""
    told = detect_media_type(reader.peek_at(0, HEAD_BYTES), key, hint)
    leave(told.content_type.encode())
    media = package_type(reader, told)
    if media is not told:
        leave(media.content_type.encode())
    return media


def store_failure(error: StoreError) -> str:
    """The failure code and message of a store's error."""
    codes = (ObjectChanged, ObjectNotFound, AccessDenied)
    code = next((kind.__name__ for kind in codes if isinstance(error, kind)), "StoreUnavailable")
    return f"{code}: {error}"


def _is_passing(error: StoreError) -> bool:
    return error.retryable or isinstance(error, ObjectChanged)


@lru_cache(maxsize=64)
def _open(encoded: bytes) -> Store:
    return open_portable(msgspec.msgpack.decode(encoded, type=StoreAddress))


def _store(address: StoreAddress) -> Store:
    """Stores stay open for the life of the worker."""
    return _open(msgspec.msgpack.encode(address))


def _details(store: Store, request: ExtractionRequest) -> ObjectDetails | None:
    """What the store tells beyond the listing, and of the version that was listed.

    Reads are on the condition of that version; where nothing is read, the store is asked in any case, for the
    object may have gone or changed since. Raises ObjectChanged.
    """
    wanted = store.capabilities.details and Operator.OSS_META in request.operators
    unread = request.operators <= STORE_ONLY or not request.object.size
    if not wanted and not unread:
        return None
    details = store.details(request.object.key)
    if details.info.etag != request.object.etag:
        raise ObjectChanged(f"{request.object.key} has changed")
    return details if wanted else None


def _hash_content(file: File, store: Ranges, request: ExtractionRequest, limits: ExtractionLimits) -> int:
    """The number of bytes read for it. Raises StoreError."""
    if not request.hash_content or Operator.OSS_META not in request.operators:
        return 0
    return add_content_hash(file, store, request.object, limits)


@lru_cache(maxsize=256)
def _entry_of(media: MediaType) -> _Entry | None:
    return next((entry for entry in EXTRACTORS if entry.applies(media)), None)


def _ran(request: ExtractionRequest, media: MediaType, extracted: Extracted) -> tuple[Operator, ...]:
    """Which operators have worked on the object: those for all, that of its kind, and what its place was looked up
    by."""
    entry = _entry_of(media)
    wanted = _FOR_ALL | (entry.operators if entry else frozenset())
    if extracted.file.addresses:
        wanted |= {Operator.REGEO}
    return tuple(sorted(wanted & request.operators))


def _run(reader: RangeReader, request: ExtractionRequest, media: MediaType) -> tuple[Extracted, str | None]:
    entry = _entry_of(media)
    if entry is None or not entry.operators & request.operators:
        return Extracted(file=File()), None
    try:
        return _load(entry)(reader, request), None
    except Unreadable as error:
        return error.found or Extracted(file=File()), f"{error.code}: {error.message}"
    except (StoreError, ReadLimitExceeded, MemoryError):
        raise
    except Exception as error:
        if reader.error is not None:
            raise reader.error from error
        return Extracted(file=File()), _parse_failure(error)


def _parse_failure(error: Exception) -> str:
    text = str(error)[:200].encode("utf-8", "replace").decode()
    return f"ParseFailed: {type(error).__name__}: {text}"


@lru_cache(maxsize=64)
def _function(module: str, function: str) -> Extractor:
    found: Extractor = getattr(importlib.import_module(f"bindery.extract.{module}"), function)
    return found


def _load(entry: _Entry) -> Extractor:
    return _function(entry.module, entry.function)


def _add_type(file: File, media: MediaType, extracted: Extracted) -> None:
    """The type the first bytes told, unless the extractor found out more."""
    exact = extracted.content_type
    file.content_type = exact or media.content_type
    file.media_type = extracted.media_type or (media_type_of(exact) if exact else media.media_type)


def _add_named(file: File, kind: str, request: ExtractionRequest, reader: RangeReader) -> None:
    """What the name of an object tells of it, and what lies beside it."""
    add_name_stem(file, request.object.key)
    if kind in _PHOTOGRAPHED:
        if request.sidecars:
            add_takeout(file, reader, request)
        guess_time(file, request)


def guess_time(file: File, request: ExtractionRequest) -> None:
    """A date from the name or the store for a picture or a video that has none, or another guess, as far as that is
    wanted.
    """
    if file.produce_time and not (file.produce_time_source or "").startswith(GUESSES):
        return
    told = [each for each in file.extraction_notes or () if not each.startswith(Note.DATE_GUESSED)]
    latitude, found, longitude = (file.lat_long or "").partition(",")
    place = (float(latitude), float(longitude)) if found else None
    clues = ZoneClues(request.zone, place=place)
    moment = produce_time(guessed_dates(request.object, request.date_fallback), clues)
    file.produce_time = moment.text if moment else None
    file.produce_time_source = moment.source if moment else None
    if moment is not None:
        whence = "in its name" if moment.source.startswith("Name") else "that of the object in the store"
        told.append(note(Note.DATE_GUESSED, f"the file holds no date; this one stands {whence}"))
    file.extraction_notes = tuple(told) or None


def merge(base: File, over: File) -> File:
    """``base`` with every field that is set in ``over``."""
    for name, value in zip(File.__struct_fields__, astuple(over), strict=True):
        if value is not None:
            setattr(base, name, value)
    return base


def _failed(
    request: ExtractionRequest,
    file: File,
    reader: RangeReader | None,
    failure: str,
    *,
    retryable: bool = False,
) -> Extraction:
    _add_store_fields(file, request, None)
    _add_told_type(file, request, reader.seen(HEAD_BYTES) if reader else b"")
    return Extraction(
        file=file,
        failure=failure,
        retryable=retryable,
        bytes_read=reader.bytes_read if reader else 0,
        extractor_version=EXTRACTOR_VERSION,
    )


def failed_extraction(
    request: ExtractionRequest, failure: str, *, retryable: bool = False, content_type: str = ""
) -> Extraction:
    """The outcome of a file whose worker did not come back; ``content_type`` is what it had found before."""
    failed = _failed(request, File(), None, failure, retryable=retryable)
    if content_type and Operator.MIME in request.operators:
        failed.file.content_type, failed.file.media_type = content_type, media_type_of(content_type)
    return failed


def _add_told_type(file: File, request: ExtractionRequest, head: bytes) -> None:
    """The type that the first bytes tell, as far as they were read, or the name alone."""
    if Operator.MIME in request.operators:
        media = detect_media_type(head, request.object.key, request.content_type_hint)
        file.content_type, file.media_type = media.content_type, media.media_type


def _add_store_fields(file: File, request: ExtractionRequest, details: ObjectDetails | None) -> None:
    """What a listing tells, and what a request for the object adds."""
    if Operator.OSS_META not in request.operators:
        return
    info = request.object
    zone = find_zone(request.zone)
    file.filename = info.key
    file.size = info.size
    file.etag = f'"{info.etag}"'
    file.file_modified_time = format_time(info.modified_ns, zone)
    file.oss_storage_class = info.storage_class or "Standard"
    file.oss_object_type = info.object_type or "Normal"
    file.object_acl = "default"
    if details is not None:
        _add_digest(file, details)
        _add_details(file, details)


def _add_digest(file: File, details: ObjectDetails) -> None:
    """MD5 where the store tells it; only the store knows whether an ETag is one."""
    if not details.content_md5:
        return
    try:
        digest = base64.b64decode(details.content_md5, validate=True)
    except ValueError:
        return
    if len(digest) == _MD5_BYTES:
        set_digest(file, digest)


def _add_details(file: File, details: ObjectDetails) -> None:
    file.oss_crc64 = details.crc64
    file.oss_version_id = details.version_id
    file.cache_control = details.cache_control
    file.content_disposition = details.content_disposition
    file.content_encoding = details.content_encoding
    file.content_language = details.content_language
    file.oss_expiration = details.expires
    file.object_acl = details.acl or file.object_acl
    file.server_side_encryption = details.server_side_encryption
    file.server_side_encryption_key_id = details.server_side_encryption_key_id
    file.server_side_data_encryption = details.server_side_data_encryption
    if details.info.storage_class:
        file.oss_storage_class = details.info.storage_class
    if details.info.object_type:
        file.oss_object_type = details.info.object_type
    if details.user_metadata:
        file.oss_user_meta = {
            name if name.startswith("x-oss-meta-") else f"x-oss-meta-{name}": value
            for name, value in details.user_metadata.items()
        }
    if details.tags:
        file.oss_tagging = dict(details.tags)
        file.oss_tagging_count = len(details.tags)
