"""Pages for browsers, beside the API."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

pytestmark = pytest.mark.server


def fetch(
    server: Any, path: str, accept: str = "text/html,*/*", method: str = "GET"
) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(server.address, timeout=60)
    connection.request(method, path, headers={"Accept": accept})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers.get_content_type(), body


def test_a_browser_is_told_what_this_is(server: Any) -> None:
    status, kind, body = fetch(server, "/")
    assert (status, kind) == (200, "text/html")
    for part in ("· Bindery</title>", "This server is ready.", server.address, "/docs/stores"):
        assert part in body


def test_callers_of_the_api_get_its_answers(server: Any) -> None:
    assert fetch(server, "/", accept="application/json")[:2] == (400, "application/json")
    status, kind, _ = fetch(server, "/?Action=GetProject")
    assert status == 400
    assert kind != "text/html"
    assert fetch(server, "/", method="POST")[:2] == (400, "application/json")


def test_the_documentation_is_here(server: Any) -> None:
    status, kind, names = fetch(server, "/docs", accept="*/*")
    assert (status, kind) == (200, "text/plain")
    assert "/docs/configuration" in names.split()
    for name in names.split():
        assert fetch(server, name, accept="*/*")[:2] == (200, "text/plain")
        assert fetch(server, name)[:2] == (200, "text/html")
    assert fetch(server, "/docs/configuration.md")[2].startswith("# Configuration")


@pytest.mark.parametrize(
    "path", ["/docs/nosuch", "/docs/../README", "/docs/%2e%2e/README.md", "/docs/imm/NoSuch"]
)
def test_there_is_nothing_else(server: Any, path: str) -> None:
    assert fetch(server, path)[0] == 404


def test_a_strange_host_is_shown_as_text(server: Any) -> None:
    connection = http.client.HTTPConnection(server.address, timeout=60)
    connection.putrequest("GET", "/", skip_host=True)
    connection.putheader("Host", "<script>alert(1)</script>")
    connection.putheader("Accept", "text/html")
    connection.endheaders()
    body = connection.getresponse().read().decode()
    connection.close()
    assert "<script>" not in body
