"""Explicit indexing: accepted durably, extracted, stored, whatever happens in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from sync_room import InlinePending, Room, memory_bucket

from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import ObjectNotFound, Store, StoreAddress, StoreUnavailable
from bindery.buckets.uri import ObjectUri
from bindery.catalog.records import CatalogUnusable, Dataset, FileWrite, LimitExceeded
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.file import File
from bindery.sync import index_batch, indexing

OpenRoom = Callable[..., Room]


@pytest.fixture
def bucket() -> tuple[MemoryStore, StoreAddress]:
    store, address = memory_bucket()
    for number in range(20):
        store.put(f"k{number:02d}.bin", bytes([0, number]))
    return store, address


@pytest.fixture
def room(
    open_room: OpenRoom, bucket: tuple[MemoryStore, StoreAddress], monkeypatch: pytest.MonkeyPatch
) -> Room:
    monkeypatch.setattr(indexing, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(index_batch, "_RETRY_SECONDS", 0.01)
    return open_room(bucket[1])


@pytest.fixture
def dataset(room: Room) -> Dataset:
    return room.make_dataset()


def index(room: Room, dataset: Dataset, *uris: str, **fields: object) -> None:
    room.engine.index_files(dataset, [(uri, msgspec.json.encode({"URI": uri} | fields)) for uri in uris])


def status(room: Room, uri: str) -> str | None:
    return room.documents().get(uri, {}).get("ObjectStatus")


def wait_status(room: Room, uri: str, expected: str) -> dict:
    room.wait(lambda: status(room, uri) == expected)
    return room.documents()[uri]


def test_an_object_is_accepted_and_indexed(room: Room, dataset: Dataset) -> None:
    room.inline.gate.clear()
    index(room, dataset, "oss://media/k01.bin", CustomId="mine", CustomLabels={"a": "b"})
    assert status(room, "oss://media/k01.bin") == "Indexing"
    room.inline.gate.set()
    document = wait_status(room, "oss://media/k01.bin", "Indexed")
    assert (document["Size"], document["CustomId"], document["CustomLabels"]) == (2, "mine", {"a": "b"})


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("oss://media/absent.bin", "[ObjectNotFound]"),
        ("oss://nothing/k01.bin", "[BucketNotFound]"),
        ("pds://domains/d/drives/1/files/f/revisions/r", "[InvalidArgument]"),
    ],
)
def test_what_cannot_be_found_fails_with_a_reason(
    room: Room, dataset: Dataset, uri: str, code: str
) -> None:
    index(room, dataset, uri, "oss://media/k01.bin")
    assert wait_status(room, uri, "Failed")["Reason"].startswith(code)
    wait_status(room, "oss://media/k01.bin", "Indexed")


def test_accepted_files_survive_a_kill(room: Room, dataset: Dataset, open_room: OpenRoom) -> None:
    room.inline.gate.clear()
    uris = [f"oss://media/k{number:02d}.bin" for number in range(20)]
    index(room, dataset, *uris)
    room.kill()
    after = open_room(*room.addresses.values())
    after.wait(lambda: [status(after, uri) for uri in uris] == ["Indexed"] * 20)


def test_a_call_that_is_refused_accepts_nothing(room: Room, dataset: Dataset) -> None:
    limits = msgspec.structs.replace(dataset.limits, dataset_max_file_count=3)
    room.catalog.datasets.update(
        "project", "dataset", lambda held: msgspec.structs.replace(held, limits=limits)
    )
    room.inline.gate.clear()
    index(room, dataset, "oss://media/k00.bin")
    with pytest.raises(LimitExceeded):
        index(room, dataset, *[f"oss://media/k{number:02d}.bin" for number in range(5)])
    assert set(room.documents()) == {"oss://media/k00.bin"}
    room.inline.gate.set()
    wait_status(room, "oss://media/k00.bin", "Indexed")


def test_a_file_that_grows_over_the_cap_fails_alone(
    room: Room, dataset: Dataset, bucket: tuple[MemoryStore, StoreAddress]
) -> None:
    bucket[0].put("big.bin", b"\x00" * 1_000)
    limits = msgspec.structs.replace(dataset.limits, dataset_max_total_file_size=500)
    room.catalog.datasets.update(
        "project", "dataset", lambda held: msgspec.structs.replace(held, limits=limits)
    )
    index(room, dataset, "oss://media/big.bin", "oss://media/k00.bin")
    reason = wait_status(room, "oss://media/big.bin", "Failed")["Reason"]
    assert reason == "[LimitExceeded] DatasetMaxTotalFileSize of the dataset is reached"
    wait_status(room, "oss://media/k00.bin", "Indexed")


def test_the_last_acceptance_of_a_file_wins(
    room: Room, dataset: Dataset, bucket: tuple[MemoryStore, StoreAddress]
) -> None:
    """A result that is out of date is not stored, so a crash after it cannot lose the second acceptance."""
    reached, release = threading.Event(), threading.Event()

    def hold(request: ExtractionRequest) -> Extraction | None:
        if request.object.size != 2:
            return None
        reached.set()
        release.wait(120)
        return Extraction(file=File(size=2))

    room.inline.answer = hold
    index(room, dataset, "oss://media/k01.bin")
    room.wait(reached.is_set)
    bucket[0].put("k01.bin", b"\x00second version")
    room.inline.gate.clear()
    index(room, dataset, "oss://media/k01.bin")
    release.set()
    room.wait(room.inline.waiting.is_set)
    assert status(room, "oss://media/k01.bin") == "Indexing"
    room.inline.gate.set()
    assert wait_status(room, "oss://media/k01.bin", "Indexed")["Size"] == 15


def test_an_entry_that_is_deleted_while_it_is_indexed_stays_deleted(room: Room, dataset: Dataset) -> None:
    room.inline.gate.clear()
    index(room, dataset, "oss://media/k01.bin")
    room.wait(room.inline.waiting.is_set)
    room.catalog.files.delete(dataset.id, ["oss://media/k01.bin"])
    room.inline.gate.set()
    index(room, dataset, "oss://media/k02.bin")
    wait_status(room, "oss://media/k02.bin", "Indexed")
    assert set(room.documents()) == {"oss://media/k02.bin"}


def test_a_dataset_that_is_deleted_meanwhile_holds_up_no_other(room: Room, dataset: Dataset) -> None:
    other = room.make_dataset("other")
    room.inline.gate.clear()
    index(room, other, "oss://media/k01.bin")
    room.wait(room.inline.waiting.is_set)
    index(room, other, "oss://media/k02.bin")
    index(room, dataset, "oss://media/k03.bin")
    room.catalog.files.delete(other.id, ["oss://media/k01.bin", "oss://media/k02.bin"])
    room.catalog.datasets.delete("project", "other")
    room.inline.gate.set()
    wait_status(room, "oss://media/k03.bin", "Indexed")


@pytest.mark.parametrize("where", ["lookup", "extraction", "pool", "catalog"])
def test_a_failure_that_passes_is_tried_again(
    room: Room, dataset: Dataset, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter(range(2))

    def fail_first(*_: object, **__: object) -> Extraction | None:
        if next(failures, None) is None:
            return None
        if where == "extraction":
            return Extraction(file=File(), failure="StoreUnavailable: 503", retryable=True)
        raise {
            "lookup": StoreUnavailable("503"),
            "pool": RuntimeError("broken"),
            "catalog": OSError("full"),
        }[where]

    if where == "lookup":
        store = room.store("media")
        details = store.details
        monkeypatch.setattr(store, "details", lambda key: fail_first() or details(key))
    elif where == "catalog":
        write_files = room.catalog._catalog.files.write
        monkeypatch.setattr(
            room.catalog._catalog.files, "write", lambda *a, **k: fail_first() or write_files(*a, **k)
        )
    else:
        room.inline.answer = fail_first
    index(room, dataset, "oss://media/k01.bin")
    wait_status(room, "oss://media/k01.bin", "Indexed")


def test_a_record_that_cannot_be_read_is_no_fault_of_a_file(
    room: Room, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its bucket is lies there, and it stays away for more attempts than a file has."""
    failures = iter(range(index_batch._MAX_ATTEMPTS + 2))
    open_bucket = room.buckets.open

    def open_later(bucket: str) -> Store:
        if threading.current_thread() is not threading.main_thread() and next(failures, None) is not None:
            raise CatalogUnusable("the record is away")
        return open_bucket(bucket)

    monkeypatch.setattr(room.buckets, "open", open_later)
    with capture_logs() as lines:
        index(room, dataset, "oss://media/k01.bin", "oss://media/k02.bin")
        wait_status(room, "oss://media/k01.bin", "Indexed")
        wait_status(room, "oss://media/k02.bin", "Indexed")
    assert next(failures, None) is None
    assert [line for line in lines if line["log_level"] == "error" or line.get("exc_info")] == []


def test_where_a_bucket_is_is_asked_once_for_a_batch(
    room: Room, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, open_bucket = [], room.buckets.open

    def count(bucket: str) -> Store:
        opened.append(bucket)
        return open_bucket(bucket)

    monkeypatch.setattr(room.buckets, "open", count)
    index(room, dataset, *(f"oss://media/k{number:02d}.bin" for number in range(20)))
    wait_status(room, "oss://media/k19.bin", "Indexed")
    room.wait(lambda: {found["ObjectStatus"] for found in room.documents().values()} == {"Indexed"})
    assert opened == ["media"]


@pytest.mark.parametrize("at", ["submit", "take"])
def test_what_befalls_one_file_of_a_batch_is_that_files_failure(
    room: Room, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr(index_batch, "_RETRY_SECONDS", 0.01)
    submit = room.inline.submit

    def stumble(requests: Sequence[ExtractionRequest], **how: Any) -> InlinePending:
        odd = any(request.object.key == "k02.bin" for request in requests)
        if odd and at == "submit":
            raise OverflowError("can't serialize ints")
        pending = submit(requests, **how)
        if odd:
            monkeypatch.setattr(pending, "take", lambda *_, **__: 1 // 0)
        return pending

    monkeypatch.setattr(room.inline, "submit", stumble)
    index(room, dataset, *[f"oss://media/k0{number}.bin" for number in (1, 2, 3)])
    wait_status(room, "oss://media/k01.bin", "Indexed")
    wait_status(room, "oss://media/k03.bin", "Indexed")
    failed = wait_status(room, "oss://media/k02.bin", "Failed")
    assert failed["Reason"].startswith("[InternalError] ")


def wait_until_all_is_taken_up() -> None:
    """What is accepted while the engine looks for what an earlier run has left may have two jobs."""
    for thread in threading.enumerate():
        if thread.name == "indexer-start":
            thread.join()


def test_a_failure_that_does_not_pass_is_told_in_the_end(room: Room, dataset: Dataset) -> None:
    wait_until_all_is_taken_up()
    room.inline.answer = lambda _: Extraction(file=File(), failure="StoreUnavailable: 503", retryable=True)
    index(room, dataset, "oss://media/k01.bin")
    assert wait_status(room, "oss://media/k01.bin", "Failed")["Reason"] == "[StoreUnavailable] 503"
    assert len(room.inline.extracted) == index_batch._MAX_ATTEMPTS


def test_an_entry_of_a_binding_and_of_a_caller(
    room: Room, dataset: Dataset, bucket: tuple[MemoryStore, StoreAddress]
) -> None:
    index(room, dataset, "oss://media/k01.bin", CustomId="mine")
    wait_status(room, "oss://media/k01.bin", "Indexed")
    room.bind("media")
    room.wait_followed("media")
    assert room.documents()["oss://media/k01.bin"]["CustomId"] == "mine"
    index(room, dataset, "oss://media/k02.bin", CustomId="also mine")
    wait_status(room, "oss://media/k02.bin", "Indexed")
    bucket[0].remove("k01.bin")
    bucket[0].put("k02.bin", b"\x00longer than before")
    room.wait(lambda: "oss://media/k01.bin" not in room.documents())
    room.wait(lambda: room.documents()["oss://media/k02.bin"].get("Size") == 19)
    assert room.documents()["oss://media/k02.bin"]["CustomId"] == "also mine"


def test_many_files_do_not_hold_up_a_binding(open_room: OpenRoom, tmp_path: Path) -> None:
    store, address = memory_bucket()
    other, other_address = memory_bucket("other")
    for number in range(2_000):
        store.put(f"k{number:04d}.bin", b"\x00")
    other.put("a.bin", b"\x00")
    room = open_room(address, other_address)
    dataset = room.make_dataset()
    room.make_dataset("second")
    index(room, dataset, *[f"oss://media/k{number:04d}.bin" for number in range(2_000)])
    room.bind("other", "second")
    room.wait(lambda: room.keys("other", "second") == {"a.bin"})
    room.wait(lambda: {document["ObjectStatus"] for document in room.documents().values()} == {"Indexed"})
    assert len(room.documents()) == 2_000


def test_detect_stores_nothing(room: Room, dataset: Dataset) -> None:
    found = room.engine.detect(ObjectUri("media", "k01.bin"))
    assert found.file.size == 2
    assert room.documents() == {}
    with pytest.raises(ObjectNotFound):
        room.engine.detect(ObjectUri("media", "absent.bin"))


def test_close_is_quick_while_a_file_is_extracted(room: Room, dataset: Dataset) -> None:
    room.inline.gate.clear()
    index(room, dataset, "oss://media/k01.bin")
    room.wait(room.inline.waiting.is_set)
    closer = threading.Thread(target=room.engine.close)
    closer.start()
    closer.join(60)
    assert not closer.is_alive()


def test_an_outcome_that_cannot_be_stored_fails_alone(
    room: Room, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = room.catalog._catalog.files.write

    def refuse_one(dataset_id: int, writes: list[FileWrite], **keywords: bool) -> object:
        if any(one.uri.endswith("k01.bin") and one.file.object_status == "Indexed" for one in writes):
            raise ValueError("what no catalog can hold")
        return write(dataset_id, writes, **keywords)

    monkeypatch.setattr(room.catalog._catalog.files, "write", refuse_one)
    room.inline.gate.clear()
    index(room, dataset, *[f"oss://media/k{number:02d}.bin" for number in range(5)])
    room.inline.gate.set()
    for number in (0, 2, 3, 4):
        wait_status(room, f"oss://media/k{number:02d}.bin", "Indexed")
    failed = wait_status(room, "oss://media/k01.bin", "Failed")
    assert failed["Reason"] == "[InternalError] ValueError: what no catalog can hold"


def test_a_dataset_whose_files_take_long_holds_up_no_other(room: Room, dataset: Dataset) -> None:
    other = room.make_dataset("other")
    held = threading.Event()

    def hold(request: ExtractionRequest) -> None:
        if request.object.key < "k10.bin":
            held.wait(120)

    room.inline.answer = hold
    index(room, other, *[f"oss://media/k{number:02d}.bin" for number in range(10)])
    index(room, dataset, "oss://media/k15.bin")
    wait_status(room, "oss://media/k15.bin", "Indexed")
    held.set()


def test_a_caller_of_detection_does_not_wait_for_ever(
    room: Room, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "DETECT_SECONDS", 0.2)
    room.inline.gate.clear()
    with pytest.raises(indexing.DetectionTooSlow):
        room.engine.detect(ObjectUri("media", "k01.bin"), owner="me")
