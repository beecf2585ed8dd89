"""The official Node packages, run by ``tests/node/calls.mjs``."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from bindery.testing import BinderyServer

if TYPE_CHECKING:
    from conftest import RunningServer
    from sdk.conftest import Bound

pytestmark = pytest.mark.server
NODE = Path(__file__).resolve().parents[1] / "node"


@pytest.fixture(scope="module")
def folder(node_packages: Path) -> Path:
    """Where the calls find the packages."""
    shutil.copy(NODE / "calls.mjs", node_packages / "calls.mjs")
    return node_packages


@pytest.fixture(scope="module")
def seen(server: RunningServer, bound: Bound, folder: Path) -> dict[str, Any]:
    """What the calls brought back, by generation of the packages."""
    arguments = [server.address, server.key_id, server.key_secret, bound.project, bound.dataset, bound.uri]
    done = subprocess.run(
        ["node", "calls.mjs", *arguments],
        cwd=folder,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("style", ["v3", "v1"])
def test_the_current_generation(seen: dict[str, Any], style: str) -> None:
    """Bodies arrive chunked, without a length."""
    found = seen[style]
    assert (found["status"], found["header"], found["state"]) == (200, True, "Running")
    assert (found["found"], found["special"], found["files"]) == (["文/c.txt"], 0, 3)


@pytest.mark.parametrize("style", ["v3", "v1"])
@pytest.mark.parametrize(
    ("what", "name", "code", "status"),
    [
        ("missing", "ClientError", "ResourceNotFound", 400),
        ("wrong", "ClientError", "SignatureDoesNotMatch", 400),
        ("unknown", "ClientError", "InvalidAction.NotFound", 404),
        ("unbuilt", "ServerError", "NotImplemented", 501),
    ],
)
def test_errors_of_the_current_generation(
    seen: dict[str, Any], style: str, what: str, name: str, code: str, status: int
) -> None:
    assert seen[style][what] == {"name": name, "code": code, "status": status, "requestId": True}


def test_the_generation_before(seen: dict[str, Any]) -> None:
    assert seen["older"]["files"] == 2
    assert seen["older"]["missing"]["code"] == "ResourceNotFound"


def test_the_oldest(seen: dict[str, Any]) -> None:
    assert (seen["pop"]["state"], seen["pop"]["files"]) == ("Running", [{"Filename": "文/c.txt"}])
    assert seen["pop"]["missing"]["code"] == "ResourceNotFound"


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((NODE / "package-lock.json").read_text("utf-8"))
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)


def test_the_page_works_as_printed(folder: Path) -> None:
    page = (NODE.parents[1] / "docs" / "node.md").read_text("utf-8")
    programs = re.findall(r"<!-- run -->\n```js\n(.*?)```", page, re.DOTALL)
    with BinderyServer() as fresh:
        picture = io.BytesIO()
        Image.new("RGB", (40, 30), "teal").save(picture, "png")
        fresh.bucket("photos", {"teal.png": picture.getvalue()})
        keys = {
            "BINDERY_ACCESS_KEY_ID": fresh.access_key_id,
            "BINDERY_ACCESS_KEY_SECRET": fresh.access_key_secret,
        }
        printed = [_run(folder, each.replace("127.0.0.1:8180", fresh.address), keys) for each in programs]
    first, second = printed
    assert "Running IncrementalScanning" in first
    assert "oss://photos/teal.png" in first
    assert second.splitlines() == ["the session sees photos", "the session gets NoPermission"]


def _run(folder: Path, program: str, keys: dict[str, str]) -> str:
    (folder / "page.cjs").write_text(program)
    done = subprocess.run(
        ["node", "page.cjs"],
        cwd=folder,
        env={**os.environ, **keys},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
