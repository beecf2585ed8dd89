"""Two sorted streams in lock step, against sets."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import LedgerEntry, Outcome
from bindery.sync.march import is_same_version, is_unchanged, march

KEYS = st.text(st.sampled_from("ab/é\U0001f600\uffff"), min_size=1, max_size=3)
VERSIONS = st.sampled_from(["1", "2"])
OUTCOMES = st.sampled_from(Outcome)


def info(key: str, etag: str = "1", size: int = 1) -> ObjectInfo:
    return ObjectInfo(key, size, etag, 0)


def row(key: str, etag: str = "1", outcome: Outcome = Outcome.INDEXED, size: int = 1) -> LedgerEntry:
    return LedgerEntry(key=key, etag=etag, size=size, modified_ns=0, outcome=outcome)


def pages(items: list, size: int) -> list[list]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def by_bytes(keys: Iterable[str]) -> list[str]:
    return sorted(keys, key=str.encode)


@given(
    st.dictionaries(KEYS, VERSIONS, max_size=12),
    st.dictionaries(KEYS, st.tuples(VERSIONS, OUTCOMES), max_size=12),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_march_equals_sets(
    listed: dict[str, str], known: dict[str, tuple[str, Outcome]], listing_page: int, ledger_page: int
) -> None:
    listing = pages([info(key, listed[key]) for key in by_bytes(listed)], listing_page)
    ledger = pages([row(key, *known[key]) for key in by_bytes(known)], ledger_page)
    steps = list(march(listing, ledger))

    settled = {key for key, (_, outcome) in known.items() if outcome in (Outcome.INDEXED, Outcome.FAILED)}
    outside = {key for key, (_, outcome) in known.items() if outcome is Outcome.EXCLUDED}
    live = {key for key, (_, outcome) in known.items() if outcome is not Outcome.DELETED} - outside
    same = {key for key in listed.keys() & settled if listed[key] == known[key][0]}
    assert [entry.key for step in steps for entry in step.new] == by_bytes(listed.keys() - known.keys())
    assert [entry.key for step in steps for entry, _ in step.changed] == by_bytes(
        (listed.keys() & known.keys()) - same
    )
    assert sorted(key for step in steps for key in step.gone) == sorted(live - listed.keys())
    assert sorted(key for step in steps for key in step.forgotten) == sorted(outside - listed.keys())
    assert sum(step.listed for step in steps) == len(listed)
    assert sum(step.known for step in steps) == len(live)
    for step in steps:
        assert all(before.key == entry.key for entry, before in step.changed)
    last = [step.last_key.encode() for step in steps]
    assert last == sorted(last)


def test_what_is_outside_the_scope_is_told_once() -> None:
    listing = [[info("a", "1"), info("b", "1"), info("c", "2"), info("d", "1"), info("e", "1")]]
    ledger = [[row("a", "1"), row("b", "1", Outcome.EXCLUDED), row("c", "1", Outcome.EXCLUDED)]]
    ledger += [[row("e", "1", Outcome.EXCLUDED)]]
    [step] = march(listing, ledger, lambda found: found.key == "e")
    assert [entry.key for entry, _ in step.excluded] == ["a", "c", "d"]
    assert [entry.key for entry, _ in step.changed] == ["e"]
    assert (step.new, step.gone, step.forgotten, step.known) == ([], [], [], 1)


def test_a_step_deals_with_every_key_up_to_its_last() -> None:
    steps = list(march([[info("b")], [info("d")]], [[row("a"), row("c")], [row("e")]]))
    assert [(step.last_key, step.gone) for step in steps] == [("b", ["a"]), ("d", ["c"]), ("e", ["e"])]


def test_an_empty_listing_is_one_step_per_page_of_the_ledger() -> None:
    steps = list(march([], [[row("a"), row("b")], [row("c")]]))
    assert [step.gone for step in steps] == [["a", "b"], ["c"]]
    assert list(march([], [])) == []


def test_version_is_etag_and_size() -> None:
    assert is_same_version(info("k", "1", 1), row("k", "1", size=1))
    assert not is_same_version(info("k", "1", 2), row("k", "1", size=1))
    assert not is_same_version(info("k", "2", 1), row("k", "1", size=1))


def test_an_outcome_that_is_not_final_is_looked_at_again() -> None:
    final = {outcome for outcome in Outcome if is_unchanged(info("k"), row("k", outcome=outcome))}
    assert final == {Outcome.INDEXED, Outcome.FAILED}  # the scope decides of Excluded
