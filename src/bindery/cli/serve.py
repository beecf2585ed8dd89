"""``bindery serve``: the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bindery.app import serve as run
from bindery.cli.options import FILE, FOLDER, config_option
from bindery.config import load_config, origins_of
from bindery.secrecy import without_secrets


@click.command()
@click.option(
    "--data",
    type=FOLDER,
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
    type=FOLDER,
    help="Every folder in here is a bucket.",
)
@config_option("Configuration file (TOML).")
@click.option(
    "--tls-certificate",
    type=FILE,
    help="Speak HTTPS, with this certificate and its chain (PEM); read anew when it changes.",
)
@click.option("--tls-key", type=FILE, help="Key of the certificate (PEM).")
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    metavar="ADDRESS|CIDR",
    help="A proxy whose X-Forwarded-For and X-Forwarded-Proto count.  Repeatable.",
)
@click.option("--strict", is_flag=True, help="Refuse callers Bindery's own extensions of the API.")
def serve(config_file: Path | None, **options: Any) -> None:
    """Run the server until SIGTERM or Ctrl-C, which end it within seconds.

    Prints one line when it is ready: bindery ready http://HOST:PORT (https:// with a certificate)

    \b
    bindery serve --bucket photos=/srv/photos
    bindery serve --bucket-root /srv/buckets --data /var/lib/bindery
    bindery serve --bucket-root /srv/buckets --tls-certificate chain.pem --tls-key key.pem
    bindery serve --bucket-root /srv/buckets --trusted-proxy 127.0.0.1
    bindery serve --bucket 'media=s3://media?endpoint=http://127.0.0.1:9000'
    """
    given = overrides(**options)
    run(load_config(config_file, given), origins_of(config_file, given))


def overrides(
    *,
    buckets: tuple[str, ...] = (),
    trusted_proxies: tuple[str, ...] = (),
    strict: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """The command line as a mapping shaped like the configuration file; unset options are left out."""
    values: dict[str, Any] = {name: options[name] for name in ("data", "bucket_root") if options.get(name)}
    server = ("host", "port", "tls_certificate", "tls_key")
    values["server"] = {name: options[name] for name in server if options.get(name) is not None}
    if trusted_proxies:
        values["server"]["trusted_proxies"] = list(trusted_proxies)
    if strict:
        values["server"]["strict"] = True
    if buckets:
        values["buckets"] = _named_stores(buckets)
    return values


def _named_stores(options: tuple[str, ...]) -> dict[str, str]:
    named: dict[str, str] = {}
    for name, store in map(_named_store, options):
        if named.setdefault(name, store) != store:
            raise click.UsageError(
                f"--bucket {name!r} is given twice, with two stores; name one of them otherwise"
            )
    return named


def _named_store(option: str) -> tuple[str, str]:
    name, equals, store = option.partition("=")
    if not equals or not name or not store:
        raise click.UsageError(f"--bucket takes NAME=STORE, got {without_secrets(option)!r}")
    return name, store
