"""A binding that is supposed to run goes on, whatever fails."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_room import QUICK, Room, folder_address, memory_bucket, write

from bindery.buckets.events import ChangedKey
from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import (
    AccessDenied,
    StoreAddress,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)
from bindery.catalog.records import BindingState, CatalogError, NotFound, Outcome
from bindery.stopping import Interrupted
from bindery.sync import watching
from bindery.sync.settings import SyncSettings

OpenRoom = Callable[..., Room]
S = BindingState


@pytest.fixture
def bucket() -> tuple[MemoryStore, StoreAddress]:
    store, address = memory_bucket()
    for number in range(20):
        store.put(f"k{number:02d}.bin", bytes([0, number]))
    return store, address


@pytest.fixture
def room(open_room: OpenRoom, bucket: tuple[MemoryStore, StoreAddress]) -> Room:
    room = open_room(bucket[1])
    room.make_dataset()
    return room


def thread_of(room: Room) -> threading.Thread:
    name = f"binding-{room.binding('media').id}"
    (thread,) = [thread for thread in room.binding_threads() if thread.name == name]
    return thread


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (StoreUnavailable("503 slow down", retry_after=0.01), S.RETRYING),
        (AccessDenied("403"), S.FAILED),
        (StoreMisconfigured("no such host"), S.FAILED),
        (StoreError("odd"), S.RETRYING),
    ],
)
@pytest.mark.parametrize("followed", [False, True])
def test_outages_heal(room: Room, fault: StoreError, state: BindingState, followed: bool) -> None:
    if followed:
        room.bind("media")
        room.wait_followed("media")
    room.store("media").fault = fault
    if not followed:
        room.bind("media")
    failing = room.wait_state("media", state)
    assert failing.reason == f"{type(fault).__name__}: {fault}"
    thread = thread_of(room)
    room.store("media").fault = None
    healed = room.wait_followed("media")
    assert (healed.reason, healed.update_time) == ("", healed.create_time)
    assert thread_of(room) is thread
    assert len(room.keys("media")) == 20


def test_work_that_comes_does_not_end_the_pause_that_a_store_asks_for(
    open_room: OpenRoom, bucket: tuple[MemoryStore, StoreAddress], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = SyncSettings(retry_initial=30.0, retry_longest=3_600.0, reconcile_interval=3_600)
    room = open_room(bucket[1], settings=patient)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    store, asked = room.store("media"), []
    monkeypatch.setattr(store, "_meet", lambda: asked.append(1) or _refuse())
    tell(room, "k01.bin")
    room.wait_state("media", S.RETRYING)
    before = len(asked)
    for number in range(20):
        tell(room, f"k{number:02d}.bin")
        time.sleep(0.01)
    assert len(asked) == before, "it asked to be left alone"
    room.engine.reconcile(room.binding("media"))
    room.wait(lambda: len(asked) > before)
    monkeypatch.undo()
    room.wait(lambda: room.engine.reconcile(room.binding("media")) or room.wait_followed("media"))
    room.wait(lambda: room.progress("media").oldest_pending_change is None)


def _refuse() -> None:
    raise StoreUnavailable("503 slow down", retry_after=600)


def tell(room: Room, *keys: str) -> None:
    room.engine.accept_events([ChangedKey("media", key) for key in keys]).result(60)


def test_a_wish_of_before_does_not_skip_the_first_pause(
    open_room: OpenRoom, bucket: tuple[MemoryStore, StoreAddress]
) -> None:
    room = open_room(bucket[1], settings=SyncSettings(retry_initial=600.0, retry_longest=3_600.0))
    room.make_dataset()
    store = room.store("media")
    binding = room.bind("media")
    room.wait_followed("media")

    def wish_and_fail() -> None:
        room.engine.reconcile(binding)
        raise StoreUnavailable("503")

    store.before_page = wish_and_fail
    room.engine.reconcile(binding)
    room.wait_state("media", S.RETRYING)
    listings = store.listings
    assert not room.engine._followers.get(binding.id)._thread.join(0.3)
    assert store.listings == listings


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            RuntimeError("the pool is broken"),
            "InternalError: 20 objects wait until they can be read: RuntimeError: the pool is broken",
        ),
        (Interrupted(), "InternalError: Interrupted: the extraction pool gave up"),
        (MemoryError(), "InternalError: MemoryError: "),
        (NotFound("project"), "NotFound: project"),
    ],
)
def test_a_pool_that_fails(room: Room, error: Exception, reason: str) -> None:
    def fail(_: object) -> None:
        raise error

    room.inline.answer = fail
    room.bind("media")

    def is_told() -> bool:  # it may be told of a part of the objects before
        binding = room.binding("media")
        return (binding.state, binding.reason) == (S.RETRYING, reason)

    room.wait(is_told)
    assert thread_of(room).is_alive()
    statuses = {document["ObjectStatus"] for document in room.documents().values()}
    assert statuses <= {"Failed"}
    room.inline.answer = lambda _: None
    room.wait(lambda: room.wait_followed("media").reason == "")
    room.wait(lambda: {row.outcome for row in room.live("media").values()} == {Outcome.INDEXED})
    assert len(room.keys("media")) == 20


def test_a_catalog_that_fails(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise CatalogError("disk full")

    monkeypatch.setattr(room.catalog._catalog.bindings, "commit", fail)
    room.bind("media")
    assert room.wait_state("media", S.RETRYING).reason == "CatalogError: disk full"
    monkeypatch.undo()
    room.wait_followed("media")
    room.wait(lambda: len(room.keys("media")) == 20)
    room.engine.stop_binding(room.binding("media"), "")
    room.check_books("media")


def test_a_catalog_that_cannot_even_store_the_state(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.bind("media")
    room.wait_followed("media")
    thread = thread_of(room)
    failed = threading.Event()

    def fail(*_: object) -> None:
        failed.set()
        raise OSError("no space left on device")

    monkeypatch.setattr(room.catalog._catalog.bindings, "commit", fail)
    monkeypatch.setattr(room.catalog._catalog.bindings, "update", fail)
    room.wait(failed.is_set)
    assert thread.is_alive()
    monkeypatch.undo()
    room.wait_state("media", S.RUNNING)
    assert thread_of(room) is thread


def test_listings_follow_each_other_on_the_interval(
    room: Room, bucket: tuple[MemoryStore, StoreAddress]
) -> None:
    room.bind("media")
    room.wait_followed("media")
    bucket[0].put("new.bin", b"\x00new")
    bucket[0].put("k01.bin", b"\x00overwritten")
    bucket[0].remove("k02.bin")
    room.wait(lambda: "new.bin" in room.keys("media") and "k02.bin" not in room.keys("media"))
    room.wait(lambda: room.documents()["oss://media/k01.bin"]["Size"] == 12)
    room.engine.stop_binding(room.binding("media"), "")
    assert room.check_books("media").listed == 20


def test_a_folder_that_cannot_be_watched_is_listed(open_room: OpenRoom, tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "a.bin", b"\x00a", age=5)
    room = open_room(
        folder_address(root),
        settings=SyncSettings(folder_reconcile_interval=0.2, folder_poll_interval=0.05, settle_time=0.02),
    )
    store = room.store("media")
    watch, store.watch = store.watch, _no_watch  # type: ignore[method-assign]
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    write(root / "b.bin", b"\x00b")
    room.wait_keys("media", {"a.bin", "b.bin"})
    store.watch = watch  # type: ignore[method-assign]
    room.wait(lambda: room.engine._followers.get(room.binding("media").id)._watching.watch is not None)


def _no_watch() -> None:
    raise StoreUnavailable("the folder cannot be watched: no space left")


def test_too_many_changes_become_a_listing(
    open_room: OpenRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "INBOX_LIMIT", 10)
    root = tmp_path / "root"
    write(root / "a.bin", b"\x00a", age=5)
    room = open_room(folder_address(root), settings=QUICK)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    for number in range(200):
        write(root / f"b{number}.bin", b"\x00b")
    room.wait(lambda: len(room.keys("media")) == 201)
    room.wait(lambda: room.progress("media").oldest_pending_change is None)
    room.check_books("media")


def test_changes_are_dealt_with_between_the_pages_of_a_long_listing(
    open_room: OpenRoom, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    for number in range(3_000):
        write(root / f"f{number:04d}.bin", b"\x00", age=60)
    room = open_room(folder_address(root), settings=QUICK)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    reached, release = threading.Event(), threading.Event()
    pages = itertools.count()

    def hold() -> None:
        if next(pages) == 1:
            write(root / "a-new.bin", b"\x00new", age=60)
            (root / "f2999.bin").unlink()
        elif not release.is_set():
            reached.set()
            release.wait(0.2)

    room.store("media").before_page = hold
    room.engine.reconcile(room.binding("media"))
    room.wait(lambda: "a-new.bin" in room.keys("media") and "f2999.bin" not in room.keys("media"))
    release.set()
    room.wait(lambda: room.progress("media").listed == 3_000 and room.progress("media").pending == 0)
    room.engine.stop_binding(room.binding("media"), "")
    assert room.check_books("media").listed == 3_000
