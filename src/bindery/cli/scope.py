"""The options ``--prefix``, ``--include``, …: which objects of a bucket are meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from bindery.sync.scope import MEDIA_TYPES

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--prefix", multiple=True, help="Take in only keys that start so; may be repeated."),
    click.option(
        "--include",
        multiple=True,
        metavar="GLOB",
        help="Take in only keys that match, e.g. '*.jpg'; may be repeated.",
    ),
    click.option(
        "--exclude", multiple=True, metavar="GLOB", help="Leave out keys that match; may be repeated."
    ),
    click.option("--min-size", type=click.IntRange(min=0), help="Smallest object in bytes."),
    click.option("--max-size", type=click.IntRange(min=0), help="Largest object in bytes."),
    click.option(
        "--media-type",
        multiple=True,
        type=click.Choice(sorted(MEDIA_TYPES)),
        help="Kind of file, told by its name; may be repeated.",
    ),
    click.option(
        "--everything/--default-exclusions",
        default=None,
        help="Take in, or leave out as a new binding does, what systems leave behind: ._*, .DS_Store, Thumbs.db, "
        "@eaDir, trash, folders with .nomedia.",
    ),
)


def scope_options(command: Command) -> Command:
    """The options; their values go to ``scope_parameter``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def scope_parameter(
    prefix: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    min_size: int | None,
    max_size: int | None,
    media_type: tuple[str, ...],
    everything: bool | None,
) -> dict[str, Any] | None:
    """The parameter Scope of the API; None when no option was given."""
    scope = {
        "Prefixes": list(prefix),
        "Include": list(include),
        "Exclude": list(exclude),
        "MinSize": min_size,
        "MaxSize": max_size,
        "MediaTypes": list(media_type),
        "DefaultExclusions": None if everything is None else not everything,
    }
    return {name: value for name, value in scope.items() if value not in ([], None)} or None
