"""Projects, datasets and bindings as answers, and what their requests have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from bindery.api import messages
from bindery.api.context import Context
from bindery.api.errors import invalid_argument, invalid_parameter, too_many
from bindery.api.scopes import scope_answer
from bindery.buckets.uri import parse_bucket_uri
from bindery.catalog.records import Binding, Dataset, Limits, Project
from bindery.clock import now_ns
from bindery.sync.templates import TEMPLATES

_QUERIES_PER_SECOND = 100
_ENGINE_CONCURRENCY = 100
_MAX_TAGS = 20
_MAX_TAG_KEY, _MAX_TAG_VALUE = 128, 256


class LimitsRequest(Protocol):
    """A request that may set caps."""

    dataset_max_bind_count: int | None
    dataset_max_file_count: int | None
    dataset_max_entity_count: int | None
    dataset_max_relation_count: int | None
    dataset_max_total_file_size: int | None


class TagPair(Protocol):
    """A tag of a request."""

    key: str | None
    value: str | None


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


def tags_of(pairs: Iterable[TagPair] | None) -> dict[str, str] | None:
    """Tags as a map; None when the request has none. Raises ApiError."""
    if not pairs:
        return None
    tags: dict[str, str] = {}
    for pair in pairs:
        key, value = pair.key or "", pair.value or ""
        if not 0 < len(key) <= _MAX_TAG_KEY or len(value) > _MAX_TAG_VALUE:
            raise invalid_argument(
                f"Tag: a Key has 1 to {_MAX_TAG_KEY} characters, a Value up to {_MAX_TAG_VALUE}."
            )
        if key in tags:
            raise invalid_argument(f"Tag: the Key {key} is given more than once.")
        tags[key] = value
    if len(tags) > _MAX_TAGS:
        raise too_many("Tag")
    return tags


def workflow_parameters(
    parameters: Iterable[messages.WorkflowParameter] | None,
) -> tuple[dict[str, str], ...]:
    """Kept and shown again; the vendor says they have no effect."""
    return tuple({"Name": entry.name or "", "Value": entry.value or ""} for entry in parameters or ())


def bucket_of(uri: str) -> str:
    """The bucket of ``oss://bucket``. Raises ApiError."""
    try:
        return parse_bucket_uri(uri)
    except ValueError as error:
        raise invalid_argument(f"URI: {error}") from None


def project_answer(context: Context, project: Project) -> messages.Project:
    """A project with exact counts."""
    counts = context.catalog.project_statistics(project.name)
    limits = project.limits
    return messages.Project(
        project_name=project.name,
        description=project.description,
        service_role=project.service_role,
        template_id=project.template_id,
        create_time=context.time(project.create_time),
        update_time=context.time(project.update_time),
        project_max_dataset_count=project.project_max_dataset_count,
        dataset_max_bind_count=limits.dataset_max_bind_count,
        dataset_max_file_count=limits.dataset_max_file_count,
        dataset_max_entity_count=limits.dataset_max_entity_count,
        dataset_max_relation_count=limits.dataset_max_relation_count,
        dataset_max_total_file_size=limits.dataset_max_total_file_size,
        dataset_count=counts.dataset_count,
        file_count=counts.file_count,
        total_file_size=counts.total_file_size,
        project_queries_per_second=_QUERIES_PER_SECOND,
        engine_concurrency=_ENGINE_CONCURRENCY,
        tags=tuple(
            messages.ProjectTags(tag_key=key, tag_value=value) for key, value in project.tags.items()
        ),
    )


def dataset_answer(context: Context, dataset: Dataset) -> messages.Dataset:
    """A dataset with exact counts."""
    counts = context.catalog.dataset_statistics(dataset.project_name, dataset.name)
    limits = dataset.limits
    return messages.Dataset(
        project_name=dataset.project_name,
        dataset_name=dataset.name,
        description=dataset.description,
        template_id=dataset.template_id,
        create_time=context.time(dataset.create_time),
        update_time=context.time(dataset.update_time),
        bind_count=counts.bind_count,
        file_count=counts.file_count,
        total_file_size=counts.total_file_size,
        dataset_max_bind_count=limits.dataset_max_bind_count,
        dataset_max_file_count=limits.dataset_max_file_count,
        dataset_max_entity_count=limits.dataset_max_entity_count,
        dataset_max_relation_count=limits.dataset_max_relation_count,
        dataset_max_total_file_size=limits.dataset_max_total_file_size,
        workflow_parameters=tuple(
            messages.WorkflowParameter(name=entry["Name"], value=entry["Value"])
            for entry in dataset.workflow_parameters
        )
        or None,
    )


def binding_answer(context: Context, binding: Binding) -> messages.Binding:
    """A binding, with its progress unless the server is strict. Reason is there when there is one."""
    return messages.Binding(
        project_name=binding.project_name,
        dataset_name=binding.dataset_name,
        uri=binding.uri,
        state=binding.state.value,
        phase=binding.phase.value,
        reason=binding.reason or None,
        create_time=context.time(binding.create_time),
        update_time=context.time(binding.update_time),
        progress=None if context.settings.strict else _progress(context, binding),
        scope=None if context.settings.strict else scope_answer(binding.scope),
    )


def _progress(context: Context, binding: Binding) -> messages.BindingProgress:
    progress = context.engine.progress(binding)
    listing, oldest = progress.last_complete_listing, progress.oldest_pending_change
    return messages.BindingProgress(
        listed=progress.listed,
        indexed=progress.indexed,
        unchanged=progress.unchanged,
        excluded=progress.excluded,
        failed=progress.failed,
        held_back=binding.removals_held,
        pending=progress.pending,
        deleted=progress.deleted,
        bytes_read=progress.bytes_read,
        last_complete_listing=None if listing is None else context.time(listing),
        oldest_pending_change_age=None if oldest is None else max(0.0, (now_ns() - oldest) / 1e9),
    )
