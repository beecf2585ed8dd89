"""UpdatePolicyDescription. Source: help page api-ram-2015-05-01-updatepolicydescription."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.messages.policies import (
    UpdatePolicyDescriptionRequest,
    UpdatePolicyDescriptionResponse,
    UpdatePolicyDescriptionResponseBodyPolicy,
)
from bindery.api.operations.policies.policies import policy_answer
from bindery.catalog.access_records import Policy
from bindery.clock import now_ns


def update_policy_description(
    context: Context, request: UpdatePolicyDescriptionRequest
) -> UpdatePolicyDescriptionResponse:
    """Another description; documents and default version stay."""

    def change(policy: Policy) -> Policy:
        return msgspec.structs.replace(policy, description=request.new_description, update_time=now_ns())

    policy = context.catalog.policies.update(request.policy_name, change)
    return UpdatePolicyDescriptionResponse(
        policy=policy_answer(UpdatePolicyDescriptionResponseBodyPolicy, policy)
    )
