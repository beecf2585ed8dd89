"""The parts of the console that its reader may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from bindery.web.page_request import PageRequest

_CONSOLE = "/console/"


class Part(msgspec.Struct, frozen=True):
    """One link of the navigation."""

    name: str
    path: str
    below: tuple[str, ...] = ()
    """What the paths of its further pages begin with."""
    operation: str = ""
    """What the reader must be allowed, if anything."""


PARTS = (
    Part("overview", "/console/", ("/console/bindings/", "/console/datasets/")),
    Part("tasks", "/console/tasks/"),
    Part("access", "/console/access/users", ("/console/access/",)),
    Part("audit", "/console/access/audit"),
    Part("usage", "/console/usage", operation="ListUsage"),
    Part("health", "/console/health", ("/console/notifications", "/console/metrics", "/console/settings")),
)


async def find_parts(request: PageRequest) -> list[Part]:
    """For pages of the console; for others there are none."""
    if not request.http.path.startswith(_CONSOLE) or not request.wants_page:
        return []
    asked = [part for part in PARTS if part.operation]
    refused = await request.caller.refusals([(part.operation, {}) for part in asked])
    kept = {part.name for part, refusal in zip(asked, refused, strict=True) if refusal is not None}
    return [part for part in PARTS if part.name not in kept]


def current_part(path: str) -> str:
    """The name of the part that a page is of: the one whose own path it is, else the one that it lies below."""
    own = next((part.name for part in PARTS if part.path == path), "")
    return own or next((part.name for part in PARTS if part.below and path.startswith(part.below)), "")
