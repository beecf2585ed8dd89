"""The MD5 of an object whose store tells none: a folder's. Read only where it is asked for."""

from __future__ import annotations

import base64
import hashlib

from bindery.buckets.store import ObjectInfo, StoreUnavailable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.notes import Note, note
from bindery.extract.reader import Ranges
from bindery.file import File
from bindery.workers.job_time import outside

_BLOCK = 4 * 1024 * 1024


def add_content_hash(file: File, store: Ranges, info: ObjectInfo, limits: ExtractionLimits) -> int:
    """Set ContentMd5 and FileHash, as for an object whose store tells its MD5; the number of bytes read.

    An object above the read limit gets a note in their place. Raises StoreError.
    """
    if info.size > limits.read_bytes:
        told = f"no FileHash: {info.size} bytes are more than extraction.read_limit ({limits.read_bytes})"
        file.extraction_notes = (*(file.extraction_notes or ()), note(Note.PART_SKIPPED, told))
        return 0
    digest = hashlib.md5(usedforsecurity=False)
    for offset in range(0, info.size, _BLOCK):
        length = min(_BLOCK, info.size - offset)
        with outside():
            data = store.read(info.key, offset, length, etag=info.etag)
        if len(data) != length:
            raise StoreUnavailable(
                f"the store sent {len(data)} of {length} bytes from {offset} of {info.key}"
            )
        digest.update(data)
    set_digest(file, digest.digest())
    return info.size


def set_digest(file: File, digest: bytes) -> None:
    """An MD5 as the vendor writes it: ContentMd5 in Base64 as the header, FileHash in hexadecimal."""
    file.content_md5 = base64.b64encode(digest).decode()
    file.file_hash = digest.hex()
