"""The catalog of SQLite and DuckDB does what every catalog must."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bindery.catalog.records import LimitExceeded, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .conformance import CatalogConformance, Teller, accept, call_of, make_place, told, write_of


class TestSqliteCatalog(CatalogConformance):
    """Record in SQLite, index in DuckDB."""


def test_the_operator_says_how_many_projects_there_may_be(tmp_path: Path) -> None:
    catalog = SqliteCatalog(tmp_path, account_id="1", max_projects=2)
    catalog.projects.create(Project(name="p1"))
    catalog.projects.create(Project(name="p2"))
    with pytest.raises(LimitExceeded, match="ProjectCount"):
        catalog.projects.create(Project(name="p3"))
    catalog.close()


@pytest.mark.parametrize("body", [b"", b"no JSON", b'{"files":1}', b"\xff", b'{"files":[]}'])
def test_a_call_that_cannot_be_read_is_given_up_alone(tmp_path: Path, body: bytes) -> None:
    """Its files and those of other calls have their outcomes, and nobody is told."""
    catalog = SqliteCatalog(tmp_path, account_id="1", announcer=Teller())
    place = make_place(catalog)
    accept(catalog, place, call_of("broken", "a", "b"))
    accept(catalog, place, call_of("sound", "b"))
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        connection.execute("UPDATE index_call SET body = ? WHERE id = 1", (body,))
    connection.close()
    catalog.files.write(place.dataset.id, [write_of("a"), write_of("b")], existing_only=True)
    assert "broken" not in dict(told(catalog))
    assert dict(told(catalog))["sound"] == '[""]'
    assert catalog.files.awaited(place.dataset.id) == []
    catalog.close()
