"""The documentation as it travels with the package."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from bindery.cli.main import main
from bindery.documentation import page_names, page_text, picture, picture_names

PICTURE = re.compile(r"!\[[^]]+\]\(images/([^)]+)\)")
DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_every_page_is_there() -> None:
    assert page_names() == sorted(page.stem for page in DOCS.glob("*.md"))
    assert page_text("stores") == (DOCS / "stores.md").read_text("utf-8")
    assert page_text("nosuch") is None


def test_every_picture_is_shown_by_a_page_and_every_page_shows_pictures_that_are_there() -> None:
    shown = {name for page in DOCS.glob("*.md") for name in PICTURE.findall(page.read_text("utf-8"))}
    assert shown == set(picture_names()) == {path.name for path in (DOCS / "images").iterdir()}
    assert all((picture(name) or b"")[8:12] == b"WEBP" for name in shown)
    assert picture("../console.md") is None


def test_the_command_prints_pages_and_suggests_the_nearest() -> None:
    run = CliRunner().invoke
    assert run(main, ["docs"]).output.split() == page_names()
    assert run(main, ["docs", "stores"]).output.startswith("# ")
    wrong = run(main, ["docs", "store"])
    assert wrong.exit_code == 1
    assert "did you mean stores?" in wrong.output
