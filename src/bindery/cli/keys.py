"""``bindery keys``: the access keys that a server knows besides its root key."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bindery.access.keys import (
    KeysUnusable,
    add_key,
    further_keys,
    read_root_key,
    remove_key,
    set_active,
)
from bindery.cli.options import data_option
from bindery.cli.output import cell, console, say, say_json, table


@click.group()
def keys() -> None:
    """The access keys of a server's data folder. A running server knows a change with the next call.

    The root key is not changed here: it comes from the environment or from root-key.json.

    \b
    bindery keys add --data /var/lib/bindery
    bindery keys disable LTAI4FoLvd3Yh7xUsbzBGtQr
    """


def _on_data_folder(command: Callable[..., None]) -> Callable[..., None]:
    """``--data``, which must be there; keys that cannot be used become an error of the command line."""

    @wraps(command)
    def run(*, data: Path, **values: Any) -> None:
        if not data.is_dir():
            raise click.ClickException(f"no folder {data}; name the server's data folder with --data")
        try:
            command(data=data, **values)
        except (KeysUnusable, OSError) as error:
            raise click.ClickException(str(error)) from error

    return data_option(run)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
@_on_data_folder
def list_keys(*, data: Path, as_json: bool) -> None:
    """Show all keys, without their secrets."""
    root = read_root_key(data)
    kinds = [("root", root)] if root is not None else []
    kinds += [("further", key) for key in further_keys(data)]
    rows = [
        {"AccessKeyId": key.id, "Label": key.label, "Kind": kind, "Active": key.active}
        for kind, key in kinds
    ]
    if as_json:
        say_json(rows)
        return
    shown = table("AccessKeyId", "Label", "Kind", "Active")
    for row in rows:
        shown.add_row(
            cell(row["AccessKeyId"]), cell(row["Label"]), str(row["Kind"]), "yes" if row["Active"] else "no"
        )
    console().print(shown)


@keys.command()
@click.option("--label", default="", help="Whose key it is, shown by: bindery keys list")
@click.option("--json", "as_json", is_flag=True, help="Print the key as JSON.")
@_on_data_folder
def add(*, data: Path, label: str, as_json: bool) -> None:
    """Make a key. Its secret is shown now and never again.

    \b
    bindery keys add --label ci
    """
    key = add_key(data, label)
    if as_json:
        click.echo(json.dumps({"AccessKeyId": key.id, "AccessKeySecret": key.secret}))
        return
    click.echo(f"BINDERY_ACCESS_KEY_ID={key.id}")
    click.echo(f"BINDERY_ACCESS_KEY_SECRET={key.secret}")
    click.echo("the secret is shown this once", err=True)


@keys.command()
@click.argument("key_id")
@_on_data_folder
def disable(*, data: Path, key_id: str) -> None:
    """Refuse calls signed with KEY_ID until it is enabled again."""
    _require(data, key_id, set_active(data, key_id, active=False))
    say(f"{key_id} is disabled")


@keys.command()
@click.argument("key_id")
@_on_data_folder
def enable(*, data: Path, key_id: str) -> None:
    """Take calls signed with KEY_ID again."""
    _require(data, key_id, set_active(data, key_id, active=True))
    say(f"{key_id} is enabled")


@keys.command()
@click.argument("key_id")
@_on_data_folder
def remove(*, data: Path, key_id: str) -> None:
    """Forget KEY_ID for good."""
    _require(data, key_id, remove_key(data, key_id))
    say(f"{key_id} is removed")


def _require(data: Path, key_id: str, found: bool) -> None:
    if found:
        return
    root = read_root_key(data)
    if root is not None and root.id == key_id:
        raise click.ClickException(
            "this is the root key; to replace it, stop the server, remove root-key.json and start the server"
        )
    raise click.ClickException(f"no key {key_id} in {data}; see: bindery keys list")
