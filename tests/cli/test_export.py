"""``bindery export``: beside a running server, into folders, files and buckets; killed, and begun again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import boto3
import pyarrow.fs
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from tests.catalog.samples import make_place, write_of

from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.cli.main import main
from bindery.testing import BinderyServer

_ENTRIES = 3_000
_KILLED = """
import os, signal
from bindery.catalog.export import parquet, export
from bindery.cli.main import main
parquet.MOST_ROWS = export._PAGE = 20
copy, begun = parquet.copy, []
def copy_five(select, target, metadata):
    begun.append(target)
    copy(select, target, metadata)
    if len(begun) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
parquet.copy = copy_five
main()
"""
"""Killed when its fifth file lies there, and is not yet known to."""


def bindery(*words: object, expect: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BINDERY_")}
    done = subprocess.run(
        [sys.executable, "-m", "bindery.cli.main", *map(str, words)],
        capture_output=True, text=True, env=environment | variables, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == expect, done.stderr
    return done


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that no server uses."""
    data = tmp_path_factory.mktemp("export") / "data"
    catalog = SqliteCatalog(data, account_id="1000")
    place = make_place(catalog)
    catalog.files.write(place.dataset.id, [write_of(f"{n:05d}.jpg", size=n) for n in range(_ENTRIES)])
    catalog.close()
    return data


@pytest.mark.server
def test_beside_a_running_server(tmp_path: Path, moto: str) -> None:
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
    boto3.client("s3", endpoint_url=moto, region_name="us-east-1", **keys).create_bucket(Bucket=bucket)
    lake = f"s3://{bucket}?endpoint={moto}&access_key_id=k&secret_access_key=s"
    with BinderyServer({"buckets": {"lake": lake}}) as server:
        folder = server.bucket("texts", {"a.txt": "first", "b.txt": "second", "c é.txt": "third"})
        server.bind("texts")
        data = folder.parent.parent / "data"
        config = tmp_path / "bindery.toml"
        config.write_text(f'data = "{data}"\n[buckets]\nlake = "{lake}"\n')
        said = bindery("export", "default", "--to", tmp_path / "out", "--data", data).stdout
        assert "3 entries in 1 file" in said
        bindery(
            "export", "default/default", "--to", tmp_path / "b.parquet", "--where", 'Filename = "b.txt"',
            "--with-texts", "--data", data,
        )  # fmt: skip
        told = bindery(
            "export", "default", "--to", "oss://lake/some/where", "--config", config, "--json"
        ).stdout
        listed = server.call("SimpleQuery", ProjectName="default", DatasetName="default")["Files"]
        secret = lake.replace("?", "/by-url?").replace("secret_access_key=s", "secret_access_key=hush")
        by_url = bindery("export", "default", "--to", secret, "--data", data)
        assert "by-url" in by_url.stdout
        assert "hush" not in by_url.stdout + by_url.stderr
    whole = pyarrow.parquet.read_table(tmp_path / "out" / "part-00000.parquet").to_pylist()
    for row, file in zip(whole, listed, strict=True):
        assert (row["URI"], row["Size"], row["ETag"], row["OSSCRC64"]) == (
            file["URI"], file["Size"], file["ETag"], file.get("OSSCRC64"),
        )  # fmt: skip
    (row,) = pyarrow.parquet.read_table(tmp_path / "b.parquet").to_pylist()
    assert (row["URI"], row["Text"]) == ("oss://texts/b.txt", "second")
    assert not (tmp_path / "b.parquet.parts").exists()
    assert json.loads(told)["Rows"] == 3
    store = pyarrow.fs.S3FileSystem(
        access_key="k", secret_key="s", endpoint_override=moto, region="us-east-1"
    )
    for place in ("some/where", "by-url"):
        table = pyarrow.parquet.read_table(f"{bucket}/{place}/part-00000.parquet", filesystem=store)
        assert table.num_rows == 3
        assert json.loads(store.open_input_file(f"{bucket}/{place}/_export.json").read())["Done"]


@pytest.mark.parametrize("target", ["out/", "one.parquet"])
def test_killed_and_begun_again(stopped: Path, tmp_path: Path, target: str) -> None:
    words = ["export", "place/place", "--to", str(tmp_path / target), "--data", str(stopped)]
    killed = subprocess.run([sys.executable, "-c", _KILLED, *words], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    folder = tmp_path / (target if target == "out/" else f"{target}.parts")
    assert (folder / "part-00003.parquet").exists()
    manifest = json.loads((folder / "_export.json").read_text())
    assert not manifest["Done"]
    bindery(*words)
    files = sorted(folder.glob("*.parquet")) if target == "out/" else [tmp_path / target]
    rows: list[dict[str, Any]] = [
        row
        for file in files
        for row in pyarrow.parquet.read_table(file, columns=["URI", "Size"]).to_pylist()
    ]
    assert [row["URI"] for row in rows] == [f"oss://bucket/{n:05d}.jpg" for n in range(_ENTRIES)]
    assert [row["Size"] for row in rows] == list(range(_ENTRIES))
    assert not [
        path for path in tmp_path.rglob("*") if "unfinished" in path.name or path.suffix == ".json.new"
    ]


@pytest.mark.parametrize("name", ["50%20off", "a#b", "what?"])
def test_into_a_registered_folder_of_any_name(stopped: Path, tmp_path: Path, name: str) -> None:
    """Its path is a path, and no escaped one of a URL."""
    lake = tmp_path / name
    lake.mkdir()
    config = tmp_path / "bindery.toml"
    config.write_text(f'data = "{stopped}"\n[buckets]\nlake = "{lake}"\n')
    bindery("export", "place/place", "--to", "oss://lake/5% of é", "--config", config)
    assert [path.relative_to(lake) for path in lake.rglob("*.parquet")] == [
        Path("5% of é/part-00000.parquet")
    ]


def test_what_makes_no_sense_says_what_to_do(stopped: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.parquet"
    there.write_bytes(b"")
    link = tmp_path / "link"
    link.symlink_to(stopped)
    refused = (
        ("place/none", tmp_path / "out", (), 1, "bindery stats"),
        ("place/place", "bare", (), 1, "./bare"),
        ("place/place", "oss://unknown/x", (), 1, "no bucket unknown"),
        ("place/place", "ftp://x/y", (), 1, "no store for ftp"),
        ("place/place", tmp_path / "out.csv", (), 1, "exports are Parquet"),
        ("place/place", "oss://unknown/x", (), 1, "--config, or write the URL"),
        ("place/place", there, (), 1, "there already"),
        ("place/place", f"{there}/", (), 1, "another place"),
        ("place/place", stopped / "out", (), 1, "in the data folder"),
        ("place/place", f"{stopped}/", (), 1, "in the data folder"),
        ("place/place", link / "out", (), 1, "in the data folder"),
        ("place/place", stopped / "one.parquet", (), 1, "in the data folder"),
        ("place/place", tmp_path / "out", ("--where", "Size >"), 2, "expected"),
        (
            "place/place",
            tmp_path / "out",
            ("--where", '{"Field": "No", "Operation": "exist"}'),
            2,
            "Field No",
        ),
        ("place/place", tmp_path / "out", ("--where", "{"), 2, "no JSON"),
    )
    for dataset, target, further, code, said in refused:
        done = run(dataset, target, stopped, *further)
        assert (done.exit_code, said in done.stderr) == (code, True), (dataset, target, done.stderr)
    assert there.read_bytes() == b""
    assert not (tmp_path / "out").exists()
    assert "--data" in run("place/place", stopped.parent / "out", tmp_path).stderr


def run(dataset: str, target: object, data: Path, *further: str) -> Result:
    return CliRunner().invoke(main, ["export", dataset, "--to", str(target), "--data", str(data), *further])
