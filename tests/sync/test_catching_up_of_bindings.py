"""A server that starts with many bindings lists a few of their buckets at a time, and finds what was missed in all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sync_room import QUICK, Room, folder_address, memory_bucket, write

from bindery.buckets.store import StoreUnavailable
from bindery.catalog.records import BindingState
from bindery.sync import catching_up

OpenRoom = Callable[..., Room]
COUNT = 8
SLOW = msgspec.structs.replace(
    QUICK,
    reconcile_interval=3_600,
    folder_reconcile_interval=3_600,
    folder_poll_interval=3_600,
    catch_up_listings=2,
)


class Listings:
    """Counts those under way at the same time, over all stores of a room. Each waits until it may go on."""

    def __init__(self, room: Room, names: list[str]) -> None:
        self.most = 0
        self.order: list[str] = []
        self._under_way: set[str] = set()
        self._lock = threading.Lock()
        self.go_on = threading.Event()
        for name in names:
            store = room.store(name)
            store.before_page = lambda name=name: self._begin(name)

    def _begin(self, name: str) -> None:
        with self._lock:
            self._under_way.add(name)
            self.order.append(name)
            self.most = max(self.most, len(self._under_way))
        assert self.go_on.wait(60)
        with self._lock:
            self._under_way.discard(name)

    @property
    def under_way(self) -> int:
        return len(self._under_way)


@pytest.fixture(autouse=True)
def turns_that_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, a turn ends with its listing."""
    monkeypatch.setattr(catching_up, "TURN_SECONDS", 3_600.0)


@pytest.fixture
def names() -> list[str]:
    return [f"bucket-{number:02d}" for number in range(COUNT)]


def prepare(open_room: OpenRoom, tmp_path: Path, names: list[str]) -> dict[str, Path]:
    """Bindings that were scanned, in a room that has ended; and a file in each that came afterwards."""
    folders = {name: tmp_path / "buckets" / name for name in names}
    for folder in folders.values():
        write(folder / "first.bin", b"\x00first", age=60)
    room = open_room(*(folder_address(folder, name) for name, folder in folders.items()), settings=SLOW)
    room.make_dataset()
    for name in names:
        room.bind(name)
    for name in names:
        room.wait_followed(name)
    room.close()
    for folder in folders.values():
        write(folder / "missed.bin", b"\x00missed", age=30)
    return folders


def reopen(open_room: OpenRoom, folders: dict[str, Path]) -> tuple[Room, Listings]:
    addresses = [folder_address(folder, name) for name, folder in folders.items()]
    room = open_room(*addresses, settings=SLOW, start=False)
    listings = Listings(room, list(folders))
    room.engine.start()
    return room, listings


def test_a_start_lists_a_few_buckets_at_a_time(
    open_room: OpenRoom, tmp_path: Path, names: list[str]
) -> None:
    room, listings = reopen(open_room, prepare(open_room, tmp_path, names))
    room.wait(lambda: listings.under_way == 2)
    room.wait(lambda: all(room.engine._followers.get(room.binding(name).id).making for name in names))
    listings.go_on.set()
    for name in names:
        room.wait_keys(name, {"first.bin", "missed.bin"})
    assert listings.most <= 2
    assert sorted(listings.order) == names  # each once


def test_who_asks_does_not_wait_for_the_others(
    open_room: OpenRoom, tmp_path: Path, names: list[str]
) -> None:
    room, listings = reopen(open_room, prepare(open_room, tmp_path, names))
    room.wait(lambda: listings.under_way == 2)
    asked = next(name for name in reversed(names) if name not in listings.order)
    room.wait(lambda: room.engine._followers.get(room.binding(asked).id).making)
    room.engine.reconcile(room.binding(asked))
    room.wait(lambda: asked in listings.order)
    listings.go_on.set()
    room.wait_keys(asked, {"first.bin", "missed.bin"})


def test_changes_are_followed_while_a_binding_waits_for_its_turn(
    open_room: OpenRoom, tmp_path: Path, names: list[str]
) -> None:
    folders = prepare(open_room, tmp_path, names)
    room, listings = reopen(open_room, folders)
    room.wait(lambda: listings.under_way == 2)
    waiting = next(name for name in reversed(names) if name not in listings.order)
    follower = room.engine._followers.get(room.binding(waiting).id)
    room.wait(lambda: follower._watching.watch is not None)
    write(folders[waiting] / "new.bin", b"\x00new")
    room.wait_keys(waiting, {"first.bin", "new.bin"})
    assert waiting not in listings.order
    listings.go_on.set()
    room.wait_keys(waiting, {"first.bin", "missed.bin", "new.bin"})


def test_stores_that_were_away_are_listed_by_turns(open_room: OpenRoom, names: list[str]) -> None:
    stores = {name: memory_bucket(name) for name in names}
    for store, _ in stores.values():
        store.put("first.bin", b"\x00first")
    room = open_room(*(address for _, address in stores.values()), settings=SLOW)
    room.make_dataset()
    for name in names:
        room.bind(name)
    for name in names:
        room.wait_followed(name)
    listings = Listings(room, names)
    for name in names:
        room.store(name).fault = StoreUnavailable("away")
        room.engine.reconcile(room.binding(name))
    for name in names:
        room.wait_state(name, BindingState.RETRYING)
        stores[name][0].put("missed.bin", b"\x00missed")
    for name in names:
        room.store(name).fault = None
    room.wait(lambda: listings.under_way == 2)
    listings.go_on.set()
    for name in names:
        room.wait_keys(name, {"first.bin", "missed.bin"})
        room.wait_state(name, BindingState.RUNNING)
    assert listings.most <= 2
