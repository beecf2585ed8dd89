"""DeletePolicy. Source: help page api-ram-2015-05-01-deletepolicy."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import DeletePolicyRequest, DeletePolicyResponse


def delete_policy(context: Context, request: DeletePolicyRequest) -> DeletePolicyResponse:
    """Delete a policy that is attached to nobody. CascadingDelete: with its versions that are not the default."""
    context.catalog.policies.delete(request.policy_name, versions=bool(request.cascading_delete))
    return DeletePolicyResponse()
