"""``bindery call``: any API operation, signed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bindery.cli.client import connect
from bindery.cli.options import server_options


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("action")
@click.argument("parameters", nargs=-1, type=click.UNPROCESSED)
@server_options
def call(action: str, parameters: tuple[str, ...], endpoint: str, data: Path) -> None:
    """Call the API operation ACTION with --Param value pairs, and print the answer as JSON.

    \b
    bindery call ListProjects --MaxResults 10
    bindery call GetBinding --ProjectName default --DatasetName default --URI oss://photos
    bindery call SimpleQuery --ProjectName default --DatasetName default \\
        --Query '{"Field":"Size","Operation":"gt","Value":"1000000"}'
    """
    client = connect(endpoint, data)
    answer = client.call(action, **parse_parameters(parameters))
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def parse_parameters(words: tuple[str, ...]) -> dict[str, str]:
    """``--Name value`` and ``--Name=value`` as a mapping; raises UsageError for anything else."""
    values: dict[str, str] = {}
    pending = list(words)
    while pending:
        word = pending.pop(0)
        if not word.startswith("--") or len(word) == 2:
            raise click.UsageError(f"expected --Parameter value, got {word!r}")
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not pending:
                raise click.UsageError(f"--{name} needs a value")
            value = pending.pop(0)
        values[name] = value
    return values
