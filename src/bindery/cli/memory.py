"""Bounds what a command may take of the memory of its machine."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEASURED = Path("/proc/self/statm")


@contextmanager
def memory_bounded(further: int) -> Iterator[None]:
    """Within, this process gets up to so many further bytes of address space; beyond is MemoryError. On Linux alone."""
    if sys.platform != "linux" or not _MEASURED.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    held = int(_MEASURED.read_text("ascii").split()[0]) * resource.getpagesize()
    allowed = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([held + further, *allowed]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
