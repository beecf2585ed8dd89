"""What deleted bindings left goes behind the calls: by pages, between which others write, and on after a restart."""

from __future__ import annotations

import threading

import structlog

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogError

_PAGE = 500
"""Rows of one transaction."""
_BREATH_SECONDS = 0.002
"""Between two pages, so that the file's other writers and readers come in."""
_INTERVAL_SECONDS = 60.0
_log = structlog.get_logger()


class Forgetting:
    """A thread of its own. Safe for threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forgetting", daemon=True)

    def start(self) -> None:
        """Go on with what an earlier server left."""
        self._thread.start()

    def wake(self) -> None:
        """A binding was deleted."""
        self._wake.set()

    def close(self, seconds: float) -> None:
        """End after the page in hand."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                while not self._stop.is_set() and self._catalog.bindings.forget_deleted(limit=_PAGE):
                    self._stop.wait(_BREATH_SECONDS)
                while not self._stop.is_set() and self._catalog.repack(limit=_PAGE):
                    self._stop.wait(_BREATH_SECONDS)
                while not self._stop.is_set() and self._catalog.give_back(pages=_PAGE):
                    self._stop.wait(_BREATH_SECONDS)
            except CatalogError as error:
                _log.warning("what deleted bindings left stays for now", reason=str(error))
            except Exception:
                if not self._stop.is_set():
                    _log.exception("what deleted bindings left stays for now")
            self._wake.wait(_INTERVAL_SECONDS)
            self._wake.clear()  # behind the wait: an end that comes before the next look is seen by it
