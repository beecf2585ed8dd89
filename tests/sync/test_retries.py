"""A filter of the ledger that chooses many objects works in a task, page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sync_room import DATASET, PROJECT, QUICK, Room, memory_bucket
from tests.own_threads import replace_here

from bindery.buckets.memory import MemoryStore
from bindery.catalog.records import Binding, CatalogError, Dataset, LedgerFilter, Outcome, Project, Task
from bindery.extract.extraction import EXTRACTOR_VERSION
from bindery.sync import retries
from bindery.sync.retries import TASK_TYPE
from bindery.tasks.running import Running

OpenRoom = Callable[..., Room]
Hall = tuple[Room, MemoryStore, Binding]
INDEXED = LedgerFilter(outcome=Outcome.INDEXED)
KEYS = [f"k{number:03d}" for number in range(50)]


@pytest.fixture
def hall(open_room: OpenRoom, monkeypatch: pytest.MonkeyPatch) -> Hall:
    """A stopped binding of fifty objects, marked ten at a time. Once it is resumed, it is listed once."""
    monkeypatch.setattr(retries, "_PAGE", 10)
    store, address = memory_bucket()
    for key in KEYS:
        store.put(key, key.encode())
    room = open_room(address, settings=msgspec.structs.replace(QUICK, reconcile_interval=3_600.0))
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    room.engine.stop_binding(room.binding("media"), "")
    return room, store, room.binding("media")


class Gate:
    """Lets a number of pages be marked, then holds the task until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
        self.left, self.reached, self.open = pages, threading.Event(), threading.Event()
        report = Running.report

        def hold(running: Running, **told: Any) -> None:
            self.left -= 1
            if self.left == 0:
                self.reached.set()
                assert self.open.wait(120)
            report(running, **told)

        replace_here(monkeypatch, Running, "report", hold)
        monkeypatch.setattr(retries, "_PATIENCE_SECONDS", 0.0)


def task_of(room: Room, task: Task) -> Task:
    return room.catalog.tasks.get(PROJECT, TASK_TYPE, task.id)


def ended(room: Room, task: Task) -> Task:
    return room.wait(lambda: (held := task_of(room, task)).status != "Running" and held)


def marked(room: Room) -> list[str]:
    return [key for key, row in sorted(room.ledger("media").items()) if not row.etag]


def test_the_call_tells_the_count_of_what_is_done_at_once(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "_PATIENCE_SECONDS", 60.0)
    room, _, binding = hall
    task, count = room.engine.retry_chosen(binding, LedgerFilter(prefix="k01"))
    assert count == 10
    told = task_of(room, task)
    assert (told.status, told.result, told.dataset_name) == ("Succeeded", '{"Count":10}', DATASET)
    assert marked(room) == KEYS[10:20]


def test_the_task_tells_the_count_of_what_takes_longer(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    room, _, binding = hall
    gate = Gate(monkeypatch, pages=2)
    task, count = room.engine.retry_chosen(binding, INDEXED)
    assert gate.reached.wait(60)
    assert count is None
    assert task_of(room, task).status == "Running"
    assert marked(room) == KEYS[:20]
    room.catalog.projects.create(Project(name="others-write-meanwhile"))
    gate.open.set()
    assert ended(room, task).result == '{"Count":50}'
    room.inline.extracted.clear()
    room.engine.resume_binding(binding)
    room.wait(lambda: sorted(room.inline.extracted) == KEYS)
    room.wait(lambda: not marked(room))
    room.check_books("media")


def test_the_end_of_the_server_keeps_what_was_marked_and_the_next_start_goes_on(
    hall: Hall, open_room: OpenRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, _, binding = hall
    gate = Gate(monkeypatch, pages=2)
    task, _ = room.engine.retry_chosen(binding, INDEXED)
    assert gate.reached.wait(60)
    closing = threading.Thread(target=room.engine.close)
    closing.start()
    room.wait(lambda: room.engine._runner._stopping)
    gate.open.set()
    closing.join()
    assert task_of(room, task).status == "Running"
    assert marked(room) == KEYS[:20]
    monkeypatch.undo()
    room.kill()
    check_resumed(open_room(*room.addresses.values()), task)


def test_a_kill_keeps_what_was_marked_and_the_next_start_goes_on(
    hall: Hall, open_room: OpenRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, _, binding = hall
    gate = Gate(monkeypatch, pages=2)
    task, _ = room.engine.retry_chosen(binding, INDEXED)
    assert gate.reached.wait(60)
    room.catalog.kill()
    gate.open.set()
    room.kill()
    monkeypatch.undo()
    check_resumed(open_room(*room.addresses.values()), task)


def check_resumed(room: Room, task: Task) -> None:
    told = ended(room, task)
    assert (told.status, told.result) == ("Succeeded", '{"Count":50}')
    assert marked(room) == KEYS
    room.engine.resume_binding(room.binding("media"))
    room.wait(lambda: sorted(room.inline.extracted) == KEYS)


def test_a_task_goes_on_behind_what_it_has_marked(hall: Hall, open_room: OpenRoom) -> None:
    room, _, binding = hall
    task, _ = room.engine.retry_chosen(binding, LedgerFilter(prefix="none"))
    definition = msgspec.json.encode({"BindingId": binding.id, "Chosen": {"prefix": "k0"}}).decode()
    left = msgspec.structs.replace(
        task_of(room, task),
        status="Running",
        request_definition=definition,
        result='{"Count":30,"After":"k029"}',
    )
    room.catalog.tasks.put(left)
    room.kill()
    again = open_room(*room.addresses.values())
    assert ended(again, task).result == '{"Count":50}'
    assert marked(again) == KEYS[30:]


@pytest.mark.parametrize(
    ("definition", "code", "advice"),
    [
        ("", "ServerStopped", "repeat the call"),
        ("{}", "ServerStopped", "repeat the call"),
        ('{"BindingId":99,"Chosen":{}}', "ResourceNotFound", "binding is not found"),
    ],
)
def test_a_task_that_cannot_be_taken_up_has_failed(
    hall: Hall, open_room: OpenRoom, definition: str, code: str, advice: str
) -> None:
    """Of an earlier version, or of a binding that is gone."""
    room, _, binding = hall
    task, _ = room.engine.retry_chosen(binding, LedgerFilter(prefix="none"))
    left = msgspec.structs.replace(
        task_of(room, task), status="Running", request_definition=definition, result=""
    )
    room.catalog.tasks.put(left)
    room.kill()
    told = ended(open_room(*room.addresses.values()), task)
    assert (told.status, told.code) == ("Failed", code)
    assert advice in told.message


def test_a_record_that_fails_is_told(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    room, _, binding = hall

    def fail(*_: object) -> int:
        raise CatalogError("disk full")

    monkeypatch.setattr(room.catalog._catalog.ledger, "mark", fail)
    task, count = room.engine.retry_chosen(binding, INDEXED)
    told = ended(room, task)
    assert (count, told.status, told.code, told.message) == (None, "Failed", "CatalogError", "disk full")


OLDER = LedgerFilter(extractor_version_below=EXTRACTOR_VERSION)


def age(room: Room, binding: Binding, keys: list[str]) -> None:
    """As if an earlier extractor had settled these."""
    ledger = room.catalog._catalog.ledger
    rows = ledger.get(binding.id, keys).values()
    older = [msgspec.structs.replace(row, extractor_version=EXTRACTOR_VERSION - 1) for row in rows]
    with ledger._database.transaction() as connection:
        ledger.put(connection, binding.id, older)


def test_after_an_upgrade_only_what_an_older_extractor_read_is_read_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "_PATIENCE_SECONDS", 60.0)
    room, _, binding = hall
    age(room, binding, KEYS[7:40])
    _, count = room.engine.retry_chosen(binding, OLDER)
    assert (count, marked(room)) == (33, KEYS[7:40])
    room.inline.extracted.clear()
    room.engine.resume_binding(binding)
    room.wait(lambda: not marked(room))
    assert sorted(room.inline.extracted) == KEYS[7:40]
    books = room.check_books("media")
    assert (books.indexed, books.unchanged) == (33, 17)  # how far it is
    room.engine.stop_binding(binding, "")
    assert room.engine.retry_chosen(binding, OLDER)[1] == 0


def test_an_upgrade_changes_nothing_where_nothing_of_the_objects_is_read(
    open_room: OpenRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "_PATIENCE_SECONDS", 60.0)
    store, address = memory_bucket()
    store.put("k", b"k")
    room = open_room(address)
    room.catalog.projects.create(Project(name=PROJECT))
    room.catalog.datasets.create(
        Dataset(project_id=0, project_name=PROJECT, name=DATASET, template_id="Official:OSSBasicMeta")
    )
    binding = room.bind("media")
    room.wait_followed("media")
    room.engine.stop_binding(room.binding("media"), "")
    age(room, binding, ["k"])
    assert room.engine.retry_chosen(binding, OLDER)[1] == 0
    assert room.engine.retry_keys(binding, ["k"], OLDER) == 0
    assert room.engine.retry_keys(binding, ["k"], LedgerFilter()) == 1  # whoever names it wants it
