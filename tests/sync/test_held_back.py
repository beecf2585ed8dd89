"""A sample of what the deletion guard holds back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bindery.sync.guard import Gone
from bindery.sync.held_back import MOST_KEYS, sample


@pytest.fixture
def gone() -> Iterator[Gone]:
    held = Gone()
    yield held
    held.close()


def test_few_are_shown_as_they_are(gone: Gone) -> None:
    gone.add(["a.jpg", "x/b.jpg", "x/c.jpg", "x/y/d.jpg"])
    held = sample(gone, ())
    assert held.count == 4
    assert held.keys == ("a.jpg", "x/b.jpg", "x/c.jpg", "x/y/d.jpg")
    assert dict(held.folders) == {"": 1, "x": 2, "x/y": 1}


def test_only_what_is_below(gone: Gone) -> None:
    gone.add(["a/1", "b/1", "b/2", "c/1"])
    held = sample(gone, ("b/", "c/"))
    assert (held.count, held.keys) == (3, ("b/1", "b/2", "c/1"))


@pytest.mark.parametrize("count", [99, 100, 101, 199, 200, 201, 5_000, 70_001])
def test_of_many_some_from_all_of_them(gone: Gone, count: int) -> None:
    keys = [f"f{number // 1_000:03}/{number:06}" for number in range(count)]
    gone.add(keys)
    held = sample(gone, ())
    assert held.count == count
    assert min(count, MOST_KEYS // 2) <= len(held.keys) <= MOST_KEYS
    assert list(held.keys) == sorted(set(held.keys) & set(keys))
    assert held.keys[0] == keys[0]
    assert held.keys[-1] >= keys[int(count * 0.9)] or count < 200
    assert len(held.folders) <= 20
    assert sum(number for _, number in held.folders) == min(count, 20_000)
