"""Requests and answers of the family server. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class MetricSample(Message):
    """The vendor's struct MetricSample."""

    labels: dict[str, str] | None = None
    sample_name: str | None = None
    sample_value: float | None = None


class NotificationDestination(Message):
    """The vendor's struct NotificationDestination."""

    delivered: int | None = None
    destination: str | None = None
    expired: int | None = None
    failed_tries: int | None = None
    last_error: str | None = None
    last_error_time: str | None = None
    oldest_time: str | None = None
    waiting: int | None = None


class ServerFinding(Message):
    """The vendor's struct ServerFinding."""

    advice: str | None = None
    seen: str | None = None
    subject: str | None = None
    verdict: str | None = None


class ServerMetric(Message):
    """The vendor's struct ServerMetric."""

    kind: str | None = None
    metric_description: str | None = None
    metric_name: str | None = None
    samples: tuple[MetricSample, ...] | None = None


class ServerSetting(Message):
    """The vendor's struct ServerSetting."""

    default: str | None = None
    hidden: bool | None = None
    name: str | None = None
    origin: str | None = None
    value: str | None = None


class GetServerSettingsRequest(Message):
    """Parameters of GetServerSettings."""


class GetServerSettingsResponse(Message):
    """Answer of GetServerSettings."""

    server_settings: tuple[ServerSetting, ...] | None = None


class ListNotificationDestinationsRequest(Message):
    """Parameters of ListNotificationDestinations."""


class ListNotificationDestinationsResponse(Message):
    """Answer of ListNotificationDestinations."""

    notification_destinations: tuple[NotificationDestination, ...] | None = None


class ListServerFindingsRequest(Message):
    """Parameters of ListServerFindings."""


class ListServerFindingsResponse(Message):
    """Answer of ListServerFindings."""

    server_findings: tuple[ServerFinding, ...] | None = None


class ListServerMetricsRequest(Message):
    """Parameters of ListServerMetrics."""


class ListServerMetricsResponse(Message):
    """Answer of ListServerMetrics."""

    server_metrics: tuple[ServerMetric, ...] | None = None
