"""Indexes are built anew by tasks: one at a time, each dataset once, and a server that stops ends them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogUnusable, Dataset, Project, Task
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.sync.rebuilds import TASK_TYPE, Rebuilds
from bindery.tasks.runner import Runner

PROJECT = "project"
_SECONDS = 60


class Gate:
    """Holds each rebuild of an index until it is opened; ``begun`` are those that have had their turn."""

    def __init__(self, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[int] = []
        self.reached, self.open = threading.Event(), threading.Event()
        rebuild = catalog.queries.rebuild_dataset

        def hold(dataset_id: int, progress: Callable[[int, int], None] | None = None) -> None:
            self.begun.append(dataset_id)
            self.reached.set()
            assert self.open.wait(_SECONDS)
            assert progress is not None
            progress(0, 0)  # as at the next batch
            rebuild(dataset_id, progress)

        monkeypatch.setattr(catalog.queries, "rebuild_dataset", hold)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = SqliteCatalog(tmp_path / "data", account_id="1")
    catalog.projects.create(Project(name=PROJECT))
    yield catalog
    assert catalog.close(_SECONDS)


@pytest.fixture
def runner(catalog: Catalog) -> Iterator[Runner]:
    runner = Runner(catalog, "first")
    yield runner
    runner.close(_SECONDS)


@pytest.fixture
def rebuilds(catalog: Catalog, runner: Runner) -> Rebuilds:
    rebuilds = Rebuilds(catalog, runner)
    runner.start()
    return rebuilds


def make(catalog: Catalog, name: str) -> Dataset:
    return catalog.datasets.create(Dataset(project_id=0, project_name=PROJECT, name=name))


def ended(catalog: Catalog, task: Task) -> Task:
    deadline = time.monotonic() + _SECONDS
    while (held := catalog.tasks.get(PROJECT, TASK_TYPE, task.id)).status == "Running":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return held


def test_one_at_a_time_and_each_dataset_once(
    catalog: Catalog, rebuilds: Rebuilds, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = make(catalog, "one"), make(catalog, "other")
    gate = Gate(catalog, monkeypatch)
    first = rebuilds.start(one)
    assert gate.reached.wait(_SECONDS)
    second = rebuilds.start(other)
    assert rebuilds.start(one).id == first.id
    assert gate.begun == [one.id]
    gate.open.set()
    told = ended(catalog, first)
    assert (told.status, told.progress, told.dataset_name) == ("Succeeded", 100, "one")
    assert told.result == '{"Entries":0}'
    assert ended(catalog, second).status == "Succeeded"
    assert rebuilds.start(one).id != first.id


def test_one_that_fails_says_so_and_the_next_has_its_turn(
    catalog: Catalog, rebuilds: Rebuilds, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make(catalog, "one")

    def fail(*_: object) -> None:
        raise CatalogUnusable("no room")

    with monkeypatch.context() as patches:
        patches.setattr(catalog.queries, "rebuild_dataset", fail)
        told = ended(catalog, rebuilds.start(dataset))
    assert (told.status, told.code, told.message) == ("Failed", "CatalogUnusable", "no room")
    assert ended(catalog, rebuilds.start(dataset)).status == "Succeeded"


def test_a_server_that_stops_leaves_what_runs_and_what_waits_to_the_next(
    catalog: Catalog, runner: Runner, rebuilds: Rebuilds, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patches:
        gate = Gate(catalog, patches)
        tasks = [rebuilds.start(make(catalog, name)) for name in ("one", "other")]
        assert gate.reached.wait(_SECONDS)
        runner.signal_stop()
        gate.open.set()
        runner.close(_SECONDS)
    assert len(gate.begun) == 1
    assert [catalog.tasks.get(PROJECT, TASK_TYPE, task.id).status for task in tasks] == ["Running"] * 2
    successor = Runner(catalog, "second")
    Rebuilds(catalog, successor)
    successor.start()
    try:
        assert [ended(catalog, task).result for task in tasks] == ['{"Entries":0}'] * 2
    finally:
        successor.close(_SECONDS)
