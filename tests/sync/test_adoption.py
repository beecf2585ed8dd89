"""What an earlier binding left in the dataset is the business of the next one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sync_room import DATASET, PROJECT, Room, folder_address, memory_bucket, write

from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import StoreUnavailable
from bindery.catalog.records import AlreadyExists, NotFound, Outcome, Scope
from bindery.sync.scope import InvalidScope
from bindery.sync.settings import SyncSettings

SLOW = SyncSettings(reconcile_interval=3_600, folder_reconcile_interval=3_600, settle_time=0.02)
OpenRoom = Callable[..., Room]


def unbind(room: Room) -> None:
    room.engine.delete_binding(room.binding("media"))


def test_a_new_binding_removes_what_went_while_nothing_was_bound(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    for key in ("a.bin", "b.bin", "c.bin"):
        store.put(key, b"\x00" + key.encode())
    room = open_room(address, settings=SLOW)
    dataset = room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    room.catalog.files.set_fields(dataset.id, "oss://media/b.bin", b'{"CustomId":"mine"}')
    unbind(room)
    assert room.keys("media") == {"a.bin", "b.bin", "c.bin"}
    store.remove("a.bin")
    store.put("b.bin", b"\x00another version")
    store.put("d.bin", b"\x00new")
    room.inline.extracted.clear()
    room.bind("media")
    room.wait_followed("media")
    room.wait_keys("media", {"b.bin", "c.bin", "d.bin"})
    assert sorted(room.inline.extracted) == ["b.bin", "c.bin", "d.bin"]
    changed = room.documents()["oss://media/b.bin"]
    assert (changed["Size"], changed["CustomId"]) == (16, "mine")
    room.wait(lambda: room.progress("media").last_complete_listing)
    assert room.check_books("media").listed == 3


def test_the_deletion_guard_has_its_say(open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    write(bucket / "a.bin", "\0a", age=10)
    room = open_room(folder_address(bucket), settings=SLOW)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    unbind(room)
    (bucket / "a.bin").unlink()
    room.bind("media")
    room.wait(lambda: room.binding("media").removals_held == 1)
    assert room.binding("media").reason.startswith("DeletionGuard")
    assert room.keys("media") == {"a.bin"}
    room.engine.confirm_deletion(room.binding("media"))
    room.wait_keys("media", set())


def test_a_narrower_binding_leaves_nothing_outside(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    for key in ("in/a.bin", "in/b.txt", "out/c.bin"):
        store.put(key, b"\x00")
    room = open_room(address, settings=SLOW)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    unbind(room)
    room.bind("media", scope=Scope(prefixes=("in/",), exclude=("*.txt",)))
    room.wait_followed("media")
    assert room.keys("media") == {"in/a.bin"}
    assert {key: row.outcome for key, row in room.live("media").items()} == {
        "in/a.bin": Outcome.INDEXED,
        "in/b.txt": Outcome.EXCLUDED,
    }


def test_entries_of_explicit_indexing_and_of_other_buckets_stay(open_room: OpenRoom) -> None:
    first, address = memory_bucket()
    other, other_address = memory_bucket("media-2")
    for store in (first, other):
        store.put("a.bin", b"\x00")
    room = open_room(address, other_address, settings=SLOW)
    dataset = room.make_dataset()
    room.engine.index_files(dataset, [("oss://media/absent.bin", msgspec.json.encode({}))])
    room.wait(lambda: room.documents()["oss://media/absent.bin"]["ObjectStatus"] == "Failed")
    for bucket in ("media", "media-2"):
        room.bind(bucket)
        room.wait_followed(bucket)
    unbind(room)
    room.bind("media")
    room.wait_followed("media")
    assert room.keys("media") == {"a.bin", "absent.bin"}
    assert room.keys("media-2") == {"a.bin"}
    assert set(room.live("media")) == {"a.bin"}
    (record,) = room.catalog.files.get(
        room.catalog.datasets.get(PROJECT, DATASET).id, ["oss://media-2/a.bin"]
    )
    assert record.binding_id == room.binding("media-2").id


@pytest.fixture
def left(open_room: OpenRoom) -> Room:
    """A room whose binding of four objects was deleted."""
    store, address = memory_bucket()
    for key in ("2024/a.bin", "2024/b.bin", "c.txt", "d.bin"):
        store.put(key, b"\x00" + key.encode())
    room = open_room(address, settings=SLOW)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    unbind(room)
    return room


NOTHING = [
    Scope(prefixes=("2O24/",)),
    Scope(include=("*.jpeg",)),
    Scope(exclude=("*",)),
    Scope(min_size=1_000),
    Scope(media_types=("video",)),
]


@pytest.mark.parametrize("scope", NOTHING)
def test_a_scope_that_nothing_is_within_does_not_remove_what_was_left(left: Room, scope: Scope) -> None:
    with pytest.raises(InvalidScope, match="all 4 entries"):
        left.bind("media", scope=scope)
    assert len(left.keys("media")) == 4
    with pytest.raises(NotFound):
        left.binding("media")
    left.bind("media", scope=Scope(prefixes=("2024/",)))
    left.wait_keys("media", {"2024/a.bin", "2024/b.bin"})


def test_a_scope_with_new_objects_takes_the_place_of_what_was_left(left: Room) -> None:
    MemoryStore(left.store("media").address).put("2O24/new.bin", b"\x00")
    left.bind("media", scope=Scope(prefixes=("2O24/",)))
    left.wait_keys("media", {"2O24/new.bin"})


def test_a_bucket_that_cannot_be_asked_refuses_no_binding(left: Room) -> None:
    left.store("media").fault = StoreUnavailable("away")
    left.bind("media", scope=Scope(prefixes=("2O24/",)))


def test_a_scope_is_free_where_a_cleanup_is_on_its_way(left: Room) -> None:
    left.bind("media")
    left.wait_followed("media")
    left.engine.delete_binding(left.binding("media"), cleanup=True)
    left.bind("media", scope=Scope(prefixes=("2O24/",)))
    left.wait_keys("media", set())


def test_a_bucket_that_is_bound_already_is_said_to_be(left: Room) -> None:
    left.bind("media")
    left.wait_followed("media")
    with pytest.raises(AlreadyExists):
        left.bind("media", scope=Scope(prefixes=("2O24/",)))
