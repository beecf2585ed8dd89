"""``bindery stats``: what it says adds up, beside a running server and without one, counted and estimated."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.catalog.samples import make_place, scan_of

from bindery.catalog.record.sqlite import sizes as sqlite_sizes
from bindery.catalog.record.sqlite.pointer_map import PointerMap
from bindery.catalog.records import CatalogUnusable
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.cli.main import main
from bindery.config import Config
from bindery.stats import _folder_size, measure

_ENTRIES = 1_200
_TREES = "SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that nobody uses: entries with values of many pages, and pages that became free."""
    data = tmp_path_factory.mktemp("stats") / "data"
    catalog = SqliteCatalog(data, account_id="1000")
    place, chance = make_place(catalog), random.Random(1)
    for page in range(_ENTRIES // 100):
        keys = [f"{page:02d}/{number:03d}.jpg" for number in range(100)]
        catalog.bindings.commit(scan_of(place, *keys, size=10, title=chance.randbytes(6_000).hex()))
    make_place(catalog, "empty")
    catalog.queries.search(place.dataset.id, None, limit=1)
    catalog.close()
    connection = sqlite3.connect(data / "catalog.db")
    connection.execute("DELETE FROM ledger WHERE key > '05'")
    connection.commit()
    connection.close()
    return data


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["stats", *words])


def pages_by_name(path: Path) -> dict[int, str]:
    connection = sqlite3.connect(path)
    try:
        return dict(connection.execute("SELECT pageno, name FROM dbstat"))
    except sqlite3.OperationalError:
        pytest.skip("this SQLite was built without dbstat")
    finally:
        connection.close()


def test_what_is_counted_adds_up(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    found = measure(Config(data=folder))
    record = found.record
    pages_by_name(folder / "catalog.db")
    assert (record.how, record.bytes) == ("counted", (folder / "catalog.db").stat().st_size)
    assert 0 < record.other < record.bytes / 100, "the pointer map"
    rows = {each.name: each.rows for each in record.relations}
    assert (rows["file"], rows["ledger"], rows["file_order"]) == (_ENTRIES, 500, None)
    assert record.free > 0
    assert [(each.dataset, each.entries, each.file_bytes) for each in found.datasets] == [
        ("place", _ENTRIES, 10 * _ENTRIES), ("empty", 0, 0),
    ]  # fmt: skip
    names = {each.suffix: each.stat().st_size for each in (folder / "index").iterdir()}
    index = found.datasets[0].index
    assert (index.columns, index.texts) == (names[".duckdb"], names[".texts"])
    assert found.bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert before == sorted(path.name for path in folder.iterdir()), "nothing is left behind"


def test_documents_are_sampled(folder: Path) -> None:
    held = measure(Config(data=folder)).record.documents
    assert held is not None
    assert held.unpacked > 12_000 > held.packed > 0
    assert (held.own, held.plain_share) == (0, 0)
    connection = sqlite3.connect(folder / "catalog.db")
    (mean,) = connection.execute("SELECT avg(length(document)) FROM file").fetchone()
    connection.close()
    assert held.packed == pytest.approx(mean, rel=0.5)


def test_the_pointer_map_knows_whose_each_page_is(folder: Path) -> None:
    path = folder / "catalog.db"
    expected = pages_by_name(path)
    connection = sqlite3.connect(path)
    roots = dict(connection.execute(_TREES)) | {"sqlite_schema": 1}
    connection.close()
    names = {root: name for name, root in roots.items()}
    pages = PointerMap(path)
    found = {page: pages._owner(page) for page in range(1, pages.pages + 1)}
    pages.close()
    assert pages.exists
    assert {page: names[owner] for page, owner in found.items() if owner} == expected
    assert 0 in found.values(), "free pages"


def test_what_is_too_large_is_estimated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = {each.name: each.bytes for each in measure(Config(data=folder)).record.relations}
    monkeypatch.setattr(sqlite_sizes, "_MOST_COUNTED_BYTES", 0)
    record = measure(Config(data=folder)).record
    assert record.how == "estimated"
    for each in record.relations:
        # Five standard errors of 20,000 pages at random.
        assert each.bytes == pytest.approx(counted[each.name], abs=record.bytes * 0.018)
    shown = run("--data", str(folder))
    assert shown.exit_code == 0, shown.output
    assert "are estimated" in shown.output


def test_a_file_without_a_map_says_what_is_not_counted(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "catalog.db"
    source, target = sqlite3.connect(folder / "catalog.db"), sqlite3.connect(copied)
    source.backup(target)
    source.close()
    target.execute("PRAGMA journal_mode = DELETE")
    target.execute("PRAGMA auto_vacuum = NONE")
    target.execute("VACUUM")
    target.close()
    monkeypatch.setattr(sqlite_sizes, "_MOST_COUNTED_BYTES", 0)
    assert measure(Config(data=tmp_path)).record.how == "incomplete"
    assert "not counted" in run("--data", str(tmp_path)).output


def test_tables_for_people_and_json_for_programs(folder: Path) -> None:
    shown = run("--data", str(folder))
    assert shown.exit_code == 0, shown.output
    for text in ("free on the disk", "smaller ones", "place/place", "dictionaries:"):
        assert text in shown.output
    assert "1 more datasets" in run("--data", str(folder), "--datasets", "1").output
    told = json.loads(run("--data", str(folder), "--json", "--datasets", "1").stdout)
    assert told["record"]["entries"] == _ENTRIES
    assert [each["dataset"] for each in told["datasets"]] == ["place"]
    assert {each["is_index"] is bool(each["is_index"]) for each in told["record"]["relations"]} == {True}


def test_what_cannot_be_measured_is_told(tmp_path: Path) -> None:
    nothing = run("--data", str(tmp_path))
    assert (nothing.exit_code, "--data" in nothing.output) == (1, True)
    assert not list(tmp_path.iterdir())
    (tmp_path / "catalog.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)
    assert "Restore it from a backup" in run("--data", str(tmp_path)).output
    (tmp_path / "catalog.db").unlink()
    sqlite3.connect(tmp_path / "catalog.db").execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(CatalogUnusable, match="lacks tables"):
        measure(Config(data=tmp_path))


def test_large_folders_are_counted_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "file").write_bytes(b"12345")
    assert (whole := _folder_size(tmp_path)).is_complete
    assert (whole.files, whole.bytes) == (10, 50)
    monkeypatch.setattr("bindery.stats._MOST_FILES", 4)
    part = _folder_size(tmp_path)
    assert (part.files, part.bytes, part.is_complete) == (4, 20, False)


@pytest.mark.server
@pytest.mark.parametrize("kind", ["server", "server_with_postgresql"])
def test_beside_a_running_server(
    kind: str, request: pytest.FixtureRequest, new_name: Callable[[str], str]
) -> None:
    server: Any = request.getfixturevalue(kind)
    project = new_name("stats")
    server.make_dataset(project, "d")
    command = [sys.executable, "-m", "bindery.cli.main", "stats", "--json", "--datasets", "1000"]
    command += [*_configuration(server), "--data", str(server.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    names = {each["name"] for each in told["record"]["relations"]}
    assert {"file", "ledger", "dictionary"} <= names
    assert told["record"]["kind"] == ("PostgreSQL" if kind.endswith("postgresql") else "SQLite")
    assert told["bytes"] > 0
    assert server.call("GetDataset", ProjectName=project, DatasetName="d"), "it goes on"


def _configuration(server: Any) -> list[str]:
    options = list(server.process.args)
    at = options.index("--config") if "--config" in options else len(options)
    return options[at : at + 2]
