"""Why somebody may not do something, for people."""

from __future__ import annotations

from bindery.access.authorizer import Refusal
from bindery.access.policy.decide import Cause
from bindery.web.texts import Texts

_DENIED = (Cause.EXPLICIT_DENY, Cause.SESSION_EXPLICIT_DENY)
_ARN_PARTS = 4


def refusal_text(t: Texts, refusal: Refusal) -> str:
    """Why somebody may not do something, in a sentence."""
    key = "layout.denied_to_you" if refusal.decision.cause in _DENIED else "layout.may_not"
    return t(key, action=refusal.action, resource=refusal.resource.split(":", _ARN_PARTS)[-1] or "*")
