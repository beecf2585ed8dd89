"""Access key pairs, and the root key: the one secret that is kept outside of the record.

The root key comes from the environment, else is made at the first start and kept in ``root-key.json``, mode 600.
"""

from __future__ import annotations

import os
import secrets
import string
from pathlib import Path
from typing import ClassVar

import msgspec

from bindery.data_folder import replace_private
from bindery.secrecy import Hiding

_ID_CHARACTERS = string.ascii_letters + string.digits
_ROOT_FILE = "root-key.json"


class KeysUnusable(Exception):
    """The keys cannot be read; the message says what to do."""


class AccessKey(
    Hiding, msgspec.Struct, frozen=True, rename={"id": "AccessKeyId", "secret": "AccessKeySecret"}
):
    """An access key pair. Its representation hides the secret."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"secret"})

    id: str
    secret: str


def make_key() -> AccessKey:
    """A fresh pair, in the vendor's lengths."""
    return AccessKey("LTAI" + _random(20), _random(30))


def make_session_key_id() -> str:
    """The id of a temporary key, in the vendor's form."""
    return "STS.N" + _random(24)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(length))


def open_root_key(data: Path) -> tuple[AccessKey, bool]:
    """The root key, and whether it was made now. Raises KeysUnusable."""
    key_id = os.environ.get("BINDERY_ACCESS_KEY_ID")
    secret = os.environ.get("BINDERY_ACCESS_KEY_SECRET")
    if key_id and secret:
        return AccessKey(key_id, secret), False
    if key_id or secret:
        raise KeysUnusable("set both BINDERY_ACCESS_KEY_ID and BINDERY_ACCESS_KEY_SECRET, or neither")
    kept = read_root_key(data)
    if kept is not None:
        return kept, False
    if (data / _ROOT_FILE).exists():
        raise KeysUnusable(f"{data / _ROOT_FILE} is no key file; restore it, or remove it for a new key")
    made = make_key()
    write_private(data / _ROOT_FILE, msgspec.json.encode(made))
    return made, True


def root_key_file(data: Path) -> Path:
    """Where a root key that was made here is kept, with mode 600."""
    return data / _ROOT_FILE


def read_root_key(data: Path) -> AccessKey | None:
    """The root key kept in the data folder; None when there is none."""
    try:
        return msgspec.json.decode((data / _ROOT_FILE).read_bytes(), type=AccessKey)
    except (OSError, msgspec.DecodeError):
        return None


def write_private(path: Path, content: bytes) -> None:
    """The same as ``replace_private``, in a folder that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_private(path, content)
