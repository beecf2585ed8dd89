"""A folder that cannot be listed: nothing is removed below it, and nothing else waits for it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sync_room import QUICK, Room, folder_address, write

from bindery.buckets import folder as folder_module
from bindery.catalog.records import BindingPhase, BindingState

OpenRoom = Callable[..., Room]
FILES = ("a/file.bin", "b/closed/one.bin", "b/closed/two.bin", "b/file.bin", "z.bin")


class Door:
    """Refuses to list ``b/closed`` while it is shut, as the kernel does without the right to read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shut = False
        self.error = errno.EACCES
        self._open_folder = folder_module.open_folder
        monkeypatch.setattr(folder_module, "open_folder", self._guarded)

    @contextmanager
    def _guarded(self, root: bytes, folder: bytes, **options: Any) -> Iterator[int]:
        if self.shut and folder.startswith(b"b/closed"):
            raise OSError(self.error, os.strerror(self.error))
        with self._open_folder(root, folder, **options) as descriptor:
            yield descriptor


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FILES:
        write(tmp_path / "root" / name, b"\x00" + name.encode(), age=60)
    return tmp_path / "root"


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    return Door(monkeypatch)


@pytest.fixture
def room(open_room: OpenRoom, root: Path, door: Door) -> Room:
    room = open_room(folder_address(root))
    room.make_dataset()
    return room


def reason_of(room: Room) -> str:
    return room.binding("media").reason


def test_a_binding_that_begins_with_a_gap_follows_all_the_rest(room: Room, root: Path, door: Door) -> None:
    door.shut = True
    room.bind("media")
    room.wait_keys("media", {"a/file.bin", "b/file.bin", "z.bin"})
    room.wait(lambda: reason_of(room).startswith("PartlyListed: "))
    binding = room.binding("media")
    assert "b/closed/" in binding.reason
    assert (binding.state, binding.phase) == (BindingState.RUNNING, BindingPhase.INCREMENTAL_SCANNING)
    write(root / "a" / "new.bin", b"\x00new")
    room.wait_keys("media", {"a/file.bin", "a/new.bin", "b/file.bin", "z.bin"})
    door.shut = False  # a listing that costs nothing is repeated soon
    room.wait_keys("media", {*FILES, "a/new.bin"})
    room.wait(lambda: reason_of(room) == "")
    room.check_books("media")


def test_a_gap_that_opens_later_removes_nothing(room: Room, root: Path, door: Door) -> None:
    room.bind("media")
    room.wait_keys("media", set(FILES))
    room.wait_followed("media")
    door.shut = True
    (root / "b").chmod(0o700)  # reported as a change of everything below it
    write(root / "b" / "new.bin", b"\x00new")
    room.wait_keys("media", {*FILES, "b/new.bin"})
    room.engine.reconcile(room.binding("media"))
    room.wait(lambda: reason_of(room).startswith("PartlyListed: "))
    assert room.keys("media") == {*FILES, "b/new.bin"}
    (root / "z.bin").unlink()
    room.wait_keys("media", {*FILES, "b/new.bin"} - {"z.bin"})
    door.shut = False
    room.engine.reconcile(room.binding("media"))
    room.wait(lambda: reason_of(room) == "")
    assert room.keys("media") == {*FILES, "b/new.bin"} - {"z.bin"}
    room.check_books("media")


@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_a_listing_with_a_gap_removes_what_is_gone_elsewhere(
    room: Room, root: Path, door: Door, open_room: OpenRoom, error: int
) -> None:
    room.bind("media")
    room.wait_followed("media")
    room.kill()
    for key in ("b/closed/one.bin", "z.bin"):
        (root / key).unlink()
    door.shut, door.error = True, error
    again = open_room(folder_address(root))
    again.wait_keys("media", set(FILES) - {"z.bin"})
    again.wait(lambda: f"b/closed/ ({os.strerror(error)})" in reason_of(again))
    last = again.progress("media").last_complete_listing
    again.engine.reconcile(again.binding("media"))
    again.wait_listed("media")
    assert again.keys("media") == set(FILES) - {"z.bin"}
    assert again.progress("media").last_complete_listing == last, "a listing with a gap is not complete"
    door.shut = False
    again.engine.reconcile(again.binding("media"))
    again.wait_keys("media", set(FILES) - {"z.bin", "b/closed/one.bin"})
    again.wait(lambda: reason_of(again) == "")
    again.check_books("media")


def test_the_guard_counts_what_is_gone_elsewhere(
    room: Room, root: Path, door: Door, open_room: OpenRoom
) -> None:
    """Four of five are not listed, two of them because of the gap: the other two are too many."""
    room.bind("media")
    room.wait_followed("media")
    room.kill()
    for key in ("b/closed/one.bin", "b/closed/two.bin", "z.bin", "a/file.bin"):
        (root / key).unlink()
    door.shut = True
    strict = msgspec.structs.replace(QUICK, guard_count=1, guard_share=0.2)
    again = open_room(folder_address(root), settings=strict)
    again.wait(lambda: "DeletionGuard: the last listing lacks 2 of 5" in reason_of(again))
    assert reason_of(again).startswith("PartlyListed: ")
    assert again.keys("media") == set(FILES)
    again.engine.confirm_deletion(again.binding("media"))
    again.wait_keys("media", {"b/closed/one.bin", "b/closed/two.bin", "b/file.bin"})
    again.wait(lambda: "DeletionGuard" not in reason_of(again))
    assert reason_of(again).startswith("PartlyListed: ")


def test_a_folder_with_a_gap_that_is_renamed(room: Room, root: Path, door: Door) -> None:
    """The listing of the changed folder has a gap; what is gone around it is removed at once."""
    room.bind("media")
    room.wait_followed("media")
    write(root / "b" / "more" / "deep.bin", b"\x00deep")
    room.wait_keys("media", {*FILES, "b/more/deep.bin"})
    door.shut = True
    (root / "b" / "more").rename(root.parent / "elsewhere")
    (root / "b").chmod(0o700)  # reported as a change of everything below it
    room.wait_keys("media", set(FILES))
