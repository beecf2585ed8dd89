"""Trouble that lies outside of the objects: it is told, and it passes without anybody's help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sync_room import InlinePool, Room, folder_address, memory_bucket, write

from bindery.buckets.events import ChangedKey
from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import AccessDenied, StoreUnavailable
from bindery.catalog.records import BindingState, LedgerEntry, Outcome
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.file import File
from bindery.sync import pipeline, troubles
from bindery.sync.settings import SyncSettings
from bindery.sync.troubles import MAX_ATTEMPTS, Troubles, code_of, seconds_to_wait

OpenRoom = Callable[..., Room]
KEYS = {f"k{number:02d}.bin" for number in range(12)}
WHEN_ASKED = SyncSettings(reconcile_interval=3_600, settle_time=0.02, retry_initial=0.05, retry_longest=0.2)
SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "_FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(troubles, "_WAIT_FACTOR", 1.2)


@pytest.fixture
def bucket() -> tuple[MemoryStore, object]:
    store, address = memory_bucket()
    for key in sorted(KEYS):
        store.put(key, b"\x00" + key.encode())
    return store, address


def failing(code: str, *, retryable: bool) -> Callable[[ExtractionRequest], Extraction | None]:
    """Nothing can be read."""
    return lambda _: Extraction(file=File(), failure=f"{code}: it is so", retryable=retryable)


def outcomes(room: Room) -> set[Outcome]:
    return {row.outcome for row in room.live("media").values()}


@pytest.mark.parametrize(
    ("code", "retryable"),
    [("AccessDenied", False), ("StoreUnavailable", True), ("WorkersUnavailable", True)],
)
def test_it_is_in_state_and_reason_and_heals(
    open_room: OpenRoom, bucket: tuple[MemoryStore, object], code: str, retryable: bool
) -> None:
    room = open_room(bucket[1], settings=WHEN_ASKED, pool=InlinePool(failing(code, retryable=retryable)))
    room.make_dataset()
    room.bind("media")
    assert code in room.wait_state("media", BindingState.RETRYING).reason
    assert Outcome.INDEXED not in outcomes(room)
    room.inline.answer = lambda _: None
    room.wait(lambda: room.engine.reconcile(room.binding("media")) or outcomes(room) == {Outcome.INDEXED})
    assert room.wait(lambda: room.wait_followed("media").reason == "")
    assert room.keys("media") == KEYS
    room.engine.stop_binding(room.binding("media"), "")
    assert room.check_books("media").listed == len(KEYS)


def test_one_object_among_many_does_not_stand_for_the_binding(
    open_room: OpenRoom, bucket: tuple[MemoryStore, object]
) -> None:
    """An archived object, restored later; its version stays the same."""
    room = open_room(bucket[1], settings=WHEN_ASKED)
    room.make_dataset()
    room.store("media").poisoned["k05.bin"] = AccessDenied("archived")
    room.bind("media")
    room.wait_followed("media")
    binding = room.wait(lambda: room.binding("media") if room.binding("media").reason else None)
    assert binding.state is BindingState.RUNNING
    assert binding.reason == "AccessDenied: 1 object waits until it can be read: archived"
    assert room.documents()["oss://media/k05.bin"]["Reason"] == "[AccessDenied] archived"
    del room.store("media").poisoned["k05.bin"]
    room.wait(lambda: room.engine.reconcile(room.binding("media")) or outcomes(room) == {Outcome.INDEXED})
    room.wait(lambda: room.binding("media").reason == "")


def test_an_event_about_it_is_reason_to_try_again(
    open_room: OpenRoom, bucket: tuple[MemoryStore, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a file whose rights were changed, which changes nothing that a listing shows."""
    monkeypatch.setattr(troubles, "_FIRST_WAIT_SECONDS", 3_000.0)  # no listing would
    room = open_room(bucket[1], settings=WHEN_ASKED)
    room.make_dataset()
    room.store("media").poisoned["k05.bin"] = AccessDenied("not you")
    room.bind("media")
    room.wait_followed("media")
    del room.store("media").poisoned["k05.bin"]
    room.wait_listed("media")
    assert room.live("media")["k05.bin"].outcome is Outcome.FAILED
    room.engine.accept_events([ChangedKey("media", "k05.bin")]).result(60)
    room.wait(lambda: outcomes(room) == {Outcome.INDEXED})


def test_rights_of_a_file_that_are_given_back(open_room: OpenRoom, tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "root" / f"f{number}.bin", b"\x00", age=60)
    room = open_room(folder_address(tmp_path / "root"), settings=WHEN_ASKED)
    room.make_dataset()
    room.store("media").poisoned["f1.bin"] = AccessDenied("chmod 600, and not ours")
    room.bind("media")
    room.wait_followed("media")
    assert room.live("media")["f1.bin"].outcome is Outcome.FAILED
    del room.store("media").poisoned["f1.bin"]
    (tmp_path / "root" / "f1.bin").chmod(0o644)
    room.wait(lambda: outcomes(room) == {Outcome.INDEXED})


def test_a_listing_tries_only_so_many_again_and_more_once_it_helps(
    open_room: OpenRoom, bucket: tuple[MemoryStore, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_RETRIES", 2)
    monkeypatch.setattr(pipeline, "_RETRIES_EARNED", 0)
    room = open_room(
        bucket[1], settings=WHEN_ASKED, pool=InlinePool(failing("AccessDenied", retryable=False))
    )
    room.make_dataset()
    room.bind("media")
    room.wait(lambda: len(room.live("media")) == 12)
    room.wait_state("media", BindingState.RETRYING)
    room.inline.extracted.clear()
    room.wait(lambda: room.engine.reconcile(room.binding("media")) or len(room.inline.extracted) >= 2)
    room.engine.stop_binding(room.binding("media"), "")
    assert len(room.inline.extracted) <= 2 * room.store("media").listings
    room.inline.answer = lambda _: None
    room.engine.resume_binding(room.binding("media"))
    room.wait(lambda: room.engine.reconcile(room.binding("media")) or outcomes(room) == {Outcome.INDEXED})


def test_a_file_s_own_failure_is_none() -> None:
    assert code_of(None) == ""
    assert code_of(row(Outcome.INDEXED)) == ""
    assert code_of(row(Outcome.FAILED, "ParseFailed: no JPEG")) == ""
    assert code_of(row(Outcome.FAILED, "TimeLimit: 30 s")) == ""
    assert code_of(row(Outcome.FAILED, "WorkerDied: poison")) == ""
    assert code_of(row(Outcome.PENDING, "LimitExceeded: DatasetMaxFileCount")) == ""
    assert code_of(row(Outcome.PENDING, "ObjectChanged: a")) == ""
    assert code_of(row(Outcome.FAILED, "AccessDenied: 403")) == "AccessDenied"
    assert code_of(row(Outcome.PENDING, "TimeLimit: it waited")) == "TimeLimit"
    assert code_of(row(Outcome.FAILED, "TimeLimit: it waited", attempts=MAX_ATTEMPTS)) == "TimeLimit"


def test_counts_follow_the_rows_and_are_made_anew_by_listings() -> None:
    counted = Troubles()
    denied, slow = row(Outcome.FAILED, "AccessDenied: 403"), row(Outcome.PENDING, "StoreUnavailable: 503")
    for after in (denied, denied, slow):
        counted.move(None, after)
    assert counted.describe() == (
        "AccessDenied: 2 objects wait until they can be read: 403; "
        "StoreUnavailable: 1 object waits until it can be read: 503"
    )
    assert (counted.count(), counted.in_a_row) == (3, 3)
    counted.move(slow, row(Outcome.INDEXED))
    assert (counted.codes, counted.in_a_row) == ({"AccessDenied"}, 0)
    counted.begin_listing()
    counted.note(denied)
    assert counted.count() == 2, "until the listing has ended"
    counted.move(denied, None)
    counted.end_listing()
    assert (counted.count(), counted.describe()) == (0, "")


def test_a_store_that_does_nothing_any_more_is_left_alone() -> None:
    counted = Troubles()
    for _ in range(100):
        counted.move(None, row(Outcome.FAILED, "AccessDenied: 403"))
    assert not counted.is_breaking, "a store that answers is not gone"
    for _ in range(32):
        counted.move(None, row(Outcome.PENDING, "StoreUnavailable: 503"))
    assert counted.is_breaking
    counted.move(None, row(Outcome.INDEXED))
    assert not counted.is_breaking


def test_waits_grow_to_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    waits = [troubles.wait_after(attempts) for attempts in range(1, 40)]
    assert waits[:4] == [2.0, 6.0, 18.0, 54.0]
    assert max(waits) == waits[-1] == 3_600.0
    failed = row(Outcome.FAILED, "AccessDenied: 403", attempts=2)
    assert seconds_to_wait(failed, 0) == 6.0
    assert seconds_to_wait(failed, 4 * SECOND) == 2.0
    assert seconds_to_wait(failed, -(10**18)) == 6.0, "a clock that was set back does not wait for ever"


def row(outcome: Outcome, reason: str = "", attempts: int = 1) -> LedgerEntry:
    return LedgerEntry(
        key="a", etag="1", size=1, modified_ns=0, outcome=outcome, reason=reason, attempts=attempts
    )


def test_reads_that_the_store_refuses_for_a_while(
    open_room: OpenRoom, bucket: tuple[MemoryStore, object]
) -> None:
    """It lists and tells of its objects, and every read is answered 503."""
    room = open_room(bucket[1], settings=WHEN_ASKED)
    room.make_dataset()
    for key in KEYS:
        room.store("media").poisoned[key] = StoreUnavailable("503 SlowDown")
    room.bind("media")
    assert "503 SlowDown" in room.wait_state("media", BindingState.RETRYING).reason
    room.store("media").poisoned.clear()
    room.wait(lambda: room.engine.reconcile(room.binding("media")) or outcomes(room) == {Outcome.INDEXED})
    room.wait(lambda: room.wait_followed("media").reason == "")
