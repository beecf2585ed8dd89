"""``bindery backup`` and ``bindery restore``, of a running server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
        [*command, "--bucket-root", buckets], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
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
        assert process.wait(timeout=30) == 0


def test_what_cannot_be_backed_up_says_what_to_do(tmp_path: Path) -> None:
    config = tmp_path / "bindery.toml"
    config.write_text(
        'catalog.url = "postgresql://me:verysecret@db/imm?password=hush&options=-csearch_path%3Dbooks"\n'
    )
    said = bindery("backup", "--to", tmp_path / "b", "--config", config, expect=1)
    assert "pg_dump --format=custom" in said
    assert f"--file={tmp_path / 'b'}.dump --schema=books" in said
    assert "me@db/imm" in said
    assert "verysecret" not in said
    assert "hush" not in said
    assert "no catalog in" in bindery("backup", "--to", tmp_path / "b", "--data", tmp_path, expect=1)
    assert "either --to" in bindery("backup", expect=2)
    assert "is no backup" in bindery("restore", tmp_path, "--data", tmp_path / "new", expect=1)
