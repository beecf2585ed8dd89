"""``bindery usage`` on a real server."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bindery.cli.main import main

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("within_a_day")]


@pytest.fixture
def run(server: Any) -> Callable[..., Result]:
    def run_it(*words: str) -> Result:
        environment = {
            "BINDERY_ENDPOINT": server.endpoint,
            "BINDERY_ACCESS_KEY_ID": server.key_id,
            "BINDERY_ACCESS_KEY_SECRET": server.key_secret,
            "COLUMNS": "200",
        }
        return CliRunner().invoke(main, ["usage", *words], env=environment)

    return run_it


def test_totals_days_json_and_csv(
    server: Any, new_name: Callable[[str], str], run: Callable[..., Result]
) -> None:
    project = new_name("usage")
    server.make_dataset(project, "d")
    for _ in range(3):
        server.call("SimpleQuery", ProjectName=project, DatasetName="d")
    shown = run("--project", project)
    assert shown.exit_code == 0
    assert [line.split() for line in shown.stdout.splitlines() if project in line] == [
        [project, "StandardQueryL0", "2", "requests"],
        [project, "StandardQueryL2", "3", "requests"],
    ]
    line = json.loads(run("--project", project, "--dimension", "standardqueryl2", "--json").stdout)
    assert line == {
        "ProjectName": project, "Dimension": "StandardQueryL2", "Quantity": 3, "Unit": "Requests",
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(run("--project", project, "--csv").stdout)))
    assert [(each["Dimension"], each["Quantity"]) for each in rows] == [
        ("StandardQueryL0", "2"), ("StandardQueryL2", "3"),
    ]  # fmt: skip
    assert rows[0]["Date"] in run("--project", project, "--daily").stdout


def test_nothing_used_and_what_makes_no_sense(run: Callable[..., Result]) -> None:
    assert "nothing was used" in run("--since", "1971-01-01", "--until", "1971-01-31").stdout
    assert run("--since", "yesterday").exit_code == 2
    assert run("--since", "20260131").exit_code == 2
    assert "as 2026-01-31" in run("--until", "2026-02-30").output
    assert run("--json", "--csv").exit_code == 2
    assert run("--dimension", "Requests").exit_code == 2
