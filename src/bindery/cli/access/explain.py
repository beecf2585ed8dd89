"""``bindery access explain``: why somebody may do something, or may not."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from bindery.api.spec.model import load_models
from bindery.cli.access.principal import (
    asked_about,
    condition_option,
    principal_argument,
    session_option,
)
from bindery.cli.access.ram import Ram
from bindery.cli.access.showing import json_option
from bindery.cli.client import connect
from bindery.cli.options import server_options
from bindery.cli.output import say, say_json


def _known_actions() -> list[str]:
    operations = list(load_models())
    named = {operation.action for operation in operations}
    named |= {need.action for each in operations for touch in each.touches for need in touch.needs}
    return sorted(named)


def _actions(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Actions for the shell to complete with."""
    return [action for action in _known_actions() if action.startswith(begun)]


@click.command()
@principal_argument
@click.argument("action", shell_complete=_actions)
@click.argument("resource")
@condition_option
@session_option
@json_option
@server_options
def explain(
    *,
    principal: str,
    action: str,
    resource: str,
    conditions: tuple[str, ...],
    session_file: Path | None,
    as_json: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Show whether PRINCIPAL may perform ACTION on RESOURCE, which statement decides, and why the others do not.

    PRINCIPAL is a user's name, user/NAME or role/NAME. RESOURCE is an ARN, or its last part: project/p/dataset/d,
    oss://bucket/key. Exits 0 when it is allowed, 1 when it is not.

    \b
    bindery access explain reader imm:GetBinding project/default/dataset/holiday
    bindery access explain reader oss:GetObject oss://photos/2024/beach.jpg
    bindery access explain role/nightly imm:SimpleQuery project/p/dataset/d --condition acs:SourceIp=10.0.0.1
    """
    asked = asked_about(principal, conditions, session_file)
    client = connect(endpoint, data)
    with Ram(client).nearest_told(asked):
        found = client.call("ExplainAccess", **asked, AuthAction=action, AuthResource=resource)
    _say_meant(action)
    if as_json:
        say_json({name: value for name, value in found.items() if name != "RequestId"}, indent=2)
    else:
        _show(found)
    if not found["Allowed"]:
        raise click.exceptions.Exit(1)


def _say_meant(action: str) -> None:
    """Policies may be asked about any action; one that no call needs is likely a slip."""
    known = {each.lower(): each for each in _known_actions()}
    near = get_close_matches(action.lower(), known, n=1)
    if near and action.lower() not in known:
        say(f"no call needs {action}; did you mean {known[near[0]]}?", err=True)


def _show(found: dict[str, Any]) -> None:
    say(found["Summary"])
    if found.get("Note"):
        say(found["Note"])
    assumed = [f"{key}={value}" for key, values in found["AuthConditions"].items() for value in values]
    say(f"asked with {', '.join(assumed)}")
    for policy in found["Policies"]:
        click.echo()
        say(f"{policy['PolicyName']} ({policy['PolicyType']} {policy['VersionId']}, of {policy['Source']})")
        for statement in policy["Statements"]:
            _show_statement(statement)
    if not found["Policies"]:
        say("no policy is attached")


def _show_statement(statement: dict[str, Any]) -> None:
    outcome = "decides" if statement["Decided"] else "applies" if statement["Applies"] else "does not apply"
    mark = "*" if statement["Decided"] else " "
    place = f"statement {statement['Number']}, line {statement['Line']}"
    say(f"{mark} {place}: {statement['Effect']} {outcome}")
    for reason in statement["Reasons"]:
        say(f"      {'+' if reason['Met'] else '-'} {reason['Element']}: {reason['Text']}")
