"""The catalog with its record in PostgreSQL does what every catalog must."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.servers.postgresql import Postgresql

from bindery.catalog.announcer import Announcer
from bindery.catalog.catalog import Catalog

from .conformance import CatalogConformance

pytestmark = pytest.mark.server


@pytest.fixture
def open_catalog(tmp_path: Path, postgresql: Postgresql) -> Iterator[Callable[..., Catalog]]:
    """As that of SQLite: the same record each time."""
    url = postgresql.create_schema(f"c{uuid.uuid4().hex}")
    opened: list[Catalog] = []

    def open_it(announcer: Announcer | None = None) -> Catalog:
        opened.append(PostgresqlCatalog(url, tmp_path / "data", account_id="10001", announcer=announcer))
        return opened[-1]

    yield open_it
    for catalog in opened:
        catalog.close()


class TestPostgresqlCatalog(CatalogConformance):
    """Record in PostgreSQL, index in DuckDB."""
