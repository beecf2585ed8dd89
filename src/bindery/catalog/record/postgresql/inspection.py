"""Looks at a record in PostgreSQL without taking it over, for ``bindery doctor``."""

from __future__ import annotations

import psycopg

from bindery.catalog.record.postgresql.database import connected


def describe(url: str) -> str:
    """Where it is and how large. Raises CatalogUnusable when PostgreSQL cannot be reached."""
    with connected(url) as raw:
        row = raw.execute(
            "SELECT current_database(), current_schema(), coalesce(sum(pg_total_relation_size(oid)), 0)::bigint "
            "FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        ).fetchone()
        assert row is not None
        major = raw.info.server_version // 10_000
        return f"PostgreSQL {major}, database {row[0]}, schema {row[1]}, {row[2] / 1024**2:.1f} MiB"


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
