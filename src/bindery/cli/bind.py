"""``bindery bind``: tie a bucket to a dataset and watch the scan."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bindery.cli.client import ApiError, Client, connect
from bindery.cli.options import dataset_options, server_options
from bindery.cli.scope import scope_options, scope_parameter

_POLL_SECONDS = 0.2
_BROKEN = ("Failed", "Stopped", "Deleted")


@click.command()
@click.argument("store")
@click.option("--name", help="Bucket name to use for a folder or URL (default: made from STORE).")
@click.option(
    "--wait", is_flag=True, help="Wait until the binding follows changes, also without a terminal."
)
@scope_options
@dataset_options
@server_options
def bind(
    *,
    store: str,
    name: str | None,
    wait: bool,
    project: str,
    dataset: str,
    endpoint: str,
    data: Path,
    **scope: Any,
) -> None:
    """Bind STORE to a dataset; project and dataset are made when missing.

    STORE is a bucket the server knows (photos or oss://photos), a folder, or a URL of an object store.
    On a terminal, and with --wait, shows progress until the binding follows changes; Ctrl-C leaves the
    binding at work.

    \b
    bindery bind photos --wait
    bindery bind ./holiday --dataset holiday
    bindery bind photos --prefix 2024/ --exclude '*.tmp' --media-type image
    bindery bind 's3://media?endpoint=http://127.0.0.1:9000' --project work --wait
    """
    client = connect(endpoint, data)
    uri = ensure_bucket(client, store, name)
    ensure_dataset(client, project, dataset)
    target = {"ProjectName": project, "DatasetName": dataset, "URI": uri}
    given = scope_parameter(**scope)
    if not create(client, "CreateBinding", **target, Scope=given):
        click.echo(f"{uri} is bound to {project}/{dataset} already", err=True)
        if given is not None:
            client.call("UpdateBindingScope", **target, Scope=given)
    if wait or sys.stderr.isatty():
        binding = follow(client, target)
    else:
        binding = client.call("GetBinding", **target)["Binding"]
    click.echo(describe(binding))
    if binding["State"] in _BROKEN:
        raise SystemExit(1)


def ensure_bucket(client: Client, store: str, name: str | None) -> str:
    """The ``oss://`` URI of STORE, registered with the server when it is a folder or a URL."""
    scheme, separator, rest = store.partition("://")
    is_store = (separator and scheme != "oss") or "?" in rest or Path(store).is_dir()
    if not is_store:
        return f"oss://{(rest if separator else store).strip('/')}"
    location = store if separator else str(Path(store).resolve())
    bucket = name or bucket_name(location)
    client.call("RegisterBucket", Bucket=bucket, Store=location)
    return f"oss://{bucket}"


def bucket_name(location: str) -> str:
    """A legal bucket name made from the last part of a path or the host of a URL."""
    scheme, separator, rest = location.partition("://")
    if not separator or scheme == "file":
        last = Path(rest.partition("?")[0] if separator else location).name
    else:
        last = re.split(r"[/?]", rest)[0]
    made = re.sub(r"[^a-z0-9-]+", "-", last.lower()).strip("-")[:63]
    return made if len(made) >= 3 else f"bucket-{made}".strip("-")


def ensure_dataset(client: Client, project: str, dataset: str) -> None:
    """Make the project and the dataset when they do not exist."""
    create(client, "CreateProject", ProjectName=project)
    create(client, "CreateDataset", ProjectName=project, DatasetName=dataset)


def create(client: Client, action: str, **parameters: Any) -> bool:
    """True when the call made the resource, False when it was there already."""
    try:
        client.call(action, **parameters)
    except ApiError as error:
        if error.code == "ResourceAlreadyExists":
            return False
        raise
    return True


def follow(client: Client, target: dict[str, str]) -> dict[str, Any]:
    """Show live counts until the binding follows changes or cannot go on by itself."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        line = display.add_task("binding")
        while True:
            binding: dict[str, Any] = client.call("GetBinding", **target)["Binding"]
            display.update(line, description=describe(binding))
            settled = binding.get("Phase") == "IncrementalScanning" and binding["State"] == "Running"
            if settled or binding["State"] in _BROKEN:
                return binding
            time.sleep(_POLL_SECONDS)


def describe(binding: dict[str, Any]) -> str:
    """One line: state, phase, reason and counts."""
    words = [binding["URI"], "/".join(filter(None, (binding["State"], binding.get("Phase"))))]
    progress = binding.get("Progress", {})
    words += [
        f"{name.lower()} {progress[name]:,}" for name in ("Listed", "Indexed", "Failed") if name in progress
    ]
    if binding.get("Reason"):
        words.append(f"({binding['Reason']})")
    return "  ".join(words)
