"""Documents that are being typed: whether they are policies, and what they would change if they counted."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from bindery.web.access.simulator import Principal, parse_conditions, principal_of
from bindery.web.access.told import translate_finding
from bindery.web.page_request import PageRequest
from bindery.web.routes import Route

_ALL = 1_000
"""More actions than there are."""
_LARGEST = 262_144
"""Bytes of a request; a document has 6,144 characters at most."""
Permissions = dict[str, dict[str, Any]]


class Typed(msgspec.Struct):
    """A document in an editor."""

    document: str
    form: str = "Identity"


class Draft(msgspec.Struct):
    """A document that might become a policy, and whom it would concern."""

    document: str
    principal: str
    policy: str = ""
    action: str = ""
    resource: str = ""
    conditions: str = ""


async def validate(request: PageRequest) -> web.Response:
    """Whether it is a policy, and where not."""
    typed: Typed = await request.json(Typed, _LARGEST)
    values = {"PolicyDocument": typed.document, "PolicyForm": typed.form}
    answer = await request.caller.get("ValidatePolicy", values)
    for finding in answer["Findings"]:
        finding["Message"] = translate_finding(finding["Message"], request.t.language)
    return request.answer(answer)


async def decide(request: PageRequest) -> web.Response:
    """May somebody do something, now and with the document?"""
    draft: Draft = await request.json(Draft, _LARGEST)
    asked = {
        "AuthAction": draft.action,
        "AuthResource": draft.resource,
        "AuthConditions": parse_conditions(draft.conditions),
    }
    return request.answer(await request.caller.get("ExplainAccess", _values(draft) | asked))


async def compare(request: PageRequest) -> web.Response:
    """The actions that the document would give to somebody, take away, or give on other things."""
    draft: Draft = await request.json(Draft, _LARGEST)
    caller, whose = request.caller, principal_of(draft.principal)
    now, then = await asyncio.gather(
        *(
            caller.get("ListPermissions", {**values, "MaxResults": _ALL})
            for values in (whose, _values(draft))
        )
    )
    return request.answer(changes(_by_action(now), _by_action(then)))


def changes(now: Permissions, then: Permissions) -> dict[str, list[str]]:
    """Actions that are gained, lost, and allowed on other things or under other conditions than before."""
    return {
        "gained": sorted(then.keys() - now.keys()),
        "lost": sorted(now.keys() - then.keys()),
        "changed": sorted(
            action for action in now.keys() & then.keys() if _rules(now[action]) != _rules(then[action])
        ),
    }


def _rules(permission: dict[str, Any]) -> list[Any]:
    """What a permission allows, whichever statement of whichever policy says it."""
    return [permission["Extent"]] + [
        {
            (bool(rule.get("AllBut")), tuple(rule["Resources"]), tuple(rule.get("Conditions") or ()))
            for rule in permission.get(name) or ()
        }
        for name in ("Allows", "Denies", "SessionAllows")
    ]


def _by_action(answer: dict[str, Any]) -> Permissions:
    return {each["Action"]: each for each in answer.get("Permissions", ())}


def _values(draft: Draft) -> Principal:
    named = {"PolicyName": draft.policy} if draft.policy else {}
    return {**principal_of(draft.principal), **named, "PolicyDocument": draft.document}


ROUTES = (
    Route(path="/console/access/drafts/validate", page=validate, method="POST"),
    Route(path="/console/access/drafts/decide", page=decide, method="POST"),
    Route(path="/console/access/drafts/compare", page=compare, method="POST"),
)
