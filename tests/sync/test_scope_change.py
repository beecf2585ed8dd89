"""A new scope is looked at before it is set: it never empties a dataset by mistake."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sync_room import Room, memory_bucket

from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import StoreUnavailable
from bindery.catalog.records import Scope
from bindery.sync.scope import InvalidScope

KEYS = {"a/1", "a/2", "b/1", "c"}


@pytest.fixture
def bound(open_room: Callable[..., Room]) -> tuple[Room, MemoryStore]:
    store, address = memory_bucket()
    for key in sorted(KEYS):
        store.put(key, b"x")
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    return room, store


@pytest.mark.parametrize(
    ("scope", "leaving", "staying"),
    [
        (Scope(), 0, KEYS),
        (Scope(prefixes=("a/",)), 2, {"a/1", "a/2"}),
        (Scope(exclude=("a/*",)), 2, {"b/1", "c"}),
        (Scope(min_size=1), 0, KEYS),
    ],
)
def test_the_answer_tells_how_many_leave(
    bound: tuple[Room, MemoryStore], scope: Scope, leaving: int, staying: set[str]
) -> None:
    room, _ = bound
    changed, told = room.engine.change_scope(room.binding("media"), scope)
    assert (changed.scope, told) == (scope, leaving)
    room.wait_keys("media", staying)


@pytest.mark.parametrize(
    "scope", [Scope(prefixes=("nothing/",)), Scope(include=("*.jpeg",)), Scope(min_size=2)]
)
def test_a_scope_that_leaves_nothing_is_refused(bound: tuple[Room, MemoryStore], scope: Scope) -> None:
    room, store = bound
    with pytest.raises(InvalidScope, match="all 4 entries that a binding made of it would leave"):
        room.engine.change_scope(room.binding("media"), scope)
    assert room.binding("media").scope == Scope()
    room.wait_listed("media")
    assert room.keys("media") == KEYS
    store.put("nothing/at-all.jpeg", b"xx")
    assert room.engine.change_scope(room.binding("media"), scope)[1] in (3, 4)
    room.wait_keys("media", {"nothing/at-all.jpeg"})


def test_a_bucket_that_cannot_be_asked_leaves_the_scope_as_it_is(bound: tuple[Room, MemoryStore]) -> None:
    room, _ = bound
    room.store("media").fault = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        room.engine.change_scope(room.binding("media"), Scope(prefixes=("nothing/",)))
    assert room.binding("media").scope == Scope()


def test_a_binding_without_entries_takes_any_scope(bound: tuple[Room, MemoryStore]) -> None:
    room, store = bound
    for key in KEYS:
        store.remove(key)
    room.wait_keys("media", set())
    changed, told = room.engine.change_scope(room.binding("media"), Scope(prefixes=("later/",)))
    assert (changed.scope.prefixes, told) == (("later/",), 0)
