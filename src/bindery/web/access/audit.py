"""``/console/access/audit``: who did what, the newest first."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_PAGE = 50
_FILTERS = ("AuthPrincipal", "AuthAction", "AuthResource", "Code")
_TIMES = ("StartTime", "EndTime")
_MINUTE = len("2026-01-01T00:00")


async def show(request: PageRequest) -> web.Response:
    """One page of the records that pass the filters of the address."""
    asked = {name: request.query.get(name, "").strip() for name in (*_FILTERS, *_TIMES)}
    denied = bool(request.query.get("Denied"))
    values: dict[str, Any] = {name: text for name, text in asked.items() if text}
    values |= {name: _instant(asked[name]) for name in _TIMES if asked[name]}
    token = request.query.get("NextToken", "")
    reply = await request.caller.call(
        "ListAuditRecords",
        values | {"MaxResults": _PAGE, "Denied": denied or None, "NextToken": token or None},
    )
    kept = {name: text for name, text in asked.items() if text} | ({"Denied": "1"} if denied else {})
    following = reply.data.get("NextToken", "") if reply.ok else ""
    return request.render(
        "access/audit.html",
        status=HTTPStatus(reply.status),
        asked=asked,
        denied=denied,
        problem=reply.refusal,
        records=reply.data.get("AuditRecords", []) if reply.ok else [],
        following="?" + urlencode(kept | {"NextToken": following}) if following else "",
        first="?" + urlencode(kept) if token else "",
    )


def _instant(text: str) -> str:
    """What a browser's field for a time gives, in UTC."""
    return text + ":00Z" if len(text) == _MINUTE else text


ROUTES = (Route(path="/console/access/audit", page=show),)
