"""The default catalog: the record in SQLite, the index in DuckDB, both in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bindery.catalog.record.sqlite.database import SqliteDatabase
from bindery.catalog.record_catalog import RecordCatalog


class SqliteCatalog(RecordCatalog):
    """Raises CatalogUnusable when the folder cannot be used. Settings are those of ``RecordCatalog``."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(SqliteDatabase(folder), folder, **settings)
