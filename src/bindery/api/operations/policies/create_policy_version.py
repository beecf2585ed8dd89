"""CreatePolicyVersion. Source: help page api-ram-2015-05-01-createpolicyversion."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    CreatePolicyVersionRequest,
    CreatePolicyVersionResponse,
    CreatePolicyVersionResponseBodyPolicyVersion,
)
from bindery.api.operations.policies.policies import check_document, version_answer


def create_policy_version(
    context: Context, request: CreatePolicyVersionRequest
) -> CreatePolicyVersionResponse:
    """Another document of a policy. Five are the most; RotateStrategy lets the oldest go that is not the default."""
    version = context.catalog.policies.add_version(
        request.policy_name,
        check_document(request.policy_document),
        as_default=bool(request.set_as_default),
        rotate=request.rotate_strategy not in (None, "None"),
    )
    return CreatePolicyVersionResponse(
        policy_version=version_answer(CreatePolicyVersionResponseBodyPolicyVersion, version)
    )
