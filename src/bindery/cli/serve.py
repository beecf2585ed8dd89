"""``bindery serve``: the server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from bindery.app import serve as run
from bindery.config import ConfigurationError, load_config


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="BINDERY_DATA",
    help="Folder of the catalog and the keys.  [default: bindery-data]",
)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.  [default: 8180]"
)
@click.option(
    "--bucket",
    "buckets",
    multiple=True,
    metavar="NAME=STORE",
    help="A bucket: a folder, or a URL such as s3://name?endpoint=…  Repeatable.",
)
@click.option(
    "--bucket-root",
    type=click.Path(file_okay=False, path_type=Path),
    help="Every folder in here is a bucket.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="BINDERY_CONFIG",
    help="Configuration file (TOML).",
)
@click.option("--strict", is_flag=True, help="Refuse Bindery's own extensions of the API.")
def serve(
    data: Path | None,
    host: str | None,
    port: int | None,
    buckets: tuple[str, ...],
    bucket_root: Path | None,
    config_file: Path | None,
    strict: bool,
) -> None:
    """Run the server until SIGTERM or Ctrl-C.

    Prints one line when it is ready: bindery ready http://HOST:PORT

    \b
    bindery serve --bucket photos=/srv/photos
    bindery serve --bucket-root /srv/buckets --data /var/lib/bindery
    bindery serve --bucket 'media=s3://media?endpoint=http://127.0.0.1:9000'
    """
    try:
        config = load_config(config_file, overrides(data, host, port, buckets, bucket_root, strict))
        run(config)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0)


def overrides(
    data: Path | None,
    host: str | None,
    port: int | None,
    buckets: tuple[str, ...],
    bucket_root: Path | None,
    strict: bool,
) -> dict[str, Any]:
    """The command line as a mapping shaped like the configuration file; unset options are left out."""
    server = {"host": host, "port": port, "strict": strict or None}
    values: dict[str, Any] = {
        "data": data,
        "bucket_root": bucket_root,
        "buckets": dict(_named_store(option) for option in buckets) or None,
        "server": {name: value for name, value in server.items() if value is not None} or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _named_store(option: str) -> tuple[str, str]:
    name, equals, store = option.partition("=")
    if not equals or not name or not store:
        raise click.UsageError(f"--bucket takes NAME=STORE, got {option!r}")
    return name, store
