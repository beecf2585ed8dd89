"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bindery.cli.client import DEFAULT_ENDPOINT

Command = TypeVar("Command", bound=Callable[..., Any])

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bindery-data"),
    show_default=True,
    envvar="BINDERY_DATA",
    help="Data folder of the server (for its root key).",
)


def server_options(command: Command) -> Command:
    """``--endpoint`` and ``--data``: where the server is, and where its root key lies."""
    endpoint = click.option(
        "--endpoint",
        default=DEFAULT_ENDPOINT,
        show_default=True,
        envvar="BINDERY_ENDPOINT",
        help="Address of the running server.",
    )
    return endpoint(data_option(command))


def dataset_options(command: Command) -> Command:
    """``--project`` and ``--dataset``."""
    project = click.option(
        "--project", default="default", show_default=True, envvar="BINDERY_PROJECT", help="Project name."
    )
    dataset = click.option(
        "--dataset", default="default", show_default=True, envvar="BINDERY_DATASET", help="Dataset name."
    )
    return project(dataset(command))


def bucket_uri(bucket: str) -> str:
    """``photos`` and ``oss://photos`` as ``oss://photos``."""
    return f"oss://{bucket.removeprefix('oss://').strip('/')}"
