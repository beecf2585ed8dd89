"""What deleted bindings left goes in a thread of its own, which ends when it is told to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.sync import forgetting as module
from bindery.sync.forgetting import Forgetting


def test_an_end_behind_the_look_for_it_is_not_slept_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_INTERVAL_SECONDS", 3_600.0)
    catalog = SqliteCatalog(tmp_path, account_id="1")
    forgetting = Forgetting(catalog)

    class EndsBehindTheLook(threading.Event):
        def is_set(self) -> bool:
            found = super().is_set()
            self.set()
            forgetting.wake()
            return found

    forgetting._stop = EndsBehindTheLook()
    forgetting.start()
    forgetting._thread.join(60)
    assert not forgetting._thread.is_alive()
    assert catalog.close(60)
