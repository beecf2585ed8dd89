"""``bindery catalog``: where the record is kept."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
import structlog

from bindery.catalog.moving import move_to_postgresql, move_to_sqlite
from bindery.cli.output import say
from bindery.cli.progress import progress_shown
from bindery.log import structlog_configured

_SCHEMES = ("postgresql://", "postgres://")


@click.group()
def catalog() -> None:
    """Care of the record, the truth that the index is derived from.

    \b
    bindery catalog move /var/lib/bindery/data postgresql://bindery@db.example.org/bindery
    """


@catalog.command()
@click.argument("source")
@click.argument("target")
def move(source: str, target: str) -> None:
    """Move the record from a data folder (SQLite) to PostgreSQL, or back: SOURCE and TARGET are a folder and a URL.

    The servers of both must be stopped. The target must be empty: tables of PostgreSQL are made, a data folder may
    hold anything but a record. Every row is copied and then compared. The source stays as it is, as a backup; when
    the move is ended before it is done, nothing has changed but for a target that no server starts on.

    \b
    bindery catalog move /var/lib/bindery/data postgresql://bindery@db.example.org/bindery
    bindery catalog move postgresql://bindery@db.example.org/bindery /var/lib/bindery/back

    Give the password in PGPASSWORD or ~/.pgpass.
    """
    to_postgresql = target.startswith(_SCHEMES)
    if source.startswith(_SCHEMES) == to_postgresql:
        raise click.UsageError("one of SOURCE and TARGET is a data folder, the other a postgresql:// URL")
    if "" in (source, target):
        raise click.UsageError("a folder is empty; . is the folder you are in")
    # A command says what it was asked for on its standard output, and nothing else.
    to_stderr = structlog_configured(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with to_stderr, progress_shown() as show:
        if to_postgresql:
            moved = move_to_postgresql(Path(source), target, show)
        else:
            moved = move_to_sqlite(source, Path(target), show)
    rows = sum(moved.values())
    say(f"{rows:,} rows of {len(moved)} tables were moved, and compared: {moved['file']:,} of entries")
    if to_postgresql:
        say("now set catalog.url in the configuration, and start the server on the same data folder;")
        say(f"keep {Path(source) / 'catalog.db'} as a backup, or remove it with its -wal and -shm files")
    else:
        say(
            f"now take catalog.url out of the configuration, and start the server with --data {shlex.quote(target)}"
        )
    say("the index is used as it is, or built anew where it does not fit; bindery audit proves all of it")
