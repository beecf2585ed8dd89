"""ListPoliciesForRole. Source: help page api-ram-2015-05-01-listpoliciesforrole."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    ListPoliciesForRoleRequest,
    ListPoliciesForRoleResponse,
    ListPoliciesForRoleResponseBodyPolicies,
    ListPoliciesForRoleResponseBodyPoliciesPolicy,
)
from bindery.api.operations.policies.policies import attached_answers
from bindery.catalog.access_records import PrincipalKind


def list_policies_for_role(
    context: Context, request: ListPoliciesForRoleRequest
) -> ListPoliciesForRoleResponse:
    """Policies that are attached to a role, ascending by name."""
    attached = context.catalog.policies.of(PrincipalKind.ROLE, request.role_name)
    policies = attached_answers(ListPoliciesForRoleResponseBodyPoliciesPolicy, attached)
    return ListPoliciesForRoleResponse(policies=ListPoliciesForRoleResponseBodyPolicies(policy=policies))
