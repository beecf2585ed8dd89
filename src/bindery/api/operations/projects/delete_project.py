"""DeleteProject. Source: help page api-imm-2020-09-30-deleteproject."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.projects import DeleteProjectRequest, DeleteProjectResponse


def delete_project(context: Context, request: DeleteProjectRequest) -> DeleteProjectResponse:
    """Remove a project that has no datasets any more."""
    context.catalog.projects.delete(request.project_name)
    return DeleteProjectResponse()
