"""ListPolicyVersions. Source: help page api-ram-2015-05-01-listpolicyversions."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    ListPolicyVersionsRequest,
    ListPolicyVersionsResponse,
    ListPolicyVersionsResponseBodyPolicyVersions,
    ListPolicyVersionsResponseBodyPolicyVersionsPolicyVersion,
)
from bindery.api.operations.policies.policies import (
    is_system,
    system_policy,
    system_version_answer,
    version_answer,
)


def list_policy_versions(
    context: Context, request: ListPolicyVersionsRequest
) -> ListPolicyVersionsResponse:
    """The documents of a policy, the newest first."""
    kind = ListPolicyVersionsResponseBodyPolicyVersionsPolicyVersion
    if is_system(request.policy_type):
        versions: tuple[ListPolicyVersionsResponseBodyPolicyVersionsPolicyVersion, ...] = (
            system_version_answer(kind, system_policy(request.policy_name)),
        )
    else:
        found = context.catalog.policies.versions(request.policy_name)
        versions = tuple(version_answer(kind, version) for version in found)
    return ListPolicyVersionsResponse(
        policy_versions=ListPolicyVersionsResponseBodyPolicyVersions(policy_version=versions)
    )
