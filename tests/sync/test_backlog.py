"""From the record into the inbox and out again: by pages, and removed only once dealt with."""

from __future__ import annotations

from pathlib import Path

from bindery.catalog.records import Binding, Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.sync.backlog import Backlog
from bindery.sync.inbox import Inbox


def make(folder: Path) -> tuple[SqliteCatalog, int]:
    catalog = SqliteCatalog(folder, account_id="1")
    catalog.projects.create(Project(name="p"))
    catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    binding = Binding(dataset_id=0, project_name="p", dataset_name="d", bucket="media")
    return catalog, catalog.bindings.create(binding).id


def test_a_large_backlog_is_loaded_by_pages(tmp_path: Path) -> None:
    catalog, binding_id = make(tmp_path)
    keys = [f"{number:05d}" for number in range(3_500)]
    catalog.changes.add({binding_id: keys})
    inbox = Inbox()
    backlog = Backlog(catalog, binding_id, inbox)
    seen: list[str] = []
    while catalog.changes.oldest(binding_id) is not None:
        backlog.load()
        assert 0 < len(inbox) <= 1_000
        taken = inbox.take(256)
        backlog.settle()
        assert inbox.waiting(taken) == set(taken)
        inbox.done(taken)
        backlog.settle()
        seen += taken
    assert seen == keys
    catalog.close()


def test_what_was_not_dealt_with_is_loaded_again(tmp_path: Path) -> None:
    catalog, binding_id = make(tmp_path)
    catalog.changes.add({binding_id: ["a", "b"]})
    inbox = Inbox()
    backlog = Backlog(catalog, binding_id, inbox)
    backlog.load()
    inbox.clear()
    backlog.rewind()
    backlog.load()
    assert sorted(inbox.take(10)) == ["a", "b"]
    catalog.changes.add({binding_id: ["b"]})
    inbox.done(["a", "b"])
    backlog.settle()
    assert inbox.take(10) == ["b"], "named again while it was looked at"
    inbox.done(["b"])
    backlog.settle()
    assert catalog.changes.oldest(binding_id) is None
    catalog.close()
