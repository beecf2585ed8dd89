"""The account's own keys, where they are: at the running server, else in the record of its data folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import click
import msgspec
import structlog

from bindery.access.keys import AccessKey
from bindery.access.resealing import reseal
from bindery.access.sealed_keys import make_sealed_key, open_sealer
from bindery.access.sealing import Sealer
from bindery.catalog.access_records import EntityNotFound
from bindery.catalog.catalog import AccessRecord
from bindery.catalog.opening import open_access
from bindery.catalog.records import CatalogInUse
from bindery.cli.access.ram import Ram
from bindery.cli.client import ApiError, Client, connect
from bindery.config import Config
from bindery.data_folder import find_server_address, give_to_owner
from bindery.log import structlog_configured

_NOT_FOUND = "EntityNotExist.User.AccessKey"


class ListedKey(msgspec.Struct, frozen=True):
    """A key without its secret."""

    id: str
    active: bool
    label: str


class AccountKeys(Protocol):
    """What the commands do with keys."""

    def list(self) -> list[ListedKey]:
        """The oldest first."""

    def add(self, label: str) -> AccessKey:
        """A key, with its secret."""

    def set_active(self, key_id: str, *, active: bool) -> bool:
        """Whether there is such a key."""

    def remove(self, key_id: str) -> bool:
        """Whether there was such a key."""

    def reseal(self, *, at_once: bool) -> tuple[int, tuple[str, ...]]:
        """How many secrets are sealed anew, and ids of the keys whose secrets cannot be opened."""


class _RecordKeys:
    """Of the record, which no server has open."""

    def __init__(self, record: AccessRecord, sealer: Sealer) -> None:
        self._record, self._keys = record, record.access_keys
        self._sealer = sealer

    def list(self) -> list[ListedKey]:
        return [ListedKey(key.id, key.active, key.label) for key in self._keys.list(None)]

    def add(self, label: str) -> AccessKey:
        return make_sealed_key(self._keys, self._sealer, None, label=label)[1]

    def set_active(self, key_id: str, *, active: bool) -> bool:
        return _found(lambda: self._keys.set_active(None, key_id, active=active))

    def remove(self, key_id: str) -> bool:
        return _found(lambda: self._keys.delete(None, key_id))

    def reseal(self, *, at_once: bool) -> tuple[int, tuple[str, ...]]:
        done = reseal(self._sealer, self._record, at_once=at_once)
        return done.secrets, done.lost


class _ServerKeys:
    """Of a running server; the root key asks for those of the account by naming no user."""

    def __init__(self, client: Client) -> None:
        self._ram = Ram(client)

    def list(self) -> list[ListedKey]:
        rows = self._ram.call("ListAccessKeys")["AccessKeys"]["AccessKey"]
        return [
            ListedKey(row["AccessKeyId"], row["Status"] == "Active", row.get("Label", "")) for row in rows
        ]

    def add(self, label: str) -> AccessKey:
        made = self._ram.call("CreateAccessKey", Label=label or None)["AccessKey"]
        return AccessKey(made["AccessKeyId"], made["AccessKeySecret"])

    def set_active(self, key_id: str, *, active: bool) -> bool:
        status = "Active" if active else "Inactive"
        return _found(lambda: self._ram.call("UpdateAccessKey", UserAccessKeyId=key_id, Status=status))

    def remove(self, key_id: str) -> bool:
        return _found(lambda: self._ram.call("DeleteAccessKey", UserAccessKeyId=key_id))

    def reseal(self, *, at_once: bool) -> tuple[int, tuple[str, ...]]:
        done = self._ram.client.call("ResealAccessKeys", AtOnce=at_once)
        return int(done["Resealed"]), tuple(done.get("Lost", ()))


def _found(change: Callable[[], object]) -> bool:
    try:
        change()
    except EntityNotFound:
        return False
    except ApiError as error:
        if error.code != _NOT_FOUND:
            raise
        return False
    return True


@contextmanager
def open_account_keys(config: Config) -> Iterator[AccountKeys]:
    """Of the server that runs on the data folder, by its API with the root key; of the record while none runs."""
    with ExitStack() as opened:
        try:
            record, sealer = opened.enter_context(open_stopped(config))
        except CatalogInUse:
            yield _ServerKeys(connect(_address(config.data), config.data))
        else:
            yield _RecordKeys(record, sealer)


@contextmanager
def open_stopped(config: Config) -> Iterator[tuple[AccessRecord, Sealer]]:
    """Record and sealing key of a data folder. Raises CatalogInUse while a server runs, KeysUnusable."""
    with open_stopped_record(config) as record:
        yield record, open_sealer(record, config.data, config.access.sealing_key_file)


@contextmanager
def open_stopped_record(config: Config) -> Iterator[AccessRecord]:
    """The record of a data folder. Raises CatalogInUse while a server runs."""
    # A command says what it was asked for on its standard output, and nothing else.
    to_stderr = structlog_configured(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        with to_stderr, open_access(config.catalog.url, config.data) as record:
            yield record
    finally:
        give_to_owner(config.data)


def _address(data: Path) -> str:
    address = find_server_address(data)
    if address is None:
        raise click.ClickException(f"a server is starting on {data}; try again when it is ready")
    return address
