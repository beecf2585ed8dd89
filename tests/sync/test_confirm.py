"""The caller's word that held back removals are real."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sync_room import Room, memory_bucket, remove_together

from bindery.buckets.memory import MemoryStore
from bindery.sync.engine import NothingHeldBack


@pytest.fixture
def held(open_room: Callable[..., Room]) -> tuple[Room, MemoryStore]:
    """A bucket that has lost 200 of 300 objects."""
    store, address = memory_bucket()
    for number in range(300):
        store.put(f"{number:03}", b"x")
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    remove_together(store, [f"{number:03}" for number in range(200)])
    room.wait(lambda: room.binding("media").removals_held == 200)
    return room, store


def test_the_reason_names_the_way_out(held: tuple[Room, MemoryStore]) -> None:
    reason = held[0].binding("media").reason
    assert "bindery confirm" in reason
    assert "ConfirmDeletion" in reason


def test_confirmed_removals_happen_once(held: tuple[Room, MemoryStore]) -> None:
    room, store = held
    room.engine.confirm_deletion(room.binding("media"))
    room.wait_keys("media", {f"{number:03}" for number in range(200, 300)})
    room.wait(lambda: not room.binding("media").reason)
    binding = room.binding("media")
    assert (binding.removals_held, binding.removals_confirmed) == (0, 0)
    with pytest.raises(NothingHeldBack):
        room.engine.confirm_deletion(binding)
    room.check_books("media")
    for number in range(300):
        store.put(f"{number:03}", b"x")
    room.wait_keys("media", {f"{number:03}" for number in range(300)})
    room.store("media").hidden = lambda key: key < "150"  # all at once, whenever a listing runs
    room.wait(lambda: room.binding("media").removals_held == 150)


def test_more_than_was_confirmed_is_held_back_again(held: tuple[Room, MemoryStore]) -> None:
    room, store = held
    room.engine.stop_binding(room.binding("media"), "")
    room.engine.confirm_deletion(room.binding("media"))
    for number in range(200, 210):
        store.remove(f"{number:03}")
    room.engine.resume_binding(room.binding("media"))
    room.wait(lambda: room.binding("media").removals_held == 210)
    assert len(room.keys("media")) == 300


def test_what_is_held_back_is_shown_while_the_bucket_is_listed_again(
    held: tuple[Room, MemoryStore],
) -> None:
    room, _ = held
    seen: list[int] = []

    def look() -> None:
        found = room.engine.held_back(room.binding("media"))
        seen.append(0 if found is None else found.count)

    room.store("media").before_page = look
    room.wait(lambda: seen)
    assert seen[0] == 200


def test_what_is_confirmed_while_a_listing_runs_holds_for_the_next(held: tuple[Room, MemoryStore]) -> None:
    room, _ = held
    confirmed: list[None] = []

    def confirm() -> None:
        if not confirmed:
            confirmed.append(None)
            room.engine.confirm_deletion(room.binding("media"))

    room.store("media").before_page = confirm
    room.wait(lambda: len(room.keys("media")) == 100)
    room.wait(lambda: not room.binding("media").reason)
