"""ExplainAccess, an extension: which statement of which policy decides, and why each other one does not apply."""

from __future__ import annotations

import msgspec

from bindery.access.authorizer import Authority, resource_tags
from bindery.access.policy.condition_keys import RESOURCE_TAG
from bindery.access.policy.decide import Request, decide
from bindery.access.policy.explain import (
    PolicyExplanation,
    Reason,
    StatementExplanation,
    explain,
    summarize_decision,
)
from bindery.api.context import Context
from bindery.api.messages.access import (
    ExplainAccessRequest,
    ExplainAccessResponse,
    ExplainedPolicy,
    ExplainedReason,
    ExplainedStatement,
)
from bindery.api.operations.access.principals import (
    Subject,
    full_resource,
    shown_conditions,
    subject_of,
)
from bindery.api.spec.model import load_models
from bindery.api.tagged import tags_of

_LIST_NOTE = "The call is a list: it is allowed, and shows the items on which the action is allowed."


def explain_access(context: Context, request: ExplainAccessRequest) -> ExplainAccessResponse:
    """The decision about one action on one resource, for a user or for a session of a role.

    Conditions that are not given are absent, but acs:CurrentTime, which is now, acs:PrincipalARN and, when the account
    asks, acs:ResourceTag, which are the tags that the resource has. Whoever asks
    needs ``bindery:ExplainAccess`` on the user or role: also a user who asks about himself, for the answer quotes
    policies. With PolicyDocument the decision is the one that it would bring, beside the present one.
    """
    subject = subject_of(context, request)
    resource = full_resource(context, request.auth_action, request.auth_resource)
    subject = _with_tags(context, subject, request.auth_action, resource)
    asked = Request(request.auth_action, resource, subject.conditions)
    explained = explain(subject.grants, asked)
    decision = explained.decision
    before = None if subject.saved is None else decide(subject.saved, asked)
    return ExplainAccessResponse(
        allowed=decision.allowed,
        allowed_before=None if before is None else before.allowed,
        auth_conditions=shown_conditions(subject.conditions),
        auth_resource=resource,
        cause=decision.cause.value,
        note=None if decision.allowed else _note(subject, request.auth_action, resource),
        policies=tuple(map(_policy, explained.policies)),
        summary=f"{explained.summary}.",
        summary_before=None if before is None else f"{summarize_decision(before, asked)}.",
    )


def _with_tags(context: Context, subject: Subject, action: str, resource: str) -> Subject:
    """The tags as a call would find them. Who is not the account may not see the resource, so has to give them."""
    asks = Authority(subject.grants).asks_for_tags(action, RESOURCE_TAG)
    given = any(key.startswith(RESOURCE_TAG) for key in subject.conditions)
    if not asks or given or not context.authority.is_owner:
        return subject
    tags = resource_tags(tags_of(context.catalog, resource, context.settings.account_id))
    return msgspec.structs.replace(subject, conditions={**subject.conditions, **tags})


def _note(subject: Subject, action: str, resource: str) -> str | None:
    """Lists are allowed by another rule."""
    is_list = any(
        operation.action.lower() == action.lower() and operation.level == "list"
        for operation in load_models()
    )
    if (
        not is_list
        or not Authority(subject.grants, subject.conditions).decide_list(action, resource).allowed
    ):
        return None
    return _LIST_NOTE


def _policy(policy: PolicyExplanation) -> ExplainedPolicy:
    return ExplainedPolicy(
        policy_name=policy.name,
        policy_type=policy.kind,
        source=policy.source,
        statements=tuple(map(_statement, policy.statements)),
        version_id=policy.version,
    )


def _statement(statement: StatementExplanation) -> ExplainedStatement:
    return ExplainedStatement(
        applies=statement.applies,
        decided=statement.decided,
        effect=statement.effect.value,
        line=statement.line,
        number=statement.number,
        reasons=tuple(map(_reason, statement.reasons)),
    )


def _reason(reason: Reason) -> ExplainedReason:
    return ExplainedReason(element=reason.element, met=reason.met, text=reason.text)
