"""When a bucket is listed."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from tests.own_threads import with_others_here

from bindery.sync import schedule as schedule_module
from bindery.sync.catching_up import CatchingUp
from bindery.sync.schedule import Schedule
from bindery.sync.settings import SyncSettings


class Clock:
    now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(schedule_module, "time", with_others_here(time, monotonic=lambda: clock.now))
    plain = SimpleNamespace(uniform=lambda low, high: 1.0)
    monkeypatch.setattr(schedule_module, "random", SimpleNamespace(Random=lambda seed: plain))
    return clock


def schedule_of(settings: SyncSettings, binding_id: int = 1, at_once: int = 4) -> Schedule:
    return Schedule(settings, binding_id, CatchingUp(at_once, schedule_module.time.monotonic))


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
    schedule = schedule_of(SyncSettings(folder_reconcile_interval=60.0))
    assert pause(schedule, clock) == 60
    assert [pause(schedule, clock, partly=True) for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    assert pause(schedule, clock) == 60
    assert pause(schedule, clock, partly=True) == 2


def test_a_long_listing_is_not_repeated_at_once(clock: Clock) -> None:
    schedule = schedule_of(SyncSettings(folder_reconcile_interval=60.0, folder_poll_interval=5.0))
    assert pause(schedule, clock, took=5.0, partly=True) == 20
    assert pause(schedule, clock, took=5.0, polls=True) == 20
    assert pause(schedule, clock, took=200.0) == 200
    schedule.begin(polls=False, watches=True)
    schedule.ask()
    assert schedule.is_due()


def test_who_asks_while_a_listing_begins_is_heard_by_the_next(clock: Clock) -> None:
    schedule = schedule_of(SyncSettings())

    class AskedBehindTheLook(threading.Event):
        def is_set(self) -> bool:
            found = super().is_set()
            self.set()
            return found

    schedule._asked = AskedBehindTheLook()
    assert [schedule.begin(polls=False, watches=True) for _ in range(2)] == [False, True]


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

    schedule = schedule_of(SyncSettings(reconcile_interval=300.0, reconcile_interval_with_events=3_600.0))
    assert listed(schedule, 0, told=False) == 300
    assert [listed(schedule, 0, told=True) for _ in range(5)] == [600, 1_200, 2_400, 3_600, 3_600]
    assert listed(schedule, 0, told=False) == 3_600
    assert listed(schedule, 1, told=True) == 300
    assert listed(schedule, 0, told=True) == 600
    schedule = schedule_of(SyncSettings(reconcile_interval=300.0))
    assert [listed(schedule, 0, told=True) for _ in range(3)] == [300, 300, 300]


def caught_up(schedule: Schedule, last: int | None = None) -> None:
    schedule.catch_up(last, lambda: None, polls=False, watches=True)


def list_once(schedule: Schedule) -> None:
    schedule.begin(polls=False, watches=True)
    schedule.end(polls=False)


def test_whoever_catches_up_waits_for_his_turn_and_no_longer_than_an_interval(clock: Clock) -> None:
    settings, turns = SyncSettings(folder_reconcile_interval=60.0), CatchingUp(1, lambda: clock.now)
    first, second, third = (Schedule(settings, number, turns) for number in range(3))
    clock.now = 1_000.0
    for number, schedule in enumerate((first, second, third)):
        caught_up(schedule, number)
    assert [schedule.is_due() for schedule in (first, second, third)] == [True, False, False]
    list_once(first)
    assert [schedule.is_due() for schedule in (first, second, third)] == [False, True, False]
    second.begin(polls=False, watches=True)
    third.ask()
    assert third.is_due()  # somebody waits for it
    second.end(polls=False)
    list_once(third)
    assert not third.is_due()
    clock.now += 60
    assert third.is_due()


def test_what_is_missed_while_a_listing_goes_on_is_for_the_next_one(clock: Clock) -> None:
    turns = CatchingUp(1, lambda: clock.now)
    schedule = Schedule(SyncSettings(folder_reconcile_interval=60.0), 1, turns)
    clock.now = 1_000.0
    caught_up(schedule)
    schedule.begin(polls=False, watches=True)
    caught_up(schedule)
    clock.now += 5
    schedule.end(polls=False)
    assert schedule.is_due()
    list_once(schedule)
    assert not schedule.is_due()


def test_lives_that_end_do_not_put_off_what_was_missed(clock: Clock) -> None:
    turns = CatchingUp(1, lambda: clock.now)
    for other in range(10, 100):
        turns.join(other, 0, lambda: None)
    schedule = Schedule(SyncSettings(folder_reconcile_interval=60.0), 1, turns)
    clock.now, waited = 1_000.0, 0
    while not schedule.is_due() or waited == 0:
        caught_up(schedule, 1)
        assert not schedule.is_due()
        clock.now, waited = clock.now + 5, waited + 5
        if not schedule.is_due():
            schedule.give_up()
    assert waited == 60


def test_bindings_spread_by_their_number_alone() -> None:
    def pauses(binding_id: int) -> list[float]:
        schedule = schedule_of(SyncSettings(folder_reconcile_interval=60.0), binding_id)
        return [schedule._interval(polls=False, watches=True) for _ in range(3)]

    assert pauses(1) == pauses(1) != pauses(2)
    spread = [pauses(number)[0] for number in range(100)]
    assert 54 <= min(spread) < 56
    assert 64 < max(spread) <= 66
