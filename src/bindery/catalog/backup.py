"""Copies of a record in SQLite: made while a server writes to it, checked, and put into a new data folder.

A backup is a folder with ``catalog.db``, other files of the data folder, and ``manifest.json``, which is written last
and tells what belongs to it. The index is not in it: it is derived from the record.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import bindery
from bindery.catalog.record.folder_lock import LOCK, UNFINISHED, filling_folder
from bindery.catalog.record.migrations import load_migrations
from bindery.catalog.record.sqlite.inspection import read_only_address
from bindery.catalog.records import CatalogError
from bindery.data_folder import (
    DataFolderUnusable,
    open_data_folder,
    paths_told,
    replace_private,
    sync_folder,
)

RECORD = "catalog.db"
MANIFEST = "manifest.json"
_PAGES_AT_ONCE = 256
"""Of 4 KiB each; between two steps the progress is told, and Ctrl-C is heard."""
_COPIED_AT_ONCE = 1 << 20
_LOCK_SECONDS = 10.0
_FORMAT = 1
_RESTORE_AGAIN = "bindery restore was ended before it was done; remove this folder, and restore again"

Progress = Callable[[str, int, int], None]
"""Told what is done, how far, and of how much."""


class BackupUnusable(CatalogError):
    """No backup can be made, or this one cannot be restored; the message says what to do."""


class BackedUpFile(msgspec.Struct, frozen=True, rename="pascal"):
    """A file of a backup. ``size``: bytes."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, rename="pascal"):
    """What a backup holds. ``schema``: number of the newest migration; ``rows``: of each table of the record."""

    format: int
    bindery: str
    made: datetime
    schema: int
    rows: dict[str, int]
    files: tuple[BackedUpFile, ...]


def make_backup(data: Path, folder: Path, others: Mapping[str, Path], progress: Progress) -> Manifest:
    """Copy the record of ``data`` as it is now, and ``others`` by their names in the backup, into an empty folder.

    After a failure it is empty again, so that the same can be tried again once there is room. Raises
    BackupUnusable, OSError.
    """
    record = data / RECORD
    if not record.is_file():
        raise BackupUnusable(f"no catalog in {data}; name the data folder of the server with --data")
    if _is_cut_off(folder, others):
        raise BackupUnusable(
            f"the folder {folder} is not empty: it has a {RECORD} without a {MANIFEST}, as a backup leaves it that was "
            "killed; remove it if it is that, or choose another for the backup"
        )
    _require_empty(folder, "choose another for the backup")
    _make_folder(folder)
    os.close(os.open(folder / RECORD, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        return _fill(record, folder, others, progress)
    except BaseException:
        _empty(folder, others)
        raise


def _make_folder(folder: Path) -> None:
    try:
        open_data_folder(folder)
    except DataFolderUnusable as error:
        why = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error
        raise BackupUnusable(
            f"the folder {folder} cannot be made ({why}); choose another for the backup, or give this user the right"
        ) from error


def _written(others: Iterable[str]) -> set[str]:
    """Names of all files that making a backup writes, those that are not complete among them."""
    names = {RECORD, f"{RECORD}-journal", *others, MANIFEST}
    return names | {f"{name}.new" for name in names}


def _empty(folder: Path, others: Iterable[str]) -> None:
    for name in _written(others):
        with suppress(OSError):
            (folder / name).unlink()


def _fill(record: Path, folder: Path, others: Mapping[str, Path], progress: Progress) -> Manifest:
    made = datetime.now(UTC)
    _copy_record(record, folder / RECORD, progress)
    schema, rows = _examine(folder / RECORD, progress)
    files = [_describe(folder / RECORD, progress)]
    for name, path in others.items():
        replace_private(folder / name, path.read_bytes())
        files.append(_describe(folder / name, progress))
    manifest = Manifest(_FORMAT, bindery.__version__, made, schema, rows, tuple(files))
    written = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    replace_private(folder / MANIFEST, written)
    sync_folder(folder.resolve().parent)
    return manifest


def verify_backup(folder: Path, progress: Progress) -> Manifest:
    """Read all of a backup: each file is as the manifest says, the record is sound, and can be used by this Bindery.

    Raises BackupUnusable, OSError.
    """
    manifest = _read_manifest(folder)
    for file in manifest.files:
        try:
            found = _describe(folder / file.name, progress)
        except FileNotFoundError as error:
            raise BackupUnusable(f"{folder / file.name} is missing; take another backup") from error
        if found != file:
            raise BackupUnusable(
                f"{folder / file.name} is not as it was backed up: {found.size:,} bytes of {file.size:,}, SHA-256 "
                f"{found.sha256} instead of {file.sha256}; take another backup"
            )
    if _examine(folder / RECORD, progress) != (manifest.schema, manifest.rows):
        raise BackupUnusable(f"{folder / RECORD} does not hold what {MANIFEST} tells; take another backup")
    newest = max(load_migrations("sqlite"))
    if manifest.schema > newest:
        raise BackupUnusable(
            f"the backup was made by a newer Bindery, {manifest.bindery} (schema {manifest.schema}, this one knows "
            f"{newest}); restore it with that one"
        )
    return manifest


def restore_backup(folder: Path, data: Path, progress: Progress) -> Manifest:
    """Verify a backup, and make a data folder of it, which must be empty or not there.

    A crash leaves a folder that no server starts on. Raises BackupUnusable, CatalogUnusable, CatalogInUse, OSError.
    """
    _require_empty(data, "restore into a new one, and give that to the server")
    manifest = verify_backup(folder, progress)
    open_data_folder(data)
    with filling_folder(data, _RESTORE_AGAIN):
        for file in manifest.files:
            if _copy(folder / file.name, data / file.name, file.size, progress) != file.sha256:
                raise BackupUnusable(f"{folder / file.name} changed while it was read; restore again")
    return manifest


def _copy_record(record: Path, target: Path, progress: Progress) -> None:
    """One snapshot, whatever is written meanwhile: without it each write would begin the copy anew."""

    def tell(_status: int, remaining: int, total: int) -> None:
        progress("copying the record", total - remaining, total)

    with _told(record), closing(_read_only(record)) as source, closing(sqlite3.connect(target)) as copy:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        source.backup(copy, pages=_PAGES_AT_ONCE, progress=tell)
        copy.execute(
            "PRAGMA journal_mode = DELETE"
        )  # one file, that can be read where nothing can be written


def _examine(record: Path, progress: Progress) -> tuple[int, dict[str, int]]:
    """Schema and rows of each table of a record that nobody writes to. Raises BackupUnusable when it is not sound."""
    with _told(record), closing(_read_only(record, "&immutable=1")) as connection:
        progress("checking the record", 0, 0)
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if answer != "ok":
            raise BackupUnusable(f"{record} is damaged: {answer}; take another backup")
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        rows = {}
        for position, (name,) in enumerate(tables):
            progress("counting rows", position, len(tables))
            quoted = name.replace('"', '""')
            counted = f'SELECT count(*) FROM "{quoted}"'  # noqa: S608 - a name cannot be a parameter
            rows[name] = int(connection.execute(counted).fetchone()[0])
    return schema, rows


def _read_only(path: Path, options: str = "") -> sqlite3.Connection:
    return sqlite3.connect(
        read_only_address(path, f"mode=ro{options}"), uri=True, timeout=_LOCK_SECONDS, isolation_level=None
    )


@contextmanager
def _told(record: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupUnusable(
            f"{record} cannot be copied or read ({error}); see that the disk has room, that this user may read the "
            "folder, and what bindery doctor says"
        ) from error


def _describe(path: Path, progress: Progress) -> BackedUpFile:
    size, digest = path.stat().st_size, hashlib.sha256()
    for block in _blocks(path, size, f"reading {path.name}", progress):
        digest.update(block)
    return BackedUpFile(path.name, size, digest.hexdigest())


def _copy(source: Path, target: Path, size: int, progress: Progress) -> str:
    """Its SHA-256. The copy is on the disk, for the owner of its folder alone."""
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with paths_told(target), os.fdopen(descriptor, "wb") as file:
        if os.geteuid() == 0:
            owner = target.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        for block in _blocks(source, size, f"restoring {source.name}", progress):
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(descriptor)
    return digest.hexdigest()


def _blocks(path: Path, size: int, doing: str, progress: Progress) -> Iterator[bytes]:
    with path.open("rb") as file:
        done = 0
        while block := file.read(_COPIED_AT_ONCE):
            yield block
            done += len(block)
            progress(doing, done, size)


def _read_manifest(folder: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise BackupUnusable(
            f"{folder} is no backup, or one that was not finished: it has no {MANIFEST}; take another"
        ) from error
    except msgspec.DecodeError as error:
        raise BackupUnusable(f"{folder / MANIFEST} is damaged ({error}); take another backup") from error
    names = [file.name for file in manifest.files]
    plain = all(name == Path(name).name and name not in ("", ".", "..", LOCK, MANIFEST) for name in names)
    if manifest.format != _FORMAT or RECORD not in names or len(set(names)) != len(names) or not plain:
        raise BackupUnusable(
            f"{folder / MANIFEST} was written by a newer Bindery ({manifest.bindery}), or by none; use that one"
        )
    return manifest


def _is_cut_off(folder: Path, others: Iterable[str]) -> bool:
    """Whether a folder holds the beginning of a backup, as one leaves it that was killed."""
    found = _names_in(folder)
    return RECORD in found and MANIFEST not in found and found <= _written(others)


def _names_in(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return set()


def _require_empty(folder: Path, advice: str) -> None:
    found = _names_in(folder) - {LOCK}
    if UNFINISHED in found:
        raise BackupUnusable(
            f"the folder {folder} is not empty: {(folder / UNFINISHED).read_text('utf-8')}"
        )
    if found:
        raise BackupUnusable(f"the folder {folder} is not empty; {advice}")
