"""Keys that events have named: kept once, in order, until they were dealt with as they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bindery.catalog.records import Binding, Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def bind() -> Callable[[SqliteCatalog], int]:
    def make(catalog: SqliteCatalog) -> int:
        catalog.create_project(Project(name="p"))
        catalog.create_dataset(Dataset(project_id=0, project_name="p", name="d"))
        binding = Binding(dataset_id=0, project_name="p", dataset_name="d", bucket="media")
        return catalog.create_binding(binding).id

    return make


def names(catalog: SqliteCatalog, binding_id: int, after: int = 0, limit: int = 100) -> list[str]:
    return [change.key for change in catalog.pending_changes(binding_id, after=after, limit=limit)]


def test_a_key_waits_once_across_restarts(folder: Path, bind: Callable[[SqliteCatalog], int]) -> None:
    catalog = SqliteCatalog(folder, account_id="1")
    binding_id = bind(catalog)
    assert catalog.oldest_change(binding_id) is None
    catalog.add_changes({binding_id: ["b", "a"], 99: ["x"]})
    catalog.add_changes({binding_id: ["c", "b"]})
    since = catalog.oldest_change(binding_id)
    catalog.close()
    catalog = SqliteCatalog(folder, account_id="1")
    assert names(catalog, binding_id) == ["b", "a", "c"]
    assert catalog.oldest_change(binding_id) == since
    first = catalog.pending_changes(binding_id, after=0, limit=1)
    assert names(catalog, binding_id, after=first[0].sequence) == ["a", "c"]
    assert names(catalog, 99) == []
    catalog.close()


def test_a_key_that_is_named_while_it_is_worked_on_stays(
    folder: Path, bind: Callable[[SqliteCatalog], int]
) -> None:
    catalog = SqliteCatalog(folder, account_id="1")
    binding_id = bind(catalog)
    catalog.add_changes({binding_id: ["a", "b"]})
    taken = catalog.pending_changes(binding_id, after=0, limit=10)
    catalog.add_changes({binding_id: ["b"]})
    stayed = catalog.settle_changes(binding_id, taken)
    assert [change.key for change in stayed] == ["b"]
    assert catalog.settle_changes(binding_id, taken) == stayed
    assert catalog.settle_changes(binding_id, stayed) == []
    assert names(catalog, binding_id) == []
    assert catalog.oldest_change(binding_id) is None
    catalog.close()


def test_a_deleted_binding_forgets_its_keys(folder: Path, bind: Callable[[SqliteCatalog], int]) -> None:
    catalog = SqliteCatalog(folder, account_id="1")
    binding_id = bind(catalog)
    catalog.add_changes({binding_id: ["a"]})
    catalog.delete_binding(binding_id)
    assert names(catalog, binding_id) == []
    catalog.add_changes({binding_id: ["b"]})
    assert names(catalog, binding_id) == []
    catalog.close()
