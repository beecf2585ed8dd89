"""The rows of decisions.yaml, each decided and explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bindery.access.policy.compiled import read_policy
from bindery.access.policy.decide import Attached, Grants, Request, decide
from bindery.access.policy.document import PolicyForm
from bindery.access.policy.explain import explain
from bindery.access.policy.system import system_policies

_PROJECTS = "acs:imm:cn-hangzhou:1234567890123456:"
_GROUPS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "decisions.yaml").read_text(encoding="utf-8")
)
_ROWS = [
    pytest.param(group, row, id=f"{group['about']}: {row[0]} on {row[1]} {row[2:]}")
    for group in _GROUPS
    for row in group["rows"]
]


def _grants(group: dict[str, Any]) -> Grants:
    documents = group.get("policies", [group["policy"]] if "policy" in group else [])
    written = [
        Attached("user", f"policy-{index}", "Custom", read_policy(_text(statements)))
        for index, statements in enumerate(documents)
    ]
    ready = [
        Attached("user", name, "System", system_policies()[name].policy) for name in group.get("system", [])
    ]
    session = read_policy(_text(group["session"]), PolicyForm.SESSION) if "session" in group else None
    return Grants((*written, *ready), session)


def _text(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "1", "Statement": statements})


def _request(row: list[Any]) -> Request:
    action, resource, *conditions, _ = row
    return Request(
        action,
        _PROJECTS + resource if resource.startswith("project/") else resource,
        {
            key: tuple(map(str, value)) if isinstance(value, list) else str(value)
            for key, value in (conditions[0] if conditions else {}).items()
        },
    )


def test_the_table_is_large() -> None:
    assert len(_ROWS) >= 300


@pytest.mark.parametrize(("group", "row"), _ROWS)
def test_rows(group: dict[str, Any], row: list[Any]) -> None:
    grants, request = _grants(group), _request(row)
    assert decide(grants, request).cause == row[-1]
    explained = explain(grants, request)
    applying = {
        (policy.source == "session", each.effect)
        for policy in explained.policies
        for each in policy.statements
        if each.applies
    }
    # The explanation alone must lead to the same decision.
    assert _conclude(applying, session=grants.session is not None) == row[-1]
    deciding = [each for policy in explained.policies for each in policy.statements if each.decided]
    assert len(deciding) == (0 if str(row[-1]).endswith("ImplicitDeny") else 1)
    assert all(each.applies for each in deciding)


def _conclude(applying: set[tuple[bool, Any]], *, session: bool) -> str:
    if session and (True, "Deny") in applying:
        return "SessionExplicitDeny"
    if session and (True, "Allow") not in applying:
        return "SessionImplicitDeny"
    if (False, "Deny") in applying:
        return "ExplicitDeny"
    return "Allow" if (False, "Allow") in applying else "ImplicitDeny"
