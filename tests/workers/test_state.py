"""What a worker and its server share: times are those of the clock that both have."""

from __future__ import annotations

import os
import time

import pytest
from tests.own_threads import replace_here

from bindery.workers import state as state_room
from bindery.workers.state import State, shared_file


@pytest.fixture
def both() -> tuple[State, State]:
    file = shared_file()
    worker, server = State(file), State(file)
    os.close(file)
    return worker, server


def test_both_sides_see_the_same(both: tuple[State, State]) -> None:
    worker, server = both
    worker.begin(7)
    worker.limit(1.5)
    server.cut = True
    assert (server.position, server.seconds, worker.cut) == (7, 1.5, True)


def test_what_a_job_leaves_is_of_this_job_alone(both: tuple[State, State]) -> None:
    worker, server = both
    assert server.left == b""
    worker.begin(1)
    worker.leave(b"image/png")
    worker.leave(b"video/mp4" * 100)
    assert server.left == (b"video/mp4" * 100)[:128]
    worker.leave(b"text")
    assert server.left == b"text"
    worker.begin(2)
    assert server.left == b""


def test_time_outside_is_not_the_jobs_own(
    both: tuple[State, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, server = both
    now = 100.0
    replace_here(monkeypatch, state_room.time, "monotonic", lambda: now)
    worker.begin(1)
    now = 101.0
    with worker.outside():
        now = 105.0
        assert server.times() == (1.0, 4.0)
        assert server.is_outside
    now = 107.0
    assert server.times() == (3.0, 4.0)
    assert not server.is_outside
    worker.begin(2)
    assert server.times() == (0.0, 0.0)


def test_a_moment_at_a_local_disk_is_not_outside(
    both: tuple[State, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, server = both
    now = time.monotonic()
    replace_here(monkeypatch, state_room.time, "monotonic", lambda: now)
    worker.begin(1)
    with worker.outside():
        assert not server.is_outside
        now += 0.01
        assert not server.is_outside
        now += 1
        assert server.is_outside
