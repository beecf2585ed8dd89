"""``bindery keys``: the access keys of the account besides its root key, and the key that secrets are sealed with."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bindery.access.keys import read_root_key
from bindery.access.resealing import find_lost, find_lost_buckets
from bindery.access.sealing import Sealer, load_sealer
from bindery.cli.account_keys import open_account_keys, open_stopped_record
from bindery.cli.options import config_option, data_option
from bindery.cli.output import cell, console, say, say_json, table
from bindery.config import Config, load_config


@click.group()
def keys() -> None:
    """The account's own access keys, of a running server or of the data folder of a stopped one.

    They may do everything, as the root key may; for whoever should not, make users with: bindery access
    A running server is asked with the root key, and knows a change with the next call. The root key is not changed
    here: it comes from the environment or from root-key.json.

    \b
    bindery keys add --label ci --data /var/lib/bindery
    bindery keys disable LTAI4FoLvd3Yh7xUsbzBGtQr
    bindery keys reseal --data /var/lib/bindery
    """


def _on_data_folder(command: Callable[..., None]) -> Callable[..., None]:
    """``--data``, which must be there, and ``--config``; the command gets ``config`` in place of both."""

    @wraps(command)
    def run(*, data: Path, config_file: Path | None, **values: Any) -> None:
        source = click.get_current_context().get_parameter_source("data")
        chosen = {} if config_file and source is ParameterSource.DEFAULT else {"data": data}
        config = load_config(config_file, chosen)
        if not config.data.is_dir():
            raise click.ClickException(
                f"no folder {config.data}; name the server's data folder with --data"
            )
        command(config=config, **values)

    return data_option(config_option()(run))


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
@_on_data_folder
def list_keys(*, config: Config, as_json: bool) -> None:
    """Show all keys, without their secrets."""
    root = read_root_key(config.data)
    rows = [] if root is None else [_row(root.id, "", "root", active=True)]
    with open_account_keys(config) as account_keys:
        rows += [_row(key.id, key.label, "further", active=key.active) for key in account_keys.list()]
    if as_json:
        say_json(rows)
        return
    shown = table("AccessKeyId", "Label", "Kind", "Active")
    for row in rows:
        shown.add_row(
            cell(row["AccessKeyId"]), cell(row["Label"]), str(row["Kind"]), "yes" if row["Active"] else "no"
        )
    console().print(shown)


def _row(key_id: str, label: str, kind: str, *, active: bool) -> dict[str, Any]:
    return {"AccessKeyId": key_id, "Label": label, "Kind": kind, "Active": active}


@keys.command()
@click.option("--label", default="", help="Whose key it is, shown by: bindery keys list")
@click.option("--json", "as_json", is_flag=True, help="Print the key as JSON.")
@_on_data_folder
def add(*, config: Config, label: str, as_json: bool) -> None:
    """Make a key. Its secret is shown now and never again.

    \b
    bindery keys add --label ci
    """
    with open_account_keys(config) as account_keys:
        key = account_keys.add(label)
    if as_json:
        click.echo(json.dumps({"AccessKeyId": key.id, "AccessKeySecret": key.secret}))
        return
    click.echo(f"BINDERY_ACCESS_KEY_ID={key.id}")
    click.echo(f"BINDERY_ACCESS_KEY_SECRET={key.secret}")
    click.echo("the secret is shown this once", err=True)


@keys.command()
@click.argument("key_id")
@_on_data_folder
def disable(*, config: Config, key_id: str) -> None:
    """Refuse calls signed with KEY_ID until it is enabled again."""
    _set_active(config, key_id, active=False)
    say(f"{key_id} is disabled")


@keys.command()
@click.argument("key_id")
@_on_data_folder
def enable(*, config: Config, key_id: str) -> None:
    """Take calls signed with KEY_ID again."""
    _set_active(config, key_id, active=True)
    say(f"{key_id} is enabled")


@keys.command()
@click.argument("key_id")
@_on_data_folder
def remove(*, config: Config, key_id: str) -> None:
    """Forget KEY_ID for good."""
    with open_account_keys(config) as account_keys:
        _require(config.data, key_id, account_keys.remove(key_id))
    say(f"{key_id} is removed")


def _set_active(config: Config, key_id: str, *, active: bool) -> None:
    with open_account_keys(config) as account_keys:
        _require(config.data, key_id, account_keys.set_active(key_id, active=active))


def _require(data: Path, key_id: str, found: bool) -> None:
    if found:
        return
    root = read_root_key(data)
    if root is not None and root.id == key_id:
        raise click.ClickException(
            "this is the root key; to replace it, stop the server, remove root-key.json and start the server"
        )
    raise click.ClickException(f"no key {key_id} in {data}; see: bindery keys list")


@keys.command("reseal")
@click.option("--at-once", is_flag=True, help="Forget the old key now, which ends every session of a role.")
@_on_data_folder
def reseal_secrets(*, config: Config, at_once: bool) -> None:
    """Make a new sealing key, and seal every secret with it; a running server goes on meanwhile.

    The old key stays in its file for 12 hours, for security tokens that were issued before; --at-once is for a key
    that somebody else may have. May be interrupted and repeated at any time.

    \b
    bindery keys reseal --data /var/lib/bindery
    """
    with open_account_keys(config) as account_keys:
        secrets, lost = account_keys.reseal(at_once=at_once)
    say(f"{secrets} secrets are sealed anew")
    if lost:
        raise click.ClickException(
            f"{len(lost)} keys cannot be opened: {', '.join(lost)}; restore their sealing key, or give them "
            "up with: bindery keys forget-lost"
        )


@keys.command()
@_on_data_folder
def forget_lost(*, config: Config) -> None:
    """Delete keys of the account and of users, and registered buckets, whose sealing key is lost. The server must be
    stopped."""
    with open_stopped_record(config) as record:
        sealer = load_sealer(config.data, config.access.sealing_key_file) or Sealer(())
        lost = find_lost(sealer, record.access_keys)
        for key in lost:
            user = None if key.user_id is None else record.users.get_by_id(key.user_id).name
            record.access_keys.delete(user, key.id)
        buckets = find_lost_buckets(sealer, record.registered_buckets)
        for name, sealed in buckets.items():
            record.registered_buckets.delete(name, sealed)
    say(f"{len(lost)} keys are deleted")
    if buckets:
        say(f"{len(buckets)} registered buckets are forgotten, register them again: {', '.join(buckets)}")
