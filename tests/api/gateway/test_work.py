"""Pools of threads: turns between callers and projects, what is refused, what ends."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bindery.api.context import current_call
from bindery.api.errors import ApiError
from bindery.api.gateway.work import Turn, WorkPool

PATIENT = 60.0


class Gate:
    """Work that goes on until it is let go, and notes what was begun."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun: list[str] = []
        self.changed = threading.Condition()

    def work(self, name: str) -> Callable[[], str]:
        def run() -> str:
            with self.changed:
                self.begun.append(name)
                self.changed.notify_all()
            assert self.open.wait(PATIENT)
            return name

        return run

    async def until(self, *names: str) -> None:
        def wait() -> bool:
            with self.changed:
                return self.changed.wait_for(lambda: set(names) <= set(self.begun), PATIENT)

        assert await asyncio.to_thread(wait), self.begun


@pytest.fixture
def pools() -> Iterator[Callable[..., WorkPool]]:
    made: list[WorkPool] = []

    def make(threads: int = 1, waiting: int = 100, nice: int = 0) -> WorkPool:
        made.append(WorkPool("test", threads=threads, waiting=waiting, nice=nice))
        return made[-1]

    yield make
    for pool in made:
        pool.close(PATIENT)


def begin(pool: WorkPool, turn: Turn, call: Callable[[], Any]) -> asyncio.Task[Any]:
    return asyncio.ensure_future(pool.run(turn, call))


def test_results_and_errors_come_back(pools: Callable[..., WorkPool]) -> None:
    async def run() -> None:
        pool = pools(2)
        assert await pool.run(Turn("a"), lambda: 42) == 42
        with pytest.raises(ZeroDivisionError):
            await pool.run(Turn("a"), lambda: 1 // 0)
        assert await pool.run(Turn("a"), lambda: 43) == 43
        assert (pool.running, pool.waiting) == (0, 0)

    asyncio.run(run())


def test_callers_take_turns_and_so_do_their_projects(pools: Callable[..., WorkPool]) -> None:
    async def run() -> None:
        pool, gate = pools(1), Gate()
        held = begin(pool, Turn("first"), gate.work("held"))
        await gate.until("held")
        tasks = [begin(pool, Turn("greedy", "one"), gate.work(f"one-{number}")) for number in range(20)]
        tasks += [begin(pool, Turn("greedy", "two"), gate.work("two"))]
        tasks += [begin(pool, Turn("modest"), gate.work(f"modest-{number}")) for number in range(2)]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(held, *tasks)
        order = gate.begun[1:]
        assert order[:4] == ["one-0", "modest-0", "two", "modest-1"], order
        assert order[4:] == [f"one-{number}" for number in range(1, 20)], "each caller's own in their order"

    asyncio.run(run())


def test_one_caller_leaves_a_thread_to_others(pools: Callable[..., WorkPool]) -> None:
    async def run() -> None:
        pool, gate = pools(3), Gate()
        slow = [begin(pool, Turn("greedy"), gate.work(f"slow-{number}")) for number in range(10)]
        await gate.until("slow-0", "slow-1")
        assert await asyncio.wait_for(pool.run(Turn("modest"), lambda: "quick"), PATIENT) == "quick"
        assert pool.running == 2
        gate.open.set()
        await asyncio.gather(*slow)

    asyncio.run(run())


def test_too_much_is_refused(pools: Callable[..., WorkPool]) -> None:
    async def run() -> None:
        pool, gate = pools(1, waiting=4), Gate()
        tasks = [begin(pool, Turn("a"), gate.work("held"))]
        await gate.until("held")
        tasks += [begin(pool, Turn("a"), gate.work(f"a{number}")) for number in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ApiError) as throttled:
            await pool.run(Turn("a", "another project"), lambda: None)
        assert (throttled.value.status, throttled.value.code) == (429, "Throttling.User")
        tasks += [begin(pool, Turn(name), gate.work(name)) for name in "bc"]
        await asyncio.sleep(0)
        with pytest.raises(ApiError) as full:
            await pool.run(Turn("d"), lambda: None)
        assert (full.value.status, full.value.code) == (503, "ServiceUnavailable")
        assert full.value.retry_after
        gate.open.set()
        await asyncio.gather(*tasks)
        assert await pool.run(Turn("d"), lambda: "again") == "again"

    asyncio.run(run())


def test_who_goes_away_frees_his_place_and_ends_his_work(pools: Callable[..., WorkPool]) -> None:
    stopped = threading.Event()

    def until_stopped() -> None:
        assert current_call.get().stop.wait(PATIENT)
        stopped.set()

    async def run() -> None:
        pool = pools(1)
        began = asyncio.Event()
        loop = asyncio.get_running_loop()
        running = begin(pool, Turn("a"), lambda: (loop.call_soon_threadsafe(began.set), until_stopped()))
        await began.wait()
        waiting = begin(pool, Turn("b"), lambda: pytest.fail("nobody waited for it"))
        await asyncio.sleep(0)
        for task in (waiting, running):
            task.cancel()
        await asyncio.wait([waiting, running])
        assert await asyncio.to_thread(stopped.wait, PATIENT)
        assert await pool.run(Turn("c"), lambda: "next") == "next"
        assert pool.waiting == 0

    asyncio.run(run())


def test_the_end(pools: Callable[..., WorkPool]) -> None:
    async def run() -> None:
        pool = pools(1)
        seen: list[bool] = []
        began = threading.Event()

        def work() -> str:
            began.set()
            seen.append(current_call.get().stop.wait(PATIENT))
            return "done"

        running = begin(pool, Turn("a"), work)
        assert await asyncio.to_thread(began.wait, PATIENT)
        waiting = begin(pool, Turn("b"), lambda: None)
        await asyncio.sleep(0)
        await asyncio.to_thread(pool.close, PATIENT)
        assert (await running, seen) == ("done", [True])
        for refused in (waiting, begin(pool, Turn("c"), lambda: None)):
            with pytest.raises(ApiError, match="shutting down"):
                await refused

    asyncio.run(run())


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own there")
def test_threads_of_a_pool_may_leave_the_processors_to_others(pools: Callable[..., WorkPool]) -> None:
    """To all others: the process keeps its own priority."""

    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    async def run() -> None:
        own = priority()
        assert await pools(nice=3).run(Turn("a"), priority) == min(own + 3, 19)
        assert await pools().run(Turn("a"), priority) == own
        assert priority() == own

    asyncio.run(run())
