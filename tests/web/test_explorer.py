"""The explorer in a real browser, against a real server."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.conftest import RunningServer

from bindery.web.code.languages import Endpoint, write_program
from bindery.web.explorer.described import describe, form_address

from .conftest import HeldBack, Visitor, new_person
from .test_code import BUILT, sample_values

pytestmark = pytest.mark.server


def choose(page: Page, operation: str) -> None:
    page.get_by_test_id("explorer-search").fill(operation)
    page.get_by_test_id(f"operation-{operation}").click()
    expect(page.locator("#operation-name")).to_have_text(operation)


def test_a_call(signed_in: Page, new_name: Callable[[str], str]) -> None:
    signed_in.goto("/explorer/")
    choose(signed_in, "CreateProject")
    name = new_name("explored")
    signed_in.get_by_test_id("param-ProjectName").fill(name)
    signed_in.get_by_test_id("send").click()
    expect(signed_in.get_by_test_id("response-status")).to_have_text("200 OK")
    expect(signed_in.get_by_test_id("response-body")).to_contain_text(name)


def test_what_is_missing_is_said_before_it_is_sent(signed_in: Page) -> None:
    signed_in.goto("/explorer/imm/GetProject")
    signed_in.get_by_test_id("send").click()
    expect(signed_in.locator("#problem-ProjectName")).to_have_text("This is needed.")


def test_a_form_says_what_is_meant(signed_in: Page) -> None:
    signed_in.goto("/explorer/imm/GetFileMeta")
    expect(signed_in.locator("#operation-does")).to_contain_text("metadata of one file")
    uri = signed_in.get_by_test_id("param-URI")
    expect(uri).to_have_attribute("placeholder", re.compile("^oss://.+/.+"))
    expect(signed_in.locator(".field", has=uri)).to_contain_text("The object, as oss://bucket/key.")


def test_who_may_not_call_is_told_before_he_tries(
    server: RunningServer, new_name: Callable[[str], str]
) -> None:
    visitor = new_person(server, user := new_name("explorer"))
    server.call(
        "AttachPolicyToUser", PolicyType="System", PolicyName="AliyunIMMReadOnlyAccess", UserName=user
    )
    refused = {
        name: json.loads(visitor.get(f"/explorer/{name}/model").text)["refused"]
        for name in ("imm/GetProject", "imm/CreateProject", "ram/GetUser", "sts/GetCallerIdentity")
    }
    assert refused["imm/GetProject"] == refused["sts/GetCallerIdentity"] == ""
    assert "imm:CreateProject" in refused["imm/CreateProject"]
    assert "ram:GetUser" in refused["ram/GetUser"]
    visitor.cookies.clear()
    visitor.sign_in(server.key_id, server.key_secret)
    assert json.loads(visitor.get("/explorer/imm/CreateProject/model").text)["refused"] == ""


def test_an_error_is_explained(signed_in: Page) -> None:
    signed_in.goto("/explorer/ram/GetUser")
    signed_in.get_by_test_id("param-UserName").fill("nobody-at-all")
    signed_in.get_by_test_id("send").click()
    expect(signed_in.get_by_test_id("response-status")).to_have_text("404 Not Found")
    expect(signed_in.locator(".explanation")).to_contain_text("there is none of this name")


def test_a_query_is_built_and_written(
    signed_in: Page, server: RunningServer, new_name: Callable[[str], str]
) -> None:
    project = new_name("queried")
    server.make_dataset(project, "d")
    signed_in.goto("/explorer/imm/SimpleQuery")
    signed_in.get_by_test_id("param-ProjectName").fill(project)
    signed_in.get_by_test_id("param-DatasetName").fill("d")
    signed_in.get_by_test_id("param-Query.Group").select_option("and")
    signed_in.get_by_test_id("param-Query.SubQueries.0.Field").fill("Size")
    signed_in.get_by_test_id("param-Query.SubQueries.0.Operation").select_option("gt")
    signed_in.get_by_test_id("param-Query.SubQueries.0.Value").fill("10")
    written = signed_in.get_by_test_id("json-Query")
    expect(written).to_have_value(
        '{\n  "Operation": "and",\n  "SubQueries": [\n    {\n      "Field": "Size",\n'
        '      "Operation": "gt",\n      "Value": "10"\n    }\n  ]\n}'
    )
    written.fill('{"Field": "Filename", "Operation": "prefix", "Value": "a"}')
    expect(signed_in.get_by_test_id("param-Query.Field")).to_have_value("Filename")
    signed_in.get_by_test_id("send").click()
    expect(signed_in.get_by_test_id("response-status")).to_have_text("200 OK")


def test_a_link_can_be_shared(signed_in: Page) -> None:
    signed_in.goto("/explorer/imm/ListProjects")
    signed_in.get_by_test_id("param-MaxResults").fill("7")
    expect(signed_in).to_have_url(re.compile("#.+"))
    link = signed_in.url
    signed_in.goto("/")
    signed_in.goto(link)
    expect(signed_in.get_by_test_id("param-MaxResults")).to_have_value("7")


PASTED = [
    '{"Action": "ListDatasets", "ProjectName": "p 1", "MaxResults": 5}',
    "https://imm.example/?Action=ListDatasets&ProjectName=p%201&MaxResults=5&Signature=x",
    "aliyun imm ListDatasets --region cn-hangzhou --ProjectName 'p 1' --MaxResults 5",
    'bindery call ListDatasets --ProjectName="p 1" --MaxResults=5',
]


@pytest.mark.parametrize("text", PASTED)
def test_a_call_is_pasted(signed_in: Page, text: str) -> None:
    signed_in.goto("/explorer/")
    signed_in.locator("#paste").click()
    signed_in.locator("#pasted").fill(text)
    signed_in.locator("#take-pasted").click()
    expect(signed_in.locator("#operation-name")).to_have_text("ListDatasets")
    expect(signed_in.get_by_test_id("param-ProjectName")).to_have_value("p 1")
    expect(signed_in.get_by_test_id("param-MaxResults")).to_have_value("5")


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_it_fits(signed_in: Page, width: int) -> None:
    signed_in.set_viewport_size({"width": width, "height": 900})
    signed_in.goto("/explorer/imm/SimpleQuery")
    assert signed_in.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(signed_in.get_by_test_id("send")).to_be_visible()


@pytest.mark.parametrize("language", ["python", "typescript", "curl"])
def test_the_code_follows_the_form(signed_in: Page, language: str) -> None:
    signed_in.goto("/explorer/imm/ListDatasets")
    signed_in.locator("#tab-code").click()
    signed_in.get_by_test_id(f"code-tab-{language}").click()
    signed_in.get_by_test_id("param-ProjectName").fill("typed-here")
    expect(signed_in.get_by_test_id("code-text")).to_contain_text("typed-here")
    with signed_in.expect_download() as download:
        signed_in.get_by_test_id("code-download").click()
    assert download.value.suggested_filename == f"ListDatasets-{language}.zip"


def test_the_form_is_of_the_operation_that_was_chosen_last(signed_in: Page) -> None:
    signed_in.goto("/explorer/imm/ListDatasets")
    model = HeldBack(signed_in, re.compile("/GetProject/model"))
    signed_in.get_by_test_id("explorer-search").fill("Project")
    signed_in.get_by_test_id("operation-GetProject").click()
    model.wait()
    choose(signed_in, "ListProjects")
    model.answer()
    signed_in.get_by_test_id("param-MaxResults").fill("7")
    expect(signed_in).to_have_url(re.compile("/explorer/imm/ListProjects#.+"))
    expect(signed_in.locator("#operation-name")).to_have_text("ListProjects")


@pytest.mark.unanswered("/GetProject/model")
@pytest.mark.parametrize("answer", ["none", "a proxy's page"])
def test_an_operation_whose_form_cannot_be_had_is_told_and_had_again(signed_in: Page, answer: str) -> None:
    signed_in.goto("/explorer/imm/ListDatasets")

    def refuse(route: Route) -> None:
        if answer == "none":
            route.abort()
        else:
            route.fulfill(status=502, content_type="text/html", body="<html>Bad Gateway</html>")

    signed_in.route(re.compile("/GetProject/model"), refuse, times=1)
    signed_in.locator("#tab-request").click()
    signed_in.get_by_test_id("explorer-search").fill("GetProject")
    signed_in.get_by_test_id("operation-GetProject").click()
    expect(signed_in.locator("#panel-answer").get_by_role("alert")).to_contain_text("cannot be reached")
    expect(signed_in.locator("#operation-name")).to_have_text("ListDatasets")
    choose(signed_in, "GetProject")
    expect(signed_in.locator("#operation-name")).to_have_text("GetProject")


def test_the_project_is_of_what_is_in_the_form(signed_in: Page) -> None:
    """Also before its code is shown."""
    signed_in.goto("/explorer/imm/ListDatasets")
    signed_in.locator("#tab-code").click()
    expect(signed_in.get_by_test_id("code-text")).not_to_be_empty()
    code = HeldBack(signed_in, re.compile("/explorer/code$"))
    signed_in.get_by_test_id("param-ProjectName").fill("typed-last")
    with signed_in.expect_download() as download:
        signed_in.get_by_test_id("code-download").click()
    with zipfile.ZipFile(download.value.path()) as project:
        assert any(b"typed-last" in project.read(name) for name in project.namelist())
    code.let_go()


def test_work_is_waited_for_by_one_button(
    signed_in: Page, server: RunningServer, new_name: Callable[[str], str]
) -> None:
    """A call that begins a task leads to the task, and that to its end; the history has it once."""
    project = new_name("waited")
    (server.bucket_root / project).mkdir()
    (server.bucket_root / project / "a.txt").write_text("text")
    server.make_dataset(project, "d")
    signed_in.goto("/explorer/imm/EstimateBinding")
    signed_in.get_by_test_id("param-ProjectName").fill(project)
    signed_in.get_by_test_id("param-URI").fill(f"oss://{project}")
    signed_in.get_by_test_id("send").click()
    signed_in.get_by_test_id("wait").click()
    expect(signed_in.locator("#operation-name")).to_have_text("GetTask")
    expect(signed_in.get_by_test_id("response-body")).to_contain_text('"Succeeded"', timeout=60_000)
    expect(signed_in.get_by_test_id("work-progress")).to_have_count(0)
    signed_in.locator("#history").click()
    expect(signed_in.locator("#history-list li")).to_have_count(2)


def test_what_there_is_can_be_picked(
    server: RunningServer, visitor: Visitor, new_name: Callable[[str], str]
) -> None:
    project = new_name("picked")
    (server.bucket_root / project).mkdir()
    server.make_dataset(project, "d")
    server.call("CreateBinding", ProjectName=project, DatasetName="d", URI=f"oss://{project}")
    visitor.sign_in(server.key_id, server.key_secret)

    def offered(kind: str) -> list[str]:
        shown = visitor.get(
            f"/explorer/offered/{kind}?project={project}&dataset=d", Accept="application/json"
        )
        found: list[str] = json.loads(shown.text)
        return found

    assert offered("datasets") == ["d"]
    assert offered("bindings") == [f"oss://{project}"]
    assert offered("buckets") == [project]


def filled(value: Any) -> Any:
    """A value without the empty structs and lists in it, which a form does not hold; None when nothing is left."""
    if isinstance(value, dict):
        kept = {name: inner for name, each in value.items() if (inner := filled(each)) is not None}
        return kept or None
    if isinstance(value, list):
        return [inner for each in value if (inner := filled(each)) is not None] or None
    return value


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_the_page_shows_the_program_that_is_run_elsewhere(
    signed_in: Page, server: RunningServer, language: str
) -> None:
    """For every built operation: what tests/web/test_code.py executes is what stands on the page, to the letter."""
    endpoint = Endpoint(server.address, "http", "cn-hangzhou")
    signed_in.goto("/explorer/")
    signed_in.locator("#tab-code").click()
    signed_in.get_by_test_id(f"code-tab-{language}").click()
    shown = signed_in.get_by_test_id("code-text")
    for identifier in BUILT:
        sampled = sample_values(identifier)
        names = [parameter["name"] for parameter in describe(identifier)["parameters"]]
        values = {name: kept for name in names if (kept := filled(sampled.get(name))) is not None}
        address = form_address(identifier, values)
        # As a link on a page would, without loading everything anew.
        signed_in.evaluate(
            "address => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')); }",
            address,
        )
        name = identifier.partition(":")[2]
        expect(signed_in.locator("#operation-name")).to_have_text(name)
        program = write_program(language, identifier, values, endpoint).text
        expect(shown).to_have_js_property("textContent", program, timeout=60_000)
