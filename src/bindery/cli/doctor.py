"""``bindery doctor``: what would go wrong, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.table import Table
from rich.text import Text

from bindery.cli.options import FOLDER, config_option
from bindery.cli.output import cell, console, say_json, table
from bindery.cli.serve import overrides
from bindery.config import ConfigurationError, load_config
from bindery.doctor import Finding, Verdict, examine
from bindery.documentation import command_for

_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILURE: "red"}


@click.command()
@config_option()
@click.option("--data", type=FOLDER, envvar="BINDERY_DATA", help="Data folder.")
@click.option("--bucket", "buckets", multiple=True, metavar="NAME=STORE", help="A bucket to look at.")
@click.option("--bucket-root", type=FOLDER, help="Folder of buckets.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(
    config_file: Path | None,
    data: Path | None,
    buckets: tuple[str, ...],
    bucket_root: Path | None,
    as_json: bool,
) -> None:
    """Check the configuration, the disk, the limits and every bucket; exit status 1 when something is broken.

    Takes the options of bindery serve, changes nothing, and may run beside a running server.

    \b
    bindery doctor --config bindery.toml
    bindery doctor --bucket photos=/srv/photos
    """
    try:
        given = overrides(data=data, buckets=buckets, bucket_root=bucket_root)
        findings = list(examine(load_config(config_file, given)))
    except ConfigurationError as error:
        findings = [
            Finding("configuration", Verdict.FAILURE, str(error), f"see: {command_for('configuration')}")
        ]
    if as_json:
        say_json(msgspec.to_builtins(findings), indent=2)
    else:
        console().print(findings_table(findings))
    if any(finding.verdict is Verdict.FAILURE for finding in findings):
        raise SystemExit(1)


def findings_table(findings: list[Finding]) -> Table:
    """One row a finding."""
    made = table("", "", "seen", "what to do")
    for finding in findings:
        style = _STYLES[finding.verdict]
        cells = (finding.subject, finding.seen, finding.advice)
        made.add_row(Text(finding.verdict, style=style), *map(cell, cells))
    return made
