"""A large record of an earlier version is brought forward: told while it takes long, ended by SIGTERM, and whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from bindery.catalog.record.migrations import load_migrations
from bindery.catalog.record.sqlite import database as database_module
from bindery.catalog.record.sqlite import progress
from bindery.catalog.record.sqlite.database import SqliteDatabase
from bindery.catalog.records import Binding, Dataset, LedgerFilter, Outcome, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog

EARLIER = 5
"""The schema before its ledger got further indexes."""
ROWS = int(os.environ.get("BINDERY_LEDGER_ROWS", "100000"))

FILL = """
    INSERT INTO ledger SELECT 1, printf('k%08d', value), 'e', 7, 0, iif(value % 1000, 'Indexed', 'Failed'), '', 1, 1,
        0, 0, '' FROM generate_series
"""


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the record of an earlier version."""
    every = load_migrations("sqlite")
    with monkeypatch.context() as older:
        older.setattr(
            database_module, "load_migrations", lambda kind: {n: every[n] for n in range(1, EARLIER + 1)}
        )
        database = SqliteDatabase(tmp_path)
    with database.transaction() as connection:
        place = {"project": Project(name="p"), "dataset": Dataset(project_id=1, project_name="p", name="d")}
        connection.execute(
            "INSERT INTO project (name, body) VALUES ('p', ?)", [msgspec.json.encode(place["project"])]
        )
        connection.execute(
            "INSERT INTO dataset (project_id, name, body) VALUES (1, 'd', ?)",
            [msgspec.json.encode(place["dataset"])],
        )
        binding = Binding(dataset_id=1, project_name="p", dataset_name="d", bucket="b")
        connection.execute(
            "INSERT INTO binding (dataset_id, bucket, body) VALUES (1, 'b', ?)",
            [msgspec.json.encode(binding)],
        )
        columns = [row[1] for row in connection.execute("PRAGMA table_info(ledger)").fetchall()]
        assert columns[0] == "binding_id"
        connection.execute(
            FILL.replace(
                "generate_series",
                f"(WITH RECURSIVE n(value) AS (VALUES (1) UNION ALL SELECT value + 1 FROM n LIMIT {ROWS:d}) "
                "SELECT value FROM n)",
            )
        )
    assert database.close(60)
    return tmp_path


def test_all_of_it_comes_over_and_is_told(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.0)
    with capture_logs() as lines:
        catalog = SqliteCatalog(earlier, account_id="1")
    told = [line for line in lines if "still being brought up to date" in line["event"]]
    assert {(line["step"], line["of"]) for line in told} >= {(EARLIER + 1, max(load_migrations("sqlite")))}
    assert catalog.bindings.get("p", "d", "b").id == 1
    assert sum(len(page) for page in catalog.ledger.walk(1)) == ROWS
    failed = catalog.ledger.list(1, LedgerFilter(outcome=Outcome.FAILED), limit=ROWS).rows
    assert len(failed) == ROWS // 1_000
    assert catalog.close(60)


@pytest.mark.server
def test_sigterm_in_the_middle_of_it(earlier: Path) -> None:
    """Status 0, and the next start begins the step again."""
    command = [sys.executable, "-m", "bindery.cli.main", "serve", "--port", "0", "--data", str(earlier)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "brought up to date" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in said
    catalog = SqliteCatalog(earlier, account_id="1")
    assert sum(len(page) for page in catalog.ledger.walk(1)) == ROWS
    assert catalog.close(60)
