"""A data folder belongs to one process, and holds a whole record or says that it does not."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bindery.catalog.records import CatalogInUse, CatalogUnusable
from bindery.data_folder import replace_private, sync_folder

LOCK = "lock"
_SERVER = "server-name"
_LONGEST_NAME = 1_024
UNFINISHED = "unfinished"
"""A file that is there while the record is put into the folder from elsewhere; it tells what to do."""


def lock_folder(folder: Path) -> int:
    """The descriptor that holds the lock until it is closed.

    Raises CatalogUnusable, also for a folder whose record is not all there, CatalogInUse.
    """
    descriptor = _lock(folder)
    with suppress(OSError):
        advice = (folder / UNFINISHED).read_text("utf-8")
        os.close(descriptor)
        raise CatalogUnusable(f"the record in {folder} is not all there: {advice}")
    return descriptor


@contextmanager
def filling_folder(folder: Path, advice: str) -> Iterator[None]:
    """Held while a record is put there, and let go once it is whole.

    After a failure or a crash within, the folder is refused with ``advice``. Raises CatalogUnusable, CatalogInUse,
    OSError.
    """
    descriptor = lock_folder(folder)
    try:
        replace_private(folder / UNFINISHED, advice.encode())
        yield
        sync_folder(folder)
        (folder / UNFINISHED).unlink()
        sync_folder(folder)
    finally:
        os.close(descriptor)


def former_server(folder: Path) -> str:
    """Who has noted its name in a folder before, and is gone when the folder could be locked; empty when unknown."""
    try:
        with (folder / _SERVER).open(encoding="utf-8") as file:
            return file.read(_LONGEST_NAME)
    except (OSError, UnicodeError):
        return ""


def note_server(folder: Path, name: str) -> None:
    """Let whoever locks the folder next know who had it. It may not be kept: he waits for leases to end, then."""
    with suppress(OSError):
        replace_private(folder / _SERVER, name.encode())


def _lock(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CatalogUnusable(
            f"the data folder {folder} cannot be written ({error.strerror}); give this user the right, or choose "
            "another with --data"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise CatalogInUse(
            f"the data folder {folder} is in use by another Bindery; stop that one, or choose another with --data"
        ) from error
    return descriptor
