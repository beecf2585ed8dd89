"""ListPoliciesForUser. Source: help page api-ram-2015-05-01-listpoliciesforuser."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    ListPoliciesForUserRequest,
    ListPoliciesForUserResponse,
    ListPoliciesForUserResponseBodyPolicies,
    ListPoliciesForUserResponseBodyPoliciesPolicy,
)
from bindery.api.operations.policies.policies import attached_answers
from bindery.catalog.access_records import PrincipalKind


def list_policies_for_user(
    context: Context, request: ListPoliciesForUserRequest
) -> ListPoliciesForUserResponse:
    """Policies that are attached to a user, ascending by name. Those of his groups are not among them."""
    attached = context.catalog.policies.of(PrincipalKind.USER, request.user_name)
    policies = attached_answers(ListPoliciesForUserResponseBodyPoliciesPolicy, attached)
    return ListPoliciesForUserResponse(policies=ListPoliciesForUserResponseBodyPolicies(policy=policies))
