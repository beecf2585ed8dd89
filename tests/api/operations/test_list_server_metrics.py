"""ListServerMetrics, beside what Prometheus is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.api.conftest import Api


@pytest.fixture(scope="module")
def busy(make_api: Callable[..., Api]) -> Api:
    made = make_api()
    made("CreateProject", ProjectName="p")
    made.refused("GetProject", ProjectName="nowhere")
    return made


def figures(api: Api) -> dict[str, dict[str, Any]]:
    return {each["MetricName"]: each for each in api("ListServerMetrics")["ServerMetrics"]}


def test_requests_are_there_by_operation_and_code(busy: Api) -> None:
    requests = figures(busy)["bindery_requests"]
    assert requests["Kind"] == "counter"
    assert requests["MetricDescription"] == "Requests by operation and code."
    found = {
        (each["Labels"]["action"], each["Labels"]["code"]): each["SampleValue"]
        for each in requests["Samples"]
    }
    assert found["CreateProject", "OK"] == 1
    assert found["GetProject", "ResourceNotFound"] == 1


def test_it_tells_what_prometheus_is_told_but_for_distributions(busy: Api) -> None:
    told = {
        family.name: family.type
        for family in text_string_to_metric_families(busy.gateway.metrics.text(named=True).decode())
    }
    found = figures(busy)
    assert {name: each["Kind"] for name, each in found.items()} == told
    names = {each["SampleName"] for each in found["bindery_request_seconds"]["Samples"]}
    assert names == {"bindery_request_seconds_count", "bindery_request_seconds_sum"}
