"""Stores that throttle, break, lie or stumble: nothing is removed falsely, lost, read twice or counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faulty_store import Faults, Kind
from sync_room import InlinePool, Room, folder_address, memory_bucket, write
from tests.servers.ceph import Ceph

from bindery.buckets.events import ChangedKey
from bindery.buckets.registry import parse_store
from bindery.buckets.store import AccessDenied, StoreAddress, StoreError, StoreUnavailable
from bindery.catalog.records import BindingPhase, BindingState, Outcome
from bindery.sync import troubles
from bindery.sync.settings import SyncSettings

OpenRoom = Callable[..., Room]
WHEN_ASKED = SyncSettings(
    reconcile_interval=3_600,
    folder_reconcile_interval=3_600,
    settle_time=0.01,
    retry_initial=0.01,
    retry_longest=0.05,
)
"""Listed when a test asks for it."""
KEYS = [f"{folder}{number:02d}.bin" for folder in ("", "a/", "b/") for number in range(8)]
DISORDER = [Kind.PAGE_AGAIN, Kind.BACKWARDS]


class Bucket:
    """A bucket of one kind, and how to change it behind the server's back."""

    def __init__(
        self, address: StoreAddress, put: Callable[[str, bytes], Any], remove: Callable[[str], Any]
    ) -> None:
        self.address, self.put, self.remove = address, put, remove


@pytest.fixture(params=["memory", "folder", pytest.param("s3", marks=pytest.mark.server)])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    if request.param == "memory":
        return in_memory()
    if request.param == "folder":
        root = tmp_path / "root"
        root.mkdir()
        made = Bucket(
            folder_address(root),
            lambda key, content: write(root / key, content, age=60),
            lambda key: (root / key).unlink(),
        )
    else:
        made = at_ceph(request.getfixturevalue("ceph"))
    for key in KEYS:
        made.put(key, content_of(key))
    return made


def in_memory() -> Bucket:
    store, address = memory_bucket()
    for key in KEYS:
        store.put(key, content_of(key))
    return Bucket(address, store.put, store.remove)


def at_ceph(ceph: Ceph) -> Bucket:
    name, client = ceph.create_bucket(), ceph.client()
    return Bucket(
        parse_store("media", ceph.store_url(name)),
        lambda key, content: client.put_object(Bucket=name, Key=key, Body=content),
        lambda key: client.delete_object(Bucket=name, Key=key),
    )


@pytest.fixture
def faults() -> Faults:
    found = Faults(seed=7)
    found.page = 3
    return found


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "_FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(troubles, "_WAIT_FACTOR", 1.5)


@pytest.fixture
def bound(open_room: OpenRoom, faults: Faults) -> Callable[..., Room]:
    """``bound(bucket)``: a server that follows it; ``at_once`` does not wait for the end of the full scan."""

    def bind(bucket: Bucket, *, at_once: bool = False) -> Room:
        room = open_room(bucket.address, settings=WHEN_ASKED, faults=faults)
        room.make_dataset()
        room.bind("media")
        if not at_once:
            room.wait_followed("media")
            assert room.keys("media") == set(KEYS)
        return room

    return bind


def content_of(key: str) -> bytes:
    return b"\x00" + key.encode()


def list_once(room: Room) -> None:
    """Until a complete listing that began now is over."""
    before = room.binding("media").progress.last_complete_listing
    room.engine.reconcile(room.binding("media"))
    room.wait(lambda: room.binding("media").progress.last_complete_listing != before)


def outcomes_of(room: Room) -> set[Outcome]:
    return {row.outcome for row in room.live("media").values()}


def check_equal(room: Room, keys: set[str]) -> None:
    """Nothing is under way: dataset, ledger and books speak of the same objects."""
    room.wait(lambda: room.keys("media") == keys and not room.progress("media").pending)
    room.engine.stop_binding(room.binding("media"), "")
    assert room.keys("media") == keys
    assert {key for key, row in room.live("media").items() if row.outcome is Outcome.INDEXED} == keys
    assert room.check_books("media").listed == len(keys)
    room.engine.resume_binding(room.binding("media"))


def wait_reason(room: Room, text: str, state: BindingState) -> None:
    room.wait(lambda: text in (binding := room.binding("media")).reason and binding.state is state)


def wait_well(room: Room) -> None:
    wait_reason(room, "", BindingState.RUNNING)
    room.wait(lambda: room.binding("media").reason == "")


def tell(room: Room, *keys: str) -> None:
    """An event about each."""
    name = room.addresses["media"].url.partition("://")[2].partition("?")[0]
    at_store = name if room.buckets.named_at_store(name) else "media"
    room.engine.accept_events([ChangedKey(at_store, key) for key in keys]).result(60)


ANY_REQUEST = [
    (Kind.THROTTLED, "StoreUnavailable: the store answers 429 SlowDown"),
    (Kind.BROKEN, "StoreUnavailable: the store answers 503"),
    (Kind.TIMED_OUT, "StoreUnavailable: the store does not answer: timed out"),
]


@pytest.mark.parametrize(("kind", "reason"), ANY_REQUEST)
def test_a_store_that_does_not_answer_while_it_is_followed(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults, kind: Kind, reason: str
) -> None:
    room = bound(bucket)
    faults.rates[kind] = 1.0
    bucket.remove(KEYS[0])
    bucket.put("new.bin", b"\x00new")
    room.engine.reconcile(room.binding("media"))
    wait_reason(room, reason, BindingState.RETRYING)
    assert room.keys("media") == set(KEYS), "what is not known to be gone stays"
    assert {row.outcome for row in room.ledger("media").values()} == {Outcome.INDEXED}
    faults.end()
    check_equal(room, {*KEYS[1:], "new.bin"})
    wait_well(room)
    assert Counter(room.inline.extracted) == Counter([*KEYS, "new.bin"]), "each is extracted once"


@pytest.mark.parametrize("kind", [kind for kind, _ in ANY_REQUEST])
def test_a_full_scan_through_a_store_that_answers_half_of_the_time(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults, kind: Kind
) -> None:
    faults.rates[kind] = 0.5
    room = bound(bucket, at_once=True)
    room.wait(lambda: faults.struck[kind] > 5)
    faults.rates[kind] = 0.1
    room.wait_followed("media")
    faults.end()
    list_once(room)
    check_equal(room, set(KEYS))
    assert set(room.inline.extracted) == set(KEYS)


def test_reads_that_are_cut_short_are_read_again(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults
) -> None:
    faults.rates[Kind.TRUNCATED] = 0.4
    room = bound(bucket, at_once=True)
    room.wait_followed("media")
    assert faults.struck[Kind.TRUNCATED] > 0
    room.wait(lambda: not room.progress("media").pending)
    faults.end()  # what was cut short six times waits for a listing that is not too early
    room.wait(lambda: list_once(room) or outcomes_of(room) == {Outcome.INDEXED})
    room.wait(lambda: {entry["ObjectStatus"] for entry in room.documents().values()} == {"Indexed"})
    documents = room.documents()
    for key in KEYS:
        assert documents[f"oss://media/{key}"]["Size"] == len(content_of(key))
    check_equal(room, set(KEYS))


def test_reads_that_are_always_cut_short_are_no_entries_and_heal(
    bound: Callable[..., Room], faults: Faults
) -> None:
    """Never in an entry made of a part of the object, and the binding says what it waits for."""
    faults.rates[Kind.TRUNCATED] = 1.0
    room = bound(in_memory(), at_once=True)
    room.wait(lambda: room.progress("media").failed == len(KEYS))
    rows = room.ledger("media")
    assert {row.reason.partition(":")[0] for row in rows.values()} == {"StoreUnavailable"}
    assert {document["ObjectStatus"] for document in room.documents().values()} == {"Failed"}
    wait_reason(room, "StoreUnavailable: ", BindingState.RETRYING)
    faults.end()
    room.wait(lambda: list_once(room) or outcomes_of(room) == {Outcome.INDEXED})
    check_equal(room, set(KEYS))
    wait_well(room)


def test_a_listing_that_ends_early_removes_nothing(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults
) -> None:
    """Few enough are missing for the deletion guard to agree, so each is looked up."""
    room = bound(bucket)
    faults.script[Kind.ENDS_EARLY] = 1
    bucket.remove(KEYS[-1])
    room.engine.reconcile(room.binding("media"))
    room.wait(lambda: faults.struck[Kind.ENDS_EARLY])
    list_once(room)
    check_equal(room, set(KEYS[:-1]))
    assert Counter(room.inline.extracted) == Counter(KEYS), "nothing was removed and brought back"


def test_an_object_store_that_ends_its_listings_early_is_told_of(
    bound: Callable[..., Room], faults: Faults
) -> None:
    room = bound(in_memory())
    complete = room.binding("media").progress.last_complete_listing
    faults.rates[Kind.ENDS_EARLY] = 1.0
    room.engine.reconcile(room.binding("media"))
    wait_reason(room, "PartlyListed: the last listing ended without", BindingState.RUNNING)
    assert room.binding("media").progress.last_complete_listing == complete
    assert room.keys("media") == set(KEYS)
    faults.end()
    list_once(room)
    wait_well(room)
    check_equal(room, set(KEYS))


def test_a_listing_that_lacks_more_than_the_guard_allows(open_room: OpenRoom, faults: Faults) -> None:
    bucket = in_memory()
    strict = SyncSettings(reconcile_interval=3_600, guard_count=2, guard_share=0.05, retry_initial=0.01)
    room = open_room(bucket.address, settings=strict, faults=faults)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    store = room.store("media")
    store.hidden = lambda key: key.startswith("b/")
    lookups = len(store.lookups)
    room.engine.reconcile(room.binding("media"))
    wait_reason(room, "DeletionGuard: the last listing lacks 8 of 24", BindingState.RUNNING)
    assert room.binding("media").removals_held == 8
    assert len(store.lookups) == lookups, "a guarded listing costs no lookups"
    store.hidden = lambda _: False
    list_once(room)
    wait_well(room)
    check_equal(room, set(KEYS))
    assert Counter(room.inline.extracted) == Counter(KEYS)


def test_a_full_scan_that_ends_early_is_completed_by_the_next_listing(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults
) -> None:
    faults.script[Kind.ENDS_EARLY] = 1
    room = bound(bucket, at_once=True)
    room.wait_followed("media")
    assert faults.struck[Kind.ENDS_EARLY] == 1
    assert room.keys("media") < set(KEYS)
    list_once(room)
    check_equal(room, set(KEYS))
    assert Counter(room.inline.extracted) == Counter(KEYS)


@pytest.mark.parametrize("kind", DISORDER)
def test_a_listing_out_of_order_proves_nothing(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults, kind: Kind
) -> None:
    room = bound(bucket)
    faults.rates[kind] = 1.0
    bucket.remove(KEYS[3])
    room.engine.reconcile(room.binding("media"))
    wait_reason(room, "out of order; nothing is concluded from it", BindingState.RETRYING)
    room.wait(lambda: faults.struck[kind] > 3)
    books = room.binding("media").progress
    assert books.listed <= len(KEYS), "nothing is counted twice"
    faults.end()
    check_equal(room, {*KEYS} - {KEYS[3]})
    wait_well(room)
    assert Counter(room.inline.extracted) == Counter(KEYS)


def test_an_object_that_is_listed_twice_in_a_row_is_passed_over(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults
) -> None:
    faults.rates[Kind.KEY_AGAIN] = 1.0
    faults.page = 5
    room = bound(bucket, at_once=True)
    room.wait_followed("media")
    assert faults.struck[Kind.KEY_AGAIN]
    bucket.remove(KEYS[3])
    list_once(room)
    check_equal(room, {*KEYS} - {KEYS[3]})
    assert room.binding("media").reason == ""
    assert Counter(room.inline.extracted) == Counter(KEYS)


@pytest.mark.parametrize("kind", [*DISORDER, Kind.CUT])
def test_a_full_scan_gets_on_between_listings_that_break(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults, kind: Kind
) -> None:
    faults.rates[kind] = 0.7
    room = bound(bucket, at_once=True)
    room.wait_followed("media")
    faults.end()
    list_once(room)
    check_equal(room, set(KEYS))
    wait_well(room)
    assert set(room.inline.extracted) == set(KEYS)


@pytest.mark.parametrize(
    "fault",
    [
        StoreUnavailable("500 of this object"),
        AccessDenied("a/03.bin may not be read"),
        StoreError("odd key"),
    ],
)
def test_an_object_that_cannot_be_looked_up_holds_nothing_up(
    bucket: Bucket, bound: Callable[..., Room], fault: StoreError
) -> None:
    room = bound(bucket)
    store = room.store("media")
    store.poisoned["a/03.bin"] = fault
    bucket.put("a/03.bin", b"\x00poisoned")
    bucket.put("a/04.bin", b"\x00other")
    bucket.remove("a/05.bin")
    tell(room, "a/03.bin", "a/04.bin", "a/05.bin")
    room.wait(lambda: room.documents()["oss://media/a/04.bin"]["Size"] == 6)
    room.wait_keys("media", set(KEYS) - {"a/05.bin"})
    room.wait(lambda: room.ledger("media")["a/03.bin"].outcome is Outcome.FAILED)
    binding = room.binding("media")
    assert binding.state is BindingState.RUNNING
    assert room.ledger("media")["a/03.bin"].reason.endswith(str(fault))
    room.wait(lambda: room.progress("media").oldest_pending_change is None)
    room.wait(lambda: "1 object waits until it can be read" in room.binding("media").reason)
    del store.poisoned["a/03.bin"]
    room.wait(lambda: list_once(room) or room.ledger("media")["a/03.bin"].outcome is Outcome.INDEXED)
    room.wait(lambda: room.binding("media").reason == "")


def test_a_poisoned_key_that_was_removed_leaves(bound: Callable[..., Room]) -> None:
    bucket = in_memory()
    room = bound(bucket)
    room.store("media").poisoned["a/03.bin"] = AccessDenied("not for you")
    bucket.remove("a/03.bin")
    list_once(room)
    check_equal(room, set(KEYS) - {"a/03.bin"})


def test_lookups_that_fail_now_and_then(bucket: Bucket, bound: Callable[..., Room], faults: Faults) -> None:
    room = bound(bucket)
    faults.rates[Kind.LOOKUP] = 0.5
    for key in KEYS[::2]:
        bucket.put(key, b"\x00another")
    bucket.remove(KEYS[1])
    tell(room, *KEYS)
    wanted = set(KEYS) - {KEYS[1]}
    room.wait_keys("media", wanted)
    room.wait(lambda: all(room.documents()[f"oss://media/{key}"]["Size"] == 8 for key in KEYS[::2]))
    faults.end()
    check_equal(room, wanted)
    wait_well(room)


def test_an_object_that_comes_back_behind_the_listing_stays(bound: Callable[..., Room]) -> None:
    """The listing lacks it, an event tells of it before the listing is over."""
    bucket = in_memory()
    room = bound(bucket)
    bucket.remove("00.bin")
    done: list[bool] = []

    def come_back() -> None:
        if not done:
            done.append(True)
            bucket.put("00.bin", b"\x00back")
            tell(room, "00.bin")

    room.store("media").before_page = come_back
    list_once(room)
    assert done
    check_equal(room, set(KEYS))
    assert room.documents()["oss://media/00.bin"]["Size"] == 5


@pytest.mark.parametrize("hours", [-30_000, -1, 1, 30_000])
def test_a_store_whose_clock_is_away_from_ours(
    bucket: Bucket, bound: Callable[..., Room], faults: Faults, hours: int
) -> None:
    room = bound(bucket)
    faults.skew = 3_600.0 * hours
    bucket.put("new.bin", b"\x00new")
    bucket.put(KEYS[0], b"\x00another content")
    bucket.remove(KEYS[1])
    tell(room, "new.bin", KEYS[0], KEYS[1])
    list_once(room)
    wanted = {"new.bin", *KEYS} - {KEYS[1]}
    check_equal(room, wanted)
    assert Counter(room.inline.extracted) == Counter([*KEYS, "new.bin", KEYS[0]])
    bucket.put(KEYS[1], content_of(KEYS[1]))
    list_once(room)
    check_equal(room, {"new.bin", *KEYS})


@pytest.mark.parametrize("age", [-3_600, -1, 3_600])
def test_files_of_another_clock_are_whole(tmp_path: Path, open_room: OpenRoom, age: float) -> None:
    """Written twice in a row, as by another machine: what stands there at last is what is known."""
    root = tmp_path / "root"
    write(root / "f.bin", b"\x00first", age=age)
    room = open_room(folder_address(root), settings=WHEN_ASKED)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    for size in range(1, 30):
        write(root / "f.bin", bytes(size), age=age + size / 1_000)
    room.wait(lambda: room.documents()["oss://media/f.bin"]["Size"] == 29)
    assert room.binding("media").phase is BindingPhase.INCREMENTAL_SCANNING


def test_a_rescan_of_an_unchanged_bucket_asks_for_no_object(
    bucket: Bucket, bound: Callable[..., Room]
) -> None:
    room = bound(bucket)
    store = room.store("media")
    reads, lookups = store.reads, len(store.lookups)
    list_once(room)
    list_once(room)
    assert (store.reads, len(store.lookups)) == (reads, lookups)
    assert isinstance(room.pool, InlinePool)
