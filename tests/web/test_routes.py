"""Paths of pages, and where people may be sent."""

from __future__ import annotations

import pytest

from bindery.web.page_request import PageRequest
from bindery.web.routes import Route, Routes
from bindery.web.safe_paths import page_path


async def _page(request: PageRequest) -> None: ...


ROUTES = Routes(
    [
        Route(path="/a", page=_page),
        Route(path="/a", page=_page, method="POST"),
        Route(path="/d/{project}/{dataset}", page=_page),
        Route(path="/f/{name*}", page=_page),
    ]
)


def test_names_in_paths() -> None:
    found = ROUTES.find("GET", "/d/p%20q/%E5%9B%BE%2F1")
    assert found is not None
    assert found[1] == {"project": "p q", "dataset": "图/1"}
    assert ROUTES.find("GET", "/d/p/d/more") is None
    rest = ROUTES.find("GET", "/f/a/b%3Fc")
    assert rest is not None
    assert rest[1] == {"name": "a/b?c"}


def test_methods() -> None:
    assert ROUTES.find("HEAD", "/a") is not None
    assert ROUTES.find("DELETE", "/a") is None
    assert ROUTES.methods("/a") == ["GET", "POST"]
    assert ROUTES.methods("/b") == []


@pytest.mark.parametrize("path", ["/", "/console/", "/docs/a?b=c#d", "/explorer/?x=https://other.test/"])
def test_pages_of_this_server(path: str) -> None:
    assert page_path(path, "/other") == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "//evil.test", "/\\evil.test", "https://evil.test", "javascript:alert(1)"),
        *("/a\r\nX: y", "/a b", "/图", "\\/evil.test", "/a\\..\\b", "/" + "a" * 5_000),
    ],
)
def test_whatever_else(path: str) -> None:
    assert page_path(path, "/console/") == "/console/"
