"""The threads of the bindings that are at work: one each, exchanged when something changes, ended together."""

from __future__ import annotations

import threading
import time

import msgspec
import structlog

from bindery.buckets.registry import Buckets
from bindery.catalog.catalog import Catalog
from bindery.catalog.interface.servers import Lease
from bindery.catalog.records import Binding, BindingPhase, BindingState, CatalogUnusable, Progress
from bindery.extract.pool import Pool
from bindery.sync.catching_up import CatchingUp
from bindery.sync.follow import Follower
from bindery.sync.making import make
from bindery.sync.outcomes import without_cap
from bindery.sync.reach import is_for_others
from bindery.sync.settings import SyncSettings

_STOP_SECONDS = 1.0
"""How long a call waits for the work of a binding to end; it ends in any case, and commits nothing more."""
_SIGNAL_SECONDS = 0.2
_LEASES = "binding/"
_log = structlog.get_logger()


def lease_of(binding_id: int | str) -> str:
    """Name of the lease under which a binding is worked on; of an empty one, what all these names begin with."""
    return f"{_LEASES}{binding_id}"


def binding_of(lease: str) -> int | None:
    """The binding of such a name; None for any other text."""
    number = lease.removeprefix(_LEASES)
    return int(number) if number != lease and number.isdecimal() else None


def last_listing_of(binding: Binding) -> int:
    """When the last complete listing of a binding ended; 0 before the first."""
    return binding.progress.last_complete_listing or 0


class Followers:
    """Followers by the id of their binding.

    ``lock`` is held by whoever calls ``start``, ``renew`` or ``end``, and while he changes the binding's state, so that
    the two agree whatever is called at the same time; never while a thread is waited for. A thread begins when its
    predecessor has ended, so that two never work for the same binding.
    """

    def __init__(self, catalog: Catalog, buckets: Buckets, pool: Pool, settings: SyncSettings) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._catching_up = CatchingUp(settings.catch_up_listings)
        self._present: dict[int, Follower] = {}
        self._ending: dict[int, Follower] = {}
        self._stopping: list[Follower] = []
        self._closed = False
        self.lock = threading.Lock()

    def get(self, binding_id: int) -> Follower | None:
        """The follower of a binding; None when it is not at work."""
        return self._present.get(binding_id)

    def live_progress(self) -> dict[int, Progress]:
        """The books at this moment of every binding at work, by its id. Never blocks."""
        found = {binding_id: each.live_progress() for binding_id, each in self._present.copy().items()}
        return {binding_id: books for binding_id, books in found.items() if books is not None}

    def start_all(self) -> None:
        """Begin with every binding that was not stopped, first with those whose last listing is the oldest."""
        with self.lock:
            for binding in sorted(self._catalog.bindings.list(), key=last_listing_of):
                if binding.state is not BindingState.STOPPED and binding.id not in self._present:
                    self.start(binding, at_once=False)

    def present(self) -> dict[int, Follower]:
        """Those at work here, by the id of their binding."""
        return self._present.copy()

    def start(self, binding: Binding, *, at_once: bool = True) -> bool:
        """Begin with a binding, unless another server works on it, which is asked to look at it anew. The lock is held.

        Whether it has begun. ``at_once``: a caller waits for what it does first.
        """
        if self._closed:
            return False
        lease = self._take(binding)
        if lease is None:
            return False
        follower = Follower(
            binding,
            lease=lease,
            catching_up=self._catching_up,
            at_once=at_once,
            catalog=self._catalog,
            buckets=self._buckets,
            pool=self._pool,
            settings=self._settings,
            predecessor=self._ending.get(binding.id),
        )
        self._present[binding.id] = follower
        follower.start()
        return True

    def _take(self, binding: Binding) -> Lease | None:
        """What cannot be taken now is looked at again (``sharing``)."""
        servers, name = self._catalog.servers, lease_of(binding.id)
        try:
            is_bound = binding.phase is not BindingPhase.NONE
            if is_for_others(self._catalog, self._buckets, binding.bucket, is_bound=is_bound):
                servers.tell(name)
                return None
            lease = servers.take(name)
            if lease is None:
                servers.ask(name)
        except CatalogUnusable as error:
            _log.warning(
                "the lease of a binding could not be taken", binding=binding.id, problem=str(error)
            )
            return None
        return lease

    def renew(self, binding: Binding) -> None:
        """Begin a new life when the present one is made of something else. The lock is held."""
        follower = self._present.get(binding.id)
        if follower is None:
            self._catalog.servers.ask(lease_of(binding.id))
            return
        made_of, now = follower.making, make(self._catalog, self._buckets, binding)
        if made_of == now:
            return
        if made_of is None or made_of.limits != now.limits:
            self._forget_cap(binding)
        self.end(binding.id)
        self.start(binding)

    def end(self, binding_id: int) -> Follower | None:
        """Tell the thread of a binding to end; the next one begins after it. The lock is held."""
        follower = self._present.pop(binding_id, None)
        if follower is None:
            return None
        follower.signal_stop()
        self._ending[binding_id] = follower
        return follower

    def wait_for(self, binding_id: int, ending: Follower | None) -> None:
        """Wait a while for what ``end`` has returned."""
        if ending is None or not ending.join(_STOP_SECONDS):
            return
        with self.lock:
            if self._ending.get(binding_id) is ending:
                del self._ending[binding_id]

    def reconcile_all(self) -> None:
        """Have every bucket listed as soon as possible; nobody waits for the end of his pause."""
        for follower in self._present.copy().values():
            follower.reconcile_now()

    def signal_stop(self) -> None:
        """Let all end at their next safe point. Never waits for long."""
        self._closed = True
        # Whoever holds the lock may be deep in a transaction; the thread it starts finds the record closed.
        held = self.lock.acquire(timeout=_SIGNAL_SECONDS)
        try:
            self._stopping = [*self._present.values(), *self._ending.values()]
        finally:
            if held:
                self.lock.release()
        for follower in self._stopping:
            follower.signal_stop()

    def join(self, deadline: float) -> None:
        """Wait for those that were told to stop, until a time of the monotonic clock."""
        for follower in self._stopping:
            follower.join(max(0.0, deadline - time.monotonic()))

    def _forget_cap(self, binding: Binding) -> None:
        """Caps have changed: whether one is reached is told by the listing that begins now."""

        def change(held: Binding) -> Binding:
            return msgspec.structs.replace(held, reason=without_cap(held.reason))

        self._catalog.bindings.update(binding.id, change)
