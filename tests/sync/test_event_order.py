"""Events of a key that is removed and written anew: whatever is under way when they come, and in whatever order, the
entry is that of the object which is there at the end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
from sync_room import InlinePool, Room, memory_bucket

from bindery.buckets.events import ChangedKey
from bindery.buckets.memory import MemoryStore
from bindery.catalog.records import Outcome
from bindery.sync.settings import SyncSettings

KEY = "key.bin"
WHEN_ASKED = SyncSettings(
    reconcile_interval=86_400, settle_time=0.0, removal_quiet=0.1, retry_initial=0.01, retry_longest=0.1
)
"""No listing mends what events have missed."""
STEPS = ("removed is told", "written anew", "anew is told")


@pytest.fixture
def hall(open_room: Callable[..., Room]) -> tuple[MemoryStore, Room]:
    store, address = memory_bucket()
    room = open_room(address, settings=WHEN_ASKED, pool=InlinePool())
    room.make_dataset()
    return store, room


def tell(room: Room, *keys: str) -> None:
    room.engine.accept_events([ChangedKey("media", key) for key in keys]).result(60)


def row_of(room: Room) -> tuple[Outcome, int] | None:
    row = room.live("media").get(KEY)
    return None if row is None else (row.outcome, row.size)


def settled(room: Room) -> bool:
    return room.progress("media").oldest_pending_change is None and not room.progress("media").pending


@pytest.mark.parametrize("order", list(permutations(STEPS)), ids=" / ".join)
@pytest.mark.parametrize("before", ["nothing", "row committed", "row under way"])
def test_removed_and_written_anew(
    hall: tuple[MemoryStore, Room], before: str, order: tuple[str, ...]
) -> None:
    store, room = hall
    if before == "row committed":
        store.put(KEY, b"\x00")
    room.bind("media")
    room.wait_followed("media")
    if before == "row under way":
        room.inline.gate.clear()
        store.put(KEY, b"\x00\x00")
        tell(room, KEY)
        room.wait(room.inline.waiting.is_set)
    store.remove(KEY)
    for step in order:
        if step == "written anew":
            store.put(KEY, b"\x00\x00\x00")
        else:
            tell(room, KEY)
    if order[-1] == "written anew":  # its event comes after both
        tell(room, KEY)
    room.inline.gate.set()
    room.wait(lambda: row_of(room) == (Outcome.INDEXED, 3) and settled(room))
    assert room.documents()[f"oss://media/{KEY}"]["Size"] == 3
    assert room.check_books("media").listed == 1


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("by_scan", [False, True], ids=["named by an event", "named by the first scan"])
def test_removed_while_its_first_row_is_under_way(
    hall: tuple[MemoryStore, Room], times: int, by_scan: bool
) -> None:
    """The ledger knows nothing of the object when its removal is told."""
    store, room = hall
    room.inline.gate.clear()
    store.put("other.bin", b"\x00")
    if by_scan:
        store.put(KEY, b"\x00")
    room.bind("media")
    if not by_scan:
        room.inline.gate.set()
        room.wait_followed("media")
        room.inline.gate.clear()
        room.inline.waiting.clear()
        store.put(KEY, b"\x00")
        tell(room, KEY)
    room.wait(room.inline.waiting.is_set)
    store.remove(KEY)
    for _ in range(times):
        tell(room, KEY)
    room.inline.gate.set()
    room.wait_followed("media")
    room.wait(lambda: set(room.live("media")) == {"other.bin"} and settled(room))
    room.wait(lambda: set(room.documents()) == {"oss://media/other.bin"})
    assert room.check_books("media").listed == 1


def test_many_times_removed_and_written_anew(hall: tuple[MemoryStore, Room]) -> None:
    store, room = hall
    room.bind("media")
    room.wait_followed("media")
    for number in range(1, 40):
        store.put(KEY, b"\x00" * number)
        tell(room, KEY)
        if number % 3:
            store.remove(KEY)
            tell(room, KEY, KEY)
    room.wait(lambda: row_of(room) == (Outcome.INDEXED, 39) and settled(room))
    store.remove(KEY)
    tell(room, KEY)
    room.wait(lambda: row_of(room) is None and not room.documents())
