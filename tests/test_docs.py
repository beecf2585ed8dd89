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
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


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


def test_every_module_named_in_the_tour_exists() -> None:
    text = (ROOT / "docs" / "tour.md").read_text("utf-8")
    names = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|json|sql))(?::[^`]*)?`", text))
    known = {path.name for path in (ROOT / "src").rglob("*") if path.is_file()}
    assert {name for name in names if name.rpartition("/")[2] not in known} == set()
    folders = {name for name in names if "/" in name}
    assert {name for name in folders if not list((ROOT / "src" / "bindery").rglob(name))} == set()


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
