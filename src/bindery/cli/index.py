"""``bindery index``: care of the columnar index."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bindery.app import open_catalog
from bindery.catalog.catalog import Catalog
from bindery.catalog.opening import check_there
from bindery.catalog.records import CatalogInUse, CatalogUnusable
from bindery.cli.client import Client, connect
from bindery.cli.datasets import datasets_in
from bindery.cli.options import config_option, server_options
from bindery.cli.output import say
from bindery.cli.progress import progress_shown
from bindery.cli.tasks import result_of, wait_for_task
from bindery.config import load_config
from bindery.data_folder import find_server_address
from bindery.printable import printable


@click.group()
def index() -> None:
    """Care of the index, which is derived from the record and can always be rebuilt.

    \b
    bindery index rebuild
    """


@index.command()
@click.option("--project", envvar="BINDERY_PROJECT", help="Only datasets of this project.")
@click.option("--dataset", envvar="BINDERY_DATASET", help="Only datasets of this name.")
@config_option("Configuration file of the server; used when it is stopped.")
@server_options
@click.pass_context
def rebuild(
    context: click.Context,
    *,
    project: str | None,
    dataset: str | None,
    config_file: Path | None,
    endpoint: str,
    data: Path,
) -> None:
    """Build the index anew from the record: of all datasets, or of those that are named.

    A running server builds one dataset after the other, and goes on answering queries from the present index until
    the new one takes its place. Of a stopped one the data folder is worked on directly.

    \b
    bindery index rebuild
    bindery index rebuild --project default --dataset photos
    bindery index rebuild --data /var/lib/bindery
    """
    is_named = context.get_parameter_source("endpoint") is ParameterSource.COMMANDLINE
    catalog = None if is_named else _catalog_in(data, config_file)
    if catalog is None:
        address = endpoint if is_named else find_server_address(data) or endpoint
        _rebuild_running(connect(address, data), project, dataset)
        return
    try:
        _rebuild_stopped(catalog, project, dataset)
    finally:
        catalog.close()


def _catalog_in(data: Path, config_file: Path | None) -> Catalog | None:
    """That of a stopped server; None while a server has it, or where it is elsewhere. Raises ClickException."""
    config = load_config(config_file, {"data": data})
    if not config.catalog.url and not (data / "catalog.db").exists():
        if os.environ.get("BINDERY_ACCESS_KEY_ID"):
            return None
        raise click.ClickException(
            f"no catalog in {data}; name the server's data folder with --data, or a running server with --endpoint"
        )
    try:
        if config.catalog.url:
            check_there(config.catalog.url, data)
        return open_catalog(config)
    except CatalogInUse:
        return None
    except CatalogUnusable as error:
        raise click.ClickException(str(error)) from error


def _rebuild_stopped(catalog: Catalog, project: str | None, dataset: str | None) -> None:
    chosen = list(datasets_in(catalog, project, dataset)) if project or dataset else None
    if chosen == []:
        raise _nothing_chosen()
    with progress_shown() as show:
        if chosen is None:
            catalog.queries.rebuild(partial(show, "rebuilding the index"))
        for each in chosen or ():
            name = _name(each.project_name, each.name)
            catalog.queries.rebuild_dataset(each.id, partial(show, name))
    say("index rebuilt")


def _rebuild_running(client: Client, project: str | None, dataset: str | None) -> None:
    """Raises SystemExit when one could not be built; the others are."""
    chosen = list(_datasets_of(client, project, dataset))
    if not chosen:
        raise _nothing_chosen()
    failed = False
    for each in chosen:
        names = {name: each[name] for name in ("ProjectName", "DatasetName")}
        shown = _name(*names.values())
        started = client.call("RebuildIndex", **names)
        with progress_shown() as show:
            task = wait_for_task(
                client,
                names["ProjectName"],
                "IndexRebuild",
                started["TaskId"],
                partial(_show_progress, partial(show, shown)),
            )
        try:
            say(f"index rebuilt: {shown}, {result_of(task).get('Entries', 0):,} entries")
        except click.ClickException as error:
            failed = True
            say(f"not rebuilt: {shown}: {error.message}", err=True)
    if failed:
        raise SystemExit(1)


def _datasets_of(client: Client, project: str | None, dataset: str | None) -> Iterator[dict[str, Any]]:
    names = (
        [project] if project else [each["ProjectName"] for each in client.items("ListProjects", "Projects")]
    )
    for name in names:
        for each in client.items("ListDatasets", "Datasets", ProjectName=name):
            if dataset in (None, each["DatasetName"]):
                yield each


def _show_progress(show: Callable[[int, int], None], task: dict[str, Any]) -> None:
    show(task.get("Progress", 0), 100)


def _name(project: str, dataset: str) -> str:
    return printable(f"{project}/{dataset}")


def _nothing_chosen() -> click.ClickException:
    return click.ClickException("no such dataset; see: bindery call ListDatasets --ProjectName PROJECT")
