"""UpdateProject. Source: help page api-imm-2020-09-30-updateproject."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.messages.projects import UpdateProjectRequest, UpdateProjectResponse
from bindery.api.operations.limits import changed_limits, check_template
from bindery.api.operations.projects.projects import project_answer, tags_of
from bindery.catalog.records import Project
from bindery.clock import now_ns


def update_project(context: Context, request: UpdateProjectRequest) -> UpdateProjectResponse:
    """Change what is given and keep the rest; Tag replaces all tags. Takes effect at once, and a cap that changes in
    the datasets that have the project's as well."""
    check_template(request.template_id)
    tags = tags_of(request.tag)
    limits = context.catalog.projects.get(request.project_name).limits
    # First the datasets: after a crash in between, the same call does the rest.
    context.catalog.datasets.pass_on_limits(request.project_name, limits, changed_limits(limits, request))

    def change(project: Project) -> Project:
        return msgspec.structs.replace(
            project,
            description=request.description or project.description,
            service_role=request.service_role or project.service_role,
            template_id=request.template_id or project.template_id,
            project_max_dataset_count=request.project_max_dataset_count
            or project.project_max_dataset_count,
            queries_per_second=request.project_queries_per_second or project.queries_per_second,
            caps_queries=bool(request.project_queries_per_second) or project.caps_queries,
            engine_concurrency=request.engine_concurrency or project.engine_concurrency,
            limits=changed_limits(project.limits, request),
            tags=tags or project.tags,
            update_time=now_ns(),
        )

    project = context.catalog.projects.update(request.project_name, change)
    context.engine.renew(project_name=project.name)
    return UpdateProjectResponse(project=project_answer(context, project))
