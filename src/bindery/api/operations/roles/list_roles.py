"""ListRoles. Source: help page api-ram-2015-05-01-listroles."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.roles import (
    ListRolesRequest,
    ListRolesResponse,
    ListRolesResponseBodyRoles,
    ListRolesResponseBodyRolesRole,
    ListRolesResponseBodyRolesRoleTags,
    ListRolesResponseBodyRolesRoleTagsTag,
)
from bindery.api.operations.entities import Page, tags_of
from bindery.api.operations.roles.roles import role_answer
from bindery.catalog.access_records import Role


def list_roles(context: Context, request: ListRolesRequest) -> ListRolesResponse:
    """Roles that carry every tag asked for, and that the caller may list, ascending by name."""
    place = Page("roles", request)
    tags = tags_of(request.tag) or None
    page = place.of_named(
        context.view,
        lambda after, most: context.catalog.roles.list(tags=tags, after=after, limit=most),
        tags=lambda role: role.tags,
    )
    return ListRolesResponse(
        roles=ListRolesResponseBodyRoles(role=tuple(_answer(context, role) for role in page.items)),
        is_truncated=page.is_truncated,
        marker=page.marker,
    )


def _answer(context: Context, role: Role) -> ListRolesResponseBodyRolesRole:
    tags = tuple(
        ListRolesResponseBodyRolesRoleTagsTag(tag_key=key, tag_value=value)
        for key, value in role.tags.items()
    )
    return role_answer(
        ListRolesResponseBodyRolesRole, context, role, tags=ListRolesResponseBodyRolesRoleTags(tag=tags)
    )
