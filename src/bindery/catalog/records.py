"""The values the catalog keeps. Times are nanoseconds since 1970 (UTC); sizes are bytes."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

import msgspec

from bindery.file import File


class CatalogError(Exception):
    """The catalog refused or could not do what was asked.

    ├── NotFound           the named resource does not exist
    ├── AlreadyExists      the name is taken
    ├── NotEmpty           the resource still holds others
    ├── LimitExceeded      a cap of the project or dataset would be passed
    ├── LeaseLost          another server works on it by now
    └── CatalogUnusable    the files on disk cannot be used; the message says what to do
        ├── CatalogInUse         another process has it open
        ├── IndexUnavailable     queries of one dataset cannot be answered at the moment
        └── CatalogUnwritable    the disk takes nothing at present; reads go on
    """


class NotFound(CatalogError):
    """``args[0]`` is the kind of resource: project, dataset, binding, file, task."""


class TaskLost(CatalogError):
    """The lease of a task has ended: it is another server's, or nobody's; nothing was changed."""


class AlreadyExists(CatalogError):
    """``args[0]`` is the kind of resource."""


class NotEmpty(CatalogError):
    """``args[0]`` is the kind of resource, ``args[1]`` says what it still holds."""


class LimitExceeded(CatalogError):
    """``args[0]`` is the name of the cap, e.g. DatasetMaxBindCount."""


class CatalogUnusable(CatalogError):
    """The files on disk cannot be used."""


class CatalogInUse(CatalogUnusable):
    """Another process has it open."""


class IndexUnavailable(CatalogUnusable):
    """The index of one dataset is being built or fails; the same question is answered later."""


class LeaseLost(CatalogError):
    """Another server works on it by now; nothing was changed."""


class CatalogUnwritable(CatalogUnusable):
    """The disk takes nothing at present: it is full, read-only or fails. Reads go on, and writing by itself."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The caps that projects and datasets share, with the vendor's defaults."""

    dataset_max_bind_count: int = 10
    dataset_max_file_count: int = 100_000_000
    dataset_max_entity_count: int = 10_000_000_000
    dataset_max_relation_count: int = 100_000_000_000
    dataset_max_total_file_size: int = 90_000_000_000_000_000


_QUERIES_PER_SECOND = 100


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A project; ``id`` is 0 until the catalog gives one."""

    id: int = 0
    name: str
    description: str = ""
    service_role: str = "AliyunIMMDefaultRole"
    template_id: str = ""
    project_max_dataset_count: int = 1_000_000_000
    queries_per_second: int = _QUERIES_PER_SECOND
    caps_queries: bool = False
    """Whether a caller has set ``queries_per_second``; the default is shown, not enforced."""
    engine_concurrency: int = 100
    """Shown, not enforced."""
    limits: Limits = Limits()
    tags: dict[str, str] = {}
    create_time: int = 0
    update_time: int = 0

    @property
    def enforced_queries_per_second(self) -> int:
        """0: as many as come. What differs from the default was set too, before ``caps_queries`` was kept."""
        is_set = self.caps_queries or self.queries_per_second != _QUERIES_PER_SECOND
        return self.queries_per_second if is_set else 0


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset; ``id`` is 0 until the catalog gives one."""

    id: int = 0
    project_id: int
    project_name: str
    name: str
    description: str = ""
    template_id: str = ""
    limits: Limits = Limits()
    workflow_parameters: tuple[dict[str, str], ...] = ()
    create_time: int = 0
    update_time: int = 0


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Exact counts of a project or dataset."""

    dataset_count: int = 0
    bind_count: int = 0
    file_count: int = 0
    total_file_size: int = 0


class BindingState(enum.StrEnum):
    """State of a binding. Source: help page api-imm-2020-09-30-struct-binding."""

    READY = "Ready"
    RUNNING = "Running"
    STOPPED = "Stopped"
    RETRYING = "Retrying"
    FAILED = "Failed"
    DELETED = "Deleted"


class BindingPhase(enum.StrEnum):
    """Phase of a binding; empty before the first scan."""

    NONE = ""
    FULL_SCANNING = "FullScanning"
    INCREMENTAL_SCANNING = "IncrementalScanning"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The books of a binding over its present (else last) complete listing.

    At every moment: listed = indexed + unchanged + excluded + failed + pending.
    """

    listed: int = 0
    indexed: int = 0
    unchanged: int = 0
    excluded: int = 0
    failed: int = 0
    pending: int = 0
    deleted: int = 0
    bytes_read: int = 0
    last_complete_listing: int | None = None
    oldest_pending_change: int | None = None


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects of the bucket a binding takes in; that without members is all of them. See ``sync.scope``."""

    prefixes: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    min_size: int = 0
    max_size: int | None = None
    media_types: tuple[str, ...] = ()
    default_exclusions: bool = False
    """See ``sync.default_exclusions``. A new binding has them; one that was stored without the member goes on
    without them, so that no upgrade removes entries."""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """The list of a bucket's objects that its store writes, from which a binding scans. See ``sync.inventories``."""

    uri: str
    """Of the manifest that the caller has named."""
    scanned: str = ""
    """Of the manifest that was scanned to its end last; empty before the first."""
    created: int = 0
    """When the store began to write that one."""
    objects: int = 0
    """What that one lists."""
    finished_time: int = 0
    """When it was scanned to its end."""


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket tied to a dataset. ``cursor`` is the last key whose page is committed, while scanning."""

    id: int = 0
    dataset_id: int
    project_name: str
    dataset_name: str
    bucket: str
    state: BindingState = BindingState.READY
    phase: BindingPhase = BindingPhase.NONE
    reason: str = ""
    cursor: str | None = None
    scope: Scope = Scope()
    inventory: Inventory | None = None
    progress: Progress = Progress()
    removals_held: int = 0
    """Removals the deletion guard refused at the last complete listing."""
    removals_confirmed: int = 0
    """Removals the caller allowed by resuming the binding after such a refusal; good for one listing."""
    removals_below: tuple[str, ...] = ()
    """Prefixes below which they are; empty when the bucket as a whole lacks too much."""
    mounts: dict[str, str] | None = None
    """What was mounted below the folder when it was last listed in full, by key prefix; None before that. See
    ``sync.subtrees``."""
    store_location: str = ""
    """Where the store is that the binding is bound to, without credentials; empty before its first life."""
    store_mark: str = ""
    """What tells that store from another at the same place; empty where nothing does."""
    moved: bool = False
    """The bucket was moved on purpose, and no complete listing has shown since that nothing is lacking."""
    create_time: int = 0
    update_time: int = 0

    @property
    def uri(self) -> str:
        """The vendor's form, ``oss://bucket``."""
        return f"oss://{self.bucket}"


class Outcome(enum.StrEnum):
    """Where an object of a bucket stands."""

    PENDING = "Pending"
    INDEXED = "Indexed"
    EXCLUDED = "Excluded"
    FAILED = "Failed"
    DELETED = "Deleted"


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What Bindery last saw of one object, and what came of it."""

    key: str
    etag: str
    size: int
    modified_ns: int
    outcome: Outcome
    reason: str = ""
    """Machine-readable code, then a message: ``ParseFailed: …``; empty when all is well."""
    attempts: int = 0
    extractor_version: int = 0
    seen_time: int = 0
    outcome_time: int = 0
    file_id: str = ""
    """See ``buckets.store.ObjectInfo``. Kept to find content; rows have it that were asked for by key."""


_EXTRACTED = (Outcome.INDEXED, Outcome.FAILED)


class LedgerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of a ledger are meant; those that pass everything given."""

    outcome: Outcome | None = None
    reason: str | None = None
    """The code of the reason, before its colon; with ``*`` at the end whatever begins so."""
    prefix: str = ""
    """What the key starts with."""
    extractor_version_below: int | None = None
    """Only rows that an earlier extractor than this settled."""

    def passes(self, row: LedgerEntry) -> bool:
        """Whether a row passes."""
        code = row.reason.partition(":")[0]
        wanted, below = self.reason, self.extractor_version_below
        return (
            row.key.startswith(self.prefix)
            and self.outcome in (None, row.outcome)
            and (
                not wanted
                or (row.reason.startswith(wanted[:-1]) if wanted.endswith("*") else code == wanted)
            )
            and (below is None or (row.extractor_version < below and row.outcome in _EXTRACTED))
        )


class LedgerPage(msgspec.Struct, frozen=True):
    """Rows that pass a filter, and the key behind which there may be more; None at the end."""

    rows: list[LedgerEntry]
    after: str | None


class SoughtFile(msgspec.Struct, frozen=True, gc=False):
    """An object without entry, of which an earlier or another object may tell everything."""

    key: str
    etag: str
    size: int
    file_id: str
    by_content: bool
    """Whether ETag, size and ``file_id`` together tell the content."""


class KnownFile(msgspec.Struct, frozen=True):
    """What the catalog holds of an object with the same content."""

    key: str
    document: bytes
    own: bytes | None
    text: str | None
    create_time: int | None
    """When the entry was made; None for that of another key."""
    extractor_version: int


class FileWrite(msgspec.Struct, frozen=True, kw_only=True):
    """Extracted fields of one entry. Identity, CreateTime, UpdateTime and the caller's own fields are
    the catalog's business: it merges them in the same transaction."""

    uri: str
    file: File
    text: str | None = None
    binding_id: int | None = None
    """The binding that made the entry; None for explicit indexing."""
    own: bytes | None = None
    """The caller's own fields (JSON), taken over from another entry; for an entry that does not exist yet."""
    create_time: int | None = None
    """The same for its time of creation; None means now."""
    operators: tuple[str, ...] = ()
    """Those that have run for it, each on the bill of the project."""


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as stored: ``document`` is the JSON of a File as answered to clients."""

    uri: str
    document: bytes
    sequence: int
    binding_id: int | None = None


class FileSummary(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an audit needs to know of one entry."""

    uri: str
    etag: str
    """Without quotes; empty when the entry tells none."""
    size: int
    object_status: str
    binding_id: int | None = None


class ScanCommit(msgspec.Struct, frozen=True, kw_only=True):
    """One page of work of a binding, committed as a whole or not at all."""

    binding_id: int
    files: tuple[FileWrite, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    deleted_keys: tuple[str, ...] = ()
    """Entries to remove; their ledger rows become tombstones (outcome Deleted)."""
    removed_keys: tuple[str, ...] = ()
    """Entries to remove because their objects are outside the scope now."""
    dropped_keys: tuple[str, ...] = ()
    """Ledger rows to forget."""
    stale_keys: tuple[str, ...] = ()
    """Rows that forget their version when all else is written, so that their objects are extracted again."""
    cursor: str | None = None
    """The new cursor; None leaves it."""
    progress: Progress | None = None
    """The new books; None leaves them."""


class PendingChange(msgspec.Struct, frozen=True, gc=False):
    """A key that events have named and that was not looked at since."""

    sequence: int
    key: str
    version: int
    """How many events have named it."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """An asynchronous task as GetTask and ListTasks show it."""

    id: str
    project_name: str
    dataset_name: str = ""
    type: str
    event_id: str = ""
    status: str = "Running"
    code: str = ""
    message: str = ""
    progress: int = 0
    start_time: int = 0
    end_time: int | None = None
    user_data: str = ""
    tags: dict[str, str] = {}
    request_definition: str = ""
    result: str = ""
    """What a task that has ended found, as JSON."""


TaskPosition = tuple[int, str]
"""Where a task stands in an order: the instant that it is ordered by (0 for none), and its id."""


class TaskPage(NamedTuple):
    """Some tasks in order, fewer than asked for where many had to be looked through."""

    tasks: list[Task]
    after: TaskPosition | None
    """That of the last task looked at, behind which the next page begins; None: there are no more."""


class TaskLease(msgspec.Struct, frozen=True, kw_only=True):
    """A task that one server works on, until the lease ends; with the lease's number it commits what it does."""

    task: Task
    parent: str = ""
    """The batch or trigger that it belongs to; empty for a call of its own."""
    weight: int = 1
    """Slots of the server that it takes."""
    owner: str
    """The server."""
    fence: int
    attempts: int = 1
    """How often the task was taken, this time counted."""
    cancelled: bool = False
    """Whether it is to end."""


class TaskOrder(enum.Enum):
    """What tasks are listed by; by id among equals."""

    ID = "TaskId"
    START = "StartTime"
    END = "EndTime"


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks are meant; those that pass everything given. Ranges hold both their ends."""

    types: tuple[str, ...] = ()
    status: str = ""
    tag: tuple[str, str] | None = None
    started: tuple[float, float] | None = None
    ended: tuple[float, float] | None = None
    """A task that has not ended is in no range."""


ANY_TASK = TaskFilter()


class Notification(msgspec.Struct, frozen=True):
    """A message for one destination of the configuration."""

    destination: str
    id: str
    """The same each time it is sent, so that a receiver knows a message that comes twice."""
    body: bytes


class PendingNotification(msgspec.Struct, frozen=True):
    """A message that was not delivered yet."""

    sequence: int
    id: str
    body: bytes
    made_time: int
    attempts: int


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for one destination."""

    count: int
    oldest: int
    """When the oldest message was made."""


class UsageKey(NamedTuple):
    """What was counted in memory."""

    day: int
    """Since 1970-01-01, in the account's zone."""
    project: str
    """As the caller named it; empty when he named none."""
    dimension: str
    exists: bool
    """Whether it is known that there was such a project."""


class UsageRow(NamedTuple):
    """How much of one dimension a project has used on a day."""

    day: int
    project: str
    """Empty: of no project."""
    dimension: str
    quantity: int


class IndexedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a call of explicit indexing."""

    uri: str
    custom_id: str | None = None
    custom_labels: dict[str, Any] | None = None
    """Values are texts; calls that earlier versions stored may have any."""
    error: str = ""
    """``[Code] message``; empty when all is well."""


class IndexCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of IndexFileMeta or BatchIndexFileMeta whose end is to be told."""

    event_id: str
    batch: bool
    project_name: str
    dataset_name: str
    files: tuple[IndexedFile, ...]
    """Each URI once."""
    topic: str = ""
    """The MNS topic named in the call; empty when none was."""
    user_data: str = ""
    start_time: int
