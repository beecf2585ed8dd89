"""Rooms that are closed when their test ends."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sync_room import Room

from bindery.log import structlog_configured


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Tracebacks without local variables, as the server writes them: drawing those of a page takes seconds."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    with structlog_configured(processors=[structlog.contextvars.merge_contextvars, plain]):
        yield


@pytest.fixture
def open_room(tmp_path: Path) -> Iterator[Callable[..., Room]]:
    """``open_room(addresses, data=…, pool=…, settings=…)``; the data folder is the test's own."""
    rooms: list[Room] = []

    def start(*addresses: Any, data: Path | None = None, **options: Any) -> Room:
        room = Room(
            data or tmp_path / "data", {address.bucket: address for address in addresses}, **options
        )
        rooms.append(room)
        return room

    yield start
    for room in rooms:
        room.close()


@pytest.fixture
def seed() -> int:
    """Of what a test draws. Printed when it fails; ``BINDERY_SEED`` repeats a run."""
    seed = int(os.environ.get("BINDERY_SEED") or random.randrange(2**32))
    print(f"BINDERY_SEED={seed}")
    return seed
