"""``bindery restore``: a data folder of a backup."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from bindery.access.sealing import FILE as SEALING_KEY_FILE
from bindery.catalog.backup import restore_backup
from bindery.cli.backup import describe
from bindery.cli.options import FOLDER, config_option
from bindery.cli.output import say
from bindery.cli.progress import progress_shown
from bindery.cli.restored import audit_restored
from bindery.config import load_config


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--data", type=FOLDER, required=True, help="Data folder to make; one that is there must be empty."
)
@click.option(
    "--audit", "is_audited", is_flag=True,
    help="Then read every entry, and compare every dataset with its buckets; ends with 1 when something differs.",
)  # fmt: skip
@config_option("Configuration file of the server, for its buckets; with --audit.")
def restore(folder: Path, data: Path, *, is_audited: bool, config_file: Path | None) -> None:
    """Verify the backup in FOLDER, and make a new data folder of it, on which a server can be started.

    An existing data folder is never written to: restore beside it, and give the server the new one.

    \b
    bindery restore /backup/monday --data /var/lib/bindery-restored --audit --config /etc/bindery/bindery.toml
    bindery serve --data /var/lib/bindery-restored --config /etc/bindery/bindery.toml
    """
    if is_audited:
        load_config(config_file, {"data": data})  # what is wrong with it is told before anything is done
    with progress_shown() as show:
        manifest = restore_backup(folder, data, show)
    say(f"{data}: {describe(manifest)}")
    say(f"start a server on it: bindery serve --data {shlex.quote(str(data))}; it builds the index then")
    is_sealed = any(manifest.rows.get(table) for table in ("access_key", "registered_bucket"))
    if is_sealed and not (data / SEALING_KEY_FILE).exists():
        say(
            f"it has access keys or registered buckets: put {SEALING_KEY_FILE} of the same time into it first, or name "
            "it with access.sealing_key_file"
        )
    if is_audited:
        if not audit_restored(data, config_file):
            say(
                "what changed in the buckets since the backup differs, too: the server's next listing brings it",
                err=True,
            )
            raise SystemExit(1)
        return
    say("then see whether datasets still equal their buckets: bindery audit (--repair mends what differs)")
