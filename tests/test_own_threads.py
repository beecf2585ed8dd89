"""What a test replaces holds for its own threads, and no test replaces a function of the system for all."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.own_threads import begin_test, replace_here, with_others_here

_SYSTEM = "(os|time|shutil|socket|threading|tempfile|subprocess|signal|random|secrets)"
_FOR_ALL = re.compile(rf'setattr\(\s*((\w+\.)*{_SYSTEM},|"[\w.]*\b{_SYSTEM}\.\w+")')


def test_earlier_threads_see_the_true_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(1) as earlier:
        earlier.submit(int).result()
        begin_test()
        replace_here(monkeypatch, time, "time", lambda: 7.0)
        other = with_others_here(time, monotonic=lambda: 8.0)
        assert (time.time(), other.monotonic(), other.sleep) == (7.0, 8.0, time.sleep)
        assert earlier.submit(time.time).result() > 1e9
        assert earlier.submit(other.monotonic).result() != 8.0
        with ThreadPoolExecutor(1) as ours:
            assert ours.submit(time.time).result() == 7.0
            assert ours.submit(other.monotonic).result() == 8.0
    assert time.time() == 7.0
    monkeypatch.undo()
    assert time.time() > 1e9
    assert threading.current_thread() not in earlier._threads


def test_no_function_of_the_system_is_replaced_for_the_whole_process() -> None:
    folder = Path(__file__).parent
    found = [
        f"{path.relative_to(folder)}: {match[0]}"
        for path in sorted(folder.rglob("*.py"))
        for match in _FOR_ALL.finditer(path.read_text())
    ]
    assert not found, "use tests.own_threads.replace_here"
