"""A catalog whose record is in PostgreSQL; its index is in DuckDB in the data folder, as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bindery.catalog.record.postgresql.database import PostgresqlDatabase
from bindery.catalog.record_catalog import RecordCatalog


class PostgresqlCatalog(RecordCatalog):
    """Raises CatalogUnusable when database or folder cannot be used. Settings are those of ``RecordCatalog``."""

    def __init__(self, url: str, folder: Path, *, alone: bool = False, **settings: Any) -> None:
        super().__init__(PostgresqlDatabase(url, folder, alone=alone), folder, **settings)
