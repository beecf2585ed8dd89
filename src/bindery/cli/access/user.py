"""``bindery access user``: RAM users."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bindery.cli.access import completing
from bindery.cli.access.provision import (
    Principal,
    attach_policies,
    detach_policies,
    limit_options,
    make_key,
    read_limits,
)
from bindery.cli.access.ram import Answer, Ram, Undo
from bindery.cli.access.showing import json_option, show_items, show_key
from bindery.cli.client import connect
from bindery.cli.options import server_options
from bindery.cli.output import say, say_json

_NAME = click.argument("user", shell_complete=completing.users)
_POLICY = click.argument("policies", nargs=-1, required=True, shell_complete=completing.policies)


@click.group()
def user() -> None:
    """Users: people and programs that have keys of their own, and may do what policies say.

    \b
    bindery access user add reader --policy read-only --dataset default/holiday
    bindery access user show reader
    bindery access user disable reader             all his keys, with the next call
    bindery access user remove reader
    """


@user.command()
@_NAME
@click.option(
    "--policy", "policies", multiple=True, shell_complete=completing.policies,
    help="read-only, query, full, or a policy's name. May be given several times.",
)  # fmt: skip
@limit_options
@click.option(
    "--group", "groups", multiple=True, shell_complete=completing.groups, help="Put into a group."
)
@click.option("--display-name", help="A name for people.")
@click.option("--comment", help="What the user is for.")
@click.option("--key/--no-key", "with_key", default=True, help="Make an access key.", show_default=True)
@json_option
@server_options
def add(
    *,
    user: str,
    policies: tuple[str, ...],
    projects: tuple[str, ...],
    datasets: tuple[str, ...],
    buckets: tuple[str, ...],
    groups: tuple[str, ...],
    display_name: str | None,
    comment: str | None,
    with_key: bool,
    as_json: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Make USER with policies and a key, which can do exactly that. The secret is shown now and never again.

    A user who is there already gets what he lacks. When something goes wrong, what was done is taken back.

    \b
    bindery access user add reader --policy read-only --dataset default/holiday
    bindery access user add search --policy query --project default --json
    bindery access user add keeper --policy full --dataset default/holiday --bucket photos
    bindery access user add ci --policy AliyunSTSAssumeRoleAccess --group programs
    """
    limits = read_limits(policies, projects, datasets, buckets)
    ram = Ram(connect(endpoint, data))
    about = {"DisplayName": display_name, "Comments": comment}
    with Undo(ram) as undo:
        if ram.ensure("CreateUser", UserName=user, **about):
            undo.add(f"user {user}", "DeleteUser", UserName=user)
        granted = Principal(ram, "user", user).grant(policies, limits, undo)
        for group in groups:
            if ram.ensure("AddUserToGroup", UserName=user, GroupName=group):
                undo.add(f"{user} in {group}", "RemoveUserFromGroup", UserName=user, GroupName=group)
        key = _key(ram, user, undo) if with_key else None
        _say_added(user, granted, key, as_json=as_json)


def _key(ram: Ram, user: str, undo: Undo) -> Answer:
    """The key he has, without its secret, or a new one."""
    present = list(ram.items("ListAccessKeys", "AccessKeys", "AccessKey", UserName=user))
    for key in present:
        if key["Status"] == "Active":
            return key
    return make_key(ram, user, undo)


def _say_added(user: str, policies: list[Answer], key: Answer | None, *, as_json: bool) -> None:
    """Within what can be taken back: a secret that could not be printed is of no use."""
    if as_json:
        shown = {} if key is None else {k: key[k] for k in ("AccessKeyId", "AccessKeySecret") if k in key}
        say_json({"UserName": user, "Policies": [policy["PolicyName"] for policy in policies], **shown})
        return
    names = ", ".join(policy["PolicyName"] for policy in policies) or "no policy of his own"
    say(f"user {user}: {names}", err=True)
    if key is None:
        return
    if "AccessKeySecret" in key:
        show_key(key, user=user)
    else:
        say(
            f"{user} has the key {key['AccessKeyId']} already, whose secret was shown when it was made; a new one: "
            f"bindery access key rotate {user}",
            err=True,
        )


@user.command("list")
@json_option
@server_options
def list_users(*, as_json: bool, endpoint: str, data: Path) -> None:
    """Show all users."""
    found = list(Ram(connect(endpoint, data)).items("ListUsers", "Users", "User"))
    columns = ("UserName", "DisplayName", "Comments", "CreateDate", "UserId")
    show_items(found, columns, as_json=as_json, empty="no users; bindery access user add makes one")


@user.command()
@_NAME
@json_option
@server_options
def show(*, user: str, as_json: bool, endpoint: str, data: Path) -> None:
    """Show USER with keys, groups and policies, also those of the groups."""
    ram = Ram(connect(endpoint, data))
    found = ram.require("user", user)
    groups = [
        group["GroupName"] for group in ram.items("ListGroupsForUser", "Groups", "Group", UserName=user)
    ]
    keys = list(ram.items("ListAccessKeys", "AccessKeys", "AccessKey", UserName=user))
    policies = [_policy_of(policy, "user") for policy in Principal(ram, "user", user).policies()]
    for group in groups:
        policies += [
            _policy_of(policy, f"group {group}") for policy in Principal(ram, "group", group).policies()
        ]
    if as_json:
        say_json({**found, "Groups": groups, "AccessKeys": keys, "Policies": policies}, indent=2)
        return
    say(
        f"{found['UserName']}  {found.get('DisplayName', '')}  id {found['UserId']}, made {found['CreateDate']}"
    )
    say(f"groups: {', '.join(groups) or 'none'}")
    show_items(keys, ("AccessKeyId", "Status", "CreateDate"), as_json=False, empty="no keys")
    show_items(
        policies, ("PolicyName", "PolicyType", "Of", "Description"), as_json=False, empty="no policies"
    )


def _policy_of(policy: Answer, source: str) -> dict[str, Any]:
    known = {name: policy.get(name, "") for name in ("PolicyName", "PolicyType", "Description")}
    return {**known, "Of": source}


@user.command()
@_NAME
@server_options
def remove(*, user: str, endpoint: str, data: Path) -> None:
    """Delete USER with all keys, and the policies that were made for this user alone."""
    ram = Ram(connect(endpoint, data))
    ram.require("user", user)
    for key in ram.items("ListAccessKeys", "AccessKeys", "AccessKey", UserName=user):
        ram.find("DeleteAccessKey", UserName=user, UserAccessKeyId=key["AccessKeyId"])
    Principal(ram, "user", user).strip()
    for group in ram.items("ListGroupsForUser", "Groups", "Group", UserName=user):
        ram.find("RemoveUserFromGroup", UserName=user, GroupName=group["GroupName"])
    ram.find("DeleteUser", UserName=user)
    say(f"user {user} is removed")


@user.command()
@_NAME
@server_options
def disable(*, user: str, endpoint: str, data: Path) -> None:
    """Refuse calls with any key of USER, from the next one on."""
    _set_status(endpoint, data, user, "Inactive")


@user.command()
@_NAME
@server_options
def enable(*, user: str, endpoint: str, data: Path) -> None:
    """Take calls with the keys of USER again."""
    _set_status(endpoint, data, user, "Active")


def _set_status(endpoint: str, data: Path, user: str, status: str) -> None:
    ram = Ram(connect(endpoint, data))
    ram.require("user", user)
    keys = list(ram.items("ListAccessKeys", "AccessKeys", "AccessKey", UserName=user))
    for key in keys:
        ram.call("UpdateAccessKey", UserName=user, UserAccessKeyId=key["AccessKeyId"], Status=status)
    said = "disabled" if status == "Inactive" else "enabled"
    say(
        f"{user}: {', '.join(key['AccessKeyId'] for key in keys)} {said}" if keys else f"{user} has no keys"
    )


@user.command()
@_NAME
@_POLICY
@server_options
def attach(*, user: str, policies: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Give policies to USER, by their names.

    \b
    bindery access user attach ci AliyunSTSAssumeRoleAccess
    """
    attach_policies(Principal(Ram(connect(endpoint, data)), "user", user), policies)


@user.command()
@_NAME
@_POLICY
@server_options
def detach(*, user: str, policies: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Take policies away from USER."""
    detach_policies(Principal(Ram(connect(endpoint, data)), "user", user), policies)
