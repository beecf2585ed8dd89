"""``bindery backup``: a copy of the catalog, made while the server runs."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click
from click.core import ParameterSource

from bindery.access.sealing import ENVIRONMENT as SEALING_KEY_VARIABLE
from bindery.access.sealing import FILE as SEALING_KEY_FILE
from bindery.catalog.backup import Manifest, make_backup, verify_backup
from bindery.catalog.opening import dump_command
from bindery.cli.options import FOLDER, config_option, data_option
from bindery.cli.output import say
from bindery.cli.progress import progress_shown
from bindery.config import Config, load_config

_HISTORY = "history.json"
_SECRETS = ("root-key.json", "buckets.json")
"""The latter is of an earlier release, whose buckets no server has taken over yet."""


@click.command()
@click.option("--to", "target", type=FOLDER, help="Folder of the backup, which is made; or an empty one.")
@click.option("--verify", "verified", type=FOLDER, help="Check an earlier backup instead of making one.")
@click.option(
    "--with-keys", is_flag=True, help="Take in the files of secrets, too; keep that backup as a key."
)
@data_option
@config_option()
def backup(
    *, target: Path | None, verified: Path | None, with_keys: bool, data: Path, config_file: Path | None
) -> None:
    """Copy the whole catalog into a folder, while the server runs or not, and check the copy.

    The copy is of one instant: that at which it begins. The server goes on reading and writing meanwhile.
    The index is not in it, for it is built from the record. Neither are the configuration, the audit log, and the
    files that hold secrets (sealing-key.json, root-key.json) unless --with-keys is given.

    \b
    bindery backup --to /backup/monday --data /var/lib/bindery
    bindery backup --verify /backup/monday
    bindery restore /backup/monday --data /var/lib/bindery-restored
    """
    if (target is None) == (verified is None):
        raise click.UsageError("give either --to FOLDER or --verify FOLDER")
    if verified is not None:
        with progress_shown() as show:
            manifest = verify_backup(verified, show)
        say(f"{verified} is sound: {describe(manifest)}")
        return
    assert target is not None
    source = click.get_current_context().get_parameter_source("data")
    chosen = {} if config_file and source is ParameterSource.DEFAULT else {"data": data}
    config = load_config(config_file, chosen)
    if config.catalog.url:
        raise click.ClickException(_with_pg_dump(config.catalog.url, target))
    secrets = _files_of_secrets(config)
    with progress_shown() as show:
        manifest = make_backup(config.data, target, _others(config, secrets if with_keys else {}), show)
    say(f"{target}: {describe(manifest)}")
    _tell_what_is_missing(secrets, with_keys=with_keys)


def describe(manifest: Manifest) -> str:
    """What a backup holds, in a line."""
    size = sum(file.size for file in manifest.files)
    return (
        f"{manifest.rows.get('dataset', 0):,} datasets, {manifest.rows.get('file', 0):,} rows of entries, "
        f"{size / 1024**2:,.1f} MiB, of {manifest.made:%Y-%m-%d %H:%M:%S} UTC"
    )


def _files_of_secrets(config: Config) -> dict[str, Path]:
    files = {name: config.data / name for name in _SECRETS}
    files[SEALING_KEY_FILE] = config.access.sealing_key_file or config.data / SEALING_KEY_FILE
    return {name: path for name, path in files.items() if path.is_file()}


def _others(config: Config, secrets: dict[str, Path]) -> dict[str, Path]:
    history = config.data / _HISTORY
    return ({_HISTORY: history} if history.is_file() else {}) | secrets


def _tell_what_is_missing(secrets: dict[str, Path], *, with_keys: bool) -> None:
    if secrets and not with_keys:
        names = ", ".join(str(path) for path in secrets.values())
        say(f"not in it, since they hold secrets: {names}; back them up apart from it", err=True)
    if os.environ.get(SEALING_KEY_VARIABLE):
        say(f"not in it: {SEALING_KEY_VARIABLE}, without which no access key of it can be used", err=True)


def _with_pg_dump(url: str, target: Path) -> str:
    """Raises CatalogUnusable for what is no URL."""
    return (
        "the record is in PostgreSQL, whose own tools back it up while it is used: "
        f"{shlex.join(dump_command(url, Path(f'{target}.dump')))}\n"
        "Of the data folder keep its files of keys; the index in it is built from the record"
    )
