"""Connections to PostgreSQL, set up as the record needs them, and whether it can be kept there at all."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bindery.catalog.record.postgresql.connection import RawConnection
from bindery.catalog.record.postgresql.failures import said
from bindery.catalog.records import CatalogUnusable
from bindery.secrecy import without_secrets

CONNECT_SECONDS = 5.0
_OLDEST = 150_000
_DEAD_PEER = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How soon a connection is given up whose other end does not answer: in seconds, and milliseconds."""
_ALWAYS = {"client_encoding": "UTF8"}
_SESSION = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_isolation": "read committed",
}
"""What roles and databases are often given for other programs. The record waits for locks and for peers within limits
of its own, and reads what was committed when a statement begins."""
_SET = b"SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)"
_FITNESS = """
SELECT current_setting('server_encoding'), current_database()::text, current_schema()::text,
       current_setting('search_path'), current_user::text, current_setting('transaction_read_only'),
       has_schema_privilege(current_schema()::text, 'CREATE')
"""
_PORTS = re.compile(r"[0-9,]*")
_QUOTED = re.compile(r"([\"'])(.+?)\1")


class Attempts:
    """How the last attempt of a pool to connect has ended; the pool itself tells only that it has none to lend."""

    problem = ""

    def connecting(self) -> type[RawConnection]:
        """Connections whose attempts are noted here."""
        noted = self

        class Noted(RawConnection):
            @classmethod
            def connect(cls, conninfo: str = "", **settings: Any) -> Noted:
                try:
                    raw = super().connect(conninfo, **settings)
                except psycopg.Error as error:
                    noted.problem = said(error)
                    raise
                noted.problem = ""
                return raw

        return Noted


def connected(url: str) -> RawConnection:
    """A connection of its own. Raises CatalogUnusable, with what to do."""
    try:
        raw = psycopg.connect(url, autocommit=True, **settings_of(url))
        try:
            set_up(raw)
        except BaseException:
            raw.close()
            raise
    except psycopg.Error as error:
        raise CatalogUnusable(
            f"PostgreSQL cannot be reached ({_without_parts_of(url, said(error))}); see that it runs, that the "
            "database is there and that the user may use it, and mend catalog.url"
        ) from error
    return raw


def set_up(raw: RawConnection) -> None:
    """Make a session that commits by itself independent of what its role and its database set. Raises
    psycopg.Error."""
    settings = dict(_SESSION)
    if raw.info.server_version >= 170_000:
        settings["transaction_timeout"] = "0"
    raw.execute(_SET, (list(settings), list(settings.values())))


def settings_of(url: str) -> dict[str, Any]:
    """What the URL does not say itself of how soon a connection is given up, and what it cannot choose. Raises
    CatalogUnusable when it cannot be read; it may hold a password, which is not shown."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise _unreadable(_without_parts_of(url, said(error))) from error
    if not _PORTS.fullmatch(str(given.get("port", ""))):
        raise _unreadable("its port is no number")
    authority, _, database = url.partition("://")[2].partition("?")[0].partition("/")
    if authority.count("@") > 1 or "@" in database:
        raise _unreadable("an @ within a name or a password is %40")
    settings: dict[str, Any] = {"connect_timeout": int(CONNECT_SECONDS), **_DEAD_PEER}
    if "," in str(given.get("host") or given.get("hostaddr") or ""):
        settings["target_session_attrs"] = "read-write"  # of a primary and its standbys the primary
    return _ALWAYS | {name: value for name, value in settings.items() if name not in given}


def _unreadable(why: str) -> CatalogUnusable:
    return CatalogUnusable(
        f"catalog.url cannot be read ({why}); write it as "
        "postgresql://USER@HOST/DATABASE, with %XX for signs such as % @ / ? # in a name or a password"
    )


def _without_parts_of(url: str, text: str) -> str:
    """A URL that is written wrongly is taken apart wrongly: what is quoted of it may be a part of its password."""
    secret = url.rpartition("@")[0].partition("://")[2].partition(":")[2]
    held = (secret, unquote(secret))

    def shown(quoted: re.Match[str]) -> str:
        return (
            "hidden"
            if any(quoted[2] in each or (each and each in quoted[2]) for each in held)
            else quoted[0]
        )

    return _QUOTED.sub(shown, without_secrets(text))


def check_fitness(raw: RawConnection) -> None:
    """Raises CatalogUnusable where the record cannot be kept, with what to do. Nothing is changed."""
    if raw.info.server_version < _OLDEST:
        raise CatalogUnusable(
            f"PostgreSQL {raw.info.server_version // 10_000} is too old for the record; use 15 or newer"
        )
    row = raw.execute(_FITNESS).fetchone()
    assert row is not None
    encoding, database, schema, path, user, read_only, may_create = row
    if encoding != "UTF8":
        raise CatalogUnusable(
            f"the encoding of the database {database} is {encoding}, which cannot keep every name; make a database "
            "with ENCODING 'UTF8' TEMPLATE template0, and name it in catalog.url"
        )
    if schema is None:
        raise CatalogUnusable(
            f"there is no schema in the database {database} that the user {user} may use (search_path is {path}); "
            f"make it with CREATE SCHEMA … AUTHORIZATION {user}, or name another one in catalog.url"
        )
    if read_only != "off":
        raise CatalogUnusable(
            "PostgreSQL takes no writes there: it is a standby, or the database or the user is set to read only "
            "(default_transaction_read_only); name the primary in catalog.url"
        )
    if not may_create:
        raise CatalogUnusable(
            f"the user {user} may make no tables in the schema {schema} of the database {database}; make it the owner "
            f"with ALTER SCHEMA {schema} OWNER TO {user}"
        )
