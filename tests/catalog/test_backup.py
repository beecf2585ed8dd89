"""A backup is of one instant whatever is written meanwhile, and what is restored of it is whole or refused."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from bindery.catalog import backup as backup_module
from bindery.catalog.backup import BackupUnusable, make_backup, restore_backup, verify_backup
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogInUse, CatalogUnusable
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .conformance import HOSTILE_KEYS
from .conftest import OpenCatalog
from .samples import Place, document_of, scan_of, uris


def unseen(_doing: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def rows_of(record: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a record."""
    with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
        ]
        return {name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1, 2').fetchall() for name in names
                if len(connection.execute(f'PRAGMA table_info("{name}")').fetchall()) > 1}  # fmt: skip


@pytest.fixture
def made(catalog: Catalog, place: Place, tmp_path: Path) -> Path:
    """The backup of an open catalog with hostile keys."""
    catalog.bindings.commit(scan_of(place, *HOSTILE_KEYS, title="as it was"))
    make_backup(tmp_path / "data", tmp_path / "backup", {}, unseen)
    return tmp_path / "backup"


def test_a_restored_catalog_is_the_one_that_was_backed_up(
    made: Path, place: Place, open_catalog: OpenCatalog, tmp_path: Path
) -> None:
    manifest = restore_backup(made, tmp_path / "restored", unseen)
    assert manifest.rows["file"] == manifest.rows["ledger"] == len(HOSTILE_KEYS)
    assert verify_backup(made, unseen) == manifest
    assert rows_of(tmp_path / "restored" / "catalog.db") == rows_of(tmp_path / "data" / "catalog.db")
    with closing(SqliteCatalog(tmp_path / "restored", account_id="10001")) as restored:
        expected = sorted(f"oss://bucket/{key}" for key in HOSTILE_KEYS)
        assert uris(restored, place.dataset) == expected
        assert document_of(restored, place.dataset, "oss://bucket/é")["Title"] == "as it was"


def test_what_is_written_while_it_is_copied_waits_for_the_next(
    catalog: Catalog, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer commits between the steps, and the copy ends all the same, as it began."""
    monkeypatch.setattr(backup_module, "_PAGES_AT_ONCE", 4)
    catalog.bindings.commit(scan_of(place, "before"))
    steps = []

    def write_beside(doing: str, done: int, total: int) -> None:
        if doing == "copying the record":
            steps.append((done, total))
            catalog.bindings.commit(scan_of(place, f"during/{len(steps)}"))

    manifest = make_backup(tmp_path / "data", tmp_path / "backup", {}, write_beside)
    assert len(steps) > 10
    assert steps[-1][0] == steps[-1][1]
    assert manifest.rows["file"] == 1
    assert len(uris(catalog, place.dataset)) == 1 + len(steps)


def test_files_are_for_their_owner_alone(made: Path, tmp_path: Path) -> None:
    restore_backup(made, tmp_path / "restored", unseen)
    for folder in (made, tmp_path / "restored"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_folder_that_holds_something_is_left_alone(made: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupUnusable, match="not empty"):
        make_backup(tmp_path / "data", made, {}, unseen)
    with pytest.raises(BackupUnusable, match="not empty"):
        restore_backup(made, tmp_path / "data", unseen)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(BackupUnusable, match="not empty"):
        restore_backup(made, tmp_path / "other", unseen)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["notes.txt"]
    with pytest.raises(BackupUnusable, match="no catalog in"):
        make_backup(tmp_path / "other", tmp_path / "second", {}, unseen)


@pytest.mark.parametrize("at", ["copying the record", "checking the record", "reading history.json"])
def test_a_backup_that_fails_leaves_room_for_the_next(made: Path, tmp_path: Path, at: str) -> None:
    history = tmp_path / "history.json"
    history.write_text("{}")
    others = {"history.json": history}

    def fail(doing: str, _done: int, _total: int) -> None:
        if doing == at:
            with pytest.raises(
                (BackupUnusable, FileExistsError)
            ):  # another one at the same time harms nothing
                make_backup(tmp_path / "data", tmp_path / "second", others, unseen)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_backup(tmp_path / "data", tmp_path / "second", others, fail)
    assert list((tmp_path / "second").iterdir()) == []
    make_backup(tmp_path / "data", tmp_path / "second", others, unseen)
    assert verify_backup(tmp_path / "second", unseen).rows == verify_backup(made, unseen).rows


def test_a_folder_that_cannot_be_made_is_not_called_a_data_folder(made: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupUnusable, match="choose another for the backup"):
        make_backup(tmp_path / "data", Path("/proc/none"), {}, unseen)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_backup_that_is_not_as_it_was_made_is_refused(made: Path, tmp_path: Path) -> None:
    manifest, record = made / "manifest.json", made / "catalog.db"
    written, content = manifest.read_text(), record.read_bytes()
    cases = {
        "SHA-256": lambda: _flip(record),
        "bytes of": lambda: record.write_bytes(content[:-4096]),
        "missing": record.unlink,
        "no backup": manifest.unlink,
        "is damaged": lambda: manifest.write_text(written[:-9]),
        "does not hold": lambda: manifest.write_text(written.replace('"project": 1', '"project": 2')),
        "by none": lambda: manifest.write_text(written.replace('"catalog.db"', '"../catalog.db"')),
        "newer Bindery": lambda: manifest.write_text(written.replace('"Format": 1', '"Format": 2')),
    }
    for expected, harm in cases.items():
        harm()
        with pytest.raises(BackupUnusable, match=expected):
            restore_backup(made, tmp_path / "restored", unseen)
        assert not (tmp_path / "restored").exists(), expected
        manifest.write_text(written)
        record.write_bytes(content)
    verify_backup(made, unseen)


@pytest.mark.parametrize("at", ["copying the record", "checking the record", "reading root.key"])
@pytest.mark.usefixtures("place")
def test_what_a_killed_backup_has_left_is_told_as_that(tmp_path: Path, at: str) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    (data / "root.key").write_text("secret")
    child = multiprocessing.get_context("spawn").Process(target=die_in_backup, args=(data, target, at))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    others = {"root.key": data / "root.key"}
    with pytest.raises(BackupUnusable, match="as a backup leaves it that was killed; remove it"):
        make_backup(data, target, others, unseen)
    (target / "notes.txt").write_text("mine")
    with pytest.raises(BackupUnusable, match="not empty; choose another"):
        make_backup(data, target, others, unseen)


def die_in_backup(data: Path, target: Path, at: str) -> None:
    def tell(doing: str, _done: int, _total: int) -> None:
        if doing == at:
            os.kill(os.getpid(), signal.SIGKILL)

    make_backup(data, target, {"root.key": data / "root.key"}, tell)


def test_a_folder_that_is_being_filled_says_by_what(made: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "unfinished").write_text("bindery catalog move was ended; move again")
    with pytest.raises(BackupUnusable, match="not empty: bindery catalog move was ended"):
        restore_backup(made, tmp_path / "moved", unseen)


def test_a_restore_that_was_cut_off_is_not_served(made: Path, tmp_path: Path) -> None:
    class _PowerFailure(BaseException):
        pass

    def fail(doing: str, _done: int, _total: int) -> None:
        if doing == "restoring catalog.db":
            with pytest.raises(CatalogInUse):
                SqliteCatalog(tmp_path / "restored", account_id="10001")
            raise _PowerFailure

    with pytest.raises(_PowerFailure):
        restore_backup(made, tmp_path / "restored", fail)
    with pytest.raises(CatalogUnusable, match="not all there: bindery restore was ended"):
        SqliteCatalog(tmp_path / "restored", account_id="10001")
    with pytest.raises(BackupUnusable, match="not empty: bindery restore was ended"):
        restore_backup(made, tmp_path / "restored", unseen)
