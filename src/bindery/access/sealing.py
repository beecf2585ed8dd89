"""Secrets that are kept must be usable for HMAC, so they are not hashed but sealed: AES-256-GCM with the id of their
access key as associated data. The sealing key is not in the catalog; without it a copied catalog opens nothing.

It comes from ``BINDERY_SEALING_KEY`` (the base64 of 32 bytes; several, newest first, with commas between), else from
the file ``sealing-key.json`` in the data folder or where ``access.sealing_key_file`` says, which is made at the first
start with mode 600. From each key further ones are derived (HKDF), one for each purpose.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import os
import secrets
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bindery.access.keys import KeysUnusable, write_private
from bindery.secrecy import Hiding

ENVIRONMENT = "BINDERY_SEALING_KEY"
FILE = "sealing-key.json"
LONGEST_SESSION_SECONDS = 43_200
"""So long a retired key still opens tokens of role sessions. Source: MaxSessionDuration of help page createrole."""

_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_FORMAT = b"\x01"
SEALED_WITH_BYTES = len(_FORMAT) + _ID_BYTES
"""Of what is sealed, those that name the key."""
_PURPOSES = ("access key secrets", "session tokens", "session secrets", "bucket addresses")


class CannotOpen(Exception):
    """Sealed with a key that is not here, for something else, or not by us at all."""


class SealingKey(Hiding, msgspec.Struct, frozen=True, rename="pascal"):
    """One key of the file. Times are whole seconds since 1970."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"key"})

    key: bytes
    """32 random bytes; base64 in the file."""
    made: int = 0
    retired: int = 0
    """When another took its place; 0 while it seals."""

    @property
    def id(self) -> bytes:
        """Tells which key sealed something, and nothing else about it."""
        return hashlib.sha256(b"bindery sealing key\0" + self.key).digest()[:_ID_BYTES]


class _KeyFile(msgspec.Struct, rename="pascal"):
    keys: list[SealingKey]
    """The newest, which seals, first."""


class _Derived(Hiding, msgspec.Struct, frozen=True):
    """What comes of one sealing key."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"secrets", "tokens", "session_secrets", "buckets"})

    id: bytes
    secrets: AESGCM
    tokens: AESGCM
    session_secrets: bytes
    buckets: AESGCM


class Sealer:
    """Seals and opens; safe for threads. Servers may have one file: each takes in what another one writes into it."""

    def __init__(self, keys: Iterable[SealingKey], path: Path | None = None) -> None:
        """``keys``: the newest first; with none everything is lost. ``path``: the file that they came from, if any."""
        self._path = path
        self._seen: tuple[int, ...] | None = None
        """What told the file from others when it was read."""
        self._reading = threading.RLock()
        self._set(list(keys))
        self.sealing = threading.RLock()
        """Held from the sealing of a secret until it is kept, and while the newest key changes: what is sealed with a
        key is in the catalog before that key retires."""
        self.resealing = threading.Lock()
        """Held while everything is sealed anew: what an earlier run still reads must not retire beside it."""

    def _set(self, keys: list[SealingKey]) -> None:
        self._keys = keys
        derived = [_derive(key) for key in keys]
        self._newest = derived[0] if derived else None
        self._by_id = {each.id: each for each in derived}

    def renew(self) -> None:
        """Take in what the file says by now; one that cannot be read changes nothing."""
        if self._path is None or (found := _told_apart(self._path)) in (None, self._seen):
            return
        with self._reading, suppress(OSError, KeysUnusable):
            if found != self._seen:
                self._set(_read_keys(self._path, self._path.read_bytes()))
                self._seen = found

    @property
    def newest_id(self) -> bytes:
        """Of the key that seals."""
        return self._sealing_key().id

    @property
    def changeable(self) -> bool:
        """Whether a new key can be made here; one of the environment is changed there."""
        return self._path is not None

    def seal(self, secret: str, key_id: str) -> bytes:
        """The secret of an access key, for this key alone."""
        newest = self._sealing_key()
        return _FORMAT + newest.id + _encrypt(newest.secrets, secret.encode(), key_id)

    def open(self, sealed: bytes, key_id: str) -> str:
        """Raises CannotOpen."""
        return _decrypt(self._key_of(sealed).secrets, sealed, key_id).decode()

    def seal_token(self, content: bytes, context: str) -> bytes:
        """What a security token says."""
        newest = self._sealing_key()
        return _FORMAT + newest.id + _encrypt(newest.tokens, content, context)

    def open_token(self, sealed: bytes, context: str) -> bytes:
        """What it says. Raises CannotOpen."""
        return _decrypt(self._key_of(sealed).tokens, sealed, context)

    def seal_bucket(self, address: bytes, bucket: str) -> bytes:
        """Where a registered bucket is, for this name alone."""
        newest = self._sealing_key()
        return _FORMAT + newest.id + _encrypt(newest.buckets, address, bucket)

    def open_bucket(self, sealed: bytes, bucket: str) -> bytes:
        """Raises CannotOpen."""
        return _decrypt(self._key_of(sealed).buckets, sealed, bucket)

    def session_digest(self, text: str, sealed: bytes) -> bytes:
        """64 bytes that only the holder of the key can tell that ``sealed`` was made with. Raises CannotOpen."""
        return hmac.digest(self._key_of(sealed).session_secrets, text.encode(), "sha512")

    def knows(self, sealed: bytes) -> bool:
        """Whether the key is here that this was sealed with."""
        return self._find_key(sealed) is not None

    def _sealing_key(self) -> _Derived:
        self.renew()
        assert self._newest is not None, "there is no sealing key"
        return self._newest

    def _key_of(self, sealed: bytes) -> _Derived:
        found = self._find_key(sealed)
        if found is None:
            raise CannotOpen
        return found

    def _find_key(self, sealed: bytes) -> _Derived | None:
        if sealed[:1] != _FORMAT:
            return None
        key_id = sealing_key_id(sealed)
        if key_id not in self._by_id:
            self.renew()
        return self._by_id.get(key_id)

    # a new key in place of the old one, see resealing.py

    def add_newest(self) -> None:
        """From now on a new key seals; the file has it before anything is sealed with it. Raises KeysUnusable."""
        now = int(time.time())
        with self.sealing, self._changing():
            others = [_retired(key, now) for key in self._keys]
            self._write([SealingKey(secrets.token_bytes(_KEY_BYTES), made=now), *others])

    def forget(self, *, needed: frozenset[bytes], at_once: bool) -> int:
        """Drop retired keys but those that are ``needed``; ``at_once``: also those that tokens may need still.

        How many are left besides the newest. Raises KeysUnusable.
        """
        before = int(time.time()) if at_once else int(time.time()) - LONGEST_SESSION_SECONDS
        with self.sealing, self._changing():
            newest, *others = self._keys
            kept = [key for key in others if key.id in needed or key.retired > before]
            if len(kept) != len(others):
                self._write([newest, *kept])
            return len(kept)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Nobody else changes the file between what is known of it and what is written."""
        with self._reading, _held_alone(self._path):
            self.renew()
            yield

    def _write(self, keys: list[SealingKey]) -> None:
        if self._path is None:
            raise KeysUnusable(
                f"the sealing key comes from {ENVIRONMENT}; put a new one in front of it there, with a comma between"
            )
        _write_keys(self._path, keys)
        self._set(keys)
        self._seen = _told_apart(self._path)


def sealing_key_id(sealed: bytes) -> bytes:
    """Which key sealed this."""
    return sealed[1 : 1 + _ID_BYTES]


def load_sealer(data: Path, file: Path | None = None) -> Sealer | None:
    """The sealing keys of the environment or the file; None when there are none yet. Raises KeysUnusable."""
    given = os.environ.get(ENVIRONMENT)
    if given:
        return Sealer([SealingKey(_decode(text)) for text in given.split(",")])
    path = file or data / FILE
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeysUnusable(f"the sealing key {path} cannot be read ({error.strerror})") from error
    if mode & stat.S_IRWXO:
        raise KeysUnusable(f"others may read the sealing key {path}; protect it with: chmod 600 {path}")
    return Sealer(_read_keys(path, content), path)


def make_sealer(data: Path, file: Path | None = None) -> Sealer:
    """A first sealing key, in its file. Raises KeysUnusable."""
    path = file or data / FILE
    keys = [SealingKey(secrets.token_bytes(_KEY_BYTES), made=int(time.time()))]
    _write_keys(path, keys)
    return Sealer(keys, path)


def _told_apart(path: Path) -> tuple[int, ...] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino, told.st_mtime_ns, told.st_size


@contextmanager
def _held_alone(path: Path | None) -> Iterator[None]:
    """A file that is exchanged, by the folder that it is in; not every file system of a network can hold one."""
    with ExitStack() as held:
        with suppress(OSError):
            if path is not None:
                folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
                held.callback(os.close, folder)
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield


def _read_keys(path: Path, content: bytes) -> list[SealingKey]:
    try:
        keys = msgspec.json.decode(content, type=_KeyFile).keys
    except msgspec.DecodeError:
        keys = []
    if not keys or any(len(key.key) != _KEY_BYTES for key in keys):
        raise KeysUnusable(f"{path} is no file of sealing keys; restore it from a backup")
    return keys


def _write_keys(path: Path, keys: list[SealingKey]) -> None:
    try:
        write_private(path, msgspec.json.encode(_KeyFile(keys)))
    except OSError as error:
        raise KeysUnusable(f"the sealing key {path} cannot be written ({error.strerror})") from error


def _decode(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().translate({ord("-"): "+", ord("_"): "/"}), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise KeysUnusable(
            f"{ENVIRONMENT} must be the base64 of 32 random bytes; make it with: openssl rand -base64 32"
        )
    return key


def _retired(key: SealingKey, now: int) -> SealingKey:
    return key if key.retired else msgspec.structs.replace(key, retired=now)


def _derive(key: SealingKey) -> _Derived:
    """A key for each purpose, so that nothing sealed for one of them is ever good for another."""
    for_secrets, for_tokens, for_sessions, for_buckets = (
        HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"bindery {purpose}".encode()).derive(key.key)
        for purpose in _PURPOSES
    )
    return _Derived(key.id, AESGCM(for_secrets), AESGCM(for_tokens), for_sessions, AESGCM(for_buckets))


def _encrypt(cipher: AESGCM, content: bytes, context: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, content, context.encode())


def _decrypt(cipher: AESGCM, sealed: bytes, context: str) -> bytes:
    at = 1 + _ID_BYTES
    nonce, content = sealed[at : at + _NONCE_BYTES], sealed[at + _NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, content, context.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen from error
