"""``bindery sql``: answers of the index, its bounds, and nothing that could be changed or reached beside it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.catalog.samples import make_place, scan_of
from tests.conftest import RunningServer
from tests.servers.postgresql import Postgresql, catalog_table

from bindery.catalog.record_catalog import RecordCatalog
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.cli.main import main

AnyCatalog = TypeVar("AnyCatalog", bound=RecordCatalog)
_ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 3"
_KEYS = tuple(f"{number:03d}.jpg" for number in range(300))


def fill(data: Path) -> SqliteCatalog:
    return filled(SqliteCatalog(data, account_id="1000"))


def filled(catalog: AnyCatalog) -> AnyCatalog:
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *_KEYS, size=10, media_type="image"))
    catalog.bindings.commit(scan_of(place, 'odd "name",\x1b[31m.jpg', size=7, media_type="image"))
    assert catalog.queries.search(place.dataset.id, None, limit=1).total_hits == len(_KEYS) + 1
    return catalog


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that no server uses."""
    folder = tmp_path_factory.mktemp("sql") / "data"
    fill(folder).close()
    return folder


def run(data: Path, statement: str, *words: str, dataset: str = "place/place") -> Result:
    return CliRunner().invoke(main, ["sql", dataset, statement, "--data", str(data), *words])


def contents(data: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in data.rglob("*") if path.is_file()}


def test_tables_json_and_csv(data: Path) -> None:
    before = contents(data)
    sums = 'SELECT "MediaType" AS kind, count(*) AS files, sum("Size") AS bytes FROM files GROUP BY ALL'
    assert json.loads(run(data, sums, "--json").stdout) == {"kind": "image", "files": 301, "bytes": 3007}
    shown = run(data, sums, "--project", "place", dataset="place")
    assert shown.output.split() == ["kind", "files", "bytes", "─" * 21, "image", "301", "3007"], (
        shown.output
    )
    odd = """SELECT "URI", "VideoWidth", ['a', NULL] AS l FROM files WHERE "Size" = 7 -- one;"""
    rows = list(csv.reader(io.StringIO(run(data, odd, "--csv").stdout)))
    assert rows[0] == ["URI", "VideoWidth", "l"]
    assert rows[1] == ['oss://bucket/odd "name",\x1b[31m.jpg', "", '["a", null]']
    assert "\x1b[31m" not in run(data, odd).output
    assert "VideoWidth" in run(data, "DESCRIBE files").output, "also columns that nothing was written to"
    assert run(data, "EXPLAIN SELECT 1").exit_code == 0
    values = (
        "SELECT '2020-01-01'::DATE AS d, 'ab'::BLOB AS b, 'nan'::DOUBLE AS n, {'x': 1.5} AS s, uuid() AS u"
    )
    told = json.loads(run(data, values, "--json").stdout)
    assert (told["d"], told["b"], told["n"]) == ("2020-01-01", "6162", "nan")
    assert contents(data) == before


def test_rows_are_limited(data: Path) -> None:
    shown = run(data, 'SELECT "URI" FROM files ORDER BY "URI"', "--limit", "299", "--csv")
    assert shown.stdout.splitlines()[1:] == [f"oss://bucket/{key}" for key in _KEYS[:299]]
    assert "only the first 299 rows" in shown.stderr
    assert "only the first" not in run(data, "SELECT * FROM files", "--limit", "301", "--json").stderr


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM read_text('/etc/passwd')", "cannot be reached"),
        ("SELECT * FROM glob('/etc/*')", "cannot be reached"),
        ("SELECT * FROM '/etc/passwd'", "does not exist"),
        ("SELECT * FROM read_csv('https://127.0.0.1:1/x')", "rror"),
        ("SELECT * FROM enable_logging(storage := 'file', storage_path := 'log')", "locked"),
        ("SELECT * FROM query('CREATE TABLE memory.t (a INT)')", "SELECT"),
        ("COPY files TO 'stolen.csv'", "only be read"),
        ("EXPLAIN ANALYZE COPY files TO 'stolen.csv'", "cannot be reached"),
        ("ATTACH 'other.db'", "only be read"),
        ("INSTALL httpfs", "only be read"),
        ("LOAD json", "only be read"),
        ("SET memory_limit = '9GB'", "only be read"),
        ("PRAGMA memory_limit = '9GB'", "only be read"),
        ("DELETE FROM files", "only be read"),
        ("EXPLAIN ANALYZE DELETE FROM dataset.files", "read-only"),
        ("CREATE TABLE memory.t (a INT)", "only be read"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("", "one statement"),
        ("SELEC 1", "syntax error"),
        ('SELECT "None" FROM files', "None"),
        ("SELECT list(r) FROM range(1000000000) t(r)", "memory"),
        ("SELECT repeat('x', 3000000000)", "memory"),
    ],
)
def test_nothing_else_is_reached(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run(data, statement)
    assert (refused.exit_code, refused.stdout) == (1, ""), refused.output
    assert expected in refused.stderr
    assert "internal error" not in refused.stderr
    assert not list(tmp_path.iterdir())


def test_a_statement_ends_in_time(data: Path) -> None:
    ended = run(data, _ENDLESS, "--timeout", "0.5")
    assert (ended.exit_code, "more than 0.5 s" in ended.stderr) == (1, True), ended.output
    assert run(data, "SELECT 1").exit_code == 0, "the folder is free again"


def test_ctrl_c_ends_a_statement_that_is_at_work(data: Path) -> None:
    """DuckDB looks for signals now and then, and not while it is busy."""
    lines = (
        "import os, signal, sys, threading, time",
        "from bindery.cli.main import main",
        "def interrupt():",
        "    while 'time limit' not in [thread.name for thread in threading.enumerate()]: time.sleep(0.01)",
        "    time.sleep(0.5)",
        "    os.kill(os.getpid(), signal.SIGINT)",
        "signal.signal(signal.SIGINT, signal.default_int_handler)",
        "threading.Thread(target=interrupt, daemon=True).start()",
        "main(sys.argv[1:])",
    )
    words = ["sql", "place/place", _ENDLESS, "--timeout", "86400", "--data", str(data)]
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_what_is_not_there_is_told(data: Path, tmp_path: Path) -> None:
    assert "no dataset place/none" in run(data, "SELECT 1", dataset="place/none").stderr
    assert "--data" in run(tmp_path, "SELECT 1").stderr
    assert not list(tmp_path.iterdir())
    assert run(data, "SELECT 1", "--csv", "--json").exit_code == 2
    assert "no number" in run(data, "SELECT 1", "--timeout", "nan").stderr


def test_a_folder_that_another_command_uses_is_left_alone(tmp_path: Path) -> None:
    catalog = fill(tmp_path / "data")
    try:
        refused = run(tmp_path / "data", "SELECT 1")
        assert (refused.exit_code, "--endpoint" in refused.stderr) == (1, True), refused.output
    finally:
        catalog.close()
    assert run(tmp_path / "data", "SELECT count(*) FROM files", "--csv").stdout.split()[1] == "301"


@pytest.mark.server
def test_a_running_server_is_asked(start_server: Callable[..., RunningServer], tmp_path: Path) -> None:
    server = start_server(data=tmp_path / "data")
    server.make_dataset("project", "dataset")
    names = {"ProjectName": "project", "DatasetName": "dataset"}
    for key in ("a", "b\x1b[31m", "c"):
        server.call("IndexFileMeta", **names, File={"URI": f"oss://bucket/{key}", "CustomId": key})
    environment = {"BINDERY_ACCESS_KEY_ID": server.key_id, "BINDERY_ACCESS_KEY_SECRET": server.key_secret}

    def ask(statement: str, *words: str, code: int = 0) -> Result:
        command = ["sql", "project/dataset", statement, "--data", str(server.data), *words]
        done = CliRunner().invoke(main, command, env=environment)
        assert done.exit_code == code, done.output
        return done

    listed = ask('SELECT "CustomId", 1.5 AS x FROM files ORDER BY 1', "--csv", "--limit", "2")
    assert listed.stdout.splitlines() == ["CustomId,x", "a,1.5", "b\x1b[31m,1.5"]
    assert "only the first 2 rows" in listed.stderr
    assert json.loads(ask("SELECT count(*) AS n FROM files", "--json").stdout) == {"n": 3}
    assert "\x1b[31m" not in ask('SELECT "CustomId" FROM files').output
    large = ask("SELECT repeat('x', 3000000) AS t FROM range(9)", "--json")
    assert len(large.stdout.splitlines()) == 1
    assert "4 MiB" in large.stderr
    assert "--limit" not in large.stderr, "it would show no more"
    assert "too long" in ask("SELECT repeat('x', 5000000) AS t FROM range(2)", "--json").stderr
    assert "\nLINE 1: SELECT none" in ask("SELECT none FROM files", code=1).stderr, "in lines, not as one"
    assert "cannot be reached" in ask("SELECT * FROM read_text('/etc/passwd')", code=1).stderr
    assert "1 s" in ask(_ENDLESS, "--timeout", "0.5", code=1).stderr


def test_an_index_whose_server_was_killed_is_whole(tmp_path: Path) -> None:
    """What is in its log alone is read, and stays there."""
    program = (
        "import os, sys; from pathlib import Path; from tests.cli.test_sql import fill\n"
        "kept = fill(Path(sys.argv[1])); os._exit(0)"
    )
    root = Path(__file__).resolve().parent.parent.parent
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    subprocess.run(command, check=True, env=environment, timeout=120)
    assert list((tmp_path / "data" / "index").glob("*.duckdb.wal"))
    before = contents(tmp_path / "data" / "index")
    assert run(tmp_path / "data", "SELECT count(*) FROM files", "--csv").stdout.split()[1] == "301"
    assert contents(tmp_path / "data" / "index") == before


@pytest.mark.server
def test_the_dataset_of_a_record_in_postgresql(postgresql: Postgresql, tmp_path: Path) -> None:
    url, data = postgresql.create_schema(f"sql{uuid.uuid4().hex}"), tmp_path / "data"
    filled(PostgresqlCatalog(url, data, account_id="1000")).close()
    (tmp_path / "bindery.toml").write_text(catalog_table(url))
    words = ("--csv", "--config", str(tmp_path / "bindery.toml"))
    assert run(data, "SELECT count(*) FROM files", *words).stdout.split()[1] == "301"
    assert "no dataset place/none" in run(data, "SELECT 1", *words, dataset="place/none").stderr
