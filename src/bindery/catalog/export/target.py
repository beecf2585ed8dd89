"""Where an export goes: a folder here, or what somebody else puts files into."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from bindery.catalog.records import CatalogInUse
from bindery.data_folder import replace_private, sync_folder

UNFINISHED = ".unfinished"


class Target(Protocol):
    """Files by their names."""

    @property
    def scratch(self) -> Path:
        """A folder for what is being made."""

    def read(self, name: str) -> bytes | None:
        """A small file; None when it is not there."""

    def has(self, name: str) -> bool:
        """Whether something of this name is there."""

    def put(self, name: str, made: Path) -> None:
        """Take a file of the scratch folder, in the place of one of this name. It is whole or not there."""

    def write(self, name: str, content: bytes) -> None:
        """The same of a small file."""

    def close(self) -> None:
        """Leave nothing behind but what was put."""


class FolderTarget:
    """A folder of this machine, which is made. Raises OSError; CatalogInUse when another export writes there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_new = not folder.exists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._renew()
        except OSError as error:
            os.close(self._lock)
            if not isinstance(error, BlockingIOError):
                raise
            raise CatalogInUse(
                f"another export writes to {folder}; wait for it, or name another folder"
            ) from error

    def _renew(self) -> None:
        """What an earlier one has not finished is made again."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(mode=0o700)

    @property
    def scratch(self) -> Path:
        """On the same disk."""
        return self.folder / UNFINISHED

    def read(self, name: str) -> bytes | None:
        """A small file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        """Also a folder, or a link that leads nowhere."""
        return os.path.lexists(self.folder / name)

    def put(self, name: str, made: Path) -> None:
        """Written through before it gets its name."""
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.chmod(0o600)
        made.replace(self.folder / name)
        sync_folder(self.folder)

    def write(self, name: str, content: bytes) -> None:
        """A small file."""
        replace_private(self.folder / name, content)

    def close(self) -> None:
        """Another export may come."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        if self._is_new:
            with suppress(OSError):  # it has something in it
                self.folder.rmdir()
        os.close(self._lock)
