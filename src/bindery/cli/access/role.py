"""``bindery access role``: roles, which users and services assume for a while."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bindery.cli.access import completing
from bindery.cli.access.documents import read_document
from bindery.cli.access.provision import (
    Principal,
    attach_policies,
    detach_policies,
    limit_options,
    read_limits,
)
from bindery.cli.access.ram import Ram, Undo
from bindery.cli.access.showing import json_option, say_granted, show_items
from bindery.cli.client import connect
from bindery.cli.options import server_options
from bindery.cli.output import say, say_json

_NAME = click.argument("role", shell_complete=completing.roles)
_POLICY = click.argument("policies", nargs=-1, required=True, shell_complete=completing.policies)
_TRUSTED = re.compile(r"(user|role|service)/([A-Za-z0-9._-]{1,128})|account")
_trust_option = click.option(
    "--trust",
    "trusted",
    multiple=True,
    help="Who may assume it: user/NAME, role/NAME, service/NAME or account. May be given several times.",
)
_document_option = click.option(
    "--trust-policy",
    "trust_file",
    type=click.Path(dir_okay=False, exists=True, allow_dash=True, path_type=Path),
    help="A trust policy of your own, as a JSON file.",
)
_external_option = click.option("--external-id", help="Only those who give this id may assume it.")


@click.group()
def role() -> None:
    """Roles: what they may do, whoever assumes them may do for a while, with a temporary key.

    \b
    bindery access role add nightly --trust user/ci --policy query --project default
    bindery access role trust nightly --trust user/ci --trust user/anna
    """


@role.command()
@_NAME
@_trust_option
@_document_option
@_external_option
@click.option(
    "--policy", "policies", multiple=True, shell_complete=completing.policies,
    help="read-only, query, full, or a policy's name. May be given several times.",
)  # fmt: skip
@limit_options
@click.option("--description", help="What the role is for.")
@click.option(
    "--max-session", type=click.IntRange(3_600, 43_200), default=3_600, show_default=True,
    help="Seconds that a session may last.",
)  # fmt: skip
@json_option
@server_options
def add(
    *,
    role: str,
    trusted: tuple[str, ...],
    trust_file: Path | None,
    external_id: str | None,
    policies: tuple[str, ...],
    projects: tuple[str, ...],
    datasets: tuple[str, ...],
    buckets: tuple[str, ...],
    description: str | None,
    max_session: int,
    as_json: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Make ROLE, say who may assume it, and give it policies. One that is there already gets what it lacks.

    A user who assumes it needs leave for that on his side, too: the action sts:AssumeRole on the role.

    \b
    bindery access role add nightly --trust user/ci --policy query --project default
    bindery access user attach ci AliyunSTSAssumeRoleAccess
    bindery access role add partner --trust account --external-id 4711 --policy read-only --dataset default/shared
    """
    limits = read_limits(policies, projects, datasets, buckets)
    ram = Ram(connect(endpoint, data))
    document = _document(ram, trusted, trust_file, external_id)
    with Undo(ram) as undo:
        made = ram.ensure(
            "CreateRole",
            RoleName=role,
            AssumeRolePolicyDocument=document,
            Description=description,
            MaxSessionDuration=max_session,
        )
        if made:
            undo.add(f"role {role}", "DeleteRole", RoleName=role)
        else:
            say(
                f"role {role} is there already; who may assume it stays: bindery access role trust",
                err=True,
            )
        granted = Principal(ram, "role", role).grant(policies, limits, undo)
    say_granted("role", role, granted, as_json=as_json)


@role.command("list")
@json_option
@server_options
def list_roles(*, as_json: bool, endpoint: str, data: Path) -> None:
    """Show all roles."""
    found = list(Ram(connect(endpoint, data)).items("ListRoles", "Roles", "Role"))
    columns = ("RoleName", "Description", "MaxSessionDuration", "CreateDate", "Arn")
    show_items(found, columns, as_json=as_json, empty="no roles; bindery access role add makes one")


@role.command()
@_NAME
@json_option
@server_options
def show(*, role: str, as_json: bool, endpoint: str, data: Path) -> None:
    """Show ROLE with its policies and its trust policy."""
    ram = Ram(connect(endpoint, data))
    found = ram.require("role", role)
    policies = Principal(ram, "role", role).policies()
    if as_json:
        say_json({**found, "Policies": policies}, indent=2)
        return
    say(f"{found['RoleName']}  {found.get('Description', '')}  {found['Arn']}, made {found['CreateDate']}")
    say(f"sessions last up to {found['MaxSessionDuration']} s")
    show_items(policies, ("PolicyName", "PolicyType", "Description"), as_json=False, empty="no policies")
    say_json(json.loads(found["AssumeRolePolicyDocument"]), indent=2)


@role.command()
@_NAME
@_trust_option
@_document_option
@_external_option
@server_options
def trust(
    *,
    role: str,
    trusted: tuple[str, ...],
    trust_file: Path | None,
    external_id: str | None,
    endpoint: str,
    data: Path,
) -> None:
    """Say anew who may assume ROLE: those named now and nobody else. Sessions under way go on.

    \b
    bindery access role trust nightly --trust user/ci --trust user/anna
    bindery access role trust nightly --trust-policy trust.json
    """
    ram = Ram(connect(endpoint, data))
    document = _document(ram, trusted, trust_file, external_id)
    ram.call("UpdateRole", RoleName=role, NewAssumeRolePolicyDocument=document)
    say(f"role {role} has another trust policy")


@role.command()
@_NAME
@server_options
def remove(*, role: str, endpoint: str, data: Path) -> None:
    """Delete ROLE, which ends its sessions, and the policies that were made for it alone."""
    ram = Ram(connect(endpoint, data))
    ram.require("role", role)
    Principal(ram, "role", role).strip()
    ram.find("DeleteRole", RoleName=role)
    say(f"role {role} is removed")


@role.command()
@_NAME
@_POLICY
@server_options
def attach(*, role: str, policies: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Give policies to ROLE, by their names."""
    attach_policies(Principal(Ram(connect(endpoint, data)), "role", role), policies)


@role.command()
@_NAME
@_POLICY
@server_options
def detach(*, role: str, policies: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Take policies away from ROLE."""
    detach_policies(Principal(Ram(connect(endpoint, data)), "role", role), policies)


def _document(ram: Ram, trusted: Sequence[str], file: Path | None, external_id: str | None) -> str:
    """The trust policy. Raises UsageError."""
    if bool(trusted) == (file is not None):
        raise click.UsageError("say who may assume the role: --trust user/NAME, or --trust-policy FILE")
    if file is not None:
        if external_id:
            raise click.UsageError("--external-id goes with --trust; write it into the trust policy")
        return read_document(file)
    principal: dict[str, list[str]] = {}
    for each in trusted:
        if not _TRUSTED.fullmatch(each):
            raise click.UsageError(
                f"--trust {each!r}: write user/NAME, role/NAME, service/NAME (as service/imm.aliyuncs.com) or account"
            )
        kind, _, name = each.partition("/")
        if kind == "service":
            principal.setdefault("Service", []).append(name)
        else:
            principal.setdefault("RAM", []).append(
                f"acs:ram::{ram.account_id()}:{'root' if kind == 'account' else each}"
            )
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return json.dumps({"Version": "1", "Statement": [statement]})
