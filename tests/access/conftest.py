"""A record in a folder, with what the tests of this room put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bindery.catalog.opening import open_access
from bindery.catalog.record_access import RecordAccess


@pytest.fixture
def record(tmp_path: Path) -> Iterator[RecordAccess]:
    """The record of the test's folder."""
    with open_access("", tmp_path) as opened:
        yield opened


@pytest.fixture
def in_threads() -> Callable[..., None]:
    """``in_threads(f, g)`` runs functions at the same time, and raises what one of them raises."""

    def run(*functions: Callable[[], object]) -> None:
        with ThreadPoolExecutor(len(functions)) as threads:
            for done in [threads.submit(function) for function in functions]:
                done.result()

    return run
