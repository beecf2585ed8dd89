"""Signing in and out, over the wire."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.conftest import RunningServer

from .conftest import Visitor, new_key, signed_in_with

pytestmark = pytest.mark.server


def test_in_and_out(server: RunningServer, visitor: Visitor) -> None:
    refused = visitor.get("/explorer/")
    assert refused.status == 303
    assert refused.headers["Location"] == "/sign-in?to=%2Fexplorer%2F"
    answer = visitor.sign_in(server.key_id, server.key_secret, to="/docs/")
    assert (answer.status, answer.headers["Location"]) == (303, "/docs/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "acs:ram::" in visitor.get("/").text
    token = visitor.cookies["bindery_session"]
    assert visitor.post("/sign-out", {}).status == 303
    assert "acs:ram::" not in visitor.get("/").text
    visitor.cookies["bindery_session"] = token
    assert "acs:ram::" not in visitor.get("/").text, "a copied cookie ends with the session"


@pytest.mark.parametrize("secret", ["wrong", "", "\ud83d", "test-root-secret\0"])
def test_wrong_secrets(server: RunningServer, visitor: Visitor, secret: str) -> None:
    answer = visitor.sign_in(server.key_id, secret.encode("utf-8", "surrogatepass").decode("latin-1"))
    assert answer.status in (403, 429)
    assert "bindery_session" not in visitor.cookies
    assert server.key_secret not in answer.text


def test_out_everywhere(server: RunningServer) -> None:
    first, second = Visitor(server.address), Visitor(server.address)
    for each in (first, second):
        each.sign_in(server.key_id, server.key_secret)
    assert first.post("/sign-out", {"everywhere": "1"}).status == 303
    assert "acs:ram::" not in second.get("/").text


def test_a_key_that_is_disabled_signs_out(server: RunningServer, new_name: Callable[[str], str]) -> None:
    user = new_name("visitor")
    server.call("CreateUser", UserName=user)
    key = new_key(server, user)
    visitor = signed_in_with(server, key)
    assert f"user/{user}" in visitor.get("/").text
    server.call("UpdateAccessKey", UserName=user, UserAccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert f"user/{user}" not in visitor.get("/").text


def test_changes_come_from_pages_of_this_server(server: RunningServer, visitor: Visitor) -> None:
    visitor.sign_in(server.key_id, server.key_secret)
    assert visitor.post("/sign-out", {"csrf": "0" * 64}).status == 403
    assert visitor.post("/sign-out", {}, Origin="https://evil.test").status == 403
    assert visitor.post("/sign-out", {}, **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert "acs:ram::" in visitor.get("/").text


def test_nobody_is_sent_to_another_server(server: RunningServer, visitor: Visitor) -> None:
    answer = visitor.sign_in(server.key_id, server.key_secret, to="//evil.test/")
    assert answer.headers["Location"] == "/console/"


def test_a_session_outlives_the_server(start_server: Callable[..., RunningServer]) -> None:
    server = start_server()
    visitor = Visitor(server.address)
    visitor.sign_in(server.key_id, server.key_secret)
    server.stop()
    again = start_server(data=server.data, bucket_root=server.bucket_root)
    visitor.address = again.address
    assert "acs:ram::" in visitor.get("/").text


def test_a_link_is_good_once(server: RunningServer, visitor: Visitor) -> None:
    command = [sys.executable, "-m", "bindery.cli.main", "open", "--print"]
    command += ["--endpoint", server.endpoint, "--data", str(server.data)]
    keys = {"BINDERY_ACCESS_KEY_ID": server.key_id, "BINDERY_ACCESS_KEY_SECRET": server.key_secret}
    link = subprocess.run(command, env=keys, capture_output=True, text=True, check=True).stdout.strip()
    parts = urlsplit(link)
    path = f"{parts.path}?{parts.query}"
    assert visitor.get(path.replace("until=", "until=9")).status == 403
    assert visitor.get(path).status == 303
    assert "acs:ram::" in visitor.get("/").text
    assert Visitor(server.address).get(path).status == 403


def test_attempts_are_limited(start_server: Callable[..., RunningServer]) -> None:
    server = start_server()
    visitor = Visitor(server.address)
    statuses = [visitor.sign_in(server.key_id, "wrong").status for _ in range(12)]
    assert statuses == [403] * 10 + [429] * 2
    assert visitor.sign_in(server.key_id, server.key_secret).status == 429


def test_pages_say_what_browsers_may_do(visitor: Visitor) -> None:
    for path in ("/", "/sign-in", "/nothing", "/docs/nothing"):
        headers = visitor.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Server"] == "Bindery"


def test_pages_can_be_switched_off(start_server: Callable[..., RunningServer], tmp_path: Path) -> None:
    config = tmp_path / "bindery.toml"
    config.write_text("[console]\nenabled = false\n")
    server = start_server("--config", str(config))
    assert Visitor(server.address).get("/sign-in").status == 400
