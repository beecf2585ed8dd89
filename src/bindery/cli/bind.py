"""``bindery bind``: tie a bucket to a dataset and watch the scan."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bindery.buckets.inventory.manifest import HOW_TO_GO_ON
from bindery.cli.bucket_argument import StoreArgument, folder_beside, parse_store_argument
from bindery.cli.client import ApiError, Client, connect
from bindery.cli.nearest import bound_bucket_near
from bindery.cli.options import dataset_options, server_options
from bindery.cli.output import cell, say
from bindery.cli.scope import scope_options, scope_parameter
from bindery.cli.status import entry_count

Call = tuple[str, dict[str, str]]
"""An operation and its parameters."""

_POLL_SECONDS = 0.2
_FIRST_NEWS_SECONDS = 5.0
_BROKEN = ("Failed", "Stopped", "Deleted")


@click.command()
@click.argument("store")
@click.option("--name", help="Bucket name to use for a folder or URL (default: made from STORE).")
@click.option(
    "--inventory",
    metavar="URI",
    help="Scan by this inventory of the bucket, in place of listing it: the manifest.json that S3 or OSS has written, "
    "as oss://reports/photos/daily/2026-01-31T01-00Z/manifest.json.",
)
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
    inventory: str | None,
    wait: bool,
    project: str,
    dataset: str,
    endpoint: str,
    data: Path,
    **scope: Any,
) -> None:
    """Bind STORE to a dataset; project and dataset are made when missing.

    STORE is a bucket the server knows (photos or oss://photos), a folder (written with a slash: ./photos), or a
    URL of an object store. A bare word is always the name of a bucket.
    On a terminal, and with --wait, shows progress until the binding follows changes; Ctrl-C leaves the
    binding at work.

    \b
    bindery bind photos --wait
    bindery bind ./holiday --dataset holiday
    bindery bind photos --prefix 2024/ --exclude '*.tmp' --media-type image
    bindery bind photos --inventory oss://reports/photos/daily/2026-01-31T01-00Z/manifest.json
    bindery bind 's3://media?endpoint=http://127.0.0.1:9000' --project work --wait
    """
    client = connect(endpoint, data)
    wanted = parse_store_argument(store, name)
    given, by = scope_parameter(**scope), inventory_parameter(inventory)
    register(client, wanted)
    target = {"ProjectName": project, "DatasetName": dataset, "URI": wanted.uri}
    made = ensure_dataset(client, project, dataset)
    try:
        listed = bind_or_change(client, target, given, by, made)
    except ApiError:
        undo(client, made)
        raise
    if wait or sys.stderr.isatty():
        binding = follow(client, target, listed)
    else:
        binding = first_news(client, target, listed)
    if binding["State"] == "Failed" and made and made[-1][0] == "DeleteBinding":
        undo(client, made)
        reason = binding.get("Reason", "cannot be bound").replace(f". {HOW_TO_GO_ON}", "")
        is_bare = wanted.location is None and reason.startswith("BucketNotFound")
        hint = _meant(client, store) if is_bare else ""
        raise click.ClickException(f"{wanted.uri}: {reason}{hint}; nothing was bound")
    say(describe(binding))
    if binding["State"] in _BROKEN:
        raise SystemExit(1)


def bind_or_change(
    client: Client,
    target: dict[str, str],
    scope: dict[str, Any] | None,
    inventory: str | None,
    made: list[Call],
) -> str | None:
    """Make the binding, and note in ``made`` how to undo it, or change the one that is there; then when its bucket was
    listed last, as ``change_scope`` tells. Raises ApiError."""
    if create(client, "CreateBinding", **target, Scope=scope, Inventory=inventory):
        made.append(("DeleteBinding", target))
        return None
    listed = change_scope(client, target, scope, quiet=inventory is not None)
    change_inventory(client, target, inventory)
    return listed


def _meant(client: Client, word: str) -> str:
    """What a bare word may have meant that names no bucket."""
    if beside := folder_beside(word):
        return beside
    near = bound_bucket_near(client.call, word.removeprefix("oss://"))
    return f"; did you mean {near}?" if near and near != word else ""


def register(client: Client, wanted: StoreArgument) -> None:
    """Tell the server where the bucket is, unless it is to know. Raises ApiError."""
    if wanted.location is not None:
        client.call("RegisterBucket", Bucket=wanted.bucket, Store=wanted.location)


def ensure_dataset(client: Client, project: str, dataset: str) -> list[Call]:
    """Make the project and the dataset when they do not exist; the calls that undo it, last first to be made."""
    undoing: list[Call] = []
    names = {"ProjectName": project}
    if create(client, "CreateProject", **names):
        undoing.append(("DeleteProject", names))
    names = {"ProjectName": project, "DatasetName": dataset}
    if create(client, "CreateDataset", **names):
        undoing.append(("DeleteDataset", names))
    return undoing


def undo(client: Client, made: list[Call]) -> None:
    """Remove what this command has made, the innermost first; what others use meanwhile stays."""
    for action, names in reversed(made):
        with contextlib.suppress(ApiError):
            client.call(action, **names)


def inventory_parameter(uri: str | None) -> str | None:
    """The URI as the API has it: buckets go by the names that the server knows, whatever their stores are."""
    return None if uri is None else uri.replace("s3://", "oss://", 1)


def change_inventory(client: Client, target: dict[str, str], uri: str | None) -> None:
    """Have a binding that is there already scanned by an inventory, when one was given. Raises ApiError."""
    if uri is not None:
        client.call("UpdateBindingInventory", **target, Inventory=uri)
        say(f"{target['URI']} is compared with the inventory; only what has changed is read", err=True)


def change_scope(
    client: Client, target: dict[str, str], scope: dict[str, Any] | None, *, quiet: bool = False
) -> str | None:
    """Replace the scope of a binding that is there already, when one was given.

    Returns when its bucket was listed last: what it counts is of the former scope until the next listing.
    """
    where = f"{target['URI']} is bound to {target['ProjectName']}/{target['DatasetName']} already"
    if scope is None:
        if not quiet:
            say(where, err=True)
        return None
    listed = last_listing(client.call("GetBinding", **target)["Binding"])
    leaving = client.call("UpdateBindingScope", **target, Scope=scope).get("Leaving")
    entries = f"{leaving:,} entries" if isinstance(leaving, int) else "entries"
    say(f"{where}; its scope is replaced, and {entries} outside of it leave the dataset", err=True)
    return listed


def last_listing(binding: dict[str, Any]) -> str | None:
    """When the bucket was last listed as a whole; None while it was not."""
    time_of_it: str | None = binding.get("Progress", {}).get("LastCompleteListing")
    return time_of_it


def first_news(client: Client, target: dict[str, str], listed: str | None = None) -> dict[str, Any]:
    """The binding once its bucket has answered, or cannot; after a few seconds as it is. As ``follow`` otherwise."""
    deadline = time.monotonic() + _FIRST_NEWS_SECONDS
    while True:
        binding: dict[str, Any] = client.call("GetBinding", **target)["Binding"]
        is_news = binding["State"] != "Ready" and (listed is None or last_listing(binding) != listed)
        if is_news or binding["State"] in _BROKEN or time.monotonic() > deadline:
            return binding
        time.sleep(_POLL_SECONDS)


def create(client: Client, action: str, **parameters: Any) -> bool:
    """True when the call made the resource, False when it was there already."""
    try:
        client.call(action, **parameters)
    except ApiError as error:
        if error.code == "ResourceAlreadyExists":
            return False
        raise
    return True


def follow(client: Client, target: dict[str, str], listed: str | None = None) -> dict[str, Any]:
    """Show live counts until the binding follows changes or cannot go on by itself.

    ``listed``: the listing that is past already, and proves nothing.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        line = display.add_task("binding")
        while True:
            binding: dict[str, Any] = client.call("GetBinding", **target)["Binding"]
            display.update(line, description=cell(describe(binding)).plain)
            settled = binding.get("Phase") == "IncrementalScanning" and binding["State"] == "Running"
            is_past = listed is not None and last_listing(binding) == listed
            if (settled and not is_past) or binding["State"] in _BROKEN:
                return binding
            time.sleep(_POLL_SECONDS)


def inventory_words(inventory: dict[str, Any] | None) -> list[str]:
    """How far the inventory is, while it is in hand."""
    if inventory is None or inventory["State"] in ("Done", "Waiting"):
        return []
    if inventory["State"] == "Reading":
        return [f"reading the inventory, {inventory['FilesRead']:,} of {inventory['Files']:,} files"]
    return [f"by an inventory of {inventory['Objects']:,} objects"]


def describe(binding: dict[str, Any]) -> str:
    """One line: state, phase, reason and counts."""
    words = [binding["URI"], "/".join(filter(None, (binding["State"], binding.get("Phase"))))]
    words += inventory_words(binding.get("Inventory"))
    progress = binding.get("Progress", {})
    if progress:
        # After a second listing all that was read counts as Unchanged, and "indexed 0" would read like nothing.
        words += [f"listed {progress['Listed']:,}", f"entries {entry_count(progress):,}"]
        words += [f"failed {progress['Failed']:,}"]
    if binding.get("Reason"):
        words.append(f"({binding['Reason']})")
    return "  ".join(words)
