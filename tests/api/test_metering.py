"""Counting of what projects use: what is on the bill, in memory and in the record."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Api

from bindery.api import metering as metering_module
from bindery.api.metering import Metering
from bindery.api.prices import REQUEST_CLASSES
from bindery.api.spec.model import load_models
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogUnwritable, Project, UsageKey
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.clock import DEFAULT_ZONE

pytestmark = pytest.mark.usefixtures("within_a_day")

L0, L1, L2 = REQUEST_CLASSES


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = SqliteCatalog(tmp_path, account_id="1")
    yield opened
    opened.close()


@pytest.fixture
def metering(catalog: Catalog) -> Metering:
    return Metering(catalog, DEFAULT_ZONE)


def on_record(catalog: Catalog) -> dict[tuple[str, str], int]:
    found = Counter[tuple[str, str]]()
    for row in catalog.usage.list(0, 99_999):
        found[row.project, row.dimension] += row.quantity
    return dict(found)


@pytest.fixture(scope="module")
def billed(make_api: Callable[..., Api]) -> Api:
    return make_api()


def used(api: Api) -> dict[tuple[str, str], int]:
    api.context.metering.write()
    return on_record(api.catalog)


def difference(api: Api, work: Callable[[], Any]) -> dict[tuple[str, str], int]:
    before = used(api)
    work()
    return {key: more for key, now in used(api).items() if (more := now - before.get(key, 0))}


def test_every_operation_of_the_vendor_is_of_a_class_and_no_other() -> None:
    for operation in load_models():
        is_billed = operation.product == "imm" and not operation.extension
        assert (operation.billed in REQUEST_CLASSES) == is_billed, operation.id
        assert bool(operation.billed) == is_billed, operation.id


@pytest.mark.parametrize(
    ("action", "given", "expected"),
    [
        ("CreateProject", {"ProjectName": "p1"}, {("p1", L0): 1}),
        ("ListProjects", {}, {("", L0): 1}),
        ("ListProjects", {"ProjectName": "p"}, {("", L0): 1}),
        ("GetProject", {"ProjectName": "p"}, {("p", L0): 1}),
        ("GetProject", {"ProjectName": "nowhere"}, {("", L0): 1}),
        ("GetProject", {"ProjectName": "x" * 2_000}, {("", L0): 1}),
        ("GetProject", {}, {("", L0): 1}),
        ("GetFileMeta", {"ProjectName": "p", "DatasetName": "d", "URI": "oss://b/k"}, {("p", L1): 1}),
        ("GetFileMeta", {"ProjectName": "p", "DatasetName": "d"}, {("p", L1): 1}),
        ("SimpleQuery", {"ProjectName": "p", "DatasetName": "d"}, {("p", L2): 1}),
        ("SimpleQuery", {"ProjectName": "p", "DatasetName": "d", "Query": "{"}, {("p", L2): 1}),
        ("FuzzyQuery", {"ProjectName": "p", "DatasetName": "d", "Query": "beach"}, {("p", L2): 1}),
        ("DetectImageFaces", {"ProjectName": "p", "SourceURI": "oss://b/k"}, {}),
        ("ListUsage", {"ProjectName": "p"}, {}),
        ("ListUsers", {}, {}),
        ("GetCallerIdentity", {}, {}),
    ],
)
def test_what_a_call_is_on_the_bill_as(
    billed: Api, action: str, given: dict[str, str], expected: dict[tuple[str, str], int]
) -> None:
    billed.send("CreateProject", {"ProjectName": "p"})
    billed.send("CreateDataset", {"ProjectName": "p", "DatasetName": "d"})
    assert difference(billed, lambda: billed.send(action, given)) == expected


def test_who_shows_no_right_signature_is_on_no_bill(billed: Api) -> None:
    def knock() -> None:
        for key in (("root", "wrong"), ("nobody", "wrong")):
            with billed.signed_by(*key):
                assert billed.send("GetProject", {"ProjectName": "p"}).status >= 400

    assert difference(billed, knock) == {}


def test_a_failure_of_the_server_is_on_no_bill(billed: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Project:
        raise CatalogUnwritable("the disk is full")

    monkeypatch.setattr(billed.catalog.projects, "create", fail)
    name = {"ProjectName": "unwritten"}
    assert difference(billed, lambda: billed.send("CreateProject", name)) == {}


def test_a_project_is_on_the_bill_also_of_its_deletion(billed: Api) -> None:
    def live() -> None:
        billed("CreateProject", ProjectName="short")
        billed.refused("GetDataset", ProjectName="short", DatasetName="d")
        billed("DeleteProject", ProjectName="short")

    assert difference(billed, live) == {("short", L0): 3}


def test_nothing_is_lost_and_nothing_twice_while_the_record_cannot_be_written(
    catalog: Catalog, metering: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    metering.count("p", L0, exists=True)
    with monkeypatch.context() as full:
        full.setattr(catalog.usage, "add", _refuse)
        with pytest.raises(CatalogUnwritable):
            metering.write()
        metering.count("p", L0, exists=True)
        with pytest.raises(CatalogUnwritable):
            metering.refresh()
    metering.write()
    metering.write()
    assert on_record(catalog) == {("p", L0): 2}


def _refuse(_: object) -> None:
    raise CatalogUnwritable("full")


def test_threads_count_beside_one_another_and_beside_the_writing(
    catalog: Catalog, metering: Metering
) -> None:
    def work() -> None:
        for _ in range(500):
            metering.count("p", L0, exists=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        metering.write()
    metering.write()
    assert on_record(catalog) == {("p", L0): 2_000}


def test_names_of_nothing_take_bounded_memory_and_one_row(
    catalog: Catalog, metering: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metering_module, "MOST_UNKNOWN", 10)
    for number in range(100):
        metering.count(f"nothing-{number}", L0, exists=False)
    metering.count("late", L0, exists=True)
    assert len(metering._counts) == 12
    metering.write()
    assert on_record(catalog) == {("", L0): 100, ("late", L0): 1}


def test_the_end_writes_the_rest_and_comes_twice(catalog: Catalog) -> None:
    running = Metering(catalog, DEFAULT_ZONE, seconds=3_600)
    running.start()
    running.count("p", L0, exists=True)
    running.close()
    running.count("p", L0, exists=True)
    running.close()
    assert on_record(catalog) == {("p", L0): 2}


def test_what_is_older_than_a_year_goes(catalog: Catalog) -> None:
    today = catalog.usage.today
    for day in (today - 500, today - 401, today - 400, today):
        catalog.usage.add({UsageKey(day, "p", L0, True): 1})
    Metering(catalog, DEFAULT_ZONE)._forget()
    assert [today - row.day for row in catalog.usage.list(0, 99_999)] == [400, 0]
