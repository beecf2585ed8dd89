"""What editors, other programs and odd files do to a watched folder; it comes by events, not by listings."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec
import pytest
from sync_room import QUICK, Room, folder_address, write

from bindery.buckets import folder as folder_module

OpenRoom = Callable[..., Room]
BY_EVENTS = msgspec.structs.replace(QUICK, folder_reconcile_interval=3_600, settle_time=0.05)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for key in ("one.bin", "folder/two.bin", "folder/three.bin"):
        write(tmp_path / "root" / key, b"\x00" + key.encode(), age=60)
    return tmp_path / "root"


@pytest.fixture
def room(open_room: OpenRoom, root: Path) -> Room:
    room = open_room(folder_address(root), settings=BY_EVENTS)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    return room


def sizes(room: Room) -> dict[str, int]:
    return {uri.removeprefix("oss://media/"): file["Size"] for uri, file in room.documents().items()}


def wait_sizes(room: Room, expected: dict[str, int]) -> None:
    room.wait(lambda: sizes(room) == expected)
    room.wait(lambda: room.progress("media").oldest_pending_change is None)
    assert sizes(room) == expected
    room.check_books("media")


def save_by_rename_over(path: Path, content: bytes) -> None:
    """A temporary file beside it takes its place: most editors and rsync."""
    write(path.with_name(f".{path.name}.tmp"), content).replace(path)


def save_by_backup(path: Path, content: bytes) -> None:
    """The former file becomes a backup that is removed in the end: vim."""
    backup = path.with_name(f"{path.name}~")
    path.rename(backup)
    path.write_bytes(content)
    backup.unlink()


def save_by_remove(path: Path, content: bytes) -> None:
    """The former file is removed first."""
    path.unlink()
    path.write_bytes(content)


def save_in_place(path: Path, content: bytes) -> None:
    """The file is emptied and written piece by piece."""
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(content), 3):
            file.write(content[start : start + 3])


def save_by_exchange(path: Path, content: bytes) -> None:
    """Two names change places through a third."""
    other = write(path.with_name("other.bin"), content)
    spare = path.with_name("spare.bin")
    path.rename(spare)
    other.rename(path)
    spare.unlink()


@pytest.mark.parametrize(
    "save", [save_by_rename_over, save_by_backup, save_by_remove, save_in_place, save_by_exchange]
)
def test_a_file_is_saved(room: Room, root: Path, save: Callable[[Path, bytes], None]) -> None:
    for length in (20, 5, 300):
        save(root / "one.bin", b"\x00" * length)
        save(root / "folder" / "two.bin", b"\x00" * length)
        wait_sizes(room, {"one.bin": length, "folder/two.bin": length, "folder/three.bin": 17})


@pytest.mark.parametrize(
    ("before", "after"),
    [("one.bin", "One.BIN"), ("folder/two.bin", "folder/TWO.bin"), ("caf\u00e9.bin", "cafe\u0301.bin")],
)
def test_a_name_changes_only_its_case_or_form(room: Room, root: Path, before: str, after: str) -> None:
    write(root / before, b"\x00a", age=30)
    room.wait(lambda: before in room.keys("media"))
    (root / before).rename(root / after)
    room.wait(lambda: after in room.keys("media") and before not in room.keys("media"))
    write(root / before, b"\x00both are there")
    room.wait(lambda: {before, after} <= room.keys("media"))


def test_a_folder_changes_only_its_case(room: Room, root: Path) -> None:
    (root / "folder").rename(root / "Folder")
    room.wait_keys("media", {"one.bin", "Folder/two.bin", "Folder/three.bin"})
    write(root / "Folder" / "later.bin", b"\x00later")
    room.wait_keys("media", {"one.bin", "Folder/two.bin", "Folder/three.bin", "Folder/later.bin"})


def test_what_is_no_file_never_appears(room: Room, root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "outside").symlink_to("/etc/hostname")
    (root / "nowhere").symlink_to("absent")
    (root / "to-folder").symlink_to("folder")
    (root / "inside").symlink_to("folder/two.bin")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        write(root / "last.bin", b"\x00last")
        room.wait_keys("media", {"one.bin", "folder/two.bin", "folder/three.bin", "inside", "last.bin"})
    assert room.documents()["oss://media/inside"]["OSSObjectType"] == "Symlink"
    assert room.binding("media").reason == ""


def test_a_file_that_becomes_a_pipe_is_gone(room: Room, root: Path) -> None:
    (root / "one.bin").unlink()
    os.mkfifo(root / "one.bin")
    (root / "folder" / "two.bin").unlink()
    (root / "folder" / "two.bin").symlink_to("/etc/hostname")
    room.wait_keys("media", {"folder/three.bin"})


def test_a_huge_file_full_of_holes(room: Room, root: Path) -> None:
    with (root / "holes.jpg").open("wb") as file:
        file.truncate(1 << 42)
    room.wait(lambda: sizes(room).get("holes.jpg") == 1 << 42)
    assert room.ledger("media")["holes.jpg"].outcome.value == "Failed"


@pytest.mark.parametrize("polled", [False, True])
def test_a_folder_that_is_away_while_it_is_listed_loses_nothing(
    open_room: OpenRoom, root: Path, monkeypatch: pytest.MonkeyPatch, polled: bool
) -> None:
    """It vanishes behind the listing of its parent and is back before the listing ends.

    Events may tell of the moment when it is away; then its entries leave and come back as they were.
    """
    options = {"follow": "poll"} if polled else {}
    address = msgspec.structs.replace(folder_address(root), options=options)
    quick = msgspec.structs.replace(BY_EVENTS, folder_poll_interval=0.05)
    room = open_room(address, settings=quick)
    room.make_dataset()
    room.bind("media")
    room.wait_keys("media", {"one.bin", "folder/two.bin", "folder/three.bin"})
    room.wait_followed("media")
    left, wanted_in = iter(range(5)), folder_module._Walk._wanted_in
    check_complete = folder_module._Walk.check_complete

    def names_then_vanish(walk: folder_module._Walk, folder: bytes) -> Generator[bytes]:
        yield from wanted_in(walk, folder)
        if not folder and not walk._prefix and next(left, None) is not None:
            (root / "folder").rename(root.parent / "away")

    def complete_then_return(walk: folder_module._Walk) -> None:
        if (root.parent / "away").exists():
            (root.parent / "away").rename(root / "folder")
        check_complete(walk)

    monkeypatch.setattr(folder_module._Walk, "_wanted_in", names_then_vanish)
    monkeypatch.setattr(folder_module._Walk, "check_complete", complete_then_return)
    room.inline.extracted.clear()
    while next(left, None) is not None:
        room.wait_listed("media", 1)
        if polled:
            assert room.keys("media") == {"one.bin", "folder/two.bin", "folder/three.bin"}
    room.wait_listed("media", 2)
    room.wait_keys("media", {"one.bin", "folder/two.bin", "folder/three.bin"})
    if polled:
        assert room.inline.extracted == []


def test_a_file_is_replaced_by_one_of_the_same_time_and_size(room: Room, root: Path) -> None:
    """The kernel tells of it, and the inode is another one. Nothing else gives it away."""
    path = write(root / "page.txt", b"alpha one", age=60)
    wait_sizes(room, {"one.bin": 8, "folder/two.bin": 15, "folder/three.bin": 17, "page.txt": 9})
    time = path.stat().st_mtime_ns
    other = write(root.parent / "beside.txt", b"betax two")
    os.utime(other, ns=(time, time))
    other.replace(path)
    dataset_id = room.binding("media").dataset_id
    room.wait(lambda: room.catalog.queries.fuzzy_search(dataset_id, "betax two").total_hits == 1)
    assert room.catalog.queries.fuzzy_search(dataset_id, "alpha one").total_hits == 0
    room.check_books("media")
    read = len(room.inline.extracted)
    os.utime(path, ns=(time, time))  # told of, and the same file
    write(root / "last.bin", b"\x00")
    room.wait(lambda: "last.bin" in sizes(room))
    assert room.inline.extracted[read:] == ["last.bin"]
