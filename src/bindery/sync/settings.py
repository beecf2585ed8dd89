"""The settings of sync. Times are seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from bindery.buckets.store import Store
from bindery.ranges import DAY_SECONDS, Interval


class FollowSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[sync]``: how a binding follows its bucket."""

    reconcile_interval: Interval = 300.0
    """Seconds between complete listings of an object store."""
    reconcile_interval_with_events: Annotated[float, msgspec.Meta(ge=0, le=DAY_SECONDS)] = 0.0
    """Longest time between complete listings of an object store while events have told of everything that its
    listings found: each such listing doubles the interval. 0: events make listings no rarer."""
    folder_reconcile_interval: Interval = 60.0
    """Seconds between complete listings of a watched folder."""
    folder_poll_interval: Interval = 5.0
    """Seconds between complete listings of a folder whose changes the kernel does not report, longer where a
    listing takes more than a second; see docs/stores.md."""
    catch_up_listings: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 4
    """Complete listings at once, of all bindings together, that find what was missed: after a start, while a store did
    not answer, or when changes were lost. The others follow, the oldest first; none waits longer than its interval."""
    inventory_list_requests: Annotated[float, msgspec.Meta(gt=0, le=1_000)] = 1.0
    """Requests a second, on average, that complete listings of a bucket with an inventory may cost: the fewer, the
    rarer are they. With 1, a million objects are listed every 17 minutes, a hundred million every 28 hours."""
    settle_time: Annotated[float, msgspec.Meta(ge=0, le=3_600)] = 0.1
    """Seconds a file must stay unchanged before it is read."""
    guard_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.2
    """Share of a dataset that one listing may remove without confirmation."""
    guard_count: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 100
    """Entries that one listing may always remove."""
    tombstone_grace: Annotated[float, msgspec.Meta(ge=0, le=365 * DAY_SECONDS)] = DAY_SECONDS
    """Seconds for which what is known of a deleted object is kept, in case the same version comes back."""


class SyncSettings(FollowSettings, frozen=True, kw_only=True):
    """What sync needs to know besides."""

    workers: int = 1
    """Worker processes of extraction."""
    zone: str = "+08:00"
    """Of dates that tell none, where ``zones`` has no other."""
    zones: dict[str, str] = {}
    """By bucket name, or by ``project/dataset``."""
    date_fallback: str = "none"
    """One of ``guessed_dates.FALLBACKS``."""
    hash_folder_objects: bool = False
    """Whether objects are read as a whole whose store tells nothing of them, for their MD5."""
    inventories: Path | None = None
    """Where inventories are brought to be read; None: the folder for temporary files."""
    removal_quiet: float = 1.0
    """Many removals that changes tell are judged together once none has come for so long."""
    retry_initial: float = 0.5
    """First wait after a store did not answer; doubles up to ``retry_longest``."""
    retry_longest: float = 30.0

    def hashes(self, store: Store) -> bool:
        """Whether objects of a store are read as a whole for their MD5."""
        return self.hash_folder_objects and not store.capabilities.details

    def zone_of(self, bucket: str, dataset: str = "") -> str:
        """The zone of dates that tell none in the files of a bucket; ``dataset`` is ``project/dataset``."""
        return self.zones.get(bucket) or self.zones.get(dataset) or self.zone
