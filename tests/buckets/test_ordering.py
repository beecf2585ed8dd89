"""Listings in another order than that of UTF-8."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.buckets import ordering
from bindery.buckets.ordering import Order, lower_bound, order_of, restore_order
from bindery.buckets.store import ObjectInfo, StoreMisconfigured

_CHARACTERS = "a/\ud7ff\ue000！：\uffff\U00010000😀\U0010ffff"
_KEYS = st.sets(st.text(_CHARACTERS, min_size=1, max_size=6), max_size=60)


def utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def infos(keys: Iterable[str]) -> list[ObjectInfo]:
    return [ObjectInfo(key, 1, "e", 0, "Standard", "Normal") for key in keys]


def restored(keys: list[str], order: Order, page: int = 3) -> list[str]:
    pages = (infos(keys[start : start + page]) for start in range(0, len(keys), page))
    return [info.key for found in restore_order(pages, order) for info in found]


@given(_KEYS)
def test_the_order_of_utf16_becomes_that_of_utf8(keys: set[str]) -> None:
    assert restored(sorted(keys, key=utf16), "utf16") == sorted(keys)


@given(_KEYS)
def test_a_store_said_to_list_by_utf16_may_list_by_utf8(keys: set[str]) -> None:
    assert restored(sorted(keys), "utf16") == sorted(keys)


@given(st.permutations(sorted({f"{a}{b}" for a in _CHARACTERS for b in _CHARACTERS})))
def test_any_order_is_sorted(keys: list[str]) -> None:
    assert restored(keys, "none") == sorted(keys)


@given(_KEYS, st.text(_CHARACTERS, max_size=6))
def test_a_listing_from_the_lower_bound_lacks_nothing(keys: set[str], start: str) -> None:
    first = lower_bound(start, "utf16")
    listed = [key for key in sorted(keys, key=utf16) if utf16(key) > utf16(first)]
    assert {key for key in keys if key > start} <= set(listed)


@pytest.mark.parametrize("order", ["utf16", "none"])
def test_what_does_not_fit_into_memory_spills(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "_HELD", 10)
    monkeypatch.setattr(ordering, "_LEAST_HELD", 10)
    monkeypatch.setattr(ordering, "_RUNS", 3)
    source = random.Random(4)
    keys = list({"".join(source.choices(_CHARACTERS, k=4)) for _ in range(3_000)})
    listed = sorted(keys, key=utf16) if order == "utf16" else keys
    assert restored(listed, order, 7) == sorted(keys)


def test_little_is_held_while_a_listing_goes_on() -> None:
    """Only what the order moves waits; the rest comes as it is listed."""
    taken = 0

    def pages() -> Iterable[list[ObjectInfo]]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield infos([f"{number:03d}/a", f"{number:03d}/😀", f"{number:03d}/！"])

    listing = restore_order(pages(), "utf16")
    assert [info.key for info in next(iter(listing))] == ["000/a", "000/！"]
    assert taken == 1


def test_the_option() -> None:
    assert order_of({}) == "utf8"
    assert order_of({"order": "none"}) == "none"
    with pytest.raises(StoreMisconfigured, match="utf8, utf16, none"):
        order_of({"order": "random"})
