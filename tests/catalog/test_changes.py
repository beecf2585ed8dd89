"""Keys that events have named: kept once, in order, until they were dealt with as they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bindery.catalog.records import Binding, Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import forget_deleted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def bind() -> Callable[[SqliteCatalog], int]:
    def make(catalog: SqliteCatalog) -> int:
        catalog.projects.create(Project(name="p"))
        catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
        binding = Binding(dataset_id=0, project_name="p", dataset_name="d", bucket="media")
        return catalog.bindings.create(binding).id

    return make


def names(catalog: SqliteCatalog, binding_id: int, after: int = 0, limit: int = 100) -> list[str]:
    return [change.key for change in catalog.changes.pending(binding_id, after=after, limit=limit)]


def test_a_key_waits_once_across_restarts(folder: Path, bind: Callable[[SqliteCatalog], int]) -> None:
    catalog = SqliteCatalog(folder, account_id="1")
    binding_id = bind(catalog)
    assert catalog.changes.oldest(binding_id) is None
    catalog.changes.add({binding_id: ["b", "a"], 99: ["x"]})
    catalog.changes.add({binding_id: ["c", "b"]})
    since = catalog.changes.oldest(binding_id)
    catalog.close()
    catalog = SqliteCatalog(folder, account_id="1")
    assert names(catalog, binding_id) == ["b", "a", "c"]
    assert catalog.changes.oldest(binding_id) == since
    first = catalog.changes.pending(binding_id, after=0, limit=1)
    assert names(catalog, binding_id, after=first[0].sequence) == ["a", "c"]
    assert names(catalog, 99) == []
    catalog.close()


def test_a_key_that_is_named_while_it_is_worked_on_stays(
    folder: Path, bind: Callable[[SqliteCatalog], int]
) -> None:
    catalog = SqliteCatalog(folder, account_id="1")
    binding_id = bind(catalog)
    catalog.changes.add({binding_id: ["a", "b"]})
    taken = catalog.changes.pending(binding_id, after=0, limit=10)
    catalog.changes.add({binding_id: ["b"]})
    stayed = catalog.changes.settle(binding_id, taken)
    assert [change.key for change in stayed] == ["b"]
    assert catalog.changes.settle(binding_id, taken) == stayed
    assert catalog.changes.settle(binding_id, stayed) == []
    assert names(catalog, binding_id) == []
    assert catalog.changes.oldest(binding_id) is None
    catalog.close()


def test_a_deleted_binding_forgets_its_keys(folder: Path, bind: Callable[[SqliteCatalog], int]) -> None:
    catalog = SqliteCatalog(folder, account_id="1")
    binding_id = bind(catalog)
    catalog.changes.add({binding_id: ["a"]})
    catalog.bindings.delete(binding_id)
    forget_deleted(catalog)
    assert names(catalog, binding_id) == []
    catalog.changes.add({binding_id: ["b"]})
    assert names(catalog, binding_id) == []
    catalog.close()
