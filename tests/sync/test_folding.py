"""Folders that find names in any case and Unicode form, as shares of Windows and macOS do: entries follow the
spelling that a listing shows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sync_room import QUICK, Room, folder_address, write
from tests.servers.fuse_folder import mounted

OpenRoom = Callable[..., Room]
POLLED = msgspec.structs.replace(QUICK, folder_reconcile_interval=3_600, folder_poll_interval=0.05)
COMPOSED, DECOMPOSED = "\u00e9t\u00e9.bin", "e\u0301te\u0301.bin"


@pytest.fixture
def backing(tmp_path: Path) -> Path:
    for key in ("Photos/One.bin", "Photos/two.bin", COMPOSED, "plain.bin"):
        write(tmp_path / "backing" / key, b"\x00" + key.encode(), age=60)
    return tmp_path / "backing"


@pytest.fixture
def room(open_room: OpenRoom, backing: Path, tmp_path: Path) -> Iterator[Room]:
    share = tmp_path / "share"
    share.mkdir()
    try:
        with mounted(backing, share, "--fold"):
            assert (share / "photos" / "ONE.BIN").read_bytes() == b"\x00Photos/One.bin"
            room = open_room(folder_address(share), settings=POLLED)
            room.make_dataset()
            room.bind("media")
            room.wait_keys("media", {"Photos/One.bin", "Photos/two.bin", COMPOSED, "plain.bin"})
            room.wait_followed("media")
            yield room
            room.engine.stop_binding(room.binding("media"), "")
    except OSError as error:
        pytest.skip(f"this user may not mount: {error}")


def test_a_file_in_another_case(room: Room, backing: Path) -> None:
    (backing / "Photos" / "One.bin").rename(backing / "Photos" / "one.BIN")
    room.wait_keys("media", {"Photos/one.BIN", "Photos/two.bin", COMPOSED, "plain.bin"})


def test_a_folder_in_another_case(room: Room, backing: Path) -> None:
    (backing / "Photos").rename(backing / "photos")
    room.wait_keys("media", {"photos/One.bin", "photos/two.bin", COMPOSED, "plain.bin"})


def test_a_file_in_another_unicode_form(room: Room, backing: Path) -> None:
    (backing / COMPOSED).rename(backing / DECOMPOSED)
    room.wait_keys("media", {"Photos/One.bin", "Photos/two.bin", DECOMPOSED, "plain.bin"})


def test_what_is_moved_away_and_back_stays(room: Room, backing: Path) -> None:
    """Between two walks, so that none finds it away."""
    room.inline.extracted.clear()
    store, moved = room.store("media"), threading.Event()

    def move_away_and_back() -> None:
        store.before_page = lambda: None
        (backing / "Photos").rename(backing.parent / "away")
        (backing.parent / "away").rename(backing / "Photos")
        moved.set()

    store.before_page = move_away_and_back
    room.wait(moved.is_set)
    room.wait_listed("media", 3)
    assert room.keys("media") == {"Photos/One.bin", "Photos/two.bin", COMPOSED, "plain.bin"}
    assert room.inline.extracted == []
