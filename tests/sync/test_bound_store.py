"""A binding stays with its store: a name that leads elsewhere takes nothing away."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_room import Room, folder_address, memory_bucket, write

from bindery.buckets.store import StoreChanged
from bindery.catalog.records import BindingState

OpenRoom = Callable[..., Room]
FILES = {f"{number:02}.bin" for number in range(16)}


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    for name in sorted(FILES):
        write(tmp_path / "a" / "photos" / name, b"\x00" + name.encode(), age=60)
    return tmp_path / "a" / "photos"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    for name in ("x.bin", "00.bin"):
        write(tmp_path / "b" / "photos" / name, b"\x00another", age=60)
    return tmp_path / "b" / "photos"


@pytest.fixture
def bound(open_room: OpenRoom, ours: Path) -> Room:
    return bind(open_room(folder_address(ours)))


def bind(room: Room) -> Room:
    """With a label on the first file."""
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    label(room, "00.bin")
    return room


def label(room: Room, key: str) -> None:
    dataset = room.catalog.datasets.get("project", "dataset")
    room.catalog.files.set_fields(dataset.id, f"oss://media/{key}", b'{"CustomLabels":{"mine":"yes"}}')


def check_kept(room: Room) -> None:
    assert room.keys("media") == FILES
    assert room.documents()["oss://media/00.bin"]["CustomLabels"] == {"mine": "yes"}


def reopen(open_room: OpenRoom, room: Room, folder: Path) -> Room:
    """The next start of the server, with a configuration that names ``folder``."""
    room.close()
    return open_room(folder_address(folder), data=room.data)


def registered(open_room: OpenRoom, folder: Path) -> Room:
    """The folder registered at a running server, and bound."""
    room = open_room()
    room.engine.register_bucket(folder_address(folder))
    return bind(room)


def test_a_name_is_not_registered_for_another_store(open_room: OpenRoom, ours: Path, theirs: Path) -> None:
    room = registered(open_room, ours)
    with pytest.raises(StoreChanged) as refused:
        room.engine.register_bucket(folder_address(theirs))
    assert str(ours) in str(refused.value)
    assert str(theirs) in str(refused.value)
    assert room.buckets.address("media") == folder_address(ours)
    room.wait_listed("media")
    check_kept(room)


def test_a_name_without_bindings_is_taken_as_well(open_room: OpenRoom, ours: Path, theirs: Path) -> None:
    room = open_room()
    room.engine.register_bucket(folder_address(ours))
    with pytest.raises(StoreChanged):
        room.engine.register_bucket(folder_address(theirs))
    shutil.rmtree(ours)
    with pytest.raises(StoreChanged):
        room.engine.register_bucket(folder_address(theirs))


def test_a_start_with_another_address_takes_nothing_and_heals(
    open_room: OpenRoom, bound: Room, ours: Path, theirs: Path
) -> None:
    room = reopen(open_room, bound, theirs)
    reason = room.wait_state("media", BindingState.FAILED).reason
    assert reason.startswith(f"StoreChanged: oss://media is file://{ours}, and file://{theirs} is another")
    assert "bindery move media" in reason
    check_kept(room)
    room = reopen(open_room, room, ours)
    room.wait(lambda: room.binding("media").state is BindingState.RUNNING)
    room.wait_listed("media")
    check_kept(room)


def test_a_start_at_another_bucket_in_an_object_store(open_room: OpenRoom) -> None:
    (store, address), (other, elsewhere) = memory_bucket(), memory_bucket()
    store.put("ours.bin", b"\x00")
    other.put("theirs.bin", b"\x00")
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    room.close()
    room = open_room(elsewhere, data=room.data)
    assert room.wait_state("media", BindingState.FAILED).reason.startswith("StoreChanged: ")
    assert room.keys("media") == {"ours.bin"}


def test_a_folder_that_was_moved_is_known_again(open_room: OpenRoom, bound: Room, ours: Path) -> None:
    bound.close()
    ours.rename(ours.parent / "pictures")
    room = reopen(open_room, bound, ours.parent / "pictures")
    room.wait(lambda: room.binding("media").store_location.endswith("/pictures"))
    (ours.parent / "pictures" / "15.bin").unlink()
    room.wait_keys("media", FILES - {"15.bin"})


@pytest.mark.parametrize("while_running", [True, False])
def test_another_folder_at_the_same_path(
    open_room: OpenRoom, bound: Room, ours: Path, theirs: Path, *, while_running: bool
) -> None:
    if not while_running:
        bound.close()
    ours.rename(ours.parent / "away")
    theirs.rename(ours)
    room = bound if while_running else reopen(open_room, bound, ours)
    changed = f"StoreChanged: another folder is at file://{ours} now, in which 16 of 16 "
    room.wait(lambda: room.binding("media").reason.startswith(changed))  # for a moment there is none at all
    assert room.binding("media").state is BindingState.FAILED
    check_kept(room)
    ours.rename(theirs)
    (ours.parent / "away").rename(ours)
    room.wait_state("media", BindingState.RUNNING)
    room.wait_listed("media")
    check_kept(room)


def test_a_folder_that_was_put_back_from_a_copy_is_followed(
    open_room: OpenRoom, bound: Room, ours: Path
) -> None:
    bound.close()
    mark = bound_mark(ours)
    shutil.copytree(ours, ours.parent / "copy")
    ours.rename(ours.parent / "away")
    (ours.parent / "copy").rename(ours)
    assert bound_mark(ours) != mark
    room = reopen(open_room, bound, ours)
    room.wait_listed("media")
    check_kept(room)
    assert room.binding("media").state is BindingState.RUNNING


def test_a_bucket_moves_when_it_is_told_to_and_asks_about_what_is_lacking(
    open_room: OpenRoom, bound: Room, ours: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "c" / "photos"
    shutil.copytree(ours, copy)
    (copy / "15.bin").unlink()
    write(copy / "new.bin", b"\x00", age=60)
    room = reopen(open_room, bound, copy)
    room.wait_state("media", BindingState.FAILED)
    room.engine.move_bucket("media", None)
    room.wait(lambda: "DeletionGuard: the bucket has moved, and 1 of 16" in room.binding("media").reason)
    room.wait_keys("media", FILES | {"new.bin"})
    assert room.documents()["oss://media/00.bin"]["CustomLabels"] == {"mine": "yes"}
    room.engine.confirm_deletion(room.binding("media"))
    room.wait_keys("media", FILES - {"15.bin"} | {"new.bin"})
    room.wait(lambda: not room.binding("media").moved)
    (copy / "14.bin").unlink()
    room.wait_keys("media", FILES - {"14.bin", "15.bin"} | {"new.bin"})


def test_a_listing_of_the_former_place_that_ends_after_the_move_does_not_end_the_asking(
    open_room: OpenRoom, ours: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "c" / "photos"
    shutil.copytree(ours, copy)
    (copy / "15.bin").unlink()
    room = registered(open_room, ours)
    former = room.store("media")
    look = former.mounts

    def move_meanwhile() -> dict[str, str]:
        former.mounts = look  # type: ignore[method-assign]
        room.engine.move_bucket("media", folder_address(copy))
        return look()

    def end_of_listing() -> None:
        former.mounts = move_meanwhile  # type: ignore[method-assign]

    former.before_page = end_of_listing
    room.engine.reconcile(room.binding("media"))
    room.wait(lambda: "DeletionGuard: the bucket has moved, and 1 of 16" in room.binding("media").reason)
    check_kept(room)


def bound_mark(folder: Path) -> int:
    return folder.stat().st_ino
