"""``bindery access key``: the access keys of users."""

from __future__ import annotations

from pathlib import Path

import click

from bindery.cli.access import completing
from bindery.cli.access.provision import make_key
from bindery.cli.access.ram import Answer, Ram, Undo
from bindery.cli.access.showing import json_option, show_items, show_key
from bindery.cli.client import connect
from bindery.cli.options import server_options
from bindery.cli.output import say, say_json

_USER = click.argument("user", shell_complete=completing.users)
_KEY = click.argument("key_id", shell_complete=completing.keys)
_MOST_KEYS = 2


@click.group()
def key() -> None:
    """Access keys of users, two at most each. Those of the account itself: bindery keys

    \b
    bindery access key rotate reader               a second key; then, when every program has it:
    bindery access key disable reader LTAI…        the old one
    bindery access key remove reader LTAI…
    """


@key.command()
@_USER
@json_option
@server_options
def add(*, user: str, as_json: bool, endpoint: str, data: Path) -> None:
    """Make a key for USER. Its secret is shown now and never again."""
    ram = Ram(connect(endpoint, data))
    with Undo(ram) as undo:
        _make(ram, user, undo, as_json=as_json)


@key.command("list")
@_USER
@json_option
@server_options
def list_keys(*, user: str, as_json: bool, endpoint: str, data: Path) -> None:
    """Show the keys of USER and when each was used last, without their secrets."""
    ram = Ram(connect(endpoint, data))
    keys = [{**each, **_last_use(ram, user, each)} for each in _keys(ram, user)]
    columns = ("AccessKeyId", "Status", "CreateDate", "LastUsed", "Service")
    show_items(keys, columns, as_json=as_json, empty=f"{user} has no keys")


@key.command()
@_USER
@click.option("--disable-old", is_flag=True, help="Disable the old key at once.")
@json_option
@server_options
def rotate(*, user: str, disable_old: bool, as_json: bool, endpoint: str, data: Path) -> None:
    """Make another key for USER, to take the place of the one in use, which stays until you disable it.

    A key that is disabled makes room for the new one.

    \b
    bindery access key rotate reader
    bindery access key rotate reader --disable-old --json
    """
    ram = Ram(connect(endpoint, data))
    old = _keys(ram, user)
    unused = [each for each in old if each["Status"] != "Active"]
    if len(old) >= _MOST_KEYS and not unused:
        named = ", ".join(each["AccessKeyId"] for each in old)
        raise click.ClickException(
            f"{user} has two keys in use ({named}); disable the one that is not needed any more: "
            f"bindery access key disable {user} KEY_ID"
        )
    if len(old) >= _MOST_KEYS:
        _remove(ram, user, unused[0]["AccessKeyId"])
        say(f"the disabled key {unused[0]['AccessKeyId']} is removed", err=True)
    with Undo(ram) as undo:
        _make(ram, user, undo, as_json=as_json)
    for each in old:
        if each["Status"] != "Active":
            continue
        if disable_old:
            ram.call(
                "UpdateAccessKey", UserName=user, UserAccessKeyId=each["AccessKeyId"], Status="Inactive"
            )
            say(f"{each['AccessKeyId']} is disabled", err=True)
        else:
            say(
                f"when every program has the new key: bindery access key disable {user} {each['AccessKeyId']}",
                err=True,
            )


@key.command()
@_USER
@_KEY
@server_options
def disable(*, user: str, key_id: str, endpoint: str, data: Path) -> None:
    """Refuse calls signed with KEY_ID of USER until it is enabled again."""
    _set_status(Ram(connect(endpoint, data)), user, key_id, "Inactive")
    say(f"{key_id} is disabled")


@key.command()
@_USER
@_KEY
@server_options
def enable(*, user: str, key_id: str, endpoint: str, data: Path) -> None:
    """Take calls signed with KEY_ID of USER again."""
    _set_status(Ram(connect(endpoint, data)), user, key_id, "Active")
    say(f"{key_id} is enabled")


@key.command()
@_USER
@_KEY
@server_options
def remove(*, user: str, key_id: str, endpoint: str, data: Path) -> None:
    """Delete KEY_ID of USER for good."""
    _remove(Ram(connect(endpoint, data)), user, key_id)
    say(f"{key_id} is removed")


def _make(ram: Ram, user: str, undo: Undo, *, as_json: bool) -> None:
    made = make_key(ram, user, undo)
    if as_json:
        say_json({name: made[name] for name in ("AccessKeyId", "AccessKeySecret")})
    else:
        show_key(made, user=user)


def _keys(ram: Ram, user: str) -> list[Answer]:
    ram.require("user", user)
    return list(ram.items("ListAccessKeys", "AccessKeys", "AccessKey", UserName=user))


def _last_use(ram: Ram, user: str, key: Answer) -> Answer:
    found = ram.find("GetAccessKeyLastUsed", UserName=user, UserAccessKeyId=key["AccessKeyId"])
    used = {} if found is None else found.get("AccessKeyLastUsed", {})
    return {"LastUsed": used.get("LastUsedDate", ""), "Service": used.get("ServiceName", "")}


def _set_status(ram: Ram, user: str, key_id: str, status: str) -> None:
    changed = ram.find("UpdateAccessKey", UserName=user, UserAccessKeyId=key_id, Status=status)
    _found(changed, user, key_id)


def _remove(ram: Ram, user: str, key_id: str) -> None:
    _found(ram.find("DeleteAccessKey", UserName=user, UserAccessKeyId=key_id), user, key_id)


def _found(answer: Answer | None, user: str, key_id: str) -> None:
    if answer is None:
        raise click.ClickException(f"{user} has no key {key_id}; see: bindery access key list {user}")
