"""DeletePolicyVersion. Source: help page api-ram-2015-05-01-deletepolicyversion."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import DeletePolicyVersionRequest, DeletePolicyVersionResponse
from bindery.api.operations.policies.policies import version_number


def delete_policy_version(
    context: Context, request: DeletePolicyVersionRequest
) -> DeletePolicyVersionResponse:
    """Delete a document of a policy that is not the default."""
    context.catalog.policies.delete_version(request.policy_name, version_number(request.version_id))
    return DeletePolicyVersionResponse()
