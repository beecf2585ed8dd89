"""Audits as tasks, visible through GetTask and ListTasks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from bindery.buckets.registry import Buckets, open_store
from bindery.buckets.store import StoreAddress
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, Task
from bindery.sync.audit import Audit, Report
from bindery.sync.background import Background, Running, new_task

TASK_TYPE = "BindingAudit"
_FULL_INBOX_SECONDS = 0.1

LookAgain = Callable[[Binding, Sequence[str]], bool]
"""Has keys of a binding looked at again; False when too many wait already."""


_Kind = tuple[bool, StoreAddress | None]
"""Whether it repairs, and the other store that it compares with."""


class AuditRunning(Exception):
    """An audit of the binding that does something else is under way; ``args[0]`` is its task."""


class Audits:
    """At most one audit of a binding at a time. Safe for threads."""

    def __init__(
        self, catalog: Catalog, buckets: Buckets, background: Background, look_again: LookAgain
    ) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._background = background
        self._look_again = look_again
        self._running: dict[int, tuple[Task, _Kind]] = {}
        self._lock = threading.Lock()

    def start(self, binding: Binding, *, repair: bool, address: StoreAddress | None = None) -> Task:
        """The task of a new audit, or of the one that is under way. Raises AuditRunning, Interrupted.

        ``address``: compare with the store there, which is not the binding's own.
        """
        kind = (repair, address)

        def end(task: Task) -> None:
            with self._lock:  # a call that finds the audit over begins a new one
                del self._running[binding.id]
                self._catalog.tasks.put(task)

        with self._lock:
            if binding.id in self._running:
                task, held = self._running[binding.id]
                if held != kind:
                    raise AuditRunning(task.id)
                return task
            task = new_task(TASK_TYPE, binding.project_name, binding.dataset_name)
            self._running[binding.id] = task, kind
            try:
                self._background.start(task, lambda running: self._audit(running, binding, kind), end)
            except BaseException:
                del self._running[binding.id]
                raise
        return task

    def _audit(self, running: Running, binding: Binding, kind: _Kind) -> Report:
        repair, address = kind

        def look_at(keys: Sequence[str]) -> None:
            while not self._look_again(binding, keys):
                running.rest(_FULL_INBOX_SECONDS)

        store = self._buckets.open(binding.bucket) if address is None else open_store(address)
        store.check()
        audit = Audit(
            binding,
            store,
            self._catalog,
            check_stop=running.check_stop,
            # the last tenth is left to what follows the listing
            on_progress=lambda share: running.report(progress=min(90, int(90 * share))),
        )
        return audit.run(look_at if repair else None)
