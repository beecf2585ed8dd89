"""A sample of the removals that the deletion guard holds back, so that people can see what they would confirm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from bindery.sync.guard import Gone

MOST_KEYS = 100
_MOST_FOLDERS = 20
_MOST_COUNTED = 10_000
"""Folders that are counted; keys of further ones count for no folder."""


class HeldBack(msgspec.Struct, frozen=True):
    """What the last listing lacks and was not removed."""

    count: int
    keys: tuple[str, ...]
    """Up to 100, from all of them, in their order."""
    folders: tuple[tuple[str, int], ...]
    """The up to 20 folders with most of them, each with how many; the bucket itself is empty."""


def sample(gone: Gone, below: Sequence[str]) -> HeldBack:
    """Of the keys below the prefixes, of all without any. One pass over what may be very many."""
    prefixes = tuple(below) or ("",)
    keys: list[str] = []
    folders: Counter[str] = Counter()
    count, every = 0, 1
    for page in gone.pages():
        for key in page:
            if not key.startswith(prefixes):
                continue
            if count % every == 0:
                keys.append(key)
                if len(keys) >= 2 * MOST_KEYS:
                    keys, every = keys[::2], every * 2
            count += 1
            folder = key.rpartition("/")[0]
            if folder in folders or len(folders) < _MOST_COUNTED:
                folders[folder] += 1
    step = max(1, -(-len(keys) // MOST_KEYS))
    return HeldBack(count, tuple(keys[::step]), tuple(folders.most_common(_MOST_FOLDERS)))
