"""What binding a bucket would take, told by its listing alone: nothing is read.

What a kind of file needs to be read of is the mean over the public sample collections of ``docs/trust.md``, and
never more than the object. Seconds are those of extraction at the measured rate of one worker; the way to
a distant store comes on top.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.buckets.store import Store
from bindery.catalog.records import Scope
from bindery.extract.types.media_types import detect_media_type
from bindery.sync.default_exclusions import DefaultExclusions
from bindery.sync.nomedia import MarkedFolders
from bindery.sync.scope import list_within, matcher_with, outermost_prefixes

FILES_PER_WORKER_SECOND = 60.0
"""Files of mixed kinds that one worker extracted in a second on one core of a small server."""

_MEAN_READ = {
    "image": 150_000,
    "video": 280_000,
    "audio": 300_000,
    "document": 100_000,
    "archive": 80_000,
}
_OTHER_READ = 65_536
_BLOCK = 262_144
"""Bytes that one GET brings, about."""
_LIST_PAGE = 1_000


class KindEstimate(msgspec.Struct, rename="pascal"):
    """Objects of one media type."""

    objects: int = 0
    bytes: int = 0


class Estimate(msgspec.Struct, rename="pascal", kw_only=True):
    """The answer; sizes in bytes."""

    listed: int = 0
    excluded: int = 0
    objects: int = 0
    bytes: int = 0
    bytes_to_read: int = 0
    requests: int = 0
    """Of listing, HEAD and GET; 0 for a folder."""
    seconds: float = 0.0
    media_types: dict[str, KindEstimate] = {}


def estimate(
    store: Store,
    scope: Scope,
    *,
    workers: int,
    hashed: bool = False,
    on_page: Callable[[Estimate], None],
) -> Estimate:
    """List what ``scope`` asks for and add up. ``on_page`` sees the sums after each page and may raise. ``hashed``:
    each object is read as a whole.

    Raises StoreError.
    """
    prefixes = outermost_prefixes(scope) or ("",)
    marked = MarkedFolders(prefixes)
    within = matcher_with(scope, DefaultExclusions(marked))
    found = Estimate(requests=len(prefixes) if store.capabilities.details else 0)
    for page in list_within(store, prefixes):
        found.listed += len(page)
        marked.note_page(page)
        for info in page:
            if within is not None and not within(info):
                found.excluded += 1
            else:
                _add(found, info.key, info.size, remote=store.capabilities.details)
                found.bytes_to_read += info.size if hashed else 0
        found.seconds = round(found.objects / (FILES_PER_WORKER_SECOND * workers), 1)
        on_page(found)
    if store.capabilities.details:
        found.requests += found.listed // _LIST_PAGE
        if per_second := store.capabilities.rate.per_second:
            found.seconds = max(found.seconds, round(found.requests / per_second, 1))
    return found


def _add(found: Estimate, key: str, size: int, *, remote: bool) -> None:
    media_type = detect_media_type(b"", key).media_type
    kind = found.media_types.setdefault(media_type, KindEstimate())
    kind.objects += 1
    kind.bytes += size
    to_read = min(size, _MEAN_READ.get(media_type, _OTHER_READ))
    found.objects += 1
    found.bytes += size
    found.bytes_to_read += to_read
    if remote:
        found.requests += 1 + -(-to_read // _BLOCK)
