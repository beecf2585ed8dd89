"""CreateProject. Source: help page api-imm-2020-09-30-createproject."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.projects import CreateProjectRequest, CreateProjectResponse
from bindery.api.operations.limits import changed_limits, check_template
from bindery.api.operations.projects.projects import project_answer, tags_of
from bindery.catalog.records import Limits, Project
from bindery.clock import now_ns


def create_project(context: Context, request: CreateProjectRequest) -> CreateProjectResponse:
    """Make a project; caps that are not given take the vendor's defaults."""
    check_template(request.template_id)
    now = now_ns()
    defaults = Project(name=request.project_name)
    project = context.catalog.projects.create(
        Project(
            name=request.project_name,
            description=request.description or "",
            service_role=request.service_role or defaults.service_role,
            template_id=request.template_id or "",
            project_max_dataset_count=request.project_max_dataset_count
            or defaults.project_max_dataset_count,
            queries_per_second=request.project_queries_per_second or defaults.queries_per_second,
            caps_queries=bool(request.project_queries_per_second),
            engine_concurrency=request.engine_concurrency or defaults.engine_concurrency,
            limits=changed_limits(Limits(), request),
            tags=tags_of(request.tag) or {},
            create_time=now,
            update_time=now,
        )
    )
    return CreateProjectResponse(project=project_answer(context, project))
