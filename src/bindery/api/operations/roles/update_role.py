"""UpdateRole. Source: help page api-ram-2015-05-01-updaterole."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.messages.roles import UpdateRoleRequest, UpdateRoleResponse, UpdateRoleResponseBodyRole
from bindery.api.operations.roles.roles import check_trust_policy, role_answer
from bindery.catalog.access_records import Role
from bindery.clock import now_ns


def update_role(context: Context, request: UpdateRoleRequest) -> UpdateRoleResponse:
    """Change what is given and keep the rest. Tokens that were given out follow the policies, not the trust policy."""
    trust_policy = request.new_assume_role_policy_document
    if trust_policy is not None:
        check_trust_policy(trust_policy)

    def change(role: Role) -> Role:
        return msgspec.structs.replace(
            role,
            description=request.new_description or role.description,
            trust_policy=trust_policy or role.trust_policy,
            max_session_seconds=request.new_max_session_duration or role.max_session_seconds,
            update_time=now_ns(),
        )

    role = context.catalog.roles.update(request.role_name, change)
    return UpdateRoleResponse(role=role_answer(UpdateRoleResponseBodyRole, context, role))
