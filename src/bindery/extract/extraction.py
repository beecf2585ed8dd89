"""What goes into an extraction and what comes out of it. These cross process borders, so plain data."""

from __future__ import annotations

import enum

import msgspec

from bindery.buckets.store import ObjectInfo, StoreAddress
from bindery.file import File

EXTRACTOR_VERSION = 3
"""Raised whenever extraction tells more or something else than before."""


class Operator(enum.StrEnum):
    """The extraction steps a workflow template switches on.

    Source: help page workflow-templates-and-operators. Operators that need models are not run here.
    """

    __hash__ = str.__hash__  # that of enumerations is a function of Python's

    OSS_META = "OSSMeta"
    MIME = "MIME"
    EXIF = "EXIF"
    MEDIA_META = "MediaMeta"
    REGEO = "ReGEO"
    EXTRACT_DOCUMENT_TEXT = "ExtractDocumentText"


STORE_ONLY = frozenset({Operator.OSS_META})
"""With no other operator nothing of the object is read."""


class ExtractionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One object to extract; the bytes must be those of ``object.etag``."""

    address: StoreAddress
    object: ObjectInfo
    operators: frozenset[Operator]
    content_type_hint: str | None = None
    zone: str = "+08:00"
    """Zone for times in the file that carry none: an offset, or a name such as ``Europe/Berlin``."""
    sidecars: tuple[ObjectInfo, ...] = ()
    """Objects that tell of this picture, the one that counts most first."""
    hash_content: bool = False
    """Whether to read all of the object for its MD5, where OSSMeta is asked for."""
    date_fallback: str = "none"
    """One of ``guessed_dates.FALLBACKS``."""


class Extraction(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome: fields, or a failure with a machine-readable code. Never an exception.

    ``failure`` is ``Code: message``; a failed extraction still carries the fields that were found.
    Codes: ``ParseFailed``, ``TimeLimit``, ``MemoryLimit``, ``ReadLimit``, ``WorkerDied``,
    ``InternalError``, ``ResultLimit``, ``ObjectChanged``, ``ObjectNotFound``, ``AccessDenied``,
    ``StoreUnavailable``, and ``WorkersUnavailable`` when no worker can be started, which no file is to blame for.
    """

    file: File
    failure: str | None = None
    retryable: bool = False
    """The failure came from the store or from a passing shortage, not from the file."""
    bytes_read: int = 0
    extractor_version: int = 0
    text: str | None = None
    """Text of a document (searchable, never returned as a File field)."""
    operators: tuple[Operator, ...] = ()
    """Those that have run to their end."""
