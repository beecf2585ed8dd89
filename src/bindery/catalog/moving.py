"""Moves a record from SQLite to PostgreSQL or back, while no server uses either.

Indexes need not know: they belong to the record wherever it is, by its identity. The record that was moved away gets
another one, so that no index ever follows both.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

from bindery.catalog.opening import postgresql_module
from bindery.catalog.record.folder_lock import filling_folder
from bindery.catalog.record.moving import Progress, move_tables
from bindery.catalog.record.sqlite.moving import new_record, opened_record
from bindery.catalog.records import CatalogUnusable
from bindery.data_folder import give_to_owner, open_data_folder

_RECORD = "catalog.db"
_FILLED = "moving"
_MOVE_AGAIN = (
    f"bindery catalog move was ended before it was done; remove {_FILLED} and unfinished from it, and move "
    "again"
)


def move_to_postgresql(folder: Path, url: str, progress: Progress) -> dict[str, int]:
    """The record of a data folder into empty tables; rows of each table.

    After a failure or a crash they are still empty. Raises CatalogUnusable, CatalogInUse.
    """
    if not (folder / _RECORD).is_file():
        raise CatalogUnusable(f"no catalog in {folder}; name the data folder of a server")
    with opened_record(folder) as source:
        source.pack(progress)
        with postgresql_module("moving").opened_record(url) as target:
            tables = source.tables()
            target.check_empty(tables)
            moved = move_tables(tables, source, target, progress)
            source.part()
    give_to_owner(folder)
    return moved


def move_to_sqlite(url: str, folder: Path, progress: Progress) -> dict[str, int]:
    """The record of a database into a data folder that has none; rows of each table.

    A crash leaves a folder that no server starts on. Raises CatalogUnusable, CatalogInUse, OSError.
    """
    postgresql_module("inspection").check_there(url)
    if (folder / _RECORD).exists():
        raise CatalogUnusable(
            f"there is a record in {folder} already; move {_RECORD} with its -wal and -shm files away, or name a new "
            "folder"
        )
    with ExitStack() as held:
        source = held.enter_context(postgresql_module("moving").opened_record(url))
        open_data_folder(folder)
        held.enter_context(filling_folder(folder, _MOVE_AGAIN))
        with new_record(folder / _FILLED) as target:
            renumbered = source.renumber()
            moved = move_tables(target.tables(), source, target, progress)
            if renumbered:
                target.number_anew()
        source.part(url)
        (folder / _FILLED / _RECORD).rename(folder / _RECORD)
        shutil.rmtree(folder / _FILLED)
    give_to_owner(folder)
    return moved
