"""The audit: what differs between a bucket and its dataset, and its repair."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sync_room import DATASET, PROJECT, FaultyStore, Room, memory_bucket, remove_together

from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import ObjectInfo, PartlyListed, StoreUnavailable
from bindery.catalog.records import (
    Binding,
    FileSummary,
    FileWrite,
    LedgerFilter,
    Outcome,
    ScanCommit,
    Scope,
    Task,
)
from bindery.clock import now_ns
from bindery.file import File
from bindery.sync.audit import Audit, Report, Suspect, Suspects, side_by_side
from bindery.sync.audits import TASK_TYPE, AuditRunning

_numbers = itertools.count()
OpenRoom = Callable[..., Room]
Hall = tuple[Room, MemoryStore, Binding]


@pytest.fixture
def hall(open_room: OpenRoom) -> Hall:
    """A followed bucket of three objects."""
    store, address = memory_bucket()
    for key in ("a", "b", "c/d"):
        store.put(key, key.encode())
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    return room, store, room.binding("media")


def audit(room: Room, **options: Any) -> Report:
    held = Audit(room.binding("media"), room.store("media"), room.catalog, grace=0.0, **options)  # type: ignore[arg-type]
    return held.run()


def bare(report: Report) -> Report:
    """Without what is told of the binding."""
    return replace(report, well=False, state="", reason="")


def run_task(room: Room, *, repair: bool = False) -> Task:
    task = room.engine.audit(room.binding("media"), repair=repair)

    def ended() -> Task | None:
        held = room.catalog.tasks.get(PROJECT, TASK_TYPE, task.id)
        return held if held.status != "Running" else None

    return room.wait(ended)


def report_of(task: Task) -> Report:
    assert task.status == "Succeeded", task
    return msgspec.json.decode(task.result, type=Report)


def summary(key: str, **fields: Any) -> FileSummary:
    return FileSummary(uri=f"oss://media/{key}", etag="", size=0, object_status="Indexed", **fields)


def lose(room: Room, *keys: str) -> None:
    """Remove entries by hand, as DeleteFileMeta does."""
    room.catalog.files.delete(room.binding("media").dataset_id, [f"oss://media/{key}" for key in keys])


def alter(room: Room, key: str, **fields: Any) -> None:
    """An entry as a defect might have left it; the ledger says nothing of it."""
    binding = room.binding("media")
    write = FileWrite(uri=f"oss://media/{key}", file=File(**fields), binding_id=binding.id)
    room.catalog.files.write(binding.dataset_id, [write])


def test_a_dataset_that_equals_its_bucket(hall: Hall) -> None:
    assert bare(audit(hall[0])) == Report(equal=True, listed=3, entries=3, matching=3)


def test_every_kind_of_difference(hall: Hall) -> None:
    room, store, _ = hall
    room.engine.stop_binding(room.binding("media"), "")
    lose(room, "a")
    alter(room, "b", etag='"other"', size=1)
    alter(room, "ghost", etag='"x"', size=1)
    info = store.details("c/d").info
    alter(room, "c/d", etag=f'"{info.etag}"', size=info.size, object_status="Failed")
    found = audit(room)
    assert (found.equal, found.listed, found.entries) == (False, 3, 3)
    assert (found.missing_keys, found.stale_keys, found.extra_keys) == (["a"], ["b"], ["ghost"])
    assert (found.missing, found.stale, found.extra, found.matching) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("status", "failed"), [("Indexed", 0), ("Failed", 1)], ids=["read", "could not be read"]
)
def test_figures_are_of_the_last_look_while_a_scan_goes_on(hall: Hall, status: str, failed: int) -> None:
    room, store, _ = hall
    room.engine.stop_binding(room.binding("media"), "")
    lose(room, "a", "b")
    store.remove("b")
    store.put("late", b"late")

    def go_on() -> None:
        """Between the comparison and the second look."""
        for key in ("a", "late"):
            info = store.details(key).info
            alter(room, key, etag=f'"{info.etag}"', size=info.size, object_status=status)

    found = audit(room, check_stop=go_on)
    assert bare(found) == Report(equal=True, listed=3, entries=3, matching=3, failed=2 * failed)


def test_an_object_that_went_meanwhile_is_not_counted(hall: Hall) -> None:
    room, store, _ = hall
    room.engine.stop_binding(room.binding("media"), "")
    lose(room, "a")
    found = audit(room, check_stop=lambda: store.remove("a"))
    assert bare(found) == Report(equal=True, listed=2, entries=2, matching=2)


def test_an_entry_of_explicit_indexing_needs_no_object(hall: Hall) -> None:
    room, _, binding = hall
    room.catalog.files.write(binding.dataset_id, [FileWrite(uri="oss://media/own", file=File())])
    assert bare(audit(room)) == Report(equal=True, listed=3, entries=4, matching=3)


def test_objects_outside_the_scope(hall: Hall) -> None:
    room, _, binding = hall
    room.engine.stop_binding(binding, "")
    room.engine.change_scope(room.binding("media"), Scope(exclude=("a",), prefixes=("a", "c/")))
    found = audit(room)
    assert (found.extra_keys, found.excluded, found.matching, found.listed) == (["a", "b"], 0, 1, 2)
    lose(room, "a", "b")
    assert bare(audit(room)) == Report(equal=True, listed=2, entries=1, matching=1, excluded=1)


def test_samples_are_bounded(hall: Hall) -> None:
    room, store, _ = hall
    room.engine.stop_binding(room.binding("media"), "")
    for number in range(250):
        store.put(f"new/{number:03}", b"x")
    held = Audit(room.binding("media"), store, room.catalog, grace=0.0)  # type: ignore[arg-type]
    held._began_ns += 10**12
    found = held.run()
    assert (found.missing, found.listed) == (250, 253)
    assert found.missing_keys == [f"new/{number:03}" for number in range(100)]


def test_an_incomplete_listing_proves_nothing(hall: Hall) -> None:
    room, _, _ = hall
    room.store("media").fault = StoreUnavailable("away")
    room.store("media").fault_after_pages = 0
    with pytest.raises(StoreUnavailable):
        audit(room)
    ended = run_task(room)
    assert (ended.status, ended.code, ended.result) == ("Failed", "StoreUnavailable", "")
    assert "away" in ended.message


def test_a_part_that_cannot_be_listed_hides_no_figures_of_the_rest(hall: Hall) -> None:
    room, store, _ = hall
    room.engine.stop_binding(room.binding("media"), "")
    store.remove("a")
    store.put("new", b"x")
    store.put("c/new", b"x")

    class Partly(FaultyStore):
        def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
            for page in super().list(prefix=prefix, start_after=start_after):
                yield [info for info in page if not info.key.startswith("c/")]
            raise PartlyListed("c/ cannot be listed", frozenset({"c/"}))

    found = Audit(room.binding("media"), Partly(store), room.catalog, grace=0.0).run()  # type: ignore[arg-type]
    assert found.unlisted == ["c/"]
    assert (found.listed, found.matching, found.missing_keys, found.extra_keys) == (2, 1, ["new"], ["a"])
    assert not found.equal


def test_all_is_well_only_while_nothing_waits_and_the_binding_runs(hall: Hall) -> None:
    room, _, binding = hall
    found = audit(room)
    assert (found.equal, found.well, found.waiting, found.state) == (True, True, 0, "Running")
    rows = {
        "a": ("AccessDenied: a may not be read", Outcome.FAILED),
        "b": ("ParseFailed: broken", Outcome.FAILED),
        "c/d": ("TimeLimit: slow", Outcome.PENDING),
    }
    room.engine.stop_binding(binding, "pause")
    ledger = room.ledger("media")
    settled = [
        replace(ledger[key], reason=reason, outcome=outcome) for key, (reason, outcome) in rows.items()
    ]
    room.catalog.bindings.commit(ScanCommit(binding_id=binding.id, ledger=tuple(settled)))
    found = audit(room)
    assert (found.equal, found.well, found.waiting, found.waiting_keys) == (True, False, 2, ["c/d", "a"])
    assert (found.state, found.reason) == ("Stopped", "pause")
    room.catalog.bindings.commit(ScanCommit(binding_id=binding.id, ledger=tuple(ledger.values())))
    assert (audit(room).equal, audit(room).well) == (True, False)


def test_what_changes_meanwhile_is_not_reported(hall: Hall) -> None:
    """Behind the listing one object is overwritten, one removed and one added, while nothing follows them."""
    room, store, _ = hall
    room.engine.stop_binding(room.binding("media"), "")

    class Moving(FaultyStore):
        def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
            store.put("new", b"new")
            pages = list(super().list(prefix=prefix, start_after=start_after))
            store.remove("a")
            store.put("b", b"overwritten")
            yield from pages

    held = Audit(room.binding("media"), Moving(store), room.catalog, grace=0.0)  # type: ignore[arg-type]
    # only "new" is suspect when the listing is over: the others agree with what was listed
    assert bare(held.run()) == Report(equal=True, listed=4, entries=3, matching=3, changing=1)


def test_a_suspect_that_is_mended_in_time(hall: Hall) -> None:
    room, store, binding = hall
    lose(room, "a")
    info = store.details("a").info
    looks: list[str] = []

    class Mending(FaultyStore):
        def details(self, key: str) -> Any:
            looks.append(key)
            if len(looks) == 2:
                alter(room, "a", etag=f'"{info.etag}"', size=info.size)
            return super().details(key)

    held = Audit(binding, Mending(store), room.catalog, grace=60.0)  # type: ignore[arg-type]
    assert bare(held.run()) == Report(equal=True, listed=3, entries=3, matching=3)
    assert looks == ["a", "a"]


def test_the_repair_brings_everything_back(hall: Hall) -> None:
    room, store, _ = hall
    lose(room, "a")
    alter(room, "b", etag='"other"', size=1)
    alter(room, "ghost", etag='"x"', size=1)
    found = report_of(run_task(room, repair=True))
    assert (found.equal, found.missing, found.stale, found.extra, found.repaired) == (True, 1, 1, 1, 3)
    assert room.keys("media") == {"a", "b", "c/d"}
    assert room.documents()["oss://media/b"]["ETag"] == f'"{store.details("b").info.etag}"'
    room.check_books("media")
    assert bare(report_of(run_task(room))) == Report(equal=True, listed=3, entries=3, matching=3)


def test_the_repair_of_what_the_guard_holds_back(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    for number in range(300):
        store.put(f"{number:03}", b"x")
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    remove_together(store, [f"{number:03}" for number in range(200)])
    room.wait(lambda: room.binding("media").removals_held == 200)
    found = report_of(run_task(room, repair=True))
    assert (found.extra, found.repaired, found.equal, len(found.extra_keys)) == (200, 200, True, 100)
    room.wait(lambda: not room.binding("media").reason)
    room.wait(lambda: room.progress("media").listed == 100)  # follows the commit that the audit waited for
    room.check_books("media")


def test_a_stopped_binding_is_repaired_when_it_is_resumed(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, _, _ = hall
    room.engine.stop_binding(room.binding("media"), "")
    lose(room, "a")
    monkeypatch.setattr("bindery.sync.audit._PATIENCE_SECONDS", 0.0)
    assert not report_of(run_task(room, repair=True)).equal
    assert room.ledger("media")["a"].etag == ""
    room.engine.resume_binding(room.binding("media"))
    room.wait_keys("media", {"a", "b", "c/d"})
    room.check_books("media")


def test_one_audit_at_a_time(hall: Hall) -> None:
    room, _, binding = hall
    gate, reached = room.inline.gate, room.inline.waiting
    gate.clear()
    room.store("media").before_page = lambda: (reached.set(), gate.wait())  # type: ignore[func-returns-value]
    task = room.engine.audit(binding, repair=False)
    room.wait(reached.is_set)
    assert room.engine.audit(binding, repair=False).id == task.id
    with pytest.raises(AuditRunning, match=task.id):
        room.engine.audit(binding, repair=True)
    gate.set()
    room.wait(lambda: room.catalog.tasks.get(PROJECT, TASK_TYPE, task.id).status == "Succeeded")
    assert room.engine.audit(binding, repair=True).id != task.id


def test_audits_that_an_earlier_release_has_left_have_failed(hall: Hall, open_room: OpenRoom) -> None:
    room, _, _ = hall
    left = Task(id="left", project_name=PROJECT, type=TASK_TYPE, start_time=now_ns(), progress=40)
    other = replace(left, id="other", type="Other")
    for task in (left, other):
        room.catalog.tasks.put(task)
    room.kill()
    again = open_room(*room.addresses.values())
    ended = again.wait(
        lambda: (held := again.catalog.tasks.get(PROJECT, TASK_TYPE, "left")).status != "Running" and held
    )
    assert (ended.status, ended.code, ended.progress) == ("Failed", "ServerStopped", 40)
    assert ended.end_time is not None
    assert again.catalog.tasks.get(PROJECT, "Other", "other") == other


def test_a_retry_extracts_again(hall: Hall) -> None:
    room, _, binding = hall
    room.wait(lambda: room.inline.extracted.count("a") == 1)
    assert room.engine.retry_keys(binding, ["a", "absent"], LedgerFilter()) == 1
    room.wait(lambda: room.inline.extracted.count("a") == 2)
    assert room.engine.retry_chosen(binding, LedgerFilter(outcome=Outcome.INDEXED))[1] == 3
    room.wait(lambda: {room.inline.extracted.count(key) for key in ("b", "c/d")} == {2})
    room.wait(lambda: all(row.etag for row in room.ledger("media").values()))
    assert room.engine.retry_keys(binding, ["a"], LedgerFilter(outcome=Outcome.FAILED)) == 0
    assert room.engine.retry_keys(binding, ["a", "c/d"], LedgerFilter(prefix="c")) == 1
    room.wait(lambda: room.inline.extracted.count("c/d") == 3)
    room.wait(lambda: all(row.etag for row in room.ledger("media").values()))
    room.check_books("media")


def test_the_spool_keeps_order_and_any_key() -> None:
    suspects = Suspects()
    expected = [Suspect(f"line\nbreak {number}\x00é😀", "etag", number) for number in range(1_000)]
    for suspect in expected:
        suspects.add(suspect)
    assert [suspect for batch in suspects.batches() for suspect in batch] == expected
    assert suspects.count == 1_000
    suspects.close()


names = st.sets(st.text("ab/\ud7ff\ue000😀", min_size=1, max_size=3), max_size=12)


@given(names, names, st.integers(1, 4))
def test_two_streams_side_by_side(left: set[str], right: set[str], size: int) -> None:
    infos = [ObjectInfo(key, 1, "e", 0) for key in sorted(left)]
    pages = [infos[start : start + size] for start in range(0, len(infos), size)]
    found = list(side_by_side(pages, [(key, summary(key)) for key in sorted(right)]))
    assert [key for key, _, _ in found] == sorted(left | right)
    assert {key for key, info, _ in found if info is not None} == left
    assert {key for key, _, entry in found if entry is not None} == right


@pytest.fixture
def still(open_room: OpenRoom) -> Room:
    """A dataset without anything at work."""
    room = open_room(start=False)
    room.make_dataset()
    return room


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_difference_against_sets(still: Room, data: st.DataObject) -> None:
    """Random buckets and datasets, that nothing keeps in step, against an oracle over dictionaries."""
    versions = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["1", "22"]), max_size=8)
    objects, entries = data.draw(versions), data.draw(versions)
    store, address = memory_bucket(f"media-{next(_numbers)}")
    made = still.catalog.bindings.create(
        Binding(dataset_id=0, project_name=PROJECT, dataset_name=DATASET, bucket=address.bucket)
    )
    for key, content in {**entries, **objects}.items():
        store.put(key, content.encode())
    infos = {key: store.details(key).info for key in objects}
    writes = []
    for key, content in entries.items():
        agrees = objects.get(key) == content
        etag = infos[key].etag if agrees else "another"
        file = File(etag=f'"{etag}"', size=len(content))
        writes.append(FileWrite(uri=f"{made.uri}/{key}", file=file, binding_id=made.id))
    for key in entries.keys() - objects.keys():
        store.remove(key)
    still.catalog.bindings.commit(ScanCommit(binding_id=made.id, files=tuple(writes)))
    held = Audit(made, store, still.catalog, grace=0.0)  # type: ignore[arg-type]
    held._began_ns += 10**12
    found = held.run()
    both = objects.keys() & entries.keys()
    assert found.missing_keys == sorted(objects.keys() - entries.keys())
    assert found.extra_keys == sorted(entries.keys() - objects.keys())
    assert found.stale_keys == sorted(key for key in both if objects[key] != entries[key])
    assert found.matching == sum(objects[key] == entries[key] for key in both)
    assert (found.listed, found.entries) == (len(objects), len(entries))
    assert found.equal == (objects == entries)
    still.catalog.bindings.delete(made.id)
