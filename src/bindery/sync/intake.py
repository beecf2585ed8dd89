"""Takes the keys that events have named into the record: those of all events that wait, in one transaction."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec
import structlog

from bindery.buckets.events import ChangedKey
from bindery.buckets.registry import Buckets
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogUnusable
from bindery.stopping import Interrupted

_MOST_NAMES = 1_000
"""Unknown buckets that are remembered, so that each is logged once."""
_MOST_KEYS = 20_000
"""Keys of one transaction; about as many as are written in a tenth of a second."""
_log = structlog.get_logger()


class Receipt(msgspec.Struct, frozen=True):
    """What became of the keys of an event."""

    taken: int
    """Keys of bound buckets; they are in the record."""
    unbound: int
    """Keys of buckets that are unknown, not bound, or bound below another prefix."""


_Waiting = tuple[Sequence[ChangedKey], "Future[Receipt]"]
_Targets = list[tuple[int, str]]
"""Binding ids, each with the prefix of its keys at the store."""


class Intake:
    """One thread that writes; safe for threads."""

    def __init__(self, catalog: Catalog, buckets: Buckets, notify: Callable[[int], None]) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._notify = notify
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._unknown: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Begin; what came before waits."""
        self._thread.start()

    def accept(self, keys: Sequence[ChangedKey]) -> Future[Receipt]:
        """The receipt comes when the keys are in the record."""
        future: Future[Receipt] = Future()
        with self._changed:
            if self._closed:
                future.set_exception(Interrupted())
            else:
                self._waiting.append((keys, future))
                self._changed.notify()
        return future

    def close(self, seconds: float) -> None:
        """Write what waits, then end; what comes later is refused."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while batch := self._take():
            try:
                receipts = self._write([keys for keys, _ in batch])
            except Exception as error:
                expected = isinstance(error, CatalogUnusable)
                if not (expected and self._closed):
                    _log.warning(
                        "events could not be kept, their senders are told so",
                        events=len(batch),
                        problem=str(error),
                        exc_info=not expected,
                    )
                for _, future in batch:
                    _answer(future, error)
            else:
                for (_, future), receipt in zip(batch, receipts, strict=True):
                    _answer(future, receipt)

    def _take(self) -> list[_Waiting]:
        """What waits, up to a size; empty at the end."""
        batch: list[_Waiting] = []
        size = 0
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            while self._waiting and size < _MOST_KEYS:
                batch.append(self._waiting.popleft())
                size += len(batch[-1][0])
        return batch

    def _write(self, events: list[Sequence[ChangedKey]]) -> list[Receipt]:
        targets: dict[str, _Targets] = {}
        named: dict[int, dict[str, None]] = {}
        receipts = []
        for keys in events:
            taken = 0
            for changed in keys:
                if changed.bucket not in targets:
                    targets[changed.bucket] = self._targets(changed.bucket)
                within = [
                    (binding_id, changed.key[len(root) :])
                    for binding_id, root in targets[changed.bucket]
                    if changed.key.startswith(root) and len(changed.key) > len(root)
                ]
                for binding_id, key in within:
                    named.setdefault(binding_id, {})[key] = None
                taken += bool(within)
            receipts.append(Receipt(taken, len(keys) - taken))
        if named:
            self._catalog.changes.add(named)
            for binding_id in named:
                self._notify(binding_id)
        return receipts

    def _targets(self, name: str) -> _Targets:
        buckets = self._buckets.named_at_store(name)
        if not buckets and name not in self._unknown and len(self._unknown) < _MOST_NAMES:
            self._unknown.add(name)
            _log.warning("events of an unknown bucket are ignored", bucket=name)
        return [
            (binding.id, root)
            for bucket, root in buckets
            for binding in self._catalog.bindings.list(bucket=bucket)
        ]


def _answer(future: Future[Receipt], result: Receipt | Exception) -> None:
    """The asker may have gone away, and with it the future."""
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
