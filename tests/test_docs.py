"""The pages say what the code does: generated ones are fresh, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click import Context

from bindery.app import Application
from bindery.cli.main import main
from bindery.config import load_config

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("script", ["generate_docs.py", "generate_messages.py"])
def test_generated_files_are_fresh(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    """Every ``bindery word`` at the start of a line of a code block is a command."""
    blocks = re.findall(r"```.*?\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    named = {
        word for block in blocks for word in re.findall(r"^(?:\.venv/bin/)?bindery (\w+)", block, re.M)
    }
    assert named - {"ready"} - set(main.list_commands(Context(main))) == set()


@pytest.mark.parametrize("page", ["docs/tour.md", "CONTRIBUTING.md", "docs/glossary.md"])
def test_every_path_and_name_of_the_code_that_is_named_exists(page: str) -> None:
    """Files, folders, ``file.py: name`` and ``make verb``; what stands in angle brackets may be anything."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
    named = set(re.findall(r"`([^`\n]+)`", text)) - {"holiday/beach.jpg"}
    assert named
    assert {name for name in named if not _exists(name)} == set()


_AREAS = ("src", "tests", "scripts", "bench", "docs", "deploy")
_FILES = {
    path.relative_to(ROOT).as_posix(): path
    for area in _AREAS
    for path in (ROOT / area, *(ROOT / area).rglob("*"))
}


def _exists(name: str) -> bool:
    """Whether a text between backticks is there, as far as it names a path, a name in a file, or a verb."""
    verb = re.fullmatch(r"make ([a-z]+)", name)
    if verb:
        return f"\n{verb[1]}: " in (ROOT / "Makefile").read_text("utf-8")
    path, _, member = name.removeprefix("python ").partition(" " if name.startswith("python ") else ": ")
    parts = [re.escape(part) for part in re.split(r"<[a-z]+>", path.strip("/"))]
    if "://" in name or not ("/" in path or re.search(r"\.(?:py|json|sql|md|toml)$", path)):
        return True
    found = [file for at, file in _FILES.items() if re.search(rf"(?:^|/){'[^/]+'.join(parts)}$", at)]
    if not member or name.startswith("python "):
        return bool(found) and (not path.endswith("/") or any(file.is_dir() for file in found))
    return any(re.search(rf"\b{re.escape(member)}\b", file.read_text("utf-8")) for file in found)


@pytest.mark.parametrize(
    "name",
    [
        "sync/nowhere.py",
        "nowhere/",
        "sync/engine.py: no_such_name",
        "make nothing",
        "python scripts/none.py NAME",
    ],
)
def test_what_does_not_exist_is_noticed(name: str) -> None:
    assert not _exists(name)


def _metric_names(tmp_path: Path) -> set[str]:
    """What a server offers, without the suffixes of counters and histograms."""
    application = Application(load_config(None, {"data": tmp_path / "data"}))
    try:
        page = application.gateway.metrics.text(named=True).decode()
    finally:
        application.close()
    return {name.removesuffix("_total") for name in re.findall(r"^# TYPE (bindery_\w+)", page, re.M)}


@pytest.mark.parametrize("page", ["operations.md", "grafana-dashboard.json"])
def test_metrics_that_are_named_exist(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    named = {re.sub(r"_(total|bucket)$", "", name) for name in re.findall(r"\bbindery_\w+", text)}
    assert named - _metric_names(tmp_path) == set()


def test_every_metric_is_documented(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert {name for name in _metric_names(tmp_path) if name not in text} == set()


def test_the_unit_of_the_page_is_the_file() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    unit = (ROOT / "deploy" / "bindery.service").read_text("utf-8")
    assert f"```ini\n{unit}```" in page
