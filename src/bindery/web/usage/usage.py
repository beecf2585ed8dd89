"""``/console/usage``: by project and day, as plots, tables and CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from http import HTTPStatus
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bindery.api.prices import decimal_text
from bindery.api.usage_tables import Row, Total, csv_text, totals
from bindery.web.calls import CallFailed
from bindery.web.headers import HEADERS
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route
from bindery.web.usage.plots import plots_of

_PAGE = 1_000
_MOST_ROWS = 40_000
"""A page adds up; CSV has everything."""
_PROJECTS = 100
_DAILY = 1_000
"""Rows by day that a page shows."""


async def show(request: PageRequest) -> web.Response:
    """Sums of the days that the address names, else of the last thirty."""
    asked = _asked(request)
    rows, problem, is_cut = await _read(request, asked)
    listed = await request.caller.call("ListProjects", {"MaxResults": _PROJECTS})
    projects = {each["ProjectName"] for each in listed.data["Projects"]} if listed.ok else set()
    projects |= {row["ProjectName"] for row in rows} | {asked["ProjectName"]}
    found = totals(rows)
    query = urlencode({name: value for name, value in asked.items() if value})
    return request.render(
        "usage/usage.html",
        status=HTTPStatus.OK if problem is None else HTTPStatus(problem.reply.status),
        asked=asked,
        projects=sorted(projects - {""}),
        problem="" if problem is None else problem.reply.refusal,
        is_cut=is_cut,
        sums=_by_project(found),
        first=rows[0]["Date"] if rows else "",
        last=rows[-1]["Date"] if rows else "",
        amount=decimal_text(sum((total.amount for total in found), Decimal(0))),
        currency=next((total.currency for total in found if total.currency), ""),
        daily=rows[-_DAILY:][::-1],
        more=max(0, len(rows) - _DAILY),
        plots=plots_of(rows, request.t),
        texts={"day": request.t("usage.day")},
        download="/console/usage.csv" + (f"?{query}" if query else ""),
    )


async def download(request: PageRequest) -> web.StreamResponse:
    """The same as CSV, page by page."""
    pages = _pages(request, _asked(request))
    first: list[Row] = await anext(pages, [])
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="bindery-usage.csv"',
            **HEADERS,
        }
    )
    if not await request.begin(response):
        return response
    await response.write(csv_text(first).encode())
    async for page in pages:
        await response.write(csv_text(page, head=False).encode())
    await response.write_eof()
    return response


def _by_project(found: Sequence[Total]) -> list[dict[str, Any]]:
    """Sums of each project, with what they cost together."""
    return [
        {
            "name": project,
            "rows": [total.row() for total in held],
            "amount": decimal_text(sum((total.amount for total in held), Decimal(0))),
        }
        for project, held in (
            (name, list(group)) for name, group in groupby(found, lambda total: total.project)
        )
    ]


def _asked(request: PageRequest) -> dict[str, str]:
    return {name: request.query.get(name, "").strip() for name in ("ProjectName", "StartDate", "EndDate")}


async def _read(request: PageRequest, asked: dict[str, str]) -> tuple[list[Row], CallFailed | None, bool]:
    """Rows, what refused them, and whether there are more."""
    rows: list[Row] = []
    try:
        async for page in _pages(request, asked):
            rows += page
            if len(rows) >= _MOST_ROWS:
                return rows, None, True
    except CallFailed as failed:
        return [], failed, False
    return rows, None, False


async def _pages(request: PageRequest, asked: dict[str, str]) -> AsyncIterator[list[Any]]:
    values: dict[str, Any] = {name: value or None for name, value in asked.items()} | {"MaxResults": _PAGE}
    token = ""
    while True:
        answer = await request.caller.get("ListUsage", values | {"NextToken": token or None})
        yield answer["UsageRecords"]
        token = answer["NextToken"]
        if not token:
            return


ROUTES = (
    Route(path="/console/usage", page=show),
    Route(path="/console/usage.csv", page=download),
)
