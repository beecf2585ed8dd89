"""The deletion guard: a listing that would remove too much removes nothing.

It guards listings, which may be wrong as a whole or in a part: an empty mount point, a store that answers with half
a bucket. Single keys that an event named are each looked up before they are removed; where many vanish together
(``removals.py``), a listing is left to decide.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice

import msgspec

from bindery.sync.settings import SyncSettings

_IN_MEMORY_BYTES = 16 * 1024 * 1024
_SHOWN_SUBTREES = 3


class Gone:
    """Keys that a listing no longer has, kept until the listing is complete. Spills to a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, mode="w+", encoding="utf-8")  # noqa: SIM115
        self.count = 0

    def add(self, keys: list[str]) -> None:
        """Remember keys."""
        self._file.writelines(json.dumps(key) + "\n" for key in keys)
        self.count += len(keys)

    def pages(self, size: int = 1_000) -> Iterator[list[str]]:
        """All keys, in the order they were added."""
        self._file.seek(0)
        while page := [json.loads(line) for line in islice(self._file, size)]:
            yield page

    def leave_out(self, prefixes: Collection[str]) -> None:
        """Forget the keys below ``prefixes``, of which the listing knows nothing."""
        below = tuple(prefixes) or ("",)
        self.keep(lambda key: not key.startswith(below))

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Forget the keys that are not ``wanted``."""
        kept = Gone()
        for keys in self.pages():
            kept.add([key for key in keys if wanted(key)])
        self._file.close()
        self._file, self.count = kept._file, kept.count

    def close(self) -> None:
        """Free the space."""
        self._file.close()


class Subtree(msgspec.Struct, frozen=True):
    """Objects below a prefix that are gone together; see ``subtrees``."""

    prefix: str
    gone: int
    problem: str


class Refusal(msgspec.Struct, frozen=True):
    """Why removals were held back, and how many."""

    count: int
    reason: str
    below: tuple[str, ...] = ()
    """Prefixes below which they are; empty when nothing was removed at all."""
    partly: bool = False
    """The listing did not show all of the bucket."""


def refusal(
    gone: int,
    known: int,
    listed: int,
    settings: SyncSettings,
    *,
    mounted: bool,
    moved: bool = False,
    confirmed: int = 0,
) -> Refusal | None:
    """Why ``gone`` of ``known`` entries may not be removed; None when they may.

    ``mounted``: the bucket is a folder, and an empty one may be a disk that is not mounted.
    ``moved``: the store is another than the one that was listed before.
    ``confirmed``: so many removals the caller has allowed.
    """
    if gone <= confirmed or not gone:
        return None
    if mounted and not listed:
        problem = f"the bucket is empty and {gone} objects are known"
    elif moved:
        problem = f"the bucket has moved, and {gone} of {known} known objects are not at its new place"
    elif gone > settings.guard_count and gone > settings.guard_share * known:
        limits = f"more than {settings.guard_share:.0%} and more than {settings.guard_count}"
        problem = f"the last listing lacks {gone} of {known} known objects, {limits}"
    else:
        return None
    return Refusal(gone, _describe(f"{problem}; nothing was removed"))


def _describe(problem: str) -> str:
    return (
        f"DeletionGuard: {problem}. Check the bucket. If the objects are really gone, confirm with bindery confirm "
        "BUCKET, with ConfirmDeletion, or with StopBinding and ResumeBinding"
    )


def refuse_below(
    subtrees: Sequence[Subtree], *, confirmed: int, confirmed_below: Collection[str]
) -> Refusal | None:
    """Why what is gone together below some prefixes may not be removed; None when nothing is, or it was confirmed.

    ``confirmed`` removals are allowed below ``confirmed_below``, anywhere when that is empty.
    """
    count = sum(subtree.gone for subtree in subtrees)
    below = tuple(subtree.prefix for subtree in subtrees)
    if count <= confirmed and (not confirmed_below or set(below) <= set(confirmed_below)):
        return None
    shown = [f"{subtree.gone} objects below {subtree.prefix}: {subtree.problem}" for subtree in subtrees]
    more = len(shown) - _SHOWN_SUBTREES
    problem = "; ".join(shown[:_SHOWN_SUBTREES]) + (f"; and {more} more" if more > 0 else "")
    return Refusal(count, _describe(f"{problem}; these were not removed"), below)
