"""AttachPolicyToRole. Source: help page api-ram-2015-05-01-attachpolicytorole."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import AttachPolicyToRoleRequest, AttachPolicyToRoleResponse
from bindery.api.operations.policies.policies import refuse_resource_group, stored_name
from bindery.catalog.access_records import PolicyType, PrincipalKind


def attach_policy_to_role(
    context: Context, request: AttachPolicyToRoleRequest
) -> AttachPolicyToRoleResponse:
    """What the policy allows or denies counts for the role from now on. ResourceGroupId must be absent: there are no
    resource groups."""
    refuse_resource_group(request.resource_group_id)
    context.catalog.policies.attach(
        PolicyType(request.policy_type),
        stored_name(request.policy_type, request.policy_name),
        PrincipalKind.ROLE,
        request.role_name,
    )
    return AttachPolicyToRoleResponse()
