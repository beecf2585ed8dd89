"""CreatePolicy. Source: help page api-ram-2015-05-01-createpolicy."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.policies import (
    CreatePolicyRequest,
    CreatePolicyResponse,
    CreatePolicyResponseBodyPolicy,
)
from bindery.api.operations.entities import tags_of
from bindery.api.operations.policies.policies import check_document, policy_answer
from bindery.catalog.access_records import Policy
from bindery.clock import now_ns


def create_policy(context: Context, request: CreatePolicyRequest) -> CreatePolicyResponse:
    """A policy of the account's own, with its document as version v1, the default."""
    document = check_document(request.policy_document)
    instant = now_ns()
    policy = Policy(
        name=request.policy_name,
        description=request.description or "",
        tags=tags_of(request.tag),
        create_time=instant,
        update_time=instant,
    )
    made = context.catalog.policies.create(policy, document)
    return CreatePolicyResponse(policy=policy_answer(CreatePolicyResponseBodyPolicy, made))
