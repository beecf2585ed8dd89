"""Bindings as the API sees them: create, stop, resume, delete, at any moment and at the same time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_room import QUICK, InlinePool, Room, folder_address, memory_bucket, write

from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import BucketNotFound, StoreAddress, StoreUnavailable
from bindery.catalog.records import AlreadyExists, BindingPhase, BindingState, NotFound
from bindery.sync import followers
from bindery.sync.engine import WrongState
from bindery.sync.settings import SyncSettings

OpenRoom = Callable[..., Room]
S = BindingState
SLOW = SyncSettings(
    reconcile_interval=3_600, folder_reconcile_interval=3_600, settle_time=0.02, retry_initial=0.01
)


@pytest.fixture
def bucket() -> tuple[MemoryStore, StoreAddress]:
    store, address = memory_bucket()
    for number in range(3_000):
        store.put(f"key-{number:05d}.bin", bytes([0, number % 250]))
    return store, address


@pytest.fixture
def room(open_room: OpenRoom, bucket: tuple[MemoryStore, StoreAddress]) -> Room:
    room = open_room(bucket[1], settings=SLOW)
    room.make_dataset()
    return room


def close_gate_at(pool: InlinePool, key: str) -> None:
    pool.answer = lambda request: pool.gate.clear() if request.object.key == key else None


def open_gate(pool: InlinePool) -> None:
    pool.answer = lambda _: None
    pool.waiting.clear()
    pool.gate.set()


def test_create_answers_ready_and_the_states_follow(room: Room) -> None:
    close_gate_at(room.inline, "key-00000.bin")
    made = room.bind("media")
    assert (made.state, made.phase, made.reason, made.update_time) == (S.READY, BindingPhase.NONE, "", 1)
    room.wait(room.inline.waiting.is_set)
    scanning = room.binding("media")
    assert (scanning.state, scanning.phase) == (S.RUNNING, BindingPhase.FULL_SCANNING)
    open_gate(room.inline)
    followed = room.wait_followed("media")
    assert (followed.state, followed.create_time, followed.update_time) == (S.RUNNING, 1, 1)


def test_a_second_binding_of_the_same_bucket_is_refused(room: Room) -> None:
    room.bind("media")
    with pytest.raises(AlreadyExists):
        room.bind("media")


def test_stop_interrupts_an_extraction_and_nothing_is_committed_after_it(room: Room) -> None:
    close_gate_at(room.inline, "key-01500.bin")
    room.bind("media")
    room.wait(room.inline.waiting.is_set)
    room.engine.stop_binding(room.binding("media"), "pause usage")
    stopped = room.binding("media")
    assert (stopped.state, stopped.reason) == (S.STOPPED, "pause usage")
    assert stopped.update_time > stopped.create_time
    held = room.keys("media")
    open_gate(room.inline)
    time.sleep(0.1)
    assert room.keys("media") == held
    assert room.binding("media") == stopped
    room.check_books("media")


def test_stop_survives_a_restart(room: Room, open_room: OpenRoom) -> None:
    close_gate_at(room.inline, "key-00001.bin")
    room.bind("media")
    room.wait(room.inline.waiting.is_set)
    room.engine.stop_binding(room.binding("media"), "r")
    room.close()
    after = open_room(*room.addresses.values(), settings=SLOW)
    time.sleep(0.1)
    assert after.binding("media").state is S.STOPPED
    assert after.inline.extracted == []
    after.engine.resume_binding(after.binding("media"))
    after.wait_followed("media")
    assert len(after.keys("media")) == 3_000


def test_wrong_states(room: Room) -> None:
    room.bind("media")
    room.wait_followed("media")
    with pytest.raises(WrongState, match="Running"):
        room.engine.resume_binding(room.binding("media"))
    room.engine.stop_binding(room.binding("media"), "")
    with pytest.raises(WrongState, match="Stopped"):
        room.engine.stop_binding(room.binding("media"), "")
    room.engine.resume_binding(room.binding("media"))
    deleted = room.binding("media")
    room.engine.delete_binding(deleted)
    for call in (
        room.engine.resume_binding,
        room.engine.delete_binding,
        lambda b: room.engine.stop_binding(b, ""),
    ):
        with pytest.raises(NotFound):
            call(deleted)


def test_a_refused_resume_leaves_the_binding_at_work(
    room: Room, bucket: tuple[MemoryStore, StoreAddress]
) -> None:
    room.bind("media")
    room.wait_followed("media")
    with pytest.raises(WrongState):
        room.engine.resume_binding(room.binding("media"))
    bucket[0].put("later.bin", b"\x00later")
    room.engine.reconcile(room.binding("media"))
    room.wait(lambda: "later.bin" in room.keys("media"))


def test_a_binding_that_was_stopped_since_it_was_looked_at_is_not_worked_on(
    room: Room, bucket: tuple[MemoryStore, StoreAddress]
) -> None:
    """By another server, before this one took the lease: there was none to revoke."""
    room.bind("media")
    looked_at = room.wait_followed("media")
    room.engine.stop_binding(looked_at, "")
    bucket[0].put("later.bin", b"\x00later")
    with room.engine._followers.lock:
        assert room.engine._followers.start(looked_at)
    room.wait(lambda: not room.binding_threads())
    assert len(room.keys("media")) == 3_000
    room.engine.resume_binding(looked_at)
    room.wait(lambda: "later.bin" in room.keys("media"))


@pytest.mark.parametrize("fault", [StoreUnavailable("503"), BucketNotFound("no such bucket")])
def test_stop_and_resume_while_the_store_fails(room: Room, fault: Exception) -> None:
    room.store("media").fault = fault
    room.bind("media")
    state = S.RETRYING if isinstance(fault, StoreUnavailable) else S.FAILED
    failing = room.wait_state("media", state)
    assert (failing.phase, failing.reason) == (BindingPhase.NONE, f"{type(fault).__name__}: {fault}")
    assert failing.update_time == failing.create_time
    room.engine.stop_binding(failing, "enough")
    time.sleep(0.1)
    stopped = room.binding("media")
    assert (stopped.state, stopped.reason) == (S.STOPPED, "enough")
    room.store("media").fault = None
    time.sleep(0.1)
    assert room.binding("media") == stopped
    room.engine.resume_binding(stopped)
    assert room.wait_followed("media").reason == ""


def test_a_bucket_that_does_not_exist_yet(open_room: OpenRoom, tmp_path: Path) -> None:
    room = open_room(folder_address(tmp_path / "root"), settings=QUICK)
    room.make_dataset()
    room.bind("media")
    assert room.wait_state("media", S.FAILED).reason.startswith("BucketNotFound: the folder ")
    write(tmp_path / "root" / "a.bin", b"\x00a", age=5)
    assert room.wait_followed("media").reason == ""
    assert room.keys("media") == {"a.bin"}


def test_registering_a_bucket_takes_up_the_binding_that_waits_for_it(
    open_room: OpenRoom, tmp_path: Path
) -> None:
    write(tmp_path / "root" / "a.bin", b"\x00a", age=5)
    room = open_room(settings=SyncSettings(retry_initial=60.0, retry_longest=60.0))
    room.make_dataset()
    room.bind("media")
    room.wait_state("media", S.FAILED)
    with pytest.raises(BucketNotFound):
        room.engine.register_bucket(folder_address(tmp_path / "nothing"))
    assert room.buckets.names() == []
    room.engine.register_bucket(folder_address(tmp_path / "root"))
    room.wait_followed("media")
    assert room.buckets.names() == ["media"]


def test_delete_during_a_scan_leaves_no_commits_and_no_ledger(room: Room) -> None:
    close_gate_at(room.inline, "key-01500.bin")
    made = room.bind("media")
    room.wait(room.inline.waiting.is_set)
    held = room.keys("media")
    room.engine.delete_binding(made)
    open_gate(room.inline)
    time.sleep(0.1)
    assert room.keys("media") == held
    assert [page for page in room.catalog.ledger.walk(made.id) if page] == []
    with pytest.raises(NotFound):
        room.binding("media")
    room.wait(lambda: not room.binding_threads())


def test_delete_and_create_the_same_bucket_at_once(room: Room) -> None:
    for _ in range(5):
        made = room.bind("media")
        time.sleep(random.random() * 0.05)
        room.engine.delete_binding(made)
    again = room.bind("media")
    assert again.id > made.id
    room.wait_followed("media")
    assert len(room.keys("media")) == 3_000
    assert room.check_books("media").listed == 3_000


def test_a_slow_end_blocks_neither_other_bindings_nor_progress(
    open_room: OpenRoom, bucket: tuple[MemoryStore, StoreAddress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followers, "_STOP_SECONDS", 240.0)
    other, other_address = memory_bucket("other")
    other.put("a.bin", b"\x00a")
    room = open_room(bucket[1], other_address, settings=SLOW)
    room.make_dataset()
    release = threading.Event()
    stuck = threading.Event()

    def hang() -> None:
        stuck.set()
        release.wait(240)

    room.store("media").before_page = hang
    made = room.bind("media")
    room.wait(stuck.is_set)
    stopper = threading.Thread(target=room.engine.stop_binding, args=(made, "stuck"))
    stopper.start()
    room.wait(lambda: room.binding("media").state is S.STOPPED)
    assert stopper.is_alive(), "the listing has not come back yet"
    room.bind("other")
    room.wait_followed("other")
    room.engine.stop_binding(room.binding("other"), "")
    room.engine.resume_binding(room.binding("other"))
    assert room.progress("media").listed == 0
    room.store("media").before_page = lambda: None
    room.engine.resume_binding(room.binding("media"))
    time.sleep(0.05)
    assert room.keys("media") == set(), "the next thread begins when the one before has ended"
    assert stopper.is_alive()
    release.set()
    stopper.join()
    room.wait_followed("media")
    assert len(room.keys("media")) == 3_000
    assert len(room.inline.extracted) == 3_001


def test_close_is_quick_in_the_middle_of_a_slow_listing(room: Room) -> None:
    release, stuck = threading.Event(), threading.Event()
    room.store("media").before_page = lambda: (stuck.set(), release.wait(240))[1]
    room.bind("media")
    room.wait(stuck.is_set)
    closer = threading.Thread(target=room.engine.close)
    closer.start()
    closer.join(60)
    is_held_up = closer.is_alive()
    release.set()
    assert not is_held_up


def test_calls_at_the_same_time_end_in_a_state_that_is_true(room: Room) -> None:
    """Whatever the order was: Stopped means no thread works, Running means one does."""
    room.bind("media")
    errors: list[BaseException] = []

    def call(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            binding = room.binding("media")
            try:
                if chance.random() < 0.5:
                    room.engine.stop_binding(binding, f"seed {seed}")
                else:
                    room.engine.resume_binding(binding)
            except WrongState:
                pass
            except BaseException as error:
                errors.append(error)

    callers = [threading.Thread(target=call, args=(seed,)) for seed in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert errors == []
    binding = room.binding("media")
    if binding.state is S.STOPPED:
        room.wait(lambda: not room.binding_threads())
        extracted = len(room.inline.extracted)
        time.sleep(0.05)
        assert len(room.inline.extracted) == extracted
        room.engine.resume_binding(binding)
    room.wait_followed("media")
    room.wait(lambda: len(room.keys("media")) == 3_000)
    room.wait(lambda: room.binding("media").progress.last_complete_listing)
    room.wait(lambda: room.progress("media").listed == 3_000)
    room.engine.stop_binding(room.binding("media"), "")
    room.check_books("media")


def test_nothing_starts_after_close(room: Room) -> None:
    room.engine.close()
    made = room.bind("media")
    time.sleep(0.05)
    assert room.catalog.bindings.get_by_id(made.id).state is S.READY
    assert room.inline.extracted == []
