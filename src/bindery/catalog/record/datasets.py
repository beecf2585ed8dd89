"""Datasets."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.catalog.query.values import INT64_MAX
from bindery.catalog.record.announcing import Announcing
from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.index_calls import IndexCalls
from bindery.catalog.record.projects import Projects
from bindery.catalog.record.statements import load_statements
from bindery.catalog.record.stored import encode, with_id
from bindery.catalog.records import (
    AlreadyExists,
    Dataset,
    LimitExceeded,
    Limits,
    NotEmpty,
    NotFound,
    Statistics,
)

_REMOVED_PAGE = 5_000
_LIMITS_PAGE = 500
_SQL = load_statements("datasets")
_DATASET_DELETED = "[ResourceNotFound] The dataset was deleted before the file was indexed."
_dataset_decoder = msgspec.json.Decoder(Dataset)


class Datasets:
    """Rows of ``dataset``. Implements ``interface.datasets.Datasets``; ``deleted`` hears of each that is gone."""

    def __init__(
        self,
        database: Database,
        projects: Projects,
        calls: IndexCalls,
        announcing: Announcing,
        deleted: Callable[[int], None],
    ) -> None:
        self._database = database
        self._projects = projects
        self._calls = calls
        self._announcing = announcing
        self._deleted = deleted

    def create(self, dataset: Dataset) -> Dataset:
        """``project_id`` is looked up by name. Raises NotFound, AlreadyExists, LimitExceeded."""
        with self._database.transaction() as connection:
            project = self._projects.get(dataset.project_name, connection)
            dataset = msgspec.structs.replace(dataset, project_id=project.id)
            names = {"project": dataset.project_name, "name": dataset.name}
            if connection.execute(_SQL.select_dataset, names).fetchone():
                raise AlreadyExists("dataset")
            held = connection.execute(_SQL.count_datasets, {"project_id": project.id}).fetchone()[0]
            if held >= project.project_max_dataset_count:
                raise LimitExceeded("ProjectMaxDatasetCount")
            values = {"project_id": project.id, "name": dataset.name, "body": encode(dataset)}
            made = connection.execute(_SQL.insert_dataset, values).fetchone()
            return msgspec.structs.replace(dataset, id=made[0])

    def get(self, project_name: str, name: str, connection: Connection | None = None) -> Dataset:
        """Raises NotFound for the project or for the dataset."""
        connection = connection or self._database.reader
        row = connection.execute(_SQL.select_dataset, {"project": project_name, "name": name}).fetchone()
        if row is None:
            self._projects.get(project_name, connection)
            raise NotFound("dataset")
        return with_id(_dataset_decoder, row)

    def get_by_id(self, dataset_id: int, connection: Connection | None = None) -> Dataset:
        """Raises NotFound."""
        connection = connection or self._database.reader
        row = connection.execute(_SQL.select_dataset_by_id, {"id": dataset_id}).fetchone()
        if row is None:
            raise NotFound("dataset")
        return with_id(_dataset_decoder, row)

    def update(self, project_name: str, name: str, change: Callable[[Dataset], Dataset]) -> Dataset:
        """Raises NotFound."""
        with self._database.transaction() as connection:
            dataset = change(self.get(project_name, name, connection))
            connection.execute(_SQL.update_dataset, {"id": dataset.id, "body": encode(dataset)})
            return dataset

    def pass_on_limits(self, project_name: str, before: Limits, after: Limits) -> None:
        """Give each cap that differs to the datasets of the project that have the one of ``before``; by pages,
        between which others write. Raises NotFound."""
        last = ""
        while before != after and (page := self.list(project_name, after=last, limit=_LIMITS_PAGE)):
            last = page[-1].name
            with self._database.transaction() as connection:
                for listed in page:
                    self._take_limits(connection, listed.id, before, after)

    def _take_limits(self, connection: Connection, dataset_id: int, before: Limits, after: Limits) -> None:
        try:
            dataset = self.get_by_id(dataset_id, connection)
        except NotFound:
            return  # deleted meanwhile
        taken = {
            name: getattr(after, name)
            for name in Limits.__struct_fields__
            if getattr(dataset.limits, name) == getattr(before, name)
        }
        limits = msgspec.structs.replace(dataset.limits, **taken)
        if limits != dataset.limits:
            changed = msgspec.structs.replace(dataset, limits=limits)
            connection.execute(_SQL.update_dataset, {"id": dataset_id, "body": encode(changed)})

    def delete(self, project_name: str, name: str) -> None:
        """With the calls of explicit indexing that wait for it. Raises NotFound, NotEmpty."""
        self._forget_removed(self.get(project_name, name))
        with self._database.transaction() as connection:
            dataset = self.get(project_name, name, connection)
            self._announcing.calls_ended(
                connection, self._calls.abandon(connection, dataset.id, _DATASET_DELETED)
            )
            self._delete_row(connection, dataset)
        self._deleted(dataset.id)

    def _forget_removed(self, dataset: Dataset) -> None:
        """Rows of removed entries that the index has not seen go first, by pages, so that no writer waits for long."""
        values = {"id": dataset.id, "limit": _REMOVED_PAGE}
        if self.statistics(dataset.project_name, dataset.name).file_count:
            return
        while True:
            with self._database.transaction() as connection:
                if connection.execute(_SQL.delete_dataset_tombstones, values).rowcount < _REMOVED_PAGE:
                    return

    def _delete_row(self, connection: Connection, dataset: Dataset) -> None:
        bindings, files, _ = connection.execute(_SQL.dataset_statistics, {"id": dataset.id}).fetchone()
        if bindings or files:
            raise NotEmpty("dataset", "bindings" if bindings else "files")
        connection.execute(_SQL.delete_dataset_tombstones, {"id": dataset.id, "limit": INT64_MAX})
        connection.execute(_SQL.delete_dataset, {"id": dataset.id})

    def statistics(self, project_name: str, name: str) -> Statistics:
        """Exact counts. Raises NotFound."""
        dataset = self.get(project_name, name)
        row = self._database.reader.execute(_SQL.dataset_statistics, {"id": dataset.id}).fetchone()
        if row is None:  # deleted a moment ago
            raise NotFound("dataset")
        return Statistics(bind_count=row[0], file_count=row[1], total_file_size=row[2])

    def list(
        self, project_name: str, *, prefix: str = "", after: str = "", limit: int = 100
    ) -> list[Dataset]:
        """Ascending by name. Raises NotFound for the project."""
        project = self._projects.get(project_name)
        values = {"project_id": project.id, "prefix": prefix, "after": after, "limit": limit}
        rows = self._database.reader.execute(_SQL.list_datasets, values).fetchall()
        return [with_id(_dataset_decoder, row) for row in rows]
