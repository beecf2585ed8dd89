"""Searches that somebody has given a name."""

from __future__ import annotations

import builtins
from typing import Any

from bindery.catalog.interface.saved_searches import MOST_SAVED, SavedSearch
from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.datasets import Datasets
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import AlreadyExists, LimitExceeded, NotFound

_SQL = load_statements("saved_searches")
_KIND = "saved search"


class SavedSearches:
    """Rows of ``saved_search``. Implements ``interface.saved_searches.SavedSearches``."""

    def __init__(self, database: Database, datasets: Datasets) -> None:
        self._database, self._datasets = database, datasets

    def put(self, dataset_id: int, owner: str, search: SavedSearch, *, previous: str = "") -> None:
        """Save it; with ``previous`` that one gets the new name."""
        mine = {"dataset_id": dataset_id, "owner": owner}
        values = mine | {
            "name": search.name,
            "expression": search.expression,
            "update_time": search.update_time,
        }
        with self._database.transaction() as connection:
            self._datasets.get_by_id(dataset_id, connection)
            if previous and previous != search.name:
                if _exists(connection, values):
                    raise AlreadyExists(_KIND)
                _delete(connection, mine | {"name": previous})
            elif previous and not _exists(connection, values):
                raise NotFound(_KIND)
            connection.execute(_SQL.put_search, values)
            if connection.execute(_SQL.count_searches, mine).fetchone()[0] > MOST_SAVED:
                raise LimitExceeded("SavedSearches")

    def list(self, dataset_id: int, owner: str) -> builtins.list[SavedSearch]:
        """All of them, ascending by name."""
        values = {"dataset_id": dataset_id, "owner": owner}
        rows = self._database.reader.execute(_SQL.list_searches, values).fetchall()
        return [SavedSearch(*row) for row in rows]

    def delete(self, dataset_id: int, owner: str, name: str) -> None:
        """Raises NotFound."""
        with self._database.transaction() as connection:
            _delete(connection, {"dataset_id": dataset_id, "owner": owner, "name": name})


def _exists(connection: Connection, values: dict[str, Any]) -> bool:
    return connection.execute(_SQL.select_search, values).fetchone() is not None


def _delete(connection: Connection, values: dict[str, Any]) -> None:
    if connection.execute(_SQL.delete_search, values).rowcount == 0:
        raise NotFound(_KIND)
