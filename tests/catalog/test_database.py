"""The SQLite file: its lock, its migrations, its damages, and the connections of threads."""

from __future__ import annotations

import gc
import os
import random
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from bindery.catalog.record.migrations import load_migrations
from bindery.catalog.record.sqlite import connection
from bindery.catalog.record.sqlite import database as database_module
from bindery.catalog.record.sqlite.database import SqliteDatabase, split_script
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import CatalogUnusable, Project

from .conftest import OpenCatalog
from .samples import make_place, scan_of, uris

OPEN = (
    "import sys; from pathlib import Path; from bindery.catalog.record.sqlite.database import SqliteDatabase;"
    "SqliteDatabase(Path(sys.argv[1]))"
)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    first = SqliteDatabase(tmp_path)
    with pytest.raises(CatalogUnusable, match="in use by another Bindery"):
        SqliteDatabase(tmp_path)
    second = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "in use by another Bindery" in second.stderr
    first.close()
    SqliteDatabase(tmp_path).close()


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CatalogUnusable, match="--data"):
            SqliteDatabase(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CatalogUnusable, match="cannot be written"):
        SqliteDatabase(tmp_path)


@pytest.mark.parametrize(
    "content", [b"hello", random.Random(1).randbytes(50_000), b"SQLite format 3\0" + bytes(5_000)]
)
def test_a_file_that_is_no_record(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "catalog.db").write_bytes(content)
    with pytest.raises(CatalogUnusable, match=r"damaged.*backup.*move"):
        SqliteDatabase(tmp_path)
    assert (tmp_path / "catalog.db").read_bytes() == content


def test_an_emptied_record_is_not_taken_for_a_new_one(open_catalog: OpenCatalog, tmp_path: Path) -> None:
    catalog = open_catalog()
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, "a", "b"))
    assert catalog.queries.search(place.dataset.id, None).total_hits == 2
    catalog.close()
    record = tmp_path / "data" / "catalog.db"
    for path in (tmp_path / "data").glob("catalog.db*"):
        path.unlink()
    record.touch()
    with pytest.raises(CatalogUnusable, match=r"is empty.*backup.*remove the empty file"):
        open_catalog()
    assert record.stat().st_size == 0
    record.unlink()
    assert open_catalog().projects.list() == []


def test_a_first_start_that_was_cut_off_goes_on(open_catalog: OpenCatalog, tmp_path: Path) -> None:
    (tmp_path / "data" / "index").mkdir(parents=True)
    (tmp_path / "data" / "catalog.db").touch()
    assert open_catalog().projects.list() == []


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "catalog.db") as other:
        other.execute("CREATE TABLE project (x)")
    other.close()
    with pytest.raises(CatalogUnusable, match="already exists"):
        SqliteDatabase(tmp_path)
    with sqlite3.connect(tmp_path / "catalog.db") as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("project",)]
    other.close()


def test_a_newer_record_is_refused_unchanged(tmp_path: Path) -> None:
    SqliteDatabase(tmp_path).close()
    with sqlite3.connect(tmp_path / "catalog.db") as newer:
        newer.execute("PRAGMA user_version = 999")
    newer.close()
    with pytest.raises(CatalogUnusable, match=r"newer Bindery.*999"):
        SqliteDatabase(tmp_path)


def test_damage_in_the_middle_is_reported_when_it_is_read(
    open_catalog: OpenCatalog, tmp_path: Path
) -> None:
    catalog = open_catalog()
    place = make_place(catalog)
    keys = [f"k{number:05d}" for number in range(3_000)]
    catalog.bindings.commit(scan_of(place, *keys, title="t" * 500))
    catalog.queries.search(place.dataset.id, None)
    catalog.close()
    path = tmp_path / "data" / "catalog.db"
    with closing(sqlite3.connect(path)) as record:  # a log that is left would mend the damage
        record.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 4 // 4096 * 4096)
        file.write(random.Random(4).randbytes(path.stat().st_size // 2))
    catalog = open_catalog()
    assert catalog.projects.get("place").name == "place"
    for _ in range(2):
        with pytest.raises(CatalogUnusable, match=r"damaged.*backup"):
            for key in keys:
                catalog.files.get(place.dataset.id, [f"oss://bucket/{key}"])
    with pytest.raises(CatalogUnusable, match="damaged"):
        catalog.queries.rebuild()


def test_a_record_cut_short_while_open_kills_nobody(open_catalog: OpenCatalog, tmp_path: Path) -> None:
    """A mapped file would end the process with SIGBUS here."""
    catalog = open_catalog()
    place = make_place(catalog)
    catalog.bindings.commit(
        scan_of(place, *(f"k{number:05d}" for number in range(20_000)), title="t" * 300)
    )
    catalog.queries.search(place.dataset.id, None)
    assert not catalog._database._writer.execute("PRAGMA mmap_size").fetchone()[0]  # type: ignore[attr-defined]
    catalog._database._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]
    os.truncate(tmp_path / "data" / "catalog.db", 20_480)
    with pytest.raises(CatalogUnusable):
        for page in catalog.ledger.walk(place.binding.id):
            catalog.files.get(place.dataset.id, [f"oss://bucket/{entry.key}" for entry in page])


SCHEMA_OF_EACH_TABLE = {
    "binding": ["id", "dataset_id", "bucket", "body", "ending"],
    "buried": ["binding_id", "key", "etag", "size", "file_id", "extractor_version", "document", "own", "text",
               "create_time", "buried_time"],
    "change": ["sequence", "binding_id", "key", "since", "version"],
    "dataset": ["id", "project_id", "name", "body", "file_count", "total_size", "purged", "newest"],
    "dictionary": ["id", "body", "made_time"],
    "explicit_file": ["dataset_id", "uri"],
    "file": [
        "sequence", "dataset_id", "uri", "document", "own", "text", "size", "create_time", "binding_id", "is_new",
    ],
    "follower": ["identity", "purged"],
    "index_call": ["id", "dataset_id", "body"],
    "index_call_file": ["dataset_id", "uri", "call_id", "error"],
    "ledger": ["binding_id", "key", "etag", "size", "modified_ns", "outcome", "reason", "attempts",
               "extractor_version", "seen_time", "outcome_time", "file_id"],
    "outbox": ["sequence", "destination", "id", "body", "made_time", "attempts", "due_time"],
    "packing": ["position", "until"],
    "project": ["id", "name", "body"],
    "registered_bucket": ["name", "sealed"],
    "task": ["project_name", "type", "id", "start_time", "end_time", "status", "body"],
    "task_queue": ["project_name", "type", "id", "parent", "subject", "weight", "due", "attempts", "lease_owner",
                   "fence", "cancel"],
    "task_tag": ["project_name", "tag", "start_time", "type", "id"],
    "task_turn": ["project_name", "parent", "is_batch", "turn"],
    "access_key": ["id", "user_id", "sealed", "active", "label", "create_time"],
    "access_key_use": ["key_id", "time", "service"],
    "access_version": ["version"],
    "browser_session": ["id", "key_id", "holder", "create_time", "use_time", "address", "agent"],
    "attachment": ["kind", "principal_id", "type", "policy", "attach_time"],
    "membership": ["group_id", "user_id", "join_time"],
    "policy": ["name", "body", "default_version", "newest_version"],
    "policy_version": ["policy", "number", "document", "create_time"],
    "ram_user": ["id", "name", "body"],
    "role": ["id", "name", "body"],
    "user_group": ["id", "name", "body"],
    "saved_search": ["dataset_id", "owner", "name", "expression", "update_time"],
    "usage": ["day", "project", "dimension", "quantity"],
}  # fmt: skip


def test_migrations_lead_to_the_expected_schema(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    names = database.reader.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    found = {
        name: [row[1] for row in database.reader.execute(f"PRAGMA table_info({name})").fetchall()]
        for (name,) in names.fetchall()
    }
    assert found == SCHEMA_OF_EACH_TABLE
    indexes = database.reader.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    )
    assert {name for (name,) in indexes.fetchall()} == {
        "access_key_user",
        "attachment_policy",
        "binding_ending",
        "binding_names",
        "browser_session_holder",
        "browser_session_use",
        "buried_age",
        "buried_content",
        "change_order",
        "file_order",
        "file_removed",
        "index_call_dataset",
        "index_call_file_call",
        "ledger_content",
        "ledger_deleted",
        "ledger_unsettled",
        "membership_user",
        "outbox_age",
        "outbox_due",
        "saved_search_owner",
        "task_age",
        "task_end",
        "task_id",
        "task_of_status",
        "task_of_type",
        "task_queue_due",
        "task_queue_order",
        "task_queue_subject",
        "task_start",
        "task_status",
        "task_tag_task",
        "task_turn_order",
        "usage_project",
    }
    assert database.reader.execute("PRAGMA user_version").fetchone() == (max(load_migrations("sqlite")),)
    database.close()


def test_migrations_are_numbered_without_gaps() -> None:
    folder = files("bindery.catalog.record.sqlite") / "migrations"
    numbers = sorted(int(entry.name[:4]) for entry in folder.iterdir() if entry.name.endswith(".sql"))
    assert numbers == list(range(1, len(numbers) + 1)) == sorted(load_migrations("sqlite"))


def test_every_earlier_schema_is_brought_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = load_migrations("sqlite")
    for version in every:
        folder = tmp_path / str(version)
        monkeypatch.setattr(
            database_module,
            "load_migrations",
            lambda kind, to=version: {n: every[n] for n in range(1, to + 1)},
        )
        SqliteDatabase(folder).close()
        monkeypatch.undo()
        database = SqliteDatabase(folder)
        assert database.reader.execute("PRAGMA user_version").fetchone() == (max(every),)
        assert database.reader.execute("PRAGMA foreign_key_check").fetchall() == []
        database.close()


def test_ids_of_deleted_bindings_are_not_given_again_after_a_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries remember which binding made them."""
    every = load_migrations("sqlite")
    monkeypatch.setattr(database_module, "load_migrations", lambda kind: {n: every[n] for n in range(1, 6)})
    database = SqliteDatabase(tmp_path)
    with database.transaction() as writer:
        writer.execute("INSERT INTO project VALUES (1, 'p', x'7b7d')")
        writer.execute("INSERT INTO dataset VALUES (1, 1, 'd', x'7b7d', 0, 0)")
        for bucket in ("one", "two", "three"):
            writer.execute(
                "INSERT INTO binding (dataset_id, bucket, body) VALUES (1, ?, x'7b7d')", (bucket,)
            )
        writer.execute("INSERT INTO ledger VALUES (1, 'k', 'e', 1, 1, 'Indexed', '', 1, 1, 1, 1, '')")
        writer.execute("DELETE FROM binding WHERE id = 3")
    database.close()
    monkeypatch.undo()
    database = SqliteDatabase(tmp_path)
    with database.transaction() as writer:
        writer.execute("INSERT INTO binding (dataset_id, bucket, body) VALUES (1, 'four', x'7b7d')")
        rows = writer.execute("SELECT id, bucket FROM binding ORDER BY id").fetchall()
        assert rows == [(1, "one"), (2, "two"), (4, "four")]
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            writer.execute("DELETE FROM binding WHERE id = 1")
    database.close()


def test_space_that_became_free_goes_back_to_the_disk(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    with database.transaction() as writer:
        writer.execute("CREATE TABLE filling (x BLOB)")
        writer.executemany("INSERT INTO filling VALUES (?)", [(bytes(4_000),)] * 3_000)
    assert not database.give_back(500)
    with database.transaction() as writer:
        writer.execute("DROP TABLE filling")
    pages = database.reader.execute("PRAGMA page_count").fetchone()[0]
    assert database.give_back(500)
    assert database.reader.execute("PRAGMA page_count").fetchone()[0] <= pages - 500
    while database.give_back(500):
        pass
    assert database.reader.execute("PRAGMA freelist_count").fetchone()[0] < 1_000
    database.close()


def test_filters_of_the_ledger_go_by_an_index(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    ledger = load_statements("ledger")

    def plan(statement: str) -> str:
        values = dict.fromkeys(re.findall(r":(\w+)", statement))
        rows = database.reader.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        return "; ".join(row[3] for row in rows)

    assert "PRIMARY KEY (binding_id=? AND key>? AND key<?)" in plan(ledger.select_filtered)
    unsettled = plan(ledger.select_unsettled)
    assert "ledger_unsettled (binding_id=? AND outcome=? AND key>? AND key<?)" in unsettled
    assert "PRIMARY KEY (binding_id=? AND key>? AND key<?)" in plan(ledger.count_below)
    for statement in (ledger.select_filtered, ledger.select_unsettled):
        assert "TEMP B-TREE" not in plan(statement)
    database.close()


LARGE = "buried|change|explicit_file|file|index_call_file|ledger|outbox|task"
"""Tables that may have a row for each object, or for each of very many calls."""
WHOLE = {
    "oldest_changes": "once, at the start",
    "outbox_backlog": "an index alone, of what no receiver has taken",
    "outbox_destinations": "the same",
}
PARTS = ("of_", "behind_", "is_kept", "list_keys", "list_tagged_keys", "list_end", "count_near")
"""Of tasks.sql: statements are made of them, of whose plans test_task_lists.py tells."""
STATEMENTS = {
    f"{room.name.removesuffix('.sql')}.{name}": text
    for room in (files("bindery.catalog.record") / "sql").iterdir()
    for name, text in vars(load_statements(room.name.removesuffix(".sql"))).items()
    if room.name != "tasks.sql" or not name.startswith(PARTS)
}


@pytest.fixture(scope="module")
def plan_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], list[str]]]:
    """How SQLite goes about a statement, step by step."""
    database = SqliteDatabase(tmp_path_factory.mktemp("plans"))

    def plan(statement: str) -> list[str]:
        text = re.sub(r"--.*", "", STATEMENTS[statement])
        numbered = len(set(re.findall(r"\?\d+", text)))
        values = dict.fromkeys(re.findall(r":(\w+)", text)) or [None] * (numbered or text.count("?"))
        rows = database.reader.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
        return [row[3] for row in rows]

    yield plan
    database.close()


@pytest.mark.parametrize("statement", sorted(STATEMENTS))
def test_no_statement_walks_through_a_table_that_may_be_large(
    plan_of: Callable[[str], list[str]], statement: str
) -> None:
    walks = [step for step in plan_of(statement) if re.match(rf"SCAN ({LARGE})\b", step)]
    assert not walks or statement.partition(".")[2] in WHOLE


@pytest.mark.parametrize(
    "statement", ["tombstones.find_live", "tombstones.find_buried", "ledger.is_renamed"]
)
def test_a_file_among_many_of_one_size_and_time_is_found_by_what_it_is(
    plan_of: Callable[[str], list[str]], statement: str
) -> None:
    assert any("content (etag=? AND file_id=?" in step for step in plan_of(statement))


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteDatabase(tmp_path).close()
    newest = max(load_migrations("sqlite"))
    broken = load_migrations("sqlite") | {
        newest + 1: "CREATE TABLE new (x);\nINSERT INTO nowhere VALUES (1);\n"
    }
    monkeypatch.setattr(database_module, "load_migrations", lambda kind: broken)
    with pytest.raises(CatalogUnusable, match="nowhere"):
        SqliteDatabase(tmp_path)
    monkeypatch.undo()
    database = SqliteDatabase(tmp_path)
    assert database.reader.execute("SELECT 1 FROM sqlite_schema WHERE name = 'new'").fetchone() is None
    database.close()


def test_every_statement_says_what_it_is_for() -> None:
    silent = [
        f"{entry.name}: {statement.split(chr(10))[0]}"
        for entry in (files("bindery.catalog.record") / "sql").iterdir()
        if entry.name.endswith(".sql")
        for statement in entry.read_text("utf-8").split("-- name: ")[1:]
        if not re.match(r"\w+\n-- [A-Z].*[.:]\n", statement + "\n")
        and not re.match(r"\w+\n-- [A-Z].*\n-- ", statement)
    ]
    assert silent == []


def test_scripts_are_split_at_statements() -> None:
    script = "-- a; comment\nCREATE TABLE t (x TEXT DEFAULT ';');\nINSERT INTO t\nVALUES ('a;\nb');\n"
    statements = [re.sub(r"\s+", " ", statement).strip() for statement in split_script(script)]
    assert statements == [
        "-- a; comment CREATE TABLE t (x TEXT DEFAULT ';');",
        "INSERT INTO t VALUES ('a; b');",
    ]


def test_readers_end_with_their_threads(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    for _ in range(20):
        threads = [
            threading.Thread(target=lambda: database.reader.execute("SELECT 1").fetchone())
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    gc.collect()
    assert not database._readers
    database.close()


def test_readers_cannot_write_and_a_closed_catalog_says_so(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path)
    with pytest.raises(CatalogUnusable):
        database.reader.execute("DELETE FROM project")
    database.close()
    caught: list[BaseException] = []

    def read() -> None:
        try:
            database.reader.execute("SELECT 1")
        except CatalogUnusable as error:
            caught.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert "closed" in str(caught[0])


def test_walking_reads_a_page_at_a_time(open_catalog: OpenCatalog) -> None:
    """An unfinished walk holds no snapshot: the log is worked in behind it."""
    catalog = open_catalog()
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *(f"k{number:05d}" for number in range(6_000))))
    walk = catalog.ledger.walk(place.binding.id)
    next(walk)
    catalog.bindings.commit(scan_of(place, "k00001"))
    busy = catalog._database._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]  # type: ignore[attr-defined]
    assert busy == 0
    assert len(next(walk)) == 1_000
    assert uris(catalog, place.dataset)


def test_another_program_that_holds_the_record_is_named_and_outlived(
    open_catalog: OpenCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LOCK_SECONDS", 0.05)
    catalog = open_catalog()
    hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); print(); input()"
    record = str(tmp_path / "data" / "catalog.db")
    with subprocess.Popen(
        [sys.executable, "-c", hold, record], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(CatalogUnusable, match="locked by another program"):
            catalog.projects.create(Project(name="p"))
        assert catalog.projects.list() == []
        other.communicate(b"\n")
    assert catalog.projects.create(Project(name="p")).id > 0
