"""``bindery demo``: the main job on sample media, from an empty folder to an answered query."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bindery.cli.bind import describe, ensure_dataset
from bindery.cli.client import Client, connect
from bindery.cli.options import FOLDER
from bindery.cli.output import console, say
from bindery.cli.query import files_table, query_parameters
from bindery.cli.sample_media import make_sample_media

_TARGET = {"ProjectName": "demo", "DatasetName": "demo", "URI": "oss://sample-media"}
_PARTS = {"buckets", "catalog", "server.log"}
"""What the demo makes in its folder."""
_QUERIES = (
    ("MediaType = image and ImageWidth > 3000", "Size desc"),
    ("near(30.25, 120.16, 10000)", "ProduceTime asc"),
    ("MediaType = video or MediaType = audio or MediaType = document", "Size asc"),
)


@click.command()
@click.option(
    "--folder",
    type=FOLDER,
    default=Path("demo-data"),
    show_default=True,
    help="Where to put the sample media and the catalog.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the server.  [default: a free one]"
)
@click.option("--keep", is_flag=True, help="Leave the server running until Ctrl-C.")
def demo(folder: Path, port: int, keep: bool) -> None:
    """Make sample media, start a server, bind the folder, follow GetBinding, and query.

    \b
    bindery demo
    bindery demo --port 8180 --keep
    """
    clear(folder)
    bucket = folder / "buckets" / _TARGET["URI"].removeprefix("oss://")
    click.echo(f"sample media     {make_sample_media(bucket)} files in {bucket}")
    with _server(folder, port) as endpoint:
        click.echo(f"server           {endpoint}")
        client = connect(endpoint, folder / "catalog")
        _bind_and_follow(client)
        _change_and_find(client, bucket)
        for expression, sort in _QUERIES:
            _show(client, expression, sort)
        if keep:
            click.echo(
                f"\nserver keeps running at {endpoint} with keys in {folder / 'catalog'}; Ctrl-C ends it"
            )
            signal.sigwait({signal.SIGINT, signal.SIGTERM})


def clear(folder: Path) -> None:
    """Remove what an earlier demo left there. Raises ClickException when the folder is anything else."""
    if not folder.exists():
        return
    if not folder.is_dir() or not {path.name for path in folder.iterdir()} <= _PARTS:
        raise click.ClickException(
            f"{folder} holds more than an earlier demo left; name a new folder with --folder"
        )
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path, port: int) -> Iterator[str]:
    command = [sys.executable, "-m", "bindery.cli.main", "serve", "--port", str(port)]
    command += ["--data", str(folder / "catalog"), "--bucket-root", str(folder / "buckets")]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
    try:
        yield _wait_until_ready(process, folder / "server.log")
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait_until_ready(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("bindery ready "):
            return line.split()[2]
    raise click.ClickException(f"the server did not start; see {log}")


def _bind_and_follow(client: Client) -> None:
    ensure_dataset(client, _TARGET["ProjectName"], _TARGET["DatasetName"])
    say(f"CreateBinding    {describe(client.call('CreateBinding', **_TARGET)['Binding'])}")
    shown = ""
    while "IncrementalScanning" not in shown:
        binding = client.call("GetBinding", **_TARGET)["Binding"]
        if describe(binding) != shown:
            shown = describe(binding)
            say(f"GetBinding       {shown}")
        time.sleep(0.02)


def _change_and_find(client: Client, bucket: Path) -> None:
    """Add a file while the binding follows, and wait until a query finds it."""
    (bucket / "documents" / "added-later.txt").write_text("written after the full scan\n", "utf-8")
    written = time.monotonic()
    parameters = query_parameters('Filename ~ "added-later"', None)
    target = {name: _TARGET[name] for name in ("ProjectName", "DatasetName")}
    while not client.call("SimpleQuery", **target, **parameters).get("Files"):
        if time.monotonic() - written > 30:
            raise click.ClickException("the new file did not reach the dataset; see server.log")
        time.sleep(0.02)
    click.echo(f"added a file     found by SimpleQuery after {time.monotonic() - written:.2f} s")


def _show(client: Client, expression: str, sort: str) -> None:
    target = {name: _TARGET[name] for name in ("ProjectName", "DatasetName")}
    answer = client.call("SimpleQuery", **target, **query_parameters(expression, sort))
    click.echo(f"\nbindery query '{expression}' --sort '{sort}'   ({answer['TotalHits']} files)")
    console().print(files_table(answer["Files"]))
