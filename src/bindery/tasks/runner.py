"""Takes tasks from the queue, gives each a thread of its own, and holds their leases meanwhile."""

from __future__ import annotations

import threading
import time
from contextvars import Context, copy_context

import msgspec
import structlog

from bindery.buckets.store import ObjectChanged, StoreError, StoreUnavailable
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import (
    CatalogError,
    CatalogUnusable,
    CatalogUnwritable,
    NotFound,
    Task,
    TaskLease,
    TaskLost,
)
from bindery.clock import now_ns
from bindery.secrecy import told
from bindery.stopping import Interrupted
from bindery.tasks.kind import CannotGoOn, Kind, TooManyTasks
from bindery.tasks.outcomes import SERVER_STOPPED, cancelled, failed, failed_by, succeeded
from bindery.tasks.running import Running
from bindery.tasks.settings import LONGEST_LEASE, TaskSettings

_MOST_ATTEMPTS = 5
"""So often may servers end while they work on a task; then it is to blame."""
_RENEWALS = 4
"""Of a lease, before it would end."""
_AWAY_SECONDS = 5.0
"""Before another try of what the record has ended, which was away or full."""
_LEEWAY_SECONDS = 10.0
"""By which a task may be put off further before the clock is to blame."""
_POLL_SECONDS = 1.0
"""How long a task of another server waits at most before this one looks."""
_SHARE_FOR_OTHERS = 4
"""One slot of so many is kept for projects that have no task under way."""
_PROJECTS_HERE = 4
"""So many projects may have as many tasks as there are slots that are done at once."""
_MOST_CONTEXTS = 1_000
_TIDY_SECONDS = 60.0
_TIDIED_AT_ONCE = 200
_PASSING = (StoreUnavailable, ObjectChanged)
"""What may go well at another try."""
_log = structlog.get_logger()


class Runner:
    """The tasks of one server. Safe for threads.

    Lines of the log carry the id of the call that began the work, when that came to this server.
    """

    def __init__(self, catalog: Catalog, owner: str, settings: TaskSettings | None = None) -> None:
        """``owner``: the server, as its leases name it; no other server, and no later start, has the same."""
        self.owner = owner
        self._queue, self._catalog = catalog.task_queue, catalog
        self._settings = settings or TaskSettings()
        self._kinds: dict[str, Kind] = {}
        self._running: dict[str, Running] = {}
        self._threads: set[threading.Thread] = set()
        self._contexts: dict[str, Context] = {}
        """Of the calls that have put tasks into the queue here."""
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        """Something was put into the queue, or has ended."""
        self._looks = 0
        self._stopping = self._is_adopted = False
        self._renewed = self._tidied = time.monotonic()
        self._renewed_at = now_ns()
        self._keeper = threading.Thread(target=self._keep, name="tasks", daemon=True)

    def know(self, kind: Kind) -> None:
        """Tasks of this type can be done here. Before ``start``."""
        self._kinds[kind.type] = kind

    def start(self) -> None:
        """Take up what is due, and go on with it. The first task that is added does it as well."""
        with self._lock:
            if not self._keeper.ident and not self._stopping:
                self._keeper.start()

    def add(self, task: Task, *, subject: str = "") -> Task:
        """Let any server do a task; the one that has the subject already, when there is one. Raises Interrupted."""
        self._check_open()
        with self._lock:
            self._contexts[task.id] = copy_context()
            if len(self._contexts) > _MOST_CONTEXTS:  # other servers have taken those
                del self._contexts[next(iter(self._contexts))]
        try:
            added, is_new = self._queue.add(task, subject=subject, weight=self._kinds[task.type].weight)
        except BaseException:
            self._forget_context(task)
            raise
        if not is_new:
            self._forget_context(task)
        self.start()
        self._wake()
        return added

    def add_here(self, task: Task, *, subject: str = "") -> Task:
        """The same for what this server alone can do, at once. Raises TooManyTasks, for what is not under way."""
        self._check_open()
        try:
            self._check_room_here(task.project_name)
        except TooManyTasks:
            held = self._queue.of_subject(task.type, subject)
            if held is None:
                raise
            return held
        weight, seconds = self._kinds[task.type].weight, self._settings.lease
        lease = self._queue.add_taken(
            task, owner=self.owner, seconds=seconds, subject=subject, weight=weight
        )
        if isinstance(lease, Task):
            return lease
        self._begin(lease, copy_context(), here=True)
        self.start()
        return task

    def cancel(self, project_name: str, task_type: str, task_id: str) -> Task:
        """Have a task end, wherever it is; as it is now. Raises NotFound."""
        held = self._catalog.tasks.get(project_name, task_type, task_id)
        task = self._queue.cancel(project_name, task_type, task_id, cancelled(held))
        with self._lock:
            running = self._running.get(task_id)
        if running is not None:
            running.cancel()
        return task

    def wait_for(self, task: Task, seconds: float) -> Task:
        """The task once it has ended, or as it is after so long."""
        deadline = time.monotonic() + seconds
        while True:
            held = self._catalog.tasks.get(task.project_name, task.type, task.id)
            left = deadline - time.monotonic()
            if held.status != "Running" or left <= 0:
                return held
            with self._changed:
                self._changed.wait(min(left, _POLL_SECONDS / 10))

    def signal_stop(self) -> None:
        """Let all work end at its next safe point; its leases are given back."""
        with self._changed:
            self._stopping = True
            for running in self._running.values():
                running.stop()
            self._changed.notify_all()

    def close(self, seconds: float) -> None:
        """End all work, and wait for it."""
        deadline = time.monotonic() + seconds
        self.signal_stop()
        if self._keeper.ident:
            self._keeper.join(seconds)
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _check_open(self) -> None:
        if self._stopping:
            raise Interrupted

    def _check_room_here(self, project_name: str) -> None:
        """What is done at once takes no slot, so that it keeps nobody waiting, and is bounded for itself."""
        most = self._settings.slots
        with self._lock:
            here = [running.task.project_name for running in self._running.values() if running.here]
        if here.count(project_name) >= most:
            raise TooManyTasks(most, project_name)
        if len(here) >= most * _PROJECTS_HERE:
            raise TooManyTasks(len(here))

    def _forget_context(self, task: Task) -> None:
        with self._lock:
            self._contexts.pop(task.id, None)

    def _wake(self) -> None:
        with self._changed:
            self._looks += 1
            self._changed.notify_all()

    # the thread that takes tasks and holds their leases

    def _keep(self) -> None:
        while not self._stopping:
            looks = self._looks
            try:
                self._care()
                if self._has_room() and self._is_due() and self._take():
                    continue
            except CatalogUnusable:  # it says so itself, and comes back or ends
                pass
            except Exception:
                if not self._stopping:
                    _log.exception("tasks could not be taken")
            with self._changed:
                if looks == self._looks and not self._stopping:
                    self._changed.wait(min(_POLL_SECONDS, self._settings.lease / _RENEWALS))

    def _care(self) -> None:
        """What is to be done now and then, between tasks."""
        if not self._is_adopted:
            self._queue.end_leases_of_gone(self.owner)
            self._queue.adopt(list(self._kinds))
            self._is_adopted = True
        now = time.monotonic()
        if self._is_time_to_renew(now):
            self._renewed, self._renewed_at = now, now_ns()
            self._renew()
            self._queue.recall(pause=self._longest_pause(), lease=LONGEST_LEASE + _LEEWAY_SECONDS)
        if now >= self._tidied + _TIDY_SECONDS and not self._queue.tidy(limit=_TIDIED_AT_ONCE):
            self._tidied = now

    def _is_time_to_renew(self, now: float) -> bool:
        """By the time of day as well, by which leases end: it goes on while the machine sleeps, and can be set."""
        each = self._settings.lease / _RENEWALS
        since = (now_ns() - self._renewed_at) / 1e9
        return now >= self._renewed + each or not 0 <= since < each

    def _longest_pause(self) -> float:
        """Before a task is tried again, and some time besides."""
        pauses = (pause for kind in self._kinds.values() for pause in kind.pauses)
        return max(_AWAY_SECONDS, *pauses, 0.0) + _LEEWAY_SECONDS

    def _has_room(self) -> bool:
        with self._lock:
            return self._used() < self._settings.slots

    def _used(self) -> int:
        """Slots. With the lock."""
        return sum(running.lease.weight for running in self._running.values() if not running.here)

    def _crowding(self) -> list[str]:
        """Projects that get no further slot, for those that are left are kept for others."""
        kept = self._settings.slots // _SHARE_FOR_OTHERS
        with self._lock:
            if not kept or self._used() < self._settings.slots - kept:
                return []
            return sorted(
                {running.task.project_name for running in self._running.values() if not running.here}
            )

    def _is_due(self) -> bool:
        """Asked before anything is written, for most of the time nothing is."""
        due = self._queue.next_due(list(self._kinds))
        return due is not None and due <= 0

    def _take(self) -> bool:
        lease = self._queue.take(
            self.owner, list(self._kinds), seconds=self._settings.lease, without=self._crowding()
        )
        if lease is None:
            return False
        with self._lock:
            context = self._contexts.pop(lease.task.id, None)
        self._begin(lease, context or Context())
        return True

    def _renew(self) -> None:
        with self._lock:
            held = dict(self._running)
        if not held:
            return
        found = self._queue.renew(
            [running.lease for running in held.values()], seconds=self._settings.lease
        )
        with self._lock:
            for task_id, running in held.items():
                if task_id not in found:
                    # one that has just ended has no lease either
                    if self._running.get(task_id) is running:
                        running.lose()
                elif found[task_id]:
                    running.cancel()

    # the threads of tasks

    def _begin(self, lease: TaskLease, context: Context, *, here: bool = False) -> None:
        running = Running(self._queue, lease, self._settings.lease, here=here)
        thread = threading.Thread(
            target=context.run, args=(self._run, running), name=lease.task.id, daemon=True
        )
        with self._lock:
            if self._stopping:
                running.stop()
            self._running[lease.task.id] = running
            self._threads.add(thread)
        thread.start()

    def _run(self, running: Running) -> None:
        try:
            self._settle(running)
        except (TaskLost, NotFound):
            event = "a task was taken by another server meanwhile, or went with its project"
            _log.warning(event, task=running.task.id)
        except CatalogUnusable as error:  # its lease ends, and it is taken again
            if not self._stopping:
                _log.warning(
                    "the end of a task could not be stored", task=running.task.id, problem=str(error)
                )
        except Exception:
            _log.exception("the end of a task could not be stored", task=running.task.id)
        finally:
            self._kinds[running.task.type].leave(running.task)
            with self._changed:
                if self._running.get(running.task.id) is running:  # it may have been taken again meanwhile
                    del self._running[running.task.id]
                self._threads.discard(threading.current_thread())
                self._looks += 1
                self._changed.notify_all()

    def _settle(self, running: Running) -> None:
        """Work, and store what comes of it."""
        task, lease, kind = running.task, running.lease, self._kinds[running.task.type]
        if lease.attempts > _MOST_ATTEMPTS and not lease.cancelled:
            ended = failed(
                task, "InternalError", f"{_MOST_ATTEMPTS} servers ended while they worked on it."
            )
            self._queue.end(lease, ended)
            return
        try:
            running.check_stop()
            self._queue.end(lease, succeeded(task, kind.work(running)))
        except Interrupted:
            self._interrupted(running)
        except TaskLost:
            raise
        except CannotGoOn:
            self._queue.end(lease, failed(self._now(task), SERVER_STOPPED, kind.advice))
        except Exception as error:
            self._failed(running, kind, error)

    def _interrupted(self, running: Running) -> None:
        if running.lost:
            raise TaskLost(running.task.id)
        if running.cancelled:
            self._queue.end(running.lease, cancelled(self._now(running.task)))
        else:
            self._queue.give_back(running.lease)

    def _failed(self, running: Running, kind: Kind, error: Exception) -> None:
        lease, task = running.lease, running.task
        expected = isinstance(error, StoreError | CatalogError)
        if expected and (self._stopping or running.cancelled or running.lost):
            self._interrupted(running)  # what it worked with was closed under it
        elif isinstance(error, CatalogUnwritable) and not running.here and lease.attempts < _MOST_ATTEMPTS:
            self._queue.postpone(lease, seconds=_AWAY_SECONDS)
        elif isinstance(error, _PASSING) and lease.attempts <= len(kind.pauses):
            self._queue.postpone(lease, seconds=kind.pauses[lease.attempts - 1])
        elif isinstance(error, StoreError | CatalogError):
            self._queue.end(lease, failed_by(self._now(task), error))
        else:
            _log.exception("a task failed", task=task.id, exc_info=error)
            message = f"{told(error)}; see the server's log"
            self._queue.end(lease, failed(self._now(task), "InternalError", message))

    def _now(self, task: Task) -> Task:
        """With how far it came."""
        held = self._catalog.tasks.get(task.project_name, task.type, task.id)
        return msgspec.structs.replace(task, progress=held.progress, result=held.result)
