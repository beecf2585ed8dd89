"""Access keys of the account: the root key and any number of further ones.

The root key comes from the environment, else is made at the first start and kept in ``root-key.json``.
Further keys stand in ``access-keys.json`` (a list of AccessKeyId, AccessKeySecret, Active, Label); the file is
read again when it changes, so a running server knows them with the next call. Both files have mode 600.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import msgspec
import structlog

from bindery.secrecy import Hiding

_ID_CHARACTERS = string.ascii_letters + string.digits
_ROOT_FILE = "root-key.json"
_KEYS_FILE = "access-keys.json"
_log = structlog.get_logger()


class KeysUnusable(Exception):
    """The keys cannot be read; the message says what to do."""


class AccessKey(
    Hiding, msgspec.Struct, frozen=True, rename={"id": "AccessKeyId", "secret": "AccessKeySecret"}
):
    """An access key pair. Its representation hides the secret."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"secret"})

    id: str
    secret: str
    active: bool = msgspec.field(default=True, name="Active")
    label: str = msgspec.field(default="", name="Label")
    """Whose key it is, in the operator's words."""


class AccessKeys:
    """Looks keys up by id; safe for threads."""

    def __init__(self, data: Path, *, account_id: str) -> None:
        self.account_id = account_id
        self.newly_made: AccessKey | None = None
        """The root key, when this start made it."""
        self._root = self._root_key(data)
        self._path = data / _KEYS_FILE
        self._further: dict[str, AccessKey] = {}
        self._version: tuple[int, int, int] | None = None
        """Which version of their file was read."""
        self._lock = threading.Lock()

    def find(self, key_id: str) -> AccessKey | None:
        """The key with this id, active or not."""
        if key_id == self._root.id:
            return self._root
        self._refresh()
        return self._further.get(key_id)

    def _root_key(self, data: Path) -> AccessKey:
        key_id = os.environ.get("BINDERY_ACCESS_KEY_ID")
        secret = os.environ.get("BINDERY_ACCESS_KEY_SECRET")
        if key_id and secret:
            return AccessKey(key_id, secret)
        if key_id or secret:
            raise KeysUnusable("set both BINDERY_ACCESS_KEY_ID and BINDERY_ACCESS_KEY_SECRET, or neither")
        kept = read_root_key(data)
        if kept is not None:
            return kept
        if (data / _ROOT_FILE).exists():
            raise KeysUnusable(
                f"{data / _ROOT_FILE} is no key file; restore it, or remove it for a new key"
            )
        self.newly_made = make_key()
        write_private(data / _ROOT_FILE, msgspec.json.encode(self.newly_made))
        return self.newly_made

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            version = status.st_mtime_ns, status.st_ino, status.st_size
        except OSError:
            version = None
        with self._lock:
            if version == self._version:
                return
            self._version = version
            try:
                self._further = {key.id: key for key in read_keys(self._path)}
            except KeysUnusable as error:
                _log.error("the earlier access keys stay in force", problem=str(error))


def make_key() -> AccessKey:
    """A fresh pair, in the vendor's lengths."""
    key_id = "LTAI" + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(20))
    return AccessKey(key_id, "".join(secrets.choice(_ID_CHARACTERS) for _ in range(30)))


def root_key_file(data: Path) -> Path:
    """Where a root key that was made here is kept, with mode 600."""
    return data / _ROOT_FILE


def read_root_key(data: Path) -> AccessKey | None:
    """The root key kept in the data folder; None when there is none."""
    try:
        return msgspec.json.decode((data / _ROOT_FILE).read_bytes(), type=AccessKey)
    except (OSError, msgspec.DecodeError):
        return None


def read_keys(path: Path) -> list[AccessKey]:
    """The keys of a file; none when it is missing. Raises KeysUnusable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[AccessKey])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        raise KeysUnusable(f"{path} cannot be read as a list of access keys: {error}") from error


def add_key(data: Path, label: str = "") -> AccessKey:
    """Make a further key in the data folder. Raises KeysUnusable."""
    key = msgspec.structs.replace(make_key(), label=label)
    with _changing(data) as keys:
        keys.append(key)
    return key


def set_active(data: Path, key_id: str, *, active: bool) -> bool:
    """Enable or disable a further key; False when there is none with this id. Raises KeysUnusable."""
    with _changing(data) as keys:
        places = [place for place, key in enumerate(keys) if key.id == key_id]
        for place in places:
            keys[place] = msgspec.structs.replace(keys[place], active=active)
    return bool(places)


def remove_key(data: Path, key_id: str) -> bool:
    """Forget a further key; False when there is none with this id. Raises KeysUnusable."""
    with _changing(data) as keys:
        places = [place for place, key in enumerate(keys) if key.id == key_id]
        for place in reversed(places):
            del keys[place]
    return bool(places)


def further_keys(data: Path) -> list[AccessKey]:
    """The keys besides the root key. Raises KeysUnusable."""
    return read_keys(data / _KEYS_FILE)


@contextmanager
def _changing(data: Path) -> Iterator[list[AccessKey]]:
    """The further keys, to be changed in place; written when they differ. One at a time does so."""
    data.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = further_keys(data)
        keys = list(before)
        yield keys
        if keys != before:
            write_private(data / _KEYS_FILE, msgspec.json.encode(keys))
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole, readable only by its owner, who is that of the folder: a key that the
    administrator adds must be readable to the server."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
