"""``bindery restore``: a data folder of a backup."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from bindery.access.sealing import FILE as SEALING_KEY_FILE
from bindery.catalog.backup import restore_backup
from bindery.cli.backup import describe
from bindery.cli.options import FOLDER
from bindery.cli.output import say
from bindery.cli.progress import progress_shown


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--data", type=FOLDER, required=True, help="Data folder to make; one that is there must be empty."
)
def restore(folder: Path, data: Path) -> None:
    """Verify the backup in FOLDER, and make a new data folder of it, on which a server can be started.

    An existing data folder is never written to: restore beside it, and give the server the new one.

    \b
    bindery restore /backup/monday --data /var/lib/bindery-restored
    bindery serve --data /var/lib/bindery-restored --config /etc/bindery/bindery.toml
    bindery audit
    """
    with progress_shown() as show:
        manifest = restore_backup(folder, data, show)
    say(f"{data}: {describe(manifest)}")
    say(f"start a server on it: bindery serve --data {shlex.quote(str(data))}; it builds the index then")
    if manifest.rows.get("access_key") and not (data / SEALING_KEY_FILE).exists():
        say(
            f"it has access keys: put {SEALING_KEY_FILE} of the same time into it first, or name it with "
            "access.sealing_key_file"
        )
    say("then see whether datasets still equal their buckets: bindery audit (--repair mends what differs)")
