"""The grid of the gallery: where files stand, and what its scripts ask for."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bindery.web.gallery.searching import narrow
from bindery.web.gallery.sections import number_of

SCRIPTS = Path(str(files("bindery.web"))) / "static" / "gallery"
HERE = Path(__file__).parent
LEAF: dict[str, Any] = {"Field": "Size", "Operation": "gt", "Value": "1"}
FROM = {"Field": "ProduceTime", "Operation": "gte", "Value": "2024-01-01T00:00:00Z"}
TO = {"Field": "ProduceTime", "Operation": "lt", "Value": "2024-02-01T00:00:00Z"}


@pytest.mark.parametrize("name", ["layout", "ranges"])
def test_scripts_that_know_no_document(tmp_path: Path, name: str) -> None:
    shutil.copy(SCRIPTS / f"{name}.js", tmp_path / f"{name}.mjs")
    shutil.copy(HERE / f"{name}.mjs", tmp_path / "test.mjs")
    done = subprocess.run(
        ["node", "test.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_section_narrows_a_search() -> None:
    both = {"Operation": "and", "SubQueries": [FROM, TO]}
    assert narrow(None, ()) is None
    assert narrow(LEAF, ()) == LEAF
    assert narrow(None, (FROM,)) == FROM
    assert narrow(None, (FROM, TO)) == both
    assert narrow(LEAF, (FROM, TO)) == {"Operation": "and", "SubQueries": [LEAF, FROM, TO]}
    assert narrow(both, (LEAF,)) == {"Operation": "and", "SubQueries": [FROM, TO, LEAF]}
    either = {"Operation": "or", "SubQueries": [LEAF, LEAF]}
    assert narrow(either, (FROM,)) == {"Operation": "and", "SubQueries": [either, FROM]}
    many = {"Operation": "and", "SubQueries": [LEAF] * 99}
    assert narrow(many, (FROM, TO)) == {"Operation": "and", "SubQueries": [many, FROM, TO]}


@pytest.mark.parametrize(
    ("text", "number"),
    [(None, 100), ("", 100), ("7", 7), ("0", 1), ("101", 100), ("-3", 100), ("9" * 30, 100), ("٣", 100)],
)
def test_numbers_of_an_address(text: str | None, number: int) -> None:
    assert number_of(text, 100) == number
