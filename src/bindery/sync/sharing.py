"""Bindings of a record that servers share: each is worked on by the server that holds its lease.

A thread looks every two seconds, and whenever another server tells of a change: it ends the work of what is stopped,
deleted or taken over, does what other servers have asked for, and takes what is free. What is free is taken by servers
that know the bucket, and those first that have less than their share.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Set

import structlog

from bindery.buckets.registry import Buckets
from bindery.catalog.catalog import Catalog
from bindery.catalog.interface.servers import Survey
from bindery.catalog.records import Binding, BindingPhase, BindingState, CatalogError
from bindery.sync.followers import Followers, binding_of, last_listing_of, lease_of
from bindery.sync.reach import reached

_POLL_SECONDS = 2.0
_LEAST_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 3.0
"""So long whoever has more than his share leaves free bindings to the others."""
_UNCLAIMED_SECONDS = 10.0
_GIVING_SECONDS = 15.0
"""Between two bindings that are given to servers with fewer."""
_log = structlog.get_logger()


class Sharing:
    """A thread of its own; nothing of it runs where the record belongs to one server."""

    def __init__(
        self, catalog: Catalog, buckets: Buckets, followers: Followers, take_up: Callable[[], None]
    ) -> None:
        """``take_up``: goes on with the explicit indexing that a server has left."""
        self._catalog = catalog
        self._buckets = buckets
        self._followers = followers
        self._take_up = take_up
        self._free_since: dict[int, float] = {}
        self._kept: set[int] = set()
        """Bindings that were given away, and that no other server has taken."""
        self._given: int | None = None
        self._next_gift = 0.0
        self._looked = False
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sharing", daemon=True)

    def start(self) -> None:
        """Take what is free."""
        self._catalog.servers.listen(self._hear)
        self._next_gift = time.monotonic() + _GIVING_SECONDS
        self._thread.start()

    def signal_stop(self) -> None:
        """Take nothing more."""
        self._stop.set()
        self._wake.set()

    def close(self, seconds: float) -> None:
        """End."""
        self.signal_stop()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def problem(self, binding_id: int) -> str:
        """Why nobody works on a binding; empty when somebody does."""
        since = self._free_since.get(binding_id)
        if since is None or time.monotonic() - since < _UNCLAIMED_SECONDS:
            return ""
        return "no server that is running knows the bucket, or can see its folder; start one that does"

    def _hear(self, topic: str) -> None:
        binding_id = binding_of(topic)
        follower = None if binding_id is None else self._followers.get(binding_id)
        if follower is not None:
            follower.notice_changes()
        if not topic or binding_id is not None:
            self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except CatalogError as error:
                _log.debug("the leases of bindings could not be looked at", problem=str(error))
            except Exception:
                if not self._stop.is_set():
                    _log.exception("the leases of bindings could not be looked at")
            self._stop.wait(_LEAST_PAUSE_SECONDS)
            self._wake.wait(_POLL_SECONDS)
            self._wake.clear()  # behind the wait: an end that comes before the next look is seen by it

    def look(self) -> None:
        """Compare what this server works on with what the record says."""
        with self._followers.lock:
            survey = self._catalog.servers.survey(lease_of(""))
            wanted = {
                binding.id: binding
                for binding in self._catalog.bindings.list()
                if binding.state is not BindingState.STOPPED
            }
            reached = self._reached(survey, wanted.values())
            self._attend(survey, wanted, reached)
            if not self._stop.is_set():
                self._claim(survey, wanted, reached)
                self._give(survey, wanted)
        self._take_up_left(survey)

    def _attend(self, survey: Survey, wanted: dict[int, Binding], reached: Set[str]) -> None:
        waiting = set(self._catalog.changes.waiting())
        for binding_id, follower in self._followers.present().items():
            held, binding = survey.leases.get(lease_of(binding_id)), wanted.get(binding_id)
            if binding is None or held is None or held.fence != follower.lease.fence:
                self._followers.end(binding_id)
                continue
            if binding.bucket not in reached:
                self._followers.end(binding_id)
                self._catalog.servers.give_back(follower.lease)
                continue
            if held.asked != follower.asked:
                self._followers.renew(binding)
                follower.reconcile_now()
                follower.asked = held.asked
            if binding_id in waiting:
                follower.notice_changes()

    def _claim(self, survey: Survey, wanted: dict[int, Binding], reached: Set[str]) -> None:
        now, present = time.monotonic(), self._followers.present()
        free = {}
        for binding_id in wanted.keys() - present.keys():
            held = survey.leases.get(lease_of(binding_id))
            if held is None or held.server in (None, self._catalog.servers.id):
                free[binding_id] = self._free_since.get(binding_id, now)
        self._free_since = free
        share = -(-len(wanted) // max(1, len(survey.servers)))
        mine = len(present)
        for binding_id in sorted(free, key=lambda binding_id: last_listing_of(wanted[binding_id])):
            alone = len(survey.servers) < 2
            if wanted[binding_id].bucket not in reached:
                continue
            if mine >= share and not alone and now - free[binding_id] < _PATIENCE_SECONDS:
                continue
            mine += self._followers.start(wanted[binding_id], at_once=False)
            if binding_id == self._given:
                self._kept.add(binding_id)

    def _give(self, survey: Survey, wanted: dict[int, Binding]) -> None:
        """One binding at a time to servers with fewer, when nothing is free."""
        present, now = self._followers.present(), time.monotonic()
        if len(survey.servers) < 2 or self._free_since or now < self._next_gift:
            return
        if len(present) <= -(-len(wanted) // len(survey.servers)):
            return
        for binding_id, follower in present.items():
            settled = wanted[binding_id].phase is BindingPhase.INCREMENTAL_SCANNING
            if settled and binding_id not in self._kept:
                self._followers.end(binding_id)
                self._catalog.servers.give_back(follower.lease)
                self._given, self._next_gift = binding_id, now + _GIVING_SECONDS
                return

    def _take_up_left(self, survey: Survey) -> None:
        """By the one that was there first, so that not all do it."""
        servers = self._catalog.servers
        if survey.servers and survey.servers[0] != servers.id:
            self._looked = True
            return
        noted = [servers.note_taken_up(server) for server in survey.left]
        if any(noted) or not self._looked:
            self._take_up()
        self._looked = True

    def _reached(self, survey: Survey, wanted: Iterable[Binding]) -> Set[str]:
        """Names of the buckets that this server can reach at all; all of them when there is no other to leave them
        to."""
        names = {binding.bucket for binding in wanted}
        if len(survey.servers) < 2:
            return names
        return reached(self._buckets, names)
