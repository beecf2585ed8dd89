"""What the books of bindings were over time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.catalog.records import Progress
from bindery.sync.history import MOST_POINTS, BooksHistory, Point, add_point

SECOND = 1_000_000_000


class Clock:
    """A clock that goes when it is told."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def go(self, seconds: int) -> None:
        self.now += seconds * SECOND


def books(indexed: int, **others: int) -> Progress:
    return Progress(indexed=indexed, **others)


def test_only_changes_are_noted_and_a_quiet_time_is_level() -> None:
    clock = Clock()
    history = BooksHistory(None, clock)
    for indexed, seconds in ((1, 5), (1, 5), (1, 600), (2, 5), (2, 0)):
        history.note({7: books(indexed)})
        clock.go(seconds)
    points = [((point.time // SECOND) - 1_000, point.indexed) for point in history.of(7)]
    assert points == [(0, 1), (605, 1), (610, 2)]
    assert history.of(8) == ()


def test_what_is_in_the_dataset_is_one_count() -> None:
    history = BooksHistory(None, Clock())
    history.note({1: books(3, unchanged=4, failed=2, excluded=1, pending=5)})
    assert history.of(1)[0].counts == (7, 2, 1, 5)


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 5)), min_size=1, max_size=600))
def test_it_stays_bounded_and_in_order(steps: list[tuple[int, int]]) -> None:
    points: list[Point] = []
    now = 0
    for seconds, indexed in steps:
        now += (seconds + 1) * SECOND
        add_point(points, Point(now, indexed, 0, 0, 0))
        assert len(points) <= MOST_POINTS
    assert [point.time for point in points] == sorted({point.time for point in points})
    assert points[-1].indexed == steps[-1][1]


def test_a_long_history_goes_back_to_its_beginning() -> None:
    points: list[Point] = []
    for number in range(10 * MOST_POINTS):
        add_point(points, Point(number * SECOND, number, 0, 0, 0))
    assert points[0].time == 0
    assert points[-1].time - points[-MOST_POINTS // 4].time < MOST_POINTS * SECOND


def test_it_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    first = BooksHistory(path, Clock())
    first.note({1: books(3), 2: books(4)})
    first.forget(2)
    first.close()
    assert path.stat().st_mode & 0o777 == 0o600
    second = BooksHistory(path, Clock())
    assert [point.indexed for point in second.of(1)] == [3]
    assert second.of(2) == ()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"1": 3}', b'{"x": []}', b"\xff\xfe"])
def test_a_file_that_is_none_is_passed_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.json"
    path.write_bytes(content)
    history = BooksHistory(path, Clock())
    assert history.of(1) == ()
    history.note({1: books(1)})
    history.close()
    assert len(BooksHistory(path, Clock()).of(1)) == 1


def test_a_disk_that_takes_nothing_is_no_trouble(tmp_path: Path) -> None:
    history = BooksHistory(tmp_path / "missing" / "history.json", Clock())
    history.note({1: books(1)})
    history.close()
    assert len(history.of(1)) == 1
