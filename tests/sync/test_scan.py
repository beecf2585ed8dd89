"""Full scan and reconciliation over a real catalog."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_room import InlinePool, Room, check_balance, folder_address, memory_bucket, remove_together, write

from bindery.buckets.store import StoreUnavailable
from bindery.catalog.records import BindingPhase, BindingState, Outcome
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.file import File
from bindery.sync import troubles
from bindery.sync.settings import SyncSettings

SLOW = SyncSettings(
    reconcile_interval=3_600, folder_reconcile_interval=3_600, settle_time=0.02, retry_initial=0.01
)
OpenRoom = Callable[..., Room]
S = BindingState


def fill(store: object, count: int, start: int = 0) -> set[str]:
    keys = {f"key-{number:05d}.bin" for number in range(start, start + count)}
    for key in keys:
        store.put(key, b"\x00\x01" + key.encode())  # type: ignore[attr-defined]
    return keys


def test_a_scan_takes_in_every_object_once(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 2_500)
    room = open_room(address, settings=SLOW)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    assert room.keys("media") == keys
    assert sorted(room.inline.extracted) == sorted(keys)
    books = room.check_books("media")
    assert (books.listed, books.indexed, books.unchanged) == (2_500, 2_500, 0)
    assert books.last_complete_listing is not None
    binding = room.binding("media")
    assert (binding.reason, binding.cursor, binding.update_time) == ("", "", binding.create_time)


def test_an_empty_bucket_is_soon_followed(open_room: OpenRoom) -> None:
    _, address = memory_bucket()
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    assert room.check_books("media").listed == 0


def test_a_stopped_scan_goes_on_from_its_cursor(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 8_000)
    pool = InlinePool()
    room = open_room(address, settings=SLOW, pool=pool)
    room.make_dataset()
    pool.answer = lambda request: pool.gate.clear() if request.object.key == "key-04500.bin" else None
    room.bind("media")
    room.wait(pool.waiting.is_set)
    room.engine.stop_binding(room.binding("media"), "pause usage")
    stopped = room.binding("media")
    assert (stopped.state, stopped.phase, stopped.reason) == (
        S.STOPPED,
        BindingPhase.FULL_SCANNING,
        "pause usage",
    )
    cursor, held = stopped.cursor or "", room.keys("media")
    assert cursor
    assert {key for key in keys if key <= cursor} <= held, "a cursor passes only what is committed"
    assert room.check_books("media").listed == len(held) < 8_000

    store.remove("key-00001.bin")
    store.put("key-00002.bin", b"\x00overwritten")
    store.put("key-00000-new.bin", b"new, before the cursor")
    pool.extracted.clear()
    pool.answer = lambda _: None
    pool.gate.set()
    room.engine.resume_binding(room.binding("media"))
    room.wait_keys("media", keys - {"key-00001.bin"} | {"key-00000-new.bin"})
    room.wait(lambda: room.live("media")["key-00002.bin"].size == len(b"\x00overwritten"))
    changed = {"key-00002.bin", "key-00000-new.bin"}
    assert sorted(pool.extracted) == sorted(keys - held | changed), "only what is new, and what has changed"
    room.wait(lambda: room.binding("media").progress.last_complete_listing)
    assert room.check_books("media").listed == 8_000


def test_a_killed_scan_goes_on_from_its_cursor(open_room: OpenRoom, tmp_path: Path) -> None:
    store, address = memory_bucket()
    keys = fill(store, 6_000)
    pool = InlinePool()
    pool.answer = lambda request: pool.gate.clear() if request.object.key == "key-03100.bin" else None
    room = open_room(address, settings=SLOW, pool=pool)
    room.make_dataset()
    room.bind("media")
    room.wait(pool.waiting.is_set)
    held = room.keys("media")
    assert "key-00000.bin" in held
    room.kill()

    after = open_room(address, settings=SLOW)
    assert after.binding("media").state is S.RUNNING
    after.wait_followed("media")
    assert after.keys("media") == keys
    assert not held & set(after.inline.extracted)
    assert len(after.inline.extracted) == len(set(after.inline.extracted))
    after.wait(lambda: after.binding("media").progress.last_complete_listing)
    assert after.check_books("media").listed == 6_000


def test_a_store_that_fails_in_the_middle_of_a_listing_removes_nothing(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 3_000)
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    faulty = room.store("media")
    faulty.fault_after_pages = 1
    faulty.fault = StoreUnavailable("503 slow down")
    retrying = room.wait_state("media", S.RETRYING)
    assert retrying.reason == "StoreUnavailable: 503 slow down"
    assert room.keys("media") == keys
    room.check_books("media")
    faulty.fault = None
    assert room.wait_state("media", S.RUNNING).reason == ""
    assert room.keys("media") == keys


def test_unchanged_objects_are_not_extracted_again(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 1_500)
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    room.inline.extracted.clear()
    store.put("key-00007.bin", b"\x00other content")
    room.wait_listed("media", 3)
    assert set(room.inline.extracted) == {"key-00007.bin"}
    room.engine.stop_binding(room.binding("media"), "")
    books = room.check_books("media")
    assert (books.listed, books.indexed + books.unchanged) == (len(keys), len(keys))


def test_the_guard_holds_back_and_resuming_confirms(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 1_000)
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    lost = {key for key in keys if key < "key-00300.bin"}
    remove_together(store, lost)
    room.wait(
        lambda: room.binding("media").reason.startswith("DeletionGuard: the last listing lacks 300 of 1000")
    )
    before = room.binding("media").progress.last_complete_listing
    room.wait_listed("media", 3)
    assert room.keys("media") == keys
    held = room.binding("media")
    assert (held.state, held.removals_held) == (S.RUNNING, 300)
    assert held.progress.last_complete_listing == before, "a listing that is not believed is not complete"

    room.engine.stop_binding(held, "looked at it")
    room.check_books("media")
    room.engine.resume_binding(room.binding("media"))
    room.wait_keys("media", keys - lost)
    room.wait(lambda: room.binding("media").removals_held == 0)
    confirmed = room.binding("media")
    assert (confirmed.reason, confirmed.removals_confirmed) == ("", 0)
    remove_together(store, [key for key in keys - lost if key < "key-00600.bin"])
    room.wait(lambda: "lacks 300 of 700" in room.binding("media").reason)
    assert room.keys("media") == keys - lost, "a confirmation is good for one listing"


def test_a_confirmation_survives_a_restart(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 400)
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    remove_together(store, keys)
    room.wait(lambda: room.binding("media").removals_held == 400)
    room.engine.stop_binding(room.binding("media"), "")
    room.kill()
    after = open_room(address)
    after.engine.resume_binding(after.binding("media"))
    after.wait_keys("media", set())


def test_objects_that_come_back_lift_the_guard_without_extraction(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 500)
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    faulty = room.store("media")
    faulty.hidden = lambda key: key < "key-00200.bin"
    room.wait(lambda: room.binding("media").removals_held == 200)
    room.inline.extracted.clear()
    faulty.hidden = lambda key: False
    room.wait(lambda: room.binding("media").reason == "")
    assert room.binding("media").removals_held == 0
    assert room.keys("media") == keys
    assert room.inline.extracted == []


def test_a_folder_that_is_empty_like_a_disk_that_is_not_mounted(
    open_room: OpenRoom, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    for number in range(20):
        write(root / f"f{number}.bin", bytes([0, number]), age=10)
    room = open_room(folder_address(root))
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    room.inline.extracted.clear()
    root.rename(tmp_path / "elsewhere")
    root.mkdir()
    room.wait(lambda: room.binding("media").reason.startswith("DeletionGuard: the bucket is empty and 20"))
    assert len(room.keys("media")) == 20
    root.rmdir()
    (tmp_path / "elsewhere").rename(root)
    room.wait(lambda: room.engine.reconcile(room.binding("media")) or room.binding("media").reason == "")
    assert len(room.keys("media")) == 20
    assert room.inline.extracted == []
    write(root / "later.bin", "the folder that came back is watched")
    room.wait(lambda: "later.bin" in room.keys("media"))


def test_a_broken_file_fails_alone(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 50)
    store.put("broken.jpg", b"\xff\xd8\xff\xe0 not a picture")
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    document = room.documents()["oss://media/broken.jpg"]
    assert document["ObjectStatus"] == "Failed"
    assert document["Reason"].startswith("[")
    assert room.ledger("media")["broken.jpg"].outcome is Outcome.FAILED
    assert room.keys("media") == keys | {"broken.jpg"}
    assert room.check_books("media").failed == 1
    extracted = room.inline.extracted.count("broken.jpg")
    room.wait_listed("media", 2)
    assert room.inline.extracted.count("broken.jpg") == extracted, "what is broken is not read again"


def test_a_passing_failure_is_tried_again_and_waits_for_its_time(
    open_room: OpenRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubles, "_FIRST_WAIT_SECONDS", 3_000.0)
    store, address = memory_bucket()
    keys = fill(store, 10)
    pool = InlinePool(lambda request: _unavailable(request, "key-00003.bin"))
    room = open_room(address, pool=pool)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    assert room.keys("media") == keys - {"key-00003.bin"}
    row = room.ledger("media")["key-00003.bin"]
    assert (row.outcome, row.attempts, row.reason) == (Outcome.PENDING, 1, "StoreUnavailable: 503")
    assert room.check_books("media").pending == 1
    room.wait_listed("media", 3)
    assert room.ledger("media")["key-00003.bin"].attempts == 1, "listings do not use up the tries"
    pool.answer = lambda _: None
    monkeypatch.undo()  # its time has come
    room.wait_keys("media", keys)
    room.wait(lambda: room.binding("media").progress.pending == 0)


def test_pending_rows_are_taken_up_after_a_restart(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 5)
    room = open_room(
        address, pool=InlinePool(lambda request: _unavailable(request, "key-00001.bin")), settings=SLOW
    )
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    room.kill()
    after = open_room(address, settings=SLOW)
    after.wait_keys("media", keys)
    assert after.inline.extracted == ["key-00001.bin"]


def _unavailable(request: ExtractionRequest, key: str) -> Extraction | None:
    if request.object.key != key:
        return None
    return Extraction(file=File(), failure="StoreUnavailable: 503", retryable=True)


def test_an_object_that_vanishes_while_it_is_extracted(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 5)

    def vanish(request: ExtractionRequest) -> None:
        if request.object.key == "key-00002.bin":
            store.remove("key-00002.bin")

    room = open_room(address, pool=InlinePool(vanish))
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    room.wait(lambda: "key-00002.bin" not in room.live("media"))
    room.wait_keys("media", keys - {"key-00002.bin"})
    room.engine.stop_binding(room.binding("media"), "")
    assert room.check_books("media").listed == 4


def test_a_dataset_that_is_full_lets_the_binding_go_on(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    keys = fill(store, 150)
    room = open_room(address)
    room.make_dataset()
    set_cap(room, 40)
    room.bind("media")
    room.wait_followed("media")
    room.wait(lambda: room.binding("media").reason.startswith("LimitExceeded: DatasetMaxFileCount"))
    assert len(room.keys("media")) == 40
    assert len(room.inline.extracted) == 40, "what has no room is not read"
    room.wait_listed("media", 3)
    assert len(room.inline.extracted) == 40, "nor by the listings that follow"
    binding = room.binding("media")
    assert binding.state is S.RUNNING
    assert (binding.progress.listed, binding.progress.pending) == (150, 110)
    check_balance(room.progress("media"))

    gone = min(room.keys("media"))
    store.remove(gone)
    room.wait(lambda: gone not in room.keys("media") and len(room.keys("media")) == 40)
    set_cap(room, 1_000)
    room.wait_keys("media", keys - {gone})
    room.wait(lambda: room.binding("media").reason == "")
    room.engine.stop_binding(room.binding("media"), "")
    assert room.check_books("media").pending == 0


def test_an_object_that_is_in_a_full_dataset_is_still_followed(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    fill(store, 30)
    room = open_room(address)
    room.make_dataset()
    set_cap(room, 20)
    room.bind("media")
    room.wait_followed("media")
    room.wait(lambda: room.binding("media").reason != "")
    inside = max(room.keys("media"))
    store.put(inside, b"a longer content than before")
    room.wait(lambda: room.documents()[f"oss://media/{inside}"]["Size"] == 28)


def set_cap(room: Room, cap: int) -> None:
    import msgspec

    def change(dataset):  # type: ignore[no-untyped-def]
        return msgspec.structs.replace(
            dataset, limits=msgspec.structs.replace(dataset.limits, dataset_max_file_count=cap)
        )

    room.catalog.datasets.update("project", "dataset", change)


def test_books_balance_for_every_reader_at_every_moment(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    fill(store, 3_000)
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    done = threading.Event()
    seen: list[int] = []
    errors: list[AssertionError] = []

    def read() -> None:
        while not done.is_set():
            progress = room.progress("media")
            seen.append(progress.listed)
            try:
                check_balance(progress)
            except AssertionError as error:
                errors.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    room.wait_followed("media")
    for number in range(0, 3_000, 7):
        store.put(f"key-{number:05d}.bin", b"\x00changed")
    room.wait_listed("media", 2)
    done.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert max(seen) == 3_000, "never more than there are"


def test_two_writes_within_one_tick_of_the_clock(open_room: OpenRoom, tmp_path: Path) -> None:
    """A file of the same size and time is the same version: it is read only when its time lies behind."""
    root = tmp_path / "root"
    root.mkdir()
    room = open_room(folder_address(root), settings=SyncSettings(settle_time=3.0))
    seen: list[bytes] = []

    def read(request: ExtractionRequest) -> None:
        seen.append((root / request.object.key).read_bytes())

    room.inline.answer = read
    room.make_dataset()
    path = write(root / "note.bin", "one")
    moment = path.stat().st_mtime_ns
    room.bind("media")
    path.write_bytes(b"two")
    os.utime(path, ns=(moment, moment))
    room.wait_followed("media")
    assert room.keys("media") == {"note.bin"}
    assert seen[-1] == b"two"


@pytest.mark.slow
def test_real_workers_extract_for_a_scan(open_room: OpenRoom, tmp_path: Path) -> None:
    from PIL import Image

    from bindery.extract.limits import ExtractionLimits
    from bindery.extract.pool import ExtractionPool

    root = tmp_path / "root"
    root.mkdir()
    for number in range(40):
        Image.new("RGB", (10 + number, 20)).save(root / f"p{number:02d}.jpg")
    room = open_room(folder_address(root), pool=ExtractionPool(2, ExtractionLimits()))
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    widths = {uri[-7:]: document["ImageWidth"] for uri, document in room.documents().items()}
    assert widths == {f"p{number:02d}.jpg"[-7:]: 10 + number for number in range(40)}
