"""``bindery export``: the entries of a dataset as Parquet files."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bindery.catalog.export.export import Export, Manifest, Wanted
from bindery.catalog.opening import read_beside
from bindery.catalog.query.parse import parse_simple_query
from bindery.catalog.query.syntax import QueryError
from bindery.cli.export_target import FileTarget, open_target
from bindery.cli.options import config_option, data_option, project_option
from bindery.cli.output import say, say_json
from bindery.cli.progress import progress_shown
from bindery.cli.query import query_parameters
from bindery.config import Config, load_config
from bindery.secrecy import without_secrets


@click.command()
@click.argument("dataset")
@click.option(
    "--to", "target", required=True,
    help="A folder (written with a slash), a file that ends in .parquet, oss://BUCKET/PREFIX of a bucket that the "
    "server knows, or the URL of a store.",
)  # fmt: skip
@click.option(
    "--where", help="Only entries that match: an expression as of bindery query, or a SimpleQuery as JSON."
)
@click.option("--with-texts", is_flag=True, help="Add the column Text: what documents say.")
@project_option()
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@config_option("Configuration file of the server: where the record is, and its buckets.")
@data_option
def export(
    *,
    dataset: str,
    target: str,
    where: str | None,
    with_texts: bool,
    project: str,
    as_json: bool,
    config_file: Path | None,
    data: Path,
) -> None:
    """Write the entries of DATASET (or PROJECT/DATASET) as Parquet, while the server runs or not.

    The record is read beside the server, by whoever may read its data folder or database. An export that was ended
    goes on where it was: give the same command again. Columns are the fields of File; see: bindery docs operations

    \b
    bindery export photos --to /exports/photos --data /var/lib/bindery
    bindery export default/photos --to photos.parquet --where 'MediaType = image and Size > 1000000'
    bindery export photos --to 's3://lake/photos?region=eu-central-1'
    bindery export photos --to oss://exports/photos
    """
    if "/" in dataset:
        project, _, dataset = dataset.partition("/")
    wanted = Wanted(project, dataset, _query_of(where), with_texts)
    config = _config_of(config_file, data)
    with (
        closing(open_target(target, config)) as place,
        read_beside(config.catalog.url, config.data) as reader,
    ):
        work = Export(reader, wanted, place)
        was_done = work.manifest.done
        with progress_shown() as show:
            manifest = work.run(partial(show, f"exporting {project}/{dataset}"))
        if isinstance(place, FileTarget):
            place.finish(manifest)
    _tell(target, manifest, as_json=as_json, was_done=was_done)


def _config_of(config_file: Path | None, data: Path) -> Config:
    source = click.get_current_context().get_parameter_source("data")
    chosen = {} if config_file and source is ParameterSource.DEFAULT else {"data": data}
    return load_config(config_file, chosen)


def _query_of(where: str | None) -> dict[str, Any] | None:
    """Raises UsageError."""
    if where is None:
        return None
    if where.lstrip().startswith("{"):
        try:
            query = json.loads(where)
        except ValueError as error:
            raise click.UsageError(f"--where is no JSON: {error}") from error
        try:
            parse_simple_query(query)
        except QueryError as error:
            raise click.UsageError(str(error)) from error
        return dict(query)
    found: dict[str, Any] | None = query_parameters(where, None).get("Query")
    return found


def _tell(target: str, manifest: Manifest, *, as_json: bool, was_done: bool) -> None:
    size = sum(file.size for file in manifest.files)
    if as_json:
        say_json(
            {
                "Rows": manifest.rows,
                "Size": size,
                "NewestChange": manifest.newest,
                "Files": [file.name for file in manifest.files],
            }
        )
        return
    if was_done:
        say(
            f"this export was complete already, as of {manifest.begun:%Y-%m-%d %H:%M:%S} UTC; for a later one name "
            "another place",
            err=True,
        )
    files = "1 file" if len(manifest.files) == 1 else f"{len(manifest.files):,} files"
    say(
        f"{without_secrets(target)}: {manifest.rows:,} entries in {files}, {size / 1024**2:,.1f} MiB, "
        f"up to change {manifest.newest}"
    )
