"""The pool with real worker processes, and files that end them, hold them or fill their memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image
from tests.own_threads import replace_here
from tests.servers.ray import MEMORY_BYTES, ON_RAY, LentWorkers

from bindery.buckets.folder import FolderStore
from bindery.buckets.registry import parse_store
from bindery.buckets.store import ObjectInfo, StoreAddress
from bindery.config import ExtractionConfig
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pool import ExtractionPool
from bindery.stopping import Interrupted
from bindery.workers.source import WorkerSource

ADDRESS = StoreAddress(bucket="b", url="file:///nowhere")
SECONDS = 8.0
"""Of a file as small as these a tenth, and four times that by the clock: a busy machine comes to it in time."""


def request(key: str, address: StoreAddress = ADDRESS) -> ExtractionRequest:
    return ExtractionRequest(
        address=address, object=ObjectInfo(key, 1, "etag", 0), operators=frozenset(Operator)
    )


def requests(*keys: str) -> list[ExtractionRequest]:
    return [request(key) for key in keys]


def titles(outcomes: list[Extraction]) -> list[str | None]:
    return [outcome.file.title for outcome in outcomes]


def failures(outcomes: list[Extraction]) -> list[str | None]:
    return [outcome.failure and outcome.failure.partition(":")[0] for outcome in outcomes]


Open = Callable[..., ExtractionPool]


@pytest.fixture(params=["local", pytest.param("ray", marks=ON_RAY)])
def elsewhere(request: pytest.FixtureRequest) -> WorkerSource | None:
    """Where the workers of pools are: on this machine, or on a cluster."""
    return None if request.param == "local" else LentWorkers(request.getfixturevalue("ray_workers"))


@pytest.fixture
def open_pool(elsewhere: WorkerSource | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens pools that run the poison extractor, and closes them."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    opened: list[ExtractionPool] = []

    def open_one(workers: int = 1, preload: Sequence[str] = ("poison",), **limits: float) -> ExtractionPool:
        settings = {"seconds": 20.0, "memory_bytes": MEMORY_BYTES} | limits
        made = ExtractionLimits(**settings)  # type: ignore[arg-type]
        opened.append(ExtractionPool(workers, made, "poison:poison_job", preload, elsewhere))
        return opened[-1]

    yield open_one
    for pool in opened:
        pool.close()


def test_outcomes_come_in_the_order_of_the_requests(open_pool: Open) -> None:
    keys = [f"file {number}" for number in range(100)]
    pool = open_pool(2)
    assert titles(pool.submit(requests(*keys)).result()) == [f"read {key}" for key in keys]


def test_no_files_are_no_outcomes(open_pool: Open) -> None:
    assert open_pool().submit([]).result() == []


def test_several_callers_share_the_workers(open_pool: Open) -> None:
    pool = open_pool(2)
    pending = {name: pool.submit(requests(*[f"{name} {at}" for at in range(10)])) for name in "abc"}
    for name, one in pending.items():
        assert titles(one.result()) == [f"read {name} {at}" for at in range(10)]


@pytest.mark.parametrize(
    ("poison", "code", "text"),
    [
        ("abort", "WorkerDied", "exit code -6"),
        ("exit 3", "WorkerDied", "exit code 3"),
        ("exit 0", "WorkerDied", "exit code 0"),
        ("allocate", "MemoryLimit", "268435456 bytes"),
        ("raise", "InternalError", "breaks its promise"),
    ],
)
def test_a_poisonous_file_fails_alone(open_pool: Open, poison: str, code: str, text: str) -> None:
    outcomes = open_pool().submit(requests("a", "b", poison, "c", poison, "d")).result()
    assert failures(outcomes) == [None, None, code, None, code, None]
    assert text in (outcomes[2].failure or "")
    assert titles(outcomes)[::5] == ["read a", "read d"]


@pytest.mark.parametrize("stuck", ["loop", "native"])
def test_a_stuck_file_fails_alone_with_the_time_limit(open_pool: Open, stuck: str) -> None:
    outcomes = open_pool(seconds=SECONDS).submit(requests("a", stuck, "b")).result()
    assert failures(outcomes) == [None, "TimeLimit", None]
    assert outcomes[1].failure == f"TimeLimit: it took longer than {SECONDS / 10:g} s"
    assert not outcomes[1].retryable


def test_the_time_limit_is_for_each_file_not_for_a_batch(open_pool: Open) -> None:
    slow = [f"sleep {SECONDS / 10} {number}" for number in range(5)]
    outcomes = open_pool(seconds=SECONDS).submit(requests(*slow)).result()
    assert failures(outcomes) == [None] * 5


def test_a_failed_file_still_has_what_the_listing_tells(open_pool: Open) -> None:
    (outcome,) = open_pool().submit(requests("abort")).result()
    assert outcome.file.filename == "abort"
    assert outcome.file.size == 1
    assert outcome.file.file_modified_time == "1970-01-01T08:00:00+08:00"
    assert outcome.extractor_version > 0


def test_a_lost_file_has_the_type_that_was_known_when_its_worker_ended(open_pool: Open) -> None:
    names = (
        "known abort",
        "known loop",
        "known allocate",
        "known exit 0",
        "exit 3",
        "known raise",
        "known x",
    )
    outcomes = open_pool(seconds=SECONDS).submit(requests(*names)).result()
    types = [(outcome.file.content_type, outcome.file.media_type) for outcome in outcomes]
    known, unknown = ("image/png", "image"), ("application/octet-stream", "other")
    assert types[:5] == [known] * 4 + [unknown]
    assert types[5:] == [unknown, (None, None)]  # it came back, with nothing or with all it had


def test_a_worker_killed_from_outside_is_not_blamed_on_its_file(open_pool: Open, tmp_path: Path) -> None:
    outcomes = open_pool().submit(requests("a", f"once {tmp_path / 'marker'}", "b")).result()
    assert failures(outcomes) == [None, None, None]


def test_an_outcome_that_cannot_be_encoded_fails_alone(open_pool: Open) -> None:
    outcomes = open_pool().submit(requests("a", "surrogate", "b")).result()
    assert failures(outcomes) == [None, "ParseFailed", None]


def test_endless_recursion_does_not_end_the_worker(open_pool: Open) -> None:
    pool = open_pool()
    first, _, last = titles(pool.submit(requests("pid", "recurse", "pid")).result())
    assert first == last


def test_workers_are_other_processes_and_are_kept(open_pool: Open) -> None:
    pool = open_pool()
    first, second = (titles(pool.submit(requests("pid")).result()) for _ in range(2))
    assert first == second != [str(os.getpid())]


def test_workers_are_replaced_after_their_share_of_files(open_pool: Open) -> None:
    pool = open_pool(files_per_worker=3)
    pids = [titles(pool.submit(requests("pid")).result())[0] for _ in range(7)]
    assert pids[0] == pids[2] != pids[3] == pids[5] != pids[6]


def test_a_worker_killed_while_idle_is_replaced(open_pool: Open) -> None:
    pool = open_pool()
    for _ in range(3):
        (pid,) = titles(pool.submit(requests("pid")).result())
        os.kill(int(pid or 0), signal.SIGKILL)
    assert failures(pool.submit(requests("a", "b")).result()) == [None, None]


def test_the_pool_survives_the_death_of_the_fork_server(open_pool: Open) -> None:
    pool = open_pool()
    (worker,) = titles(pool.submit(requests("pid")).result())
    os.kill(_parent_of(int(worker or 0)), signal.SIGKILL)
    assert failures(pool.submit(requests("a", "b")).result()) == [None, None]


def test_workers_that_are_killed_again_and_again_lose_no_file(open_pool: Open) -> None:
    """Ten kills at random moments: every file has an outcome, and the pool goes on."""
    pool = open_pool(2)
    over = threading.Event()

    def kill_now_and_then() -> None:
        for _ in range(10):
            for pid in pool.extracting.pids()[1:2]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            over.wait(0.15)

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    outcomes = []
    for _ in range(10):
        outcomes += pool.submit(requests(*[f"sleep 0.002 {at}" for at in range(40)])).result()
    over.set()
    killer.join()
    assert len(outcomes) == 400
    assert {outcome.failure and outcome.failure.partition(":")[0] for outcome in outcomes} <= {
        None,
        "WorkerDied",
    }
    assert failures(pool.submit(requests("a")).result()) == [None]


def test_a_new_worker_has_the_extractors_and_the_gazetteer_in_memory(open_pool: Open) -> None:
    pool = open_pool(preload=["bindery.extract.preload"])
    (loaded,) = titles(pool.submit(requests("loaded")).result())
    assert loaded == "True"


@pytest.mark.parametrize("elsewhere", ["local"], indirect=True)
def test_no_worker_can_be_started(open_pool: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passing shortage of processes is no fault of the files: they are tried again later."""

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    replace_here(monkeypatch, subprocess, "Popen", refuse)
    pool = open_pool()
    (outcome,) = pool.submit(requests("a")).result()
    assert outcome.retryable
    assert outcome.failure == ("WorkersUnavailable: no worker process could be started: no more processes")
    assert pool.trouble == "no worker process could be started: no more processes"
    monkeypatch.undo()
    _until(lambda: failures(pool.submit(requests("a")).result()) == [None])
    assert pool.trouble == ""


def test_a_caller_that_stops_is_interrupted_and_the_pool_goes_on(open_pool: Open, tmp_path: Path) -> None:
    pool, held = open_pool(), tmp_path / "go on"
    stop = threading.Event()
    pending = pool.submit(requests(f"until {held}", *["a"] * 100))
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Interrupted):
        pending.result(stop)
    held.touch()
    assert failures(pool.submit(requests("b")).result()) == [None]


def test_close_interrupts_callers_and_ends_the_workers(open_pool: Open) -> None:
    pool = open_pool(2)
    pending = [pool.submit(requests("loop")) for _ in range(4)]
    errors: list[BaseException] = []

    def wait(at: int) -> None:
        try:
            pending[at].result()
        except Interrupted as error:
            errors.append(error)

    waiting = [threading.Thread(target=wait, args=(at,)) for at in range(4)]
    for thread in waiting:
        thread.start()
    _until(lambda: len(pool.extracting.pids()) == 3)
    processes = pool.extracting.pids()[1:]
    pool.close()
    for thread in waiting:
        thread.join(60)
    assert len(errors) == 4
    _until(lambda: not any(_runs(pid) for pid in processes))  # the kernel tells a moment later


def test_close_twice_and_before_the_first_file(open_pool: Open) -> None:
    pool = open_pool()
    pool.close()
    pool.close()
    with pytest.raises(Interrupted):
        pool.submit(requests("a"))


@pytest.mark.skipif(sys.platform != "linux", reason="signals at a parent's end are Linux's")
@pytest.mark.parametrize("busy_with", ["loop", "native", "pid"])
def test_a_killed_server_leaves_no_process_behind(busy_with: str) -> None:
    """SIGKILL gives the server no chance to clean up; busy, stuck and idle workers must end by themselves."""
    program = f"""
        import sys, time
        sys.path[:0] = [{str(Path(__file__).parent)!r}]
        from bindery.buckets.store import ObjectInfo, StoreAddress
        from bindery.extract.extraction import ExtractionRequest, Operator
        from bindery.extract.limits import ExtractionLimits
        from bindery.extract.pool import ExtractionPool
        address = StoreAddress(bucket="b", url="file:///nowhere")
        def request(key):
            return ExtractionRequest(address=address, object=ObjectInfo(key, 1, "e", 0), operators=frozenset())
        pool = ExtractionPool(1, ExtractionLimits(), "poison:poison_job", ["poison"])
        (first,) = pool.submit([request("pid")]).result()
        pool.submit([request({busy_with!r})])
        time.sleep(0.3)
        print(first.file.title, flush=True)
        time.sleep(60)
    """
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    with server.stdout:
        worker = int(server.stdout.readline())
    fork_server = _parent_of(worker)
    assert _runs(worker) and _runs(fork_server)
    server.kill()
    server.wait()
    _until(lambda: not _runs(worker) and not _runs(fork_server))


def test_the_first_outcomes_of_many_callers_may_come_at_once() -> None:
    """In processes of their own: what msgspec prepares once per process must be prepared before the threads."""
    program = """
        import sys, threading
        import msgspec
        from bindery.extract.extraction import Extraction
        from bindery.extract.job import decode_extraction
        from bindery.file import File
        sys.setswitchinterval(1e-5)
        encoded = msgspec.msgpack.encode(Extraction(file=File(title="x")))
        start = threading.Barrier(8)
        def decode():
            start.wait()
            decode_extraction(encoded)
        threads = [threading.Thread(target=decode) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    """
    for _ in range(5):
        subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)


def test_real_files_through_real_workers(tmp_path: Path) -> None:
    """The default extractor, a folder, and files of every fate."""
    Image.new("RGB", (64, 48)).save(tmp_path / "picture.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "empty.png").touch()
    address = parse_store("photos", str(tmp_path))
    listed = [info for page in FolderStore(address).list() for info in page]
    gone = ObjectInfo("gone.jpg", 10, "etag", 0)
    pool = ExtractionPool(2, ExtractionLimits())
    try:
        outcomes = pool.submit(
            [
                ExtractionRequest(address=address, object=info, operators=frozenset(Operator))
                for info in [*listed, gone]
            ]
        ).result()
    finally:
        pool.close()
    found = {
        outcome.file.filename: failure
        for outcome, failure in zip(outcomes, failures(outcomes), strict=True)
    }
    assert found == {
        "broken.jpg": "ParseFailed",
        "empty.png": "ParseFailed",
        "gone.jpg": "ObjectNotFound",
        "picture.jpg": None,
    }
    assert (outcomes[2].file.image_width, outcomes[2].file.image_height) == (64, 48)


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
        time.sleep(0.02)


def test_the_limits_of_a_configuration_hold_in_workers(open_pool: Open, tmp_path: Path) -> None:
    """A configuration's section has more in it than limits, such as the number of workers."""
    (tmp_path / "words.txt").write_text("some words")
    address = parse_store("words", str(tmp_path))
    (info,) = next(iter(FolderStore(address).list()))
    pool = ExtractionPool(1, ExtractionConfig(workers=1))
    try:
        (outcome,) = pool.submit(
            [ExtractionRequest(address=address, object=info, operators=frozenset(Operator))]
        ).result()
    finally:
        pool.close()
    assert (outcome.failure, outcome.text) == (None, "some words")
