"""What users, keys, groups, roles and policies share: transactions that caches hear of, ids, and names."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import load_statements

_SQL = load_statements("access")
_LETTERS_AND_DIGITS = string.ascii_lowercase + string.digits


class Access:
    """The record, for changes of who may do what. ``version`` is one more after each of them.

    It is held in memory, so that every call may ask for it, where nobody else writes to this record. Where others do it
    is read each time: a key that was deleted on one server is refused by the next call on any other.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self.shared = database.servers.shared
        self._version = self._read_version()

    @property
    def version(self) -> int:
        """What is read after asking for it holds as long as it stays."""
        return self._read_version() if self.shared else self._version

    def _read_version(self) -> int:
        version: int = self._database.reader.execute(_SQL.select_version).fetchone()[0]
        return version

    @property
    def reader(self) -> Connection:
        """This thread's connection for reading."""
        return self._database.reader

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A change; nobody sees it under the version of before once this has ended, and no power failure undoes it:
        a key that was deleted stays deleted."""
        with self._database.transaction(durable=True) as connection:
            yield connection
            (version,) = connection.execute(_SQL.raise_version).fetchone()
        with self._lock:  # after the commit: what is read under the new version must be the new state
            self._version = max(self._version, version)

    @contextmanager
    def unnoticed(self) -> Iterator[Connection]:
        """A change of what no decision depends on."""
        with self._database.transaction(alone=False) as connection:
            yield connection


def make_number_id(first: str) -> str:
    """18 digits, as the vendor's ids of users (beginning with 2) and roles (3)."""
    return first + "".join(secrets.choice(string.digits) for _ in range(17))


def make_group_id() -> str:
    """As the vendor's ids of groups."""
    return "g-" + "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(16))


def same_name(left: str, right: str) -> bool:
    """As the tables compare names: without regard to the case of ASCII letters."""
    return left.translate(_FOLDED) == right.translate(_FOLDED)


_FOLDED = {ord(letter): letter.lower() for letter in string.ascii_uppercase}


def carries(tags: dict[str, str], wanted: dict[str, str] | None) -> bool:
    """Whether all of the wanted tags are there."""
    return (wanted or {}).items() <= tags.items()
