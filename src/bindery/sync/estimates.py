"""Estimates as tasks: each in a thread of its own, visible through GetTask and ListTasks."""

from __future__ import annotations

import threading
import time

import msgspec
import structlog

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreError
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogError, Scope, Task
from bindery.extract.pool import Interrupted
from bindery.sync.background import SERVER_STOPPED, failed, new_task, succeeded
from bindery.sync.estimate import Estimate, estimate

TASK_TYPE = "BindingEstimate"
STOPPED_MESSAGE = "the server stopped; ask for the estimate again"
_PROGRESS_SECONDS = 0.5
_log = structlog.get_logger()


class Estimates:
    """Safe for threads. A task that runs shows what was counted so far as its result."""

    def __init__(self, catalog: Catalog, buckets: Buckets, workers: int) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._workers = workers
        self._stop = threading.Event()

    def start(self, project_name: str, bucket: str, scope: Scope) -> Task:
        """The task of a new estimate."""
        task = new_task(TASK_TYPE, project_name)
        self._catalog.put_task(task)
        threading.Thread(
            target=self._run, args=(task, bucket, scope), name=f"estimate-{bucket}", daemon=True
        ).start()
        return task

    def close(self) -> None:
        """End all estimates at their next page."""
        self._stop.set()

    def _run(self, task: Task, bucket: str, scope: Scope) -> None:
        try:
            ended = self._outcome(task, bucket, scope)
            if not self._stop.is_set():
                self._catalog.put_task(ended)
        except Exception:
            if not self._stop.is_set():
                _log.exception("the end of an estimate could not be stored", task=task.id)

    def _outcome(self, task: Task, bucket: str, scope: Scope) -> Task:
        try:
            store = self._buckets.open(bucket)
            found = estimate(store, scope, workers=self._workers, on_page=_Reporter(self, task))
        except (StoreError, CatalogError) as error:
            return failed(task, type(error).__name__, str(error))
        except Interrupted:
            return failed(task, SERVER_STOPPED, STOPPED_MESSAGE)
        return succeeded(task, found)

    def report(self, task: Task, found: Estimate) -> None:
        """Store what was counted so far. Raises Interrupted when the server ends."""
        if self._stop.is_set():
            raise Interrupted
        self._catalog.put_task(msgspec.structs.replace(task, result=msgspec.json.encode(found).decode()))


class _Reporter:
    """Reports now and then."""

    def __init__(self, estimates: Estimates, task: Task) -> None:
        self._estimates, self._task = estimates, task
        self._next = time.monotonic() + _PROGRESS_SECONDS

    def __call__(self, found: Estimate) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PROGRESS_SECONDS
            self._estimates.report(self._task, found)
