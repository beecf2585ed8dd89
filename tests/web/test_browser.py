"""The frame of all pages, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.server


def test_signing_in(signed_in: Page) -> None:
    signed_in.get_by_test_id("menu").click()
    expect(signed_in.locator(".arn")).to_contain_text("acs:ram::")
    signed_in.get_by_test_id("sign-out").click()
    expect(signed_in.get_by_test_id("sign-in")).to_be_visible()


def test_language_and_colours_stay(page: Page) -> None:
    page.goto("/")
    page.get_by_test_id("menu").click()
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    page.get_by_test_id("menu").click()
    page.get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "zh")


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_nothing_is_wider_than_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/sign-in"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
