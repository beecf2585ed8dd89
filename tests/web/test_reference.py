"""``/docs/``: guides, a page for each operation, and both as a static site."""

from __future__ import annotations

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.conftest import Visitor, wait_until

from bindery import documentation
from bindery.api.operations import built_operations, operation_ids
from bindery.api.spec.model import Member, Model, load_models
from bindery.documentation import page_names
from bindery.web.code.languages import LANGUAGES
from bindery.web.explorer.described import element_type
from bindery.web.reference import guide as guide_module
from bindery.web.reference.example import load_examples
from bindery.web.reference.guide import list_guides, render_guide
from bindery.web.reference.operation import error_codes, show_operation

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "build_site.py"


class Links(HTMLParser):
    """What a page links to, and the anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.anchors: set[str] = set()
        self.twice: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets.add(value)
            if name == "id" and value:
                self.twice += [value] if value in self.anchors else []
                self.anchors.add(value)


# examples


@pytest.mark.parametrize("identifier", operation_ids())
def test_every_built_operation_has_a_recorded_answer_of_today(identifier: str) -> None:
    """Of the shape that the operation answers now: run scripts/record_examples.py when it is another."""
    example, operation = load_examples()[identifier], load_models()[identifier]
    msgspec.json.decode(msgspec.json.encode(example.answer), type=built_operations()[identifier].response)
    assert not unknown_members(operation.response, example.answer, load_models().model(operation))
    assert example.values.keys() <= {parameter.name for parameter in operation.parameters}
    assert {each.name for each in operation.parameters if each.required} <= example.values.keys()


def unknown_members(members: tuple[Member, ...], answer: Any, model: Model) -> list[str]:
    """Names in an answer that the API model does not have."""
    known = {member.name: member for member in members}
    found = [name for name in answer if name not in known]
    for name in answer.keys() & known.keys():
        struct = model.structs.get(known[name].struct or element_type(known[name].type))
        held = answer[name] if isinstance(answer[name], list) else [answer[name]]
        for each in held if struct else ():
            found += unknown_members(struct.fields, each, model) if isinstance(each, dict) else []
    return found


def test_examples_hold_no_secrets() -> None:
    for identifier, example in load_examples().items():
        text = msgspec.json.encode(example.answer).decode()
        for found in re.findall(r'"(?:AccessKeySecret|SecurityToken)":"([^"]*)"', text):
            assert len(found) <= 9, identifier
            assert found.endswith("…"), identifier
        assert "/tmp" not in text, identifier


# guides


def test_every_guide_has_a_title_and_says_what_it_is_about() -> None:
    assert {guide.name for guide in list_guides()} == set(page_names())
    for guide in list_guides():
        assert guide.title
        assert guide.about, guide.name


def test_html_in_a_guide_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = (
        "# Title\n\n<!-- run -->\n\n<script>alert(1)</script>\n\n"
        "a <img src=x onerror=alert(1)> b <br> c\n\n[x](javascript:alert(1)) [y](../etc/passwd)\n\n"
        "[stores](stores.md#part) ![all photos](images/gallery.webp) ![none](images/../x.webp) ![far](http://x/y.webp)"
        "\n\n## Same\n\n## Same\n"
    )
    monkeypatch.setattr(guide_module, "page_text", lambda _: hostile)
    shown = render_guide("stores", lambda name: f"/docs/{name}", lambda name: f"/docs/images/{name}")
    assert shown is not None
    assert "run" not in shown
    assert re.findall("<img[^>]*>", shown) == [
        '<img src="/docs/images/gallery.webp" alt="all photos" loading="lazy" />'
    ]
    assert not re.search(r"<script|href=\"javascript|passwd\"", shown)
    assert "&lt;script&gt;" in shown
    assert "b <br> c" in shown
    assert 'href="/docs/stores#part"' in shown
    assert 'id="same"' in shown
    assert 'id="same-1"' in shown


def test_there_is_no_guide_of_another_name() -> None:
    assert render_guide("nosuch", str, str) is None
    assert documentation.page_text("nosuch") is None


# operations


@pytest.mark.parametrize("identifier", [operation.id for operation in load_models()])
def test_what_a_page_shows(identifier: str) -> None:
    shown = show_operation(identifier)
    assert shown.rights[0].level == shown.operation.level
    assert len(shown.codes) == len(error_codes(shown.operation)), "each code is explained"
    assert shown.built == (shown.example is not None)


def test_authorization_names_what_parameters_lead_to() -> None:
    rights = show_operation("imm:DetectMediaMeta").rights
    assert any(right.action.startswith("oss:") and right.when == "SourceURI" for right in rights)
    assert "sts:ExternalId" in show_operation("sts:AssumeRole").rights[0].conditions


@pytest.mark.server
def test_pages_of_operations(visitor: Visitor) -> None:
    text = visitor.get("/docs/imm/GetBinding").text
    for part in (
        "Gets a binding of a bucket",
        "imm:GetBinding",
        "acs:imm:{region}:{account}:project/{ProjectName}/dataset/{DatasetName}",
        'id="response-BindingProgress"',
        "IncrementalScanning",
        "ResourceNotFound",
        "pip install",
        'href="/explorer/imm/GetBinding#%7B',
    ):
        assert part in text
    assert visitor.get("/docs/imm/AddImageMosaic").status == 200
    assert visitor.get("/docs/imm/NoSuch").status == 404
    assert visitor.get("/docs/nosuch/GetBinding").status == 404
    assert "授权信息" in visitor.get("/docs/ram/CreateUser", **{"Accept-Language": "zh-CN"}).text


@pytest.mark.server
def test_links_between_pages_lead_somewhere(visitor: Visitor) -> None:
    for path in ("/docs/", "/docs/errors", "/docs/access", "/docs/imm/SimpleQuery"):
        shown = visitor.get(path)
        assert shown.status == 200
        found = Links(shown.text)
        assert not found.twice, path
        for target in found.targets:
            assert not target.startswith("#") or unquote(target[1:]) in found.anchors, (path, target)


@pytest.mark.server
def test_guides_show_their_pictures(page: Page, visitor: Visitor) -> None:
    page.goto(f"http://{visitor.address}/docs/console")
    shown = page.locator(".prose img")
    shown.first.scroll_into_view_if_needed()
    wait_until(page, "document.querySelector('.prose img').naturalWidth > 1000")
    answer = page.request.get(f"http://{visitor.address}/docs/images/gallery.webp")
    assert answer.headers["content-type"] == "image/webp"
    assert visitor.get("/docs/images/nosuch.webp").status == 404


@pytest.mark.server
def test_the_reference_in_a_browser(page: Page, visitor: Visitor) -> None:
    page.goto(f"http://{visitor.address}/docs/")
    page.get_by_test_id("reference-search").fill("binding progress")
    page.locator(".contents").get_by_role("link", name="GetBinding", exact=True).click()
    expect(page.locator("h1")).to_have_text("GetBinding")
    page.wait_for_load_state()  # its styles are there
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_test_id("code-tab-curl").click()
    expect(page.locator("#program-curl")).to_be_visible()
    expect(page.locator("#program-python")).to_be_hidden()
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.get_by_test_id("try-it")).to_be_visible()


# the site


@pytest.fixture(scope="module")
def build() -> ModuleType:
    specification = importlib.util.spec_from_file_location("build_site", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(build: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("built") / "site"
    assert build.build(folder) == 1 + len(page_names()) + len(list(load_models()))
    return folder


def test_every_link_of_the_site_leads_to_a_file_and_a_place_in_it(site: Path) -> None:
    pages = {path: Links(path.read_text("utf-8")) for path in site.rglob("*.html")}
    for path, links in pages.items():
        assert not links.twice, path
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme in ("https", "http"):
                continue
            assert not parts.path.startswith("/"), (path, target)
            meant = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert meant.is_file(), (path, target)
            if parts.fragment and meant in pages:
                assert unquote(parts.fragment) in pages[meant].anchors, (path, target)


def test_the_site_works_from_the_disk(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.goto((site / "imm" / "GetBinding.html").as_uri())
    page.get_by_test_id("reference-search").fill("createuser")
    expect(page.locator(".contents li:visible")).to_have_count(1)
    page.get_by_test_id("code-tab-typescript").click()
    expect(page.locator("#program-typescript")).to_be_visible()
    expect(page.locator("#code-tabs button")).to_have_count(len(LANGUAGES))
    page.locator(".contents li:visible a").click()
    expect(page.locator("h1")).to_have_text("CreateUser")
    assert not problems
    page.close()


def test_a_folder_that_is_no_site_is_left_alone(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(FileExistsError):
        build.build(tmp_path)
    assert (tmp_path / "mine").read_text() == "mine"
