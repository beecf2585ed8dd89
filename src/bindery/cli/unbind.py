"""``bindery unbind``: end a binding."""

from __future__ import annotations

from pathlib import Path

import click

from bindery.cli.client import connect
from bindery.cli.options import bucket_uri, dataset_options, server_options
from bindery.cli.output import say


@click.command()
@click.argument("bucket")
@click.option("--cleanup", is_flag=True, help="Remove the entries too that the binding has made.")
@dataset_options
@server_options
def unbind(bucket: str, *, cleanup: bool, project: str, dataset: str, endpoint: str, data: Path) -> None:
    """End the binding of BUCKET. The bucket itself is not touched.

    Entries stay in the dataset; with --cleanup those that the binding has made go, and those that were indexed by
    explicit calls stay. Binding the bucket again takes over what is there.

    \b
    bindery unbind photos
    bindery unbind photos --cleanup --dataset holiday
    """
    client, uri = connect(endpoint, data), bucket_uri(bucket)
    target = {"ProjectName": project, "DatasetName": dataset, "URI": uri}
    client.call("DeleteBinding", **target, Cleanup=cleanup or None)
    gone = "; its entries are being removed" if cleanup else "; its entries stay"
    say(f"{uri} is no longer bound to {project}/{dataset}{gone}")
