"""What a test asks of a process as a whole, in one where nothing else is at work.

Descriptors, memory, limits and the log belong to all of a process, and what an earlier test has left there may open and
close, take and free for a while.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_own_process(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What a function of a module answers there, or the error it raises, with its traceback. It ends with the test."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments, named)


def count_descriptors() -> int:
    """Of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))
