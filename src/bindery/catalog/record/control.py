"""Projects, datasets and bindings."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec

from bindery.catalog.record.database import Database
from bindery.catalog.record.statements import load_statements
from bindery.catalog.records import (
    AlreadyExists,
    Binding,
    Dataset,
    LimitExceeded,
    NotEmpty,
    NotFound,
    Project,
    Statistics,
)

MAX_PROJECTS = 100
"""Projects of an account, the vendor's default."""

_SQL = load_statements("control")
_Stored = TypeVar("_Stored", Project, Dataset, Binding)
_project_decoder = msgspec.json.Decoder(Project)
_dataset_decoder = msgspec.json.Decoder(Dataset)
_binding_decoder = msgspec.json.Decoder(Binding)


class Control:
    """The control plane of the record. Bindings are cached: clients poll them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bindings: dict[tuple[str, str, str], Binding] = {}
        self._bindings_lock = threading.Lock()
        self._bindings_version = 0

    # projects

    def create_project(self, project: Project) -> Project:
        """Raises AlreadyExists, LimitExceeded."""
        with self._database.transaction() as connection:
            if connection.execute(_SQL.select_project, {"name": project.name}).fetchone():
                raise AlreadyExists("project")
            if connection.execute(_SQL.count_projects).fetchone()[0] >= MAX_PROJECTS:
                raise LimitExceeded("ProjectCount")
            row = connection.execute(_SQL.insert_project, {"name": project.name, "body": _encode(project)})
            return msgspec.structs.replace(project, id=row.lastrowid)

    def get_project(self, name: str, connection: sqlite3.Connection | None = None) -> Project:
        """Raises NotFound."""
        row = (connection or self._database.reader).execute(_SQL.select_project, {"name": name}).fetchone()
        if row is None:
            raise NotFound("project")
        return _with_id(_project_decoder, row)

    def list_projects(
        self, *, prefix: str = "", tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> list[Project]:
        """Those that carry all of ``tags``, ascending by name."""
        values = {"prefix": prefix, "after": after}
        rows = self._database.reader.execute(_SQL.list_projects, values).fetchall()
        projects = (_with_id(_project_decoder, row) for row in rows)
        wanted = [project for project in projects if (tags or {}).items() <= project.tags.items()]
        return wanted[:limit]

    def update_project(self, name: str, change: Callable[[Project], Project]) -> Project:
        """Raises NotFound."""
        with self._database.transaction() as connection:
            project = change(self.get_project(name, connection))
            connection.execute(_SQL.update_project, {"id": project.id, "body": _encode(project)})
            return project

    def delete_project(self, name: str) -> None:
        """Raises NotFound, NotEmpty."""
        with self._database.transaction() as connection:
            project = self.get_project(name, connection)
            if connection.execute(_SQL.count_datasets, {"project_id": project.id}).fetchone()[0]:
                raise NotEmpty("project", "datasets")
            connection.execute(_SQL.delete_project, {"id": project.id})

    def project_statistics(self, name: str) -> Statistics:
        """Exact counts over all datasets. Raises NotFound."""
        project = self.get_project(name)
        row = self._database.reader.execute(_SQL.project_statistics, {"id": project.id}).fetchone()
        return Statistics(
            dataset_count=row[0], file_count=row[1], total_file_size=row[2], bind_count=row[3]
        )

    # datasets

    def create_dataset(self, dataset: Dataset) -> Dataset:
        """``project_id`` is looked up by name. Raises NotFound, AlreadyExists, LimitExceeded."""
        with self._database.transaction() as connection:
            project = self.get_project(dataset.project_name, connection)
            dataset = msgspec.structs.replace(dataset, project_id=project.id)
            names = {"project": dataset.project_name, "name": dataset.name}
            if connection.execute(_SQL.select_dataset, names).fetchone():
                raise AlreadyExists("dataset")
            held = connection.execute(_SQL.count_datasets, {"project_id": project.id}).fetchone()[0]
            if held >= project.project_max_dataset_count:
                raise LimitExceeded("ProjectMaxDatasetCount")
            values = {"project_id": project.id, "name": dataset.name, "body": _encode(dataset)}
            row = connection.execute(_SQL.insert_dataset, values)
            return msgspec.structs.replace(dataset, id=row.lastrowid)

    def get_dataset(
        self, project_name: str, name: str, connection: sqlite3.Connection | None = None
    ) -> Dataset:
        """Raises NotFound for the project or for the dataset."""
        connection = connection or self._database.reader
        row = connection.execute(_SQL.select_dataset, {"project": project_name, "name": name}).fetchone()
        if row is None:
            self.get_project(project_name, connection)
            raise NotFound("dataset")
        return _with_id(_dataset_decoder, row)

    def get_dataset_by_id(self, dataset_id: int, connection: sqlite3.Connection | None = None) -> Dataset:
        """Raises NotFound."""
        connection = connection or self._database.reader
        row = connection.execute(_SQL.select_dataset_by_id, {"id": dataset_id}).fetchone()
        if row is None:
            raise NotFound("dataset")
        return _with_id(_dataset_decoder, row)

    def list_datasets(
        self, project_name: str, *, prefix: str = "", after: str = "", limit: int = 100
    ) -> list[Dataset]:
        """Ascending by name. Raises NotFound for the project."""
        project = self.get_project(project_name)
        values = {"project_id": project.id, "prefix": prefix, "after": after, "limit": limit}
        rows = self._database.reader.execute(_SQL.list_datasets, values).fetchall()
        return [_with_id(_dataset_decoder, row) for row in rows]

    def update_dataset(self, project_name: str, name: str, change: Callable[[Dataset], Dataset]) -> Dataset:
        """Raises NotFound."""
        with self._database.transaction() as connection:
            dataset = change(self.get_dataset(project_name, name, connection))
            connection.execute(_SQL.update_dataset, {"id": dataset.id, "body": _encode(dataset)})
            return dataset

    def delete_dataset(self, connection: sqlite3.Connection, dataset: Dataset) -> None:
        """Raises NotEmpty."""
        bindings, files, _ = connection.execute(_SQL.dataset_statistics, {"id": dataset.id}).fetchone()
        if bindings or files:
            raise NotEmpty("dataset", "bindings" if bindings else "files")
        connection.execute(_SQL.delete_dataset_tombstones, {"id": dataset.id})
        connection.execute(_SQL.delete_dataset, {"id": dataset.id})

    def dataset_statistics(self, project_name: str, name: str) -> Statistics:
        """Exact counts. Raises NotFound."""
        dataset = self.get_dataset(project_name, name)
        row = self._database.reader.execute(_SQL.dataset_statistics, {"id": dataset.id}).fetchone()
        return Statistics(bind_count=row[0], file_count=row[1], total_file_size=row[2])

    # bindings

    def create_binding(self, connection: sqlite3.Connection, binding: Binding) -> Binding:
        """``dataset_id`` is looked up by name. Raises NotFound, AlreadyExists, LimitExceeded."""
        dataset = self.get_dataset(binding.project_name, binding.dataset_name, connection)
        binding = msgspec.structs.replace(binding, dataset_id=dataset.id)
        if connection.execute(_SQL.select_binding, _binding_names(binding)).fetchone():
            raise AlreadyExists("binding")
        held = connection.execute(_SQL.count_bindings, {"dataset_id": dataset.id}).fetchone()[0]
        if held >= dataset.limits.dataset_max_bind_count:
            raise LimitExceeded("DatasetMaxBindCount")
        values = {"dataset_id": dataset.id, "bucket": binding.bucket, "body": _encode(binding)}
        row = connection.execute(_SQL.insert_binding, values)
        return msgspec.structs.replace(binding, id=row.lastrowid)

    def get_binding(self, project_name: str, dataset_name: str, bucket: str) -> Binding:
        """Raises NotFound for the project, the dataset or the binding."""
        names = (project_name, dataset_name, bucket)
        found = self._bindings.get(names)
        if found is not None:
            return found
        version = self._bindings_version
        values = {"project": project_name, "dataset": dataset_name, "bucket": bucket}
        row = self._database.reader.execute(_SQL.select_binding, values).fetchone()
        if row is None:
            self.get_dataset(project_name, dataset_name)
            raise NotFound("binding")
        binding = _with_id(_binding_decoder, row)
        with self._bindings_lock:
            if version == self._bindings_version:
                self._bindings[names] = binding
        return binding

    def get_binding_by_id(self, binding_id: int, connection: sqlite3.Connection | None = None) -> Binding:
        """Raises NotFound."""
        connection = connection or self._database.reader
        row = connection.execute(_SQL.select_binding_by_id, {"id": binding_id}).fetchone()
        if row is None:
            raise NotFound("binding")
        return _with_id(_binding_decoder, row)

    def list_bindings(
        self,
        *,
        project_name: str | None = None,
        dataset_name: str | None = None,
        bucket: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int | None = None,
    ) -> list[Binding]:
        """Raises NotFound for a named project or dataset that does not exist."""
        if project_name is not None and dataset_name is not None:
            self.get_dataset(project_name, dataset_name)
        elif project_name is not None:
            self.get_project(project_name)
        values: dict[str, str | int | None] = {
            "project": project_name,
            "dataset": dataset_name,
            "bucket": bucket,
            "after_dataset": after[0],
            "after_bucket": after[1],
            "limit": -1 if limit is None else limit,
        }
        rows = self._database.reader.execute(_SQL.list_bindings, values).fetchall()
        return [_with_id(_binding_decoder, row) for row in rows]

    def put_binding(self, connection: sqlite3.Connection, binding: Binding) -> Binding:
        """Replace a binding; call ``forget_bindings`` after the transaction."""
        connection.execute(_SQL.update_binding, {"id": binding.id, "body": _encode(binding)})
        return binding

    def delete_binding(self, connection: sqlite3.Connection, binding_id: int) -> Binding:
        """Remove the binding and its ledger, and return what it was; call ``forget_bindings`` after the
        transaction. Raises NotFound."""
        binding = self.get_binding_by_id(binding_id, connection)
        connection.execute(_SQL.delete_binding_ledger, {"id": binding_id})
        connection.execute(_SQL.delete_binding_buried, {"id": binding_id})
        connection.execute(_SQL.delete_binding, {"id": binding_id})
        return binding

    def forget_bindings(self) -> None:
        """Drop the cache after a write; a read that began before it may not fill it again."""
        with self._bindings_lock:
            self._bindings_version += 1
            self._bindings.clear()


def _binding_names(binding: Binding) -> dict[str, str]:
    return {"project": binding.project_name, "dataset": binding.dataset_name, "bucket": binding.bucket}


def _encode(stored: Project | Dataset | Binding) -> bytes:
    return msgspec.json.encode(stored)


def _with_id(decoder: msgspec.json.Decoder[_Stored], row: tuple[int, bytes]) -> _Stored:
    stored = decoder.decode(row[1])
    return msgspec.structs.replace(stored, id=row[0])
