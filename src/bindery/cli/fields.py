"""``bindery fields``: what queries may name."""

from __future__ import annotations

import click

from bindery.catalog.query.fields import FIELDS
from bindery.cli.output import console, table


@click.command()
@click.argument("prefix", default="")
def fields(prefix: str) -> None:
    """Show the fields that queries may name (those that begin with PREFIX), and what each can do.

    \b
    bindery fields
    bindery fields Image
    bindery docs query-language              the language itself
    """
    shown = table("Field", "Kind", "Sort", "Count")
    found = [field for name, field in sorted(FIELDS.items()) if name.lower().startswith(prefix.lower())]
    if not found:
        raise click.ClickException(f"no field begins with {prefix!r}; bindery fields shows all")
    for field in found:
        shown.add_row(
            field.name, field.kind.value, "yes" if field.sortable else "", "yes" if field.countable else ""
        )
    console().print(shown)
