"""The entries of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from bindery.catalog.records import FileRecord, FileSummary, FileWrite, IndexCall


class Files(Protocol):
    """One entry a URI and dataset."""

    def walk(self, dataset_id: int, prefix: str) -> Iterator[list[FileSummary]]:
        """Pages of the entries whose URI starts with ``prefix``, ascending by its UTF-8 bytes; changes made
        meanwhile may or may not show."""

    def accept(
        self, dataset_id: int, files: Sequence[tuple[str, bytes]], call: IndexCall | None = None
    ) -> None:
        """Make or keep entries with the caller's own fields and ObjectStatus ``Indexing``, all or none.
        ``call`` is announced when each of its files has been written, or the dataset deleted."""

    def awaited(self, dataset_id: int) -> list[str]:
        """URIs for which an accepted call still waits, whether or not their entries exist."""

    def write(
        self,
        dataset_id: int,
        files: Sequence[FileWrite],
        *,
        existing_only: bool = False,
        upon: Mapping[str, int] | None = None,
    ) -> frozenset[str]:
        """Insert or update entries; with ``existing_only`` those removed meanwhile stay removed.

        ``upon``: numbers by URI; entries that have another one by now are left as they are, and returned.
        """

    def numbers(self, dataset_id: int, uris: Sequence[str]) -> dict[str, int]:
        """The number of the newest change of each entry that exists."""

    def set_fields(self, dataset_id: int, uri: str, fields: bytes) -> None:
        """Merge the caller's own fields (JSON of an InputFile) into an entry; they win over extracted
        fields and survive later extractions. Raises NotFound("file")."""

    def get(self, dataset_id: int, uris: Sequence[str]) -> list[FileRecord]:
        """Those that exist, in the order asked."""

    def delete(self, dataset_id: int, uris: Sequence[str]) -> None:
        """Remove entries; absent ones are no error."""
