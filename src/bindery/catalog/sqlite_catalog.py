"""The default catalog: the record in SQLite, the index in DuckDB, both in one folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timezone
from pathlib import Path

import msgspec

from bindery.catalog.announcer import Announcer, Silent
from bindery.catalog.catalog import AggregationResult, Page
from bindery.catalog.index.index import Index
from bindery.catalog.query.syntax import Aggregation, Node, SortField
from bindery.catalog.record.buried import Buried
from bindery.catalog.record.control import Control
from bindery.catalog.record.database import Database
from bindery.catalog.record.entries import Entries
from bindery.catalog.record.index_calls import IndexCalls
from bindery.catalog.record.ledger import Ledger
from bindery.catalog.record.outbox import Outbox
from bindery.catalog.record.pending import PendingChanges
from bindery.catalog.record.selection import Selection
from bindery.catalog.record.tasks import Tasks
from bindery.catalog.records import (
    Backlog,
    Binding,
    BindingState,
    Dataset,
    FileRecord,
    FileSummary,
    FileWrite,
    IndexCall,
    KnownFile,
    LedgerEntry,
    LedgerFilter,
    PendingChange,
    PendingNotification,
    Project,
    ScanCommit,
    SoughtFile,
    Statistics,
    Task,
)
from bindery.clock import DEFAULT_ZONE, now_ns

_DATASET_DELETED = "[ResourceNotFound] The dataset was deleted before the file was indexed."


class SqliteCatalog:
    """Implements ``catalog.Catalog``. Raises CatalogUnusable when the folder cannot be used."""

    def __init__(
        self,
        folder: Path,
        *,
        account_id: str,
        zone: timezone = DEFAULT_ZONE,
        announcer: Announcer | None = None,
    ) -> None:
        self._database = Database(folder)
        self._announcer = announcer or Silent()
        self._control = Control(self._database)
        self._entries = Entries(self._database, account_id, zone)
        self._ledger = Ledger(self._database)
        self._buried = Buried(self._database)
        self._selection = Selection(self._database)
        self._tasks = Tasks(self._database)
        self._pending = PendingChanges(self._database)
        self._calls = IndexCalls(self._database)
        self._outbox = Outbox(self._database)
        try:
            self._index = Index(folder / "index.duckdb", self._entries, zone)
        except BaseException:
            self._database.close()
            raise

    # control plane

    def create_project(self, project: Project) -> Project:
        """Raises AlreadyExists, LimitExceeded."""
        return self._control.create_project(project)

    def get_project(self, name: str) -> Project:
        """Raises NotFound."""
        return self._control.get_project(name)

    def list_projects(
        self, *, prefix: str = "", tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> list[Project]:
        """Ascending by name."""
        return self._control.list_projects(prefix=prefix, tags=tags, after=after, limit=limit)

    def update_project(self, name: str, change: Callable[[Project], Project]) -> Project:
        """Raises NotFound."""
        return self._control.update_project(name, change)

    def delete_project(self, name: str) -> None:
        """Raises NotFound, NotEmpty."""
        self._control.delete_project(name)

    def project_statistics(self, name: str) -> Statistics:
        """Raises NotFound."""
        return self._control.project_statistics(name)

    def create_dataset(self, dataset: Dataset) -> Dataset:
        """Raises NotFound, AlreadyExists, LimitExceeded."""
        return self._control.create_dataset(dataset)

    def get_dataset(self, project_name: str, name: str) -> Dataset:
        """Raises NotFound."""
        return self._control.get_dataset(project_name, name)

    def list_datasets(
        self, project_name: str, *, prefix: str = "", after: str = "", limit: int = 100
    ) -> list[Dataset]:
        """Ascending by name. Raises NotFound."""
        return self._control.list_datasets(project_name, prefix=prefix, after=after, limit=limit)

    def update_dataset(self, project_name: str, name: str, change: Callable[[Dataset], Dataset]) -> Dataset:
        """Raises NotFound."""
        return self._control.update_dataset(project_name, name, change)

    def delete_dataset(self, project_name: str, name: str) -> None:
        """Raises NotFound, NotEmpty."""
        with self._database.transaction() as connection:
            dataset = self._control.get_dataset(project_name, name, connection)
            self._announce_calls(connection, self._calls.abandon(connection, dataset.id, _DATASET_DELETED))
            self._control.delete_dataset(connection, dataset)
        self._index.drop_dataset(dataset.id)

    def dataset_statistics(self, project_name: str, name: str) -> Statistics:
        """Raises NotFound."""
        return self._control.dataset_statistics(project_name, name)

    def create_binding(self, binding: Binding) -> Binding:
        """Raises NotFound, AlreadyExists, LimitExceeded."""
        with self._database.transaction() as connection:
            made = self._control.create_binding(connection, binding)
            self._announce_binding(connection, None, made)
            return made

    def get_binding(self, project_name: str, dataset_name: str, bucket: str) -> Binding:
        """Raises NotFound."""
        return self._control.get_binding(project_name, dataset_name, bucket)

    def get_binding_by_id(self, binding_id: int) -> Binding:
        """Raises NotFound."""
        return self._control.get_binding_by_id(binding_id)

    def list_bindings(
        self,
        *,
        project_name: str | None = None,
        dataset_name: str | None = None,
        bucket: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int | None = None,
    ) -> list[Binding]:
        """Ascending by project, dataset, bucket. Raises NotFound."""
        return self._control.list_bindings(
            project_name=project_name, dataset_name=dataset_name, bucket=bucket, after=after, limit=limit
        )

    def update_binding(self, binding_id: int, change: Callable[[Binding], Binding]) -> Binding:
        """Raises NotFound."""
        try:
            with self._database.transaction() as connection:
                return self._change_binding(connection, binding_id, change)
        finally:
            self._control.forget_bindings()

    def delete_binding(self, binding_id: int) -> None:
        """Raises NotFound."""
        try:
            with self._database.transaction() as connection:
                binding = self._control.delete_binding(connection, binding_id)
                deleted = msgspec.structs.replace(binding, state=BindingState.DELETED, update_time=now_ns())
                self._announce_binding(connection, binding, deleted)
        finally:
            self._control.forget_bindings()

    # the work of a binding

    def commit(self, work: ScanCommit) -> None:
        """Documents, ledger, tombstones, cursor and books in one transaction."""
        now = now_ns()
        try:
            with self._database.transaction() as connection:
                binding = self._change_binding(
                    connection, work.binding_id, lambda held: _advance(held, work)
                )
                if work.files:
                    dataset = self._control.get_dataset_by_id(binding.dataset_id, connection)
                    self._entries.write(connection, dataset, work.files)
                removed = [*work.deleted_keys, *work.removed_keys]
                if removed:
                    self._buried.bury(connection, binding, removed, now)
                    uris = [f"{binding.uri}/{key}" for key in removed]
                    self._entries.remove(connection, binding.dataset_id, uris)
                self._ledger.put(connection, binding.id, work.ledger)
                self._ledger.bury(connection, binding.id, work.deleted_keys, now)
                self._ledger.drop(connection, binding.id, work.dropped_keys)
        finally:
            self._control.forget_bindings()
        self._index.wake()

    def walk_ledger(
        self, binding_id: int, *, after: str = "", prefix: str = ""
    ) -> Iterator[list[LedgerEntry]]:
        """Pages ascending by the UTF-8 bytes of the key."""
        return self._ledger.walk(binding_id, after=after, prefix=prefix)

    def walk_ledger_outside(self, binding_id: int, prefixes: Sequence[str]) -> Iterator[list[LedgerEntry]]:
        """Pages of the rows whose keys start with none of ``prefixes``."""
        return self._ledger.walk_outside(binding_id, prefixes)

    def get_ledger(self, binding_id: int, keys: Sequence[str]) -> dict[str, LedgerEntry]:
        """Rows by key."""
        return self._ledger.get(binding_id, keys)

    def find_known(
        self, binding_id: int, sought: Sequence[SoughtFile], *, buried_since: int
    ) -> dict[str, KnownFile]:
        """Raises NotFound."""
        return self._buried.find(self._control.get_binding_by_id(binding_id), sought, buried_since)

    def purge_buried(self, binding_id: int, *, before: int, limit: int) -> int:
        """In one transaction; how many were forgotten."""
        return self._buried.purge(binding_id, before, limit)

    # keys that events have named

    def add_changes(self, keys: Mapping[int, Iterable[str]]) -> None:
        """Keys by binding id, each kept once."""
        self._pending.add(keys, now_ns())

    def pending_changes(self, binding_id: int, *, after: int, limit: int) -> list[PendingChange]:
        """In the order of their first events."""
        return self._pending.after(binding_id, after, limit)

    def settle_changes(self, binding_id: int, changes: Sequence[PendingChange]) -> list[PendingChange]:
        """Remove what was dealt with; returns what stays."""
        return self._pending.settle(binding_id, changes)

    def oldest_change(self, binding_id: int) -> int | None:
        """Since when the oldest waits."""
        return self._pending.oldest(binding_id)

    def list_ledger(
        self, binding_id: int, chosen: LedgerFilter, *, after: str = "", limit: int = 1_000
    ) -> list[LedgerEntry]:
        """Rows that pass the filter, ascending by key."""
        return self._selection.ledger(binding_id, chosen, after=after, limit=limit)

    def mark_ledger(self, binding_id: int, keys: Sequence[str]) -> int:
        """Rows whose objects are to be extracted again."""
        with self._database.transaction() as connection:
            return self._selection.mark(connection, binding_id, keys)

    # entries

    def walk_files(self, dataset_id: int, prefix: str) -> Iterator[list[FileSummary]]:
        """Pages ascending by URI."""
        return self._selection.files(dataset_id, prefix)

    def accept_files(
        self, dataset_id: int, files: Sequence[tuple[str, bytes]], call: IndexCall | None = None
    ) -> None:
        """Raises NotFound, LimitExceeded, InvalidFields."""
        with self._database.transaction() as connection:
            dataset = self._control.get_dataset_by_id(dataset_id, connection)
            for uri, fields in files:
                self._entries.accept(connection, dataset, uri, fields)
            if call is not None:
                self._calls.add(connection, dataset_id, call)
        self._index.wake()

    def awaited_files(self, dataset_id: int) -> list[str]:
        """URIs for which an accepted call still waits."""
        return self._calls.awaited(dataset_id)

    def write_files(
        self, dataset_id: int, files: Sequence[FileWrite], *, existing_only: bool = False
    ) -> None:
        """Raises NotFound, LimitExceeded."""
        with self._database.transaction() as connection:
            dataset = self._control.get_dataset_by_id(dataset_id, connection)
            self._entries.write(connection, dataset, files, existing_only=existing_only)
            errors = {write.uri: write.file.reason or "" for write in files}
            self._announce_calls(connection, self._calls.settle(connection, dataset_id, errors))
        self._index.wake()

    def set_fields(self, dataset_id: int, uri: str, fields: bytes) -> None:
        """Raises NotFound, LimitExceeded, InvalidFields."""
        with self._database.transaction() as connection:
            dataset = self._control.get_dataset_by_id(dataset_id, connection)
            self._entries.set_fields(connection, dataset, uri, fields)
        self._index.wake()

    def get_files(self, dataset_id: int, uris: Sequence[str]) -> list[FileRecord]:
        """Those that exist, in the order asked."""
        return self._entries.get(dataset_id, uris)

    def delete_files(self, dataset_id: int, uris: Sequence[str]) -> None:
        """Absent entries are no error."""
        with self._database.transaction() as connection:
            self._entries.remove(connection, dataset_id, uris)
        self._index.wake()

    # queries

    def search(
        self,
        dataset_id: int,
        query: Node | None,
        *,
        sort: Sequence[SortField] = (),
        limit: int = 100,
        token: str = "",
        total: bool = True,
    ) -> Page:
        """Raises QueryError."""
        return self._index.search(dataset_id, query, sort=sort, limit=limit, token=token, total=total)

    def fuzzy_search(
        self,
        dataset_id: int,
        text: str,
        *,
        sort: Sequence[SortField] = (),
        limit: int = 100,
        token: str = "",
    ) -> Page:
        """Raises QueryError."""
        return self._index.fuzzy_search(dataset_id, text, sort=sort, limit=limit, token=token)

    def aggregate(
        self, dataset_id: int, query: Node | None, aggregations: Sequence[Aggregation], *, groups: int = 100
    ) -> list[AggregationResult]:
        """Raises QueryError."""
        return self._index.aggregate(dataset_id, query, aggregations, groups=groups)

    def rebuild_index(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Throw the index away and build it from the record."""
        self._index.rebuild(progress)

    # tasks

    def put_task(self, task: Task) -> None:
        """Insert or replace."""
        self._tasks.put(task)

    def get_task(self, project_name: str, task_type: str, task_id: str) -> Task:
        """Raises NotFound."""
        return self._tasks.get(project_name, task_type, task_id)

    def list_tasks(self, project_name: str) -> list[Task]:
        """All tasks of a project not older than seven days."""
        return self._tasks.list(project_name)

    # notifications

    def due_notifications(self, destination: str, *, limit: int) -> list[PendingNotification]:
        """Those to be sent now, the longest due first."""
        return self._outbox.due(destination, now_ns(), limit)

    def remove_notification(self, sequence: int) -> None:
        """It was delivered."""
        self._outbox.remove(sequence)

    def postpone_notification(self, sequence: int, *, due: int) -> None:
        """It was tried in vain, and is due again then."""
        self._outbox.postpone(sequence, due)

    def expire_notifications(self, *, before: int) -> dict[str, int]:
        """Forget those made before; how many by destination."""
        return self._outbox.expire(before)

    def notification_backlog(self) -> dict[str, Backlog]:
        """What waits, by destination."""
        return self._outbox.backlog()

    def close(self) -> None:
        """Close record and index. May be called twice."""
        self._index.close()
        self._database.close()

    def _change_binding(
        self, connection: sqlite3.Connection, binding_id: int, change: Callable[[Binding], Binding]
    ) -> Binding:
        """Call ``forget_bindings`` after the transaction."""
        before = self._control.get_binding_by_id(binding_id, connection)
        after = self._control.put_binding(connection, change(before))
        self._announce_binding(connection, before, after)
        return after

    def _announce_binding(
        self, connection: sqlite3.Connection, before: Binding | None, after: Binding
    ) -> None:
        self._outbox.put(connection, self._announcer.binding_changed(before, after), now_ns())

    def _announce_calls(self, connection: sqlite3.Connection, ended: Iterable[IndexCall]) -> None:
        for call in ended:
            self._outbox.put(connection, self._announcer.call_ended(call), now_ns())


def _advance(binding: Binding, work: ScanCommit) -> Binding:
    return msgspec.structs.replace(
        binding,
        cursor=binding.cursor if work.cursor is None else work.cursor,
        progress=work.progress or binding.progress,
    )
