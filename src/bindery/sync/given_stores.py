"""Stores that a call names for one task alone: their addresses may hold secrets, and are written down nowhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bindery.buckets.registry import Buckets, open_store
from bindery.buckets.store import Store, StoreAddress
from bindery.catalog.records import Task
from bindery.tasks.kind import CannotGoOn


class GivenStores:
    """Known to this server while their tasks are under way. Safe for threads."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._addresses: dict[str, StoreAddress] = {}
        self._lock = threading.Lock()

    @contextmanager
    def given(self, task: Task, address: StoreAddress | None) -> Iterator[None]:
        """While the task is put into the queue; unless that fails, ``forget`` is to be called in the end."""
        if address is None:
            yield
            return
        with self._lock:
            self._addresses[task.id] = address
        try:
            yield
        except BaseException:
            self.forget(task)
            raise

    def address(self, task: Task) -> StoreAddress | None:
        """Where its store is, when it was named by a call to this server."""
        with self._lock:
            return self._addresses.get(task.id)

    @contextmanager
    def opened(self, task: Task, bucket: str, *, given: bool) -> Iterator[Store]:
        """The store that the task was given, closed at the end, or the server's own. Raises StoreError, CannotGoOn
        when it was given to a server that has ended."""
        if not given:
            yield self._buckets.open(bucket)
            return
        address = self.address(task)
        if address is None:
            raise CannotGoOn
        store = open_store(address)
        try:
            yield store
        finally:
            store.close()

    def forget(self, task: Task) -> None:
        """Nothing more is done for the task. No error when it was given no store."""
        with self._lock:
            self._addresses.pop(task.id, None)
