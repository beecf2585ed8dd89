"""The table of the benchmarks: what is in it, and how its lines read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
LEFT_OUT = {"gallery", "growth", "policy", "tags", "text_search"}
"""They tell of no budget of the table, or are run by hand."""

_SCRIPT = """
import figures, json, pathlib, sys, table
file = pathlib.Path(sys.argv[1])
exiftool = "exiftool, 100 files/s"
figures.tell(figures.Figure(what="a scan", measured="1,700 files/s", against=exiftool, ratio=17, at_least=20))
figures.tell(figures.Figure(what="a call", measured="1 ms", against="an empty one, 1 ms", ratio=1.0, at_most=2))
figures.tell(figures.Figure(what="a peer", measured="3 s", against="ours, 40 s", ratio=0.075))
print("\\n".join(table._lines(figures.read(file), ["query"], ["disk"])))
print(json.dumps(sorted({run.script for run in table.RUNS})))
"""


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    """What the table says of three figures, and the names of its benchmarks."""
    kept = tmp_path / "figures"
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(kept)],
        cwd=BENCH,
        env=os.environ | {"BINDERY_FIGURES": str(kept)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_figure_is_a_line_with_its_goal(lines: list[str]) -> None:
    assert "a call: 1 ms, 1.00 of an empty one, 1 ms   goal ≤ 2" in lines
    assert "| a scan | 1,700 files/s | exiftool, 100 files/s | 17.0 | ≥ 20 | **no** |" in lines
    assert "| a call | 1 ms | an empty one, 1 ms | 1.00 | ≤ 2 | yes |" in lines
    assert "| a peer | 3 s | ours, 40 s | 0.075 |  |  |" in lines
    assert "Failed: query." in lines
    assert "Left out, for they need `--photos`: disk." in lines


def test_every_benchmark_is_there(lines: list[str]) -> None:
    helpers = {"figures", "table", "simulate"}
    there = {path.stem for path in BENCH.glob("*.py")} - helpers - LEFT_OUT
    named = set(json.loads(lines[-1]))
    assert named == there


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_those_that_reach_into_the_engine_still_run() -> None:
    """They stand in for the registry and the pool, which change; the others go by commands and the API."""
    done = subprocess.run(
        [
            sys.executable,
            "table.py",
            "--small",
            "--only",
            "rescan,inventory,rescan_folder,catalog_start,index_build,tasks",
        ],
        cwd=BENCH,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Failed" not in done.stdout
