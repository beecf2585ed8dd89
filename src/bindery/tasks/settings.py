"""The settings of background work."""

from __future__ import annotations

from typing import Annotated

import msgspec

LONGEST_LEASE = 3_600
"""Seconds, of any server."""


class TaskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[tasks]``: work behind calls, such as audits."""

    lease: Annotated[float, msgspec.Meta(ge=1, le=LONGEST_LEASE)] = 60.0
    """Seconds after which another server takes a task whose server is not heard of; it tells of itself four times as
    often."""
    slots: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 16
    """Tasks that a server works on at the same time; the others wait for their turn, and a quarter is kept for projects
    that have none under way. As many of a project come on top that a server does at once: rebuilds of indexes, and
    what names a `Store`."""
