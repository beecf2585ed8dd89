"""What XMP sidecars tell of the picture beside which they lie. They count before what the picture itself says.

Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0, and Adobe's XMP specification part 3: the
sidecar holds what was written last, for programs write it where they do not touch the picture.
"""

from __future__ import annotations

from bindery.buckets.store import AccessDenied, ObjectChanged, ObjectNotFound
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.names import SIDECAR
from bindery.extract.notes import Note, note
from bindery.extract.reader import RangeReader
from bindery.extract.tags.tag_set import TagSet
from bindery.extract.tags.xmp import MOST_BYTES, XmpProperties, read_xmp
from bindery.extract.tags.xmp_tags import add_xmp_tags


class Sidecars:
    """The sidecars of one picture."""

    def __init__(self) -> None:
        self.properties: XmpProperties = {}
        self.notes: list[str] = []
        self._keys: list[str] = []

    def read(self, reader: RangeReader, request: ExtractionRequest) -> None:
        """Raises StoreError. One that has changed or gone meanwhile is left out: the picture is read again when that
        is known."""
        for info in reversed(request.sidecars):
            beside = reader.beside(info)
            try:
                packet = beside.peek_at(0, MOST_BYTES)
            except (ObjectChanged, ObjectNotFound):
                continue
            except AccessDenied as error:
                self.notes.append(
                    note(Note.PART_SKIPPED, f"the sidecar {info.key} may not be read: {error}")
                )
                continue
            finally:
                reader.bytes_read += beside.bytes_read
            if info.size > MOST_BYTES:
                told = f"of the sidecar {info.key} only the first {MOST_BYTES} bytes are read"
                self.notes.append(note(Note.PART_SKIPPED, told))
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
