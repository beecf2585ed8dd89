"""What a caller may do in one call: his grants, asked with what the request shows of itself.

The rule of lists is here, too. A list is allowed when some Allow could cover its action on something that it could
show; it shows the items on whose own names its action is allowed, and tells nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping

import msgspec

from bindery.access.policy import condition_keys
from bindery.access.policy.below import allowed_beginnings, decide_below, may_below
from bindery.access.policy.decide import (
    ALLOWED_BY_OWNER,
    Cause,
    ConditionValue,
    Decision,
    Grants,
    Request,
    decide,
    is_unconditional,
)

Tags = Mapping[str, str]
Conditions = Mapping[str, ConditionValue]
LONGEST = 2_048
"""Characters of names and values that policies are asked about. Nothing that is there has longer ones: they are
refused, for patterns would be followed through megabytes."""
_HEAVY = 500
_EVERYTHING = ("",)
_DENIED = Decision(False, Cause.IMPLICIT_DENY)
_MAY_LIST = Decision(True, Cause.ALLOW)
"""Each item is decided by itself."""
_NOTHING: Conditions = {}


class Asked(msgspec.Struct, frozen=True):
    """One thing that a call needs, beyond its own action."""

    action: str
    resource: str
    """An ARN."""
    below: bool = False
    """All resources whose names begin so."""
    conditions: Conditions = _NOTHING
    """Keys that this alone has."""


class Refusal(msgspec.Struct, frozen=True):
    """What a caller may not do, and why."""

    action: str
    resource: str
    decision: Decision
    trust: bool = False
    """Whether the trust policy of a role refused."""

    @property
    def policy_type(self) -> str:
        """Of the policy that refused, as AccessDeniedDetail tells it."""
        return "AssumeRolePolicy" if self.trust else self.decision.cause.policy_type


class Authority:
    """What one caller may do in one call. ``grants`` None: the account, which passes without policies."""

    __slots__ = ("_conditions", "_grants", "_make_conditions")

    def __init__(
        self, grants: Grants | None, conditions: Conditions | Callable[[], Conditions] = _NOTHING
    ) -> None:
        """``conditions``: the condition keys of the call, or what makes them: few decisions ask for them."""
        self._grants = grants
        self._conditions: Conditions | None = None
        self._make_conditions = conditions

    @property
    def is_owner(self) -> bool:
        """Whether everything is allowed."""
        return self._grants is None

    @property
    def is_heavy(self) -> bool:
        """Whether a decision may take more than a moment."""
        return self._grants is not None and self._grants.weight > _HEAVY

    def asks_for_tags(self, action: str, of: str) -> bool:
        """Whether the decision on an action depends on tags: ``of`` is how their condition keys begin."""
        if self._grants is None:
            return False
        identity, session = self._grants.candidates(action)
        return of in identity.tag_keys or (session is not None and of in session.tag_keys)

    def decide(self, action: str, resource: str, conditions: Conditions = _NOTHING) -> Decision:
        """Whether the action is allowed on a resource; ``conditions`` are keys that only this one has."""
        if self._grants is None:
            return ALLOWED_BY_OWNER
        if _is_too_long(resource, conditions):
            return _DENIED
        return decide(self._grants, Request(action, resource, self._with(conditions)))

    def decide_named(self, action: str, resource: str, conditions: Conditions = _NOTHING) -> Decision:
        """Whether the action is allowed on what a name with a star stands for (``…:project/p/trigger/*``): all of it.

        A name without one stands for itself, and ``*`` alone for no resource in particular.
        """
        start, star, _ = resource.partition("*")
        if not star or not start:
            return self.decide(action, resource, conditions)
        return self.decide_asked(Asked(action, start, below=True), conditions)

    def decide_asked(self, asked: Asked, conditions: Conditions = _NOTHING) -> Decision:
        """Whether the caller may do what a call needs."""
        if self._grants is None:
            return ALLOWED_BY_OWNER
        own = {**conditions, **asked.conditions}
        if _is_too_long(asked.resource, own):
            return _DENIED
        request = Request(asked.action, asked.resource, self._with(own))
        return decide_below(self._grants, request) if asked.below else decide(self._grants, request)

    def decide_list(self, action: str, resource: str, conditions: Conditions = _NOTHING) -> Decision:
        """Whether a list may be asked for. ``resource`` names what it lists: ``acs:imm:…:project/p/dataset/*``.

        ``*`` alone names nothing that could be shown item by item: such a list is decided as a whole.
        """
        start, star, _ = resource.partition("*")
        if self._grants is None or not star or not start:
            return self.decide(action, resource, conditions)
        if _is_too_long(resource, conditions):
            return _DENIED
        request = Request(action, start, self._with(conditions))
        if may_below(self._grants, request):
            return _MAY_LIST
        whole = decide(self._grants, Request(action, resource, request.conditions))
        return _DENIED if whole.allowed else whole

    def view(self, action: str, start: str | None) -> View:
        """What the caller sees of a list that ``action`` shows; ``start`` None: all of what he may ask for."""
        return View(self, action, start)

    @property
    def conditions(self) -> Conditions:
        """The condition keys of the call."""
        if self._conditions is None:
            made = self._make_conditions
            self._conditions = made() if callable(made) else made
        return self._conditions

    def decision_on(self, call: Hashable) -> Decision | None:
        """What was decided on the same call before, where conditions have no say."""
        return None if self._grants is None else self._grants.decision_on(call)

    def keep(self, call: Hashable, action: str, resources: Iterable[str], decision: Decision) -> None:
        """Keep a decision that allowed a call, which names all it depends on, if conditions have no say in it."""
        grants = self._grants
        if grants is not None and all(
            "*" not in resource and is_unconditional(grants, action, resource) for resource in resources
        ):
            grants.keep(call, decision)

    def shown_conditions(self) -> list[dict[str, object]]:
        """The condition keys of the call, as diagnoses list them."""
        return [
            {
                "ConditionKey": key,
                "ConditionValues": [value[:256]] if isinstance(value, str) else list(value),
            }
            for key, value in self.conditions.items()
        ]

    def beginnings(self, action: str, start: str) -> tuple[str, ...]:
        """What the names of items behind ``start`` begin with that could be shown; see ``allowed_beginnings``."""
        return _EVERYTHING if self._grants is None else allowed_beginnings(self._grants, action, start)

    def _with(self, conditions: Conditions) -> Conditions:
        return {**self.conditions, **conditions} if conditions else self.conditions


class View:
    """Which items of a list are shown."""

    __slots__ = ("_action", "_authority", "_by_tags", "_start", "is_whole")

    def __init__(self, authority: Authority, action: str, start: str | None) -> None:
        """``start``: what the ARNs of the items begin with, before their names."""
        self._authority = authority
        self._action = action
        self._start = start or ""
        self._by_tags = authority.asks_for_tags(action, condition_keys.RESOURCE_TAG)
        self.is_whole = authority.is_owner or start is None
        """Whether everything is shown."""

    def shows(self, name: str, tags: Callable[[], Tags] | None = None) -> bool:
        """Whether the item of this name is shown; ``tags`` are asked for when it depends on them."""
        if self.is_whole:
            return True
        own = resource_tags(tags()) if self._by_tags and tags is not None else _NOTHING
        return self._authority.decide(self._action, self._start + name, own).allowed

    def beginnings(self) -> tuple[str, ...]:
        """What the names begin with of those that could be shown; see ``allowed_beginnings``."""
        return _EVERYTHING if self.is_whole else self._authority.beginnings(self._action, self._start)


WHOLE = View(Authority(None), "", None)
"""For work that nobody has asked for over the wire."""


def _is_too_long(resource: str, conditions: Conditions) -> bool:
    if len(resource) > LONGEST or not conditions:
        return len(resource) > LONGEST
    values = conditions.values()
    return any(
        len(text) > LONGEST for each in values for text in ([each] if isinstance(each, str) else each)
    )


def resource_tags(tags: Tags) -> Conditions:
    """The condition keys of a resource's tags."""
    return {condition_keys.RESOURCE_TAG + key: value for key, value in tags.items()}


def request_tags(tags: Tags) -> Conditions:
    """The condition keys of the tags that a request sets."""
    return {condition_keys.REQUEST_TAG + key: value for key, value in tags.items()}
