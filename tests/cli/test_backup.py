"""``bindery backup`` and ``bindery restore``, of a running server."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict
from tests.servers.ending import ends_with_us

from bindery.catalog.opening import dump_command, open_access
from bindery.catalog.records import CatalogUnusable
from bindery.cli.main import main
from bindery.testing import BinderyServer


def bindery(*words: object, expect: int = 0, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BINDERY_")}
    done = subprocess.run(
        [sys.executable, "-m", "bindery.cli.main", *map(str, words)],
        capture_output=True, text=True, env=environment | variables, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == expect, done.stderr
    return done.stdout + done.stderr


@pytest.mark.server
def test_a_running_server_is_backed_up_and_comes_back(tmp_path: Path) -> None:
    names = {"ProjectName": "default", "DatasetName": "default"}
    with BinderyServer() as server:
        bucket = server.bucket("texts", {"a.txt": "first", "b.txt": "second"})
        server.bind("texts")
        server.call(
            "UpdateFileMeta", **names, File={"URI": "oss://texts/a.txt", "CustomLabels": {"k": "v"}}
        )
        labels = server.call("GetFileMeta", **names, URI="oss://texts/a.txt")["Files"][0]["CustomLabels"]
        shutil.copytree(bucket, tmp_path / "buckets" / "texts")
        data = bucket.parent.parent / "data"
        said = bindery("backup", "--to", tmp_path / "plain", "--data", data)
        assert "1 datasets, 2 rows of entries" in said
        assert "root-key.json" in said
        assert "sealing-key.json; back them up apart from it" in said
        bindery("backup", "--to", tmp_path / "whole", "--with-keys", "--data", data)
    assert not list((tmp_path / "plain").glob("*key*"))
    assert "is sound: 1 datasets" in bindery("backup", "--verify", tmp_path / "whole")

    restored = tmp_path / "restored"
    assert "bindery audit" in bindery("restore", tmp_path / "whole", "--data", restored)
    buckets = tmp_path / "buckets"
    command = [sys.executable, "-m", "bindery.cli.main", "serve", "--port", "0", "--data", restored]
    process = subprocess.Popen(
        ends_with_us([*command, "--bucket-root", buckets]),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        here = {"BINDERY_ENDPOINT": address, "BINDERY_DATA": str(restored)}
        file = json.loads(bindery("get", "texts/a.txt", **here))
        assert (file["CustomLabels"], file["Size"]) == (labels, 5)
        assert "2 of 2 files" in bindery("query", "URI ^= 'oss://texts/'", **here)
    finally:
        process.terminate()
        assert process.wait(timeout=120) == 0


@pytest.mark.server
def test_a_restored_record_is_audited(tmp_path: Path) -> None:
    """Against the buckets as they are, an altered object, a new one and a lost one among them; and by itself."""
    with BinderyServer() as server:
        bucket = server.bucket("texts", {f"{n}.txt": f"number {n}" for n in range(5)})
        server.bind("texts")
        data = bucket.parent.parent / "data"
        bindery("backup", "--to", tmp_path / "backup", "--data", data)
        shutil.copytree(bucket, tmp_path / "buckets" / "texts", copy_function=shutil.copy2)
    config = tmp_path / "bindery.toml"
    config.write_text(f'bucket_root = "{tmp_path / "buckets"}"\n')
    words = ("restore", tmp_path / "backup", "--audit", "--config", config, "--data")
    said = audited(*words, tmp_path / "equal")
    assert "5 entries of 1 datasets were read" in said
    assert "Traceback" not in said
    (tmp_path / "buckets" / "texts" / "0.txt").write_text("altered since")
    (tmp_path / "buckets" / "texts" / "1.txt").unlink()
    (tmp_path / "buckets" / "texts" / "9.txt").write_text("new")
    said = audited(*words, tmp_path / "differs", expect=1)
    for line in ("stale: oss://texts/0.txt", "extra: oss://texts/1.txt", "missing: oss://texts/9.txt"):
        assert line in said
    assert "since the backup" in said
    shutil.rmtree(tmp_path / "buckets" / "texts")
    assert "texts" in audited(*words, tmp_path / "gone", expect=1)
    config.write_text(f'[buckets]\ntexts = "{tmp_path / "buckets" / "texts"}"\n')
    assert "does not exist" in " ".join(audited(*words, tmp_path / "without its folder", expect=1).split())
    config.write_text("")
    assert "--config" in audited(*words, tmp_path / "unknown", expect=1)
    backup = tmp_path / "backup"
    with closing(sqlite3.connect(backup / "catalog.db")) as record, record:
        record.execute("DELETE FROM file WHERE uri = 'oss://texts/2.txt'")
    manifest = json.loads((backup / "manifest.json").read_text())
    content = (backup / "catalog.db").read_bytes()
    manifest["Rows"]["file"] -= 1
    manifest["Files"][0] |= {"Size": len(content), "Sha256": hashlib.sha256(content).hexdigest()}
    (backup / "manifest.json").write_text(json.dumps(manifest))
    assert "not as many as their datasets count" in audited(*words, tmp_path / "short", expect=1)


def audited(*words: object, expect: int = 0) -> str:
    done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exit_code == expect, done.output
    return done.output


def test_who_restores_registered_buckets_is_told_of_their_sealing_key(tmp_path: Path) -> None:
    with open_access("", tmp_path / "data") as record:
        record.registered_buckets.put("media", b"sealed")
    bindery("backup", "--to", tmp_path / "backup", "--data", tmp_path / "data")
    said = bindery("restore", tmp_path / "backup", "--data", tmp_path / "restored")
    assert "put sealing-key.json of the same time into it" in said
    assert "sealing key is missing" in bindery(
        "serve", "--data", tmp_path / "restored", "--port", 0, expect=1
    )


def test_what_cannot_be_backed_up_says_what_to_do(tmp_path: Path) -> None:
    config = tmp_path / "bindery.toml"
    config.write_text(
        'catalog.url = "postgresql://me:verysecret@db/imm?options=-csearch_path%3Dbooks&application_name=a@b"\n'
    )
    said = bindery("backup", "--to", tmp_path / "b", "--config", config, expect=1)
    assert "pg_dump --format=custom" in said
    assert f"--file={tmp_path / 'b'}.dump --schema=books" in said
    assert " 'user=me dbname=imm host=db options=-csearch_path=books application_name=a@b'" in said
    assert "secret" not in said
    assert "no catalog in" in bindery("backup", "--to", tmp_path / "b", "--data", tmp_path, expect=1)
    assert "either --to" in bindery("backup", expect=2)
    assert "is no backup" in bindery("restore", tmp_path, "--data", tmp_path / "new", expect=1)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:hush@db/imm?password=hush&sslpassword=hush", {"user": "me", "dbname": "imm"}),
        ("postgresql://me:hu%40sh%2F@one,two:6543/imm", {"host": "one,two", "port": ",6543"}),
        (
            "postgresql:///imm?host=/run/post%20gres&user=o'hara",
            {"host": "/run/post gres", "user": "o'hara"},
        ),
    ],
)
def test_the_line_for_pg_dump_reaches_the_record_and_shows_no_password(
    url: str, shown: dict[str, str]
) -> None:
    *_, named = dump_command(url, Path("record.dump"))
    read = conninfo_to_dict(named)
    assert shown.items() <= read.items()
    assert not re.search("hu(sh|@sh|%40sh)", named)
    assert not {"password", "sslpassword"} & read.keys()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:12/34@db/imm",
        "postgresql://me:12@34@db/imm",
        "postgresql://me:12?user=34@db/imm",
        "postgresql://me:twelve/34@db/imm",
        "postgresql://me:12?34@db/imm",
    ],
)
def test_a_password_that_is_read_as_something_else_is_not_shown(url: str) -> None:
    with pytest.raises(CatalogUnusable) as refused:
        dump_command(url, Path("record.dump"))
    assert not re.search("12|34|twelve", str(refused.value))
    assert "write it as" in str(refused.value)
