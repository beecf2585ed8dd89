"""ListRoles. Source: help page api-ram-2015-05-01-listroles."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.listing import shown_items
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
    page = Page("roles", request)
    tags = tags_of(request.tag) or None
    found = shown_items(
        context.view,
        lambda _, after, most: context.catalog.roles.list(tags=tags, after=after, limit=most),
        name=lambda role: role.name,
        tags=lambda role: role.tags,
        after=page.after,
        limit=page.fetched,
    )
    roles = page.cut(found)
    return ListRolesResponse(
        roles=ListRolesResponseBodyRoles(role=tuple(_answer(context, role) for role in roles)),
        is_truncated=page.is_truncated(found),
        marker=page.marker(found, roles[-1].name if roles else ""),
    )


def _answer(context: Context, role: Role) -> ListRolesResponseBodyRolesRole:
    tags = tuple(
        ListRolesResponseBodyRolesRoleTagsTag(tag_key=key, tag_value=value)
        for key, value in role.tags.items()
    )
    return role_answer(
        ListRolesResponseBodyRolesRole, context, role, tags=ListRolesResponseBodyRolesRoleTags(tag=tags)
    )
