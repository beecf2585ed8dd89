"""A data folder belongs to one process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bindery.catalog.records import CatalogInUse, CatalogUnusable


def lock_folder(folder: Path) -> int:
    """The descriptor that holds the lock until it is closed. Raises CatalogUnusable, CatalogInUse."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
