"""Watching a local folder with the kernel's notifications (inotify and its kin, by watchfiles)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from watchfiles import Change
from watchfiles._rust_notify import RustNotify

from bindery.buckets.store import Changes, StoreUnavailable

_DEBOUNCE_MS = 50
_STEP_MS = 10
_POLL_DELAY_MS = 300


class FolderWatch:
    """Reports paths as keys. Watching starts in the constructor."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._stop = threading.Event()
        try:
            self._notify = RustNotify([self._root], False, False, _POLL_DELAY_MS, True, False)
        except (OSError, RuntimeError) as error:
            raise StoreUnavailable(f"the folder {root} cannot be watched: {error}") from error

    def wait(self, seconds: float) -> Changes:
        """Block until something changed or ``seconds`` are over."""
        try:
            seen = self._notify.watch(_DEBOUNCE_MS, _STEP_MS, int(seconds * 1000), self._stop)
        except (OSError, RuntimeError):
            return Changes(frozenset(), frozenset(), overflow=True)
        if not isinstance(seen, set):
            return Changes(frozenset(), frozenset(), overflow=False)
        return self._changes(seen)

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._notify.close()

    def _changes(self, seen: set[tuple[int, str]]) -> Changes:
        keys, prefixes = set(), set()
        for change, path in seen:
            key = self._key(path)
            if key is None:
                prefixes.add("")
            elif os.path.isdir(path) and not os.path.islink(path):
                if change == Change.added:
                    prefixes.add(f"{key}/")
            elif change == Change.deleted and not os.path.lexists(path):
                keys.add(key)
                prefixes.add(f"{key}/")
            else:
                keys.add(key)
        return Changes(frozenset(keys), frozenset(prefixes), overflow=False)

    def _key(self, path: str) -> str | None:
        """The key of a path; None when its name cannot be told from the report."""
        relative = os.path.relpath(path, self._root)
        if relative.startswith("..") or "\ufffd" in relative:
            return None
        try:
            relative.encode()
        except UnicodeEncodeError:
            return None
        return "" if relative == "." else relative
