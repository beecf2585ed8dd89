"""Objects whose content the catalog knows already: renamed, copied, or back after they were deleted.

Their entries are made of the known document and of what the store tells of the object, and nothing is read.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bindery.buckets.store import Capabilities, ObjectInfo, tells_content
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, FileWrite, KnownFile, SoughtFile
from bindery.extract.extract import STORE_FIELDS, guess_time, merge
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.names import NAME_STEM, SIDECAR, add_name_stem
from bindery.extract.tags.guessed_dates import GUESSES
from bindery.file import File
from bindery.message import wire_name
from bindery.sync.march import Candidate
from bindery.sync.outcomes import Result, needs_room

_documents = msgspec.json.Decoder(File)
_TOLD_BY_LISTINGS = tuple(name for name in STORE_FIELDS if name not in ("content_md5", "file_hash"))
"""Where the store tells no MD5, it was made of the content, which is the same."""
_own_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_attributes = {wire_name(name): name for name in File.__struct_fields__}


class Predecessor(msgspec.Struct, frozen=True):
    """What is taken over."""

    file: File
    """Extracted fields, without those of the store and of the caller."""
    known: KnownFile
    gives_content: bool = True
    """Else the object is read, and what is taken over are the caller's own fields."""

    def without_content(self) -> Predecessor:
        """Of which the object's content is to be read again."""
        return msgspec.structs.replace(self, gives_content=False)


def find_predecessors(
    catalog: Catalog,
    binding: Binding,
    objects: Sequence[Candidate],
    capabilities: Capabilities,
    buried_since: int,
) -> dict[str, Predecessor]:
    """By key, for those objects that have no entry and whose content is known."""
    sought = [_sought(info, capabilities) for info, before in objects if info.size and needs_room(before)]
    if not sought:
        return {}
    found = catalog.tombstones.find(binding, sought, buried_since=buried_since)
    etags = {wanted.key: wanted.etag for wanted in sought}
    store_fields = STORE_FIELDS if capabilities.details else _TOLD_BY_LISTINGS
    read = ((key, _read(known, etags[key], store_fields)) for key, known in found.items())
    return {key: predecessor for key, predecessor in read if predecessor is not None}


def take_over(predecessor: Predecessor, extraction: Extraction, request: ExtractionRequest) -> Extraction:
    """What the predecessor tells, with what the store told of the object and its new name; a failure stays one."""
    if extraction.failure is not None or not predecessor.gives_content:
        return extraction
    file = merge(predecessor.file, extraction.file)
    if NAME_STEM in (file.tags or {}):
        add_name_stem(file, request.object.key)
    if (file.produce_time_source or "").startswith(GUESSES):
        guess_time(file, request)
    return msgspec.structs.replace(
        extraction,
        file=file,
        text=predecessor.known.text,
        extractor_version=predecessor.known.extractor_version,
    )


def inherit(result: Result, predecessor: Predecessor) -> Result:
    """The outcome with the caller's own fields and, when the object is back, its time of creation."""
    write: FileWrite | None = result.write
    if write is None:
        return result
    known = predecessor.known
    return msgspec.structs.replace(
        result, write=msgspec.structs.replace(write, own=known.own, create_time=known.create_time)
    )


def _sought(info: ObjectInfo, capabilities: Capabilities) -> SoughtFile:
    """An ETag that is not of the content tells it only together with the file's identity."""
    by_content = tells_content(info, capabilities) or bool(info.file_id)
    return SoughtFile(info.key, info.etag, info.size, info.file_id, by_content)


def _read(known: KnownFile, etag: str, store_fields: Sequence[str]) -> Predecessor | None:
    """None when the document is of another version, or not one that an extraction has made."""
    try:
        file = _documents.decode(known.document)
        own = _own_fields.decode(known.own) if known.own else {}
    except msgspec.DecodeError:
        return None
    if file.object_status != "Indexed" or (file.etag is not None and file.etag != f'"{etag}"'):
        return None
    for name in (*store_fields, *(_attributes[field] for field in own if field in _attributes)):
        setattr(file, name, None)
    # Sidecars beside the new object, if any, may tell something else.
    return Predecessor(file, known, gives_content=SIDECAR not in (file.tags or {}))
