"""What vanishes together: all below a mount point where the mount has changed, or nearly all of a folder.

A disk that is not mounted below the bucket leaves an empty folder, and no error. The mounts that a complete
listing found are remembered by the binding; where one is missing later, what lies below it is held back whatever its
number. Without such evidence many objects of one folder must be gone, for people remove folders. What was renamed
has not vanished.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bindery.catalog.interface.ledger import Ledger
from bindery.sync.guard import Gone, Refusal, Subtree
from bindery.sync.settings import SyncSettings

EMPTIED_SHARE = 0.9
"""A folder that lacks this share of its known objects, and more than ``guard_count``, is taken for emptied."""

Mounts = Mapping[str, str]
"""What tells the file system apart that is mounted, by the key prefix below which it lies; the bucket's own is not
among them."""


class Vanishing:
    """Judges what one look at a folder lacks. ``since``: renames after this time are known as such; ``began``: what was
    mounted when the listing began."""

    def __init__(
        self,
        ledger: Ledger,
        binding_id: int,
        settings: SyncSettings,
        *,
        since: int,
        known: Mounts,
        began: Mounts,
        now: Mounts,
    ) -> None:
        self._ledger = ledger
        self._binding_id = binding_id
        self._settings = settings
        self._since = since
        self._known, self._now = known, now
        self._meanwhile = changed_mounts(began, now)

    def changed_mounts(self) -> list[str]:
        """Prefixes where a mount has come, gone or been exchanged, ascending, none below another."""
        return outermost([*changed_mounts(self._known, self._now), *self._meanwhile])

    def find(self, gone: Gone) -> list[Subtree]:
        """The subtrees that are to be held back, ascending by prefix. ``gone`` holds keys in ascending order."""
        found = self._below_mounts(gone)
        held = tuple(subtree.prefix for subtree in found)
        if gone.count - sum(subtree.gone for subtree in found) > self._settings.guard_count:
            keys = (key for page in gone.pages() for key in page if not key.startswith(held))
            if list(self._emptied(keys)):  # renames are looked for only where it matters
                found += self._emptied(self._vanished(gone, held))
        return sorted(found, key=lambda subtree: subtree.prefix)

    def count_renamed(self, gone: Gone) -> int:
        """How many of the keys are gone because their files have other names now."""
        return gone.count - sum(1 for _ in self._vanished(gone, ()))

    def renamed(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys whose files have other names now."""
        return self._ledger.renamed(self._binding_id, keys, since=self._since)

    def _below_mounts(self, gone: Gone) -> list[Subtree]:
        mounts = self.changed_mounts()
        if not mounts or not gone.count:
            return []
        counts = dict.fromkeys(mounts, 0)
        below = tuple(mounts)
        for page in gone.pages():
            for key in page:
                if key.startswith(below):
                    counts[next(mount for mount in mounts if key.startswith(mount))] += 1
        return [
            Subtree(mount, count, problem)
            for mount, count in counts.items()
            if count and (problem := self._mount_problem(mount, count))
        ]

    def _mount_problem(self, mount: str, gone: int) -> str:
        """Why what is gone below a mount point may be there still; empty when it is not to be believed."""
        if mount not in self._now:
            return "nothing is mounted there any more"
        share = self._settings.guard_share
        was_listed = not any(
            prefix.startswith(mount) for prefix in self._meanwhile
        )  # and not a part of the former one
        if was_listed and gone <= share * self._count_known(mount, gone / share):
            return ""
        return "another file system is mounted there now"

    def _emptied(self, keys: Iterable[str]) -> list[Subtree]:
        """Folders that lack nearly all of many objects, ascending, none below another."""
        limit = self._settings.guard_count
        counts = dict(count for count in count_by_folder(keys) if count[1] > limit)
        found: list[Subtree] = []
        for prefix in sorted(counts):
            if found and prefix.startswith(found[-1].prefix):
                continue
            gone = counts[prefix]
            if gone >= EMPTIED_SHARE * self._count_known(prefix, gone / EMPTIED_SHARE):
                found.append(Subtree(prefix, gone, "its objects vanished together"))
        return found

    def _vanished(self, gone: Gone, held: tuple[str, ...]) -> Iterator[str]:
        for page in gone.pages():
            keys = [key for key in page if not key.startswith(held)]
            renamed = self.renamed(keys)
            yield from (key for key in keys if key not in renamed)

    def _count_known(self, prefix: str, enough: float) -> int:
        return self._ledger.count_below(self._binding_id, prefix, limit=int(enough) + 1)


def remembered(known: Mounts | None, began: Mounts, ended: Mounts, held: Refusal | None) -> dict[str, str]:
    """The mounts to know by from now on, after a listing: those that were there when it began, where it was believed
    and they still were when it ended. Below a mount that came or went meanwhile nobody knows which file system was
    listed; the earlier one stays known, as it does where the listing was not believed."""
    if known is None:
        return dict(began)
    if held is not None and not held.below:
        return dict(known)
    earlier = (*(held.below if held else ()), *changed_mounts(began, ended))
    kept = {prefix: mark for prefix, mark in known.items() if prefix.startswith(earlier)}
    return {prefix: mark for prefix, mark in began.items() if not prefix.startswith(earlier)} | kept


def changed_mounts(before: Mounts, after: Mounts) -> list[str]:
    """Prefixes where a mount has come, gone or been exchanged, ascending, none below another."""
    prefixes = {*before, *after}
    return outermost(prefix for prefix in prefixes if before.get(prefix) != after.get(prefix))


def outermost(prefixes: Iterable[str]) -> list[str]:
    """Ascending, without those that lie below another."""
    kept: list[str] = []
    for prefix in sorted(prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept


def count_by_folder(keys: Iterable[str]) -> Iterator[tuple[str, int]]:
    """How many of the ascending keys lie below each folder, at any depth; the bucket itself is left out."""
    path: list[str] = []
    counts: list[int] = []
    for key in keys:
        while path and not key.startswith(path[-1]):
            yield _leave(path, counts)
        start = len(path[-1]) if path else 0
        while (end := key.find("/", start)) >= 0:
            path.append(key[: end + 1])
            counts.append(0)
            start = end + 1
        if counts:
            counts[-1] += 1
    while path:
        yield _leave(path, counts)


def _leave(path: list[str], counts: list[int]) -> tuple[str, int]:
    count = counts.pop()
    if counts:
        counts[-1] += count
    return path.pop(), count
