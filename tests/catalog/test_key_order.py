"""Rows of the ledger by filter, marks for another extraction, and entries in order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bindery.catalog.catalog import Catalog
from bindery.catalog.record import ledger
from bindery.catalog.record.key_order import text_behind
from bindery.catalog.records import LedgerEntry, LedgerFilter, Outcome, ScanCommit

from .samples import Place, entry_of, make_place, write_of

ROWS = [
    replace(entry_of("a/1"), extractor_version=1),
    replace(entry_of("a/2", Outcome.FAILED), reason="ParseFailed: broken", extractor_version=2),
    replace(entry_of("a/3", Outcome.FAILED), reason="ParseFailedTwice: odd", extractor_version=1),
    replace(entry_of("b/1", Outcome.PENDING), reason="StoreUnavailable: later: again"),
    replace(entry_of("b/2", Outcome.EXCLUDED), extractor_version=0),
    replace(entry_of("é/\U0010ffff", Outcome.FAILED), reason="ParseFailed", extractor_version=3),
]


def fill(catalog: Catalog, place: Place, rows: list[LedgerEntry]) -> None:
    catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, ledger=tuple(rows)))


def keys(catalog: Catalog, place: Place, **chosen: Any) -> list[str]:
    return [row.key for row in catalog.ledger.list(place.binding.id, LedgerFilter(**chosen)).rows]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ["a/1", "a/2", "a/3", "b/1", "b/2", "é/\U0010ffff"]),
        ({"outcome": Outcome.FAILED}, ["a/2", "a/3", "é/\U0010ffff"]),
        ({"reason": "ParseFailed"}, ["a/2", "é/\U0010ffff"]),
        ({"reason": "ParseFailed*"}, ["a/2", "a/3", "é/\U0010ffff"]),
        ({"reason": "StoreUnavailable"}, ["b/1"]),
        ({"reason": "Parse"}, []),
        ({"reason": "%"}, []),
        ({"prefix": "a/"}, ["a/1", "a/2", "a/3"]),
        ({"prefix": "a/2"}, ["a/2"]),
        ({"prefix": "é/\U0010ffff"}, ["é/\U0010ffff"]),
        ({"prefix": "a", "outcome": Outcome.FAILED, "reason": "ParseFailed"}, ["a/2"]),
        ({"extractor_version_below": 2}, ["a/1", "a/3"]),
        ({"extractor_version_below": 3, "outcome": Outcome.FAILED}, ["a/2", "a/3"]),
    ],
)
def test_rows_that_pass_every_filter(
    catalog: Catalog, place: Place, chosen: dict[str, Any], expected: list[str]
) -> None:
    fill(catalog, place, ROWS)
    assert keys(catalog, place, **chosen) == expected


def every_page(catalog: Catalog, place: Place, chosen: LedgerFilter, limit: int) -> tuple[list[str], int]:
    """The keys of all pages, and how many these were."""
    found: list[str] = []
    after: str | None = ""
    pages = 0
    while after is not None:
        page = catalog.ledger.list(place.binding.id, chosen, after=after, limit=limit)
        assert len(page.rows) <= limit
        found += [row.key for row in page.rows]
        after, pages = page.after, pages + 1
    return found, pages


def test_pages_go_on_behind_a_key(catalog: Catalog, place: Place) -> None:
    fill(catalog, place, [entry_of(f"{number:03}") for number in range(25)])
    assert every_page(catalog, place, LedgerFilter(), 10) == ([f"{number:03}" for number in range(25)], 3)


@pytest.mark.parametrize(
    "chosen",
    [
        LedgerFilter(extractor_version_below=2),
        LedgerFilter(extractor_version_below=2, prefix="k/1"),
        LedgerFilter(extractor_version_below=2, outcome=Outcome.INDEXED),
        LedgerFilter(extractor_version_below=2, outcome=Outcome.FAILED),
        LedgerFilter(outcome=Outcome.DELETED),
        LedgerFilter(reason="*"),
    ],
    ids=str,
)
def test_a_page_looks_through_so_many_rows_and_the_next_goes_on_there(
    catalog: Catalog, place: Place, chosen: LedgerFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST_LOOKED_THROUGH", 7)
    rows = [
        replace(
            entry_of(f"k/{number:03}", Outcome.FAILED if number % 5 == 0 else Outcome.INDEXED),
            extractor_version=1 if number % 9 == 0 else 2,
            reason="ParseFailed" if number % 5 == 0 else "",
        )
        for number in range(0, 200, 3)
    ]
    fill(catalog, place, rows)
    gone = ScanCommit(binding_id=place.binding.id, deleted_keys=("k/012", "k/150"))
    catalog.bindings.commit(gone)
    kept = list(catalog.ledger.get(place.binding.id, [row.key for row in rows]).values())
    expected = [row.key for row in kept if chosen.passes(row)]
    assert expected
    for limit in (1, 3, 100):
        found, pages = every_page(catalog, place, chosen, limit)
        assert found == expected
        assert pages > 1 or chosen.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "chosen",
    [
        LedgerFilter(reason="Rare"),
        LedgerFilter(reason="Rare*"),
        LedgerFilter(reason="Rare", prefix="k/1"),
        LedgerFilter(reason="Rare", outcome=Outcome.PENDING),
        LedgerFilter(reason="None"),
        LedgerFilter(outcome=Outcome.FAILED, extractor_version_below=2),
    ],
    ids=str,
)
def test_a_rare_reason_among_many_failures_is_looked_for_by_pages(
    catalog: Catalog, place: Place, chosen: LedgerFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MOST_LOOKED_THROUGH", 7)
    rows = [
        replace(
            entry_of(f"k/{number:03}", Outcome.PENDING if number % 3 == 0 else Outcome.FAILED),
            reason="Rare: one" if number % 17 == 0 else "Common: many",
            extractor_version=1 if number % 40 == 1 else 2,
        )
        for number in range(120)
    ]
    fill(catalog, place, rows)
    expected = [row.key for row in rows if chosen.passes(row)]
    for limit in (1, 3, 100):
        found, pages = every_page(catalog, place, chosen, limit)
        assert found == expected
        assert pages > 1


def test_a_mark_forgets_the_version_and_nothing_else(catalog: Catalog, place: Place) -> None:
    fill(catalog, place, [replace(row, attempts=4) for row in ROWS])
    catalog.bindings.commit(ScanCommit(binding_id=place.binding.id, deleted_keys=("a/1",)))
    assert catalog.ledger.mark(place.binding.id, ["a/1", "a/2", "absent"]) == 1
    rows = catalog.ledger.get(place.binding.id, ["a/1", "a/2", "a/3"])
    assert rows["a/1"].outcome is Outcome.DELETED
    assert rows["a/2"] == replace(ROWS[1], etag="", attempts=0)
    assert rows["a/3"] == replace(ROWS[2], attempts=4)


def test_entries_ascend_by_bytes_below_their_prefix(catalog: Catalog, place: Place) -> None:
    names = ["a", "a/b", "a0", "z", "é", "\uffff", "😀", "\U0010ffff", *map(str, range(1_100))]
    catalog.files.write(
        place.dataset.id,
        [
            write_of("kept", "buckeu", etag='"other"'),
            *(write_of(name, etag=f'"{name}"', size=len(name), object_status="Failed") for name in names),
            write_of("bound", binding_id=place.binding.id),
        ],
    )
    catalog.files.delete(place.dataset.id, ["oss://bucket/z"])
    pages = list(catalog.files.walk(place.dataset.id, "oss://bucket/"))
    found = [entry for page in pages for entry in page]
    expected = sorted({*names, "bound"} - {"z"}, key=str.encode)
    assert [entry.uri for entry in found] == [f"oss://bucket/{name}" for name in expected]
    by_name = {entry.uri.removeprefix("oss://bucket/"): entry for entry in found}
    assert by_name["bound"].binding_id == place.binding.id
    assert by_name["bound"].etag == ""
    entry = by_name["a/b"]
    assert (entry.etag, entry.size, entry.object_status, entry.binding_id) == ("a/b", 3, "Failed", None)


@given(st.text(max_size=5), st.text(max_size=5))
def test_the_text_behind_a_prefix(prefix: str, text: str) -> None:
    behind = text_behind(prefix)
    if text.startswith(prefix):
        assert behind is None or text < behind
    elif text > prefix:
        assert behind is not None
        assert text >= behind


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sets(st.text("ab\U0010ffff\ud7ff\ue000", max_size=4)), st.text("ab\U0010ffff\ud7ff", max_size=3))
def test_any_prefix(catalog: Catalog, place_of_many: Any, names: set[str], prefix: str) -> None:
    place = place_of_many()
    fill(catalog, place, [entry_of(name) for name in names if name])
    expected = sorted(name for name in names if name and name.startswith(prefix))
    assert keys(catalog, place, prefix=prefix) == expected


@pytest.fixture
def place_of_many(catalog: Catalog) -> Any:
    numbers = iter(range(1_000_000))
    return lambda: make_place(catalog, f"place{next(numbers)}")
