"""A bucket bound on a real server that may be killed at any moment, and what must be true of it afterwards."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import struct
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from tests.conftest import RunningServer
from tests.servers.postgresql import catalog_table

from bindery.zstandard import zstd

CLASSES = ("Indexed", "Unchanged", "Excluded", "Failed", "Pending")
FIELDS = ["URI", "Size", "ImageWidth", "ImageHeight", "ObjectStatus", "ETag"]
PROJECT, BUCKET = "project", "media"

Version = tuple[int, int, int]
"""Size in bytes, width and height of a picture: together they tell contents apart."""


def picture(width: int, height: int, padding: int = 0) -> bytes:
    """A GIF with one dot on a screen of that size; ``padding`` bytes follow its end."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    dot = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + screen + dot + b";" + b"\0" * padding


def any_picture(chance: random.Random) -> bytes:
    """A picture that is hardly ever the same twice."""
    return picture(chance.randrange(1, 60_000), chance.randrange(1, 60_000), chance.randrange(200))


def version_of(content: bytes) -> Version:
    """What an entry must tell of a picture."""
    return (len(content), *struct.unpack_from("<HH", content, 6))


def folder_versions(root: Path) -> dict[str, Version]:
    """Every file of a folder by its key. Only while nobody writes."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): version_of(path.read_bytes()) for path in files}


class Catalogue:
    """One binding of ``media``, on servers that follow each other over the same data folder."""

    def __init__(
        self, start: Callable[..., RunningServer], data: Path, bucket_root: Path, *options: str
    ) -> None:
        self._start = start
        self.data, self.bucket_root, self.options = data, bucket_root, options
        self.environment: dict[str, str] = {}
        self.dataset = ""
        self.server: RunningServer
        self.kills = 0

    @property
    def names(self) -> dict[str, str]:
        """The parameters that name the dataset."""
        return {"ProjectName": PROJECT, "DatasetName": self.dataset}

    @property
    def target(self) -> dict[str, str]:
        """The parameters that name the binding."""
        return {**self.names, "URI": f"oss://{BUCKET}"}

    def start(self) -> None:
        """A server over whatever the last one left."""
        self.server = self._start(
            *self.options, data=self.data, bucket_root=self.bucket_root, env=self.environment
        )

    def make_dataset(self, dataset: str) -> None:
        """What follows is about this dataset; with the project when there is none."""
        self.dataset = dataset
        if not self.server.call("ListProjects")["Projects"]:
            self.server.call("CreateProject", ProjectName=PROJECT)
        self.server.call("CreateDataset", **self.names)

    def bind(self, **parameters: Any) -> None:
        """Bind the bucket to the dataset."""
        self.server.call("CreateBinding", **self.target, **parameters)

    def binding(self) -> dict[str, Any]:
        """What GetBinding tells now."""
        binding: dict[str, Any] = self.server.call("GetBinding", **self.target)["Binding"]
        return binding

    def kill(self) -> None:
        """SIGKILL; what the dead server has left is whole in itself."""
        self.server.kill()
        self.kills += 1
        self.check_record()

    def check_record(self) -> None:
        """What the last server has left, see ``check_record``."""
        check_record(self.data)

    def written(self) -> int | None:
        """Another number after each commit; None before there is anything."""
        log = self.data / "catalog.db-wal"
        return log.stat().st_mtime_ns if log.exists() else None

    def start_doomed(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """A server that is killed ``seconds`` after its process began, or when ``until`` is true before that."""
        DoomedServer(seconds, until, self.data, self.bucket_root, *self.options, env=self.environment)
        self.kills += 1
        self.check_record()

    def check_balance(self) -> dict[str, int]:
        """The books as the server shows them, at any moment."""
        books: dict[str, int] = self.binding()["Progress"]
        assert books["Listed"] == sum(books[name] for name in CLASSES), books
        assert min(books[name] for name in CLASSES) >= 0, books
        return books

    def is_calm(self) -> bool:
        """Whether the binding follows its bucket and nothing waits."""
        binding = self.binding()
        books = binding["Progress"]
        return (
            (binding["State"], binding["Phase"]) == ("Running", "IncrementalScanning")
            and bool(books.get("LastCompleteListing"))
            and not books["Pending"]
            and not books.get("OldestPendingChangeAge")
        )

    def wait_calm(self, seconds: float = 180) -> None:
        """Until the binding follows its bucket and nothing waits."""
        wait_until(self.is_calm, seconds, self.binding)

    def wait_equal(self, bucket: Callable[[], Mapping[str, Version]], seconds: float = 180) -> None:
        """Until the dataset is the bucket, which changes no more; then books and ledger say the same."""
        wanted = bucket()
        wait_until(
            lambda: self.is_calm() and self.versions() == wanted,
            seconds,
            lambda: (self.binding(), differences(self.versions(), wanted)),
        )
        books = self.check_balance()
        assert books["Listed"] == books["Indexed"] + books["Unchanged"] == len(wanted), books
        live = {row["Key"]: row for row in self.ledger().values() if row["Outcome"] != "Deleted"}
        assert {row["Outcome"] for row in live.values()} <= {"Indexed"}
        assert {key: row["Size"] for key, row in live.items()} == {
            key: version[0] for key, version in wanted.items()
        }
        assert not self.binding().get("Reason")
        count = self.server.call("GetDataset", **self.names, WithStatistics=True)["Dataset"]
        assert (count.get("FileCount", 0), count.get("TotalFileSize", 0)) == (
            len(wanted),
            sum(version[0] for version in wanted.values()),
        )

    def entries(self) -> dict[str, dict[str, Any]]:
        """Every entry by its key; none may be there twice."""
        found: dict[str, dict[str, Any]] = {}
        token = None
        while token != "":
            page = self.server.call(
                "SimpleQuery", **self.names, MaxResults=100, NextToken=token, WithFields=FIELDS
            )
            for entry in page["Files"]:
                key = entry["URI"].removeprefix(f"oss://{BUCKET}/")
                assert key not in found, f"{key} is there twice"
                found[key] = entry
            token = page.get("NextToken") or ""
        return found

    def versions(self) -> dict[str, Version]:
        """What the dataset tells of each object."""
        return {
            key: (entry["Size"], entry.get("ImageWidth", 0), entry.get("ImageHeight", 0))
            for key, entry in self.entries().items()
        }

    def ledger(self) -> dict[str, dict[str, Any]]:
        """Every row of the ledger by its key."""
        found: dict[str, dict[str, Any]] = {}
        token = None
        while token != "":
            page = self.server.call("ListLedgerEntries", **self.target, NextToken=token)
            found.update((row["Key"], row) for row in page["LedgerEntries"])
            token = page.get("NextToken") or ""
        return found


class PostgresqlCatalogue(Catalogue):
    """With its record in a schema of PostgreSQL, which is never killed. Each server finds that the time is over which
    those before it had to come back, else it would wait for seconds."""

    def __init__(
        self, start: Callable[..., RunningServer], data: Path, bucket_root: Path, url: str, settings: str
    ) -> None:
        """``settings``: TOML."""
        data.mkdir(parents=True)
        file = data / "bindery.toml"
        file.write_text(settings + catalog_table(url))
        super().__init__(start, data, bucket_root, "--config", str(file))
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)

    def start(self) -> None:
        self.end_leases()
        super().start()

    def end_leases(self) -> None:
        """All servers are dead."""
        if self.is_made():
            self._connection.execute("UPDATE server SET until = 1 WHERE until > 0")

    def is_made(self) -> bool:
        """Whether there are tables."""
        return self._one("SELECT to_regclass('server')") is not None

    def check_record(self) -> None:
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            if self.is_made():
                check_bindings(self._ask)

    def written(self) -> int | None:
        return int(self._one("SELECT pg_current_wal_insert_lsn() - '0/0'"))

    def close(self) -> None:
        """The connection that checks."""
        self._connection.close()

    def _ask(self, statement: str, *values: object) -> list[Any]:
        return self._connection.execute(statement.replace("?", "%s").encode(), values).fetchall()

    def _one(self, statement: str) -> Any:
        ((value,),) = self._ask(statement)
        return value


class DoomedServer(RunningServer):
    """A server that is dead again when the constructor returns, however far it came."""

    def __init__(
        self, seconds: float, until: Callable[[], bool], *arguments: Any, env: dict[str, str]
    ) -> None:
        self._seconds, self._until = seconds, until
        super().__init__(*arguments, env=env)

    def _wait_until_ready(self) -> str:
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline and not self._until():
            time.sleep(0.001)
        assert self.process.poll() is None, self.log.read_text()
        self.kill()
        return "http://nobody"


def check_record(data: Path) -> None:
    """The record of a dead server: undamaged, its books balance, and its ledger and entries agree.

    Looks at a copy, so that the next server finds what the dead one left.
    """
    if not (data / "catalog.db").exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in data.glob("catalog.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, folder)
        connection = sqlite3.connect(Path(folder) / "catalog.db")
        try:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            if connection.execute("PRAGMA user_version").fetchone()[0]:
                check_bindings(lambda statement, *values: connection.execute(statement, values).fetchall())
        finally:
            connection.close()


Ask = Callable[..., list[Any]]
"""All rows that a statement finds in a record, with its values for ``?``."""


def check_bindings(ask: Ask) -> None:
    """Books balance, and ledgers and entries agree; all of it as it was at one moment."""
    for binding_id, body in ask("SELECT id, body FROM binding"):
        _check_binding(ask, binding_id, json.loads(body))


def _check_binding(ask: Ask, binding_id: int, binding: dict[str, Any]) -> None:
    books = {"listed": 0, **{name.lower(): 0 for name in CLASSES}} | binding.get("progress", {})
    rows = ask("SELECT key, outcome, etag, size FROM ledger WHERE binding_id = ?", binding_id)
    counts = Counter(outcome for _, outcome, _, _ in rows)
    assert books["listed"] == sum(books[name.lower()] for name in CLASSES), books
    assert books["indexed"] + books["unchanged"] == counts["Indexed"], (books, counts)
    assert {name: books[name.lower()] for name in ("Pending", "Excluded", "Failed")} == {
        name: counts[name] for name in ("Pending", "Excluded", "Failed")
    }
    indexed = {key: (etag, size) for key, outcome, etag, size in rows if outcome == "Indexed"}
    files = ask(
        "SELECT uri, document, size FROM file WHERE binding_id = ? AND document IS NOT NULL", binding_id
    )
    dictionaries = dict(ask("SELECT id, body FROM dictionary"))
    entries = {
        uri.removeprefix(f"oss://{BUCKET}/"): (
            json.loads(unpacked(stored, dictionaries)).get("ETag", "").strip('"'),
            size,
        )
        for uri, stored, size in files
    }
    live = {key for key, outcome, _, _ in rows if outcome not in ("Deleted", "Excluded")}
    assert entries.keys() <= live, entries.keys() - live
    settled = {key: entry for key, entry in entries.items() if key in indexed}
    assert settled == indexed, differences(settled, indexed)


def unpacked(stored: bytes, dictionaries: dict[int, bytes]) -> bytes:
    """A document, by what its frame and the table of dictionaries say."""
    if stored.startswith(b"{"):
        return stored
    number = zstd.get_frame_info(stored).dictionary_id
    return zstd.decompress(stored, zstd.ZstdDict(dictionaries[number]) if number else None)


def check_log(catalogue: Catalogue) -> None:
    """No server has met anything that it did not expect."""
    assert "Traceback" not in (catalogue.data / "server.log").read_text()


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Keys with what is there and what should be; the first few."""
    keys = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
    return [(key, found.get(key), wanted.get(key)) for key in keys[:20]]


def wait_until(until: Callable[[], Any], seconds: float, describe: Callable[[], Any]) -> None:
    """Until it is true; a failure tells what ``describe`` says."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, describe()
        time.sleep(0.02)
