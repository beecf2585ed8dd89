"""``bindery index``: care of the columnar index."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from bindery.app import open_catalog
from bindery.catalog.records import CatalogUnusable
from bindery.cli.options import FILE, data_option
from bindery.config import ConfigurationError, load_config


@click.group()
def index() -> None:
    """Care of the index, which is derived from the record and can always be rebuilt.

    \b
    bindery index rebuild
    """


@index.command()
@click.option(
    "--config",
    "config_file",
    type=FILE,
    envvar="BINDERY_CONFIG",
    help="Configuration file of the server.",
)
@data_option
def rebuild(config_file: Path | None, data: Path) -> None:
    """Throw the index away and build it anew from the record. Stop the server first.

    \b
    bindery index rebuild --data /var/lib/bindery
    """
    if not (data / "catalog.db").exists():
        raise click.ClickException(f"no catalog in {data}; name the server's data folder with --data")
    try:
        catalog = open_catalog(load_config(config_file, {"data": data}))
    except (CatalogUnusable, ConfigurationError) as error:
        raise click.ClickException(str(error)) from error
    try:
        with Progress(console=Console(stderr=True)) as display:
            line = display.add_task("rebuilding the index", total=None)
            catalog.queries.rebuild(lambda done, total: display.update(line, completed=done, total=total))
    finally:
        catalog.close()
    click.echo("index rebuilt")
