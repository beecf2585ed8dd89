"""The pages about the server that its reader may see."""

from __future__ import annotations

from bindery.web.page_request import PageRequest

_TABS = {
    "health": "",
    "notifications": "ListNotificationDestinations",
    "metrics": "ListServerMetrics",
    "settings": "GetServerSettings",
}
"""Each with the operation that it cannot do without."""


async def tabs_of(request: PageRequest) -> list[str]:
    """Their names, which are those of their paths, too."""
    asked = {name: operation for name, operation in _TABS.items() if operation}
    refused = await request.caller.refusals([(operation, {}) for operation in asked.values()])
    kept = {name for name, refusal in zip(asked, refused, strict=True) if refusal is not None}
    return [name for name in _TABS if name not in kept]
