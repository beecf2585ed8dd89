"""GetProject. Source: help page api-imm-2020-09-30-getproject."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.projects import GetProjectRequest, GetProjectResponse
from bindery.api.operations.projects.projects import project_answer


def get_project(context: Context, request: GetProjectRequest) -> GetProjectResponse:
    """One project. Counts are exact with and without WithStatistics."""
    project = context.catalog.projects.get(request.project_name)
    return GetProjectResponse(project=project_answer(context, project))
