"""Folders whose changes the kernel does not report: they are listed every few seconds."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs
from sync_room import QUICK, Room, folder_address, write
from tests.buckets.namespace import run_apart
from tests.servers.fuse_folder import mounted

from bindery.catalog.records import BindingState

OpenRoom = Callable[..., Room]
POLLED = msgspec.structs.replace(QUICK, folder_reconcile_interval=3_600, folder_poll_interval=0.05)
FILES = {"a/one.bin", "a/two.bin", "b/three.bin"}


@pytest.fixture
def backing(tmp_path: Path) -> Path:
    for key in FILES:
        write(tmp_path / "backing" / key, b"\x00" + key.encode(), age=60)
    return tmp_path / "backing"


@pytest.fixture
def share(backing: Path, tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """What others write into ``backing`` is in this folder, without a word of the kernel."""
    mount = tmp_path / "share"
    mount.mkdir()
    try:
        with mounted(backing, mount) as server:
            yield mount, server
    except OSError as error:
        pytest.skip(f"this user may not mount: {error}")


@pytest.fixture
def room(open_room: OpenRoom, share: tuple[Path, subprocess.Popen[str]]) -> Room:
    room = open_room(folder_address(share[0]), settings=POLLED)
    room.make_dataset()
    room.bind("media")
    room.wait_keys("media", FILES)
    room.wait_followed("media")
    return room


def test_what_others_change_on_a_network_mount(room: Room, backing: Path) -> None:
    room.inline.extracted.clear()
    write(backing / "a" / "new.bin", b"\x00new")
    write(backing / "a" / "one.bin", b"\x00overwritten")
    (backing / "b" / "three.bin").rename(backing / "b" / "renamed.bin")
    (backing / "a" / "two.bin").unlink()
    room.wait_keys("media", {"a/one.bin", "a/new.bin", "b/renamed.bin"})
    room.wait(lambda: room.documents()["oss://media/a/one.bin"]["Size"] == 12)
    listings = room.store("media").listings
    room.wait(lambda: room.store("media").listings > listings + 3)
    assert sorted(set(room.inline.extracted)) == ["a/new.bin", "a/one.bin", "b/renamed.bin"]
    assert room.binding("media").state is BindingState.RUNNING


def test_a_network_mount_that_dies_and_comes_back(
    room: Room, backing: Path, share: tuple[Path, subprocess.Popen[str]]
) -> None:
    mount, server = share
    server.kill()
    server.wait()
    room.wait_state("media", BindingState.RETRYING)
    room.wait(lambda: "not connected" in room.binding("media").reason)
    subprocess.run(["umount", "--lazy", mount], check=True)
    room.wait(lambda: room.binding("media").reason.startswith("DeletionGuard: the bucket is empty"))
    assert room.keys("media") == FILES
    room.inline.extracted.clear()
    write(backing / "c" / "meanwhile.bin", b"\x00meanwhile")
    with mounted(backing, mount):
        room.wait_keys("media", {*FILES, "c/meanwhile.bin"})
        room.wait(lambda: room.binding("media").reason == "")
        assert room.inline.extracted == ["c/meanwhile.bin"]
        room.engine.stop_binding(room.binding("media"), "")


def test_a_network_mount_that_is_said_to_be_ours_alone(
    open_room: OpenRoom, share: tuple[Path, subprocess.Popen[str]]
) -> None:
    address = msgspec.structs.replace(folder_address(share[0]), options={"follow": "watch"})
    room = open_room(address, settings=POLLED)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    follower = room.engine._followers.get(room.binding("media").id)
    assert not follower._watching.polls(room.store("media"))


def test_a_local_folder_that_is_polled_by_choice(open_room: OpenRoom, backing: Path) -> None:
    address = msgspec.structs.replace(folder_address(backing), options={"follow": "poll"})
    room = open_room(address, settings=POLLED)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    write(backing / "new.bin", b"\x00new")
    (backing / "a" / "one.bin").unlink()
    room.wait_keys("media", {*FILES, "new.bin"} - {"a/one.bin"})
    assert room.engine._followers.get(room.binding("media").id)._watching.watch is None


@pytest.mark.parametrize("allowed", [2, 4])
def test_more_folders_than_the_kernel_watches(backing: Path, tmp_path: Path, allowed: int) -> None:
    """Two watches are too few for three folders; four are too few once more folders come."""
    program = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import msgspec
from structlog.testing import capture_logs
from sync_room import QUICK, Room, folder_address, write
backing, data, allowed = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
Path("/proc/sys/user/max_inotify_watches").write_text(allowed)
polled = msgspec.structs.replace(QUICK, folder_reconcile_interval=3_600, folder_poll_interval=0.05)
room = Room(data, {"media": folder_address(backing)}, settings=polled)
room.make_dataset()
with capture_logs() as lines:
    room.bind("media")
    room.wait_followed("media")
    for number in range(5):
        write(backing / f"new{number}" / "file.bin", b"new")
    keys = {"a/one.bin", "a/two.bin", "b/three.bin", *(f"new{number}/file.bin" for number in range(5))}
    room.wait_keys("media", keys)
    room.wait(lambda: any(line["event"] == "changes are found by listing" for line in lines))
    write(backing / "new4" / "later.bin", b"later")
    room.wait_keys("media", keys | {"new4/later.bin"})
    room.close()
for line in lines:
    if line["event"] == "changes are found by listing":
        print(line["log_level"], line["interval"], line["reason"])
"""
    said = run_apart(program, Path(__file__).parent, backing, tmp_path / "data", str(allowed))
    assert said.startswith("warning 0.05 the folder cannot be watched: No space left on device")
    assert "raise fs.inotify.max_user_watches" in said
    assert said.count("\n") == 1


def test_the_log_says_once_why_and_how_often(
    open_room: OpenRoom, share: tuple[Path, subprocess.Popen[str]]
) -> None:
    room = open_room(folder_address(share[0]), settings=POLLED)
    room.make_dataset()
    with capture_logs() as lines:
        room.bind("media")
        room.wait_followed("media")
        room.wait_listed("media", 5)
    said = [line for line in lines if line["event"] == "changes are found by listing"]
    assert [(line["log_level"], line["reason"], line["interval"]) for line in said] == [
        ("warning", "fuse.test reports no changes made by others", 0.05)
    ]
