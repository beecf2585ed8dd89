"""Names for the shell to complete with, asked from the server; without one there are none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from bindery.cli.access.documents import SHORT_NAMES
from bindery.cli.access.ram import Ram
from bindery.cli.client import DEFAULT_ENDPOINT, connect

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def _ram(context: click.Context) -> Ram:
    endpoint = context.params.get("endpoint") or os.environ.get("BINDERY_ENDPOINT") or DEFAULT_ENDPOINT
    data = context.params.get("data") or os.environ.get("BINDERY_DATA") or "bindery-data"
    return Ram(connect(endpoint, Path(data)))


def _names(action: str, plural: str, singular: str, prefix: str = "") -> Completer:
    def complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        try:
            found = [
                prefix + item[f"{singular}Name"] for item in _ram(context).items(action, plural, singular)
            ]
        except Exception:  # a line of the shell must not be disturbed, whatever is wrong with the server
            return []
        return [name for name in found if name.startswith(begun)]

    return complete


users = _names("ListUsers", "Users", "User")
groups = _names("ListGroups", "Groups", "Group")
roles = _names("ListRoles", "Roles", "Role")
_policies = _names("ListPolicies", "Policies", "Policy")
_principal_roles = _names("ListRoles", "Roles", "Role", "role/")


def policies(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Short names, then those of the server."""
    short = [name for name in SHORT_NAMES if name.startswith(begun)]
    return short + _policies(context, parameter, begun)


def principals(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Users by their names, roles as ``role/NAME``."""
    return users(context, parameter, begun) + _principal_roles(context, parameter, begun)


def keys(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Ids of the keys of the user that stands before."""
    user = context.params.get("user")
    try:
        found = _ram(context).call("ListAccessKeys", UserName=user)["AccessKeys"]["AccessKey"]
    except Exception:
        return []
    return [key["AccessKeyId"] for key in found if key["AccessKeyId"].startswith(begun)]
