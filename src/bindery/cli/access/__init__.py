"""``bindery access``: users, groups, roles, policies, keys, and what they may do."""

from __future__ import annotations

import click

from bindery.cli.commands import Commands

_COMMANDS = ("can", "credentials", "explain", "group", "key", "log", "policy", "role", "user")


@click.group(cls=Commands, package="bindery.cli.access", names=_COMMANDS)
def access() -> None:
    """Who may do what, and who did: users, groups, roles, their policies and keys.

    \b
    bindery access user add reader --policy read-only --dataset default/holiday
    bindery access can reader                      everything it may do
    bindery access explain reader imm:GetBinding project/default/dataset/holiday
    bindery access key rotate reader
    bindery access policy check policy.json
    bindery access log --denied --since 1h         who was refused
    """
