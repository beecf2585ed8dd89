"""Tasks begin and end, whatever becomes of their work and of the servers that do it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.contextvars import bound_contextvars, get_contextvars
from structlog.testing import capture_logs
from tests.own_threads import replace_here, with_others_here

from bindery.buckets.store import AccessDenied, ObjectChanged, StoreError, StoreUnavailable
from bindery.catalog.catalog import Catalog
from bindery.catalog.record import task_queue as queue_module
from bindery.catalog.records import CatalogError, CatalogUnwritable, NotFound, Project, Task, TaskLease
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.stopping import Interrupted
from bindery.tasks import runner as runner_module
from bindery.tasks import running as running_module
from bindery.tasks.kind import CannotGoOn, Kind, TooManyTasks, Work
from bindery.tasks.outcomes import new_task
from bindery.tasks.runner import Runner
from bindery.tasks.running import Running
from bindery.tasks.settings import TaskSettings

PROJECT, TYPE = "project", "Counting"
ADVICE = "count again"
LOST = "a task was taken by another server meanwhile, or went with its project"
SECONDS = 60.0


class Found(msgspec.Struct, rename="pascal"):
    number: int


class Step(msgspec.Struct):
    number: int = 0


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = SqliteCatalog(tmp_path / "data", account_id="1")
    yield catalog
    assert catalog.close(SECONDS)


Serve = Callable[..., Runner]


@pytest.fixture
def serve(catalog: Catalog) -> Iterator[Serve]:
    """A server of tasks, whose work is given."""
    runners: list[Runner] = []

    def start(
        work: Work, *, owner: str = "first", pauses: tuple[float, ...] = (), **settings: Any
    ) -> Runner:
        runner = Runner(catalog, owner, TaskSettings(**settings))
        runner.know(Kind(type=TYPE, work=work, advice=ADVICE, pauses=pauses))
        runner.start()
        runners.append(runner)
        return runner

    yield start
    for runner in runners:
        runner.close(SECONDS)


def task_of(catalog: Catalog, task: Task) -> Task:
    return catalog.tasks.get(PROJECT, task.type, task.id)


def wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ended(catalog: Catalog, task: Task) -> Task:
    wait(lambda: task_of(catalog, task).status != "Running")
    return task_of(catalog, task)


def until_told(running: Running) -> Found:
    while True:
        running.rest(60)


def raising(error: Exception) -> Work:
    def fail(_: Running) -> msgspec.Struct:
        raise error

    return fail


def test_the_result_is_json(catalog: Catalog, serve: Serve) -> None:
    runner = serve(lambda running: Found(msgspec.json.decode(running.task.request_definition)["number"]))
    told = ended(catalog, runner.add(new_task(TYPE, PROJECT, "d", Step(7))))
    assert (told.status, told.progress, told.result, told.dataset_name) == (
        "Succeeded",
        100,
        '{"Number":7}',
        "d",
    )
    assert told.end_time is not None
    assert told.end_time >= told.start_time


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (StoreUnavailable("503"), "StoreUnavailable", "503"),
        (CatalogError("full"), "CatalogError", "full"),
        (NotFound("binding"), "ResourceNotFound", "The specified resource binding is not found."),
        (CannotGoOn(), "ServerStopped", ADVICE),
        (
            ZeroDivisionError("a defect"),
            "InternalError",
            "ZeroDivisionError: a defect; see the server's log",
        ),
    ],
)
def test_failures_are_told(
    catalog: Catalog, serve: Serve, error: Exception, code: str, message: str
) -> None:
    told = ended(catalog, serve(raising(error)).add(new_task(TYPE, PROJECT)))
    assert (told.status, told.code, told.message) == ("Failed", code, message)


@pytest.mark.parametrize("error", [StoreUnavailable("503"), ZeroDivisionError("a defect")])
def test_a_failure_shows_how_far_the_task_came(
    catalog: Catalog, serve: Serve, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "_REPORT_SECONDS", 0.0)

    def work(running: Running) -> Found:
        running.report(progress=60, result=Found(3))
        raise error

    told = ended(catalog, serve(work).add(new_task(TYPE, PROJECT)))
    assert (told.status, told.progress, told.result) == ("Failed", 60, '{"Number":3}')


@pytest.mark.parametrize("error", [StoreUnavailable("503"), ObjectChanged("again")])
def test_what_may_pass_is_tried_again_after_a_pause(
    catalog: Catalog, serve: Serve, error: StoreError
) -> None:
    tries: list[int] = []

    def work(running: Running) -> Found:
        tries.append(running.lease.attempts)
        if len(tries) < 3:
            raise error
        return Found(1)

    runner = serve(work, pauses=(0.01, 0.01))
    assert ended(catalog, runner.add(new_task(TYPE, PROJECT))).status == "Succeeded"
    assert tries == [1, 2, 3]


def test_a_record_that_was_away_is_no_failure_of_a_task(
    catalog: Catalog, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "_AWAY_SECONDS", 0.01)
    tries: list[int] = []

    def work(running: Running) -> Found:
        tries.append(running.lease.attempts)
        if len(tries) < 4:
            raise CatalogUnwritable("away")
        return Found(1)

    assert ended(catalog, serve(work).add(new_task(TYPE, PROJECT))).status == "Succeeded"
    assert tries == [1, 2, 3, 4]


@pytest.mark.parametrize("here", [False, True])
def test_a_record_that_does_not_come_back_is_told_in_the_end(
    catalog: Catalog, serve: Serve, monkeypatch: pytest.MonkeyPatch, here: bool
) -> None:
    """At once where no other server could go on with the task."""
    monkeypatch.setattr(runner_module, "_AWAY_SECONDS", 0.01)
    tries: list[int] = []

    def work(running: Running) -> Found:
        tries.append(running.lease.attempts)
        raise CatalogUnwritable("away")

    runner = serve(work)
    told = ended(catalog, (runner.add_here if here else runner.add)(new_task(TYPE, PROJECT)))
    assert (told.code, told.message) == ("CatalogUnwritable", "away")
    assert tries == ([1] if here else [1, 2, 3, 4, 5])


def test_what_does_not_pass_fails_in_the_end_and_all_else_at_once(catalog: Catalog, serve: Serve) -> None:
    tries: list[int] = []

    def work(running: Running) -> Found:
        tries.append(running.lease.attempts)
        raise StoreUnavailable("503") if running.task.user_data else AccessDenied("no")

    runner = serve(work, pauses=(0.01, 0.01))
    for user_data, code, tried in (("x", "StoreUnavailable", [1, 2, 3]), ("", "AccessDenied", [1])):
        tries.clear()
        task = msgspec.structs.replace(new_task(TYPE, PROJECT), user_data=user_data)
        assert (ended(catalog, runner.add(task)).code, tries) == (code, tried)


def test_reports_are_shown_while_the_work_goes_on(
    catalog: Catalog, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "_REPORT_SECONDS", 0.0)
    reported, go_on = threading.Event(), threading.Event()

    def count(running: Running) -> Found:
        running.report(progress=40, result=Found(1))
        reported.set()
        assert go_on.wait(SECONDS)
        return Found(2)

    runner = serve(count)
    task = runner.add(new_task(TYPE, PROJECT))
    assert reported.wait(SECONDS)
    held = task_of(catalog, task)
    assert (held.status, held.progress, held.result) == ("Running", 40, '{"Number":1}')
    go_on.set()
    assert ended(catalog, task).result == '{"Number":2}'


def test_reports_are_written_twice_a_second(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, written = [100.0], []

    class Queue:
        def report(self, _: TaskLease, task: Task, *, seconds: float) -> bool:
            written.append(task.progress)
            return False

    monkeypatch.setattr(running_module, "time", with_others_here(time, monotonic=lambda: clock[0]))
    lease = TaskLease(task=new_task(TYPE, PROJECT), owner="first", fence=1)
    running = Running(Queue(), lease, 60)  # type: ignore[arg-type]
    for progress in range(1, 101):
        clock[0] += 0.0625
        running.report(progress=progress)
    assert written == list(range(8, 101, 8))


def test_lines_of_the_work_carry_the_id_of_the_call(catalog: Catalog, serve: Serve) -> None:
    seen: list[dict[str, object]] = []

    def work(_: Running) -> Found:
        seen.append(dict(get_contextvars()))
        return Found(1)

    runner = serve(work)
    for add in (runner.add, runner.add_here):
        with bound_contextvars(request_id="the-call"):
            ended(catalog, add(new_task(TYPE, PROJECT)))
    assert seen == [{"request_id": "the-call"}] * 2


def test_no_more_than_the_slots_are_worked_on_at_once(catalog: Catalog, serve: Serve) -> None:
    at_work, most, lock, both = [0], [0], threading.Lock(), threading.Event()

    def work(running: Running) -> Found:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
            if at_work[0] == 2:
                both.set()
        assert both.wait(SECONDS)
        running.rest(0.02)
        with lock:
            at_work[0] -= 1
        return Found(1)

    runner = serve(work, slots=2)
    tasks = [runner.add(new_task(TYPE, PROJECT)) for _ in range(8)]
    assert {ended(catalog, task).status for task in tasks} == {"Succeeded"}
    assert most[0] == 2


class Blocked:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.go_on, self.projects = threading.Event(), list[str]()

    def __call__(self, running: Running) -> Found:
        self.projects.append(running.task.project_name)
        assert self.go_on.wait(SECONDS)
        return Found(1)


def test_a_quarter_of_the_slots_is_for_other_projects(catalog: Catalog, serve: Serve) -> None:
    work = Blocked()
    runner = serve(work, slots=4)
    tasks = [runner.add(new_task(TYPE, PROJECT)) for _ in range(9)]
    wait(lambda: len(work.projects) == 3)
    runner.add(new_task(TYPE, "another"))
    wait(lambda: len(work.projects) == 4)
    assert work.projects == [PROJECT] * 3 + ["another"]
    work.go_on.set()
    assert {ended(catalog, task).status for task in tasks} == {"Succeeded"}


def test_what_only_this_server_can_do_is_bounded_and_takes_no_slot(catalog: Catalog, serve: Serve) -> None:
    work = Blocked()
    runner = serve(work, slots=2)
    tasks = [runner.add_here(new_task(TYPE, PROJECT), subject=subject) for subject in ("1", "2")]
    for subject in ("", "3"):
        with pytest.raises(TooManyTasks) as refused:
            runner.add_here(new_task(TYPE, PROJECT), subject=subject)
        assert refused.value.project_name == PROJECT
    assert runner.add_here(new_task(TYPE, PROJECT), subject="2").id == tasks[1].id, "that one is under way"
    assert len(catalog.tasks.list(PROJECT).tasks) == 2
    tasks.append(runner.add(new_task(TYPE, PROJECT)))
    wait(lambda: len(work.projects) == 3)
    for number in range(6):
        runner.add_here(new_task(TYPE, f"another {number // 2}"))
    with pytest.raises(TooManyTasks) as refused:
        runner.add_here(new_task(TYPE, "yet another"))
    assert refused.value.project_name == ""
    work.go_on.set()
    assert {ended(catalog, task).status for task in tasks} == {"Succeeded"}
    wait(lambda: not runner._running)
    runner.add_here(new_task(TYPE, PROJECT))


def test_one_task_of_a_subject_at_a_time(catalog: Catalog, serve: Serve) -> None:
    go_on = threading.Event()
    runner = serve(lambda _: Found(int(go_on.wait(SECONDS))))
    first = runner.add(new_task(TYPE, PROJECT), subject="7")
    for add in (runner.add, runner.add_here):
        assert add(new_task(TYPE, PROJECT), subject="7").id == first.id
    other = runner.add(new_task(TYPE, PROJECT), subject="8")
    assert other.id != first.id
    assert len(catalog.tasks.list(PROJECT).tasks) == 2
    go_on.set()
    ended(catalog, first)
    assert runner.add(new_task(TYPE, PROJECT), subject="7").id != first.id


def test_a_server_that_stops_gives_its_tasks_back_and_takes_no_more(catalog: Catalog, serve: Serve) -> None:
    began = threading.Semaphore(0)

    def work(running: Running) -> Found:
        began.release()
        return until_told(running)

    first = serve(work)
    tasks = [first.add(new_task(TYPE, PROJECT)) for _ in range(3)]
    for _ in tasks:
        assert began.acquire(timeout=SECONDS)
    first.close(SECONDS)
    assert {task_of(catalog, task).status for task in tasks} == {"Running"}
    for add in (first.add, first.add_here):
        with pytest.raises(Interrupted):
            add(new_task(TYPE, PROJECT))
    attempts: list[int] = []
    serve(lambda running: attempts.append(running.lease.attempts) or Found(1), owner="second")  # type: ignore[func-returns-value]
    assert {ended(catalog, task).status for task in tasks} == {"Succeeded"}
    assert attempts == [1, 1, 1]


@pytest.mark.parametrize("taken", [False, True])
def test_a_task_is_cancelled_before_and_while_it_is_worked_on(
    catalog: Catalog, serve: Serve, *, taken: bool
) -> None:
    began = threading.Event()

    def work(running: Running) -> Found:
        began.set()
        return until_told(running)

    runner = serve(work, slots=1)
    running = runner.add(new_task(TYPE, PROJECT))
    assert began.wait(SECONDS)
    waiting = runner.add(new_task(TYPE, PROJECT))
    chosen, other = (running, waiting) if taken else (waiting, running)
    runner.cancel(PROJECT, TYPE, chosen.id)
    told = ended(catalog, chosen)
    assert (told.status, told.code, told.result) == ("Failed", "Cancelled", "")
    assert runner.cancel(PROJECT, TYPE, chosen.id) == told
    assert task_of(catalog, other).status == "Running"


@pytest.fixture
def renewed_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that a busy machine does not let end."""
    monkeypatch.setattr(runner_module, "_RENEWALS", 240)


@pytest.mark.usefixtures("renewed_often")
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_task_goes_with_its_project(catalog: Catalog, serve: Serve, *, cancelled: bool) -> None:
    began = threading.Event()

    def work(running: Running) -> Found:
        began.set()
        return until_told(running)

    catalog.projects.create(Project(name=PROJECT))
    first = serve(work, lease=3_600 if cancelled else 60)
    task = first.add(new_task(TYPE, PROJECT))
    assert began.wait(SECONDS)
    with capture_logs() as lines:
        catalog.projects.delete(PROJECT)
        if cancelled:
            first._running[task.id].cancel()
        wait(lambda: not first._running)
    assert [line["event"] for line in lines] == [LOST]
    assert catalog.tasks.list(PROJECT).tasks == []


@pytest.mark.usefixtures("renewed_often")
def test_a_task_of_another_server_is_cancelled_at_its_next_report_or_renewal(
    catalog: Catalog, serve: Serve
) -> None:
    began = threading.Event()

    def work(running: Running) -> Found:
        began.set()
        return until_told(running)

    first = serve(work, lease=60)
    task = first.add(new_task(TYPE, PROJECT))
    assert began.wait(SECONDS)
    second = Runner(catalog, "second")
    assert second.cancel(PROJECT, TYPE, task.id).status == "Running"
    assert ended(catalog, task).code == "Cancelled"


def test_leases_are_renewed_while_the_work_says_nothing(
    catalog: Catalog, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the end of the first one, and so often that a busy machine comes to it in time."""
    monkeypatch.setattr(runner_module, "_RENEWALS", 30)
    go_on, runs = threading.Event(), []
    first = serve(lambda _: runs.append("first") or Found(int(go_on.wait(SECONDS))), lease=6)
    task = first.add(new_task(TYPE, PROJECT))
    wait(lambda: runs)
    until = time.monotonic() + 6.5
    while time.monotonic() < until:
        assert catalog.task_queue.take("second", [TYPE], seconds=6) is None
        time.sleep(0.05)
    go_on.set()
    assert ended(catalog, task).status == "Succeeded"
    assert runs == ["first"]


def test_who_has_lost_a_task_changes_nothing_any_more(
    catalog: Catalog, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that was paused for longer than its lease, and comes back."""
    monkeypatch.setattr(running_module, "_REPORT_SECONDS", 0.0)
    began, go_on, outcome = threading.Event(), threading.Event(), []

    def work(running: Running) -> Found:
        began.set()
        assert go_on.wait(SECONDS)
        try:
            running.report(progress=50)
        except Interrupted:
            outcome.append("interrupted")
            raise
        return Found(1)

    first = serve(work, slots=1)  # it has no room to take the task again itself
    task = first.add(new_task(TYPE, PROJECT))
    assert began.wait(SECONDS)
    catalog.task_queue.end_leases_of_gone("second")
    lease = catalog.task_queue.take("second", [TYPE], seconds=60)
    assert lease is not None
    assert (lease.task.id, lease.attempts) == (task.id, 2)
    with capture_logs() as lines:
        go_on.set()
        wait(lambda: outcome)
        wait(lambda: not first._running)
    assert [line["event"] for line in lines] == [LOST]
    assert task_of(catalog, task).progress == 0
    catalog.task_queue.end(lease, msgspec.structs.replace(task, status="Succeeded"))
    assert task_of(catalog, task).status == "Succeeded"


def test_a_task_is_not_taken_twice_when_the_machine_has_slept(
    catalog: Catalog, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of day has gone on meanwhile, by which leases end; what measures pauses has not."""
    slept, sleeps = [0], list[int]()
    for module in (queue_module, runner_module):
        replace_here(monkeypatch, module, "now_ns", lambda: time.time_ns() + slept[0])
    began, go_on, runs = threading.Event(), threading.Event(), []

    def work(running: Running) -> Found:
        runs.append(running.lease.attempts)
        began.set()
        assert go_on.wait(SECONDS)
        return Found(len(runs))

    runner = serve(work, lease=3_600)
    care = runner._care

    def care_after_sleep() -> None:
        while sleeps:
            slept[0] += sleeps.pop()
        care()

    monkeypatch.setattr(runner, "_care", care_after_sleep)
    task = runner.add(new_task(TYPE, PROJECT))
    assert began.wait(SECONDS)
    for _ in range(3):
        sleeps.append(2 * 3_600 * 10**9)
        other = runner.add(new_task(TYPE, PROJECT))  # has the queue looked at
        wait(lambda other=other: other.id in runner._running and not sleeps)
    go_on.set()
    assert ended(catalog, task).result == '{"Number":4}'
    assert runs == [1] * 4
    wait(lambda: not runner._running)


@pytest.mark.parametrize("lease", [False, True])
def test_a_task_does_not_wait_for_a_clock_that_was_set_back(
    catalog: Catalog, serve: Serve, monkeypatch: pytest.MonkeyPatch, *, lease: bool
) -> None:
    task = new_task(TYPE, PROJECT)
    with monkeypatch.context() as ahead:
        replace_here(ahead, queue_module, "now_ns", lambda: time.time_ns() + 86_400 * 10**9)
        catalog.task_queue.add(task)
        if lease:
            assert catalog.task_queue.take("another", [TYPE], seconds=60) is not None
            monkeypatch.setattr(catalog.task_queue, "end_leases_of_gone", lambda _: None)
    assert catalog.task_queue.take("first", [TYPE], seconds=60) is None
    serve(lambda _: Found(1), lease=1)
    assert ended(catalog, task).status == "Succeeded"


def test_a_task_that_servers_do_not_survive_is_given_up(catalog: Catalog, serve: Serve) -> None:
    task = new_task(TYPE, PROJECT)
    catalog.task_queue.add(task)
    for _ in range(5):
        assert catalog.task_queue.take("dead", [TYPE], seconds=0) is not None
    runs: list[int] = []
    serve(lambda _: runs.append(1) or Found(1))
    told = ended(catalog, task)
    assert (told.code, runs) == ("InternalError", [])
    assert "5 servers" in told.message


def test_an_end_that_cannot_be_stored_is_logged(
    catalog: Catalog, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise CatalogError("disk full")

    monkeypatch.setattr(catalog.task_queue, "end", fail)
    with capture_logs() as lines:
        runner = serve(lambda _: Found(1))
        runner.add(new_task(TYPE, PROJECT))
        wait(lambda: lines and not runner._running)
    assert {line["event"] for line in lines} == {"the end of a task could not be stored"}
