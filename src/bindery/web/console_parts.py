"""The parts of the console, and which of them its reader may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from bindery.web.refusals import refusal_text

if TYPE_CHECKING:
    from bindery.web.page_request import PageRequest

_CONSOLE = "/console/"


class Part(msgspec.Struct, frozen=True):
    """One link of the navigation, or of the pages that a part has beside each other."""

    name: str
    text: str
    """The key of its name for people."""
    path: str
    below: tuple[str, ...] = ()
    """What the paths of its further pages begin with."""
    operation: str = ""
    """What the reader must be allowed, if anything."""
    tabs: tuple[Part, ...] = ()
    """Pages beside each other; the link of the part leads to the first that the reader may see."""


class ShownPart(msgspec.Struct, frozen=True):
    """A link as a reader sees it."""

    name: str
    text: str
    path: str
    why_not: str = ""
    """Why the reader may not see it; empty when he may."""


_ACCESS = (
    Part("users", "access.users", "/console/access/users", operation="ListUsers"),
    Part("groups", "access.groups", "/console/access/groups", operation="ListGroups"),
    Part("roles", "access.roles", "/console/access/roles", operation="ListRoles"),
    Part("policies", "access.policies", "/console/access/policies", operation="ListPolicies"),
    Part("simulate", "access.simulate", "/console/access/simulate", operation="ExplainAccess"),
    Part("sessions", "access.sessions", "/console/access/sessions"),
)
_SERVER = (
    Part("health", "server.health", "/console/health"),
    Part(
        "notifications",
        "server.notifications",
        "/console/notifications",
        operation="ListNotificationDestinations",
    ),
    Part("metrics", "server.metrics", "/console/metrics", operation="ListServerMetrics"),
    Part("settings", "server.settings", "/console/settings", operation="GetServerSettings"),
)
PARTS = (
    Part("overview", "layout.part_overview", "/console/", ("/console/bindings/", "/console/datasets/")),
    Part("tasks", "layout.part_tasks", "/console/tasks/", operation="ListTasks"),
    Part("access", "layout.part_access", "/console/access/users", ("/console/access/",), tabs=_ACCESS),
    Part("audit", "layout.part_audit", "/console/access/audit", operation="ListAuditRecords"),
    Part("usage", "layout.part_usage", "/console/usage", operation="ListUsage"),
    Part(
        "health", "layout.part_health", "/console/health", tuple(tab.path for tab in _SERVER), tabs=_SERVER
    ),
)


class Navigation(msgspec.Struct, frozen=True):
    """What leads to other pages of the console."""

    parts: tuple[ShownPart, ...] = ()
    tabs: tuple[ShownPart, ...] = ()
    """Those of the part that the page is of."""


async def find_navigation(request: PageRequest) -> Navigation:
    """For pages of the console; for others there is none."""
    if not request.http.path.startswith(_CONSOLE) or not request.wants_page:
        return Navigation()
    asked = sorted({part.operation for part in _all_parts() if part.operation})
    refused = await request.caller.refusals([(operation, {}) for operation in asked])
    why_not = {
        operation: refusal_text(request.t, refusal)
        for operation, refusal in zip(asked, refused, strict=True)
        if refusal is not None
    }
    own = current_part(request.http.path)
    return Navigation(
        tuple(_shown(part, why_not) for part in PARTS),
        tuple(_shown(tab, why_not) for part in PARTS if part.name == own for tab in part.tabs),
    )


def _all_parts() -> Iterator[Part]:
    for part in PARTS:
        yield part
        yield from part.tabs


def _shown(part: Part, why_not: dict[str, str]) -> ShownPart:
    path = next((tab.path for tab in part.tabs if tab.operation not in why_not), part.path)
    return ShownPart(part.name, part.text, path, why_not.get(part.operation, ""))


def current_part(path: str) -> str:
    """The name of the part that a page is of: the one whose own path it is, else the one that it lies below."""
    own = next((part.name for part in PARTS if part.path == path), "")
    return own or next((part.name for part in PARTS if part.below and path.startswith(part.below)), "")
