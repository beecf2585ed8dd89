"""What a binding says of itself: its state, and why it is in it."""

from __future__ import annotations

import time

import msgspec
import structlog

from bindery.buckets.store import AccessDenied, BucketNotFound, StoreChanged, StoreError, StoreMisconfigured
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, BindingState, CatalogError, CatalogUnwritable
from bindery.clock import now_ns
from bindery.secrecy import fit_to_tell
from bindery.stopping import Interrupted
from bindery.sync.guard import Refusal
from bindery.sync.outcomes import OVER_CAP
from bindery.sync.states import Cause, move
from bindery.sync.subtrees import remembered
from bindery.sync.worker import Worker

_CANNOT_HEAL = (BucketNotFound, AccessDenied, StoreMisconfigured, StoreChanged)
_MOST_IN_A_ROW = 10
"""After so many objects in a row that could not be read, the binding is not at work, whatever it has read before."""
_PAUSE_SECONDS = 1.0
_KEPT_PREFIXES = 1_000
"""Of more prefixes below which removals are held back none is remembered: a confirmation then goes by number alone."""
_log = structlog.get_logger()


class Reports:
    """For the thread of one binding."""

    def __init__(self, binding_id: int, catalog: Catalog) -> None:
        self._binding_id = binding_id
        self._catalog = catalog
        self._problems: list[str] = []
        """What the last listing could not do."""
        self.untold = ""
        """Why the binding cannot go on, while that cannot be stored."""
        self._logged = ""
        """Why it cannot go on, as it stands in the log."""
        self._told: frozenset[str] = frozenset()
        self._stands = False
        self._next = 0.0

    def move(self, cause: Cause, reason: str = "") -> None:
        """Change the state, where the cause means anything in it. Raises CatalogError."""
        now = now_ns()

        def change(binding: Binding) -> Binding:
            return move(binding, cause, reason=reason, now=now) or binding

        self._catalog.bindings.update(self._binding_id, change)
        self.untold = ""

    def end_listing(self, worker: Worker, held: Refusal | None, said: Binding) -> None:
        """What a listing could not do, as Reason of a binding that goes on; empty when it did everything.

        ``said``: the binding as the listing took it. The removals that were confirmed then are used up; what was
        confirmed while it ran, and a move to another store, are left to the next listing.
        """
        self._problems = [] if held is None else [held.reason]
        self._logged = ""
        count, below = (0, ()) if held is None else (held.count, held.below)
        reason = self._reason(worker)
        mounts = worker.store.mounts()

        def change(binding: Binding) -> Binding:
            confirmed = binding.removals_confirmed
            moved = binding.moved and (held is not None or not said.moved)
            return msgspec.structs.replace(
                binding,
                reason=reason if binding.state is BindingState.RUNNING else binding.reason,
                removals_held=count,
                removals_below=below if len(below) <= _KEPT_PREFIXES else (),
                mounts=remembered(binding.mounts, worker.mounts, mounts, held),
                removals_confirmed=0 if confirmed == said.removals_confirmed else confirmed,
                moved=moved,
            )

        self._catalog.bindings.update(self._binding_id, change)
        self._tell(worker)

    def tell_troubles(self, worker: Worker) -> None:
        """Trouble that lies outside of the objects is told when it begins and when it is over, not with the next
        listing; counts in between are left to that."""
        now = time.monotonic()
        told = (worker.troubles.codes, self._is_standing(worker))
        if told == (self._told, self._stands) or now < self._next:
            return
        self._next = now + _PAUSE_SECONDS
        self._tell(worker)

    def note_failure(self, error: Exception) -> None:
        """The life of the binding has ended; a new one begins after a pause."""
        self._told, self._stands, self._next = frozenset(), False, 0.0
        if isinstance(error, CatalogUnwritable):
            return  # the catalog logs it once for all bindings, and tells it as the problem of each
        cause = Cause.CANNOT_HEAL if isinstance(error, _CANNOT_HEAL) else Cause.STORE_UNREACHABLE
        expected = isinstance(error, StoreError | CatalogError)
        name = "the extraction pool gave up" if isinstance(error, Interrupted) else fit_to_tell(str(error))
        reason = f"{'' if expected else 'InternalError: '}{type(error).__name__}: {name}"
        if reason != self._logged:  # each further try ends so: once is enough until it changes
            _log.warning("the binding cannot go on", reason=reason, exc_info=not expected)
        self._logged = reason
        try:
            self.move(cause, reason)
        except Exception as problem:
            self.untold = reason
            _log.warning(
                "the state of the binding could not be stored",
                problem=str(problem),
                exc_info=not isinstance(problem, CatalogError),
            )

    def _tell(self, worker: Worker) -> None:
        troubles = worker.troubles
        stands = self._is_standing(worker)
        reason = self._reason(worker)
        if troubles.codes and troubles.codes != self._told:
            _log.warning("objects wait for what lies outside of them", reason=troubles.describe())
        elif self._told and not troubles.codes:
            _log.info("objects do not wait any more for what lies outside of them")
        self._told, self._stands = troubles.codes, stands
        now = now_ns()

        def change(binding: Binding) -> Binding:
            cause = Cause.STORE_UNREACHABLE if stands else Cause.STORE_BACK
            moved = move(binding, cause, reason=reason, now=now)
            if moved is not None:
                return moved
            if binding.state is not BindingState.RUNNING:
                return binding
            return msgspec.structs.replace(binding, reason=reason)

        self._catalog.bindings.update(self._binding_id, change)

    def _is_standing(self, worker: Worker) -> bool:
        """Whether nothing comes of the work, though the binding goes on trying."""
        row, books = worker.troubles.in_a_row, worker.books
        if not worker.troubles.codes or not row:
            return False
        return row >= _MOST_IN_A_ROW or not (books.indexed or books.unchanged)

    def _reason(self, worker: Worker) -> str:
        problems = [*self._problems]
        if worker.troubles.codes:
            problems.append(worker.troubles.describe())
        if worker.commits.cap is not None:
            problems.append(
                f"{OVER_CAP}: {worker.commits.cap} of the dataset is reached and further objects wait; delete files "
                "from the dataset or raise the cap with UpdateDataset"
            )
        return fit_to_tell("; ".join(problems))
