"""A record comes from SQLite to PostgreSQL and back as it was, with its index; and nothing of it is served before."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest
from click.testing import CliRunner
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.servers.postgresql import Postgresql

from bindery.catalog.catalog import Catalog
from bindery.catalog.moving import move_to_postgresql, move_to_sqlite
from bindery.catalog.record.moving import NUMBERED
from bindery.catalog.record.postgresql import database as database_module
from bindery.catalog.record.postgresql.database import PostgresqlDatabase
from bindery.catalog.records import (
    Binding,
    CatalogInUse,
    CatalogUnusable,
    Dataset,
    Project,
    Task,
    TaskFilter,
)
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.cli.main import main
from bindery.clock import now_ns

from .conformance import HOSTILE_KEYS
from .samples import Place, make_place, scan_of, uris

try:
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from backports import zstd  # type: ignore[no-redef, unused-ignore]

pytestmark = pytest.mark.server

TEXT = "nul\0 one\x01 two\x01\x01 \\N \\. tab\t line\r\n quote'\" é 😀 \u202e {} ,"
BYTES = bytes(range(256))
DICTIONARY = zstd.train_dict(
    [f'{{"URI": "oss://bucket/{n:x}", "Title": "{n * 7919:b}"}}'.encode() for n in range(999)], 1_024
)
ROWS = {
    "explicit_file": (1, TEXT),
    "buried": (1, TEXT, TEXT, 2**62, TEXT, 3, BYTES, None, None, -1, 0),
    "change": (41, 1, TEXT, 2**63 - 1, -(2**63)),
    "outbox": (42, TEXT, TEXT, BYTES, 1, 2, 3),
    "index_call": (43, 1, BYTES),
    "index_call_file": (1, TEXT, 43, None),
    "ram_user": (TEXT, "somebody", BYTES),
    "access_key": ("key", TEXT, b"", 1, TEXT, 5),
    "access_key_use": ("key", 6, ""),
    "user_group": ("group", "Group", BYTES),
    "membership": ("group", TEXT, 7),
    "role": ("role", "Role", b"{}"),
    "policy": ("Policy", BYTES, 1, 2),
    "policy_version": ("POLICY", 2, TEXT, 8),
    "attachment": ("User", TEXT, "Custom", "policy", 9),
    "browser_session": (BYTES, TEXT, TEXT, 10, 11, TEXT, TEXT),
    "usage": (20_000, TEXT, TEXT, 2**60),
    "task_queue": ("place", "T", "t0", "", TEXT, 2, 2**62, 3, "server", 4, 1),
    "task_turn": ("place", "", 0, 5),
    "saved_search": (1, TEXT, TEXT, TEXT, 12),
    "registered_bucket": (TEXT, BYTES),
    "dictionary": (DICTIONARY.dict_id, DICTIONARY.dict_content, 13),
}
"""A row for each table that the calls of ``filled`` leave empty."""


def unseen(_doing: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def rows_of(folder: Path) -> dict[str, list[str]]:
    """All rows of all tables, in an order of their own."""
    with closing(sqlite3.connect(f"file:{folder / 'catalog.db'}?mode=ro", uri=True)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for (name,) in tables
        }


def indexes(folder: Path) -> set[str]:
    """The files of indexes; one that is built anew has another name."""
    return {path.name for path in (folder / "index").glob("*.duckdb")}


def second_dataset(catalog: Catalog) -> Place:
    """Beside the first, whose numbers PostgreSQL gives, too."""
    dataset = catalog.datasets.create(Dataset(project_id=0, project_name="place", name="second"))
    binding = catalog.bindings.create(
        Binding(dataset_id=0, project_name="place", dataset_name="second", bucket="bucket")
    )
    return Place(dataset, binding)


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    return postgresql.create_schema(f"m{uuid.uuid4().hex}")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with something in every table, that no server uses."""
    folder = tmp_path / "data"
    with closing(SqliteCatalog(folder, account_id="10001")) as catalog:
        place = make_place(catalog)
        catalog.bindings.commit(scan_of(place, *HOSTILE_KEYS, title=TEXT))
        catalog.files.delete(place.dataset.id, ["oss://bucket/a"])
        tags = {TEXT: TEXT, "k": '{"a", \\}', "": ""}
        for number, end in enumerate((None, 77)):
            task = Task(project_name="place", type="T", id=f"t{number}", start_time=now_ns(), tags=tags,
                        end_time=end, status="Running" if end is None else "Succeeded")  # fmt: skip
            catalog.tasks.put(task)
        assert len(uris(catalog, place.dataset)) == len(HOSTILE_KEYS) - 1
    with closing(sqlite3.connect(folder / "catalog.db")) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for table, row in ROWS.items():
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        connection.execute("UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'dataset'")
    return folder


@pytest.fixture
def operator(url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Somebody who looks into the tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_there_and_back_every_row_is_the_same(data: Path, url: str, tmp_path: Path) -> None:
    before = rows_of(data)
    assert [table for table, rows in before.items() if not rows] == []
    moved = move_to_postgresql(data, url, unseen)
    assert moved == {table: len(rows) for table, rows in before.items()}
    move_to_sqlite(url, tmp_path / "back", unseen)
    assert rows_of(tmp_path / "back") == before


def test_postgresql_knows_at_once_how_much_there_is(
    data: Path, url: str, operator: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Without, it reads whole tables for a page until it looks at them by itself."""
    moved = move_to_postgresql(data, url, unseen)
    known = operator.execute(
        "SELECT relname, reltuples::bigint FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace"
    ).fetchall()
    assert {str(table): rows for table, rows in known if table in moved} == moved


def test_the_index_of_the_data_folder_goes_on(data: Path, url: str, tmp_path: Path) -> None:
    built = indexes(data)
    expected = sorted(f"oss://bucket/{key}" for key in HOSTILE_KEYS if key != "a")
    move_to_postgresql(data, url, unseen)
    with closing(PostgresqlCatalog(url, data, account_id="10001")) as catalog:
        place = catalog.datasets.get("place", "place")
        assert uris(catalog, place) == expected
        assert [task.id for task in catalog.tasks.list("place", TaskFilter(status="Running")).tasks] == [
            "t0"
        ]
        assert indexes(data) == built
    move_to_sqlite(url, tmp_path / "back", unseen)
    with closing(SqliteCatalog(tmp_path / "back", account_id="10001")) as catalog:
        assert uris(catalog, place) == expected


def test_the_record_that_was_left_is_another_one(data: Path, url: str, tmp_path: Path) -> None:
    """An index that has followed the one never follows the other."""
    before = rows_of(data)["follower"]
    move_to_postgresql(data, url, unseen)
    assert rows_of(data)["follower"] != before
    move_to_sqlite(url, tmp_path / "back", unseen)
    assert rows_of(tmp_path / "back")["follower"] == before
    (data / "catalog.db").unlink()
    move_to_sqlite(url, data, unseen)
    assert rows_of(data)["follower"] != before


def test_numbers_that_postgresql_gave_twice_are_given_anew(data: Path, url: str) -> None:
    move_to_postgresql(data, url, unseen)
    with closing(PostgresqlCatalog(url, data, account_id="10001")) as catalog:
        second = second_dataset(catalog)
        assert second.dataset.id == 1001
        catalog.bindings.commit(scan_of(second, *HOSTILE_KEYS, "x", "y"))
        catalog.files.delete(second.dataset.id, ["oss://bucket/x"])
        expected = uris(catalog, second.dataset)
    (data / "catalog.db").unlink()
    move_to_sqlite(url, data, unseen)
    with closing(SqliteCatalog(data, account_id="10001")) as catalog:
        first = catalog.datasets.get("place", "place")
        assert uris(catalog, second.dataset) == expected
        assert len(uris(catalog, first)) == len(HOSTILE_KEYS) - 1
        catalog.bindings.commit(scan_of(second, "new"))
        catalog.files.delete(first.id, ["oss://bucket/é"])
        assert set(uris(catalog, second.dataset)) == {*expected, "oss://bucket/new"}
        assert len(uris(catalog, first)) == len(HOSTILE_KEYS) - 2


def test_documents_of_earlier_releases_are_packed_before(
    data: Path, url: str, operator: psycopg.Connection[tuple[object, ...]]
) -> None:
    """They are found by numbers that are not unique in PostgreSQL."""
    document = msgspec.json.encode({"URI": "oss://bucket/é", "Title": "plain"})
    with closing(sqlite3.connect(data / "catalog.db")) as connection, connection:
        connection.execute("UPDATE file SET document = ? WHERE document IS NOT NULL", [document])
        connection.execute("UPDATE packing SET position = 0, until = 1000")
    move_to_postgresql(data, url, unseen)
    assert operator.execute("SELECT position >= until FROM packing").fetchone() == (True,)
    kept = operator.execute("SELECT DISTINCT substr(document, 1, 1) FROM file").fetchall()
    assert (b"{",) not in kept


def test_what_is_in_use_or_full_is_left_alone(
    data: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_TAKEOVER_SECONDS", 0.0)
    with closing(SqliteCatalog(data, account_id="10001")), pytest.raises(CatalogInUse):
        move_to_postgresql(data, url, unseen)
    with closing(PostgresqlCatalog(url, tmp_path / "other", account_id="1")) as catalog:
        with pytest.raises(CatalogInUse):
            move_to_postgresql(data, url, unseen)
        with pytest.raises(CatalogInUse):
            move_to_sqlite(url, tmp_path / "back", unseen)
        catalog.projects.create(Project(name="theirs"))
    assert not (tmp_path / "back").exists()
    with pytest.raises(CatalogUnusable, match="not empty"):
        move_to_postgresql(data, url, unseen)
    with pytest.raises(CatalogUnusable, match="already"):
        move_to_sqlite(url, data, unseen)
    with pytest.raises(CatalogUnusable, match="no catalog in"):
        move_to_postgresql(tmp_path / "nothing", url, unseen)


class PowerFailure(BaseException):
    """Ends a move as a kill does: nothing is cleaned up on purpose."""


@pytest.mark.parametrize("at", ["copying file", "comparing saved_search"])
def test_a_move_that_is_cut_off_leaves_nothing_to_serve(
    data: Path, url: str, tmp_path: Path, at: str
) -> None:
    def fail(doing: str, _done: int, _total: int) -> None:
        if doing == at:
            raise PowerFailure

    before = rows_of(data)
    with pytest.raises(PowerFailure):
        move_to_postgresql(data, url, fail)
    assert rows_of(data) == before
    with closing(PostgresqlCatalog(url, tmp_path / "other", account_id="1")) as catalog:
        assert catalog.projects.list() == []
    move_to_postgresql(data, url, unseen)

    back = tmp_path / "back"
    with pytest.raises(PowerFailure):
        move_to_sqlite(url, back, fail)
    for attempt in (lambda: SqliteCatalog(back, account_id="1"), lambda: move_to_sqlite(url, back, unseen)):
        with pytest.raises(CatalogUnusable, match="not all there: bindery catalog move"):
            attempt()
    (back / "unfinished").unlink()
    for path in (back / "moving").iterdir():
        path.unlink()
    (back / "moving").rmdir()
    move_to_sqlite(url, back, unseen)
    assert rows_of(back) == before


def test_a_copy_that_differs_is_not_kept(
    data: Path, url: str, tmp_path: Path, operator: psycopg.Connection[tuple[object, ...]]
) -> None:
    PostgresqlDatabase(url, tmp_path / "other").close()
    operator.execute(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN NEW.size = NEW.size + 1; RETURN NEW; END'"
    )
    operator.execute("CREATE TRIGGER spoil BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION spoil()")
    with pytest.raises(CatalogUnusable, match="table ledger is not what was copied"):
        move_to_postgresql(data, url, unseen)
    assert operator.execute("SELECT count(*) FROM file").fetchone() == (0,)
    operator.execute("DROP TRIGGER spoil ON ledger")
    operator.execute("ALTER TABLE ledger ADD CHECK (key <> 'new\nline\ttab')")
    with pytest.raises(CatalogUnusable, match="does not take a row of the table ledger"):
        move_to_postgresql(data, url, unseen)


ALONE = ("server", "lease", "index_position", "nonce")
"""What tables begin with that only servers on a shared record need."""


def test_both_schemas_have_the_same_tables(
    data: Path, url: str, tmp_path: Path, operator: psycopg.Connection[tuple[object, ...]]
) -> None:
    PostgresqlDatabase(url, tmp_path / "other").close()
    columns = operator.execute(
        "SELECT table_name::text, column_name::text, is_identity::text FROM information_schema.columns "
        "WHERE table_schema = current_schema()"
    ).fetchall()
    there = {(table, column) for table, column, _ in columns}
    with closing(sqlite3.connect(data / "catalog.db")) as connection:
        here = {
            (table, column)
            for table in rows_of(data)
            for _, column, _, _, _, _, hidden in connection.execute(f'PRAGMA table_xinfo("{table}")')
            if not hidden
        }
    assert here - there == {("follower", "purged")}
    assert there - here == {
        ("holder", "number"), ("schema_version", "version"),
        *((table, column) for table, column, _ in columns if table.startswith(ALONE)),
    }  # fmt: skip
    assert {table: column for table, column, identity in columns if identity == "YES"} == {
        **NUMBERED,
        "server": "id",
    }


def test_the_command_says_what_was_moved_and_what_to_do(data: Path, url: str, tmp_path: Path) -> None:
    def run(*words: object, expect: int = 0) -> str:
        done = CliRunner().invoke(main, ["catalog", "move", *map(str, words)])
        assert done.exit_code == expect, done.output
        return done.output

    entries = rows_of(data)["file"]
    assert "one of SOURCE and TARGET" in run(data, tmp_path / "other", expect=2)
    assert "one of SOURCE and TARGET" in run(url, url, expect=2)
    assert "cannot be reached" in run(data, "postgresql://me:hush@127.0.0.1:9/none", expect=1)
    assert "now set catalog.url" in run(data, url)
    assert "is not empty" in run(data, url, expect=1)
    said = run(url, tmp_path / "to get back")
    assert f"{len(entries)} of entries" in said
    assert "take catalog.url out" in said
    assert f"--data '{tmp_path / 'to get back'}'" in said


@pytest.mark.parametrize("command", ["move", "export", "index rebuild"])
def test_a_place_without_a_record_gets_none(
    command: str, url: str, operator: psycopg.Connection[tuple[object, ...]], tmp_path: Path
) -> None:
    """Who mistook the schema is told so, and moves, exports or indexes no record that is made on the spot."""
    config = tmp_path / "bindery.toml"
    config.write_text(f'data = "{tmp_path / "data"}"\ncatalog.url = "{url}"\n')
    words = {
        "move": ["catalog", "move", url, str(tmp_path / "back")],
        "export": ["export", "place/place", "--to", f"{tmp_path}/out/", "--config", str(config)],
        "index rebuild": ["index", "rebuild", "--config", str(config)],
    }[command]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1, done.output
    assert "there is no record" in done.stderr
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
    assert operator.execute(tables).fetchone() == (0,)
    assert not (tmp_path / "back").exists()
    assert not (tmp_path / "out").exists()


def test_a_schema_that_is_not_there_is_not_called_in_use(data: Path, url: str) -> None:
    with pytest.raises(CatalogUnusable, match="CREATE SCHEMA"):
        move_to_postgresql(data, f"{url}elsewhere", unseen)


@pytest.mark.parametrize(
    "password", ["hush%mine", "hush/mine", "hush@mine", "hush#mine", "hush?mine", "hush mine"]
)
@pytest.mark.parametrize("host", ["127.0.0.1:9", "[::1", "nohost.invalid"])
def test_no_password_is_told_however_it_is_written(data: Path, password: str, host: str) -> None:
    url = f"postgresql://me:{password}@{host}/none"
    config = data.parent / "bindery.toml"
    config.write_text(f'data = "{data}"\ncatalog.url = "{url}"\n')
    for words in (
        ["catalog", "move", str(data), url],
        ["backup", "--to", str(data.parent / "b"), "--config", str(config)],
        ["export", "place/place", "--to", f"{data.parent}/out/", "--config", str(config)],
        ["stats", "--config", str(config)],
    ):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 1, done.output
        assert "hush" not in done.output, words
        assert "mine" not in done.output, words
