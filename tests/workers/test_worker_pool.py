"""The pool with real worker processes."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.own_threads import replace_here
from tests.servers.ray import MEMORY_BYTES, ON_RAY, LentWorkers

from bindery.stopping import Interrupted
from bindery.workers.job import Answer, Cause, Job, Lost, Urgency
from bindery.workers.pool import WorkerLimits, WorkerPool
from bindery.workers.ray_cluster.remote import RemoteWorker
from bindery.workers.source import WorkerSource
from bindery.workers.submission import Submission
from bindery.workers.worker import Worker

CALL, CHANGE, SCAN = Urgency
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def job(name: str, body: object = b"", **limits: float) -> Job:
    encoded = body if isinstance(body, bytes) else str(body).encode()
    return Job(f"some_jobs:{name}", encoded, **limits)  # type: ignore[arg-type]


def answers(submission: Submission) -> list[Answer]:
    found: dict[int, Answer] = {}
    while not submission.done:
        found |= {one.position: one.answer for one in submission.take(most_bytes=1)}
    return [found[position] for position in sorted(found)]


Open = Callable[..., WorkerPool]


@pytest.fixture(params=["local", pytest.param("ray", marks=ON_RAY)])
def elsewhere(request: pytest.FixtureRequest) -> WorkerSource | None:
    """Where the workers of pools are: on this machine, or on a cluster."""
    return None if request.param == "local" else LentWorkers(request.getfixturevalue("ray_workers"))


@pytest.fixture
def open_pool(elsewhere: WorkerSource | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    opened: list[WorkerPool] = []

    def open_one(workers: int = 1, memory: int = MEMORY_BYTES, jobs: int = 1_000) -> WorkerPool:
        limits = WorkerLimits(memory_bytes=memory, jobs_per_worker=jobs)
        opened.append(WorkerPool(workers, limits, ["some_jobs"], elsewhere))
        return opened[-1]

    yield open_one
    for pool in opened:
        pool.close()


def run(pool: WorkerPool, *jobs: Job, urgency: Urgency = CALL, owner: str = "me") -> list[Answer]:
    return answers(pool.submit(jobs, urgency=urgency, owner=owner))


def begun(order: Path) -> list[str]:
    return [path.name.partition(" ")[2] for path in sorted(order.iterdir())]


def cause(answer: Answer) -> Cause | None:
    return answer.cause if isinstance(answer, Lost) else None


def test_a_function_by_name_from_bytes_to_bytes(open_pool: Open) -> None:
    assert run(open_pool(), job("echo", b"\x00\xff"), job("echo", b"")) == [b"\x00\xff", b""]


@pytest.mark.parametrize("name", ["some_jobs:unknown", "no_such_module:echo", "some_jobs"])
def test_a_function_that_does_not_exist_is_the_jobs_own_trouble(open_pool: Open, name: str) -> None:
    lost, fine = run(open_pool(), Job(name, b""), job("echo", b"x"))
    assert cause(lost) is Cause.RAISED
    assert fine == b"x"


def test_an_answer_that_is_too_long_is_not_sent(open_pool: Open) -> None:
    pool = open_pool()
    lost, fine = run(pool, job("long_answer", 2_000, answer_bytes=1_000), job("long_answer", 1_000))
    assert cause(lost) is Cause.ANSWER
    assert len(fine) == 1_000  # type: ignore[arg-type]


def test_answers_are_there_before_the_slowest_job_is_done(open_pool: Open, tmp_path: Path) -> None:
    """Ten quick jobs and one that is held: the ten can be taken meanwhile, whatever their order."""
    held = tmp_path / "go on"
    pool = open_pool()
    jobs = [job("echo", number) for number in range(5)]
    jobs += [job("wait_for_file", str(held)), *jobs]
    submission = pool.submit(jobs, urgency=SCAN, owner="me")
    taken: list[int] = []
    end = time.monotonic() + 120
    while len(taken) < 5 and time.monotonic() < end:
        taken += [one.position for one in submission.take(seconds=0.05)]
    assert taken == [0, 1, 2, 3, 4]
    held.touch()
    assert len(answers(submission)) == 6


def test_a_call_does_not_wait_for_the_job_in_hand_of_a_scan(open_pool: Open, tmp_path: Path) -> None:
    """It is done by one more worker while the job is held."""
    held, order = tmp_path / "go on", tmp_path / "order"
    order.mkdir()
    pool = open_pool()
    scan = pool.submit([job("note_and_wait", f"{held}|{order}|scan")] * 2, urgency=SCAN, owner="bucket")
    _until(lambda: begun(order) == ["scan"])
    answers(pool.submit([job("note", f"{order}|call")], urgency=CALL, owner="caller"))
    assert begun(order) == ["scan", "call"]
    held.touch()
    answers(scan)


def test_a_scan_makes_way_after_the_job_in_hand(
    open_pool: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one caller holds the additional worker, another one waits for the job of the scan, not for its batch."""
    _wait_for_cuts_on_nodes(monkeypatch)
    held, busy, order = tmp_path / "go on", tmp_path / "call ends", tmp_path / "order"
    order.mkdir()
    pool = open_pool()
    scan = [job("note_and_wait", f"{held}|{order}|in hand")]
    scan += [job("note", f"{order}|scan {at}") for at in range(30)]
    submission = pool.submit(scan, urgency=SCAN, owner="bucket")
    _until(lambda: begun(order) == ["in hand"])
    first = pool.submit([job("note_and_wait", f"{busy}|{order}|first")], urgency=CALL, owner="first")
    _until(lambda: begun(order) == ["in hand", "first"])
    second = pool.submit([job("note", f"{order}|second")], urgency=CALL, owner="second")
    held.touch()
    answers(second)
    busy.touch()
    answers(first)
    answers(submission)
    assert begun(order)[:3] == ["in hand", "first", "second"]


def _wait_for_cuts_on_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The word to make way takes a while to a node, and jobs of no length go on meanwhile."""

    def cut(worker: RemoteWorker) -> None:
        worker._node.ask("cut", worker._number).result(120)

    replace_here(monkeypatch, RemoteWorker, "cut", cut)


def test_many_callers_do_not_wait_for_a_large_scan(open_pool: Open, tmp_path: Path) -> None:
    held, order = tmp_path / "go on", tmp_path / "order"
    order.mkdir()
    pool = open_pool(2)
    scan = pool.submit(
        [job("note_when", f"{held}|{order}|scan {at}") for at in range(3_000)], urgency=SCAN, owner="scan"
    )
    _until(lambda: len(pool.pids()) == 3)
    calls = [pool.submit([job("note", f"{order}|call")], urgency=CALL, owner=f"{at}") for at in range(16)]
    held.touch()
    for call in calls:
        answers(call)
    answers(scan)
    lines = begun(order)
    last = len(lines) - lines[::-1].index("call")
    assert last < 3_000


def test_waiting_for_others_is_not_the_jobs_own_time(open_pool: Open) -> None:
    own = {"seconds": 2.0, "outside_seconds": 120.0}  # 8 s by the clock, which a busy machine has to spare
    assert run(open_pool(), job("wait_outside", 10.0, **own)) == [b"10.0"]


def test_waiting_for_others_has_a_limit_of_its_own(open_pool: Open) -> None:
    (lost,) = run(open_pool(), job("wait_outside", 1_000, outside_seconds=0.3))
    assert cause(lost) is Cause.OUTSIDE


def test_processor_time_is_limited(open_pool: Open) -> None:
    lost, fine = run(open_pool(), job("spin", seconds=0.3), job("echo", b"x"))
    assert cause(lost) is Cause.TIME
    assert fine == b"x"


def test_a_step_may_have_a_limit_below_that_of_its_job(open_pool: Open) -> None:
    step, after, fine = run(
        open_pool(),
        job("spin_in_a_step", 0.2, seconds=20.0),
        job("spin_after_a_step", 0.3, seconds=0.6),
        job("two_short_steps", b"x", seconds=5.0),
    )
    assert isinstance(step, Lost)
    assert step.reason == "it took longer than 0.2 s"
    assert isinstance(after, Lost)
    assert after.reason == "it took longer than 0.6 s"
    assert fine == b"x"


def test_while_workers_wait_for_others_other_owners_are_served(open_pool: Open) -> None:
    pool = open_pool(1)
    slow = pool.submit(
        [job("wait_outside", 600, outside_seconds=600.0) for _ in range(5)],
        urgency=SCAN,
        owner="slow store",
    )
    _until(lambda: len(pool.pids()) > 1)
    assert run(pool, job("echo", b"x"), urgency=SCAN, owner="other") == [b"x"]
    assert slow.take(seconds=0) == []
    slow.cancel()


def test_the_pool_tells_what_waits(open_pool: Open, tmp_path: Path) -> None:
    held = tmp_path / "go on"
    pool = open_pool()
    submission = pool.submit([job("wait_for_file", str(held))] * 4, urgency=SCAN, owner="me")
    _until(lambda: pool.waiting()[SCAN] < 4)
    assert pool.waiting()[CALL] == pool.waiting()[CHANGE] == 0
    held.touch()
    answers(submission)
    assert pool.waiting()[SCAN] == 0


@LINUX
def test_workers_and_the_fork_server_have_no_secret_in_their_environment(
    open_pool: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = """
        BINDERY_ACCESS_KEY_ID BINDERY_ACCESS_KEY_SECRET AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
        OSS_ACCESS_KEY_SECRET ALIBABA_CLOUD_ACCESS_KEY_SECRET ALIBABA_CLOUD_SECURITY_TOKEN AZURE_CLIENT_SECRET
        MY_OWN_PASSWORD GITHUB_TOKEN
    """
    secrets = dict.fromkeys(names.split(), "canary-7d1f")
    urls = {"HTTPS_PROXY": "http://me:canary-7d1f@proxy", "AWS_ENDPOINT_URL": "http://a:canary-7d1f@store"}
    for name, value in (secrets | urls).items():
        monkeypatch.setenv(name, value)
    pool = open_pool(2)
    told = run(pool, *[job("environment")] * 20)
    assert all(isinstance(text, bytes) and b"canary" not in text and b"PATH=" in text for text in told)
    workers = pool.pids()[1:]
    assert workers
    fork_server = _parent_of(workers[0])
    for pid in (fork_server, *workers):
        assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()
    os.kill(fork_server, 9)  # the one that takes its place has no more
    _until(lambda: not _runs(fork_server))
    (text,) = run(pool, job("environment"))
    assert b"canary" not in text  # type: ignore[operator]
    assert b"canary" not in Path(f"/proc/{_parent_of(pool.pids()[1])}/environ").read_bytes()


@LINUX
def test_workers_may_write_no_file_and_gain_no_right(open_pool: Open) -> None:
    (told,) = run(open_pool(), job("limits"))
    assert isinstance(told, bytes)
    lines = {line.split(b"  ")[0]: line.split() for line in told.splitlines()}
    assert lines[b"Max file size"][3] == b"0"
    assert lines[b"Max core file size"][4] == b"0"
    assert b"NoNewPrivs:\t1" in told


def test_workers_that_cannot_be_started_are_told_at_once_and_heal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An interpreter that cannot load what it needs, as after an upgrade below a running server."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.syspath_prepend(str(tmp_path))
    limits = WorkerLimits(memory_bytes=256 * 1024 * 1024, jobs_per_worker=100)
    with capture_logs() as lines:
        pool = WorkerPool(1, limits, ["library_of_the_machine"])
        try:
            lost = run(pool, *[job("echo")] * 200)
            assert {cause(one) for one in lost} == {Cause.NO_WORKER}
            assert "No module named 'library_of_the_machine'" in pool.trouble
            (tmp_path / "library_of_the_machine.py").touch()
            _until(lambda: run(pool, job("echo", b"x")) == [b"x"])
            assert pool.trouble == ""
        finally:
            pool.close()
    events = [line["event"] for line in lines if line["log_level"] in ("error", "info")]
    assert events == [
        "no worker process can be started; what they are to do waits", "worker processes can be started again",
    ]  # fmt: skip


def test_a_pool_that_closes_does_not_wait_for_workers_that_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "slow_to_load.py").write_text("import time; time.sleep(600)")
    monkeypatch.syspath_prepend(str(tmp_path))
    limits = WorkerLimits(memory_bytes=256 * 1024 * 1024, jobs_per_worker=100)
    pool = WorkerPool(1, limits, ["slow_to_load"])
    submission = pool.submit([job("echo")], urgency=CALL, owner="me")
    _until(lambda: bool(pool.pids()))
    closing = threading.Thread(target=pool.close)
    closing.start()
    closing.join(120)
    assert not closing.is_alive()
    with pytest.raises(Interrupted):
        submission.take()


def test_a_closed_pool_interrupts_and_refuses(open_pool: Open) -> None:
    pool = open_pool()
    submission = pool.submit([job("spin")], urgency=SCAN, owner="me")
    threading.Timer(0.3, pool.close).start()
    with pytest.raises(Interrupted):
        submission.take()
    with pytest.raises(Interrupted):
        pool.submit([job("echo")], urgency=CALL, owner="me")


def test_what_nobody_takes_is_bounded(open_pool: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of 80 MB, nobody takes them: the server holds a bounded part, and all come when they are taken."""
    monkeypatch.setattr("bindery.workers.turns.UNTAKEN_BYTES", 1_000_000)
    monkeypatch.setattr("bindery.workers.pool._TURN_BYTES", 500_000)
    pool = open_pool()
    submission = pool.submit([job("long_answer", 100_000)] * 800, urgency=SCAN, owner="me")
    waiting = _settled(lambda: pool.waiting()[SCAN])
    assert waiting > 600
    assert sum(len(answer) for answer in answers(submission)) == 80_000_000  # type: ignore[arg-type]


def _settled(count: Callable[[], int]) -> int:
    """The count once it has stayed the same for a while."""
    end = time.monotonic() + 30
    last, since = -1, time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < 1.5:
        if (now := count()) != last:
            last, since = now, time.monotonic()
        time.sleep(0.02)
    return last


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@pytest.mark.parametrize("elsewhere", ["local"], indirect=True)
def test_answers_of_a_scan_are_taken_some_at_a_time(
    open_pool: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs of two milliseconds: to wake for each would be 100 times. How long they take here is found out, and no
    moment is too long for it."""
    monkeypatch.setattr("bindery.workers.worker._MOMENT_SECONDS", 60.0)
    taken: list[int] = []
    receive = Worker.receive

    def count(worker: Worker) -> tuple[list[Answer], bool]:
        found, ended = receive(worker)
        taken.append(len(found))
        return found, ended

    replace_here(monkeypatch, Worker, "receive", count)
    pool = open_pool()
    jobs = [job("sleep", 0.002) for _ in range(100)]
    assert run(pool, *jobs, urgency=SCAN) == [b"0.002"] * 100
    assert sum(taken) == 100
    assert max(taken) > 1


@pytest.mark.parametrize("size", [0, 70_000, 3_000_000])
def test_answers_of_any_length_arrive_whole(open_pool: Open, size: int) -> None:
    """Longer than a read, and than what the kernel holds for the server."""
    jobs = [job("long_answer", size), job("echo", b"between"), job("long_answer", size)]
    assert run(open_pool(), *jobs, urgency=SCAN) == [bytes(size), b"between", bytes(size)]


@LINUX
def test_a_worker_that_speaks_nonsense_is_gone(open_pool: Open) -> None:
    """A job that writes into the connection itself, as one could that has taken its worker over."""
    lost, *fine = run(
        open_pool(), job("speak_nonsense"), *[job("echo", at) for at in range(3)], urgency=SCAN
    )
    assert cause(lost) is Cause.DIED
    assert fine == [b"0", b"1", b"2"]


@LINUX
@pytest.mark.parametrize("elsewhere", ["local"], indirect=True)
def test_workers_leave_the_processors_to_the_server(open_pool: Open) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert run(open_pool(), job("priority")) == [str(min(own + 10, 19)).encode()]
