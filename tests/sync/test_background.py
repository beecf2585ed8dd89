"""Tasks behind calls begin and end, whatever becomes of their work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
from structlog.contextvars import bound_contextvars, get_contextvars
from structlog.testing import capture_logs
from sync_room import PROJECT, Room

from bindery.buckets.store import StoreUnavailable
from bindery.catalog.records import CatalogError, Task
from bindery.stopping import Interrupted
from bindery.sync import background
from bindery.sync.background import Background, Running, new_task


class Found(msgspec.Struct, rename="pascal"):
    number: int


@pytest.fixture
def room(open_room: Callable[..., Room]) -> Room:
    room = open_room()
    room.make_dataset()
    return room


@pytest.fixture
def work(room: Room) -> Iterator[Background]:
    running = Background(room.catalog)  # type: ignore[arg-type]
    yield running
    running.close(5)


def done(room: Room, task: Task) -> Task:
    def ended() -> Task | None:
        held = room.catalog.tasks.get(PROJECT, task.type, task.id)
        return None if held.status == "Running" else held

    return room.wait(ended)


def test_the_result_is_json(room: Room, work: Background) -> None:
    task = new_task("BindingAudit", PROJECT)
    work.start(task, lambda _: Found(7))
    told = done(room, task)
    assert (told.status, told.progress, told.result) == ("Succeeded", 100, '{"Number":7}')
    assert told.end_time >= told.start_time


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (StoreUnavailable("503"), "StoreUnavailable", "503"),
        (CatalogError("full"), "CatalogError", "full"),
        (Interrupted(), "ServerStopped", background.STOPPED_MESSAGES["BindingEstimate"]),
        (
            ZeroDivisionError("a defect"),
            "InternalError",
            "ZeroDivisionError: a defect; see the server's log",
        ),
    ],
)
def test_failures_are_told(room: Room, work: Background, error: Exception, code: str, message: str) -> None:
    def fail(_: Running) -> msgspec.Struct:
        raise error

    task = new_task("BindingEstimate", PROJECT)
    work.start(task, fail)
    told = done(room, task)
    assert (told.status, told.code, told.message) == ("Failed", code, message)


def test_reports_are_shown_while_the_work_goes_on(
    room: Room, work: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_REPORT_SECONDS", 0.0)
    reported, go_on = threading.Event(), threading.Event()

    def count(running: Running) -> Found:
        running.report(progress=40, result=Found(1))
        reported.set()
        assert go_on.wait(20)
        return Found(2)

    task = new_task("BindingEstimate", PROJECT)
    work.start(task, count)
    assert reported.wait(20)
    held = room.catalog.tasks.get(PROJECT, task.type, task.id)
    assert (held.status, held.progress, held.result) == ("Running", 40, '{"Number":1}')
    go_on.set()
    assert done(room, task).result == '{"Number":2}'


def test_the_end_of_the_server_ends_all_work(room: Room) -> None:
    work = Background(room.catalog)  # type: ignore[arg-type]

    def wait(running: Running) -> Found:
        running.rest(60)
        return Found(1)

    tasks = [new_task("BindingAudit", PROJECT) for _ in range(3)]
    for task in tasks:
        work.start(task, wait)
    work.close(10)
    assert {room.catalog.tasks.get(PROJECT, task.type, task.id).code for task in tasks} == {"ServerStopped"}
    with pytest.raises(Interrupted):
        work.start(new_task("BindingAudit", PROJECT), wait)


def test_lines_of_the_work_carry_the_id_of_the_call(room: Room, work: Background) -> None:
    seen: list[dict[str, object]] = []
    task = new_task("BindingAudit", PROJECT)
    with bound_contextvars(request_id="the-call"):
        work.start(task, lambda _: seen.append(dict(get_contextvars())) or Found(1))  # type: ignore[func-returns-value]
    done(room, task)
    assert seen == [{"request_id": "the-call"}]


def test_an_end_that_cannot_be_stored_is_logged(
    room: Room, work: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Task) -> None:
        raise CatalogError("disk full")

    with capture_logs() as lines:
        work.start(new_task("BindingAudit", PROJECT), lambda _: Found(1), fail)
        work.close(10)
    assert [line["event"] for line in lines] == ["the end of a task could not be stored"]
