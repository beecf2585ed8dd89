"""What projects and datasets have in common: caps and templates."""

from __future__ import annotations

from typing import Protocol

from bindery.api.errors import invalid_parameter
from bindery.catalog.records import Limits
from bindery.sync.templates import TEMPLATES


class LimitsRequest(Protocol):
    """A request that may set caps."""

    dataset_max_bind_count: int | None
    dataset_max_file_count: int | None
    dataset_max_entity_count: int | None
    dataset_max_relation_count: int | None
    dataset_max_total_file_size: int | None


def changed_limits(limits: Limits, request: LimitsRequest) -> Limits:
    """Caps with those that the request gives."""
    return Limits(
        dataset_max_bind_count=request.dataset_max_bind_count or limits.dataset_max_bind_count,
        dataset_max_file_count=request.dataset_max_file_count or limits.dataset_max_file_count,
        dataset_max_entity_count=request.dataset_max_entity_count or limits.dataset_max_entity_count,
        dataset_max_relation_count=request.dataset_max_relation_count or limits.dataset_max_relation_count,
        dataset_max_total_file_size=request.dataset_max_total_file_size
        or limits.dataset_max_total_file_size,
    )


def check_template(template_id: str | None) -> None:
    """Raises ApiError for a template that does not exist."""
    if template_id and template_id not in TEMPLATES:
        raise invalid_parameter("TemplateId")
