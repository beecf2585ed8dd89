"""``bindery access``: users, groups, roles, policies, keys, and what they may do."""

from __future__ import annotations

import click

from bindery.cli.commands import Commands

_COMMANDS = ("log",)


@click.group(cls=Commands, package="bindery.cli.access", names=_COMMANDS)
def access() -> None:
    """Who may do what, and who did.

    \b
    bindery access log --denied --since 1h         who was refused
    """
