"""A server with its pages, a client that keeps cookies, and a real browser."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Route,
    expect,
    sync_playwright,
)
from tests.conftest import RunningServer

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HTML = {"Accept": "text/html"}
# A busy machine is no failure.
expect.set_options(timeout=30_000)


class Shown(NamedTuple):
    """What a browser would get."""

    status: int
    headers: http.client.HTTPMessage
    text: str


class Visitor:
    """Asks for pages as a browser does, one request a connection, and keeps cookies."""

    def __init__(self, address: str) -> None:
        self.address, self.cookies = address, {}

    def get(self, path: str, **headers: str) -> Shown:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Shown:
        """A form, with what marks it as one of this session."""
        known = {"csrf": self.csrf, **fields}
        typed = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return self.send("POST", path, urlencode(known), typed)

    @property
    def csrf(self) -> str:
        found = re.search(r'<meta name="csrf" content="([0-9a-f]+)"', self.get("/").text)
        return found[1] if found else ""

    def sign_in(self, key_id: str, secret: str, to: str = "/") -> Shown:
        return self.post("/sign-in", {"key_id": key_id, "secret": secret, "to": to})

    def send(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> Shown:
        cookies = {"Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())} if self.cookies else {}
        connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            connection.request(method, path, body or None, HTML | cookies | (headers or {}))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value.strip('"'):
                del self.cookies[name]
        return Shown(answer.status, answer.headers, text)


@pytest.fixture
def visitor(server: RunningServer) -> Visitor:
    return Visitor(server.address)


@pytest.fixture
def person(server: RunningServer, new_name: Callable[[str], str]) -> Callable[..., Visitor]:
    """``person(*statements)``: signed in, with a policy of these."""

    return lambda *statements: new_person(server, new_name("reader"), *statements)


def new_person(server: RunningServer, name: str, *statements: dict[str, object]) -> Visitor:
    """A user of this name, signed in, with a policy of these statements."""
    server.call("CreateUser", UserName=name)
    if statements:
        grant(server, name, *statements)
    return signed_in_with(server, new_key(server, name))


def grant(server: RunningServer, user: str, *statements: dict[str, object]) -> None:
    """The policy of a user, which has his name; a statement allows unless it says otherwise."""
    document = {"Version": "1", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    server.call("CreatePolicy", PolicyName=user, PolicyDocument=json.dumps(document))
    server.call("AttachPolicyToUser", PolicyType="Custom", PolicyName=user, UserName=user)


def new_key(server: RunningServer, user: str) -> dict[str, str]:
    """``AccessKeyId`` and ``AccessKeySecret``."""
    made: dict[str, str] = server.call("CreateAccessKey", UserName=user)["AccessKey"]
    return made


def signed_in_with(server: RunningServer, key: dict[str, str]) -> Visitor:
    """Whoever has the key."""
    visitor = Visitor(server.address)
    assert visitor.sign_in(key["AccessKeyId"], key["AccessKeySecret"]).status == 303
    return visitor


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module: while it is open no other event loop can run in this thread."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        launched = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser, server: RunningServer) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=server.endpoint, viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a browser; the test fails when it logs an error or loads anything from elsewhere."""
    shown, problems, elsewhere = context.new_page(), [], []
    lost = [(each.args[0], "Failed to load resource") for each in request.node.iter_markers("unanswered")]
    if request.node.get_closest_marker("removes_entries"):
        lost.append(("/console/thumbnails/", "status of 404"))

    def note(message: ConsoleMessage) -> None:
        url = message.location["url"]
        if message.type == "error" and not any(path in url and why in message.text for path, why in lost):
            problems.append(f"{message.text} {url}")

    shown.on("console", note)
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1:", "data:", "blob:"))
            else elsewhere.append(request.url)
        ),
    )
    yield shown
    assert not problems
    assert not elsewhere


@pytest.fixture
def signed_in(page: Page, server: RunningServer) -> Page:
    """The same page, signed in with the root key."""
    sign_in(page, server.key_id, server.key_secret)
    return page


def sign_in(page: Page, key_id: str, secret: str, to: str = "/") -> None:
    page.goto(f"/sign-in?to={to}")
    page.get_by_test_id("sign-in-id").fill(key_id)
    page.get_by_test_id("sign-in-secret").fill(secret)
    page.get_by_test_id("sign-in").click()
    page.wait_for_url(lambda url: urlsplit(url).path == to)


def wait_until(page: Page, script: str) -> None:
    """Until a script of JavaScript is true: the policy of our pages lets wait_for_function look once, not again."""
    until = time.monotonic() + 120
    while not page.evaluate(script):
        assert time.monotonic() < until, script
        page.wait_for_timeout(50)


class HeldBack:
    """Requests of a page that get no answer before they are let go, as if the server were slow."""

    def __init__(self, page: Page, address: re.Pattern[str]) -> None:
        self._page, self._address = page, address
        self._routes: list[Route] = []
        self._holds = True
        page.route(address, self._take)

    def _take(self, route: Route) -> None:
        if self._holds:
            self._routes.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        """Until one is held back: a page tells of a request before it asks for its route."""
        until = time.monotonic() + 120
        while not self._routes:
            assert time.monotonic() < until, self._address
            self._page.wait_for_timeout(20)

    def no_more(self) -> None:
        """Requests from now on are answered."""
        self._holds = False

    def let_go(self) -> None:
        """All of them, and none is held back from now on."""
        self.no_more()
        for route in self._routes:
            route.continue_()

    def answer(self) -> None:
        """Lets them go, and returns when the answer to one of them has come."""
        with self._page.expect_response(self._address) as answer:
            self.let_go()
        answer.value.finished()
