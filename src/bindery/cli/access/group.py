"""``bindery access group``: groups of users, who have the policies of the group."""

from __future__ import annotations

from pathlib import Path

import click

from bindery.cli.access import completing
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

_NAME = click.argument("group", shell_complete=completing.groups)
_USERS = click.argument("users", nargs=-1, required=True, shell_complete=completing.users)
_POLICY = click.argument("policies", nargs=-1, required=True, shell_complete=completing.policies)


@click.group()
def group() -> None:
    """Groups: what they may do, their users may do.

    \b
    bindery access group add editors --policy full --project default
    bindery access group join editors anna bert
    bindery access group leave editors bert
    """


@group.command()
@_NAME
@click.option(
    "--policy", "policies", multiple=True, shell_complete=completing.policies,
    help="read-only, query, full, or a policy's name. May be given several times.",
)  # fmt: skip
@limit_options
@click.option("--comment", help="What the group is for.")
@json_option
@server_options
def add(
    *,
    group: str,
    policies: tuple[str, ...],
    projects: tuple[str, ...],
    datasets: tuple[str, ...],
    buckets: tuple[str, ...],
    comment: str | None,
    as_json: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Make GROUP with policies. One that is there already gets what it lacks.

    \b
    bindery access group add readers --policy read-only
    bindery access group add editors --policy full --project default --bucket photos
    """
    limits = read_limits(policies, projects, datasets, buckets)
    ram = Ram(connect(endpoint, data))
    with Undo(ram) as undo:
        if ram.ensure("CreateGroup", GroupName=group, Comments=comment):
            undo.add(f"group {group}", "DeleteGroup", GroupName=group)
        granted = Principal(ram, "group", group).grant(policies, limits, undo)
    say_granted("group", group, granted, as_json=as_json)


@group.command("list")
@json_option
@server_options
def list_groups(*, as_json: bool, endpoint: str, data: Path) -> None:
    """Show all groups."""
    found = list(Ram(connect(endpoint, data)).items("ListGroups", "Groups", "Group"))
    show_items(found, ("GroupName", "Comments", "CreateDate"), as_json=as_json, empty="no groups")


@group.command()
@_NAME
@json_option
@server_options
def show(*, group: str, as_json: bool, endpoint: str, data: Path) -> None:
    """Show GROUP with its users and policies."""
    ram = Ram(connect(endpoint, data))
    found = ram.require("group", group)
    users = [each["UserName"] for each in ram.items("ListUsersForGroup", "Users", "User", GroupName=group)]
    policies = Principal(ram, "group", group).policies()
    if as_json:
        say_json({**found, "Users": users, "Policies": policies}, indent=2)
        return
    say(f"{found['GroupName']}  {found.get('Comments', '')}  made {found['CreateDate']}")
    say(f"users: {', '.join(users) or 'none'}")
    show_items(policies, ("PolicyName", "PolicyType", "Description"), as_json=False, empty="no policies")


@group.command()
@_NAME
@server_options
def remove(*, group: str, endpoint: str, data: Path) -> None:
    """Delete GROUP, and the policies that were made for it alone. Its users stay."""
    ram = Ram(connect(endpoint, data))
    ram.require("group", group)
    for each in list(ram.items("ListUsersForGroup", "Users", "User", GroupName=group)):
        ram.find("RemoveUserFromGroup", GroupName=group, UserName=each["UserName"])
    Principal(ram, "group", group).strip()
    ram.find("DeleteGroup", GroupName=group)
    say(f"group {group} is removed")


@group.command()
@_NAME
@_USERS
@server_options
def join(*, group: str, users: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Put USERS into GROUP.

    \b
    bindery access group join editors anna bert
    """
    ram = Ram(connect(endpoint, data))
    with Undo(ram) as undo:
        for each in users:
            fresh = ram.ensure("AddUserToGroup", GroupName=group, UserName=each)
            if fresh:
                undo.add(f"{each} in {group}", "RemoveUserFromGroup", GroupName=group, UserName=each)
            say(f"{each} is {'now' if fresh else 'already'} in {group}")


@group.command()
@_NAME
@_USERS
@server_options
def leave(*, group: str, users: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Take USERS out of GROUP."""
    ram = Ram(connect(endpoint, data))
    for each in users:
        ram.call("RemoveUserFromGroup", GroupName=group, UserName=each)
        say(f"{each} is no longer in {group}")


@group.command()
@_NAME
@_POLICY
@server_options
def attach(*, group: str, policies: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Give policies to GROUP, by their names."""
    attach_policies(Principal(Ram(connect(endpoint, data)), "group", group), policies)


@group.command()
@_NAME
@_POLICY
@server_options
def detach(*, group: str, policies: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Take policies away from GROUP."""
    detach_policies(Principal(Ram(connect(endpoint, data)), "group", group), policies)
