"""GetPolicy. Source: help page api-ram-2015-05-01-getpolicy."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    GetPolicyRequest,
    GetPolicyResponse,
    GetPolicyResponseBodyDefaultPolicyVersion,
    GetPolicyResponseBodyPolicy,
)
from bindery.api.operations.policies.policies import (
    is_system,
    policy_answer,
    system_answer,
    system_policy,
    system_version_answer,
    version_answer,
)
from bindery.catalog.access_records import PolicyType


def get_policy(context: Context, request: GetPolicyRequest) -> GetPolicyResponse:
    """A policy and its default version."""
    if is_system(request.policy_type):
        return _system(context, request.policy_name)
    policy, version = context.catalog.policies.get(request.policy_name)
    return GetPolicyResponse(
        policy=policy_answer(GetPolicyResponseBodyPolicy, policy, policy_document=version.document),
        default_policy_version=version_answer(GetPolicyResponseBodyDefaultPolicyVersion, version),
    )


def _system(context: Context, name: str) -> GetPolicyResponse:
    policy = system_policy(name)
    attached = context.catalog.policies.attachment_counts(PolicyType.SYSTEM).get(policy.name, 0)
    return GetPolicyResponse(
        policy=system_answer(GetPolicyResponseBodyPolicy, policy, attached, policy_document=policy.text),
        default_policy_version=system_version_answer(GetPolicyResponseBodyDefaultPolicyVersion, policy),
    )
