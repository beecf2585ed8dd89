"""What the pages print is what happens: their blocks are run, or say why they are only shown.

A block of code stands behind ``<!-- run -->`` or ``<!-- shown: why -->``. Those that run do so against one server that
has a bucket ``photos`` of three files. The page for Node is run by ``tests/sdk/test_node.py``, which has its packages.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from bindery.config import load_config
from bindery.testing import BinderyServer

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = ("sh", "python", "js", "toml")
_BLOCK = re.compile(r"(?:<!-- (run|shown: [^>]+) -->\n)?```(\w*)\n(.*?)```", re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """How it is meant, language and text of every block of code."""
    found = _BLOCK.findall(page.read_text("utf-8"))
    return [(meant, language, text) for meant, language, text in found if language in CODE]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    assert [text for meant, _, text in blocks(page) if not meant] == []


@pytest.fixture
def server() -> Iterator[BinderyServer]:
    with BinderyServer() as running:
        folder = running.bucket("photos", {"notes.txt": "three files in all"})
        Image.new("RGB", (4032, 3024), "teal").save(folder / "teal.jpg")
        Image.new("RGB", (64, 48), "gold").save(folder / "gold.png")
        yield running


@pytest.fixture
def environment(server: BinderyServer, tmp_path: Path) -> dict[str, str]:
    """With a command ``bindery`` that knows the server."""
    command = tmp_path / "bin" / "bindery"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bindery "$@"\n')
    command.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "BINDERY_ENDPOINT": server.endpoint,
        "BINDERY_ACCESS_KEY_ID": server.access_key_id,
        "BINDERY_ACCESS_KEY_SECRET": server.access_key_secret,
    }


def run_blocks(page: Path, address: str, environment: dict[str, str], folder: Path) -> str:
    """Everything that the blocks of a page print; those of Python are one program, which comes last."""
    runs = [
        (language, text.replace("127.0.0.1:8180", address))
        for meant, language, text in blocks(page)
        if meant == "run"
    ]
    for _, text in (each for each in runs if each[0] == "toml"):
        (folder / "page.toml").write_text(text)
        load_config(folder / "page.toml", {})
    commands = [["sh", "-e", "-c", text] for language, text in runs if language == "sh"]
    program = "".join(text for language, text in runs if language == "python")
    printed = ""
    for command in [*commands, *([[sys.executable, "-c", program]] if program else [])]:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, (command[-1], done.stdout, done.stderr)
        printed += done.stdout
    return printed


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("README.md", ["oss://photos/teal.jpg", "Running IncrementalScanning"]),
        (
            "docs/python-sdk.md",
            [
                "oss://photos/teal.jpg 4032 3024",
                "ResourceNotFound",
                "the reader sees photos",
                "the reader gets NoPermission",
                "the session sees work",
            ],
        ),
        ("docs/events.md", []),
        ("docs/stores.md", []),
        ("docs/access.md", ["is allowed by statement 1", "imm:GetBinding"]),
    ],
)
def test_a_page_works_as_printed(
    server: BinderyServer, environment: dict[str, str], tmp_path: Path, name: str, expected: list[str]
) -> None:
    printed = run_blocks(ROOT / name, server.address, environment, tmp_path)
    for part in expected:
        assert part in printed


@pytest.mark.server
@pytest.mark.parametrize("name", ["docs/query-language.md", "docs/trust.md", "docs/usage.md"])
def test_a_page_about_what_is_bound_works_as_printed(
    server: BinderyServer, environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    server.bind("photos")
    run_blocks(ROOT / name, server.address, environment, tmp_path)


def test_every_page_with_blocks_that_run_is_run() -> None:
    ours = Path(__file__).read_text("utf-8")
    for page in PAGES:
        if any(meant == "run" and language != "js" for meant, language, _ in blocks(page)):
            assert f'"{page.relative_to(ROOT)}"' in ours
