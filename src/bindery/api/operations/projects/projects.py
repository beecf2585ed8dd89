"""Projects as answers, and their tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from bindery.api.context import Context
from bindery.api.errors import invalid_argument, too_many
from bindery.api.messages import projects as messages
from bindery.catalog.records import Project

_MAX_TAGS = 20
_MAX_TAG_KEY, _MAX_TAG_VALUE = 128, 256


class TagPair(Protocol):
    """A tag of a request."""

    key: str | None
    value: str | None


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


def project_answer(context: Context, project: Project) -> messages.Project:
    """A project with exact counts."""
    counts = context.catalog.projects.statistics(project.name)
    return messages.Project(
        project_name=project.name,
        description=project.description,
        service_role=project.service_role,
        template_id=project.template_id,
        create_time=context.time(project.create_time),
        update_time=context.time(project.update_time),
        project_max_dataset_count=project.project_max_dataset_count,
        **msgspec.structs.asdict(project.limits),
        dataset_count=counts.dataset_count,
        file_count=counts.file_count,
        total_file_size=counts.total_file_size,
        project_queries_per_second=project.queries_per_second,
        engine_concurrency=project.engine_concurrency,
        tags=tuple(
            messages.ProjectTags(tag_key=key, tag_value=value) for key, value in project.tags.items()
        ),
    )
