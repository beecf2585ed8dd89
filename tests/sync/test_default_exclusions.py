"""What systems leave behind: which keys are meant, and that only a scope that says so passes them over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sync_room import Room, folder_address, memory_bucket, write

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import Binding, Outcome, Scope
from bindery.sync.default_exclusions import DefaultExclusions
from bindery.sync.scope import WHOLE_BUCKET, matcher
from bindery.sync.scope_change import count_leaving

NOISE = (
    "._IMG_1.jpg",
    "a/b/._c.jpg",
    ".DS_Store",
    "a/.DS_Store",
    "Thumbs.db",
    "a/THUMBS.DB",
    "ehthumbs.db",
    ".nomedia",
    "Desktop.ini",
    "@eaDir/x.jpg/SYNOPHOTO_THUMB_XL.jpg",
    "a/@eaDir/x",
    ".Spotlight-V100/Store-V2/x",
    ".Trashes/501/x.jpg",
    "share/#recycle/x.jpg",
    "@Recycle/x.jpg",
    "a/.@__thumb/s100x.jpg",
    ".Trash-1000/files/x.jpg",
    "$Recycle.Bin/S-1-5/x.jpg",
    "System Volume Information/x",
    "__MACOSX/._x",
    ".AppleDouble/x.jpg",
)
KEPT = (
    "x.jpg",
    "a/.hidden.jpg",
    "_.jpg",
    "a/x._y.jpg",
    "DS_Store",
    "a/my.DS_Store",
    ".ds_store",
    "Thumbs.db.jpg",
    "a/Thumbs.db/x.jpg",
    "@eaDir",
    "a@eaDir/x.jpg",
    "@eaDir2/x.jpg",
    "a/recycle/x.jpg",
    "#recycle.txt",
    ".Trashes.txt",
    "._folder/x.jpg",
    "x.nomedia",
    "a\n/x.jpg",
)


def test_which_keys_are_meant() -> None:
    exclusions = DefaultExclusions()
    for keys, excluded in ((NOISE, True), (KEPT, False), (NOISE[::-1], True)):
        assert [key for key in keys if exclusions.covers(key) is not excluded] == []


def test_they_hold_beside_everything_else_of_a_scope() -> None:
    within = matcher(Scope(include=("*.jpg",), default_exclusions=True))
    assert within is not None
    found = [key for key in (*NOISE, *KEPT) if within(ObjectInfo(key, 1, "e", 0))]
    assert found == [key for key in KEPT if key.endswith(".jpg")]


@pytest.mark.parametrize("place", ["memory", "folder"])
def test_a_binding_counts_them_as_excluded(
    open_room: Callable[..., Room], tmp_path: Path, place: str
) -> None:
    store, address = memory_bucket() if place == "memory" else (None, folder_address(tmp_path / "media"))

    def put(key: str) -> None:
        if store is not None:
            store.put(key, key.encode())
        else:
            write(tmp_path / "media" / key, key.encode())

    for key in (*KEPT[:3], *NOISE[:6]):
        put(key)
    room = open_room(address)
    room.make_dataset()
    room.bind("media", scope=WHOLE_BUCKET)
    room.wait_followed("media")
    assert room.keys("media") == set(KEPT[:3])
    put("new/@eaDir/x.jpg")  # of changes as well
    put("new/x.jpg")
    room.wait_keys("media", {*KEPT[:3], "new/x.jpg"})
    room.wait(lambda: len(excluded(room)) == 7)
    assert room.check_books("media").excluded == 7
    room.engine.change_scope(room.binding("media"), Scope())
    room.wait_keys("media", {*KEPT[:3], *NOISE[:6], "new/x.jpg", "new/@eaDir/x.jpg"})
    room.wait(lambda: not excluded(room))
    binding = room.binding("media")
    assert count_leaving(room.catalog, binding, WHOLE_BUCKET).leaving == 7


def test_a_binding_of_before_goes_on_with_everything(
    open_room: Callable[..., Room], tmp_path: Path
) -> None:
    """Its scope is stored without the member, which a later version must not take for the default of a new one."""
    store, address = memory_bucket()
    for key in ("x.jpg", "._x.jpg"):
        store.put(key, b"x")
    room = open_room(address, data=tmp_path / "kept")
    room.make_dataset()
    room.bind("media", scope=Scope(exclude=("*.tmp",)))
    room.wait_followed("media")
    addresses = list(room.addresses.values())
    room.kill()
    again = open_room(*addresses, data=tmp_path / "kept")
    again.wait_followed("media")
    assert again.keys("media") == {"x.jpg", "._x.jpg"}
    stored = msgspec.json.decode(msgspec.json.encode(again.binding("media")))
    del stored["scope"]["default_exclusions"]
    assert msgspec.convert(stored, Binding).scope == Scope(exclude=("*.tmp",))
    del stored["scope"]
    assert msgspec.convert(stored, Binding).scope == Scope()


def excluded(room: Room) -> set[str]:
    return {key for key, row in room.ledger("media").items() if row.outcome is Outcome.EXCLUDED}
