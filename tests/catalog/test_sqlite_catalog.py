"""The catalog of SQLite and DuckDB does what every catalog must."""

from __future__ import annotations

from .conformance import CatalogConformance


class TestSqliteCatalog(CatalogConformance):
    """Record in SQLite, index in DuckDB."""
