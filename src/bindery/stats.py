"""Where the bytes of a data folder are, whether its server runs or not. Nothing is changed.

What is too much to be counted is estimated, and says so: it takes seconds for any number of objects.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import msgspec

from bindery.catalog.index.sizes import IndexSize, index_sizes
from bindery.catalog.opening import measure_record
from bindery.catalog.record.sizes import RecordSizes
from bindery.config import Config

_MOST_FILES = 200_000
_WALK_SECONDS = 3.0
_FOLDERS = ("thumbnails", "audit", "used-nonces")


class FolderSize(msgspec.Struct, frozen=True):
    """Bytes of the files in a folder, as ``ls -l`` has them; of so many files at least unless ``is_complete``."""

    bytes: int = 0
    files: int = 0
    is_complete: bool = True


class DatasetStats(msgspec.Struct, frozen=True):
    """A dataset: what it holds, and what its index takes."""

    project: str
    dataset: str
    entries: int
    file_bytes: int
    index: IndexSize


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """The whole data folder."""

    data: str
    record: RecordSizes
    datasets: tuple[DatasetStats, ...]
    """Those with most entries first."""
    further_indexes: int
    """Bytes of indexes of datasets beyond those."""
    folders: dict[str, FolderSize]
    """``index``, ``thumbnails``, ``audit``, ``used-nonces``, and ``other``: all else but a record in SQLite."""
    bytes: int
    """Of the whole folder, with a record in SQLite."""
    disk_bytes: int
    disk_free: int


def measure(config: Config) -> Stats:
    """Raises CatalogUnusable when there is no record, or it cannot be read; OSError."""
    record = measure_record(config.catalog.url, config.data)
    indexes = index_sizes(config.data / "index")
    datasets = tuple(
        DatasetStats(
            each.project, each.dataset, each.entries, each.file_bytes, indexes.pop(each.id, IndexSize())
        )
        for each in record.datasets
    )
    folders = {name: _folder_size(config.data / name) for name in ("index", *_FOLDERS)}
    folders["other"] = _other_files(config.data)
    disk = shutil.disk_usage(config.data)
    in_folder = 0 if config.catalog.url else record.bytes + record.log
    return Stats(
        data=str(config.data),
        record=record,
        datasets=datasets,
        further_indexes=sum(each.bytes for each in indexes.values()),
        folders=folders,
        bytes=in_folder + sum(each.bytes for each in folders.values()),
        disk_bytes=disk.total,
        disk_free=disk.free,
    )


def _folder_size(folder: Path) -> FolderSize:
    deadline = time.monotonic() + _WALK_SECONDS
    held = files = 0
    waiting = [folder]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:  # not there, or gone meanwhile
            continue
        with entries:
            for entry in entries:
                if files >= _MOST_FILES or time.monotonic() > deadline:
                    return FolderSize(held, files, is_complete=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                    continue
                held += _size(entry)
                files += 1
    return FolderSize(held, files)


def _other_files(data: Path) -> FolderSize:
    """Keys, settings, and what others have put there."""
    if not data.is_dir():
        return FolderSize()
    known = {"index", *_FOLDERS}
    held, files, is_complete = 0, 0, True
    with os.scandir(data) as entries:
        for entry in entries:
            if entry.name in known or entry.name in ("catalog.db", "catalog.db-wal"):
                continue
            if entry.is_dir(follow_symlinks=False):
                within = _folder_size(Path(entry.path))
            else:
                within = FolderSize(_size(entry), 1)
            held, files = held + within.bytes, files + within.files
            is_complete = is_complete and within.is_complete
    return FolderSize(held, files, is_complete)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
