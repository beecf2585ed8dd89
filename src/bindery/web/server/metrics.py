"""``/console/metrics``: the figures of ``/metrics`` for people."""

from __future__ import annotations

import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_MOST_SAMPLES = 200
"""Of one figure."""
_MOST_OPERATIONS = 50
_REQUESTS, _SECONDS = "bindery_requests", "bindery_request_seconds"
Family = dict[str, Any]


async def show(request: PageRequest) -> web.Response:
    """Operations with their times first, then everything else as it is."""
    reply = await request.caller.call("ListServerMetrics")
    families: dict[str, Family] = (
        {each["MetricName"]: each for each in reply.data["ServerMetrics"]} if reply.ok else {}
    )
    others = [each for name, each in families.items() if name not in (_REQUESTS, _SECONDS)]
    return request.render(
        "server/metrics.html",
        status=HTTPStatus(reply.status),
        operations=_operations(families),
        families=[each for each in others if each["Samples"]],
        most=_MOST_SAMPLES,
        problem=reply.refusal,
    )


async def now(request: PageRequest) -> web.Response:
    """What the script of the page draws, at this moment."""
    answer = await request.caller.get("ListServerMetrics")
    families = {each["MetricName"]: each for each in answer["ServerMetrics"]}
    seconds = families[_SECONDS]["Samples"]
    return request.answer(
        {
            "Time": time.time(),
            "Requests": _sum(seconds, _SECONDS + "_count"),
            "Seconds": _sum(seconds, _SECONDS + "_sum"),
            "Waiting": _sum(families["bindery_extraction_waiting"]["Samples"]),
            "Bytes": _sum(families["bindery_request_bytes"]["Samples"]),
        }
    )


def _operations(families: dict[str, Family]) -> list[dict[str, Any]]:
    """Those that are called most."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for sample in families.get(_REQUESTS, {}).get("Samples", []):
        labels, count = sample["Labels"], int(sample["SampleValue"])
        row = found.setdefault(
            (labels["product"], labels["action"]), {**labels, "requests": 0, "refused": 0, "seconds": 0.0}
        )
        row["requests"] += count
        row["refused"] += 0 if labels["code"] == "OK" else count
    for sample in families.get(_SECONDS, {}).get("Samples", []):
        labels = sample["Labels"]
        if sample["SampleName"].endswith("_sum") and (labels["product"], labels["action"]) in found:
            found[labels["product"], labels["action"]]["seconds"] = sample["SampleValue"]
    return sorted(found.values(), key=lambda each: -each["requests"])[:_MOST_OPERATIONS]


def _sum(samples: Iterable[dict[str, Any]], name: str = "") -> float:
    return float(sum(each["SampleValue"] for each in samples if not name or each["SampleName"] == name))


ROUTES = (
    Route(path="/console/metrics", page=show),
    Route(path="/console/metrics/now", page=now),
)
