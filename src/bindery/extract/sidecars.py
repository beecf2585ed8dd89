"""What XMP sidecars tell of the picture or video beside which they lie. They count before what the file itself says.

Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0, and Adobe's XMP specification part 3: the
sidecar holds what was written last, for programs write it where they do not touch the picture.
"""

from __future__ import annotations

from bindery.buckets.store import AccessDenied, ObjectChanged, ObjectInfo, ObjectNotFound
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.names import SIDECAR
from bindery.extract.notes import Note, note
from bindery.extract.reader import RangeReader
from bindery.extract.tags.tag_set import TagSet
from bindery.extract.tags.xmp import MOST_BYTES, XmpProperties, read_xmp
from bindery.extract.tags.xmp_tags import add_xmp_tags

_ENDINGS = (".xmp", ".XMP")


def read_beside(reader: RangeReader, info: ObjectInfo, most: int, notes: list[str]) -> bytes | None:
    """The first ``most`` bytes of a sidecar. None for one that may not be read, and for one that has changed or gone
    meanwhile: its picture is read again when that is known. Raises StoreError."""
    beside = reader.beside(info)
    try:
        found = beside.peek_at(0, most)
    except (ObjectChanged, ObjectNotFound):
        return None
    except AccessDenied as error:
        notes.append(note(Note.PART_SKIPPED, f"the sidecar {info.key} may not be read: {error}"))
        return None
    finally:
        reader.bytes_read += beside.bytes_read
    if info.size > most:
        told = f"of the sidecar {info.key} only the first {most} bytes are read"
        notes.append(note(Note.PART_SKIPPED, told))
    return found


class Sidecars:
    """The XMP sidecars of one picture or video."""

    def __init__(self) -> None:
        self.properties: XmpProperties = {}
        self.notes: list[str] = []
        self._keys: list[str] = []

    def read(self, reader: RangeReader, request: ExtractionRequest) -> None:
        """Raises StoreError."""
        for info in reversed(request.sidecars):
            if not info.key.endswith(_ENDINGS):
                continue
            packet = read_beside(reader, info, MOST_BYTES, self.notes)
            if packet is not None:
                self.properties = {**self.properties, **read_xmp(packet)}
                self._keys.insert(0, info.key)

    def over(self, tags: dict[str, tuple[str, ...]] | None) -> dict[str, tuple[str, ...]] | None:
        """The tags of the picture, with those of the sidecars in their place where both have them."""
        if not self._keys:
            return tags
        beside = TagSet()
        beside.add(SIDECAR, *self._keys)
        add_xmp_tags(beside, self.properties)
        return dict(sorted({**(tags or {}), **(beside.all() or {})}.items()))
