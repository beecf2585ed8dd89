"""One Parquet file of entries, written by DuckDB: they are collected in a file first, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import msgspec

from bindery.catalog.export.schema import SHAPE, select_list
from bindery.catalog.record.entry_pages import Entry
from bindery.catalog.records import CatalogUnusable
from bindery.sql_text import literal

MOST_ROWS = 250_000
MOST_BYTES = 256 * 1024 * 1024
"""Of the JSON of a file's entries; as Parquet they take about a tenth."""
ROW_GROUP = 20_000
_MEMORY_LIMIT = "768MB"
_LONGEST_LINE = 16 * 1024 * 1024
"""The reader of JSON has room for a line; longer ones are told to it."""


class Collected:
    """The entries of the next file."""

    def __init__(self, folder: Path, *, with_texts: bool) -> None:
        self._path = folder / "entries.json"
        self._file = self._path.open("wb")
        self._with_texts = with_texts
        self._longest = 0
        self.rows = self.bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether they fill a file."""
        return self.rows >= MOST_ROWS or self.bytes >= MOST_BYTES

    def add(self, entries: Sequence[Entry]) -> None:
        """Raises OSError."""
        for entry in entries:
            document = entry.document.replace(b"\n", b" ")  # line breaks stand between values only
            uri, text = msgspec.json.encode(entry.uri), msgspec.json.encode(entry.text)
            line = b'{"n":%d,"u":%b,"t":%b,"d":%b}\n' % (entry.number, uri, text, document)
            self._file.write(line)
            self._longest = max(self._longest, len(line))
            self.bytes += len(line)
        self.rows += len(entries)

    def write(self, target: Path, metadata: Mapping[str, str]) -> None:
        """Make a Parquet file of them. Raises CatalogUnusable, OSError."""
        self._file.flush()
        chosen = select_list(with_texts=self._with_texts)
        longest = max(_LONGEST_LINE, 2 * self._longest)
        copy(
            f"SELECT {chosen} FROM (SELECT n, u, t, json_transform(d, {literal(SHAPE)}) AS x"
            f" FROM read_ndjson({literal(str(self._path))}, maximum_object_size = {longest:d},"
            " columns = {n: 'BIGINT', u: 'VARCHAR', t: 'VARCHAR', d: 'JSON'}))",
            target,
            metadata,
        )

    def close(self) -> None:
        """They are needed no more."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def join(parts: Sequence[Path], target: Path, metadata: Mapping[str, str]) -> None:
    """Make one file of several. Raises CatalogUnusable."""
    listed = ", ".join(literal(str(part)) for part in parts)
    copy(f"SELECT * FROM read_parquet([{listed}])", target, metadata)


def copy(select: str, target: Path, metadata: Mapping[str, str]) -> None:
    """What a statement finds, as Parquet. Raises CatalogUnusable."""
    told = ", ".join(f"{literal(name)}: {literal(value)}" for name, value in metadata.items())
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_LIMIT,
        "threads": 2,
        "temp_directory": str(target.parent / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(
                f"COPY ({select}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd,"
                f" ROW_GROUP_SIZE {ROW_GROUP:d}, KV_METADATA {{{told}}})"
            )
    except duckdb.Error as error:
        raise CatalogUnusable(
            f"{target.name} cannot be written ({' '.join(str(error).split())}); see that the disk has room, and begin "
            "the same export again: it goes on"
        ) from error
