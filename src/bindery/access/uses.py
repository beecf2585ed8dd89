"""When each key was used last: noted in memory, written together now and then, so that no call waits for it."""

from __future__ import annotations

import threading

import structlog

from bindery.catalog.access_records import KeyUse
from bindery.catalog.interface.access_keys import AccessKeys
from bindery.catalog.records import CatalogError
from bindery.clock import now_ns

_WRITE_SECONDS = 60.0
"""A kill forgets so much at most."""
_CLOSE_SECONDS = 5.0
_log = structlog.get_logger()


class KeyUses:
    """Safe for threads."""

    def __init__(self, keys: AccessKeys, seconds: float = _WRITE_SECONDS) -> None:
        self._keys = keys
        self._seconds = seconds
        self._unwritten: dict[str, KeyUse] = {}
        self._under_way: dict[str, KeyUse] = {}
        """What is being written."""
        self._lock = threading.Lock()
        """Held while something is noted; never for long."""
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write_now_and_then, name="key uses", daemon=True)

    def start(self) -> None:
        """Write from time to time."""
        self._thread.start()

    def note(self, key_id: str, service: str) -> None:
        """The key was used now, for this product."""
        with self._lock:
            self._unwritten[key_id] = KeyUse(time=now_ns(), service=service)

    def last(self, user_name: str | None, key_id: str) -> KeyUse | None:
        """Up to this moment. Raises EntityNotFound."""
        with self._lock:  # before the record is read: what is written meanwhile is still here
            unwritten = self._unwritten.get(key_id) or self._under_way.get(key_id)
        written = self._keys.last_use(user_name, key_id)
        return unwritten or written

    def write(self) -> None:
        """Everything that was noted. Raises CatalogError, and keeps it for the next time."""
        with self._writing:
            with self._lock:
                self._under_way, self._unwritten = self._unwritten, {}
            kept: dict[str, KeyUse] = {}
            try:
                if self._under_way:
                    self._keys.note_uses(self._under_way)
            except BaseException:
                kept = self._under_way
                raise
            finally:
                with self._lock:
                    self._unwritten, self._under_way = {**kept, **self._unwritten}, {}

    def close(self) -> None:
        """Write the rest. May be called twice."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)
        self._write_if_possible()

    def _write_now_and_then(self) -> None:
        while not self._ended.wait(self._seconds):
            self._write_if_possible()

    def _write_if_possible(self) -> None:
        try:
            self.write()
        except CatalogError as error:
            _log.debug("uses of keys are written later", problem=str(error))
