"""The data folder: made for its owner alone, since it holds keys and what is in everybody's files."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import structlog

_OURS = (
    "catalog.db*",
    "index*",
    "text*",
    "lock",
    "*.json",
    "used-nonces",
    "audit",
    "server-address*",
    "server-name",
    "thumbnails",
    "inventories",
)
"""What Bindery makes in it; a folder that was chosen badly may hold other things, too."""
_ADDRESS = "server-address"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_log = structlog.get_logger()


class DataFolderUnusable(OSError):
    """The folder cannot be made; the message says what to do."""


def open_data_folder(folder: Path) -> None:
    """Make the folder, or mend who may read one that an earlier version made. Raises DataFolderUnusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DataFolderUnusable(
            f"the data folder {folder} cannot be made ({error.strerror}); choose another with --data, or give this "
            "user the right"
        ) from error
    try:
        _close_to_others(folder.resolve())
        for pattern in _OURS:
            for made in folder.glob(pattern):
                for path in (made, *made.rglob("*")):
                    with contextlib.suppress(FileNotFoundError):
                        _close_to_others(path)
    except OSError as error:
        _log.warning(
            "others may be able to read the data folder; make its owner the user of the server",
            folder=str(folder),
            problem=error.strerror,
        )


def _close_to_others(path: Path) -> None:
    mode = path.lstat().st_mode
    if mode & _OTHERS and not stat.S_ISLNK(mode):
        path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def give_to_owner(folder: Path) -> None:
    """What root has made of the record belongs to the owner of the folder, who runs the server.

    Only files with one name are given away: others may be links that somebody has put there.
    """
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for made in (*folder.glob("catalog.db*"), folder / "lock"):
        with contextlib.suppress(FileNotFoundError):
            found = made.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == 0:
                os.chown(made, owner.st_uid, owner.st_gid, follow_symlinks=False)


def sync_folder(folder: Path) -> None:
    """A file that was made or renamed survives a power failure once its folder is written. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def paths_told(path: Path) -> Iterator[None]:
    """Within, errors of the system name the file: those of writing know none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def replace_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole, readable only by its owner, who is that of the folder: a key that the administrator
    makes must be readable to the server. Raises OSError."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with paths_told(temporary), os.fdopen(descriptor, "wb") as file:
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def write_server_address(folder: Path, url: str) -> None:
    """Where the server of this folder is: commands that are told the folder find it so, at any moment the whole of it.
    It may not be kept."""
    written = folder / f"{_ADDRESS}.new"
    try:
        written.write_text(url)
        written.replace(folder / _ADDRESS)
    except OSError as error:
        _log.warning("the address of the server is not kept in the data folder", problem=error.strerror)


def forget_server_address(folder: Path) -> None:
    """The server ends."""
    with contextlib.suppress(OSError):
        (folder / _ADDRESS).unlink()


def find_server_address(folder: Path) -> str | None:
    """Where the server of this folder was last; None when that is not known. It may be gone."""
    try:
        return (folder / _ADDRESS).read_text() or None
    except (OSError, UnicodeDecodeError):
        return None
