"""Work behind calls: each in a thread of its own, with a task that tells how it goes and how it ended."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from contextvars import copy_context

import msgspec
import structlog

from bindery.buckets.store import StoreError
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogError, CatalogUnusable, Task
from bindery.clock import now_ns
from bindery.secrecy import told, without_secrets
from bindery.stopping import Interrupted, Stoppable

SERVER_STOPPED = "ServerStopped"
"""Code of a task that the end of the server has ended."""

STOPPED_MESSAGES = {
    "BindingAudit": "the server stopped meanwhile; start the audit again",
    "BindingEstimate": "the server stopped; ask for the estimate again",
    "IndexRebuild": "the server stopped meanwhile and the index is as before; ask for the rebuild again",
    "LedgerRetry": "the server stopped meanwhile; what was chosen until then is extracted again, repeat the call "
    "for the rest",
}
"""What is to be done about such a task, by its type."""
RESUMED = frozenset({"LedgerRetry"})
"""Types of tasks that the next start takes up, where it can."""

_REPORT_SECONDS = 0.5
_log = structlog.get_logger()


def new_task(kind: str, project_name: str, dataset_name: str = "") -> Task:
    """A task that begins now; ``kind`` is one of STOPPED_MESSAGES."""
    return Task(
        id=f"{kind}-{uuid.uuid4()}",
        project_name=project_name,
        dataset_name=dataset_name,
        type=kind,
        start_time=now_ns(),
    )


def succeeded(task: Task, result: msgspec.Struct) -> Task:
    """The task at its end, with its result as JSON."""
    encoded = msgspec.json.encode(result).decode()
    return msgspec.structs.replace(
        task, status="Succeeded", progress=100, end_time=now_ns(), result=encoded
    )


def failed(task: Task, code: str, message: str) -> Task:
    """The task at its end, with the reason."""
    return msgspec.structs.replace(task, status="Failed", code=code, message=message, end_time=now_ns())


def stopped(task: Task) -> Task:
    """The task that the end of the server has ended."""
    return failed(task, SERVER_STOPPED, STOPPED_MESSAGES[task.type])


def fail_left_over(catalog: Catalog) -> None:
    """Tasks that were running when the server died have failed, but for those that are taken up."""
    for task in catalog.tasks.running():
        if task.type in STOPPED_MESSAGES and task.type not in RESUMED:
            catalog.tasks.put(stopped(task))


class Running(Stoppable):
    """Work under way, as the work itself sees it."""

    def __init__(self, catalog: Catalog, task: Task, stop: threading.Event) -> None:
        super().__init__(stop)
        self._catalog, self._task = catalog, task
        self._next = time.monotonic() + _REPORT_SECONDS

    def report(self, *, progress: int = 0, result: msgspec.Struct | None = None) -> None:
        """Let the task tell how far the work is, now and then. Raises Interrupted."""
        self.check_stop()
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _REPORT_SECONDS
            told = "" if result is None else msgspec.json.encode(result).decode()
            self._catalog.tasks.put(msgspec.structs.replace(self._task, progress=progress, result=told))


Work = Callable[[Running], msgspec.Struct]
"""Returns the result of its task. May raise StoreError, CatalogError, Interrupted."""


class Background:
    """Safe for threads. Lines of the log carry the id of the call that began the work."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._threads: set[threading.Thread] = set()
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def start(self, task: Task, work: Work, end: Callable[[Task], None] | None = None) -> None:
        """Store a task and begin its work; ``end`` takes the ended task instead of the catalog.

        Raises Interrupted when the server ends.
        """
        with self._lock:
            if self._stop.is_set():
                raise Interrupted
            self._catalog.tasks.put(task)
            values = (task, work, end or self._catalog.tasks.put)
            thread = threading.Thread(
                target=copy_context().run, args=(self._run, *values), name=task.id, daemon=True
            )
            self._threads.add(thread)
            thread.start()

    def signal_stop(self) -> None:
        """Let all work end at its next safe point; its tasks fail."""
        self._stop.set()

    def close(self, seconds: float) -> None:
        """End all work, and wait for it."""
        deadline = time.monotonic() + seconds
        with self._lock:
            self._stop.set()
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, task: Task, work: Work, end: Callable[[Task], None]) -> None:
        try:
            ended = self._outcome(task, work)
            if ended is not None:
                end(ended)
        except CatalogUnusable as error:  # the next start tells that it was stopped
            if not self._stop.is_set():
                _log.warning("the end of a task could not be stored", task=task.id, problem=str(error))
        except Exception:
            _log.exception("the end of a task could not be stored", task=task.id)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _outcome(self, task: Task, work: Work) -> Task | None:
        """The ended task; None for one that the next start takes up."""
        try:
            return succeeded(task, work(Running(self._catalog, task, self._stop)))
        except Interrupted:
            return None if task.type in RESUMED else stopped(task)
        except (StoreError, CatalogError) as error:
            return failed(task, type(error).__name__, without_secrets(str(error)))
        except Exception as error:
            _log.exception("a task failed", task=task.id)
            message = f"{told(error)}; see the server's log"
            return failed(task, "InternalError", message)
