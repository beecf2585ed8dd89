"""DetachPolicyFromGroup. Source: help page api-ram-2015-05-01-detachpolicyfromgroup."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import DetachPolicyFromGroupRequest, DetachPolicyFromGroupResponse
from bindery.api.operations.policies.policies import refuse_resource_group, stored_name
from bindery.catalog.access_records import PolicyType, PrincipalKind


def detach_policy_from_group(
    context: Context, request: DetachPolicyFromGroupRequest
) -> DetachPolicyFromGroupResponse:
    """The policy counts for the group no more."""
    refuse_resource_group(request.resource_group_id)
    context.catalog.policies.detach(
        PolicyType(request.policy_type),
        stored_name(request.policy_type, request.policy_name),
        PrincipalKind.GROUP,
        request.group_name,
    )
    return DetachPolicyFromGroupResponse()
