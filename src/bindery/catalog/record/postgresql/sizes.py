"""Measures a record in PostgreSQL beside the server that uses it."""

from __future__ import annotations

from typing import Any

import psycopg

from bindery.catalog.record.postgresql.connecting import connected
from bindery.catalog.record.postgresql.connection import RawConnection, adapt, translated
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
from bindery.catalog.records import CatalogUnusable

_RELATIONS = """
SELECT c.relname, coalesce(t.relname, c.relname), c.relkind = 'i',
       CASE WHEN c.relkind = 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END,
       CASE WHEN c.relkind = 'i' OR c.reltuples < 0 THEN NULL ELSE c.reltuples::bigint END
FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
WHERE c.relkind IN ('r', 'i') AND c.relnamespace = current_schema()::regnamespace
ORDER BY c.oid
"""
_ENTRIES = """
SELECT length(document), substr(document, 1, %(head)s), coalesce(length(own), 0), coalesce(octet_length(text), 0)
FROM (SELECT document, own, text FROM file WHERE sequence >= %(at)s ORDER BY sequence LIMIT %(limit)s) AS entries
WHERE document IS NOT NULL
"""


def measure(url: str) -> RecordSizes:
    """Bytes of a record; rows of tables are PostgreSQL's own estimates. Raises CatalogUnusable."""
    with connected(url) as raw:
        adapt(raw)
        try:
            with translated():
                raw.execute(f"SET statement_timeout = {round(MEASURE_SECONDS * 1_000):d}")
                return _measure(raw)
        except psycopg.errors.UndefinedTable as error:
            raise CatalogUnusable(
                "there is no record in PostgreSQL yet; the server makes it at its first start"
            ) from error


def _measure(raw: RawConnection) -> RecordSizes:
    relations = tuple(Relation(*row) for row in raw.execute(_RELATIONS))
    count, entries, file_bytes = _row(
        raw,
        "SELECT count(*), coalesce(sum(file_count), 0)::bigint, coalesce(sum(total_size), 0)::bigint FROM dataset",
    )
    rows = raw.execute(
        "SELECT d.id, p.name, d.name, d.file_count, d.total_size FROM dataset d JOIN project p ON p.id = d.project_id "
        "ORDER BY d.file_count DESC, d.id LIMIT %s",
        (MOST_DATASETS,),
    )
    database, schema = _row(raw, "SELECT current_database()::text, current_schema()::text")
    return RecordSizes(
        kind="PostgreSQL",
        place=f"database {database}, schema {schema}",
        bytes=sum(each.bytes for each in relations),
        relations=relations,
        how="counted",
        entries=entries,
        file_bytes=file_bytes,
        dataset_count=count,
        datasets=tuple(DatasetEntries(*row) for row in rows),
        documents=_documents(raw, entries),
    )


def _documents(raw: RawConnection, entries: int) -> Documents | None:
    oldest, newest = _row(raw, "SELECT min(sequence), max(sequence) FROM file")
    if oldest is None:
        return None
    places, limit = sample_places(oldest, newest)
    count, held = _row(raw, "SELECT count(*), coalesce(sum(length(body)), 0)::bigint FROM dictionary")
    samples = (
        Sample(*row)
        for at in places
        for row in raw.execute(_ENTRIES, {"head": FRAME_HEADER_BYTES, "at": at, "limit": limit})
    )
    return averages(entries, samples, is_estimated=len(places) > 1, dictionaries=(count, held))


def _row(raw: RawConnection, sql: str) -> tuple[Any, ...]:
    row = raw.execute(sql).fetchone()
    assert row is not None
    return row
