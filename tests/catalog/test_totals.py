"""What has not changed is not counted again, and every change is."""

from __future__ import annotations

from typing import Any

import pytest
from tests.own_threads import replace_here

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import pages
from bindery.catalog.index.totals import Totals, TotalsAsOf
from bindery.catalog.interface.queries import AggregationResult, Group
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query
from bindery.catalog.query.syntax import SortField
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import Place, scan_of

_QUERY = parse_simple_query({"Field": "Filename", "Operation": "prefix", "Value": "k"})


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Statements that count the files of a query."""
    seen: list[str] = []
    ask = pages.fetch

    def watched(view: Any, statement: Any, bounds: Any) -> Any:
        if "count(*)" in statement.sql:
            seen.append(statement.sql)
        return ask(view, statement, bounds)

    replace_here(monkeypatch, pages, "fetch", watched)
    return seen


@pytest.mark.parametrize("sort", [(), (SortField("Filename", True),)])
def test_pages_behind_the_first_are_not_counted(
    catalog: Catalog, place: Place, counted: list[str], sort: tuple[SortField, ...]
) -> None:
    catalog.bindings.commit(scan_of(place, *[f"k{number}" for number in range(9)], "other"))
    found, token = [], ""
    while True:
        page = catalog.queries.search(place.dataset.id, _QUERY, sort=sort, limit=4, token=token)
        assert page.total_hits == 9
        found += page.documents
        token = page.next_token
        if not token:
            break
    assert len(set(found)) == 9
    assert len(counted) == 1
    assert catalog.queries.search(place.dataset.id, _QUERY, sort=sort, limit=4).total_hits == 9
    assert len(counted) == 1


def test_every_change_is_counted(catalog: Catalog, place: Place, counted: list[str]) -> None:
    for number in range(5):
        catalog.bindings.commit(scan_of(place, f"k{number}"))
        for _ in range(2):
            assert catalog.queries.search(place.dataset.id, _QUERY, limit=2).total_hits == number + 1
        assert len(counted) == number + 1
    catalog.files.delete(place.dataset.id, ["oss://bucket/k0"])
    assert catalog.queries.search(place.dataset.id, _QUERY, limit=2).total_hits == 4


def test_what_was_counted_in_damaged_files_is_forgotten_with_them(catalog: Catalog, place: Place) -> None:
    assert isinstance(catalog, SqliteCatalog)
    size = parse_aggregations([("Size", "sum")])

    def told() -> tuple[int | None, float | None]:
        [figure] = catalog.queries.aggregate(place.dataset.id, _QUERY, size)
        return catalog.queries.search(place.dataset.id, _QUERY, limit=2).total_hits, figure.value

    catalog.bindings.commit(scan_of(place, *[f"k{number}" for number in range(9)], size=5))
    catalog.queries.search(place.dataset.id, None)
    files = catalog.queries._of(place.dataset.id)._files
    assert files is not None
    with catalog.queries._instance.cursor() as cursor:
        cursor.execute(f"DELETE FROM {files.table} WHERE \"URI\" LIKE '%k3'")
    assert told() == (8, 40)
    catalog.queries.rebuild_dataset(place.dataset.id)
    assert told() == (9, 45)


def test_a_count_during_which_something_changed_is_not_kept() -> None:
    totals, applied = Totals(), 7
    question = TotalsAsOf(totals, lambda: applied)
    applied = 8
    question.keep("query", 3)
    assert totals.find(7, "query") is None is totals.find(8, "query")
    TotalsAsOf(totals, lambda: applied).keep("query", 4)
    assert TotalsAsOf(totals, lambda: applied).find("query") == 4
    applied = 9
    assert TotalsAsOf(totals, lambda: applied).find("query") is None


def test_few_are_remembered() -> None:
    totals = Totals()
    for number in range(5_000):
        totals.keep(1, str(number), number)
    assert len(totals._counts) == 1_000
    assert totals.find(1, "4999") == 4_999
    assert totals.find(1, "0") is None


def test_figures_are_made_again_only_when_something_has_changed(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = pages.fetch

    def watched(view: Any, statement: Any, bounds: Any) -> Any:
        asked.append(statement.sql)
        return ask(view, statement, bounds)

    monkeypatch.setattr("bindery.catalog.index.index.fetch", watched)
    wanted = parse_aggregations([("Filename", "group"), ("Size", "sum")])
    for number in range(3):
        catalog.bindings.commit(scan_of(place, f"k{number}", size=5))
        for _ in range(2):
            groups, size = catalog.queries.aggregate(place.dataset.id, _QUERY, wanted)
            assert len(groups.groups or ()) == number + 1
            assert size.value == 5 * (number + 1)
        assert len(asked) == 2 * (number + 1)
    [few] = catalog.queries.aggregate(place.dataset.id, _QUERY, wanted[:1], groups=2)
    assert len(few.groups or ()) == 2
    [other] = catalog.queries.aggregate(place.dataset.id, None, wanted[1:])
    assert other.value == 15
    assert len(asked) == 8


def test_few_and_small_figures_are_remembered() -> None:
    totals = Totals()
    for number in range(1_000):
        totals.keep_figure(1, str(number), AggregationResult(field="Size", operation="sum", value=number))
    many = tuple(Group(str(number), 1) for number in range(1_000))
    totals.keep_figure(1, "many", AggregationResult(field="ETag", operation="group", groups=many))
    totals.keep_figure(
        1, "long", AggregationResult(field="Title", operation="group", groups=(Group("x" * 60_000, 1),))
    )
    assert totals.find_figure(1, "many") is None is totals.find_figure(1, "long")
    assert totals.find_figure(2, "999") is None
    assert len(totals._figures) == 200
    totals.keep(2, "query", 3)
    assert totals.find_figure(1, "999") is None
