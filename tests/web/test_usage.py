"""The page of usage, and the pages about the server: health, notifications, metrics, settings."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import RunningServer

from bindery.web.console_parts import PARTS, current_part
from bindery.web.texts import load_texts
from bindery.web.usage.plots import plots_of

from .conftest import Visitor

ABOUT_SERVER = ("notifications", "metrics", "settings")


@pytest.fixture
def root(server: RunningServer, visitor: Visitor) -> Visitor:
    visitor.sign_in(server.key_id, server.key_secret)
    return visitor


@pytest.fixture
def project(server: RunningServer, new_name: Callable[[str], str], within_a_day: None) -> str:
    """With two requests of the class L0, and three of L2."""
    name = new_name("used")
    server.make_dataset(name, "d")
    for _ in range(3):
        server.call("SimpleQuery", ProjectName=name, DatasetName="d")
    return name


@pytest.mark.server
@pytest.mark.parametrize("path", ["usage", "usage.csv", "health", "metrics/now", *ABOUT_SERVER])
def test_pages_are_for_the_signed_in_alone(root: Visitor, path: str) -> None:
    assert Visitor(root.address).get("/console/" + path).status == 303
    assert root.get("/console/" + path).status == 200


@pytest.mark.server
def test_sums_of_one_project_and_the_same_as_csv(root: Visitor, project: str) -> None:
    shown = root.get(f"/console/usage?ProjectName={project}").text
    rows = re.findall(
        rf'data-testid="usage-{project}-(\w+)".*?<td class="number" title="(\d+)"', shown, re.DOTALL
    )
    assert rows == [("StandardQueryL0", "2"), ("StandardQueryL2", "3")]
    link = re.search(r'href="(/console/usage\.csv[^"]*)"', shown)
    assert link is not None
    answer = root.get(link[1].replace("&amp;", "&"))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bindery-usage.csv"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    found = [
        (row["ProjectName"], row["Dimension"], row["Quantity"])
        for row in csv.DictReader(io.StringIO(answer.text))
    ]
    assert found == [(project, "StandardQueryL0", "2"), (project, "StandardQueryL2", "3")]


@pytest.mark.server
def test_to_look_changes_nothing(root: Visitor, project: str) -> None:
    once, again = (root.get(f"/console/usage?ProjectName={project}").text for _ in range(2))
    root.get("/console/")
    assert once == again == root.get(f"/console/usage?ProjectName={project}").text


@pytest.mark.server
def test_what_makes_no_sense_is_said_on_the_page_and_refused_as_csv(root: Visitor) -> None:
    shown = root.get("/console/usage?StartDate=yesterday%3Cb%3E&ProjectName=%22%3E%3Cscript%3E")
    assert shown.status == 400
    assert 'role="alert"' in shown.text
    assert "<script>" not in shown.text.replace('<script type="', "")
    assert root.get("/console/usage.csv?StartDate=2026-02-30").status == 400


@pytest.mark.server
def test_a_reader_sees_his_projects_alone(
    person: Callable[..., Visitor], project: str, server: RunningServer, new_name: Callable[[str], str]
) -> None:
    other = new_name("others")
    server.make_dataset(other, "d")
    reader = person(
        {"Effect": "Allow", "Action": "bindery:ListUsage", "Resource": f"acs:imm:*:*:project/{project}"}
    )
    shown = reader.get("/console/usage")
    assert shown.status == 200
    assert f"usage-{project}-" in shown.text
    assert other not in shown.text
    assert other not in reader.get("/console/usage.csv").text
    assert reader.get(f"/console/usage?ProjectName={other}").status == 403
    assert 'href="/console/usage"' in shown.text


@pytest.mark.server
def test_who_may_not_is_offered_nothing_and_told_why(person: Callable[..., Visitor]) -> None:
    reader = person()
    health = reader.get("/console/health")
    assert health.status == 200
    assert "bindery:ListServerFindings" in health.text
    assert 'data-testid="findings"' not in health.text
    for path in ("usage", *ABOUT_SERVER):
        assert f'href="/console/{path}"' not in health.text
        assert reader.get("/console/" + path).status == 403
    for path in ("usage.csv", "metrics/now"):
        assert reader.get("/console/" + path).status == 403


@pytest.mark.server
def test_who_runs_the_server_sees_what_it_tells(
    root: Visitor, server: RunningServer, new_name: Callable[[str], str]
) -> None:
    server.make_dataset(new_name("counted"), "d")
    health = root.get("/console/health").text
    assert 'data-testid="findings"' in health
    assert "sealing key" in health
    for path in ABOUT_SERVER:
        assert f'href="/console/{path}"' in health
    settings = root.get("/console/settings").text
    assert 'data-testid="setting-server.port"' in settings
    assert 'data-testid="setting-events.token"' in settings
    metrics = root.get("/console/metrics").text
    assert 'data-testid="figure-bindery_bindings"' in metrics
    assert "CreateProject" in metrics or "ListServerMetrics" in metrics
    assert 'data-testid="no-destinations"' in root.get("/console/notifications").text
    assert json.loads(root.get("/console/metrics/now", Accept="application/json").text)["Requests"] > 0


@pytest.mark.server
@pytest.mark.parametrize("path", ["usage", "health", *ABOUT_SERVER])
def test_pages_speak_chinese(root: Visitor, path: str) -> None:
    shown = root.get("/console/" + path, **{"Accept-Language": "zh"})
    assert '<html lang="zh"' in shown.text
    assert load_texts("zh")("layout.part_usage") in shown.text


@pytest.mark.server
def test_plots_and_live_figures(signed_in: Page, project: str) -> None:
    signed_in.set_viewport_size({"width": 360, "height": 800})
    signed_in.goto(f"/console/usage?ProjectName={project}")
    expect(signed_in.locator(".plots canvas")).to_have_count(1)
    expect(signed_in.locator(".plots .u-legend")).to_contain_text("StandardQueryL2")
    assert signed_in.evaluate("document.documentElement.scrollWidth <= innerWidth")
    signed_in.goto("/console/metrics")
    expect(signed_in.locator("#rate")).to_contain_text("/s")
    expect(signed_in.locator("#plot-rate canvas")).to_have_count(1)


def test_plots_have_a_value_for_each_day() -> None:
    rows = [
        {
            "Date": day,
            "ProjectName": project,
            "Dimension": dimension,
            "Quantity": quantity,
            "Amount": "0.5",
            "Currency": "EUR",
        }
        for day, project, dimension, quantity in (
            ("2026-01-30", "a", "MIME", 2),
            ("2026-01-30", "b", "MIME", 3),
            ("2026-02-02", "a", "FileCount", 7),
        )
    ]
    runs, files, money = plots_of(rows, load_texts("en"))
    first = 1_769_731_200
    assert runs["days"] == [first + 86_400 * at for at in range(4)]
    assert runs["series"] == [{"name": "MIME", "values": [5, 0, 0, 0]}]
    assert (files["unit"], files["series"]) == ("Files", [{"name": "FileCount", "values": [0, 0, 0, 7]}])
    assert money["series"] == [{"name": "EUR", "values": [1.0, 0.0, 0.0, 0.5]}]
    assert plots_of([], load_texts("en")) == []


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/console/", "overview"),
        ("/console/bindings/p/d/b", "overview"),
        ("/console/access/users", "access"),
        ("/console/access/policies/x", "access"),
        ("/console/access/audit", "audit"),
        ("/console/settings", "health"),
        ("/console/usage", "usage"),
        ("/docs/", ""),
    ],
)
def test_every_page_is_of_a_part(path: str, part: str) -> None:
    assert current_part(path) == part
    assert len({each.name for each in PARTS}) == len(PARTS)
