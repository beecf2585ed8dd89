"""How many processors this process may use, by which workers and threads are counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bindery.control_groups import groups_with, numbers_in

_PERIOD = 100_000
"""Microseconds; the kernel's default."""


def count_processors(system: Path = Path("/")) -> int:
    """Those that its affinity allows, and no more than the smallest quota of its control groups, rounded up; at least
    one.

    Affinity is what ``taskset`` and cpusets set. Elsewhere than on Linux it is the number of the machine's processors.
    ``system`` is the root of the file system.
    """
    return max(1, min([_allowed(), *_quotas(system)]))


def _allowed() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count() or 1


def _quotas(system: Path) -> Iterator[int]:
    """Of each group that has one, in processors."""
    for group in groups_with("cpu", system):
        quota, period = (*numbers_in(group / "cpu.max"), None, None)[:2]  # of version 2
        if quota is None:
            quota = next(iter(numbers_in(group / "cpu.cfs_quota_us")), None)
            period = next(iter(numbers_in(group / "cpu.cfs_period_us")), None)
        period = _PERIOD if period is None else period
        if quota is not None and quota > 0 and period > 0:  # -1 in version 1: none
            yield -(-quota // period)
