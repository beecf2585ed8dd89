"""What waits to be looked at again."""

from __future__ import annotations

import time

import pytest
from tests.own_threads import replace_here

from bindery.sync.inbox import Inbox


class Clock:
    """Time that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return int(self.now * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    replace_here(monkeypatch, time, "monotonic", clock.monotonic)
    replace_here(monkeypatch, time, "time_ns", clock.time_ns)
    return clock


def test_keys_are_taken_once_and_in_order(clock: Clock) -> None:
    inbox = Inbox()
    inbox.add(["b"])
    clock.now += 1
    inbox.add(["a", "b"])
    assert inbox.take(1) == ["b"]
    assert inbox.take(9) == ["a"]
    assert inbox.take(9) == []
    assert len(inbox) == 0


def test_the_earlier_of_two_due_times_counts(clock: Clock) -> None:
    inbox = Inbox()
    inbox.add(["k"], delay=5)
    inbox.add(["k"], delay=9)
    assert inbox.wait_time(60) == 5
    inbox.add(["k"], delay=1)
    assert inbox.wait_time(60) == 1
    assert inbox.take(9) == []
    clock.now += 1
    assert inbox.take(9) == ["k"]
    clock.now += 100
    assert inbox.take(9) == []
    assert inbox.wait_time(60) == 60


def test_a_key_that_is_worked_on_still_waits(clock: Clock) -> None:
    inbox = Inbox()
    inbox.add(["k"])
    since = inbox.oldest()
    clock.now += 3
    assert inbox.take(9) == ["k"]
    assert inbox.oldest() == since
    assert inbox.age("k") == 3
    inbox.add(["k"], delay=1)  # not settled yet
    inbox.done(["k"])
    assert inbox.age("k") == 3
    clock.now += 1
    assert inbox.take(9) == ["k"]
    inbox.done(["k"])
    assert inbox.oldest() is None
    assert inbox.age("k") == 0


def test_oldest_is_over_keys_and_prefixes(clock: Clock) -> None:
    inbox = Inbox()
    inbox.add_prefixes(["p/"])
    first = clock.time_ns()
    clock.now += 1
    inbox.add(["k"])
    assert inbox.oldest() == first
    assert inbox.wait_time(60) == 0
    inbox.take_prefixes()
    assert inbox.oldest() == first + 1_000_000_000


def test_prefixes_below_others_are_left_out() -> None:
    inbox = Inbox()
    inbox.add_prefixes(["a/b/", "c/", "a/", "ab/", "a/b/c/"])
    assert inbox.take_prefixes() == ["a/", "ab/", "c/"]
    assert inbox.take_prefixes() == []


def test_clear_forgets_everything() -> None:
    inbox = Inbox()
    inbox.add(["a", "b"])
    inbox.add_prefixes(["p/"])
    inbox.clear()
    assert (inbox.take(9), inbox.take_prefixes(), inbox.oldest(), len(inbox)) == ([], [], None, 0)
