"""Measures ``catalog.db`` without opening it as a server does: it may run or not.

Pages are counted by ``dbstat``, which reads the whole file: where that would take long they are estimated by the
file's pointer map.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from bindery.catalog.record.sizes import (
    FRAME_HEADER_BYTES,
    MEASURE_SECONDS,
    MOST_DATASETS,
    DatasetEntries,
    Documents,
    RecordSizes,
    Relation,
    Sample,
    averages,
    sample_places,
)
from bindery.catalog.record.sqlite.connection import unusable
from bindery.catalog.record.sqlite.inspection import connect_beside, log_of
from bindery.catalog.record.sqlite.pointer_map import PointerMap
from bindery.catalog.records import CatalogUnusable

_MOST_COUNTED_BYTES = 1024**3
_STEPS = 10_000
"""Of SQLite's machine between two looks at the clock."""
_PAGES = "SELECT sum(pgsize), sum(CASE WHEN pagetype = 'leaf' OR ? THEN ncell ELSE 0 END) FROM dbstat WHERE name = ?"
_TREES = (
    "SELECT name, tbl_name, type = 'index', rootpage, upper(coalesce(sql, '')) LIKE '%WITHOUT ROWID%' "
    "FROM sqlite_schema WHERE rootpage > 0"
)
_ENTRIES = """
SELECT length(document), substr(document, 1, :head), coalesce(length(own), 0),
       coalesce(length(CAST(text AS BLOB)), 0)
FROM (SELECT document, own, text FROM file WHERE sequence >= :at ORDER BY sequence LIMIT :limit)
WHERE document IS NOT NULL
"""


class _Tree(msgspec.Struct, frozen=True, array_like=True):
    """A table or an index, by the page at which it begins."""

    name: str
    table: str
    is_index: bool
    root: int
    is_clustered: bool
    """Rows are in all pages, not only in leaves."""


def measure(path: Path) -> RecordSizes:
    """Bytes of a record. Raises CatalogUnusable for one that is damaged, or of an earlier release that lacks tables."""
    log = log_of(path)
    is_used = log.exists()
    try:
        with closing(connect_beside(path)) as connection:
            trees = [_Tree("sqlite_schema", "sqlite_schema", False, 1, False)]
            trees += msgspec.convert(connection.execute(_TREES).fetchall(), list[_Tree], strict=False)
            sizes = _beginning(connection, path)
            relations, is_complete = _counted(connection, trees, sizes.bytes)
    except sqlite3.DatabaseError as error:
        if not is_used and log.exists():  # a server was started meanwhile
            return measure(path)
        if "no such table" in str(error):
            raise CatalogUnusable(f"{path} lacks tables of a record; start the server once") from error
        raise unusable(error) from error
    sizes = msgspec.structs.replace(sizes, relations=tuple(relations))
    if is_complete:
        return sizes
    return _estimated(path, trees, sizes) or msgspec.structs.replace(sizes, how="incomplete")


def _beginning(connection: sqlite3.Connection, path: Path) -> RecordSizes:
    """All but the bytes of tables."""
    page_size, pages, free = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_size", "page_count", "freelist_count")
    )
    log = log_of(path)
    count, entries, file_bytes = connection.execute(
        "SELECT count(*), coalesce(sum(file_count), 0), coalesce(sum(total_size), 0) FROM dataset"
    ).fetchone()
    rows = connection.execute(
        "SELECT d.id, p.name, d.name, d.file_count, d.total_size FROM dataset d JOIN project p ON p.id = d.project_id "
        "ORDER BY d.file_count DESC, d.id LIMIT ?",
        (MOST_DATASETS,),
    )
    return RecordSizes(
        kind="SQLite",
        place=str(path),
        bytes=page_size * pages,
        log=log.stat().st_size if log.exists() else 0,
        free=page_size * free,
        how="counted",
        entries=entries,
        file_bytes=file_bytes,
        dataset_count=count,
        datasets=tuple(DatasetEntries(*row) for row in rows),
        documents=_documents(connection, entries),
    )


def _documents(connection: sqlite3.Connection, entries: int) -> Documents | None:
    # Each alone is the end of the table; together they would walk it.
    oldest = connection.execute("SELECT min(sequence) FROM file").fetchone()[0]
    newest = connection.execute("SELECT max(sequence) FROM file").fetchone()[0]
    if oldest is None:
        return None
    places, limit = sample_places(oldest, newest)
    dictionaries = (0, 0)
    with suppress(sqlite3.OperationalError):  # a record that no server of this release has opened yet
        dictionaries = connection.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM dictionary"
        ).fetchone()
    samples = (
        Sample(*row)
        for at in places
        for row in connection.execute(_ENTRIES, {"head": FRAME_HEADER_BYTES, "at": at, "limit": limit})
    )
    return averages(entries, samples, is_estimated=len(places) > 1, dictionaries=dictionaries)


def _counted(connection: sqlite3.Connection, trees: list[_Tree], size: int) -> tuple[list[Relation], bool]:
    """Those that were counted in time, and whether they are all."""
    if size > _MOST_COUNTED_BYTES:
        return [], False
    deadline = time.monotonic() + MEASURE_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    found: list[Relation] = []
    try:
        found.extend(_count(connection, trees))
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error) or "dbstat" in str(
            error
        ):  # late, or a SQLite that was built without it
            return found, False
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return found, True


def _count(connection: sqlite3.Connection, trees: list[_Tree]) -> Iterator[Relation]:
    for tree in trees:
        held, rows = connection.execute(_PAGES, (tree.is_clustered, tree.name)).fetchone()
        yield Relation(
            tree.name, tree.table, tree.is_index, held or 0, None if tree.is_index else rows or 0
        )


def _estimated(path: Path, trees: list[_Tree], sizes: RecordSizes) -> RecordSizes | None:
    """By the pointer map, after every connection was closed; None where there is none."""
    pages = PointerMap(path)
    try:
        shares = pages.shares(MEASURE_SECONDS) if pages.exists else {}
    finally:
        pages.close()
    if not shares:
        return None
    relations = tuple(
        Relation(tree.name, tree.table, tree.is_index, round(shares.get(tree.root, 0.0) * sizes.bytes))
        for tree in trees
    )
    return msgspec.structs.replace(sizes, relations=relations, how="estimated")
