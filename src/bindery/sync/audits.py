"""Audits as tasks: each in a thread of its own, visible through GetTask and ListTasks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreError
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, CatalogError, Task
from bindery.extract.pool import Interrupted
from bindery.sync.audit import Audit, Report
from bindery.sync.background import SERVER_STOPPED, failed, new_task, succeeded

TASK_TYPE = "BindingAudit"
STOPPED_MESSAGE = "the server stopped meanwhile; start the audit again"
_PROGRESS_SECONDS = 1.0
_FULL_INBOX_SECONDS = 0.1
_log = structlog.get_logger()

LookAgain = Callable[[Binding, Sequence[str]], bool]
"""Has keys of a binding looked at again; False when too many wait already."""


class AuditRunning(Exception):
    """An audit of the binding that does something else is under way; ``args[0]`` is its task."""


class _Running(msgspec.Struct):
    task: Task
    repair: bool
    thread: threading.Thread | None = None


class Audits:
    """At most one audit of a binding at a time. Safe for threads."""

    def __init__(self, catalog: Catalog, buckets: Buckets, look_again: LookAgain) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._look_again = look_again
        self._running: dict[int, _Running] = {}
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def start(self, binding: Binding, *, repair: bool) -> Task:
        """The task of a new audit, or of the one that is under way. Raises AuditRunning, Interrupted."""
        with self._lock:
            if self._stop.is_set():
                raise Interrupted
            held = self._running.get(binding.id)
            if held is not None:
                if held.repair != repair:
                    raise AuditRunning(held.task.id)
                return held.task
            task = new_task(TASK_TYPE, binding.project_name, binding.dataset_name)
            self._catalog.put_task(task)
            name = f"audit-{binding.id}"
            thread = threading.Thread(
                target=self._run, args=(binding, task, repair), name=name, daemon=True
            )
            self._running[binding.id] = _Running(task, repair, thread)
            thread.start()
        return task

    def close(self, seconds: float) -> None:
        """End all audits; their tasks fail."""
        deadline = time.monotonic() + seconds
        with self._lock:
            self._stop.set()
            threads = [held.thread for held in self._running.values() if held.thread is not None]
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, binding: Binding, task: Task, repair: bool) -> None:
        ended = self._outcome(binding, task, repair=repair)
        with self._lock:  # a call that finds the audit over begins a new one
            del self._running[binding.id]
            try:
                self._catalog.put_task(ended)
            except Exception:
                _log.exception("the end of an audit could not be stored", task=task.id)

    def _outcome(self, binding: Binding, task: Task, *, repair: bool) -> Task:
        try:
            report = self._audit(binding, task, repair=repair)
        except Interrupted:
            return failed(task, SERVER_STOPPED, STOPPED_MESSAGE)
        except (StoreError, CatalogError) as error:
            return failed(task, type(error).__name__, f"nothing is proven: {error}")
        except Exception as error:
            _log.exception("an audit failed", task=task.id)
            message = f"{type(error).__name__}: {error}; see the server's log"
            return failed(task, "InternalError", message)
        return succeeded(task, report)

    def _audit(self, binding: Binding, task: Task, *, repair: bool) -> Report:
        store = self._buckets.open(binding.bucket)
        store.check()
        audit = Audit(
            binding,
            store,
            self._catalog,
            check_stop=self._check_stop,
            on_progress=_Reporter(self._catalog, task),
        )
        return audit.run((lambda keys: self._look_at(binding, keys)) if repair else None)

    def _look_at(self, binding: Binding, keys: Sequence[str]) -> None:
        while not self._look_again(binding, keys):
            self._stop.wait(_FULL_INBOX_SECONDS)
            self._check_stop()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Interrupted


class _Reporter:
    """Stores the progress of a task now and then. The last tenth is left to what follows the listing."""

    def __init__(self, catalog: Catalog, task: Task) -> None:
        self._catalog, self._task = catalog, task
        self._next = time.monotonic() + _PROGRESS_SECONDS

    def __call__(self, share: float) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PROGRESS_SECONDS
            progress = min(90, int(90 * share))
            self._catalog.put_task(msgspec.structs.replace(self._task, progress=progress))
