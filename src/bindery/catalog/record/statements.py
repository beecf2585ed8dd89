"""Gives the statements of a ``.sql`` file their names, and their texts for each kind of database."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import msgspec

_HEADING = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_QUOTED_OR_PARAMETER = re.compile(r"'[^']*'|--[^\n]*|::|%|\?|:([a-z_]+)")
_POSTGRESQL = "bindery.catalog.record.postgresql"


class Statement(str):
    """A statement as SQLite takes it, and with ``postgresql`` as psycopg does."""

    postgresql: str

    def __new__(cls, sqlite: str, postgresql: str) -> Statement:
        """Two texts of one meaning."""
        made = super().__new__(cls, sqlite)
        made.postgresql = postgresql
        return made

    def changed(self, change: Callable[[str], str]) -> Statement:
        """The same change of both texts."""
        return Statement(change(self), change(self.postgresql))


def load_statements(name: str) -> SimpleNamespace:
    """The statements of ``sql/{name}.sql`` as attributes, each under its ``-- name:`` heading.

    Those that PostgreSQL has to be told in other words stand under the same name in ``postgresql/sql/{name}.sql``.
    """
    written = _read("bindery.catalog.record", name)
    otherwise = _read(_POSTGRESQL, name)
    assert otherwise.keys() <= written.keys(), f"unknown statements: {otherwise.keys() - written.keys()}"
    return SimpleNamespace(
        **{
            statement: Statement(text, with_psycopg_parameters(otherwise.get(statement, text)))
            for statement, text in written.items()
        }
    )


def list_parameter(name: str, values: Sequence[str] | None) -> dict[str, Any]:
    """A list as each kind of database takes it: JSON under the name itself, an array under ``{name}_list``."""
    json = None if values is None else msgspec.json.encode(values).decode()
    return {name: json, f"{name}_list": None if values is None else list(values)}


def with_psycopg_parameters(sql: str) -> str:
    """``:name`` and ``?`` as psycopg writes them, outside of quotes and comments."""

    def replaced(match: re.Match[str]) -> str:
        if match[1] is not None:
            return f"%({match[1]})s"
        return {"?": "%s", "::": "::"}.get(match[0], match[0].replace("%", "%%"))

    return _QUOTED_OR_PARAMETER.sub(replaced, sql)


def _read(package: str, name: str) -> dict[str, str]:
    path = files(package) / "sql" / f"{name}.sql"
    if not path.is_file():
        return {}
    parts = _HEADING.split(path.read_text("utf-8"))[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))
