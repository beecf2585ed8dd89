"""NextToken: opaque, tied to its query, and never a way in."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.catalog.catalog import Catalog
from bindery.catalog.query.parse import parse_simple_query, parse_sort
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.query.token import Position, fingerprint, read_token, write_token

from .samples import Place, make_place, write_of

SORT = parse_sort("Size,Duration,Title", None)
PRINT = fingerprint(1, None, SORT)


def token_of(value: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


@given(
    st.integers(-(2**63), 2**63 - 1) | st.none(),
    st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    st.text() | st.none(),
    st.text(),
)
def test_round_trip(size: int | None, duration: float | None, title: str | None, uri: str) -> None:
    position = Position(PRINT, (size, duration, title), uri)
    found = read_token(write_token(position), PRINT, SORT)
    assert found == position
    assert [type(value) for value in found.values] == [type(value) for value in position.values]


GOOD: list[Any] = [1, 1.5, "t"]


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "é",
        "====",
        "e30",
        "!!!!",
        "A" * 100_000,
        token_of({}),
        token_of([]),
        token_of([PRINT]),
        token_of([PRINT, GOOD]),
        token_of([PRINT, GOOD, 5]),
        token_of([PRINT, GOOD[:2], "u"]),
        token_of([PRINT, [*GOOD, 1], "u"]),
        token_of([PRINT, ["1", 1.5, "t"], "u"]),
        token_of([PRINT, [1, "x", "t"], "u"]),
        token_of([PRINT, [1, 1.5, 7], "u"]),
        token_of([PRINT, [2**63, 1.5, "t"], "u"]),
        token_of([PRINT, [True, 1.5, "t"], "u"]),
        token_of([PRINT, [1, 1.5, ["t"]], "u"]),
        token_of(["other", GOOD, "u"]),
        base64.urlsafe_b64encode(b"[" * 10_000).decode(),
        base64.urlsafe_b64encode(b'["\\ud800",[],""]').decode(),
    ],
    ids=range(22),
)
def test_other_tokens_are_refused(token: str) -> None:
    with pytest.raises(QueryError, match="NextToken"):
        read_token(token, PRINT, SORT)


def test_a_token_belongs_to_its_query(catalog: Catalog, place: Place) -> None:
    other = make_place(catalog, "other")
    for dataset in (place.dataset, other.dataset):
        catalog.files.write(dataset.id, [write_of(f"k{number}", size=number) for number in range(5)])
    query = parse_simple_query({"Field": "Size", "Operation": "gte", "Value": "0"})
    different = parse_simple_query({"Field": "Size", "Operation": "gte", "Value": "1"})
    sort = parse_sort("Size", "asc")
    token = catalog.queries.search(place.dataset.id, query, sort=sort, limit=2).next_token
    for dataset_id, tree, order in (
        (other.dataset.id, query, sort),
        (place.dataset.id, different, sort),
        (place.dataset.id, None, sort),
        (place.dataset.id, query, parse_sort("Size", "desc")),
        (place.dataset.id, query, ()),
    ):
        with pytest.raises(QueryError, match="another query"):
            catalog.queries.search(dataset_id, tree, sort=order, limit=2, token=token)
    assert catalog.queries.search(place.dataset.id, query, sort=sort, limit=1, token=token).total_hits == 5
    fuzzy = catalog.queries.fuzzy_search(place.dataset.id, "k", limit=2).next_token
    with pytest.raises(QueryError, match="another query"):
        catalog.queries.fuzzy_search(place.dataset.id, "K2", limit=2, token=fuzzy)


@pytest.mark.parametrize("sort", ["", "Size", "Title,Size"])
def test_unchanged_entries_are_shown_once_while_others_change(
    catalog: Catalog, place: Place, sort: str
) -> None:
    """Entries with even numbers stay; odd ones come, go and change their place between pages."""
    steady = {f"oss://bucket/{number:03d}" for number in range(0, 60, 2)}
    catalog.files.write(
        place.dataset.id,
        [write_of(f"{number:03d}", size=number % 7, title=str(number % 3)) for number in range(0, 60, 2)],
    )
    found: list[str] = []
    token, step = "", 0
    while True:
        page = catalog.queries.search(
            place.dataset.id, None, sort=parse_sort(sort, "asc" if sort else None), limit=4, token=token
        )
        found += [msgspec.json.decode(document)["URI"] for document in page.documents]
        token = page.next_token
        if not token:
            break
        step += 1
        changed = [
            write_of(f"{number:03d}", size=(number * step) % 9) for number in range(1, 60, 2 + step % 3)
        ]
        catalog.files.write(place.dataset.id, changed)
        catalog.files.delete(
            place.dataset.id, [write.uri for write in changed[step % 2 :: 2] if write.uri not in steady]
        )
        restore = [
            write_of(f"{number:03d}", size=number % 7, title=str(number % 3)) for number in range(0, 60, 2)
        ]
        catalog.files.write(place.dataset.id, restore)
    assert sorted(uri for uri in found if uri in steady) == sorted(steady)
