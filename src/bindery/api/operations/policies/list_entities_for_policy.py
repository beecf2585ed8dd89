"""ListEntitiesForPolicy. Source: help page api-ram-2015-05-01-listentitiesforpolicy."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    ListEntitiesForPolicyRequest,
    ListEntitiesForPolicyResponse,
    ListEntitiesForPolicyResponseBodyGroups,
    ListEntitiesForPolicyResponseBodyGroupsGroup,
    ListEntitiesForPolicyResponseBodyRoles,
    ListEntitiesForPolicyResponseBodyRolesRole,
    ListEntitiesForPolicyResponseBodyUsers,
    ListEntitiesForPolicyResponseBodyUsersUser,
)
from bindery.api.operations.entities import date_of
from bindery.api.operations.groups.groups import group_answer
from bindery.api.operations.policies.policies import stored_name
from bindery.api.operations.roles.roles import role_answer
from bindery.api.operations.users.users import user_answer
from bindery.catalog.access_records import PolicyType


def list_entities_for_policy(
    context: Context, request: ListEntitiesForPolicyRequest
) -> ListEntitiesForPolicyResponse:
    """Everybody whom a policy is attached to."""
    name = stored_name(request.policy_type, request.policy_name)
    attached = context.catalog.policies.attached_to(PolicyType(request.policy_type), name)
    return ListEntitiesForPolicyResponse(
        users=ListEntitiesForPolicyResponseBodyUsers(
            user=tuple(
                user_answer(ListEntitiesForPolicyResponseBodyUsersUser, user, attach_date=date_of(since))
                for user, since in attached.users
            )
        ),
        groups=ListEntitiesForPolicyResponseBodyGroups(
            group=tuple(
                group_answer(
                    ListEntitiesForPolicyResponseBodyGroupsGroup, group, attach_date=date_of(since)
                )
                for group, since in attached.groups
            )
        ),
        roles=ListEntitiesForPolicyResponseBodyRoles(
            role=tuple(
                role_answer(
                    ListEntitiesForPolicyResponseBodyRolesRole, context, role, attach_date=date_of(since)
                )
                for role, since in attached.roles
            )
        ),
    )
