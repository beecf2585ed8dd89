"""``bindery get``: everything known of one file."""

from __future__ import annotations

from pathlib import Path

import click

from bindery.cli.client import connect
from bindery.cli.failures import Failure
from bindery.cli.options import dataset_options, server_options
from bindery.cli.output import say_json


@click.command()
@click.argument("uri")
@dataset_options
@server_options
def get(uri: str, project: str, dataset: str, endpoint: str, data: Path) -> None:
    """Print the metadata of the file at URI (oss://bucket/key) as JSON.

    \b
    bindery get oss://photos/2024/beach.jpg
    """
    if "://" not in uri:
        uri = f"oss://{uri}"
    answer = connect(endpoint, data).call("GetFileMeta", ProjectName=project, DatasetName=dataset, URI=uri)
    files = answer.get("Files", [])
    if not files:
        raise Failure(f"{uri} is not in the dataset {project}/{dataset}")
    say_json(files[0], indent=2)
