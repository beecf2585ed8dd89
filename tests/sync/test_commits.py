"""What is done is committed soon, whatever else is under way; and changes do not wait for a listing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_room import InlinePool, Room, check_balance, folder_address, memory_bucket, write

from bindery.buckets.events import ChangedKey
from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import BindingPhase, BindingState, LedgerEntry, Outcome
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.pool import Completed
from bindery.file import File
from bindery.sync import uncommitted
from bindery.sync.commits import Commits
from bindery.sync.inbox import Inbox
from bindery.sync.march import Candidate
from bindery.sync.outcomes import Landing, Result
from bindery.sync.settings import SyncSettings
from bindery.sync.troubles import Troubles

OpenRoom = Callable[..., Room]
WHEN_ASKED = SyncSettings(
    reconcile_interval=3_600, folder_reconcile_interval=3_600, settle_time=0.02, retry_initial=0.01
)
SLOW = "k03.bin"


class SlowPool(InlinePool):
    """Extracts all files but ``SLOW`` at once; that one when it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        self.urgencies: dict[str, str] = {}

    def submit(self, requests, *, urgency, owner):  # type: ignore[no-untyped-def]
        self.urgencies.update((request.object.key, urgency.name) for request in requests)
        pending = super().submit(requests)
        slow = [n for n, request in enumerate(requests) if request.object.key == SLOW]
        return _SlowPending(self, requests, slow[0]) if slow else pending


class _SlowPending:
    def __init__(self, pool: SlowPool, requests: list[ExtractionRequest], slow: int) -> None:
        self._pool, self._slow = pool, slow
        self._request = requests[slow]
        self._others = [
            Completed(n, _extraction(one), size=100) for n, one in enumerate(requests) if n != slow
        ]
        self._left = True

    def take(self, *, seconds: float, most_bytes: int) -> list[Completed]:
        taken, self._others = self._others, []
        if self._left and self._pool.released.wait(0.0 if taken else seconds):
            self._left = False
            taken.append(Completed(self._slow, _extraction(self._request), size=100))
        return taken

    def cancel(self) -> None:
        self._left = False


def _extraction(request: ExtractionRequest) -> Extraction:
    return Extraction(file=File(size=request.object.size, etag=f'"{request.object.etag}"'))


@pytest.fixture
def pool() -> SlowPool:
    return SlowPool()


def scanning(open_room: OpenRoom, pool: SlowPool) -> tuple[Room, MemoryStore, set[str]]:
    """A first scan of forty files that cannot end before the slow one is read."""
    store, address = memory_bucket()
    keys = {f"k{number:02d}.bin" for number in range(40)}
    for key in sorted(keys):
        store.put(key, b"\x00" + key.encode())
    room = open_room(address, settings=WHEN_ASKED, pool=pool)
    room.make_dataset()
    room.bind("media")
    return room, store, keys


def indexed(room: Room) -> set[str]:
    return {key for key, row in room.live("media").items() if row.outcome is Outcome.INDEXED}


def tell(room: Room, *keys: str) -> None:
    room.engine.accept_events([ChangedKey("media", key) for key in keys]).result(60)


def test_a_page_is_seen_before_its_slowest_file(open_room: OpenRoom, pool: SlowPool) -> None:
    room, _, keys = scanning(open_room, pool)
    room.wait(lambda: indexed(room) == keys - {SLOW})
    assert room.binding("media").phase is BindingPhase.FULL_SCANNING
    assert room.binding("media").cursor is None, "a cursor may only pass what is committed"
    room.wait(lambda: room.progress("media").indexed)  # told a moment after the commit
    progress = room.progress("media")
    check_balance(progress)
    assert (progress.listed, progress.indexed, progress.pending) == (40, 39, 1)
    pool.released.set()
    room.wait_followed("media")
    assert indexed(room) == keys
    assert room.check_books("media").listed == 40


def test_what_was_committed_ahead_of_the_cursor_is_not_read_again(
    open_room: OpenRoom, pool: SlowPool
) -> None:
    room, _, keys = scanning(open_room, pool)
    room.wait(lambda: indexed(room) == keys - {SLOW})
    room.kill()
    after = open_room(*room.addresses.values(), settings=WHEN_ASKED, data=room.data)
    after.wait_followed("media")
    after.wait(lambda: indexed(after) == keys)
    assert after.inline.extracted == [SLOW]
    assert after.check_books("media").listed == 40


def test_changes_are_taken_while_a_scan_waits(open_room: OpenRoom, pool: SlowPool) -> None:
    room, store, keys = scanning(open_room, pool)
    room.wait(lambda: indexed(room) == keys - {SLOW})
    store.put("new.bin", b"\x00new")
    store.put("k05.bin", b"\x00overwritten")
    store.remove("k06.bin")
    tell(room, "new.bin", "k05.bin", "k06.bin")
    room.wait(lambda: indexed(room) == (keys | {"new.bin"}) - {SLOW, "k06.bin"})
    room.wait(lambda: room.live("media")["k05.bin"].size == len(b"\x00overwritten"))
    assert room.binding("media").phase is BindingPhase.FULL_SCANNING
    assert (pool.urgencies["new.bin"], pool.urgencies["k05.bin"]) == ("CHANGE", "CHANGE")
    assert pool.urgencies["k39.bin"] == "SCAN"
    room.wait(lambda: room.progress("media").oldest_pending_change is None)
    pool.released.set()
    room.wait_followed("media")
    assert indexed(room) == (keys | {"new.bin"}) - {"k06.bin"}
    assert room.check_books("media").listed == 40


def test_a_file_that_is_removed_while_it_is_read_is_not_indexed(
    open_room: OpenRoom, pool: SlowPool
) -> None:
    room, store, keys = scanning(open_room, pool)
    room.wait(lambda: indexed(room) == keys - {SLOW})
    store.remove(SLOW)
    tell(room, SLOW)
    room.wait_followed("media")  # nothing is waited for any more
    pool.released.set()
    store.put("later.bin", b"\x00later")
    tell(room, "later.bin")
    room.wait(lambda: "later.bin" in indexed(room))
    assert SLOW not in room.live("media")
    assert SLOW not in room.keys("media")


def test_a_newer_version_overtakes_the_one_that_is_read(open_room: OpenRoom, pool: SlowPool) -> None:
    room, store, keys = scanning(open_room, pool)
    room.wait(lambda: indexed(room) == keys - {SLOW})
    store.put(SLOW, b"\x00another")
    tell(room, SLOW)
    room.wait(lambda: room.progress("media").oldest_pending_change is not None)
    pool.released.set()
    room.wait(lambda: indexed(room) == keys)
    assert room.live("media")[SLOW].size == len(b"\x00another")
    room.wait(lambda: room.progress("media").oldest_pending_change is None)
    room.wait_followed("media")
    assert room.check_books("media").listed == 40


def test_a_change_that_names_what_is_being_read_waits_for_it(open_room: OpenRoom, pool: SlowPool) -> None:
    room, _, keys = scanning(open_room, pool)
    room.wait(lambda: indexed(room) == keys - {SLOW})
    tell(room, SLOW, "k00.bin")
    assert room.progress("media").oldest_pending_change is not None
    pool.released.set()
    room.wait(lambda: room.progress("media").oldest_pending_change is None)
    assert indexed(room) == keys


@pytest.mark.parametrize("bound", ["_COMMIT_ROWS", "_COMMIT_BYTES", "_COMMIT_SECONDS"])
def test_each_bound_alone_is_reason_enough_to_commit(
    open_room: OpenRoom, pool: SlowPool, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    huge = {"_COMMIT_ROWS": 10**9, "_COMMIT_BYTES": 10**12, "_COMMIT_SECONDS": 1e9} | {bound: 1}
    for name, value in huge.items():
        monkeypatch.setattr(uncommitted, name, value)
    room, _, keys = scanning(open_room, pool)
    room.wait(lambda: indexed(room) == keys - {SLOW})
    pool.released.set()
    room.wait_followed("media")


def test_a_file_is_found_while_its_folder_is_scanned(open_room: OpenRoom, tmp_path: Path) -> None:
    """By the kernel's word, in the middle of a first scan."""
    pool = SlowPool()
    for number in range(40):
        write(tmp_path / "root" / f"k{number:02d}.bin", bytes([0, number]), age=60)
    room = open_room(folder_address(tmp_path / "root"), settings=WHEN_ASKED, pool=pool)
    room.make_dataset()
    room.bind("media")
    room.wait(lambda: len(indexed(room)) == 39)
    write(tmp_path / "root" / "new" / "file.bin", b"\x00new")
    write(tmp_path / "root" / "new.bin", b"\x00new")
    room.wait(lambda: {"new.bin", "new/file.bin"} <= indexed(room))
    assert room.binding("media").phase is BindingPhase.FULL_SCANNING
    pool.released.set()
    room.wait_followed("media")
    room.engine.stop_binding(room.binding("media"), "")
    assert room.check_books("media").listed == 42


def test_a_stop_while_a_file_is_read_does_not_wait_for_it(open_room: OpenRoom, pool: SlowPool) -> None:
    room, _, keys = scanning(open_room, pool)
    room.wait(lambda: indexed(room) == keys - {SLOW})
    room.engine.stop_binding(room.binding("media"), "")
    assert room.binding("media").state is BindingState.STOPPED
    room.wait(lambda: not room.binding_threads())
    assert room.check_books("media").listed == 39
    assert room.progress("media").pending == 0


@pytest.fixture
def commits(open_room: OpenRoom) -> tuple[Room, Commits, Inbox]:
    """Commits of a binding that does nothing by itself."""
    _, address = memory_bucket()
    room = open_room(address, start=False, settings=WHEN_ASKED)
    room.make_dataset()
    binding = room.bind("media")
    room.wait_followed("media")
    room.engine.stop_binding(binding, "")
    inbox = Inbox()
    return room, Commits(room.binding("media"), room.catalog, inbox, Troubles(), threading.Event()), inbox  # type: ignore[arg-type]


def row(key: str, etag: str, time: int) -> LedgerEntry:
    return LedgerEntry(
        key=key,
        etag=etag,
        size=1,
        modified_ns=0,
        outcome=Outcome.INDEXED,
        seen_time=time,
        outcome_time=time,
    )


def landing(key: str, etag: str, before: LedgerEntry | None, time: int = 1) -> Landing:
    return Landing(Candidate(ObjectInfo(key, 1, etag, 0), before), Result(row(key, etag, time)))


def test_a_result_upon_a_row_that_has_changed_is_not_written(
    commits: tuple[Room, Commits, Inbox],
) -> None:
    room, made, inbox = commits
    made.commit([landing("a", "1", None), landing("b", "1", None)])
    made.commit([landing("a", "2", row("a", "1", 1), 2)])
    made.commit([landing("a", "3", row("a", "1", 1), 3), landing("c", "1", None)])
    assert {key: found.etag for key, found in room.live("media").items()} == {"a": "2", "b": "1", "c": "1"}
    assert inbox.waiting(["a", "b", "c"]) == {"a"}, "it is looked at again"
    assert room.check_books("media").listed == 3


def test_a_key_that_comes_twice_in_a_commit_counts_once(commits: tuple[Room, Commits, Inbox]) -> None:
    room, made, inbox = commits
    made.commit([landing("a", "1", None), landing("a", "2", None), landing("b", "1", None)])
    assert room.live("media")["a"].etag == "2"
    assert inbox.waiting(["a", "b"]) == {"a"}
    assert room.check_books("media").listed == 2
