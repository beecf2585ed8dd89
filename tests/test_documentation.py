"""The documentation as it travels with the package."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from bindery.cli.main import main
from bindery.documentation import page_names, page_text

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_every_page_is_there() -> None:
    assert page_names() == sorted(page.stem for page in DOCS.glob("*.md"))
    assert page_text("stores") == (DOCS / "stores.md").read_text("utf-8")
    assert page_text("nosuch") is None


def test_the_command_prints_pages_and_suggests_the_nearest() -> None:
    run = CliRunner().invoke
    assert run(main, ["docs"]).output.split() == page_names()
    assert run(main, ["docs", "stores"]).output.startswith("# ")
    wrong = run(main, ["docs", "store"])
    assert wrong.exit_code == 1
    assert "did you mean stores?" in wrong.output
