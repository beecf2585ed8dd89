"""Bindings: their rows, and the commits of their work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import msgspec

from bindery.catalog.query.values import INT64_MAX
from bindery.catalog.record.announcing import Announcing
from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.datasets import Datasets
from bindery.catalog.record.entries import Entries
from bindery.catalog.record.key_order import text_behind
from bindery.catalog.record.ledger import Ledger
from bindery.catalog.record.projects import Projects
from bindery.catalog.record.row_locks import lock_bindings, lock_dataset
from bindery.catalog.record.statements import load_statements
from bindery.catalog.record.stored import encode, with_id
from bindery.catalog.record.tombstones import Tombstones
from bindery.catalog.record.usage import Usage
from bindery.catalog.records import (
    AlreadyExists,
    Binding,
    BindingState,
    LimitExceeded,
    NotFound,
    ScanCommit,
)
from bindery.clock import now_ns

_SQL = load_statements("bindings")
_ENTRIES, _LEDGER = "entries", "ledger"
"""What of a deleted binding goes next."""
_binding_decoder = msgspec.json.Decoder(Binding)


class Bindings:
    """Rows of ``binding``. Implements ``interface.bindings.Bindings``; cached, because clients poll them, where no
    other server changes them.

    ``written`` hears of each commit that may have changed entries.
    """

    def __init__(
        self,
        database: Database,
        projects: Projects,
        datasets: Datasets,
        entries: Entries,
        ledger: Ledger,
        tombstones: Tombstones,
        announcing: Announcing,
        usage: Usage,
        written: Callable[[], None],
    ) -> None:
        self._database = database
        self._shared = database.servers.shared
        self._projects = projects
        self._datasets = datasets
        self._entries = entries
        self._ledger = ledger
        self._tombstones = tombstones
        self._announcing = announcing
        self._usage = usage
        self._written = written
        self._cached: dict[tuple[str, str, str], Binding] = {}
        self._lock = threading.Lock()
        self._version = self._writing = 0
        self._cleaned: dict[int, str] = {}
        """The last URI that was cleaned up of a deleted binding, by its id."""

    def create(self, binding: Binding) -> Binding:
        """``dataset_id`` is looked up by name. Raises NotFound, AlreadyExists, LimitExceeded."""
        with self._database.transaction() as connection:
            made = self._insert(connection, binding)
            self._announcing.binding_changed(connection, None, made)
            return made

    def get(self, project_name: str, dataset_name: str, bucket: str) -> Binding:
        """Raises NotFound for the project, the dataset or the binding."""
        names = (project_name, dataset_name, bucket)
        found = self._cached.get(names)
        if found is not None:
            return found
        version = self._version
        values = {"project": project_name, "dataset": dataset_name, "bucket": bucket}
        row = self._database.reader.execute(_SQL.select_binding, values).fetchone()
        if row is None:
            self._datasets.get(project_name, dataset_name)
            raise NotFound("binding")
        binding = with_id(_binding_decoder, row)
        with self._lock:
            if version == self._version and not self._writing and not self._shared:
                self._cached[names] = binding
        return binding

    def get_by_id(self, binding_id: int, connection: Connection | None = None) -> Binding:
        """Raises NotFound."""
        connection = connection or self._database.reader
        row = connection.execute(_SQL.select_binding_by_id, {"id": binding_id}).fetchone()
        if row is None:
            raise NotFound("binding")
        return with_id(_binding_decoder, row)

    def update(self, binding_id: int, change: Callable[[Binding], Binding]) -> Binding:
        """Read, change and write in one transaction. Raises NotFound."""
        with self._changing() as connection:
            return self._change(connection, binding_id, change)

    def delete(self, binding_id: int, *, cleanup: bool = False) -> None:
        """End a binding at once; ``forget_deleted`` does the rest. Raises NotFound."""
        with self._changing() as connection:
            lock_bindings(self._database, connection, [binding_id])
            binding = self.get_by_id(binding_id, connection)
            deleted = msgspec.structs.replace(binding, state=BindingState.DELETED, update_time=now_ns())
            ending = _ENTRIES if cleanup else _LEDGER
            values = {"id": binding_id, "ending": ending, "body": encode(deleted)}
            connection.execute(_SQL.end_binding, values)
            self._announcing.binding_changed(connection, binding, deleted)

    def is_cleaned_up(self, dataset_id: int, bucket: str) -> bool:
        """Whether a deleted binding of the bucket still takes entries with it."""
        values = {"dataset_id": dataset_id, "bucket": bucket, "ending": _ENTRIES}
        return self._database.reader.execute(_SQL.select_cleaning, values).fetchone() is not None

    def forget_deleted(self, *, limit: int) -> bool:
        """One page of what deleted bindings left, in one transaction; False when nothing is left."""
        with self._database.transaction() as connection:
            row = connection.execute(_SQL.select_ending).fetchone()
            if row is None:
                return False
            binding, ending = with_id(_binding_decoder, row[:2]), row[2]
            if ending == _ENTRIES:
                left = self._remove_entries(connection, binding, limit)
            else:
                left = _forget_rows(connection, binding.id, limit)
            if not left:
                following = {_ENTRIES: _SQL.set_ending, _LEDGER: _SQL.delete_binding}[ending]
                connection.execute(following, {"id": binding.id, "ending": _LEDGER})
        if ending == _ENTRIES:
            self._written()
        return True

    def _remove_entries(self, connection: Connection, binding: Binding, limit: int) -> bool:
        """A page of the entries that bindings made; whether there may be more."""
        prefix = f"{binding.uri}/"
        values = {
            "id": binding.id,
            "dataset_id": binding.dataset_id,
            "after": self._cleaned.get(binding.id, prefix),  # from the beginning again after a restart
            "behind": text_behind(prefix),
            "limit": limit,
        }
        # Also those that stay count to a page: a transaction may not walk through millions of them.
        page = connection.execute(_SQL.entries_of_bucket, values).fetchall()
        if not page:
            self._cleaned.pop(binding.id, None)
            return False
        self._entries.remove(connection, binding.dataset_id, [uri for uri, made in page if made])
        self._cleaned[binding.id] = page[-1][0]
        return True

    def commit(self, work: ScanCommit) -> None:
        """Documents, ledger, tombstones, cursor and books in one transaction. Raises NotFound, LimitExceeded."""
        now = now_ns()
        with self._changing() as connection:
            binding = self._change(connection, work.binding_id, lambda held: _advance(held, work))
            if work.files:
                dataset = self._datasets.get_by_id(binding.dataset_id, connection)
                self._entries.write(connection, dataset, work.files)
            removed = [*work.deleted_keys, *work.removed_keys]
            if removed:
                lock_dataset(self._database, connection, binding.dataset_id)
                # Before entries and rows go: tombstones are made of them.
                self._tombstones.bury(connection, binding, removed, now)
                uris = [f"{binding.uri}/{key}" for key in removed]
                self._entries.remove(connection, binding.dataset_id, uris)
            self._ledger.put(connection, binding.id, work.ledger)
            self._ledger.bury(connection, binding.id, work.deleted_keys, now)
            self._ledger.drop(connection, binding.id, work.dropped_keys)
            self._ledger.forget_versions(connection, binding.id, work.stale_keys)
            # Last, for the others of the project count in the same rows.
            self._usage.add_runs(connection, binding.project_name, work.files)
        self._written()

    def _change(
        self, connection: Connection, binding_id: int, change: Callable[[Binding], Binding]
    ) -> Binding:
        """Within ``_changing``."""
        lock_bindings(self._database, connection, [binding_id])
        before = self.get_by_id(binding_id, connection)
        after = change(before)
        connection.execute(_SQL.update_binding, {"id": after.id, "body": encode(after)})
        self._announcing.binding_changed(connection, before, after)
        return after

    def _insert(self, connection: Connection, binding: Binding) -> Binding:
        """``dataset_id`` is looked up by name. Raises NotFound, AlreadyExists, LimitExceeded."""
        dataset = self._datasets.get(binding.project_name, binding.dataset_name, connection)
        binding = msgspec.structs.replace(binding, dataset_id=dataset.id)
        if connection.execute(_SQL.select_binding, _binding_names(binding)).fetchone():
            raise AlreadyExists("binding")
        held = connection.execute(_SQL.count_bindings, {"dataset_id": dataset.id}).fetchone()[0]
        if held >= dataset.limits.dataset_max_bind_count:
            raise LimitExceeded("DatasetMaxBindCount")
        values = {"dataset_id": dataset.id, "bucket": binding.bucket, "body": encode(binding)}
        made = connection.execute(_SQL.insert_binding, values).fetchone()
        return msgspec.structs.replace(binding, id=made[0])

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """A transaction during which nothing is cached, so that no read shows less than one before it did."""
        with ExitStack() as afterwards, self._database.transaction(alone=False) as connection:
            self._forget(writing=1)
            afterwards.callback(self._forget, writing=-1)  # when it is committed, not before
            yield connection

    def _forget(self, *, writing: int) -> None:
        """Drop the cache; a read that began before may not fill it again."""
        with self._lock:
            self._writing += writing
            self._version += 1
            self._cached.clear()

    def list(
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
            self._datasets.get(project_name, dataset_name)
        elif project_name is not None:
            self._projects.get(project_name)
        values: dict[str, str | int | None] = {
            "project": project_name,
            "dataset": dataset_name,
            "bucket": bucket,
            "after_dataset": after[0],
            "after_bucket": after[1],
            "limit": INT64_MAX if limit is None else limit,
        }
        rows = self._database.reader.execute(_SQL.list_bindings, values).fetchall()
        return [with_id(_binding_decoder, row) for row in rows]


def _forget_rows(connection: Connection, binding_id: int, limit: int) -> bool:
    """A page of what leads to a binding; whether there may be more."""
    values = {"id": binding_id, "limit": limit}
    return any(
        connection.execute(statement, values).rowcount
        for statement in (_SQL.forget_ledger_page, _SQL.forget_buried_page, _SQL.forget_changes_page)
    )


def _advance(binding: Binding, work: ScanCommit) -> Binding:
    return msgspec.structs.replace(
        binding,
        cursor=binding.cursor if work.cursor is None else work.cursor,
        progress=work.progress or binding.progress,
    )


def _binding_names(binding: Binding) -> dict[str, str]:
    return {"project": binding.project_name, "dataset": binding.dataset_name, "bucket": binding.bucket}
