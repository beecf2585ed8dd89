"""Removals that changes tell: a few follow at once, many wait and are judged together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import cast

import pytest
from sync_room import Room, memory_bucket
from tests.own_threads import with_others_here

from bindery.buckets.events import ChangedKey
from bindery.catalog.interface.ledger import Ledger
from bindery.sync import removals
from bindery.sync.removals import Removals
from bindery.sync.settings import SyncSettings

SETTINGS = SyncSettings(guard_share=0.2, guard_count=100, removal_quiet=1.0)


class Folder:
    """Keys of a ledger, a clock that is set, and the removals among them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = set(keys)
        self.now = 0.0
        self.removals = Removals(cast(Ledger, self), 1, SETTINGS)

    def count_below(self, _: int, prefix: str, *, limit: int) -> int:
        return min(limit, sum(key.startswith(prefix) for key in self.keys))

    def remove(self, keys: Sequence[str], seconds: float) -> set[str]:
        """Have these vanish one by one at even times; those that are left to a listing."""
        left: set[str] = set()
        for key in keys:
            self.now += seconds
            left |= self.judge()
            if self.removals.admit([key]):
                self.keys.discard(key)
        return left

    def settle(self) -> set[str]:
        """Nothing vanishes any more."""
        left: set[str] = set()
        while self.removals:
            self.now += self.removals.seconds_left(3_600)
            left |= self.judge()
        return left

    def judge(self) -> set[str]:
        if not self.removals or self.removals.seconds_left(1.0):
            return set()
        verdict = self.removals.judge()
        self.keys -= set(verdict.removed)
        self.removals.settle([*verdict.removed, *verdict.left])
        return set(verdict.left)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[str]], Folder]:
    def make(keys: Sequence[str]) -> Folder:
        made = Folder(keys)
        monkeypatch.setattr(removals, "time", with_others_here(time, monotonic=lambda: made.now))
        return made

    return make


Make = Callable[[Sequence[str]], Folder]


def below(folder: str, count: int) -> list[str]:
    return [f"{folder}{number:05}.jpg" for number in range(count)]


def test_a_few_go_at_once(folder: Make) -> None:
    made = folder(below("a/", 50))
    assert made.removals.admit(below("a/", 10))
    assert not made.removals
    assert not made.removals.admit(["a/00010.jpg"])
    assert list(made.removals) == ["a/00010.jpg"]


def test_what_a_person_removes_one_by_one_goes(folder: Make) -> None:
    made = folder(below("a/", 300))
    assert made.remove(below("a/", 300), seconds=2.0) == set()
    assert made.keys == set()


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.05, 0.2])
@pytest.mark.parametrize("depth", ["", "deep/er/"])
def test_a_folder_that_vanishes_steadily_is_held(folder: Make, seconds: float, depth: str) -> None:
    """Whatever the pace, most of it is there still when it is asked about."""
    keys = below(f"a/{depth}", 2_000)
    made = folder([*keys, *below("b/", 20_000)])
    left = made.remove(keys, seconds) | made.settle()
    assert len(left) >= 1_600
    assert made.keys >= left


@pytest.mark.parametrize(("count", "held"), [(110, False), (190, False), (230, True), (600, True)])
def test_the_bucket_as_a_whole_is_guarded_as_by_a_listing(folder: Make, count: int, held: bool) -> None:
    keys = [f"{number * 9973 % 1_000:03}/{number}" for number in range(1_000)]
    made = folder(keys)
    left = made.remove(keys[:count], seconds=0.01) | made.settle()
    assert bool(left) == held
    assert len(made.keys) == 1_000 - count if not held else len(made.keys) >= 990


def test_half_of_a_folder_goes(folder: Make) -> None:
    keys = below("a/", 1_000)
    made = folder([*keys, *below("b/", 9_000)])
    assert made.remove(keys[:500], seconds=0.01) | made.settle() == set()
    assert len(made.keys) == 9_500


def test_a_folder_whose_files_are_replaced_does_not_vanish(folder: Make) -> None:
    made = folder(below("cache/", 500))
    names = iter(range(500, 100_000))
    for number in range(5_000):
        made.keys.add(f"cache/{next(names):05}.jpg")
        assert made.remove([f"cache/{number:05}.jpg"], seconds=0.05) == set()
    assert made.settle() == set()
    assert len(made.keys) == 500


def test_what_is_there_again_neither_waits_nor_counts(folder: Make) -> None:
    keys = below("a/", 400)
    made = folder(keys)
    assert not made.removals.admit(keys)
    made.removals.forget(keys[:390])
    assert made.settle() == set()
    assert made.keys == set(keys[:390])


def test_more_than_may_wait_is_judged_at_once(folder: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removals, "_MOST_WAITING", 300)
    keys = below("a/", 400)
    made = folder(keys)
    made.remove(keys, seconds=0.01)
    assert len(made.removals.judge().left) >= 300


@pytest.mark.parametrize(("count", "held"), [(60, False), (300, True)])
def test_removals_told_by_events_of_an_object_store_are_guarded(
    open_room: Callable[..., Room], count: int, held: bool
) -> None:
    store, address = memory_bucket()
    keys = [f"{'photos' if number < 300 else 'other'}/{number}.bin" for number in range(500)]
    for key in keys:
        store.put(key, b"\x00")
    room = open_room(address, settings=SyncSettings(reconcile_interval=3_600, removal_quiet=3.0))
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    for key in keys[:count]:
        store.remove(key)
    room.engine.accept_events([ChangedKey("media", key) for key in keys[:count]]).result(60)
    if held:
        reason = room.wait(lambda: room.binding("media").reason)
        assert reason.startswith(f"DeletionGuard: the last listing lacks {count} of 500")
        assert room.keys("media") == set(keys)
        room.engine.confirm_deletion(room.binding("media"))
    room.wait_keys("media", set(keys[count:]))
    room.wait(lambda: room.progress("media").oldest_pending_change is None)
    room.wait(lambda: room.binding("media").reason == "")
