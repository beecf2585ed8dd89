"""What holds for any policies and any request: the decision is the model's, and widening is never an accident."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.policy.model import model_decision
from tests.access.policy.strategies import ACTIONS, RESOURCES, documents, request_keys, statements, text_of

from bindery.access.policy.capabilities import Extent, capabilities
from bindery.access.policy.compiled import read_policy
from bindery.access.policy.decide import Attached, Grants, Request, decide, is_unconditional
from bindery.access.policy.document import PolicyForm
from bindery.access.policy.explain import explain

_Document = dict[str, Any]
_policies = st.lists(documents, max_size=3)
_sessions = st.none() | documents
_few = settings(max_examples=40)


def _grants(policies: list[_Document], session: _Document | None) -> Grants:
    return Grants(
        tuple(
            Attached("user", f"p{index}", "Custom", read_policy(text_of(each)))
            for index, each in enumerate(policies)
        ),
        None if session is None else read_policy(text_of(session), PolicyForm.SESSION),
    )


def _requests(keys: dict[str, list[str]]) -> Iterator[Request]:
    """Every action on every resource: drawing policies is what takes time."""
    conditions = {key: tuple(values) for key, values in keys.items()}
    for action in ACTIONS:
        for resource in RESOURCES:
            yield Request(action, resource, conditions)


@settings(max_examples=100)
@given(_policies, _sessions, request_keys)
def test_decisions_are_those_of_the_model(
    policies: list[_Document], session: _Document | None, keys: dict[str, list[str]]
) -> None:
    grants = _grants(policies, session)
    for request in _requests(keys):
        decision = decide(grants, request)
        assert decision.cause == model_decision(policies, session, request.action, request.resource, keys)
        assert decision.allowed is (decision.cause == "Allow")
        assert decision.allowed or not is_unconditional(grants, request.action, request.resource)
        if decision.allowed:
            assert (
                capabilities(grants, [request.action], request.conditions)[0].extent is not Extent.NOTHING
            )
    explained = explain(grants, request)
    assert explained.decision == decision
    assert explained.summary.isprintable()


@_few
@given(_policies, _sessions, request_keys, st.randoms(use_true_random=False))
def test_the_order_of_statements_and_policies_does_not_matter(
    policies: list[_Document], session: _Document | None, keys: dict[str, list[str]], shuffle: random.Random
) -> None:
    mixed = [
        {**each, "Statement": shuffle.sample(each["Statement"], len(each["Statement"]))}
        for each in policies
    ]
    shuffle.shuffle(mixed)
    before, after = _grants(policies, session), _grants(mixed, session)
    for request in _requests(keys):
        assert decide(after, request).cause == decide(before, request).cause


@_few
@given(_policies, _sessions, statements(), request_keys)
def test_a_deny_never_allows_and_an_allow_never_denies(
    policies: list[_Document], session: _Document | None, statement: _Document, keys: dict[str, list[str]]
) -> None:
    before = _grants(policies, session)
    after = _grants([*policies, {"Version": "1", "Statement": [statement]}], session)
    narrower, wider = (after, before) if statement["Effect"] == "Deny" else (before, after)
    for request in _requests(keys):
        assert decide(wider, request).allowed or not decide(narrower, request).allowed


@_few
@given(_policies, documents, request_keys)
def test_a_session_policy_never_widens(
    policies: list[_Document], session: _Document, keys: dict[str, list[str]]
) -> None:
    both, without, alone = _grants(policies, session), _grants(policies, None), _grants([session], None)
    for request in _requests(keys):
        allowed = decide(without, request).allowed and decide(alone, request).allowed
        assert decide(both, request).allowed is allowed


@_few
@given(_policies, _sessions, request_keys)
def test_what_may_never_be_is_denied_everywhere(
    policies: list[_Document], session: _Document | None, keys: dict[str, list[str]]
) -> None:
    grants = _grants(policies, session)
    for request in _requests(keys):
        allowed = decide(grants, request).allowed
        extent = capabilities(grants, [request.action])[0].extent
        assert not allowed or extent is not Extent.NOTHING
        if extent is Extent.EVERYTHING:
            assert allowed
