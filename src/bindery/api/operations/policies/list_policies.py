"""ListPolicies. Source: help page api-ram-2015-05-01-listpolicies."""

from __future__ import annotations

from bindery.access.policy.system import system_policies
from bindery.api.context import Context
from bindery.api.listing import shown_items
from bindery.api.messages.policies import (
    ListPoliciesRequest,
    ListPoliciesResponse,
    ListPoliciesResponseBodyPolicies,
    ListPoliciesResponseBodyPoliciesPolicy,
    ListPoliciesResponseBodyPoliciesPolicyTags,
    ListPoliciesResponseBodyPoliciesPolicyTagsTag,
)
from bindery.api.operations.entities import Page, tags_of
from bindery.api.operations.policies.policies import policy_answer, system_answer
from bindery.catalog.access_records import Policy, PolicyType


def list_policies(context: Context, request: ListPoliciesRequest) -> ListPoliciesResponse:
    """Policies of the system, which everybody may see, then those of the account that the caller may list, each
    ascending by name. Those of the system have no tags; to whom they are attached is counted for who may list them."""
    page = Page("policies", request)
    shown = page.of(_found(context, request, page), _place)
    return ListPoliciesResponse(
        policies=ListPoliciesResponseBodyPolicies(policy=tuple(shown.items)),
        is_truncated=shown.is_truncated,
        marker=shown.marker,
    )


def _place(policy: ListPoliciesResponseBodyPoliciesPolicy) -> str:
    """Where a policy stands in the list: ``System:name`` or ``Custom:name``."""
    return f"{policy.policy_type}:{policy.policy_name}"


def _found(
    context: Context, request: ListPoliciesRequest, page: Page
) -> list[ListPoliciesResponseBodyPoliciesPolicy]:
    kind, _, name = page.after.partition(":")
    tags = tags_of(request.tag)
    found = []
    if PolicyType.CUSTOM not in (request.policy_type, kind) and not tags:
        counts = context.catalog.policies.attachment_counts(PolicyType.SYSTEM)
        found += [
            system_answer(
                ListPoliciesResponseBodyPoliciesPolicy,
                policy,
                counts.get(policy.name, 0) if context.view.shows(policy.name) else 0,
            )
            for policy in system_policies().values()
            if policy.name > name
        ]
    if request.policy_type != PolicyType.SYSTEM and len(found) < page.fetched:
        after = name if kind == PolicyType.CUSTOM else ""
        policies = shown_items(
            context.view,
            lambda _, behind, most: context.catalog.policies.list(
                tags=tags or None, after=behind, limit=most
            ),
            name=lambda policy: policy.name,
            tags=lambda policy: policy.tags,
            after=after,
            limit=page.fetched - len(found),
        )
        found += [_answer(policy) for policy in policies]
    return found


def _answer(policy: Policy) -> ListPoliciesResponseBodyPoliciesPolicy:
    tags = tuple(
        ListPoliciesResponseBodyPoliciesPolicyTagsTag(tag_key=key, tag_value=value)
        for key, value in policy.tags.items()
    )
    return policy_answer(
        ListPoliciesResponseBodyPoliciesPolicy,
        policy,
        tags=ListPoliciesResponseBodyPoliciesPolicyTags(tag=tags),
    )
