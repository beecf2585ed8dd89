"""What the files of indexes take of the disk."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import msgspec

_NAME = re.compile(r"(building-)?(\d+)-\d+\.(duckdb|texts)\b.*", re.ASCII)


class IndexSize(msgspec.Struct):
    """Bytes of a dataset's index, with logs."""

    columns: int = 0
    texts: int = 0
    building: int = 0
    """Of files that are built beside those that answer."""

    @property
    def bytes(self) -> int:
        """All together."""
        return self.columns + self.texts + self.building


def index_sizes(folder: Path) -> dict[int, IndexSize]:
    """By the ids of datasets; files of queries under way (``spill``) are nobody's."""
    found: defaultdict[int, IndexSize] = defaultdict(IndexSize)
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match is None:
                continue
            with suppress(FileNotFoundError):  # it was built anew meanwhile
                size, held = entry.stat(follow_symlinks=False).st_size, found[int(match[2])]
                if match[1]:
                    held.building += size
                elif match[3] == "duckdb":
                    held.columns += size
                else:
                    held.texts += size
    return dict(found)
