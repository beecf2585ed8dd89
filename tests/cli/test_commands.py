"""The command line contract on a real server: every command, its exit status, and a clean shutdown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from tests.servers.ending import ends_with_us

from bindery.cli.main import main

pytestmark = pytest.mark.server


class Installation:
    """A data folder, a bucket of three files, and the commands run against it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.buckets = folder / "buckets"
        bucket = self.buckets / "photos"
        bucket.mkdir(parents=True)
        Image.new("RGB", (320, 200), "teal").save(bucket / "teal.png")
        Image.new("RGB", (64, 48), "gold").save(bucket / "gold.jpg")
        (bucket / "notes.txt").write_text("three files in all\n")
        self.endpoint = ""

    def run(self, *words: str, expect: int = 0, both: bool = False) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BINDERY_")}
        done = subprocess.run(
            [sys.executable, "-m", "bindery.cli.main", *words],
            capture_output=True, text=True, env=environment | self._ours, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == expect, done.stderr
        return done.stdout + (done.stderr if expect or both else "")

    def run_here(self, *words: str, expect: int = 0) -> str:
        """In this process, where a test may change what the command does."""
        others = {name: None for name in os.environ if name.startswith("BINDERY_")}
        done = CliRunner().invoke(main, words, env={**others, **self._ours})
        assert done.exit_code == expect, done.output
        return done.output

    @property
    def _ours(self) -> dict[str, str]:
        return {"BINDERY_ENDPOINT": self.endpoint, "BINDERY_DATA": str(self.data), "COLUMNS": "200"}

    def serve(self) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "bindery.cli.main",
            "serve",
            "--port",
            "0",
            "--data",
            str(self.data),
        ]
        process = subprocess.Popen(
            ends_with_us([*command, "--bucket-root", str(self.buckets)]),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("bindery ready http://127.0.0.1:"), line
        self.endpoint = line.split()[2]
        return process


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    place = Installation(tmp_path_factory.mktemp("commands"))
    process = place.serve()
    try:
        place.run("bind", "photos", "--wait")
        yield place
    finally:
        process.terminate()
        assert process.wait(timeout=120) == 0


def test_bind_waits_until_the_binding_follows(installation: Installation) -> None:
    said = installation.run("bind", "oss://photos", "--wait")
    assert "oss://photos  Running/IncrementalScanning  listed 3" in said


def test_status_shows_the_books(installation: Installation) -> None:
    bindings = json.loads(installation.run("status", "--json"))
    assert [(binding["URI"], binding["State"]) for binding in bindings] == [("oss://photos", "Running")]
    assert "oss://photos" in installation.run("status")


def test_query_prints_what_matches(installation: Installation) -> None:
    table = installation.run("query", "MediaType = image", "--sort", "Size desc")
    assert "oss://photos/teal.png" in table
    assert "320 x 200" in table
    assert "2 of 2 files" in table
    lines = installation.run("query", "ImageWidth < 100", "--json").splitlines()
    assert [json.loads(line)["URI"] for line in lines] == ["oss://photos/gold.jpg"]


def test_raw_tags_that_files_have(installation: Installation) -> None:
    said = installation.run("fields", "format", "--tags")
    assert "EXIF.Format" in said
    assert "1 raw tags" in said
    assert "0 raw tags" in installation.run("fields", "nothing of the kind", "--tags")


def test_a_mistaken_expression_exits_with_usage(installation: Installation) -> None:
    assert "column" in installation.run("query", "Size >", expect=2)


def test_get_prints_one_file(installation: Installation) -> None:
    file = json.loads(installation.run("get", "oss://photos/teal.png"))
    assert json.loads(installation.run("get", "photos/teal.png")) == file
    assert (file["ImageWidth"], file["ImageHeight"], file["ContentType"]) == (320, 200, "image/png")
    assert "is not in the dataset" in installation.run("get", "oss://photos/none.png", expect=1)


def test_call_signs_any_operation(installation: Installation) -> None:
    answer = json.loads(installation.run("call", "GetProject", "--ProjectName", "default"))
    assert answer["Project"]["ProjectName"] == "default"
    refused = installation.run("call", "GetProject", "--ProjectName", "nothing", expect=1)
    assert "ResourceNotFound" in refused


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("call", "GetProject", "--ProjectName", "Default"), "default"),
        (("status", "--project", "defualt"), "default"),
        (("query", "Size > 0", "--dataset", "defaults"), "default"),
        (("ledger", "photo"), "oss://photos"),
        (("audit", "photo"), "oss://photos"),
        (("move", "photo", "/tmp"), "oss://photos"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_nearest(
    installation: Installation, words: tuple[str, ...], near: str
) -> None:
    assert f"id you mean {near}?" in installation.run(*words, expect=1)


def test_without_a_server_the_error_says_what_to_start(installation: Installation) -> None:
    said = installation.run("status", "--endpoint", "http://127.0.0.1:9", expect=1)
    assert "bindery serve" in said
    tls = installation.run(
        "status", "--endpoint", installation.endpoint.replace("http:", "https:"), expect=1
    )
    assert "write http://" in tls


def test_without_a_key_the_error_says_where_to_find_one(installation: Installation, tmp_path: Path) -> None:
    assert "no access key" in installation.run("status", "--data", str(tmp_path), expect=1)


def test_a_second_server_on_the_same_data_is_refused(installation: Installation) -> None:
    said = installation.run("serve", "--port", "0", "--data", str(installation.data), expect=1)
    assert "in use by another Bindery" in said


@pytest.mark.parametrize("command", ["serve", "bind", "status", "query", "get", "call", "index", "demo"])
def test_every_command_explains_itself(installation: Installation, command: str) -> None:
    said = installation.run(command, "--help")
    assert f"bindery {command}" in said


def test_sigterm_ends_cleanly_and_the_index_can_be_rebuilt(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    process = place.serve()
    place.run("bind", "photos", "--wait")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) == 0
    assert "index rebuilt" in place.run("index", "rebuild")
    process = place.serve()
    try:
        assert "2 of 2 files" in place.run("query", "MediaType = image")
    finally:
        process.terminate()
        process.wait(timeout=120)


def test_the_index_of_a_running_server_is_built_anew(installation: Installation) -> None:
    asked = installation.run("index", "rebuild", "--project", "default", "--dataset", "default")
    assert asked == "index rebuilt: default/default, 3 entries\n"
    assert "no such dataset" in installation.run("index", "rebuild", "--dataset", "nowhere", expect=1)
    assert "2 of 2 files" in installation.run("query", "MediaType = image")


def test_binding_what_does_not_exist_leaves_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bindery.cli.bind._FIRST_NEWS_SECONDS", 120.0)  # a busy server may be later
    told = installation.run_here("bind", "nosuchbucket", "--project", "typo", expect=1)
    assert "BucketNotFound" in told
    assert "nothing was bound" in told
    assert "did you mean photos?" in installation.run_here("bind", "fotos", "--dataset", "other", expect=1)
    assert "--prefix 2024/" in installation.run("bind", "oss://photos/2024/", expect=1)
    assert "ResourceNotFound" in installation.run("call", "GetProject", "--ProjectName", "typo", expect=1)
    for inventory in ("nonsense", "oss://photos/manifest.json"):
        words = ("--project", "typo", "--inventory", inventory)
        assert "nventory" in installation.run("bind", "photos", *words, expect=1)
        assert "ResourceNotFound" in installation.run(
            "call", "GetProject", "--ProjectName", "typo", expect=1
        )


def test_a_binding_is_ended(installation: Installation) -> None:
    installation.run("bind", "photos", "--dataset", "second", "--wait")
    assert "its entries stay" in installation.run("unbind", "photos", "--dataset", "second")
    assert "second" not in installation.run("status")
    assert "ResourceNotFound" in installation.run("unbind", "photos", "--dataset", "second", expect=1)


def test_another_scope_of_a_binding_says_what_leaves(installation: Installation) -> None:
    scoped = ("--dataset", "scoped")
    installation.run("bind", "photos", *scoped, "--wait")
    said = installation.run("bind", "photos", *scoped, "--exclude", "*.txt", "--wait", both=True)
    assert "is bound to default/scoped already; its scope is replaced" in said
    assert "1 entries outside of it leave the dataset" in said
    (scoped_binding,) = [
        each for each in json.loads(installation.run("status", "--json")) if each["DatasetName"] == "scoped"
    ]
    assert scoped_binding["Progress"]["Excluded"] == 1
    assert "See: bindery status" in installation.run("unbind", "nothing", *scoped, expect=1)
    installation.run("unbind", "photos", *scoped)
