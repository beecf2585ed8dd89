"""Figures that are read while calls are counted."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator

import pytest

from bindery.api.gateway.metrics import _RequestCollector

_MOST = 1_000


@pytest.fixture
def busy() -> Iterator[_RequestCollector]:
    """Counts an operation that was not counted before, whenever the interpreter may turn to another thread."""
    collector, numbers = _RequestCollector(), itertools.count()
    for _ in range(300):
        collector.count("imm", f"Operation{next(numbers)}", "OK", 0.1)

    def count(*_: object) -> None:
        if (number := next(numbers)) < _MOST:
            collector.count("imm", f"Operation{number}", "OK", 0.1)

    threshold = gc.get_threshold()
    gc.callbacks.append(count)
    gc.set_threshold(1)
    yield collector
    gc.set_threshold(*threshold)
    gc.callbacks.remove(count)


def test_what_is_counted_meanwhile_does_no_harm(busy: _RequestCollector) -> None:
    requests, seconds = busy.collect()
    assert len(requests.samples) >= 300
    assert len(seconds.samples) >= 300
