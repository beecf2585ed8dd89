"""How much address space this process uses, which RLIMIT_AS bounds. On Linux."""

from __future__ import annotations

import resource

MEASURED = "/proc/self/statm"
"""Where the kernel tells it, in pages."""


def used_address_space() -> int:
    """In bytes. Raises OSError where the kernel does not tell."""
    with open(MEASURED, encoding="ascii") as file:  # noqa: PTH123  (a worker that starts loads no more than it needs)
        return int(file.read().split()[0]) * resource.getpagesize()
