"""Exports the entries of a dataset: Parquet files in the order of their URIs, and a manifest that says how far it is.

Each page is read for itself, so that a server beside is not held up. Whatever is written meanwhile, each entry that
was there from the beginning to the end is in it once, as it was when its page was read. The manifest follows each
file, so that a kill at any instruction costs the file that was being made.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

import bindery
from bindery.catalog.export.matching import Matching
from bindery.catalog.export.parquet import Collected
from bindery.catalog.export.schema import DIGEST
from bindery.catalog.export.target import Target
from bindery.catalog.query.parse import parse_simple_query
from bindery.catalog.record.entry_pages import ReadDataset, RecordReader
from bindery.catalog.records import CatalogError, NotFound

MANIFEST = "_export.json"
"""Readers of a folder of Parquet files pass over names that begin so."""
_FORMAT = 1
_PAGE = 2_000
_MOST_LOOKED = 2_000_000
"""Entries that are looked through for one file, however few of them match: a kill costs no more."""

Progress = Callable[[int, int], None]
"""Told how many entries were looked through, and of about how many."""


class ExportUnusable(CatalogError):
    """The target has another export, or none that can go on; the message says what to do."""


class Wanted(msgspec.Struct, frozen=True, rename="pascal"):
    """What is exported. ``where``: a SimpleQuery as decoded JSON."""

    project_name: str
    dataset_name: str
    where: dict[str, Any] | None = None
    with_texts: bool = False


class WrittenFile(msgspec.Struct, frozen=True, rename="pascal"):
    """A file that is there. ``size``: bytes."""

    name: str
    rows: int
    size: int


class Manifest(msgspec.Struct, rename="pascal"):
    """How far an export is."""

    format: int
    bindery: str
    record: str
    dataset_id: int
    columns: str
    """A digest of names and types."""
    wanted: Wanted
    newest: int
    """The number of the newest change when it was begun: all changes up to it are in the export."""
    begun: datetime
    files: list[WrittenFile]
    looked: int = 0
    """Entries that were looked through."""
    after: str = ""
    """The URI behind which it goes on."""
    done: bool = False

    @property
    def rows(self) -> int:
        """Of all files."""
        return sum(file.rows for file in self.files)


class Export:
    """Begins an export, or goes on with the one that a target has.

    Raises NotFound, QueryError, ExportUnusable, and what the target raises.
    """

    def __init__(self, reader: RecordReader, wanted: Wanted, target: Target) -> None:
        self._reader = reader
        self._target = target
        dataset = reader.find_dataset(wanted.project_name, wanted.dataset_name)
        if dataset is None:
            raise NotFound(
                f"no dataset {wanted.project_name}/{wanted.dataset_name}; bindery stats shows those there are"
            )
        self._entries = dataset.entries
        self._matching = None if wanted.where is None else Matching(parse_simple_query(wanted.where))
        begun = _begin(reader, dataset, wanted)
        found = target.read(MANIFEST)
        self.manifest = begun if found is None else _continued(_decoded(found), begun)
        self._remembered = found

    def run(self, progress: Progress) -> Manifest:
        """Write what is missing. Raises CatalogUnusable, OSError, and what the target raises."""
        try:
            if self._remembered is None:
                self._take_target()
            while not self.manifest.done:
                self._write_file(progress)
        finally:
            if self._matching is not None:
                self._matching.close()
        return self.manifest

    def _take_target(self) -> None:
        """Raises ExportUnusable when there is a file that the first of this export would take the place of."""
        if self._target.has(_name_of(0)):
            raise ExportUnusable(
                f"there is a {_name_of(0)} already, and no {MANIFEST} that tells of what export; name another place"
            )
        self._remember()

    def _remember(self) -> None:
        """Raises ExportUnusable."""
        self._check_alone()
        written = msgspec.json.format(msgspec.json.encode(self.manifest), indent=1)
        self._target.write(MANIFEST, written)
        self._remembered = written

    def _check_alone(self) -> None:
        """Buckets have no locks. Raises ExportUnusable when somebody else exports to the same place."""
        if self._target.read(MANIFEST) != self._remembered:
            raise ExportUnusable(
                f"another export writes to the same place, or its {MANIFEST} was changed meanwhile; name another place "
                "for this one"
            )

    def _check_there(self) -> None:
        """Raises NotFound when the entries have ended with their dataset."""
        wanted = self.manifest.wanted
        dataset = self._reader.find_dataset(wanted.project_name, wanted.dataset_name)
        if dataset is None or dataset.id != self.manifest.dataset_id:
            raise NotFound(
                f"the dataset {wanted.project_name}/{wanted.dataset_name} was deleted while it was exported; what was "
                "written so far is not all of it"
            )

    def _write_file(self, progress: Progress) -> None:
        wanted, manifest = self.manifest.wanted, self.manifest
        collected = Collected(self._target.scratch, with_texts=wanted.with_texts)
        looked, after, done = 0, manifest.after, False
        try:
            while not (collected.is_full or looked >= _MOST_LOOKED or done):
                page = self._reader.entries_after(
                    manifest.dataset_id, after, _PAGE, with_texts=wanted.with_texts
                )
                done = not page
                if page:
                    collected.add(page if self._matching is None else self._matching.of(page))
                    looked, after = looked + len(page), page[-1].uri
                progress(manifest.looked + looked, max(self._entries, manifest.looked + looked))
            if done:
                self._check_there()
            if collected.rows or (done and not manifest.files):  # one at least tells the columns
                self._put(collected)
        finally:
            collected.close()
        manifest.looked, manifest.after, manifest.done = manifest.looked + looked, after, done
        self._remember()

    def _put(self, collected: Collected) -> None:
        name = _name_of(len(self.manifest.files))
        made = self._target.scratch / name
        collected.write(made, metadata_of(self.manifest))
        file = WrittenFile(name, collected.rows, made.stat().st_size)
        self._check_alone()
        self._target.put(name, made)
        self.manifest.files.append(file)


def metadata_of(manifest: Manifest) -> dict[str, str]:
    """What each file says of the export that it belongs to."""
    wanted = manifest.wanted
    return {
        "bindery.version": manifest.bindery,
        "bindery.project": wanted.project_name,
        "bindery.dataset": wanted.dataset_name,
        "bindery.where": "" if wanted.where is None else msgspec.json.encode(wanted.where).decode(),
        "bindery.newest_change": str(manifest.newest),
        "bindery.begun": manifest.begun.isoformat(),
    }


def _name_of(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _begin(reader: RecordReader, dataset: ReadDataset, wanted: Wanted) -> Manifest:
    return Manifest(
        format=_FORMAT,
        bindery=bindery.__version__,
        record=reader.identity,
        dataset_id=dataset.id,
        columns=DIGEST,
        wanted=wanted,
        newest=dataset.newest,
        begun=datetime.now(UTC),
        files=[],
    )


def _decoded(found: bytes) -> Manifest:
    try:
        return msgspec.json.decode(found, type=Manifest)
    except msgspec.DecodeError as error:
        raise ExportUnusable(
            f"the {MANIFEST} that is there is damaged, or of a newer Bindery ({error}); name another place"
        ) from error


def _continued(found: Manifest, begun: Manifest) -> Manifest:
    """Raises ExportUnusable when it is another export."""
    same = ("format", "record", "dataset_id", "columns", "wanted")
    if any(getattr(found, name) != getattr(begun, name) for name in same):
        raise ExportUnusable(
            f"there is another export already, of {found.wanted.project_name}/{found.wanted.dataset_name} by Bindery "
            f"{found.bindery}, begun at {found.begun:%Y-%m-%d %H:%M:%S} UTC with other words or of another record; "
            "name another place"
        )
    return found
