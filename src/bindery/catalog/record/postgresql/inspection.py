"""Looks at a record in PostgreSQL without taking it over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from bindery.catalog.record.migrations import load_migrations
from bindery.catalog.record.postgresql.connecting import check_fitness, connected, settings_of
from bindery.catalog.record.postgresql.connection import Connection, RawConnection, adapt
from bindery.catalog.records import CatalogUnusable

_SEARCH_PATH = re.compile(r"search_path=(\w+)")
"""Among the ``options`` of a connection."""


def describe(url: str) -> str:
    """Where it is and how large. Raises CatalogUnusable when PostgreSQL cannot be reached."""
    with connected(url) as raw:
        check_fitness(raw)
        row = raw.execute(
            "SELECT current_database(), current_schema(), coalesce(sum(pg_total_relation_size(oid)), 0)::bigint "
            "FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        ).fetchone()
        assert row is not None
        major = raw.info.server_version // 10_000
        return f"PostgreSQL {major}, database {row[0]}, schema {row[1]}, {row[2] / 1024**2:.1f} MiB"


def dump_command(url: str, file: Path) -> list[str]:
    """The words of the command that copies a record into a file. What libpq takes for a secret is left out, for
    pg_dump asks for it. Raises CatalogUnusable for what is no URL of PostgreSQL; nobody is asked."""
    settings_of(url)
    before, _, behind = url.partition("?")
    if "@" in behind and "@" not in before:  # of a password with a ? these would be parts of other names
        raise CatalogUnusable("catalog.url has an @ behind the ? and none before; write it as %40")
    secrets = {option.keyword.decode() for option in Conninfo.get_defaults() if option.dispchar == b"*"}
    shown = {name: str(value) for name, value in conninfo_to_dict(url).items() if name not in secrets}
    schema = _SEARCH_PATH.search(shown.get("options", ""))
    chosen = [f"--schema={schema[1]}"] if schema else []
    return ["pg_dump", "--format=custom", f"--file={file}", *chosen, make_conninfo(**shown)]


def check_there(url: str) -> None:
    """Raises CatalogUnusable where no server has made a record, or PostgreSQL cannot be reached."""
    with connected(url) as raw:
        check_fitness(raw)
        _version(raw)


def _version(raw: RawConnection) -> int:
    row = raw.execute("SELECT to_regclass('schema_version')::text").fetchone()
    found = (
        None
        if row is None or row[0] is None
        else raw.execute("SELECT version FROM schema_version").fetchone()
    )
    if found is None:
        raise CatalogUnusable(
            "there is no record in this database and schema of PostgreSQL; see that the URL names those of a server"
        )
    return int(found[0])


def sealed_keys(url: str, named_by: int) -> list[tuple[bytes, int]]:
    """How many access keys begin with the same bytes, so many; none where there is no record yet.

    Raises CatalogUnusable when PostgreSQL cannot be reached.
    """
    with connected(url) as raw:
        try:
            return raw.execute(
                "SELECT substr(sealed, 1, %s) AS named, count(*) FROM access_key GROUP BY named",
                (named_by,),
            ).fetchall()
        except psycopg.errors.UndefinedTable:
            return []


def registered_buckets(url: str) -> dict[str, bytes]:
    """Where they are, sealed; none where there is no record yet. Raises CatalogUnusable."""
    with connected(url) as raw:
        adapt(raw)
        try:
            rows = raw.execute("SELECT name, sealed FROM registered_bucket").fetchall()
        except psycopg.errors.UndefinedTable:
            return {}
    return {name: bytes(sealed) for name, sealed in rows}


@contextmanager
def reading_beside(url: str) -> Iterator[Connection]:
    """Reads for as long as one likes, whoever uses the record. Raises CatalogUnusable."""
    with connected(url) as raw:
        adapt(raw)
        raw.read_only = True
        version, newest = _version(raw), max(load_migrations("postgresql"))
        if version != newest:
            raise CatalogUnusable(
                f"the record was written by another release (schema {version}, this one has {newest}); use that "
                "one, or start a server of this one first, if it is newer"
            )
        yield Connection(raw)


def find_dataset(url: str, project: str, dataset: str) -> int | None:
    """The id of a dataset. Raises CatalogUnusable when PostgreSQL cannot be reached."""
    with connected(url) as raw:
        adapt(raw)
        try:
            row = raw.execute(
                "SELECT d.id FROM dataset d JOIN project p ON p.id = d.project_id WHERE p.name = %s AND d.name = %s",
                (project, dataset),
            ).fetchone()
        except psycopg.errors.UndefinedTable:
            return None
    return None if row is None else int(row[0])
