"""``bindery docs``: the documentation, as text."""

from __future__ import annotations

import click

from bindery.api.gateway.nearest import Nearest
from bindery.documentation import page_names, page_text


@click.command()
@click.argument("page", required=False)
def docs(page: str | None) -> None:
    """Print a page of the documentation, or the names of all pages.

    \b
    bindery docs
    bindery docs configuration
    bindery docs query-language | less
    """
    if page is None:
        click.echo("\n".join(page_names()))
        return
    text = page_text(page)
    if text is None:
        likely = Nearest(page_names()).to(page)
        hint = f"did you mean {likely}?" if likely else "bindery docs lists all"
        raise click.ClickException(f"there is no page {page}; {hint}")
    click.echo(text)
