"""Which bindings list for what was missed, and in what order."""

from __future__ import annotations

import random
import threading

from bindery.sync.catching_up import TURN_SECONDS, CatchingUp


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Bindings:
    """Bindings that join in any order; each lists for as long as is said."""

    def __init__(self, at_once: int) -> None:
        self.clock = Clock()
        self.turns = CatchingUp(at_once, self.clock)
        self.began: dict[int, float] = {}

    def join(self, binding_id: int, last_listing: int | None) -> None:
        self.turns.join(binding_id, last_listing, lambda: self._begin(binding_id))

    def _begin(self, binding_id: int) -> None:
        assert self.turns.is_turn(binding_id)
        self.began[binding_id] = self.clock.now


def test_few_at_a_time_the_oldest_listing_first() -> None:
    bindings, count = Bindings(at_once=4), 500
    ids = list(range(count))
    random.Random(7).shuffle(ids)
    for binding_id in range(count, count + 4):
        bindings.join(binding_id, 0)  # they take all turns before the others come
    for binding_id in ids:
        bindings.join(binding_id, 1_000 + binding_id)
    order = []
    while len(bindings.began) > len(order):
        new = [each for each in bindings.began if each not in order]
        order += new
        assert len(new) <= 4
        for binding_id in new:
            bindings.turns.leave(binding_id)
    assert order == [*range(count, count + 4), *range(count)]


def test_one_that_was_never_listed_comes_first() -> None:
    bindings = Bindings(at_once=1)
    bindings.join(1, 5)
    bindings.join(2, 4)
    bindings.join(3, None)
    bindings.turns.leave(1)
    assert list(bindings.began) == [1, 3]


def test_listings_that_take_long_hold_up_nobody_for_long() -> None:
    """Every one begins within the number of bindings times ten seconds, by turns, whatever the others do."""
    bindings = Bindings(at_once=2)
    for binding_id in range(10):
        bindings.join(binding_id, binding_id)
    for _ in range(5):
        bindings.clock.now += TURN_SECONDS
        assert not bindings.turns.is_turn(99)  # whoever asks next lets the others begin
    assert [bindings.began[binding_id] for binding_id in range(10)] == [
        turn * TURN_SECONDS for turn in range(5) for _ in range(2)
    ]
    assert all(bindings.turns.is_turn(binding_id) for binding_id in range(10))


def test_who_leaves_before_his_turn_holds_up_nobody() -> None:
    bindings = Bindings(at_once=1)
    for binding_id in range(3):
        bindings.join(binding_id, binding_id)
    bindings.turns.leave(1)
    bindings.turns.leave(1)
    bindings.turns.leave(0)
    assert list(bindings.began) == [0, 2]
    assert not bindings.turns.is_turn(0)


def test_joining_again_while_it_lists_changes_nothing() -> None:
    bindings = Bindings(at_once=1)
    for _ in range(3):
        bindings.join(1, 1)
    bindings.join(2, 2)
    bindings.turns.leave(1)
    bindings.turns.leave(2)
    assert list(bindings.began) == [1, 2]


def test_from_many_threads() -> None:
    turns, active, most = CatchingUp(3), 0, 0
    lock = threading.Lock()

    def run(binding_id: int) -> None:
        nonlocal active, most
        turn = threading.Event()
        turns.join(binding_id, binding_id, turn.set)
        assert turn.wait(60)
        with lock:
            active += 1
            most = max(most, active)
        with lock:
            active -= 1
        turns.leave(binding_id)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most <= 3
    assert not any(map(turns.is_turn, range(100)))
