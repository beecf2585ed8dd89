"""What the rest of Bindery asks of a catalog. Every catalog passes the same conformance suite.

All methods block and may be called from any thread; reads see all earlier writes. Every write is one
transaction: when a method returns, its effect survives a kill of the process; when it raises, nothing
happened. Raises the errors of ``records``; a dataset or binding that is gone raises NotFound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from bindery.catalog.query.syntax import Aggregation, Node, SortField
from bindery.catalog.records import (
    Backlog,
    Binding,
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


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a query. ``documents`` are JSON of File, whole."""

    documents: tuple[bytes, ...]
    next_token: str
    """Empty on the last page."""
    total_hits: int | None


class Group(msgspec.Struct, frozen=True):
    """A value and the number of files that hold it."""

    value: str
    count: int


class AggregationResult(msgspec.Struct, frozen=True, kw_only=True):
    """One aggregation's answer; ``value`` is None for groups, and for min, max, average of nothing."""

    field: str
    operation: str
    value: float | None = None
    groups: tuple[Group, ...] | None = None


class Catalog(Protocol):
    """Record, index and queries as one thing."""

    # control plane: names are unique per parent; lists ascend by name and resume after ``after``

    def create_project(self, project: Project) -> Project: ...
    def get_project(self, name: str) -> Project: ...
    def list_projects(
        self, *, prefix: str = "", tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> list[Project]: ...
    def update_project(self, name: str, change: Callable[[Project], Project]) -> Project: ...
    def delete_project(self, name: str) -> None: ...
    def project_statistics(self, name: str) -> Statistics: ...

    def create_dataset(self, dataset: Dataset) -> Dataset: ...
    def get_dataset(self, project_name: str, name: str) -> Dataset: ...
    def list_datasets(
        self, project_name: str, *, prefix: str = "", after: str = "", limit: int = 100
    ) -> list[Dataset]: ...
    def update_dataset(
        self, project_name: str, name: str, change: Callable[[Dataset], Dataset]
    ) -> Dataset: ...
    def delete_dataset(self, project_name: str, name: str) -> None: ...
    def dataset_statistics(self, project_name: str, name: str) -> Statistics: ...

    def create_binding(self, binding: Binding) -> Binding: ...
    def get_binding(self, project_name: str, dataset_name: str, bucket: str) -> Binding: ...
    def get_binding_by_id(self, binding_id: int) -> Binding: ...
    def list_bindings(
        self,
        *,
        project_name: str | None = None,
        dataset_name: str | None = None,
        bucket: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int | None = None,
    ) -> list[Binding]:
        """Ascending by project, dataset, bucket; ``after`` is (dataset, bucket) within a project.
        All None lists every binding of the server."""

    def update_binding(self, binding_id: int, change: Callable[[Binding], Binding]) -> Binding:
        """Read, change and write in one transaction; times are the caller's business."""

    def delete_binding(self, binding_id: int) -> None:
        """Remove the binding and its ledger; entries stay."""

    # the work of a binding

    def commit(self, work: ScanCommit) -> None:
        """Documents, ledger, tombstones, cursor and books, in one transaction."""

    def walk_ledger(
        self, binding_id: int, *, after: str = "", prefix: str = ""
    ) -> Iterator[list[LedgerEntry]]:
        """Pages of the ledger ascending by the UTF-8 bytes of the key, tombstones included; changes
        made meanwhile may or may not show."""

    def walk_ledger_outside(self, binding_id: int, prefixes: Sequence[str]) -> Iterator[list[LedgerEntry]]:
        """Pages of the rows whose keys start with none of ``prefixes``, which ascend and do not nest."""

    def get_ledger(self, binding_id: int, keys: Sequence[str]) -> dict[str, LedgerEntry]: ...

    def find_known(
        self, binding_id: int, sought: Sequence[SoughtFile], *, buried_since: int
    ) -> dict[str, KnownFile]:
        """By key, for objects without entry: the same version of the key that was removed after
        ``buried_since``, else an object of the binding with the same content and extension, live or removed."""

    def purge_buried(self, binding_id: int, *, before: int, limit: int) -> int:
        """Forget what entries removed at ``before`` or earlier left, up to ``limit``; how many they were."""

    # keys that events have named; deleting a binding forgets its own

    def add_changes(self, keys: Mapping[int, Iterable[str]]) -> None:
        """Keys by binding id, each kept once; bindings that are gone are passed over."""

    def pending_changes(self, binding_id: int, *, after: int, limit: int) -> list[PendingChange]:
        """Ascending by sequence, which is the order of their first events."""

    def settle_changes(self, binding_id: int, changes: Sequence[PendingChange]) -> list[PendingChange]:
        """These were dealt with. Returns those that stay, as events have named them again meanwhile."""

    def oldest_change(self, binding_id: int) -> int | None:
        """Since when the oldest waits. Never blocks."""

    def list_ledger(
        self, binding_id: int, chosen: LedgerFilter, *, after: str = "", limit: int = 1_000
    ) -> list[LedgerEntry]:
        """Up to ``limit`` rows that pass the filter, behind the key ``after``, ascending by key."""

    def mark_ledger(self, binding_id: int, keys: Sequence[str]) -> int:
        """Forget which version rows speak of, so that their objects are extracted again; outcomes, and
        with them the books, stay until then. The number of rows; absent ones and tombstones are passed over."""

    # entries

    def walk_files(self, dataset_id: int, prefix: str) -> Iterator[list[FileSummary]]:
        """Pages of the entries whose URI starts with ``prefix``, ascending by its UTF-8 bytes; changes made
        meanwhile may or may not show."""

    def accept_files(
        self, dataset_id: int, files: Sequence[tuple[str, bytes]], call: IndexCall | None = None
    ) -> None:
        """Make or keep entries with the caller's own fields and ObjectStatus ``Indexing``, all or none.
        ``call`` is announced when each of its files has been written, or the dataset deleted."""

    def awaited_files(self, dataset_id: int) -> list[str]:
        """URIs for which an accepted call still waits, whether or not their entries exist."""

    def write_files(
        self, dataset_id: int, files: Sequence[FileWrite], *, existing_only: bool = False
    ) -> None:
        """Insert or update entries; with ``existing_only`` those removed meanwhile stay removed."""

    def set_fields(self, dataset_id: int, uri: str, fields: bytes) -> None:
        """Merge the caller's own fields (JSON of an InputFile) into an entry; they win over extracted
        fields and survive later extractions. Raises NotFound("file")."""

    def get_files(self, dataset_id: int, uris: Sequence[str]) -> list[FileRecord]:
        """Those that exist, in the order asked."""

    def delete_files(self, dataset_id: int, uris: Sequence[str]) -> None:
        """Remove entries; absent ones are no error."""

    # queries; raise QueryError of ``query.syntax``

    def search(
        self,
        dataset_id: int,
        query: Node | None,
        *,
        sort: Sequence[SortField] = (),
        limit: int = 100,
        token: str = "",
        total: bool = True,
    ) -> Page: ...

    def fuzzy_search(
        self,
        dataset_id: int,
        text: str,
        *,
        sort: Sequence[SortField] = (),
        limit: int = 100,
        token: str = "",
    ) -> Page: ...

    def aggregate(
        self, dataset_id: int, query: Node | None, aggregations: Sequence[Aggregation], *, groups: int = 100
    ) -> list[AggregationResult]: ...

    def rebuild_index(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Throw the index away and build it from the record; ``progress(done, total)``."""

    # tasks

    def put_task(self, task: Task) -> None: ...
    def get_task(self, project_name: str, task_type: str, task_id: str) -> Task: ...
    def list_tasks(self, project_name: str) -> list[Task]:
        """All tasks of a project not older than 7 days."""

    # notifications, which an announcer made of the changes above

    def due_notifications(self, destination: str, *, limit: int) -> list[PendingNotification]:
        """Those to be sent now, the longest due first."""

    def remove_notification(self, sequence: int) -> None:
        """It was delivered."""

    def postpone_notification(self, sequence: int, *, due: int) -> None:
        """It was tried in vain, and is due again then."""

    def expire_notifications(self, *, before: int) -> dict[str, int]:
        """Forget those made before; how many by destination."""

    def notification_backlog(self) -> dict[str, Backlog]:
        """What waits, by destination; those for which nothing waits are left out."""

    def close(self) -> None: ...
