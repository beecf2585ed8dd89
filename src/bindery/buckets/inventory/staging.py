"""An inventory brought onto this machine: downloaded, compared with its checksums, and sorted by key.

The folder that it lies in outlives the process: what is complete there is not fetched or sorted again.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bindery.buckets.inventory.manifest import (
    CHECKSUM,
    LARGEST_MANIFEST,
    DataFile,
    FileFormat,
    InventoryRefused,
    Manifest,
    folder_of,
    is_dated,
    parse_manifest,
)
from bindery.buckets.inventory.sorting import Job, Sorted
from bindery.buckets.object_store import root_of
from bindery.buckets.store import ObjectNotFound, Store, StoreAddress

_CHUNK = 8 * 2**20
"""Bytes fetched by one request."""
_ROOM = 8
"""Sorting takes so many times the size of the files on the disk."""
_SPARE = 2**28
"""Bytes besides."""
_POLL_SECONDS = 0.1
_LONGEST_CHECKSUM = 128
_ENDINGS = {FileFormat.CSV: "csv.gz", FileFormat.PARQUET: "parquet", FileFormat.ORC: "orc"}
_STAGED, _SORTED, _OF = "staged.json", "sorted.parquet", "manifest.md5"

CheckStop = Callable[[], None]
"""Raises what ends the work."""


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """An inventory that can be read in key order."""

    manifest: Manifest
    path: str
    """Of the sorted file; there is none without rows."""
    rows: int
    odd: int
    """See ``Sorted``."""


def read_manifest(store: Store, key: str, *, of: StoreAddress) -> Manifest:
    """The manifest ``key`` of an inventory of the bucket at ``of``; two requests, and a third for a large one.

    Raises InventoryRefused when it is none of that bucket's, ObjectNotFound, StoreError.
    """
    folder_of(key)
    name = name_at_store(of)
    body = _read_all(store, key, LARGEST_MANIFEST)
    beside = f"{key.rpartition('/')[0]}/{CHECKSUM}".removeprefix("/")
    try:
        checksum = store.read(beside, 0, _LONGEST_CHECKSUM)
    except ObjectNotFound as error:
        raise InventoryRefused(
            f"{CHECKSUM} is missing beside the manifest; name one that is complete"
        ) from error
    manifest = parse_manifest(root_of(store.address) + key, body, checksum)
    if manifest.source_bucket != name:
        raise InventoryRefused(
            f"the inventory is of the bucket {manifest.source_bucket[:64]!r}, not of {name!r}"
        )
    return manifest


def find_newer(store: Store, key: str) -> str | None:
    """The newest inventory of the same configuration that is newer than the one at ``key``; None when there is none,
    or it is still being written. One request. Raises StoreError."""
    folder, checked, newest = folder_of(key), "", None
    for page in store.list(prefix=f"{folder}2", start_after=key):  # the year; the files lie below letters
        for info in page:
            beside, _, name = info.key.rpartition("/")
            if name == CHECKSUM:
                checked = beside
            elif is_dated(folder, info.key) and beside == checked:
                newest = info.key
    return newest


def name_at_store(address: StoreAddress) -> str:
    """What a bucket is called where it lies. Raises InventoryRefused for a folder."""
    if address.folder is not None:
        raise InventoryRefused("a folder has no inventory; it is listed without requests")
    return urlsplit(address.url).netloc


def stage(
    store: Store,
    manifest: Manifest,
    folder: Path,
    *,
    of: StoreAddress,
    check_stop: CheckStop,
    taken: Callable[[int], None] = lambda count: None,
) -> Staged:
    """Bring an inventory into ``folder``; ``store`` holds its files, and ``taken`` hears how many are there.

    Raises InventoryRefused when a file is not what the manifest says, StoreError, and what ``check_stop`` raises.
    """
    if (staged := _staged(folder, manifest)) is not None:
        return staged
    _begin(folder, manifest)
    total = sum(file.size for file in manifest.files)
    free = shutil.disk_usage(folder).free
    if total * _ROOM + _SPARE > free:
        raise InventoryRefused(
            f"the inventory needs some {total * _ROOM >> 20:,} MiB in {folder.parent}, where {free >> 20:,} are free"
        )
    paths: list[str] = []
    for number, file in enumerate(manifest.files):
        path = folder / f"{number}.{_ENDINGS[manifest.file_format]}"
        if not path.exists():
            _fetch(store, file, path, check_stop)
        paths.append(str(path))
        taken(number + 1)
    target = folder / _SORTED
    job = Job(
        files=tuple(paths),
        file_format=manifest.file_format,
        columns=manifest.columns,
        source_bucket=manifest.source_bucket,
        root=root_of(of),
        target=str(target),
        folder=str(folder),
        most_bytes=total * _ROOM + _SPARE,
    )
    found = _sort(job, check_stop)
    if found.refusal:
        raise InventoryRefused(_by_key(found.refusal, manifest))
    staged = Staged(manifest=manifest, path=str(target) if paths else "", rows=found.rows, odd=found.odd)
    (folder / _STAGED).write_bytes(msgspec.json.encode(staged))
    for fetched in paths:
        Path(fetched).unlink(missing_ok=True)
    return staged


def discard(folder: Path) -> None:
    """Remove what ``stage`` has left. No error when there is nothing."""
    shutil.rmtree(folder, ignore_errors=True)


def _staged(folder: Path, manifest: Manifest) -> Staged | None:
    try:
        staged = msgspec.json.decode((folder / _STAGED).read_bytes(), type=Staged)
    except (OSError, msgspec.DecodeError):
        return None
    return (
        staged if staged.manifest == manifest and (not staged.path or Path(staged.path).exists()) else None
    )


def _begin(folder: Path, manifest: Manifest) -> None:
    """The folder, with nothing in it that belongs to another inventory or was not finished."""
    of = folder / _OF
    with suppress(OSError):
        if of.read_text() != manifest.md5:
            discard(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    of.write_text(manifest.md5)
    for left in (_STAGED, _SORTED):
        (folder / left).unlink(missing_ok=True)
    shutil.rmtree(folder / "spill", ignore_errors=True)


def _read_all(store: Store, key: str, longest: int) -> bytes:
    """A whole object. Raises InventoryRefused when it has more than ``longest`` bytes."""
    parts = [store.read(key, 0, _CHUNK)]
    while len(parts[-1]) == _CHUNK:
        if len(parts) * _CHUNK >= longest:
            raise InventoryRefused(f"{key[-64:]!r} is larger than a manifest can be")
        parts.append(store.read(key, len(parts) * _CHUNK, _CHUNK))
    return b"".join(parts)


def _fetch(store: Store, file: DataFile, path: Path, check_stop: CheckStop) -> None:
    """Raises InventoryRefused unless the object is the one the manifest names."""
    key = _within(store, file.key)
    digest, offset = hashlib.md5(usedforsecurity=False), 0
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as written:
        while offset < file.size:
            check_stop()
            try:
                chunk = store.read(key, offset, min(_CHUNK, file.size - offset))
            except ObjectNotFound as error:
                raise InventoryRefused(f"its file {file.key[:128]!r} does not exist") from error
            if not chunk:
                break
            digest.update(chunk)
            written.write(chunk)
            offset += len(chunk)
    if digest.hexdigest() != file.md5:
        raise InventoryRefused(f"its file {file.key[:128]!r} has another MD5 than the manifest tells")
    part.rename(path)


def _within(store: Store, key: str) -> str:
    root = root_of(store.address)
    if not key.startswith(root):
        raise InventoryRefused(f"its file {key[:128]!r} lies outside of the bucket that is registered")
    return key[len(root) :]


def _by_key(told: str, manifest: Manifest) -> str:
    """With what the files are called in the bucket in place of their names here."""

    def key(name: re.Match[str]) -> str:
        number = int(name[1])
        return manifest.files[number].key if number < len(manifest.files) else name[0]

    ending = re.escape(_ENDINGS[manifest.file_format])
    return re.sub(rf"\b(\d{{1,6}})\.{ending}\b", key, told, flags=re.ASCII)


def _sort(job: Job, check_stop: CheckStop) -> Sorted:
    """In a process of its own: what a file does to its reader is not done to the server, and it ends when asked to."""
    with subprocess.Popen(
        [sys.executable, "-m", "bindery.buckets.inventory.sorting"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            process.stdin.flush()
            while process.poll() is None:
                check_stop()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_SECONDS)
            answer = process.stdout.read()
        finally:
            process.kill()
    try:
        return msgspec.json.decode(answer, type=Sorted)
    except msgspec.DecodeError:
        return Sorted(refusal="reading its files ended the process that did it; they are damaged")
