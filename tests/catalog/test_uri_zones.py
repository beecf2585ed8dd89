"""Pages and totals that are read in the zones that have such URIs, whatever has been written in which order."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.own_threads import replace_here

from bindery.catalog.index import pages
from bindery.catalog.index.uri_zones import UriZones, Zone, ZoneMap, first_zones, in_zones
from bindery.catalog.query.compile import UriPart, uri_part
from bindery.catalog.query.condition import Condition
from bindery.catalog.query.parse import parse_simple_query, parse_sort
from bindery.catalog.query.syntax import Node
from bindery.catalog.query.values import MAX_TEXT
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .conftest import OpenCatalog
from .samples import Place, make_place, write_of
from .small_zones import make_zones_small

_FILES = 480
_ROOT = "oss://bucket/"


@pytest.fixture(autouse=True)
def _small_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    make_zones_small(monkeypatch, shift=5, batch=30, first_rows=60, large=100)


@pytest.fixture
def catalog(open_catalog: OpenCatalog) -> SqliteCatalog:
    catalog = open_catalog()
    assert isinstance(catalog, SqliteCatalog)
    return catalog


@pytest.fixture
def place(catalog: SqliteCatalog) -> Place:
    """Files of folders of forty in the order of their keys, every third one a video; some names beyond ASCII."""
    place = make_place(catalog)
    _write(catalog, place, range(_FILES))
    return place


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Statements that the columns were asked."""
    seen: list[str] = []
    fetch = pages.fetch

    def watched(view: Any, statement: Condition, bounds: Any) -> Any:
        seen.append(statement.sql)
        return fetch(view, statement, bounds)

    replace_here(monkeypatch, pages, "fetch", watched)
    return seen


def _key(number: int) -> str:
    return f"f{number // 40:02d}/{'k😀﹏'[number % 3]}{number:03d}"


def _write(catalog: SqliteCatalog, place: Place, numbers: Any, title: str | None = None) -> None:
    writes = [
        write_of(
            _key(number),
            binding_id=place.binding.id,
            media_type="video" if number % 3 == 0 else "image",
            title=title,
        )
        for number in numbers
    ]
    catalog.files.write(place.dataset.id, writes)


def _leaf(field: str, operation: str, value: str) -> dict[str, str]:
    return {"Field": field, "Operation": operation, "Value": value}


def _either(*leaves: dict[str, Any]) -> dict[str, Any]:
    return {"Operation": "or", "SubQueries": list(leaves)}


def _both(*leaves: dict[str, Any]) -> Node:
    return parse_simple_query({"Operation": "and", "SubQueries": list(leaves)})


def _all_pages(
    catalog: SqliteCatalog, place: Place, query: Node | None, limit: int, total: int, sort: str = ""
) -> list[str]:
    found, token = [], ""
    while True:
        page = catalog.queries.search(
            place.dataset.id,
            query,
            limit=limit,
            token=token,
            sort=parse_sort(sort, "asc" if sort else None),
        )
        assert page.total_hits == total
        found += [msgspec.json.decode(document)["URI"].removeprefix(_ROOT) for document in page.documents]
        token = page.next_token
        if not token:
            return found


_QUERIES: dict[str, tuple[list[dict[str, Any]], Callable[[int], bool]]] = {
    "videos": ([_leaf("MediaType", "eq", "video")], lambda number: number % 3 == 0),
    "a folder": ([_leaf("URI", "prefix", f"{_ROOT}f03/")], lambda number: number // 40 == 3),
    "some folders": (
        [_leaf("URI", "prefix", f"{_ROOT}f0"), _leaf("MediaType", "eq", "image")],
        lambda number: number < 400 and number % 3 != 0,
    ),
    "part of a folder": (
        [_leaf("MediaType", "eq", "image"), _leaf("URI", "prefix", f"{_ROOT}f04/😀")],
        lambda number: number // 40 == 4 and number % 3 == 1,
    ),
    "nothing": ([_leaf("URI", "prefix", f"{_ROOT}g")], lambda number: False),
    "few": ([_leaf("Filename", "match-phrase", "k111")], lambda number: number == 111),
    "few, also by a column that nothing has": (
        [_either(_leaf("Album", "eq", "x"), _leaf("Filename", "match-phrase", "k111"))],
        lambda number: number == 111,
    ),
    "one": (
        [_leaf("URI", "eq", f"{_ROOT}{_key(77)}"), _leaf("MediaType", "eq", "image")],
        lambda number: number == 77,
    ),
    "not one": (
        [_leaf("URI", "eq", f"{_ROOT}{_key(77)}"), _leaf("MediaType", "eq", "video")],
        lambda number: False,
    ),
}


@pytest.mark.parametrize("name", _QUERIES)
@pytest.mark.parametrize(("limit", "sort"), [(23, ""), (90, "MediaType")])
def test_all_pages_are_those_of_a_reference(
    open_catalog: OpenCatalog, catalog: SqliteCatalog, place: Place, name: str, limit: int, sort: str
) -> None:
    leaves, matches = _QUERIES[name]
    query, chance = _both(*leaves), random.Random(5)
    there = set(range(_FILES))

    def check(opened: SqliteCatalog) -> None:
        wanted = [_key(number) for number in there if matches(number)]
        wanted.sort(key=lambda key: ("/k" in key if sort else False, key))
        assert _all_pages(opened, place, query, limit, len(wanted), sort) == wanted

    check(catalog)
    changed = chance.sample(range(_FILES), 60)
    _write(catalog, place, changed, title="changed")
    check(catalog)
    gone = chance.sample(range(_FILES), 90)
    catalog.files.delete(place.dataset.id, [f"{_ROOT}{_key(number)}" for number in gone])
    there -= set(gone)
    check(catalog)
    _write(catalog, place, gone[:30])
    there |= set(gone[:30])
    catalog.close()
    again = open_catalog()
    assert isinstance(again, SqliteCatalog)
    check(again)  # the zones are learned from the columns
    _write(again, place, gone[30:40])
    there |= set(gone[30:40])
    check(again)


def test_a_page_is_read_in_the_zones_that_have_it(
    catalog: SqliteCatalog, place: Place, asked: list[str]
) -> None:
    query = parse_simple_query(_leaf("MediaType", "eq", "video"))
    catalog.queries.search(place.dataset.id, query, limit=5)
    page, count = asked
    assert '"Batch" >=' in page
    assert "count(*)" not in page
    assert "count(*)" in count
    assert "URI" not in count


def test_what_is_below_a_prefix_is_counted_without_reading_uris(
    catalog: SqliteCatalog, place: Place, asked: list[str]
) -> None:
    query = parse_simple_query(_leaf("URI", "prefix", _ROOT))
    assert catalog.queries.search(place.dataset.id, query, limit=5).total_hits == _FILES
    assert "URI" not in asked[0]


def test_a_change_deletes_in_the_zones_of_its_uri(catalog: SqliteCatalog, place: Place) -> None:
    catalog.queries.search(place.dataset.id, None, limit=1)
    files = catalog.queries._of(place.dataset.id)._files
    assert files is not None
    within = files.zones.holding([f"{_ROOT}{_key(7)}"])
    assert within.sql != "true"
    with catalog.queries._instance.cursor() as cursor:
        row = cursor.execute(f"SELECT count(*) FROM {files.table} WHERE {within.sql}").fetchone()
    assert row is not None
    assert 0 < row[0] < _FILES / 4


def test_zones_that_are_learned_are_joined_with_what_is_written_meanwhile() -> None:
    zones = UriZones(new=False)
    assert zones.found() is None
    zones.widen(40, ["m", "c"])
    zones.learn([(0, "a", "b", 3), (1, "d", "z", 2)])
    zones.learn([(5, "a", "z", 9)])  # somebody else did meanwhile
    found = zones.found()
    assert found is not None
    assert found.zones == [Zone(0, "a", "b", 3), Zone(1, "c", "z", 4)]
    assert found.rows == 7


def test_the_first_zones_have_all_that_comes_before_a_uri() -> None:
    zones = [Zone(number, first, "z", 10) for number, first in enumerate("abcd")]
    assert len(first_zones(zones, 15, "")) == 2
    assert len(first_zones(zones, 15, "c")) == 3
    assert len(first_zones(zones, 99, "")) == 4
    found = ZoneMap(reversed(zones))
    assert found.zones == zones


def test_ranges_of_zones() -> None:
    def within(*numbers: int) -> str | None:
        condition = in_zones(Zone(number, "a", "b", 1) for number in numbers)
        return None if condition is None else condition.sql

    assert within() == "false"
    assert within(3, 2) == '("Batch" >= 64 AND "Batch" < 128)'
    assert within(*range(0, 200, 2)) is None


@pytest.mark.parametrize(
    ("query", "part"),
    [
        (_leaf("URI", "prefix", "oss://a"), ("oss://a", "oss://b", "true")),
        (_leaf("URI", "eq", "oss://a"), ("oss://a", "oss://a\0", "true")),
        (_leaf("URI", "gt", "oss://a"), None),
        ({"Operation": "not", "SubQueries": [_leaf("URI", "eq", "oss://a")]}, None),
        ({"Operation": "or", "SubQueries": [_leaf("URI", "eq", "a"), _leaf("URI", "eq", "b")]}, None),
        (_leaf("URI", "prefix", "a" * (MAX_TEXT + 1)), None),
    ],
)
def test_what_a_query_asks_of_uris(query: dict[str, Any], part: tuple[str, str, str] | None) -> None:
    first_behind_rest = None if part is None else UriPart(part[0], part[1], Condition(part[2]))
    assert uri_part(parse_simple_query(query)) == first_behind_rest
