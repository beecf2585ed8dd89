"""Statements of the record on a connection of psycopg.

PostgreSQL has no place for U+0000 in a text, but keys and values may have it: it is stored as U+0001 U+0001, and
U+0001 as U+0001 U+0002, which keeps the order of texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.adapt import Buffer
from psycopg.types.string import StrDumperUnknown, TextLoader

from bindery.catalog.record.postgresql.failures import CANCELLED, failure_of
from bindery.catalog.record.statements import Statement
from bindery.catalog.records import CatalogUnusable

_FETCHED = 200
"""Rows that a stream takes at a time."""

RawConnection = psycopg.Connection[tuple[Any, ...]]


class Connection:
    """A connection that is lent to a thread. Errors are those of the catalog."""

    def __init__(self, raw: RawConnection) -> None:
        self._raw = raw

    def execute(self, statement: Statement, parameters: Any = ()) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run a statement."""
        with translated():
            return self._raw.execute(statement.postgresql, parameters)

    def executemany(self, statement: Statement, rows: Iterable[Any]) -> None:
        """Run a statement for each row, without waiting for one before the next is sent."""
        with translated(), self._raw.cursor() as cursor:
            cursor.executemany(statement.postgresql, rows)

    @contextmanager
    def stream(self, statement: Statement, parameters: Any) -> Iterator[Iterator[Any]]:
        """Rows one by one."""
        with (
            translated(),
            self._raw.transaction(),
            self._raw.cursor(name="rows") as cursor,
        ):
            cursor.itersize = _FETCHED
            yield iter(cursor.execute(statement.postgresql, parameters))


@contextmanager
def translated() -> Iterator[None]:
    """Errors of psycopg as those of the catalog. Raises CatalogUnusable, CatalogUnwritable."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise CatalogUnusable(CANCELLED) from error
    except psycopg.Error as error:
        failure = failure_of(error)
        if failure is None:
            raise
        raise failure from error


class _Dumper(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        if "\0" in obj or "\x01" in obj:
            obj = obj.replace("\x01", "\x01\x02").replace("\0", "\x01\x01")
        return super().dump(obj)


class _Loader(TextLoader):
    def load(self, data: Buffer) -> str:
        text = super().load(data)
        assert isinstance(text, str)
        return text.replace("\x01\x01", "\0").replace("\x01\x02", "\x01") if "\x01" in text else text


def adapt(raw: RawConnection) -> None:
    """Texts of any characters go in and come out as they are."""
    raw.adapters.register_dumper(str, _Dumper)
    raw.adapters.register_loader("text", _Loader)
