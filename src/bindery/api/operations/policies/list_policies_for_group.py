"""ListPoliciesForGroup. Source: help page api-ram-2015-05-01-listpoliciesforgroup."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    ListPoliciesForGroupRequest,
    ListPoliciesForGroupResponse,
    ListPoliciesForGroupResponseBodyPolicies,
    ListPoliciesForGroupResponseBodyPoliciesPolicy,
)
from bindery.api.operations.policies.policies import attached_answers
from bindery.catalog.access_records import PrincipalKind


def list_policies_for_group(
    context: Context, request: ListPoliciesForGroupRequest
) -> ListPoliciesForGroupResponse:
    """Policies that are attached to a group, ascending by name."""
    attached = context.catalog.policies.of(PrincipalKind.GROUP, request.group_name)
    policies = attached_answers(ListPoliciesForGroupResponseBodyPoliciesPolicy, attached)
    return ListPoliciesForGroupResponse(policies=ListPoliciesForGroupResponseBodyPolicies(policy=policies))
