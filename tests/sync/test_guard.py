"""The deletion guard: which listings may remove, and the keys it keeps until then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.sync import guard
from bindery.sync.guard import Gone, refusal
from bindery.sync.settings import SyncSettings

SETTINGS = SyncSettings(guard_share=0.2, guard_count=100)


@pytest.mark.parametrize(
    ("gone", "known", "held"),
    [
        (0, 0, False),
        (100, 100, False),
        (101, 505, False),
        (101, 504, True),
        (1_000, 1_000_000, False),
        (200_000, 1_000_000, False),
        (200_001, 1_000_000, True),
    ],
)
def test_both_limits_must_be_passed(gone: int, known: int, held: bool) -> None:
    found = refusal(gone, known, 1, SETTINGS, mounted=True)
    assert (found is not None) == held


def test_the_reason_says_what_to_do() -> None:
    held = refusal(300, 1_000, 700, SETTINGS, mounted=False)
    assert held is not None
    assert held.count == 300
    assert held.reason.startswith("DeletionGuard: ")
    assert "300 of 1000" in held.reason
    assert "StopBinding and ResumeBinding" in held.reason


@pytest.mark.parametrize(("mounted", "held"), [(True, True), (False, False)])
def test_an_empty_folder_may_be_a_disk_that_is_not_mounted(mounted: bool, held: bool) -> None:
    assert (refusal(3, 3, 0, SETTINGS, mounted=mounted) is not None) == held


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000), st.booleans())
def test_confirmed_removals_are_allowed_and_no_more(
    gone: int, rest: int, confirmed: int, mounted: bool
) -> None:
    held = refusal(gone, gone + rest, rest, SETTINGS, mounted=mounted, confirmed=confirmed)
    if gone <= confirmed:
        assert held is None
    else:
        assert held == refusal(gone, gone + rest, rest, SETTINGS, mounted=mounted)


@given(st.lists(st.lists(st.text(), max_size=5), max_size=5), st.integers(1, 4))
def test_keys_come_back_in_order(pages: list[list[str]], size: int) -> None:
    gone = Gone()
    for page in pages:
        gone.add(page)
    expected = [key for page in pages for key in page]
    found = list(gone.pages(size))
    gone.close()
    assert [key for page in found for key in page] == expected
    assert all(len(page) <= size for page in found)
    assert gone.count == len(expected)


def test_many_keys_go_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_IN_MEMORY_BYTES", 100)
    gone = Gone()
    keys = [f"line\nbreak {number} é" for number in range(1_000)]
    gone.add(keys)
    assert gone._file._rolled  # type: ignore[attr-defined]
    assert [key for page in gone.pages() for key in page] == keys
    gone.close()


def test_keys_below_a_gap_are_left_out() -> None:
    gone = Gone()
    gone.add([f"a/{number}" for number in range(2_500)] + ["ab", "b/1", "c"])
    gone.leave_out({"a/", "b/"})
    assert (gone.count, list(gone.pages())) == (2, [["ab", "c"]])
    gone.leave_out(frozenset())
    assert (gone.count, list(gone.pages())) == (0, [])
    gone.close()
