"""ListServerMetrics, an extension: the figures of ``/metrics``, for those who have no Prometheus."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.server import (
    ListServerMetricsRequest,
    ListServerMetricsResponse,
    MetricSample,
    ServerMetric,
)
from bindery.api.operations import Work

WORK = Work.SLOW


def list_server_metrics(context: Context, request: ListServerMetricsRequest) -> ListServerMetricsResponse:
    """With the names of bindings and destinations, whether or not ``/metrics`` tells them."""
    return ListServerMetricsResponse(
        server_metrics=tuple(
            ServerMetric(
                metric_name=figure.name,
                kind=figure.kind,
                metric_description=figure.description,
                samples=tuple(
                    MetricSample(sample_name=each.name, labels=each.labels, sample_value=each.value)
                    for each in figure.samples
                ),
            )
            for figure in context.inspection.figures()
        )
    )
