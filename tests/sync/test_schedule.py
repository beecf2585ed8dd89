"""When a bucket is listed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bindery.sync import schedule as schedule_module
from bindery.sync.schedule import Schedule
from bindery.sync.settings import SyncSettings


class Clock:
    now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(schedule_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(schedule_module, "random", SimpleNamespace(uniform=lambda low, high: 1.0))
    return clock


def pause(schedule: Schedule, clock: Clock, *, took: float = 0.0, **ended: bool) -> float:
    """How long after its end a listing is followed by the next."""
    schedule.begin(polls=ended.get("polls", False), watches=True)
    clock.now += took
    schedule.end(polls=ended.get("polls", False), partly=ended.get("partly", False))
    waited = 0.0
    while not schedule.is_due():
        clock.now += 0.5
        waited += 0.5
    return waited


def test_what_was_not_complete_is_listed_again_soon_and_then_less_and_less_often(clock: Clock) -> None:
    schedule = Schedule(SyncSettings(folder_reconcile_interval=60.0))
    assert pause(schedule, clock) == 60
    assert [pause(schedule, clock, partly=True) for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    assert pause(schedule, clock) == 60
    assert pause(schedule, clock, partly=True) == 2


def test_a_long_listing_is_not_repeated_at_once(clock: Clock) -> None:
    schedule = Schedule(SyncSettings(folder_reconcile_interval=60.0, folder_poll_interval=5.0))
    assert pause(schedule, clock, took=5.0, partly=True) == 20
    assert pause(schedule, clock, took=5.0, polls=True) == 20
    assert pause(schedule, clock, took=200.0) == 200
    schedule.begin(polls=False, watches=True)
    schedule.ask()
    assert schedule.is_due()


def test_events_that_tell_everything_make_listings_rarer(clock: Clock) -> None:
    """Only where it is wished for; what they did not tell makes listings as frequent as before."""

    def listed(schedule: Schedule, found_alone: int, *, told: bool) -> float:
        if told:
            schedule.note_event()
        schedule.begin(polls=False, watches=False)
        schedule.judge_events(found_alone)
        schedule.end(polls=False)
        began = clock.now
        while not schedule.is_due():
            clock.now += 5
        return clock.now - began

    schedule = Schedule(SyncSettings(reconcile_interval=300.0, reconcile_interval_with_events=3_600.0))
    assert listed(schedule, 0, told=False) == 300
    assert [listed(schedule, 0, told=True) for _ in range(5)] == [600, 1_200, 2_400, 3_600, 3_600]
    assert listed(schedule, 0, told=False) == 3_600
    assert listed(schedule, 1, told=True) == 300
    assert listed(schedule, 0, told=True) == 600
    schedule = Schedule(SyncSettings(reconcile_interval=300.0))
    assert [listed(schedule, 0, told=True) for _ in range(3)] == [300, 300, 300]
