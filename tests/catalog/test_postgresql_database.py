"""Servers share a record or have it alone, a mended PostgreSQL is found again, and texts of any characters are kept."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from psycopg_pool.base import AttemptWithBackoff
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.servers.postgresql import Postgresql

from bindery.catalog.opening import check_there, describe_postgresql, open_access, sealed_keys
from bindery.catalog.record.folder_lock import lock_folder
from bindery.catalog.record.postgresql.database import PostgresqlDatabase
from bindery.catalog.record.statements import Statement, with_psycopg_parameters
from bindery.catalog.records import CatalogInUse, CatalogUnusable, CatalogUnwritable, Project

from .samples import make_place, scan_of, uris

pytestmark = pytest.mark.server
_ECHO = Statement("", "SELECT %(text)s::text")
_PAIR = Statement("", 'SELECT %(left)s::text COLLATE "C" < %(right)s::text COLLATE "C"')


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    return postgresql.create_schema(f"d{uuid.uuid4().hex}")


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[PostgresqlDatabase]:
    opened = PostgresqlDatabase(url, tmp_path / "data")
    yield opened
    opened.close()


def test_texts_of_any_characters_come_back_and_keep_their_order(database: PostgresqlDatabase) -> None:
    texts = [
        "",
        "\0",
        "\0\0",
        "\0a",
        "\x01",
        "\x01\0",
        "\x01\x01",
        "\x01\x02",
        "\x02",
        "a\0b",
        "a\x01b",
        "é",
        "\U0010ffff",
    ]
    for text in texts:
        assert database.reader.execute(_ECHO, {"text": text}).fetchone() == (text,)
    for left, right in pairwise(texts):
        values = {"left": left, "right": right}
        assert database.reader.execute(_PAIR, values).fetchone() == (left.encode() < right.encode(),)


def test_parameters_are_told_from_what_looks_like_them() -> None:
    given = "SELECT ':no', x::text, '100%' FROM t WHERE a = :a AND b LIKE ? -- :no\nAND c % 2 = 0"
    expected = "SELECT ':no', x::text, '100%%' FROM t WHERE a = %(a)s AND b LIKE %s -- :no\nAND c %% 2 = 0"
    assert with_psycopg_parameters(given) == expected


def test_servers_share_a_record_but_not_with_who_has_it_alone(
    database: PostgresqlDatabase, url: str, tmp_path: Path
) -> None:
    PostgresqlDatabase(url, tmp_path / "beside").close()
    with (
        pytest.raises(CatalogInUse, match="in use by another Bindery"),
        open_access(url, tmp_path / "alone"),
    ):
        pass
    database.close()
    with (
        open_access(url, tmp_path / "alone"),
        pytest.raises(CatalogInUse, match="for itself"),
    ):
        PostgresqlDatabase(url, tmp_path / "beside")


def test_a_data_folder_belongs_to_one_server(
    database: PostgresqlDatabase, postgresql: Postgresql, tmp_path: Path
) -> None:
    with pytest.raises(CatalogInUse, match="data folder"):
        PostgresqlDatabase(postgresql.create_schema(f"d{uuid.uuid4().hex}"), tmp_path / "data")


def test_a_server_that_was_thought_dead_commits_nothing(
    url: str, postgresql: Postgresql, tmp_path: Path
) -> None:
    """It has the record alone, its connections were cut, another one took over, and it comes back."""
    paused = PostgresqlCatalog(url, tmp_path / "paused", alone=True, account_id="1")
    paused.projects.create(Project(name="before"))
    with psycopg.connect(postgresql.url(), autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND classid = 4711003 AND objid = hashtext(%s)::oid",
            (url.rpartition("3D")[2],),
        )
    following = PostgresqlCatalog(url, tmp_path / "following", alone=True, account_id="1")
    with pytest.raises(CatalogUnusable, match="taken over"):
        paused.projects.create(Project(name="after"))
    assert [project.name for project in following.projects.list()] == ["before"]
    following.projects.create(Project(name="of the other"))
    for catalog in (paused, following):
        assert catalog.close()


def test_numbers_of_a_dataset_are_committed_in_their_order(url: str, tmp_path: Path) -> None:
    """A transaction that draws numbers is held open: no other one draws higher ones and is seen before."""
    catalog = PostgresqlCatalog(url, tmp_path, account_id="1")
    place = make_place(catalog)
    first = catalog._database.transaction()
    connection = first.__enter__()
    drawn = list(catalog._entries._draw_numbers(connection, place.dataset.id, 3))
    second = threading.Thread(target=lambda: catalog.bindings.commit(scan_of(place, "a", "b")))
    second.start()
    time.sleep(0.2)  # enough for it to be seen, were it not held back
    assert catalog._entries.newest_numbers()[place.dataset.id] < drawn[0]
    assert second.is_alive()
    first.__exit__(None, None, None)
    second.join(60)
    assert [
        change.sequence for change in catalog._entries.changes_after(place.dataset.id, 0, 10).changes
    ] == [4, 5]
    assert uris(catalog, place.dataset) == ["oss://bucket/a", "oss://bucket/b"]
    catalog.close()


def test_all_goes_on_when_postgresql_is_back(tmp_path: Path) -> None:
    """One of its own: others would miss it."""
    with Postgresql() as server:
        catalog = PostgresqlCatalog(server.url(), tmp_path, account_id="1")
        back = threading.Event()
        catalog.when_writable(back.set)
        catalog.projects.create(Project(name="before"))
        server.kill()
        with pytest.raises(CatalogUnwritable, match="cannot be reached"):
            catalog.projects.create(Project(name="meanwhile"))
        assert "cannot be reached" in catalog.problem
        with pytest.raises(CatalogUnwritable, match="refused"):
            catalog.projects.list()
        server.start()
        assert back.wait(60)
        catalog.projects.create(Project(name="after"))
        assert [project.name for project in catalog.projects.list()] == ["after", "before"]
        assert catalog.close()


def test_the_pool_is_never_long_without_an_attempt_to_connect(database: PostgresqlDatabase) -> None:
    """By itself it would pause for twice as long after every attempt: for minutes, when PostgreSQL was away for as
    long."""
    attempt, now, pauses = AttemptWithBackoff(timeout=database._pool.reconnect_timeout), 0.0, []
    while not attempt.time_to_give_up(now):
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay
    assert max(pauses) < 5


def test_a_server_whose_connections_are_all_in_use_says_so(
    database: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as held:
        for _ in range(16):
            held.enter_context(database.lent())
        monkeypatch.setattr(database._pool, "timeout", 0.1)
        with pytest.raises(CatalogUnwritable, match="all 16 connections of this server are in use"):
            database.reader.execute(_ECHO, {"text": "x"})


def test_closing_cancels_what_runs(database: PostgresqlDatabase) -> None:
    ended: list[BaseException] = []

    def sleep() -> None:
        try:
            database.reader.execute(Statement("", "SELECT pg_sleep(600)"))
        except CatalogUnusable as error:
            ended.append(error)

    reader = threading.Thread(target=sleep)
    reader.start()
    while not database._in_use():
        time.sleep(0.01)
    assert database.close(30)
    reader.join(60)
    assert "closed" in str(ended[0])
    with pytest.raises(CatalogUnusable, match="closed"):
        database.reader.execute(_ECHO, {"text": "x"})


def test_who_cancels_a_statement_in_postgresql_does_not_seem_to_stop_the_server(
    database: PostgresqlDatabase,
) -> None:
    cancel = Statement("", "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(600)")
    with pytest.raises(CatalogUnusable, match="cancelled in PostgreSQL"):
        database.reader.execute(cancel)
    with (
        pytest.raises(CatalogUnusable, match="cancelled in PostgreSQL"),
        database.transaction() as connection,
    ):
        connection.execute(cancel)
    assert database.reader.execute(_ECHO, {"text": "x"}).fetchone() == ("x",)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://bindery:hidden-word@127.0.0.1:1/none", "cannot be reached"),
        ("postgresql://bindery@127.0.0.1:1/none?option=1", '"option"'),
        ("postgresql://bindery:hidden-word%zz@127.0.0.1:1/none", "cannot be read"),
        ("postgresql://bindery:hidden-word@and-more@127.0.0.1:1/none", "%40"),
        ("postgresql://bindery:hidden-word/and-more@127.0.0.1:1/none", "cannot be"),
        ("postgresql://bindery@127.0.0.1:1/none?password=hidden-word&option=1", '"option"'),
        ("postgresql:///none?host=@no-such-abstract-socket", "cannot be reached"),
    ],
)
def test_what_cannot_be_opened_says_why(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogUnusable, match=said) as caught:
        PostgresqlDatabase(url, tmp_path)
    assert "hidden-word" not in str(caught.value)


def test_a_server_that_uses_the_folder_is_asked_first(tmp_path: Path) -> None:
    """Who asks may have no way to its record."""
    url, folder = "postgresql://bindery@127.0.0.1:1/none", tmp_path / "data"
    with pytest.raises(CatalogUnusable, match="cannot be reached"):
        check_there(url, folder)
    assert not folder.exists()
    held = lock_folder(folder)
    with pytest.raises(CatalogInUse):
        check_there(url, folder)
    os.close(held)


@pytest.fixture
def somebody(postgresql: Postgresql) -> Iterator[str]:
    """A role that owns nothing."""
    name = f"r{uuid.uuid4().hex}"
    with psycopg.connect(postgresql.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN".encode())
        yield name
        connection.execute(f"DROP OWNED BY {name}".encode())
        connection.execute(f"DROP ROLE {name}".encode())


def test_a_schema_that_is_not_there_or_not_for_the_user_is_named(
    postgresql: Postgresql, url: str, somebody: str, tmp_path: Path
) -> None:
    with pytest.raises(CatalogUnusable, match=r"no schema.*search_path is not_there"):
        PostgresqlDatabase(postgresql.url("not_there"), tmp_path)
    with pytest.raises(CatalogUnusable, match=r"no schema"):
        describe_postgresql(postgresql.url("not_there"))
    theirs = url.replace("bindery@", f"{somebody}@")
    with pytest.raises(CatalogUnusable, match=f"no schema.*{somebody}"):
        PostgresqlDatabase(theirs, tmp_path)
    with psycopg.connect(url) as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA {url.rpartition('%3D')[2]} TO {somebody}".encode())
    for look in (lambda: PostgresqlDatabase(theirs, tmp_path), lambda: describe_postgresql(theirs)):
        with pytest.raises(CatalogUnusable, match=rf"{somebody} may make no tables.*OWNER TO {somebody}"):
            look()


def test_a_standby_is_refused_and_passed_over_where_several_hosts_are_named(
    postgresql: Postgresql, url: str, somebody: str, tmp_path: Path
) -> None:
    """A role that may only read stands in for a standby: libpq does not tell them apart."""
    with psycopg.connect(url) as connection:
        connection.execute(f"GRANT ALL ON SCHEMA {url.rpartition('%3D')[2]} TO {somebody}".encode())
        connection.execute(f"ALTER ROLE {somebody} SET default_transaction_read_only = on".encode())
    theirs = url.replace("bindery@", f"{somebody}@")
    for look in (lambda: PostgresqlDatabase(theirs, tmp_path), lambda: describe_postgresql(theirs)):
        with pytest.raises(CatalogUnusable, match="takes no writes there"):
            look()
    several = theirs.replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:")
    with pytest.raises(CatalogUnusable, match="read-only"):
        describe_postgresql(several)
    assert describe_postgresql(several.replace(f"{somebody}@", "bindery@")).startswith("PostgreSQL 1")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_is_refused_before_anything_is_made(
    postgresql: Postgresql, encoding: str, tmp_path: Path
) -> None:
    name = f"d{uuid.uuid4().hex}"
    with psycopg.connect(postgresql.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0".encode())
        try:
            with pytest.raises(CatalogUnusable, match=f"is {encoding}.*UTF8"):
                PostgresqlDatabase(postgresql.url(database=name), tmp_path)
            with psycopg.connect(postgresql.url(database=name)) as other:
                assert other.execute(
                    "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                ).fetchone() == (0,)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_what_is_in_the_way_of_the_tables_is_named(url: str, tmp_path: Path) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE project (id INTEGER)")
    with pytest.raises(CatalogUnusable, match=r'"project" already exists.*schema of its own'):
        PostgresqlDatabase(url, tmp_path)


@pytest.mark.parametrize(
    ("setting", "given", "held"),
    [
        ("statement_timeout", "30s", "0"),
        ("idle_session_timeout", "30s", "0"),
        ("idle_in_transaction_session_timeout", "30s", "0"),
        ("transaction_isolation", "serializable", "read committed"),
        ("client_encoding", "LATIN1", "UTF8"),
    ],
)
def test_what_a_role_is_given_for_other_programs_does_no_harm(
    postgresql: Postgresql, url: str, somebody: str, setting: str, given: str, held: str, tmp_path: Path
) -> None:
    name = setting.replace("transaction_isolation", "default_transaction_isolation")
    with psycopg.connect(url) as connection:
        connection.execute(f"GRANT ALL ON SCHEMA {url.rpartition('%3D')[2]} TO {somebody}".encode())
        connection.execute(f"ALTER ROLE {somebody} SET {name} = '{given}'".encode())
    database = PostgresqlDatabase(url.replace("bindery@", f"{somebody}@"), tmp_path)
    try:
        with database.transaction() as connection:
            found = connection.execute(
                Statement("", f"SELECT '\u56fe'::text, current_setting('{setting}')")
            )
            assert found.fetchone() == ("\u56fe", held)
        with database.servers._connect() as raw:
            assert raw.execute(f"SELECT current_setting('{setting}')".encode()).fetchone() == (held,)
    finally:
        database.close()


def test_a_record_of_a_newer_release_is_left_alone(
    database: PostgresqlDatabase, url: str, tmp_path: Path
) -> None:
    database.close()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE schema_version SET version = 9999")
    with pytest.raises(CatalogUnusable, match="newer Bindery"):
        PostgresqlDatabase(url, tmp_path / "again")


def test_doctor_looks_without_taking_over(database: PostgresqlDatabase, url: str, tmp_path: Path) -> None:
    assert describe_postgresql(url).startswith("PostgreSQL 1")
    assert sealed_keys(url, tmp_path, 4) == []
    with database.transaction():
        pass
