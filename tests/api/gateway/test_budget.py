"""Bytes of requests in memory: a bound for all, a bound for each, and all given back."""

from __future__ import annotations

import pytest

from bindery.api.errors import ApiError
from bindery.api.gateway import budget as module
from bindery.api.gateway.budget import Budget, Reservation


def test_all_together_and_each_alone() -> None:
    budget = Budget(100, 60)
    first, second = Reservation(budget, "a"), Reservation(budget, "b")
    first.grow(50)
    with pytest.raises(ApiError) as refused:
        first.grow(11)
    assert (refused.value.status, refused.value.code) == (429, "Throttling.User")
    assert refused.value.retry_after
    first.grow(10)
    second.grow(40)
    with pytest.raises(ApiError) as full:
        second.grow(1)
    assert (full.value.status, full.value.code) == (503, "ServiceUnavailable")
    assert full.value.retry_after
    first.release()
    first.release()
    second.grow(20)
    assert budget.held == second.count == 60
    second.release()
    assert budget.held == 0


def test_memory_goes_back_to_the_system_after_a_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed: list[bool] = []
    monkeypatch.setattr(module, "_trim", lambda: trimmed.append(True))
    budget = Budget(2**30, 2**30)
    for size, expected in ((1_000, 0), (2**25, 1), (1_000, 1)):
        held = Reservation(budget, "a")
        held.grow(size)
        held.release()
        assert len(trimmed) == expected
