"""Pages that anybody scrolls through read what is on them, and not the whole dataset."""

from __future__ import annotations

from typing import Any

import pytest
from tests.own_threads import replace_here

from bindery.catalog.index import pages, statements
from bindery.catalog.index.statements import PageRequest, count_statement
from bindery.catalog.query.parse import parse_simple_query, parse_sort
from bindery.catalog.record.statements import Statement, load_statements
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .conftest import OpenCatalog
from .samples import Place, make_place, scan_of, write_of

_FILES = 300


@pytest.fixture
def catalog(open_catalog: OpenCatalog) -> SqliteCatalog:
    catalog = open_catalog()
    assert isinstance(catalog, SqliteCatalog)
    return catalog


@pytest.fixture
def place(catalog: SqliteCatalog) -> Place:
    """Files of two folders; their times in no order, a tenth without one."""
    place = make_place(catalog)
    times = [f"2024-01-{1 + number * 7 % 28:02}T00:{number * 11 % 60:02}:00Z" for number in range(_FILES)]
    writes = [
        write_of(
            f"{'ab'[number % 2]}/k{number:03d}",
            binding_id=place.binding.id,
            produce_time=None if number % 10 == 0 else time,
            media_type="image",
        )
        for number, time in enumerate(times)
    ]
    catalog.files.write(place.dataset.id, writes)
    return place


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Statements that the index was asked."""
    seen: list[str] = []
    fetch = pages.fetch

    def watched(view: Any, statement: Any, bounds: Any) -> Any:
        seen.append(statement.sql)
        return fetch(view, statement, bounds)

    replace_here(monkeypatch, pages, "fetch", watched)
    return seen


@pytest.mark.parametrize("prefix", ["", "oss://bucket/b/"])
def test_a_page_below_a_prefix_is_read_in_the_index_of_the_record(
    catalog: SqliteCatalog, place: Place, asked: list[str], prefix: str
) -> None:
    leaf = {"Field": "URI", "Operation": "prefix", "Value": prefix}
    query = parse_simple_query(leaf) if prefix else None
    found, token, count = [], "", _FILES // (2 if prefix else 1)
    while True:
        page = catalog.queries.search(place.dataset.id, query, limit=70, token=token)
        assert page.total_hits == count
        found += page.documents
        token = page.next_token
        if not token:
            break
    assert len(set(found)) == count
    assert [sql.split(" FROM ")[0] for sql in asked] == ["SELECT count(*)"]


def test_the_record_has_an_index_for_it(catalog: SqliteCatalog) -> None:
    values = {"dataset_id": 1, "first": "a", "after": "a", "behind": "b", "limit": 10}
    sql = f"EXPLAIN QUERY PLAN {load_statements('files').uris_behind}"
    explain = Statement(sql, sql)
    plan = [row[3] for row in catalog._database.reader.execute(explain, values).fetchall()]
    assert len(plan) == 1
    assert plan[0].startswith("SEARCH file USING")
    assert "(dataset_id=? AND uri>? AND uri<?)" in plan[0]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_page_in_the_order_of_time_looks_at_the_files_on_it(
    catalog: SqliteCatalog, place: Place, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    """All other files are passed by with their times alone, which DuckDB has by row groups."""
    looked_at: list[int] = []
    page_statement = statements.page_statement

    def watched(table: str, request: PageRequest, after: Any) -> Any:
        statement = count_statement(table, request.condition)
        with catalog.queries._instance.cursor() as cursor:
            looked_at.extend(cursor.execute(statement.sql, statement.parameters).fetchone() or ())
        return page_statement(table, request, after)

    replace_here(monkeypatch, pages, "page_statement", watched)
    query = parse_simple_query({"Field": "MediaType", "Operation": "eq", "Value": "image"})
    sort, token = parse_sort("ProduceTime", order), ""
    found: list[bytes] = []
    for _ in range(3):
        page = catalog.queries.search(place.dataset.id, query, sort=sort, limit=20, token=token)
        found += page.documents
        token = page.next_token
    assert len(set(found)) == 60
    assert looked_at[0] < 30
    assert looked_at[1] < 50
    assert looked_at[2] < 70


def test_an_order_by_something_that_few_have(catalog: SqliteCatalog, place: Place) -> None:
    catalog.bindings.commit(scan_of(place, "b/k001", "b/k003", title="x"))
    sort, token = parse_sort("Title", "desc"), ""
    found: list[bytes] = []
    while len(found) < _FILES:
        page = catalog.queries.search(place.dataset.id, None, sort=sort, limit=101, token=token)
        assert page.total_hits == _FILES
        found += page.documents
        token = page.next_token
    assert not token
    assert len(set(found)) == _FILES
    assert all(b'"Title":"x"' in document for document in found[:2])
