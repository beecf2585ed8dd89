"""SetDefaultPolicyVersion. Source: help page api-ram-2015-05-01-setdefaultpolicyversion."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import SetDefaultPolicyVersionRequest, SetDefaultPolicyVersionResponse
from bindery.api.operations.policies.policies import version_number


def set_default_policy_version(
    context: Context, request: SetDefaultPolicyVersionRequest
) -> SetDefaultPolicyVersionResponse:
    """Which document counts, from now on, wherever the policy is attached."""
    context.catalog.policies.set_default_version(request.policy_name, version_number(request.version_id))
    return SetDefaultPolicyVersionResponse()
