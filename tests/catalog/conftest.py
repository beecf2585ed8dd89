"""A catalog in an empty folder, and one with a dataset and a binding in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bindery.catalog.announcer import Announcer
from bindery.catalog.catalog import Catalog
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import Place, make_place

OpenCatalog = Callable[..., Catalog]


@pytest.fixture
def open_catalog(tmp_path: Path) -> Iterator[OpenCatalog]:
    """``open_catalog(announcer=…)`` opens the catalog of the test's folder; an earlier one must be closed first."""
    opened: list[Catalog] = []

    def open_it(announcer: Announcer | None = None) -> Catalog:
        opened.append(SqliteCatalog(tmp_path / "data", account_id="10001", announcer=announcer))
        return opened[-1]

    yield open_it
    for catalog in opened:
        catalog.close()


@pytest.fixture
def catalog(open_catalog: OpenCatalog) -> Catalog:
    return open_catalog()


@pytest.fixture
def place(catalog: Catalog) -> Place:
    return make_place(catalog)
