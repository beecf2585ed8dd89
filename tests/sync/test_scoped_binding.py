"""A binding that takes in a part of its bucket, and changes of that part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sync_room import QUICK, InlinePool, Room, folder_address, memory_bucket, write

from bindery.catalog.records import Outcome, Scope

KEYS = ("a/1.jpg", "a/2.txt", "a/tmp/3.jpg", "b/4.jpg", "b/5.png", "c.jpg")


def excluded(room: Room) -> set[str]:
    return {key for key, row in room.ledger("media").items() if row.outcome is Outcome.EXCLUDED}


def bound(open_room: Callable[..., Room], scope: Scope, **options: object) -> Room:
    store, address = memory_bucket()
    for key in KEYS:
        store.put(key, b"\0" + key.encode())  # no text, and no picture
    room = open_room(address, **options)
    room.make_dataset()
    room.bind("media", scope=scope)
    room.wait_followed("media")
    return room


def change(room: Room, scope: Scope) -> None:
    room.engine.change_scope(room.binding("media"), scope)


def test_what_is_outside_is_in_the_books_only(open_room: Callable[..., Room]) -> None:
    room = bound(open_room, Scope(include=("*.jpg",), exclude=("*/tmp/*",)))
    assert room.keys("media") == {"a/1.jpg", "b/4.jpg", "c.jpg"}
    assert excluded(room) == {"a/2.txt", "a/tmp/3.jpg", "b/5.png"}
    books = room.check_books("media")
    assert (books.listed, books.failed, books.excluded) == (6, 3, 3)  # no real pictures
    assert sorted(room.inline.extracted) == ["a/1.jpg", "b/4.jpg", "c.jpg"]


def test_only_prefixes_are_listed(open_room: Callable[..., Room]) -> None:
    room = bound(open_room, Scope(prefixes=("b/", "a/tmp/", "b/4", "nothing/")))
    assert room.keys("media") == set(room.ledger("media")) == {"a/tmp/3.jpg", "b/4.jpg", "b/5.png"}


def test_a_scope_grows_and_shrinks_past_the_guard(open_room: Callable[..., Room]) -> None:
    strict_guard = QUICK.__class__(reconcile_interval=0.2, settle_time=0.02, guard_share=0.0, guard_count=0)
    room = bound(open_room, Scope(), settings=strict_guard)
    change(room, Scope(media_types=("document",)))
    room.wait_keys("media", {"a/2.txt"})
    room.wait(lambda: excluded(room) == set(KEYS) - {"a/2.txt"})
    room.check_books("media")
    change(room, Scope(prefixes=("a/",)))
    room.wait(lambda: set(room.ledger("media")) == {"a/1.jpg", "a/2.txt", "a/tmp/3.jpg"})
    room.wait_keys("media", {"a/1.jpg", "a/2.txt", "a/tmp/3.jpg"})
    change(room, Scope())
    room.wait_keys("media", set(KEYS))
    room.wait(lambda: not excluded(room))
    assert room.check_books("media").listed == len(KEYS)
    assert room.binding("media").reason == ""


def test_a_change_while_stopped_or_killed_is_made_up_for(
    open_room: Callable[..., Room], tmp_path: Path
) -> None:
    room = bound(open_room, Scope(), data=tmp_path / "kept")
    room.engine.stop_binding(room.binding("media"), "")
    change(room, Scope(min_size=7))
    assert room.keys("media") == set(KEYS)
    addresses = list(room.addresses.values())
    room.kill()
    again = open_room(*addresses, data=tmp_path / "kept")
    assert again.binding("media").scope == Scope(min_size=7)
    again.engine.resume_binding(again.binding("media"))
    again.wait_keys("media", {key for key in KEYS if len(key) >= 7})


def test_a_kill_within_the_comparison_ends_right(open_room: Callable[..., Room], tmp_path: Path) -> None:
    room = bound(open_room, Scope(prefixes=("b/",)), data=tmp_path / "kept")
    room.inline.gate.clear()
    change(room, Scope(prefixes=("a/",)))
    room.wait(room.inline.waiting.is_set)
    addresses = list(room.addresses.values())
    room.kill()
    again = open_room(*addresses, data=tmp_path / "kept", pool=InlinePool())
    again.wait_keys("media", {"a/1.jpg", "a/2.txt", "a/tmp/3.jpg"})
    again.wait(lambda: set(again.ledger("media")) == again.keys("media"))


def test_objects_that_leave_the_scope_or_vanish_outside_it(open_room: Callable[..., Room]) -> None:
    store, address = memory_bucket()
    for number in range(300):
        store.put(f"{number:03}", b"x" * 10)
    room = open_room(address)
    room.make_dataset()
    room.bind("media", scope=Scope(max_size=5))
    room.wait_followed("media")
    assert room.check_books("media").excluded == 300
    store.put("000", b"x")
    room.wait_keys("media", {"000"})
    store.put("000", b"x" * 11)
    room.wait_keys("media", set())
    for number in range(300):  # more than the guard would let go, but no entry hangs on them
        store.remove(f"{number:03}")
    room.wait(lambda: not room.ledger("media"))
    assert room.check_books("media").listed == 0


def test_changes_in_a_folder_keep_to_the_scope(open_room: Callable[..., Room], tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "in" / "1.txt", "one", age=5)
    room = open_room(folder_address(root))
    room.make_dataset()
    room.bind("media", scope=Scope(prefixes=("in/",), exclude=("*.tmp",)))
    room.wait_followed("media")
    write(root / "out" / "2.txt", "two")
    write(root / "in" / "3.txt", "three")
    write(root / "in" / "4.tmp", "four")
    room.wait_keys("media", {"in/1.txt", "in/3.txt"})
    room.wait(lambda: excluded(room) == {"in/4.tmp"})
    (root / "in" / "4.tmp").rename(root / "in" / "4.txt")
    room.wait_keys("media", {"in/1.txt", "in/3.txt", "in/4.txt"})
    room.wait(lambda: set(room.ledger("media")) == {"in/1.txt", "in/3.txt", "in/4.txt"})
    (root / "in").rename(root / "gone")
    room.wait_keys("media", set())
    (root / "gone").rename(root / "in")
    room.wait_keys("media", {"in/1.txt", "in/3.txt", "in/4.txt"})
    assert not any(key.startswith("out/") for key in room.ledger("media"))
