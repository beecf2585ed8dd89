"""``bindery confirm``: allow the removals that the deletion guard holds back."""

from __future__ import annotations

from pathlib import Path

import click

from bindery.cli.client import connect
from bindery.cli.options import bucket_uri, dataset_options, server_options
from bindery.cli.output import say


@click.command()
@click.argument("bucket")
@dataset_options
@server_options
def confirm(bucket: str, project: str, dataset: str, endpoint: str, data: Path) -> None:
    """Confirm that the objects which the deletion guard misses in BUCKET are really gone.

    Their entries are removed once the bucket has been listed again, up to the number held back now.

    \b
    bindery status                     shows what is held back, as Reason
    bindery confirm photos
    """
    client = connect(endpoint, data)
    target = {"ProjectName": project, "DatasetName": dataset, "URI": bucket_uri(bucket)}
    held = client.call("GetBinding", **target)["Binding"].get("Progress", {}).get("HeldBack", 0)
    client.call("ConfirmDeletion", **target)
    say(f"{target['URI']}: {held:,} removals confirmed")
