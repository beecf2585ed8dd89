"""How much memory this process may still take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bindery.control_groups import groups_with, number_named, numbers_in

_FILES = (
    ("memory.max", "memory.current", b"inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", b"total_inactive_file"),
)
"""Of version 2 and of version 1: the limit, what is in use, and in ``memory.stat`` what of that is given up at once."""


def find_available_memory(system: Path = Path("/")) -> int | None:
    """In bytes: what the machine has, and no more than is left of the limits of the control groups. None where
    neither can be told. ``system`` is the root of the file system."""
    kibibytes = number_named(b"MemAvailable:", system / "proc/meminfo")
    machine = [] if kibibytes is None else [kibibytes * 1024]
    return min([*machine, *_left(system)], default=None)


def _left(system: Path) -> Iterator[int]:
    for group in groups_with("memory", system):
        for limit_file, usage_file, kept in _FILES:
            limit, used = (next(iter(numbers_in(group / name)), None) for name in (limit_file, usage_file))
            if limit is not None and used is not None:
                yield max(0, limit - used + (number_named(kept, group / "memory.stat") or 0))
