"""``bindery fields``: what queries may name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from bindery.catalog.query.fields import FIELDS, Field, find_field
from bindery.cli.client import connect
from bindery.cli.options import dataset_options, server_options
from bindery.cli.output import cell, console, say, table

_MOST_TAGS = 1_000


@click.command()
@click.argument("prefix", default="")
@click.option(
    "--tags", is_flag=True, help="Show the raw tags that files of a dataset have instead; asks the server."
)
@dataset_options
@server_options
def fields(*, prefix: str, tags: bool, project: str, dataset: str, endpoint: str, data: Path) -> None:
    """Show the fields that queries may name (those that begin with PREFIX), and what each can do.

    \b
    bindery fields
    bindery fields Image
    bindery fields lens --tags               raw tags whose names hold "lens"
    bindery docs query-language              the language itself
    """
    if tags:
        values = {"ProjectName": project, "DatasetName": dataset, "Contains": prefix or None}
        answer = connect(endpoint, data).call("QueryTagNames", **values, MaxResults=_MOST_TAGS)
        named = [find_field(tag["Name"])[0] for tag in answer["TagNames"]]
        _show(named)
        more = " (there may be more: name a part of them)" if len(named) == _MOST_TAGS else ""
        say(f"{len(named):,} raw tags{more}")
        return
    found = [field for name, field in sorted(FIELDS.items()) if name.lower().startswith(prefix.lower())]
    if not found:
        raise click.ClickException(f"no field begins with {prefix!r}; bindery fields shows all")
    _show(found)


def _show(fields: Iterable[Field]) -> None:
    shown = table("Field", "Kind", "Sort", "Count")
    for field in fields:
        shown.add_row(
            cell(field.name),
            field.kind.value,
            "yes" if field.sortable else "",
            "yes" if field.countable else "",
        )
    console().print(shown)
