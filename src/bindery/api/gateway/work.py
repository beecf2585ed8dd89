"""Threads for the work of calls, shared fairly.

Each kind of work has a pool of its own, so that none can fill the threads of another. Within a pool callers
take turns, and within a caller his projects: whoever sends a thousand calls at once waits for himself alone.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context, copy_context
from functools import partial
from typing import Any, NamedTuple, TypeVar

from bindery.api import errors
from bindery.api.context import Calling, current_call
from bindery.niceness import be_nice

_Result = TypeVar("_Result")


class Turn(NamedTuple):
    """Whose turn a job takes: a caller (access key, or address of a stranger) and one of his projects."""

    caller: str
    project: str = ""


class _Job:
    """A function to call in a thread, and who asked for it."""

    def __init__(self, turn: Turn, call: Callable[[], Any]) -> None:
        self.turn, self.call = turn, call
        self.future: Future[Any] = Future()
        self.stop = threading.Event()
        self.context: Context = copy_context()
        self.context.run(current_call.set, Calling(turn.caller, self.stop))

    def run(self) -> Callable[[], None]:
        """Call the function; returns what tells its outcome to those who wait."""
        if not self.future.set_running_or_notify_cancel():
            return lambda: None
        try:
            result = self.context.run(self.call)
        except BaseException as error:
            return partial(self.future.set_exception, error)
        return partial(self.future.set_result, result)


class _Waiting:
    """Jobs that wait: a round of callers, in each a round of projects, in each a queue."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, OrderedDict[str, deque[_Job]]] = OrderedDict()
        self._counts: dict[str, int] = {}
        self.count = 0

    def of(self, caller: str) -> int:
        return self._counts.get(caller, 0)

    def add(self, job: _Job) -> None:
        projects = self._callers.setdefault(job.turn.caller, OrderedDict())
        projects.setdefault(job.turn.project, deque()).append(job)
        self._counts[job.turn.caller] = self.of(job.turn.caller) + 1
        self.count += 1

    def take(self, may_run: Callable[[str], bool]) -> _Job | None:
        """The next job of the first caller in the round who may run one; he goes to the round's end."""
        caller = next((caller for caller in self._callers if may_run(caller)), None)
        if caller is None:
            return None
        projects = self._callers[caller]
        project, queue = next(iter(projects.items()))
        job = queue.popleft()
        projects.move_to_end(project)
        if not queue:
            del projects[project]
        self._callers.move_to_end(caller)
        self._forget(caller, 1)
        return job

    def drain(self) -> list[_Job]:
        jobs = [job for projects in self._callers.values() for queue in projects.values() for job in queue]
        self._callers.clear()
        self._counts.clear()
        self.count = 0
        return jobs

    def remove(self, job: _Job) -> None:
        """A job that nobody waits for frees its place; one that runs already has none."""
        projects = self._callers.get(job.turn.caller, OrderedDict())
        queue = projects.get(job.turn.project, deque())
        if job not in queue:
            return
        queue.remove(job)
        if not queue:
            del projects[job.turn.project]
        self._forget(job.turn.caller, 1)

    def _forget(self, caller: str, count: int) -> None:
        self.count -= count
        self._counts[caller] -= count
        if not self._counts[caller]:
            del self._counts[caller], self._callers[caller]


class WorkPool:
    """A few threads and a bounded number of jobs that wait for them. Safe for threads."""

    def __init__(self, name: str, *, threads: int, waiting: int, nice: int = 0) -> None:
        """``waiting`` bounds the jobs without a thread; one caller may have half of them, and of the threads all
        but one, so that a second caller never waits for the first one's slow work. ``nice``: steps of priority below
        the other threads of the server."""
        self.name = name
        self._nice = nice
        self._most_threads, self._most_waiting = threads, waiting
        self._most_of_caller = max(1, threads - 1)
        self._waiting = _Waiting()
        self._running: dict[_Job, None] = {}
        self._running_of: dict[str, int] = {}
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Jobs without a thread."""
        return self._waiting.count

    @property
    def running(self) -> int:
        """Jobs under way."""
        return len(self._running)

    async def run(self, turn: Turn, call: Callable[[], _Result]) -> _Result:
        """What ``call`` returns or raises. Raises ApiError when too much waits already.

        When the task that waits here is cancelled, a job without a thread is dropped and one under way is told
        by ``Context.stop``.
        """
        job = _Job(turn, call)
        self._add(job)
        try:
            result: _Result = await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._abandon(job)
            raise
        return result

    def close(self, seconds: float) -> None:
        """Refuse what waits and what comes, tell what runs to stop, and wait for it up to ``seconds``."""
        with self._changed:
            self._closed = True
            waiting = self._waiting.drain()
            for job in self._running:
                job.stop.set()
            self._changed.notify_all()
        for job in waiting:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(errors.shutting_down())
        until = time.monotonic() + seconds
        for thread in list(self._threads):
            thread.join(max(0.0, until - time.monotonic()))

    def _add(self, job: _Job) -> None:
        with self._changed:
            if self._closed:
                raise errors.shutting_down()
            if self._waiting.count >= self._most_waiting:
                raise errors.busy(f"Too many calls wait already ({self.name}); send it again.")
            if self._waiting.of(job.turn.caller) >= max(1, self._most_waiting // 2):
                raise errors.throttled("too many of your calls wait already")
            self._waiting.add(job)
            if self._waiting.count > self._idle and len(self._threads) < self._most_threads:
                thread = threading.Thread(target=self._work, name=f"{self.name}-{len(self._threads)}")
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def _abandon(self, job: _Job) -> None:
        with self._changed:
            self._waiting.remove(job)
        job.stop.set()

    def _work(self) -> None:
        be_nice(self._nice)
        while (job := self._next()) is not None:
            tell = job.run()
            with self._changed:
                del self._running[job]
                self._count(job.turn.caller, -1)
                self._changed.notify()  # a caller who had all the threads he may have has one again
            tell()

    def _next(self) -> _Job | None:
        with self._changed:
            while True:
                job = None if self._closed else self._waiting.take(self._may_run)
                if job is not None:
                    self._running[job] = None
                    self._count(job.turn.caller, 1)
                    return job
                if self._closed:
                    return None
                self._idle += 1
                self._changed.wait()
                self._idle -= 1

    def _may_run(self, caller: str) -> bool:
        return self._running_of.get(caller, 0) < self._most_of_caller

    def _count(self, caller: str, change: int) -> None:
        count = self._running_of.get(caller, 0) + change
        if count:
            self._running_of[caller] = count
        else:
            self._running_of.pop(caller, None)
