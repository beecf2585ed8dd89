"""One object never stops a binding: whatever goes wrong on the way of one key, at any step, is that key's failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sync_room import InlinePool, Room, check_balance, memory_bucket

from bindery.buckets.events import ChangedKey
from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import StoreUnavailable
from bindery.catalog.records import BindingState, CatalogError, Outcome, Scope
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.file import File
from bindery.sync import commits, outcomes, pipeline, preparation, settling, troubles, worker
from bindery.sync.quarantine import FORESEEN, in_halves
from bindery.sync.settings import SyncSettings

BAD = "k07.bin"
KEYS = {f"k{number:02d}.bin" for number in range(20)}
WHEN_ASKED = SyncSettings(reconcile_interval=3_600, settle_time=0.02, retry_initial=0.1, retry_longest=0.3)
Break = Callable[[Room, pytest.MonkeyPatch], None]


class Surprise(Exception):
    """Nobody has foreseen it."""


def is_bad(thing: Any) -> bool:
    """Whether the bad key is somewhere in what was handed over."""
    return BAD in repr(thing)


def raising(found: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which raises for the bad key."""

    def call(*args: Any, **keywords: Any) -> Any:
        if is_bad(args) or is_bad(keywords):
            raise Surprise("odd")
        return found(*args, **keywords)

    return call


def patch(owner: Any, name: str) -> Break:
    """Let a function of a module or class raise for the bad key."""
    return lambda _, patches: patches.setattr(owner, name, raising(getattr(owner, name)))


def break_submit(room: Room, patches: pytest.MonkeyPatch) -> None:
    patches.setattr(room.inline, "submit", raising(room.inline.submit))


def break_take(room: Room, patches: pytest.MonkeyPatch) -> None:
    def fail(request: ExtractionRequest) -> None:
        if request.object.key == BAD:
            raise Surprise("odd")

    patches.setattr(room.inline, "answer", fail)


def answer(**fields: Any) -> Break:
    """An extraction of the bad key that holds values nobody expects."""

    def install(room: Room, patches: pytest.MonkeyPatch) -> None:
        def odd(request: ExtractionRequest) -> Extraction | None:
            if request.object.key != BAD:
                return None
            file = File(size=request.object.size)
            for name, value in fields.items():
                setattr(file, name, value)
            return Extraction(file=file, text=fields.get("title"))

        patches.setattr(room.inline, "answer", odd)

    return install


def break_commit(*, row_too: bool) -> Break:
    """The catalog refuses what is to be written of the bad key: its entry, or even its row."""

    def install(room: Room, patches: pytest.MonkeyPatch) -> None:
        bindings = room.catalog._catalog.bindings
        commit = bindings.commit

        def refuse(work: Any) -> None:
            if any(BAD in file.uri for file in work.files) or (row_too and is_bad(work.ledger)):
                raise OverflowError("Python int too large to convert to SQLite INTEGER")
            commit(work)

        patches.setattr(bindings, "commit", refuse)

    return install


SEAMS: dict[str, Break] = {
    "what is known of its content": patch(preparation, "find_predecessors"),
    "room in the dataset": patch(pipeline, "within_range"),
    "the request": patch(preparation.Preparation, "_request"),
    "the way into the pool": break_submit,
    "the way out of the pool": break_take,
    "an entry of an extraction": patch(outcomes, "file_write"),
    "the result of an extraction": patch(settling, "result_of"),
    "a text that is none": answer(title=3.5),
    "a list that is none": answer(addresses={"a": object()}),
    "the commit of its entry": break_commit(row_too=False),
}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "_FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(troubles, "_WAIT_FACTOR", 1.2)


@pytest.fixture
def store_and_room(open_room: Callable[..., Room]) -> tuple[MemoryStore, Room]:
    store, address = memory_bucket()
    room = open_room(address, settings=WHEN_ASKED, pool=InlinePool())
    room.make_dataset()
    return store, room


def fill(store: MemoryStore) -> None:
    for key in sorted(KEYS):
        store.put(key, b"\x00" + key.encode())


def tell(room: Room, *keys: str) -> None:
    room.engine.accept_events([ChangedKey("media", key) for key in keys]).result(60)


def indexed(room: Room) -> set[str]:
    return {key for key, row in room.live("media").items() if row.outcome is Outcome.INDEXED}


def check_others_go_on(room: Room, store: MemoryStore) -> None:
    store.put("later.bin", b"\x00later")
    tell(room, "later.bin")
    room.wait(lambda: "later.bin" in indexed(room))
    check_balance(room.progress("media"))


@pytest.mark.parametrize("by_events", [False, True], ids=["full scan", "events"])
@pytest.mark.parametrize("seam", SEAMS)
def test_an_exception_on_the_way_of_one_key_is_that_key_s_failure(
    store_and_room: tuple[MemoryStore, Room],
    monkeypatch: pytest.MonkeyPatch,
    seam: str,
    by_events: bool,
) -> None:
    store, room = store_and_room
    SEAMS[seam](room, monkeypatch)
    if by_events:
        room.bind("media")
        room.wait_followed("media")
        fill(store)
        tell(room, *KEYS)
    else:
        fill(store)
        room.bind("media")
        room.wait_followed("media")
    room.wait(lambda: indexed(room) >= KEYS - {BAD})
    row = room.wait(lambda: room.live("media").get(BAD))
    assert row.outcome is Outcome.FAILED, row
    assert row.reason.startswith("InternalError: "), row
    document = room.documents().get(f"oss://media/{BAD}", {})
    assert document.get("ObjectStatus", "Failed") == "Failed"
    room.wait(lambda: "InternalError: 1 object waits" in room.binding("media").reason)
    check_others_go_on(room, store)

    monkeypatch.undo()  # as a new version of Bindery would
    room.inline.answer = lambda _: None
    room.wait(lambda: room.engine.reconcile(room.binding("media")) or BAD in indexed(room))
    room.wait(lambda: room.binding("media").reason == "")
    room.wait(lambda: not room.progress("media").pending)
    room.engine.stop_binding(room.binding("media"), "")
    assert room.check_books("media").listed == len(KEYS) + 1


@pytest.mark.parametrize("breaks", [break_commit(row_too=True), patch(commits, "_changes")])
def test_an_object_of_which_not_even_a_row_can_be_written(
    store_and_room: tuple[MemoryStore, Room], monkeypatch: pytest.MonkeyPatch, breaks: Break
) -> None:
    store, room = store_and_room
    fill(store)
    breaks(room, monkeypatch)
    room.bind("media")
    room.wait_followed("media")
    assert indexed(room) == KEYS - {BAD}
    check_others_go_on(room, store)


def test_what_the_scope_cannot_tell_of_one_key(
    open_room: Callable[..., Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, address = memory_bucket()
    fill(store)
    room = open_room(address, settings=WHEN_ASKED)
    room.make_dataset()
    matcher = worker.matcher_with
    monkeypatch.setattr(
        worker, "matcher_with", lambda scope, exclusions: raising(matcher(scope, exclusions) or bool)
    )
    room.bind("media", scope=Scope(exclude=("k03.*",)))
    room.wait_followed("media")
    assert room.live("media")[BAD].reason == "InternalError: Surprise: odd"
    assert indexed(room) == KEYS - {BAD, "k03.bin"}


@pytest.mark.parametrize("listed_too", [False, True])
def test_a_key_that_cannot_be_looked_up(
    store_and_room: tuple[MemoryStore, Room], monkeypatch: pytest.MonkeyPatch, listed_too: bool
) -> None:
    """One with headers that make no sense is taken from a listing, and where that fails, too, it fails alone."""
    store, room = store_and_room
    room.bind("media")
    room.wait_followed("media")
    faulty = room.store("media")
    monkeypatch.setattr(faulty, "details", raising(faulty.details))
    if listed_too:
        monkeypatch.setattr(faulty, "list", raising(faulty.list))
    fill(store)
    tell(room, *KEYS)
    room.wait(lambda: indexed(room) >= KEYS - {BAD})
    row = room.wait(lambda: room.live("media").get(BAD))
    assert row.reason.startswith("InternalError: Surprise" if listed_too else "ParseFailed: Surprise"), row
    check_others_go_on(room, store)
    monkeypatch.undo()
    if listed_too:
        room.wait(lambda: room.engine.reconcile(room.binding("media")) or BAD in indexed(room))


def test_trouble_of_everybody_is_nobody_s_failure(
    store_and_room: tuple[MemoryStore, Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing at all can be committed: the binding rests, and no object is blamed."""
    store, room = store_and_room
    fill(store)
    bindings = room.catalog._catalog.bindings

    def refuse(_: object) -> None:
        raise Surprise("the disk is upside down")

    monkeypatch.setattr(bindings, "commit", refuse)
    room.bind("media")
    reason = room.wait_state("media", BindingState.RETRYING).reason
    assert reason == "InternalError: Surprise: the disk is upside down"
    monkeypatch.undo()
    room.wait_followed("media")
    room.wait(lambda: indexed(room) == KEYS)


@pytest.mark.parametrize("size", [2**53, 2**63 - 1, -1])
@pytest.mark.parametrize("by_events", [False, True], ids=["full scan", "events"])
def test_a_size_that_no_object_has_is_its_own_failure(
    store_and_room: tuple[MemoryStore, Room], monkeypatch: pytest.MonkeyPatch, size: int, by_events: bool
) -> None:
    """A cap of the dataset has nothing to do with it."""
    store, room = store_and_room
    if by_events:
        room.bind("media")
        room.wait_followed("media")
    content, details = store._object(store.put(BAD, b"\x00").key)
    odd = msgspec.structs.replace(details, info=msgspec.structs.replace(details.info, size=size))
    store._contents().objects[BAD] = (content, odd)
    for key in sorted(KEYS - {BAD}):
        store.put(key, b"\x00" + key.encode())
    if by_events:
        tell(room, *KEYS)
    else:
        room.bind("media")
        room.wait_followed("media")
    row = room.wait(lambda: room.live("media").get(BAD))
    assert row.outcome is Outcome.FAILED, row
    assert (row.reason, row.attempts) == (
        f"StoreError: the store tells a size of {size} bytes, which no object has, of {BAD}",
        1,
    )
    room.wait(lambda: indexed(room) == KEYS - {BAD})
    assert room.documents()[f"oss://media/{BAD}"]["ObjectStatus"] == "Failed"
    check_others_go_on(room, store)
    assert room.binding("media").reason == ""


@pytest.mark.parametrize("hours", [-(10**8), 10**7, 10**9])
def test_times_that_no_catalog_can_hold(store_and_room: tuple[MemoryStore, Room], hours: int) -> None:
    store, room = store_and_room
    fill(store)
    room.store("media").faults.skew = 3_600.0 * hours
    room.bind("media")
    room.wait_followed("media")
    assert indexed(room) == KEYS
    assert abs(room.live("media")[BAD].modified_ns) <= 2**63
    rows = room.live("media")
    room.wait_listed("media")
    assert room.live("media") == rows, "it is not another version each time"


@given(st.integers(1, 200), st.sets(st.integers(0, 199)))
def test_halves(count: int, bad: set[int]) -> None:
    done: list[int] = []
    blamed: list[int] = []

    def work(items: Sequence[int]) -> None:
        if bad.intersection(items):
            raise Surprise
        done.extend(items)

    in_halves(range(count), work, lambda item, _: blamed.append(item))
    assert done == [number for number in range(count) if number not in bad]
    assert blamed == [number for number in range(count) if number in bad]


@pytest.mark.parametrize("error", [StoreUnavailable("503"), CatalogError("full"), MemoryError()])
def test_what_is_foreseen_is_not_blamed_on_an_object(error: Exception) -> None:
    def work(_: Sequence[int]) -> None:
        raise error

    assert isinstance(error, FORESEEN)
    with pytest.raises(type(error)):
        in_halves([1, 2, 3], work, lambda *_: pytest.fail("nobody is to blame"))


def test_a_pool_is_asked_again_for_halves_only(store_and_room: tuple[MemoryStore, Room]) -> None:
    """What was read before the failure is not read again."""
    store, room = store_and_room
    fill(store)

    def fail(request: ExtractionRequest) -> None:
        if request.object.key == BAD:
            raise Surprise

    room.inline.answer = fail
    room.bind("media")
    room.wait_followed("media")
    others = [key for key in room.inline.extracted if key != BAD]
    assert sorted(others) == sorted(KEYS - {BAD})
