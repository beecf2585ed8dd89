"""What sync needs to know of the configuration. Times are seconds."""

from __future__ import annotations

import msgspec


class SyncSettings(msgspec.Struct, frozen=True, kw_only=True):
    """See ``config.SyncConfig`` for the meaning of each."""

    reconcile_interval: float = 300.0
    folder_reconcile_interval: float = 60.0
    folder_poll_interval: float = 5.0
    settle_time: float = 0.2
    guard_share: float = 0.2
    guard_count: int = 100
    workers: int = 1
    """Worker processes of extraction."""
    tombstone_grace: float = 86_400.0
    zone: str = "+08:00"
    retry_initial: float = 0.5
    """First wait after a store did not answer; doubles up to ``retry_longest``."""
    retry_longest: float = 30.0
