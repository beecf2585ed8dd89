"""What a record takes of the disk, as ``bindery stats`` shows it. Measured beside a server that uses it."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec

from bindery.catalog.record.compression import content_size

FRAME_HEADER_BYTES = 18
"""The longest header of a Zstandard frame (RFC 8878), which says how long its content is."""
MOST_DATASETS = 1_000
"""That are told one by one, those with most entries."""
MEASURE_SECONDS = 5.0
"""After which what is being counted is estimated."""
SAMPLE_ROWS = 16
"""Neighbours that are looked at together."""
_SAMPLE_PLACES = 64


class Relation(msgspec.Struct, frozen=True):
    """A table, without its indexes, or an index."""

    name: str
    table: str
    """Its own name, or that of the table an index is of."""
    is_index: bool
    bytes: int
    rows: int | None = None
    """Of a table; None when they were not counted."""


class DatasetEntries(msgspec.Struct, frozen=True):
    """What a dataset holds."""

    id: int
    project: str
    dataset: str
    entries: int
    file_bytes: int
    """Of the objects that the entries are of, in their buckets."""


class Documents(msgspec.Struct, frozen=True):
    """What entries hold. Averages are of a sample unless ``is_estimated`` is False."""

    entries: int
    sampled: int
    packed: float
    """Bytes of a document as it is stored."""
    unpacked: float
    """Bytes of the same as JSON."""
    own: float
    """Bytes of the fields that callers have set."""
    text: float
    """Bytes of the text of a document."""
    plain_share: float
    """Share of the documents that are not packed yet, which earlier releases have written."""
    is_estimated: bool
    dictionaries: int = 0
    dictionary_bytes: int = 0


class RecordSizes(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of a record. ``bytes`` are all of it but the log; ``free`` and ``other`` are in them."""

    kind: str
    """``SQLite`` or ``PostgreSQL``."""
    place: str
    bytes: int
    log: int = 0
    """Of SQLite's write-ahead log, beside the file."""
    free: int = 0
    """Within the file, for what is written next."""
    relations: tuple[Relation, ...] = ()
    how: str
    """How bytes of tables were found: ``counted``, ``estimated`` or ``incomplete``."""
    entries: int = 0
    file_bytes: int = 0
    dataset_count: int = 0
    datasets: tuple[DatasetEntries, ...] = ()
    """At most ``MOST_DATASETS``, those with most entries first."""
    documents: Documents | None = None
    """None when there are no entries."""

    @property
    def other(self) -> int:
        """Neither a table's, an index's nor free: pages by which pages are found."""
        return max(0, self.bytes - self.free - sum(each.bytes for each in self.relations))


class Sample(msgspec.Struct, frozen=True):
    """Of one entry."""

    packed: int
    head: bytes
    """First bytes of the document, as it is stored."""
    own: int
    text: int


def sample_places(oldest: int, newest: int) -> tuple[list[int], int]:
    """Numbers of changes from which on to look at entries, and at how many each time; all of them when they are few."""
    held = newest - oldest + 1
    if held <= SAMPLE_ROWS * _SAMPLE_PLACES:
        return [oldest], held
    chosen = random.Random(newest)  # noqa: S311 - no secret; the same record is measured the same way again
    return [chosen.randint(oldest, newest) for _ in range(_SAMPLE_PLACES)], SAMPLE_ROWS


def averages(
    entries: int, samples: Iterable[Sample], *, is_estimated: bool, dictionaries: tuple[int, int]
) -> Documents | None:
    """None when nothing was sampled. Raises CatalogUnusable for a document that is damaged."""
    seen = list(samples)
    if not seen:
        return None
    count = len(seen)
    return Documents(
        entries=entries,
        sampled=count,
        packed=sum(each.packed for each in seen) / count,
        unpacked=sum(map(_unpacked, seen)) / count,
        own=sum(each.own for each in seen) / count,
        text=sum(each.text for each in seen) / count,
        plain_share=sum(each.head[:1] == b"{" for each in seen) / count,
        is_estimated=is_estimated,
        dictionaries=dictionaries[0],
        dictionary_bytes=dictionaries[1],
    )


def _unpacked(sample: Sample) -> int:
    return sample.packed if sample.head[:1] == b"{" else content_size(sample.head)
