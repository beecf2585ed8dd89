"""axe-core finds nothing serious on any page, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.conftest import RunningServer

from .conftest import sign_in

pytestmark = pytest.mark.server
PUBLIC = ("/", "/sign-in")
PAGES = (
    "/console/",
    "/console/bindings/new",
    "/console/access/users",
    "/console/access/simulate",
    "/console/usage",
    "/console/health",
    "/console/metrics",
    "/console/settings",
    "/explorer/imm/SimpleQuery",
    "/explorer/ram/CreateUser",
    "/docs/imm/GetBinding",
)
LIGHT_ONLY = (
    "/console/access/groups",
    "/console/access/roles",
    "/console/access/policies",
    "/console/access/policies/AliyunIMMReadOnlyAccess?type=System",
    "/console/access/audit",
    "/console/access/sessions",
    "/console/tasks/",
    "/console/notifications",
    "/explorer/",
    "/docs/",
    "/nowhere",
)
"""Made of the same parts and colours as the others."""
SEVERE = ("moderate", "serious", "critical")


@pytest.fixture
def unguarded(browser: Browser, server: RunningServer, scheme: str) -> Iterator[Page]:
    """A page that a tester may run scripts in."""
    # Colours on their way to others would be judged by chance.
    settled = {"color_scheme": scheme, "reduced_motion": "reduce"}
    context = browser.new_context(base_url=server.endpoint, bypass_csp=True, **settled)
    yield context.new_page()
    context.close()


@pytest.fixture
def gallery(server: RunningServer, new_name: Callable[[str], str]) -> str:
    """The page of a dataset with entries of each kind, whose objects nobody finds."""
    name = new_name("seen")
    server.make_dataset(name, name)
    kinds = ("image", "video", "audio", "document", "archive")
    files = [{"URI": f"oss://{name}/{kind}.bin", "MediaType": kind} for kind in kinds]
    server.call("BatchIndexFileMeta", ProjectName=name, DatasetName=name, Files=files)
    return f"/console/datasets/{name}/{name}/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_anybodys_way(
    unguarded: Page, server: RunningServer, node_packages: Path, gallery: str, scheme: str
) -> None:
    axe = (node_packages / "node_modules/axe-core/axe.min.js").read_text()

    def problems(path: str) -> list[str]:
        unguarded.goto(path)
        return problems_of(path)

    def problems_of(path: str) -> list[str]:
        unguarded.evaluate(axe)
        found = unguarded.evaluate("axe.run()")["violations"]
        return [
            f"{path}: {each['id']}: {each['nodes'][0]['html']}"
            for each in found
            if each["impact"] in SEVERE
        ]

    seen = [problem for path in PUBLIC for problem in problems(path)]
    sign_in(unguarded, server.key_id, server.key_secret)
    pages = PAGES + LIGHT_ONLY if scheme == "light" else PAGES
    seen += [problem for path in pages for problem in problems(path)]
    unguarded.goto(gallery)
    expect(unguarded.get_by_test_id("facet-MediaType-image")).to_be_visible()
    unguarded.get_by_test_id("file-0").click(modifiers=["Control"])
    expect(unguarded.get_by_test_id("selection-bar")).to_be_visible()
    seen += problems_of(gallery)
    unguarded.get_by_test_id("bulk-delete").click()
    expect(unguarded.get_by_test_id("bulk")).to_be_visible()
    seen += problems_of("the dialog of bulk work")
    assert not seen
