"""ListProjects. Source: help page api-imm-2020-09-30-listprojects."""

from __future__ import annotations

from functools import partial

from bindery.api.context import Context
from bindery.api.listing import answers_of, shown_items
from bindery.api.messages.projects import ListProjectsRequest, ListProjectsResponse
from bindery.api.operations.projects.projects import project_answer, tags_of
from bindery.api.paging import MAX_PAGE, read_project_token, write_project_token


def list_projects(context: Context, request: ListProjectsRequest) -> ListProjectsResponse:
    """Projects ascending by name that carry every tag asked for, and that the caller may list."""
    limit = request.max_results or MAX_PAGE
    tags = tags_of(request.tag)
    found = shown_items(
        context.view,
        lambda prefix, after, most: context.catalog.projects.list(
            prefix=prefix, tags=tags, after=after, limit=most
        ),
        name=lambda project: project.name,
        tags=lambda project: project.tags,
        after=read_project_token(request.next_token, context.settings.account_id),
        limit=limit + 1,
        prefix=request.prefix or "",
    )
    shown = found[:limit]
    token = write_project_token(context.settings.account_id, shown[-1].name) if len(found) > limit else ""
    return ListProjectsResponse(
        projects=tuple(answers_of(shown, partial(project_answer, context))), next_token=token
    )
