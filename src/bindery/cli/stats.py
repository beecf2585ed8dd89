"""``bindery stats``: where the bytes of a data folder are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.filesize import decimal
from rich.table import Table

from bindery.catalog.record.sizes import Documents, RecordSizes, Relation
from bindery.cli.options import FOLDER, config_option
from bindery.cli.output import cell, console, say, say_json, table
from bindery.config import load_config
from bindery.stats import DatasetStats, FolderSize, Stats, measure

_SMALL = 0.005
"""Tables and indexes below this share of the record are told together."""
_NAMES = {
    "index": "indexes",
    "thumbnails": "thumbnails",
    "audit": "audit log",
    "used-nonces": "used nonces",
    "other": "other files",
}


@click.command()
@config_option("Configuration file of the server; it says where a record in PostgreSQL is.")
@click.option("--data", type=FOLDER, envvar="BINDERY_DATA", help="Data folder.")
@click.option(
    "--datasets",
    "most",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Most datasets to show, those with most entries.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object, in bytes.")
def stats(*, config_file: Path | None, data: Path | None, most: int, as_json: bool) -> None:
    """Show where the bytes are: tables and indexes of the record, index files by dataset, thumbnails, logs, the disk.

    Reads the data folder on this machine, changes nothing, and may run beside a running server. What would take
    long to count is estimated, and marked with ~.

    \b
    bindery stats --data /var/lib/bindery/data
    bindery stats --config /etc/bindery/bindery.toml --datasets 100
    bindery stats --json > stats.json
    """
    found = measure(load_config(config_file, {} if data is None else {"data": data}))
    if as_json:
        say_json(_as_json(found, most), indent=2)
        return
    shown = console()
    shown.print(folder_table(found))
    shown.print(record_table(found.record))
    for line in _lines(found.record):
        say(line)
    if found.datasets and most:
        shown.print(datasets_table(found.datasets[:most]))
    if further := found.record.dataset_count - min(most, len(found.datasets)):
        say(f"{further:,} more datasets; --datasets shows more of them")


def _as_json(found: Stats, most: int) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(found)
    made["datasets"] = made["datasets"][:most]
    del made["record"]["datasets"]  # the same, without their indexes
    return made


def folder_table(found: Stats) -> Table:
    """One row a part of the data folder."""
    made = table(found.data, "Files", "Bytes")
    made.columns[1].justify = made.columns[2].justify = "right"
    record = found.record
    if record.kind == "SQLite":
        made.add_row("record", "1", decimal(record.bytes))
        made.add_row("record's log", "", decimal(record.log))
    for name, size in found.folders.items():
        made.add_row(_NAMES[name], f"{size.files:,}", _at_least(size))
    made.add_section()
    made.add_row("together", "", decimal(found.bytes))
    made.add_row("free on the disk", "", f"{decimal(found.disk_free)} of {decimal(found.disk_bytes)}")
    return made


def _at_least(size: FolderSize) -> str:
    return decimal(size.bytes) if size.is_complete else f"> {decimal(size.bytes)}"


def record_table(record: RecordSizes) -> Table:
    """One row a table of some size, and below it one an index."""
    made = table(f"Record in {record.kind}", "Rows", "Bytes", "Share")
    for column in made.columns[1:]:
        column.justify = "right"
    about = "" if record.how == "counted" else "~"
    small, count = 0, 0
    for relation in _by_table(record.relations):
        if relation.bytes < _SMALL * record.bytes:
            small, count = small + relation.bytes, count + 1
            continue
        name = f"  index {relation.name}" if relation.is_index else relation.name
        rows = "" if relation.rows is None else f"{relation.rows:,}"
        _add_size(made, name, relation.bytes, record.bytes, rows=rows, about=about)
    if count:
        _add_size(made, f"{count} smaller ones", small, record.bytes, about=about)
    if record.free:
        _add_size(made, "free", record.free, record.bytes)
    if record.other:
        rest = "not counted" if record.how == "incomplete" else "page map"
        _add_size(made, rest, record.other, record.bytes, about=about)
    made.add_section()
    _add_size(made, "together", record.bytes, record.bytes)
    return made


def _add_size(made: Table, name: str, held: int, of: int, *, rows: str = "", about: str = "") -> None:
    made.add_row(cell(name), rows, about + decimal(held), f"{about}{held / max(1, of):.1%}")


def _by_table(relations: tuple[Relation, ...]) -> Iterator[Relation]:
    """The table that takes most with its indexes first; an index behind its table."""
    ordered = sorted(relations, key=lambda each: each.table)
    groups = [list(group) for _, group in groupby(ordered, key=lambda each: each.table)]
    groups.sort(key=lambda group: -sum(each.bytes for each in group))
    for group in groups:
        yield from sorted(group, key=lambda each: (each.is_index, -each.bytes))


def _lines(record: RecordSizes) -> Iterator[str]:
    if record.how == "estimated":
        yield "Bytes of tables are estimated from 20,000 pages of the file: it is too large to be counted quickly."
    elif record.how == "incomplete":
        yield "Not everything could be counted in time; VACUUM as in: bindery docs operations"
    if record.entries:
        each = (record.bytes - record.free) / record.entries
        yield f"{record.entries:,} entries ({decimal(record.file_bytes)} of files): {each:,.0f} bytes of record each"
    if record.documents is not None:
        yield from _document_lines(record.documents)


def _document_lines(held: Documents) -> Iterator[str]:
    about = f" (of {held.sampled:,} at random)" if held.is_estimated else ""
    smaller = held.unpacked / max(1.0, held.packed)
    yield (
        f"a document: {held.packed:,.0f} bytes, {held.unpacked:,.0f} unpacked ({smaller:.1f} times){about}; "
        f"fields of callers {held.own:,.0f}, text {held.text:,.0f}"
    )
    yield f"dictionaries: {held.dictionaries}, {decimal(held.dictionary_bytes)}"
    if held.plain_share:
        yield f"{held.plain_share:.0%} of the documents are not packed yet; the server does it by and by"


def datasets_table(datasets: tuple[DatasetStats, ...]) -> Table:
    """One row a dataset."""
    made = table("Dataset", "Entries", "Files", "Columns", "Texts", "Index an entry")
    for column in made.columns[1:]:
        column.justify = "right"
    for each in datasets:
        index = each.index
        an_entry = f"{index.bytes / each.entries:,.0f}" if each.entries else ""
        building = f" + {decimal(index.building)} being built" if index.building else ""
        made.add_row(
            cell(f"{each.project}/{each.dataset}"),
            f"{each.entries:,}",
            decimal(each.file_bytes),
            decimal(index.columns) + building,
            decimal(index.texts),
            an_entry,
        )
    return made
