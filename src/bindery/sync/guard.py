"""The deletion guard: a listing that would remove too much removes nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import islice

from bindery.sync.settings import SyncSettings

_IN_MEMORY_BYTES = 16 * 1024 * 1024


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

    def close(self) -> None:
        """Free the space."""
        self._file.close()


def refusal(gone: int, known: int, settings: SyncSettings) -> str | None:
    """Why ``gone`` of ``known`` entries may not be removed; None when they may."""
    if gone <= settings.guard_count or gone <= settings.guard_share * known:
        return None
    return (
        f"DeletionGuard: the last listing lacks {gone} of {known} known objects, more than "
        f"{settings.guard_share:.0%} and more than {settings.guard_count}; nothing was removed. Check the bucket. "
        "If the objects are really gone, confirm with StopBinding and ResumeBinding"
    )
