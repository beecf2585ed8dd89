"""Everything that happens to buckets behind the API: bindings at work, explicit indexing, detection."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

import msgspec

from bindery.buckets.events import ChangedKey
from bindery.buckets.folder import watched_folders
from bindery.buckets.identity import StoreIdentity
from bindery.buckets.inventory.staging import discard
from bindery.buckets.registry import Buckets, identify
from bindery.buckets.store import StoreAddress, StoreChanged
from bindery.buckets.uri import ObjectUri
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import (
    Binding,
    BindingState,
    Dataset,
    IndexCall,
    Inventory,
    LedgerFilter,
    Progress,
    Scope,
    Task,
)
from bindery.clock import now_ns
from bindery.extract.extraction import Extraction
from bindery.extract.pool import Pool
from bindery.sync.audits import Audits
from bindery.sync.bound_store import bind_to, bound_store, describe_change
from bindery.sync.dataset_room import check_room
from bindery.sync.estimates import Estimates
from bindery.sync.followers import Followers, lease_of
from bindery.sync.forgetting import Forgetting
from bindery.sync.held_back import HeldBack
from bindery.sync.history import BooksHistory, Point, point_of
from bindery.sync.indexing import Indexer
from bindery.sync.intake import Intake, Receipt
from bindery.sync.inventories import InventoryProgress, check_inventory, inventory_folder
from bindery.sync.reach import check_seen
from bindery.sync.rebuilds import Rebuilds
from bindery.sync.retries import Retries, can_change
from bindery.sync.scope_change import check_left_over, check_not_emptying, count_leaving
from bindery.sync.settings import SyncSettings
from bindery.sync.sharing import Sharing
from bindery.sync.states import Cause, move
from bindery.tasks.runner import Runner
from bindery.tasks.settings import TaskSettings
from bindery.workers.job import Urgency

_CLOSE_SECONDS = 1.5
"""How long the end of the server waits for all work together."""
_AT_WORK = frozenset({BindingState.READY, BindingState.RUNNING, BindingState.RETRYING})


class NothingHeldBack(Exception):
    """The deletion guard holds back no removals of the binding."""


class WrongState(Exception):
    """The binding is in a state that does not allow the operation; ``args[0]`` is the state."""


class Engine:
    """What calls, and the start and the end of the server, do with bindings and files. Safe for threads."""

    def __init__(
        self,
        catalog: Catalog,
        buckets: Buckets,
        pool: Pool,
        settings: SyncSettings,
        history: Path | None = None,
        tasks: TaskSettings | None = None,
    ) -> None:
        """``history``: the file that keeps what the books of bindings were over time."""
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._followers = Followers(catalog, buckets, pool, settings)
        self._indexer = Indexer(catalog, buckets, pool, settings)
        self._runner = Runner(catalog, catalog.servers.name, tasks)
        self._estimates = Estimates(buckets, self._runner, settings)
        self._audits = Audits(catalog, buckets, self._runner, self._look_again)
        self._rebuilds = Rebuilds(catalog, self._runner)
        self._forgetting = Forgetting(catalog)
        self._retries = Retries(catalog, self._runner, self.reconcile)
        self._intake = Intake(catalog, buckets, self._notice_changes)
        self._history = BooksHistory(history, now_ns)
        self._shared = catalog.servers.shared
        self._sharing = Sharing(catalog, buckets, self._followers, self._indexer.take_up)

    def start(self) -> None:
        """Take up every binding that was not stopped, and unfinished indexing."""
        self._catalog.when_writable(self._followers.reconcile_all)
        if self._shared:
            self._sharing.start()
        else:
            self._followers.start_all()
        self._runner.start()
        self._forgetting.start()
        self._indexer.start()
        self._intake.start()
        self._history.start(self._followers.live_progress)

    def signal_stop(self) -> None:
        """Let all work end at its next safe point. Never waits for long."""
        self._sharing.signal_stop()
        self._followers.signal_stop()
        self._runner.signal_stop()

    def interrupt_calls(self) -> None:
        """Let calls that wait for a file end, and explicit indexing; it is taken up at the next start."""
        self._indexer.signal_stop()

    def close(self) -> None:
        """End all work at the next safe point. What is committed stays, the rest is done again."""
        deadline = time.monotonic() + _CLOSE_SECONDS
        self.signal_stop()
        for close in (
            self._sharing.close,
            self._intake.close,
            self._forgetting.close,
            self._runner.close,
            self._indexer.close,
        ):
            close(max(0.0, deadline - time.monotonic()))
        self._followers.join(deadline)
        self._history.close()

    # bindings

    def create_binding(self, binding: Binding) -> Binding:
        """Store the binding as Ready and set it to work.

        Raises InvalidScope when it would remove all that an earlier binding left, StoreMisconfigured when no worker
        can reach the bucket, and the catalog's errors.
        """
        self._buckets.check_reachable(binding.bucket)
        check_left_over(self._catalog, self._buckets, binding)
        with self._followers.lock:
            made = self._catalog.bindings.create(binding)
            self._followers.start(made)
        return made

    def stop_binding(self, binding: Binding, reason: str) -> None:
        """Stop at the next safe point; work is taken up from there by ``resume_binding``.

        Raises WrongState when it is stopped already, NotFound.
        """
        with self._followers.lock:
            self._change(binding, Cause.STOPPED, reason)
            ending = self._followers.end(binding.id)
            self._catalog.servers.revoke(lease_of(binding.id))
        self._followers.wait_for(binding.id, ending)

    def resume_binding(self, binding: Binding) -> None:
        """Go on from the cursor. Raises WrongState unless it is stopped or failed, NotFound."""
        with self._followers.lock:
            resumed = self._change(binding, Cause.RESUMED, "")
            self._followers.end(binding.id)
            self._followers.start(resumed)

    def change_scope(self, binding: Binding, scope: Scope) -> tuple[Binding, int | None]:
        """Take in other objects of the bucket from now on; the bucket is compared anew unless it is stopped.

        The binding, and how many entries will leave; None when there are too many to count.
        Raises InvalidScope when nothing would be left, StoreError when that cannot be told, NotFound.
        """
        found = count_leaving(self._catalog, binding, scope)
        if found.leaving and not found.staying:
            check_not_emptying(self._buckets.open(binding.bucket), scope, found)
        with self._followers.lock:
            now = now_ns()
            changed = self._catalog.bindings.update(
                binding.id, lambda held: msgspec.structs.replace(held, scope=scope, update_time=now)
            )
            self._followers.renew(changed)
        return changed, found.leaving if found.complete else None

    def change_inventory(self, binding: Binding, inventory: Inventory | None) -> Binding:
        """Scan by another inventory from now on, or by listing alone. Raises NotFound."""
        with self._followers.lock:
            changed = self._catalog.bindings.update(
                binding.id, lambda held: msgspec.structs.replace(held, inventory=inventory)
            )
            if self._followers.end(binding.id) is not None:
                self._followers.start(changed)
        return changed

    def check_inventory(self, bucket: str, uri: str) -> Inventory:
        """The inventory at ``uri``; see ``inventories.check_inventory``."""
        return check_inventory(self._buckets, bucket, uri)

    def inventory_progress(self, binding: Binding) -> InventoryProgress | None:
        """How far the inventory is that a binding is being scanned by; None when none is."""
        follower = self._followers.get(binding.id)
        return None if follower is None else follower.inventory_progress

    def renew(
        self, *, project_name: str | None = None, dataset_name: str | None = None, bucket: str | None = None
    ) -> None:
        """Begin a new life of each of these bindings that is made of something else now: after a change of a project,
        a dataset or a bucket. Raises NotFound."""
        with self._followers.lock:
            for binding in self._catalog.bindings.list(
                project_name=project_name, dataset_name=dataset_name, bucket=bucket
            ):
                self._followers.renew(binding)

    def delete_binding(self, binding: Binding, *, cleanup: bool = False) -> None:
        """End the binding and its work. Its ledger goes behind the call, by pages; with ``cleanup`` the entries
        that it made as well. Raises NotFound.

        A commit that comes too late finds no binding and changes nothing.
        """
        with self._followers.lock:
            self._catalog.bindings.delete(binding.id, cleanup=cleanup)
            ending = self._followers.end(binding.id)
            self._catalog.servers.forget(lease_of(binding.id))
        self._history.forget(binding.id)
        self._forgetting.wake()
        self._followers.wait_for(binding.id, ending)
        discard(inventory_folder(self._settings, binding.id))

    def progress(self, binding: Binding) -> Progress:
        """The books of a binding at this moment. Never blocks."""
        follower = self._followers.get(binding.id)
        live = None if follower is None else follower.live_progress()
        progress = binding.progress if live is None else live
        named = self._catalog.changes.oldest(binding.id)
        if named is None:
            return progress
        oldest = min(named, progress.oldest_pending_change or named)
        return msgspec.structs.replace(progress, oldest_pending_change=oldest)

    def history_of(self, binding: Binding) -> tuple[Point, ...]:
        """The books of a binding over time, up to this moment."""
        now = point_of(now_ns(), self.progress(binding))
        earlier = self._history.of(binding.id)
        # A binding of the same number may have been there before.
        return (*(each for each in earlier if binding.create_time <= each.time < now.time), now)

    def held_back(self, binding: Binding) -> HeldBack | None:
        """What the deletion guard held back of the last listing; None when no listing has ended since the start."""
        follower = self._followers.get(binding.id)
        return None if follower is None else follower.held_back

    def live(self, binding: Binding) -> Binding:
        """The binding as it is at this moment, also when that cannot be stored. Never blocks."""
        follower = self._followers.get(binding.id)
        problem = self._catalog.problem or (
            self._sharing.problem(binding.id) if follower is None else follower.untold
        )
        if not problem or binding.state not in _AT_WORK:
            return binding
        return msgspec.structs.replace(binding, state=BindingState.RETRYING, reason=problem)

    def reconcile(self, binding: Binding) -> None:
        """List the bucket again as soon as possible, whichever server does."""
        if self._shared:
            self._catalog.servers.ask(lease_of(binding.id))
            return
        follower = self._followers.get(binding.id)
        if follower is not None:
            follower.reconcile_now()

    def accept_events(self, keys: Sequence[ChangedKey]) -> Future[Receipt]:
        """Keys that events have named, by the bucket's name here or at its store; see ``intake.Intake``."""
        return self._intake.accept(keys)

    def confirm_deletion(self, binding: Binding) -> None:
        """Allow, once, as many removals as the deletion guard holds back. Raises NothingHeldBack, NotFound."""

        def change(held: Binding) -> Binding:
            if not held.removals_held:
                raise NothingHeldBack
            return msgspec.structs.replace(held, removals_confirmed=held.removals_held)

        self.reconcile(self._catalog.bindings.update(binding.id, change))

    def retry_keys(self, binding: Binding, keys: Sequence[str], chosen: LedgerFilter) -> int:
        """Extract the named objects again whose rows pass the filter; their number.

        Durable when this returns; a stopped binding does it when it is resumed.
        """
        if not can_change(self._catalog, binding, chosen):
            return 0
        rows = self._catalog.ledger.get(binding.id, list(dict.fromkeys(keys)))
        named = [key for key, row in rows.items() if chosen.passes(row)]
        count = self._catalog.ledger.mark(binding.id, named)
        if not self._look_again(binding, named):
            self.reconcile(binding)
        return count

    def retry_chosen(self, binding: Binding, chosen: LedgerFilter) -> tuple[Task, int | None]:
        """Extract all objects again whose rows pass the filter, in a task; see ``retries.Retries.start``."""
        return self._retries.start(binding, chosen)

    def audit(self, binding: Binding, *, repair: bool, address: StoreAddress | None = None) -> Task:
        """Compare the dataset with the bucket, or with the store at ``address``, in a task. Raises AuditRunning."""
        return self._audits.start(binding, repair=repair, address=address)

    # files

    def index_files(
        self, dataset: Dataset, files: Sequence[tuple[str, bytes]], call: IndexCall | None = None
    ) -> None:
        """Accept files for explicit indexing; see ``indexing.Indexer.accept`` and ``dataset_room.check_room``.

        Raises StoreMisconfigured when no worker can reach a bucket of theirs, StoreUnavailable when only other servers
        can.
        """
        names = {uri.removeprefix("oss://").partition("/")[0] for uri, _ in files}
        for bucket in names:
            self._buckets.check_reachable(bucket)
        check_seen(self._catalog, self._buckets, dataset, names)
        check_room(self._catalog, self._buckets, dataset, [uri for uri, _ in files])
        self._indexer.accept(dataset, files, call)

    def detect(self, uri: ObjectUri, *, owner: str = "", stop: threading.Event | None = None) -> Extraction:
        """Metadata of one object, stored nowhere; see ``indexing.Indexer.detect``."""
        return self._indexer.detect(uri, owner=owner, stop=stop)

    def extraction_waiting(self) -> Mapping[Urgency, int]:
        """How many files wait to be extracted, by class."""
        return self._pool.waiting()

    def extraction_trouble(self) -> str:
        """Why nothing can be extracted just now; empty when all is well."""
        return self._pool.trouble

    def watched_folders(self) -> int:
        """How many folders are watched for changes."""
        return watched_folders()

    def rebuild_index(self, dataset: Dataset) -> Task:
        """Build the index of a dataset anew in a task, while queries are answered; see ``rebuilds.Rebuilds``."""
        return self._rebuilds.start(dataset)

    def cancel_task(self, project_name: str, task_type: str, task_id: str) -> Task:
        """Have a task end, wherever it is; as it is now. Raises NotFound."""
        return self._runner.cancel(project_name, task_type, task_id)

    # buckets

    def estimate(
        self, project_name: str, bucket: str, scope: Scope, address: StoreAddress | None = None
    ) -> Task:
        """Begin to count what binding a bucket would take; see ``estimates.Estimates.start``."""
        return self._estimates.start(project_name, bucket, scope, address)

    def check_apart(self, address: StoreAddress) -> None:
        """Raise StoreMisconfigured when a folder is not apart from the server's data folder."""
        self._buckets.check_apart(address)

    def register_bucket(self, address: StoreAddress) -> None:
        """Add a bucket to those of the configuration, or give a known one new credentials or options.

        Raises StoreChanged when the name means another store already, StoreError when it cannot be listed; then
        nothing has changed.
        """
        found = identify(address)
        with self._followers.lock:
            done = False
            while not done:  # another server may give the name a meaning at this moment
                mark = self._buckets.mark(address.bucket)
                self._check_unmoved(address.bucket, found)
                done = self._buckets.register_over(address, mark)
            self._go_on_at(address.bucket, found)

    def move_bucket(self, bucket: str, address: StoreAddress | None) -> None:
        """Let a bucket's name mean another store from now on; None: what the configuration says already.

        Its bindings go on there, and remove nothing that is lacking there before that is confirmed. Raises as
        ``register_bucket`` does, without StoreChanged.
        """
        found = identify(address or self._buckets.address(bucket))
        with self._followers.lock:
            if address is not None:
                self._buckets.register(address)
            self._go_on_at(bucket, found)

    def _go_on_at(self, bucket: str, found: StoreIdentity) -> None:
        for binding in self._catalog.bindings.list(bucket=bucket):
            held = bound_store(binding)
            if held is not None and not held.is_same(found):
                bind_to(self._catalog, binding, found, moved=True)
            self._followers.renew(binding)
            self.reconcile(binding)

    def _check_unmoved(self, bucket: str, found: StoreIdentity) -> None:
        """Raises StoreChanged unless ``found`` is what the name means to the bindings, or to the server."""
        bindings = self._catalog.bindings.list(bucket=bucket)
        held = [store for binding in bindings if (store := bound_store(binding)) is not None]
        if not held:
            known = self._buckets.identity(bucket)
            held = [] if known is None else [known]
        for store in held:
            if not store.is_same(found):
                raise StoreChanged(describe_change(bucket, store, found))

    def _notice_changes(self, binding_id: int) -> None:
        follower = self._followers.get(binding_id)
        if follower is not None:
            follower.notice_changes()
        self._catalog.servers.tell(lease_of(binding_id))

    def _look_again(self, binding: Binding, keys: Sequence[str]) -> bool:
        if self._shared:  # whoever has the lease finds them there
            self._catalog.changes.add({binding.id: keys})
            self._notice_changes(binding.id)
            return True
        follower = self._followers.get(binding.id)
        return follower is None or follower.look_again(keys)

    def _change(self, binding: Binding, cause: Cause, reason: str) -> Binding:
        now = now_ns()

        def change(held: Binding) -> Binding:
            moved = move(held, cause, reason=reason, now=now)
            if moved is None:
                raise WrongState(held.state.value)
            return moved

        return self._catalog.bindings.update(binding.id, change)
