"""The server for other people's tests."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.own_threads import replace_here

from bindery.cli.client import ApiError
from bindery.testing import BinderyServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"


@pytest.fixture(scope="module")
def server() -> Iterator[BinderyServer]:
    with BinderyServer() as running:
        yield running


def test_a_bucket_is_bound_and_found(server: BinderyServer, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "copied.txt").write_text("copied")
    server.bucket(
        "texts", {"a.txt": "first", "b/c.txt": b"second", "d.txt": tmp_path / "deep" / "copied.txt"}
    )
    server.bucket("copies", tmp_path)
    binding = server.bind("texts")
    assert (binding["State"], binding["Phase"]) == ("Running", "IncrementalScanning")
    assert server.bind("copies")["Progress"]["Listed"] == 1
    names = {"ProjectName": "default", "DatasetName": "default"}
    found = server.call("FuzzyQuery", **names, Query="copied")["Files"]
    assert {file["URI"] for file in found} == {"oss://texts/d.txt", "oss://copies/deep/copied.txt"}


def test_a_reset_forgets_everything_and_keeps_the_address(server: BinderyServer) -> None:
    server.bucket("left", {"a.txt": "a"})
    server.bind("left", project="left")
    before = server.address
    server.reset()
    assert server.address == before
    assert server.call("ListProjects")["Projects"] == []
    with pytest.raises(RuntimeError, match="BucketNotFound"):
        server.bind("left")


def test_nobody_gets_the_address_while_a_reset_is_under_way(
    server: BinderyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, _, port = server.address.partition(":")
    remove, found = shutil.rmtree, []

    def remove_while_others_look_for_a_port(*given: Any, **named: Any) -> None:
        with socket.socket() as other:
            found.append(other.connect_ex((host, int(port))))
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind((host, int(port)))
        remove(*given, **named)

    with monkeypatch.context() as patch:
        replace_here(patch, shutil, "rmtree", remove_while_others_look_for_a_port)
        server.reset()
    assert set(found) == {0}, "who calls meanwhile waits"
    assert server.call("ListProjects")["Projects"] == []


def test_what_is_wrong_is_said(server: BinderyServer) -> None:
    with pytest.raises(ValueError, match="bucket name"):
        server.bucket("No Bucket")
    server.bucket("inside")
    with pytest.raises(ValueError, match="leads out"):
        server.put("inside", "../outside.txt", "x")
    with pytest.raises(ApiError) as refused:
        server.call("GetProject", ProjectName="nosuch")
    assert refused.value.code == "ResourceNotFound"
    with pytest.raises(RuntimeError, match="not started"):
        _ = BinderyServer().endpoint


def test_nothing_is_left_behind() -> None:
    with BinderyServer() as running:
        folder = running.bucket("photos").parent.parent
        assert folder.is_dir()
    assert not folder.exists()
    running.stop()


@pytest.mark.server
def test_the_page_works_as_printed(tmp_path: Path) -> None:
    """The first block with the fixture that installing brings, the second as a program."""
    fixture, program = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "test_printed.py").write_text(fixture)
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_printed.py"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_reset_in_the_middle_of_work_leaves_nothing_of_it(server: BinderyServer) -> None:
    server.reset()
    server.bucket("many", {f"{number}.txt": "word " * 10_000 for number in range(200)})
    names = {"ProjectName": "busy", "DatasetName": "busy"}
    server.call("CreateProject", ProjectName="busy")
    server.call("CreateDataset", **names)
    server.call("CreateBinding", **names, URI="oss://many")
    server.reset()
    assert server.call("ListProjects")["Projects"] == []
    server.bucket("few", {"a.txt": "hello"})
    books = server.bind("few")["Progress"]
    assert books["Indexed"] + books["Unchanged"] == 1
