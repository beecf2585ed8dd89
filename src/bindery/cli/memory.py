"""Bounds what a command may take of the memory of its machine."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bindery.address_space import MEASURED, used_address_space


@contextmanager
def memory_bounded(further: int) -> Iterator[None]:
    """Within, this process gets up to so many further bytes of address space; beyond is MemoryError. On Linux alone."""
    if sys.platform != "linux" or not Path(MEASURED).exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    held = used_address_space()
    allowed = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([held + further, *allowed]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
