"""Which page answers a request."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from bindery.web.page_request import PageRequest

Page = Callable[["PageRequest"], Awaitable[web.StreamResponse]]
_NAMED = re.compile(r"\\\{(\w+)(\\\*)?\\\}")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One page. In ``path`` ``{name}`` stands for a part of it, ``{name*}`` for the rest with its slashes."""

    path: str
    page: Page
    method: str = "GET"
    public: bool = False
    """Whether somebody who is not signed in may see it."""


class Routes:
    """Finds the route of a path; pages are few, so they are tried one by one."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(_pattern(route.path), route) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route, and what the names in its path stand for; None when no page has the path and method."""
        method = "GET" if method == "HEAD" else method
        for pattern, route in self._routes:
            if route.method == method and (match := pattern.fullmatch(path)) is not None:
                return route, {name: unquote(value) for name, value in match.groupdict().items()}
        return None

    def methods(self, path: str) -> list[str]:
        """What may be done with a path."""
        return sorted({route.method for pattern, route in self._routes if pattern.fullmatch(path)})


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(
        _NAMED.sub(lambda named: f"(?P<{named[1]}>{'.*' if named[2] else '[^/]+'})", re.escape(path))
    )
