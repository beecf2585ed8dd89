"""Changes of a watched folder reach the dataset, whatever they are."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sync_room import DATASET, InlinePool, Room, folder_address, memory_bucket, write

from bindery.buckets.store import AccessDenied, BucketNotFound, StoreUnavailable
from bindery.catalog.records import BindingState, Outcome
from bindery.extract.extraction import ExtractionRequest
from bindery.sync import changed, removals
from bindery.sync.settings import SyncSettings

OpenRoom = Callable[..., Room]
BY_EVENTS = SyncSettings(
    folder_reconcile_interval=3_600,
    reconcile_interval=3_600,
    settle_time=0.05,
    retry_initial=0.01,
    retry_longest=0.1,
)
"""No listing after the first: what reaches the dataset has come by events."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    for number in range(10):
        write(folder / f"f{number}.bin", bytes([0, number]), age=60)
    return folder


@pytest.fixture
def room(open_room: OpenRoom, root: Path) -> Room:
    room = open_room(folder_address(root), settings=BY_EVENTS)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    return room


@pytest.fixture
def patient(open_room: OpenRoom, root: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """The same where a busy machine may take seconds from one removal to the next."""
    monkeypatch.setattr(removals, "_PATIENCE_SECONDS", 60.0)
    settings = msgspec.structs.replace(BY_EVENTS, removal_quiet=5.0)
    room = open_room(folder_address(root), settings=settings)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    return room


def on_disk(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def wait_equal(room: Room, root: Path) -> None:
    room.wait(lambda: room.keys("media") == on_disk(root) == set(room.live("media")))
    sizes = {key: (root / key).stat().st_size for key in on_disk(root)}
    room.wait(lambda: {uri[12:]: document["Size"] for uri, document in room.documents().items()} == sizes)
    room.wait(lambda: room.progress("media").oldest_pending_change is None)
    room.check_books("media")


def test_new_overwritten_renamed_and_deleted_files(room: Room, root: Path) -> None:
    write(root / "new.bin", b"\x00new")
    write(root / "f1.bin", b"\x00overwritten")
    (root / "f2.bin").rename(root / "renamed.bin")
    (root / "f3.bin").unlink()
    wait_equal(room, root)


def test_a_rename_over_another_file(room: Room, root: Path) -> None:
    write(root.parent / "outside.bin", b"\x00from outside", age=30).rename(root / "f1.bin")
    (root / "f2.bin").replace(root / "f3.bin")
    wait_equal(room, root)


def test_new_nested_folders(room: Room, root: Path) -> None:
    for number in range(30):
        write(root / f"a{number % 3}" / f"b{number % 5}" / "c" / f"{number}.bin", bytes([0, number]))
    wait_equal(room, root)
    write(root / "a0" / "b0" / "c" / "later.bin", b"\x00later")
    wait_equal(room, root)


def test_folders_that_move_in_out_and_within(room: Room, root: Path) -> None:
    outside = root.parent / "outside"
    for number in range(20):
        write(outside / "deep" / f"{number}.bin", bytes([0, number]), age=30)
    outside.rename(root / "in")
    wait_equal(room, root)
    (root / "in" / "deep").rename(root / "moved")
    wait_equal(room, root)
    write(root / "moved" / "more.bin", b"\x00more")
    wait_equal(room, root)
    (root / "moved").rename(root.parent / "out")
    wait_equal(room, root)
    write(root.parent / "out" / "unseen.bin", b"\x00no longer in the bucket")
    write(root / "seen.bin", b"\x00seen")
    wait_equal(room, root)


@pytest.mark.parametrize("count", [5, 90])
def test_a_folder_that_is_removed(room: Room, root: Path, count: int) -> None:
    fill(root / "folder" / "deep", count)
    wait_equal(room, root)
    shutil.rmtree(root / "folder")
    wait_equal(room, root)
    assert room.binding("media").reason == ""


@pytest.mark.parametrize("how", ["removed", "moved out"])
def test_a_large_folder_that_vanishes_as_a_whole_is_asked_about(
    patient: Room, root: Path, how: str
) -> None:
    room = patient
    fill(root / "folder" / "deep", 300)
    fill(root / "other", 900)
    wait_equal(room, root)
    if how == "removed":
        shutil.rmtree(root / "folder")
    else:
        (root / "folder").rename(root.parent / "elsewhere")
    reason = room.wait(lambda: room.binding("media").reason)
    assert "objects below folder/: its objects vanished together" in reason
    room.wait_listed("media")
    held = room.binding("media").removals_held
    assert held == 300 if how == "moved out" else held >= 200
    assert len(room.keys("media")) == 910 + held
    (root / "other" / "7.bin").unlink()
    room.wait(lambda: len(room.keys("media")) == 909 + held)
    room.engine.confirm_deletion(room.binding("media"))
    wait_equal(room, root)
    room.wait(lambda: room.binding("media").reason == "")


def test_a_large_folder_that_is_renamed_is_not_asked_about(room: Room, root: Path) -> None:
    fill(root / "folder" / "deep", 300)
    wait_equal(room, root)
    (root / "folder").rename(root / "moved")
    wait_equal(room, root)
    (root / "moved" / "deep").rename(root / "before")
    wait_equal(room, root)
    for path in sorted((root / "before").iterdir()):
        path.rename(root / f"single-{path.name}")
    wait_equal(room, root)
    assert room.binding("media").reason == ""


def fill(folder: Path, count: int) -> None:
    for number in range(count):
        write(folder / f"{number}.bin", bytes([0, number % 250]), age=30)


def test_many_removals_from_a_large_folder_are_looked_up_and_not_held_back(room: Room, root: Path) -> None:
    fill(root, 1_500)
    wait_equal(room, root)
    for number in range(250):
        (root / f"{number}.bin").unlink()
    wait_equal(room, root)
    assert room.binding("media").reason == ""


def test_a_folder_that_vanishes_file_by_file_is_held_back_as_a_whole(patient: Room, root: Path) -> None:
    room = patient
    fill(root / "folder", 300)
    fill(root / "other", 1_400)
    wait_equal(room, root)
    for number in range(300):
        (root / "folder" / f"{number}.bin").unlink()
        time.sleep(0.005)
    reason = room.wait(lambda: room.binding("media").reason)
    assert "objects below folder/: its objects vanished together" in reason
    assert room.binding("media").removals_held >= 290
    assert len(room.keys("media")) >= 1_700
    room.engine.confirm_deletion(room.binding("media"))
    wait_equal(room, root)


def test_a_burst(room: Room, root: Path) -> None:
    for number in range(1_000):
        write(root / f"burst{number}.bin", bytes([0, number % 250]))
    wait_equal(room, root)
    assert room.inline.extracted.count("burst7.bin") == 1


def test_an_edit_in_place_that_keeps_the_size(room: Room, root: Path) -> None:
    for round_number in range(5):
        before = room.ledger("media")["f1.bin"].etag
        with (root / "f1.bin").open("r+b") as file:
            file.write(bytes([0, 100 + round_number]))
        room.wait(lambda before=before: room.ledger("media")["f1.bin"].etag != before)
        wait_equal(room, root)


def test_a_file_becomes_a_folder_and_back(room: Room, root: Path) -> None:
    (root / "f1.bin").unlink()
    write(root / "f1.bin" / "inside.bin", b"\x00inside")
    wait_equal(room, root)
    shutil.rmtree(root / "f1.bin")
    write(root / "f1.bin", b"\x00a file again")
    wait_equal(room, root)


def test_a_file_that_is_written_slowly_is_read_when_it_is_whole(room: Room, root: Path) -> None:
    seen: list[int] = []

    def read(request: ExtractionRequest) -> None:
        if request.object.key == "slow.bin":
            seen.append(request.object.size)

    room.inline.answer = read
    with (root / "slow.bin").open("wb") as file:
        for _ in range(40):
            file.write(b"\x00" * 1_000)
            file.flush()
            time.sleep(0.01)
    wait_equal(room, root)
    assert seen[-1] == 40_000


def test_a_file_that_is_always_written_is_read_nevertheless(
    room: Room, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changed, "_PATIENCE_SECONDS", 0.2)
    done = threading.Event()

    def write_on() -> None:
        with (root / "log.bin").open("wb") as file:
            while not done.wait(0.01):
                file.write(b"\x00line")
                file.flush()

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        room.wait(lambda: "log.bin" in room.ledger("media"))
        assert writer.is_alive()
    finally:
        done.set()
        writer.join()
    wait_equal(room, root)


def test_files_that_vanish_while_they_are_extracted(room: Room, root: Path) -> None:
    def vanish(request: ExtractionRequest) -> None:
        if request.object.key.startswith("fleeting"):
            (root / request.object.key).unlink(missing_ok=True)

    room.inline.answer = vanish
    for number in range(20):
        write(root / f"fleeting{number}.bin", b"\x00here and gone")
    write(root / "stays.bin", b"\x00stays")
    room.wait(lambda: "stays.bin" in room.keys("media"))
    wait_equal(room, root)


def test_a_file_that_changes_while_it_is_extracted(room: Room, root: Path) -> None:
    changes = iter([b"\x00second", b"\x00third one"])

    def change(request: ExtractionRequest) -> None:
        if request.object.key == "restless.bin" and (content := next(changes, None)):
            (root / "restless.bin").write_bytes(content)

    room.inline.answer = change
    write(root / "restless.bin", b"\x00first")
    room.wait(lambda: room.live("media").get("restless.bin") is not None)
    wait_equal(room, root)
    assert room.live("media")["restless.bin"].outcome is Outcome.INDEXED


def test_odd_names(room: Room, root: Path) -> None:
    names = {
        "with space",
        "percent%41",
        "\u00e9",
        "e\u0301",
        "\U0001f600",
        "new\nline",
        "'quote\"",
        "-dash",
        ".hidden",
    }
    for name in names:
        write(root / name, b"\x00odd")
    (root / os.fsdecode(b"bad\xff.bin")).write_bytes(b"\x00not UTF-8")
    keys = {f"f{number}.bin" for number in range(10)} | names | {"bad%FF.bin"}
    room.wait_keys("media", keys)
    (root / os.fsdecode(b"bad\xff.bin")).unlink()
    (root / "new\nline").unlink()
    room.wait_keys("media", keys - {"bad%FF.bin", "new\nline"})


def test_the_whole_folder_removed_is_a_failure_and_no_removal(room: Room, root: Path) -> None:
    root.rename(root.parent / "away")
    failed = room.wait_state("media", BindingState.FAILED)
    assert failed.reason.startswith("BucketNotFound: ")
    assert len(room.keys("media")) == 10
    room.inline.extracted.clear()
    (root.parent / "away").rename(root)
    assert room.wait_state("media", BindingState.RUNNING).reason == ""
    write(root / "after.bin", b"\x00after")
    wait_equal(room, root)
    assert room.inline.extracted == ["after.bin"]


def test_changes_while_the_server_is_down(room: Room, root: Path, open_room: OpenRoom) -> None:
    room.kill()
    write(root / "new.bin", b"\x00new")
    write(root / "f1.bin", b"\x00overwritten meanwhile")
    (root / "f2.bin").unlink()
    after = open_room(folder_address(root), settings=BY_EVENTS)
    wait_equal(after, root)
    assert sorted(after.inline.extracted) == ["f1.bin", "new.bin"]


def test_changes_during_the_full_scan_are_not_missed(open_room: OpenRoom, root: Path) -> None:
    pool = InlinePool(lambda request: pool.gate.clear() if request.object.key == "f5.bin" else None)
    room = open_room(folder_address(root), settings=BY_EVENTS, pool=pool)
    room.make_dataset()
    room.bind("media")
    room.wait(pool.waiting.is_set)
    write(root / "a-new.bin", b"\x00before the cursor")
    write(root / "f1.bin", b"\x00changed behind the scan")
    (root / "f0.bin").unlink()
    pool.answer = lambda _: None
    pool.gate.set()
    wait_equal(room, root)


def test_lost_events_are_found_by_a_listing_and_new_folders_are_watched(room: Room, root: Path) -> None:
    follower = room.engine._followers.get(room.binding("media").id)
    watch = follower._watching.watch
    assert watch is not None
    wait = watch.wait
    losing = threading.Event()

    def lose(seconds: float) -> object:
        losing.set()
        found = wait(seconds)
        if found.keys or found.prefixes:
            return type(found)(frozenset(), frozenset(), overflow=True)
        return found

    watch.wait = lose  # type: ignore[method-assign]
    assert losing.wait(60), "the follower waits in the replaced method before anything is written"
    write(root / "lost" / "a.bin", b"\x00its event was lost")
    wait_equal(room, root)
    assert follower._watching.watch is not watch
    write(root / "lost" / "b.bin", b"\x00in the folder whose event was lost")
    wait_equal(room, root)


@pytest.mark.parametrize(
    "fault", [StoreUnavailable("cannot be listed: I/O error"), BucketNotFound("gone"), AccessDenied("no")]
)
def test_changes_wait_for_a_store_that_does_not_answer(room: Room, root: Path, fault: Exception) -> None:
    room.store("media").fault = fault
    write(root / "new.bin", b"\x00new")
    (root / "f1.bin").unlink()
    state = BindingState.RETRYING if isinstance(fault, StoreUnavailable) else BindingState.FAILED
    assert room.wait_state("media", state).reason == f"{type(fault).__name__}: {fault}"
    assert "f1.bin" in room.keys("media")
    room.store("media").fault = None
    assert room.wait_state("media", BindingState.RUNNING).reason == ""
    wait_equal(room, root)


def test_a_prefix_that_fails_keeps_all_prefixes(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    store.put("a/1", b"\x001")
    store.put("b/1", b"\x001")
    room = open_room(address, settings=BY_EVENTS)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    follower = room.engine._followers.get(room.binding("media").id)
    store.put("a/2", b"\x002")
    store.put("b/2", b"\x002")
    room.store("media").fault = StoreUnavailable("503")
    follower._inbox.add_prefixes(["a/", "b/"])
    room.wait_state("media", BindingState.RETRYING)
    room.store("media").fault = None
    room.wait_keys("media", {"a/1", "a/2", "b/1", "b/2"})
    assert room.catalog.datasets.statistics("project", DATASET).file_count == 4
