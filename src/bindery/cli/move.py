"""``bindery move``: let a bucket's name mean another store, with an audit before and after."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from bindery.cli.audit import audit_binding, reports_table, sample_lines
from bindery.cli.bucket_argument import parse_store_argument
from bindery.cli.client import Client, connect
from bindery.cli.nearest import nearest
from bindery.cli.options import bucket_uri, server_options
from bindery.cli.output import console, say
from bindery.cli.status import list_bindings

_POLL_SECONDS = 0.5
_BROKEN = ("Failed", "Stopped", "Retrying")


@click.command()
@click.argument("bucket")
@click.argument("store", required=False)
@click.option("--yes", is_flag=True, help="Go on although something is lacking at the new place.")
@server_options
def move(bucket: str, store: str | None, *, yes: bool, endpoint: str, data: Path) -> None:
    """Let BUCKET mean STORE from now on: a folder (written with a slash) or a URL.

    Without STORE: what the server's configuration names already. Every binding of the bucket is compared with the new
    place first, goes on there, and is audited again. What is lacking there is held back until you confirm it.

    \b
    bindery move photos /mnt/new/photos
    bindery move media 's3://media?endpoint=https://minio.example.com'
    """
    client = connect(endpoint, data)
    name = bucket_uri(bucket).removeprefix("oss://")
    location = None if store is None else parse_store_argument(store, name).location
    if store is not None and location is None:
        raise click.UsageError(f"STORE is a folder, written with a slash, or a URL; {store!r} is neither")
    bindings = _bindings_of(client, name, sure=yes)
    if not _audit(client, bindings, "of the new place", store=location) and not yes:
        raise click.ClickException(
            "the new place differs, and nothing was moved; --yes goes on all the same"
        )
    before = [_present(client, binding) for binding in bindings]  # the audit has taken its time
    client.call("RegisterBucket", Bucket=name, Store=location, Move=True)
    say(f"oss://{name} is now {location or 'what the configuration names'}")
    followed = [_wait_until_listed(client, binding) for binding in before]
    equal = _audit(client, bindings, "after the move")
    for binding in followed:
        if binding.get("Reason"):
            say(f"{binding['ProjectName']}/{binding['DatasetName']}: {binding['Reason']}")
    if not equal:
        raise SystemExit(1)


def _bindings_of(client: Client, bucket: str, *, sure: bool) -> list[dict[str, Any]]:
    """Raises ClickException when the name has none and is like one that has."""
    known = list_bindings(client, None)
    found = [each for each in known if each["URI"] == f"oss://{bucket}"]
    near = None if found or sure else nearest(f"oss://{bucket}", [each["URI"] for each in known])
    if near:
        raise click.ClickException(
            f"oss://{bucket} has no binding; did you mean {near}? --yes goes on all the same"
        )
    return found


def _audit(client: Client, bindings: list[dict[str, Any]], what: str, *, store: str | None = None) -> bool:
    """Whether every dataset equals the place; shown."""
    reports = [audit_binding(client, binding, store=store) for binding in bindings]
    if reports:
        say(f"audit {what}:")
        console().print(reports_table(reports))
        for line in sample_lines(reports):
            say(line)
    return all(report.get("Equal") for report in reports)


def _present(client: Client, binding: dict[str, Any]) -> dict[str, Any]:
    """The binding as it is now."""
    names = {name: binding[name] for name in ("ProjectName", "DatasetName", "URI")}
    present: dict[str, Any] = client.call("GetBinding", **names)["Binding"]
    return present


def _wait_until_listed(client: Client, before: dict[str, Any]) -> dict[str, Any]:
    """The binding once the new place has been listed as a whole, or cannot be."""
    listed = before.get("Progress", {}).get("LastCompleteListing")
    while True:
        binding = _present(client, before)
        news = binding.get("Progress", {}).get("LastCompleteListing") != listed or binding.get("Reason")
        if binding["State"] in _BROKEN or news:
            return binding
        time.sleep(_POLL_SECONDS)
