"""``bindery estimate`` on a real server: what it counts, how it says so, and that it binds nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bindery.cli.estimate import describe
from bindery.cli.main import main

Run = Callable[..., Result]


@pytest.fixture
def project(new_name: Callable[[str], str]) -> str:
    return new_name("project")


@pytest.fixture
def run(server: Any, project: str) -> Run:
    def estimate(*words: str, expect: int = 0) -> Result:
        environment = {
            "BINDERY_ENDPOINT": server.endpoint,
            "BINDERY_ACCESS_KEY_ID": server.key_id,
            "BINDERY_ACCESS_KEY_SECRET": server.key_secret,
            "BINDERY_PROJECT": project,
            "BINDERY_DATA": str(server.data),
        }
        done = CliRunner().invoke(main, ["estimate", *words], env=environment)
        assert done.exit_code == expect, done.output
        return done

    return estimate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "holiday-pictures"
    for name, size in {"2023/a.jpg": 100, "2024/b.jpg": 200, "2024/c.txt": 30, "2024/d.bin": 4}.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(b"\x00" * size)
    return made


@pytest.mark.server
def test_a_folder_is_counted_and_nothing_is_bound(
    run: Run, folder: Path, server: Any, project: str, new_name: Callable[[str], str]
) -> None:
    name = new_name("counted")
    found = json.loads(run(str(folder), "--name", name, "--json").stdout)
    assert (found["Listed"], found["Objects"], found["Excluded"], found["Bytes"]) == (4, 4, 0, 334)
    kinds = {kind: (told["Objects"], told["Bytes"]) for kind, told in found["MediaTypes"].items()}
    assert kinds["image"] == (2, 300)
    assert sum(objects for objects, _ in kinds.values()) == 4
    assert "BucketNotFound" in run(f"oss://{name}", expect=1).output, "counting has registered a bucket"
    scoped = run(str(folder), "--name", name, "--prefix", "2024/", "--media-type", "image", "--json")
    found = json.loads(scoped.stdout)
    assert (found["Listed"], found["Objects"], found["Bytes"]) == (3, 1, 200)
    assert server.request("GetProject", ProjectName=project)[1]["Code"] == "ResourceNotFound"


@pytest.mark.server
def test_lines_for_people(run: Run, folder: Path, new_name: Callable[[str], str]) -> None:
    lines = run(str(folder), "--name", new_name("counted"), "--exclude", "2023/*").stdout.splitlines()
    assert lines[0].split() == ["objects", "3", "of", "4", "listed,", "1", "excluded"]
    assert any(line.split()[:3] == ["image", "1", "objects,"] for line in lines)


@pytest.mark.server
def test_what_systems_leave_behind_is_counted_when_asked_for(
    run: Run, folder: Path, new_name: Callable[[str], str]
) -> None:
    (folder / ".DS_Store").write_bytes(b"x")
    for words, excluded in (((), 1), (("--everything",), 0), (("--default-exclusions",), 1)):
        found = json.loads(run(str(folder), "--name", new_name("counted"), "--json", *words).stdout)
        assert (found["Listed"], found["Excluded"]) == (5, excluded), words


@pytest.mark.server
def test_what_cannot_be_counted(run: Run) -> None:
    assert "BucketNotFound" in run("nothing-of-that-name", expect=1).output
    assert (
        "InvalidArgument"
        in run("nothing-of-that-name", "--min-size", "2", "--max-size", "1", expect=1).output
    )


def test_a_large_estimate_reads_well() -> None:
    found = {
        "Objects": 1_200_000, "Listed": 1_500_000, "Excluded": 300_000, "Bytes": 10**12, "BytesToRead": 10**9,
        "Requests": 4_000_000, "Seconds": 7_200,
        "MediaTypes": {"video": {"Objects": 2, "Bytes": 5}, "image": {"Objects": 1_199_998, "Bytes": 7}},
    }  # fmt: skip
    lines = describe(found).splitlines()
    assert lines[0] == "objects        1,200,000 of 1,500,000 listed, 300,000 excluded"
    assert [line.split()[0] for line in lines[4:]] == ["image", "video"], (
        "the most frequent kind comes first"
    )
