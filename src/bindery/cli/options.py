"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bindery.cli.client import DEFAULT_ENDPOINT

Command = TypeVar("Command", bound=Callable[..., Any])


class _Place(click.Path):
    """A path that is not empty, as a variable is that was never set: it would mean the working folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Fails for an empty one."""
        if value == "":
            self.fail("it is empty; . is the folder you are in", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = _Place(file_okay=False, path_type=Path)
"""The type of options that name a folder, which may not be there yet."""
FILE = _Place(dir_okay=False, path_type=Path)
"""The same of a file."""

data_option = click.option(
    "--data",
    type=FOLDER,
    default=Path("bindery-data"),
    show_default=True,
    envvar="BINDERY_DATA",
    help="Data folder of the server (for its root key).",
)


def config_option(help_text: str = "Configuration file of the server.") -> Callable[[Command], Command]:
    """``--config``, as ``config_file``."""
    return click.option("--config", "config_file", type=FILE, envvar="BINDERY_CONFIG", help=help_text)


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


def project_option(help_text: str = "Project name.") -> Callable[[Command], Command]:
    """``--project``."""
    return click.option(
        "--project", default="default", show_default=True, envvar="BINDERY_PROJECT", help=help_text
    )


def dataset_options(command: Command) -> Command:
    """``--project`` and ``--dataset``."""
    dataset = click.option(
        "--dataset", default="default", show_default=True, envvar="BINDERY_DATASET", help="Dataset name."
    )
    return project_option()(dataset(command))


def bucket_uri(bucket: str) -> str:
    """``photos`` and ``oss://photos`` as ``oss://photos``."""
    return f"oss://{bucket.removeprefix('oss://').strip('/')}"
