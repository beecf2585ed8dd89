"""GetPolicyVersion. Source: help page api-ram-2015-05-01-getpolicyversion."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    GetPolicyVersionRequest,
    GetPolicyVersionResponse,
    GetPolicyVersionResponseBodyPolicyVersion,
)
from bindery.api.operations.policies.policies import (
    is_system,
    system_policy,
    system_version_answer,
    version_answer,
    version_number,
)
from bindery.catalog.access_records import EntityNotFound


def get_policy_version(context: Context, request: GetPolicyVersionRequest) -> GetPolicyVersionResponse:
    """One document of a policy."""
    if is_system(request.policy_type):
        policy = system_policy(request.policy_name)
        if policy.version != request.version_id:
            raise EntityNotFound("Policy.Version")
        answer = system_version_answer(GetPolicyVersionResponseBodyPolicyVersion, policy)
    else:
        number = version_number(request.version_id)
        version = context.catalog.policies.version(request.policy_name, number)
        answer = version_answer(GetPolicyVersionResponseBodyPolicyVersion, version)
    return GetPolicyVersionResponse(policy_version=answer)
