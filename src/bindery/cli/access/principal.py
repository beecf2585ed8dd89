"""Naming a user or a role on the command line, and the request that is asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from bindery.cli.access import completing
from bindery.cli.access.documents import read_document

Command = TypeVar("Command", bound=Callable[..., Any])

principal_argument = click.argument("principal", shell_complete=completing.principals)
condition_option = click.option(
    "--condition", "conditions", multiple=True, metavar="KEY=VALUE",
    help="What the request is like, as acs:SourceIp=10.0.0.1. May be given several times.",
)  # fmt: skip
session_option = click.option(
    "--session-policy", "session_file",
    type=click.Path(dir_okay=False, exists=True, allow_dash=True, path_type=Path),
    help="Narrow a role by the policy in this file, as AssumeRole would.",
)  # fmt: skip


def asked_about(principal: str, conditions: Sequence[str], session_file: Path | None) -> dict[str, Any]:
    """The parameters of a question about ``reader``, ``user/reader``, ``role/job`` or an ARN of theirs.

    Raises UsageError.
    """
    path = principal.rpartition(":")[2] if principal.startswith("acs:ram:") else principal
    kind, slash, name = path.partition("/")
    if not slash:
        kind, name = "user", path
    if kind not in ("user", "role") or not name or "/" in name:
        raise click.UsageError(f"{principal!r} is no user and no role: write NAME, user/NAME or role/NAME")
    document = None if session_file is None else read_document(session_file)
    return {
        f"{kind.capitalize()}Name": name,
        "AuthConditions": _conditions(conditions) or None,
        "Policy": document,
    }


def _conditions(given: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or ":" not in key:
            raise click.UsageError(f"--condition {each!r}: write KEY=VALUE, such as acs:SourceIp=10.0.0.1")
        found.setdefault(key, []).append(value)
    return found
