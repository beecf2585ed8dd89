"""The console in a real browser: bind a folder, watch it, stop and resume it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.conftest import RunningServer

from .conftest import Visitor

pytestmark = pytest.mark.server
HOSTILE = '"><script>alert(1)</script>.txt'


@pytest.fixture
def bucket(server: RunningServer, new_name: Callable[[str], str]) -> str:
    """A bucket of 301 small texts, one with a name that would be markup, and a picture."""
    name = new_name("looked-at")
    folder = server.bucket_root / name
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:03}.txt").write_text(f"text {number}")
    (folder / HOSTILE.replace("/", "∕")).write_text("hostile")
    Image.new("RGB", (8, 8)).save(folder / "square.png")
    return name


def bind(page: Page, bucket: str) -> None:
    page.goto("/console/bindings/new")
    page.get_by_test_id("new-bucket").fill(bucket)
    page.get_by_test_id("new-project").fill(bucket + "-p")
    page.get_by_test_id("new-dataset").fill("d")
    page.get_by_test_id("create-binding").click()


def test_a_binding_is_made_and_watched(signed_in: Page, bucket: str) -> None:
    bind(signed_in, bucket)
    expect(signed_in.get_by_test_id("binding-phase")).to_have_text("IncrementalScanning", timeout=60_000)
    expect(signed_in.locator('#books [data-field="Indexed"]')).to_have_text("302")
    expect(signed_in.locator("#balanced")).to_have_text("balanced")
    signed_in.get_by_test_id("stop").click()
    expect(signed_in.get_by_test_id("binding-state")).to_have_text("Stopped")
    signed_in.get_by_test_id("resume").click()
    expect(signed_in.get_by_test_id("binding-state")).to_have_text("Running", timeout=60_000)
    signed_in.get_by_test_id("audit").click()
    expect(signed_in.locator("#outcome")).to_contain_text("Succeeded", timeout=60_000)
    signed_in.goto("/console/")
    row = signed_in.get_by_test_id(f"binding-{bucket}")
    expect(row.get_by_test_id("binding-state")).to_have_text("Running")
    card = signed_in.locator(".dataset", has_text=f"{bucket}-p / d")
    expect(card.locator(".kinds .tag")).to_have_text(["document 301", "image 1"])


def test_a_bucket_that_there_is_not_says_so(signed_in: Page, new_name: Callable[[str], str]) -> None:
    bind(signed_in, new_name("no-such-bucket"))
    expect(signed_in.locator("#reason")).to_contain_text("bucket", timeout=60_000)
    expect(signed_in.get_by_test_id("resume")).to_be_visible()


def test_a_name_that_cannot_be_is_refused_beside_the_form(server: RunningServer, visitor: Visitor) -> None:
    visitor.sign_in(server.key_id, server.key_secret)
    fields = {"bucket": "x", "project": "named-odd", "dataset": "d", "Prefixes": "a/\nb/"}
    refused = visitor.post("/console/bindings/new", fields)
    assert refused.status == 400
    assert "not a bucket name" in refused.text
    assert 'value="named-odd"' in refused.text
    assert ">a/\nb/</textarea>" in refused.text.replace("\r", "")


def test_a_user_sees_what_he_may(
    server: RunningServer, visitor: Visitor, new_name: Callable[[str], str]
) -> None:
    server.make_dataset(hidden := new_name("hidden"), "d")
    server.make_dataset(open_one := new_name("open"), "d")
    user = new_name("looker")
    server.call("CreateUser", UserName=user)
    document = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":["imm:List*","imm:Get*"],'
        f'"Resource":"acs:imm:*:*:project/{open_one}*"}}]}}'
    )
    server.call("CreatePolicy", PolicyName=user, PolicyDocument=document)
    server.call("AttachPolicyToUser", PolicyType="Custom", PolicyName=user, UserName=user)
    key = server.call("CreateAccessKey", UserName=user)["AccessKey"]
    visitor.sign_in(key["AccessKeyId"], key["AccessKeySecret"])
    text = visitor.get("/console/").text
    assert f"{open_one} / d" in text
    assert hidden not in text
    refused = visitor.get(f"/console/bindings/{hidden}/d/bucket")
    assert refused.status == 403
    assert "NoPermission" in refused.text


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_it_fits(signed_in: Page, width: int) -> None:
    signed_in.set_viewport_size({"width": width, "height": 900})
    for path in ("/console/", "/console/bindings/new"):
        signed_in.goto(path)
        assert signed_in.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
