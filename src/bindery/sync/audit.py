"""The proof that a dataset equals its bucket: one complete listing beside the dataset's entries.

Entries are compared, not only the ledger, so a file that was removed by hand is found too. What differs is
suspect first: every suspect is looked at afresh, object and entry, until it agrees or has differed for a
while without moving.
"""

from __future__ import annotations

import enum
import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from bindery.buckets.store import ObjectInfo, Store
from bindery.catalog.catalog import Catalog
from bindery.catalog.documents import summarize
from bindery.catalog.records import Binding, BindingState, FileSummary, LedgerFilter, Outcome
from bindery.sync.gaps import Gap
from bindery.sync.lookups import look, look_up_all
from bindery.sync.scope import (
    exclusions_of,
    is_listed,
    list_within,
    matcher_with,
    outermost_prefixes,
)
from bindery.sync.troubles import code_of

SAMPLES = 100
"""Keys that a report names of each kind."""
_BATCH = 256
_PAGE = 1_000
_IN_MEMORY_BYTES = 16 * 1024 * 1024
_FIGURES = ("listed", "entries", "matching", "failed", "excluded")
_PAUSE_SECONDS = 0.25
_PATIENCE_SECONDS = 30.0
"""How long a repair may go without getting further."""


class Difference(enum.StrEnum):
    """How a bucket and its dataset disagree about a key."""

    MISSING = "Missing"
    EXTRA = "Extra"
    STALE = "Stale"


class Report(msgspec.Struct, kw_only=True, rename="pascal"):
    """What an audit found. ``equal``: nothing differs, or nothing does any more after the repair."""

    equal: bool = False
    well: bool = False
    """Equal, no object waits, and the binding is Running, so that it stays so."""
    state: str = ""
    reason: str = ""
    """State and Reason of the binding when the audit ended."""
    waiting: int = 0
    """Objects that are Pending, or Failed for a reason that lies outside of them and may pass."""
    unlisted: list[str] = []
    """Key prefixes that could not be listed: nothing is concluded about what is below."""
    listed: int = 0
    entries: int = 0
    matching: int = 0
    failed: int = 0
    """Entries of objects that could not be read in full; they match all the same."""
    excluded: int = 0
    missing: int = 0
    extra: int = 0
    stale: int = 0
    changing: int = 0
    """Objects that were written or removed while the audit ran and are not settled yet."""
    repaired: int = 0
    missing_keys: list[str] = []
    extra_keys: list[str] = []
    stale_keys: list[str] = []
    waiting_keys: list[str] = []


class Suspect(msgspec.Struct, frozen=True, array_like=True):
    """A key that differs, and the version of the object that was seen; empty for none within the scope."""

    key: str
    etag: str = ""
    size: int = 0
    counted: tuple[int, int, int] = (0, 0, 0)
    """What it adds to ``listed``, ``entries`` and ``failed`` of the report so far."""


class _View(msgspec.Struct, frozen=True):
    """A key at this moment."""

    key: str
    info: ObjectInfo | None
    entry: FileSummary | None
    within: bool
    difference: Difference | None
    counted: tuple[int, int, int]
    """What it adds to ``listed``, ``entries`` and ``failed``."""


class Suspects:
    """Suspects in order. Spills to a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
        self.count = 0

    def add(self, suspect: Suspect) -> None:
        """Remember one."""
        self._file.write(_encoder.encode(suspect) + b"\n")
        self.count += 1

    def batches(self) -> Iterator[list[Suspect]]:
        """All of them."""
        self._file.seek(0)
        while lines := list(itertools.islice(self._file, _BATCH)):
            yield [_decoder.decode(line) for line in lines]

    def close(self) -> None:
        """Free the space."""
        self._file.close()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Suspect)


class Audit:
    """One audit of one binding. ``check_stop`` raises to end it; ``on_progress`` is told a share of 1."""

    def __init__(
        self,
        binding: Binding,
        store: Store,
        catalog: Catalog,
        *,
        check_stop: Callable[[], None] = lambda: None,
        on_progress: Callable[[float], None] = lambda _: None,
        grace: float = 3.0,
    ) -> None:
        self.report = Report()
        self._binding, self._store, self._catalog = binding, store, catalog
        self._check_stop, self._on_progress, self._grace = check_stop, on_progress, grace
        self._exclusions = exclusions_of(binding.scope, catalog.ledger, binding.id)
        self._within = matcher_with(binding.scope, self._exclusions)
        self._began_ns = time.time_ns()

    def run(self, repair: Callable[[Sequence[str]], None] | None = None) -> Report:
        """Compare, and with ``repair`` mend: it has keys looked at again, and is called per batch.

        Raises StoreError when the listing ends early: then nothing is proven. Where only parts cannot be listed the
        rest is compared.
        """
        suspects = self._compare()
        try:
            suspects = self._leave_out_unlisted(suspects)
            suspects = self._confirm(suspects, time.monotonic() + self._grace)
            if repair is not None and suspects.count:
                self._repair(suspects, repair)
                suspects = self._wait_for_repair(suspects)
            self.report.equal = not suspects.count and not self.report.unlisted
        finally:
            suspects.close()
        self._tell_what_waits()
        return self.report

    # comparing

    def _compare(self) -> Suspects:
        report, suspects, gap = self.report, Suspects(), Gap()
        prefixes = outermost_prefixes(self._binding.scope) or ("",)
        with _closing_on_error(suspects):
            listing = gap.passing(list_within(self._store, prefixes))
            for key, info, entry in side_by_side(listing, self._entries()):
                view = self._view(key, info, entry)
                self._count(view)
                if view.difference is not None:
                    suspects.add(_suspect(view))
                elif info is not None:
                    report.matching += view.within
                    report.excluded += not view.within
                if (report.listed + report.entries) % _BATCH == 0:
                    self._check_stop()
                    self._on_progress(report.listed / max(1, self._binding.progress.listed))
        if gap.error is not None:
            report.unlisted = sorted(gap.error.prefixes)
        return suspects

    def _leave_out_unlisted(self, suspects: Suspects) -> Suspects:
        if not self.report.unlisted:
            return suspects
        unlisted, kept = tuple(self.report.unlisted), Suspects()
        with _closing_on_error(kept):
            for suspect in itertools.chain.from_iterable(suspects.batches()):
                if not suspect.key.startswith(unlisted):
                    kept.add(suspect)
        suspects.close()
        return kept

    def _tell_what_waits(self) -> None:
        """By the ledger, which knows why an object is not read yet; entries do not tell."""
        report = self.report
        for outcome in (Outcome.PENDING, Outcome.FAILED):
            chosen = LedgerFilter(outcome=outcome)
            after: str | None = ""
            while after is not None:
                self._check_stop()
                page = self._catalog.ledger.list(self._binding.id, chosen, after=after, limit=_PAGE)
                after = page.after
                waiting = [row.key for row in page.rows if outcome is Outcome.PENDING or code_of(row)]
                report.waiting += len(waiting)
                report.waiting_keys += waiting[: SAMPLES - len(report.waiting_keys)]
        binding = self._catalog.bindings.get_by_id(self._binding.id)
        report.state, report.reason = binding.state.value, binding.reason
        running = binding.state is BindingState.RUNNING
        report.well = report.equal and running and not report.waiting

    def _entries(self) -> Iterator[tuple[str, FileSummary]]:
        prefix = f"{self._binding.uri}/"
        for page in self._catalog.files.walk(self._binding.dataset_id, prefix):
            for entry in page:
                yield entry.uri[len(prefix) :], entry

    def _view(self, key: str, info: ObjectInfo | None, entry: FileSummary | None) -> _View:
        within = info is not None and (self._within is None or self._within(info))
        listed = info is not None and is_listed(self._binding.scope, key)
        failed = entry is not None and entry.object_status == "Failed"
        counted = int(listed), int(entry is not None), int(failed)
        return _View(key, info, entry, within, compare(info if within else None, entry), counted)

    def _count(self, view: _View, counted: tuple[int, int, int] = (0, 0, 0)) -> None:
        """Add a key as it is now in place of what was counted of it."""
        report, now = self.report, view.counted
        report.listed += now[0] - counted[0]
        report.entries += now[1] - counted[1]
        report.failed += now[2] - counted[2]

    # looking again

    def _look(self, batch: Sequence[Suspect]) -> list[_View]:
        """The keys as they are now: objects first, so that an entry is never older than its object."""
        self._exclusions.forget(())
        at_once = self._store.capabilities.rate.at_once
        infos = look_up_all(
            lambda suspect: look(self._store, suspect.key), batch, at_once, self._check_stop
        )
        uris = [f"{self._binding.uri}/{suspect.key}" for suspect in batch]
        entries = {
            record.uri: summarize(record.uri, record.document, record.binding_id)
            for record in self._catalog.files.get(self._binding.dataset_id, uris)
        }
        return [
            self._view(suspect.key, info, entries.get(uri))
            for suspect, info, uri in zip(batch, infos, uris, strict=True)
        ]

    def _again(self, suspects: Suspects, *, final: bool) -> Suspects:
        """Those that still differ; the ones that agree or are gone altogether are settled."""
        kept = Suspects()
        with _closing_on_error(kept):
            for batch in suspects.batches():
                self._check_stop()
                for suspect, view in zip(batch, self._look(batch), strict=True):
                    if view.difference is not None and not final:
                        kept.add(suspect)
                        continue
                    self._count(view, suspect.counted)
                    if view.difference is None:
                        self.report.matching += view.within
                        self.report.excluded += view.info is not None and not view.within
                    elif self._is_moving(suspect, view):
                        self.report.changing += 1
                    else:
                        kept.add(msgspec.structs.replace(suspect, counted=view.counted))
                        self._note(view.difference, view.key)
        suspects.close()
        return kept

    def _confirm(self, suspects: Suspects, deadline: float) -> Suspects:
        """What differs at every look until the time is over, without having changed meanwhile."""
        while suspects.count:
            final = time.monotonic() >= deadline
            suspects = self._again(suspects, final=final)
            if final:
                break
            self._rest()
        return suspects

    def _is_moving(self, suspect: Suspect, view: _View) -> bool:
        seen = _suspect(view)
        written = view.info is not None and view.within and view.info.modified_ns >= self._began_ns
        return written or (suspect.etag, suspect.size) != (seen.etag, seen.size)

    def _note(self, difference: Difference, key: str) -> None:
        name = difference.value.lower()
        setattr(self.report, name, getattr(self.report, name) + 1)
        samples: list[str] = getattr(self.report, f"{name}_keys")
        if len(samples) < SAMPLES:
            samples.append(key)

    # mending

    def _repair(self, suspects: Suspects, look_again: Callable[[Sequence[str]], None]) -> None:
        """Remove entries without object, then have every key looked at again; in this order, so that an
        object which comes back in between is found."""
        for batch in suspects.batches():
            self._check_stop()
            views = [view for view in self._look(batch) if view.difference is not None]
            extra = [view.entry.uri for view in views if view.entry is not None and not view.within]
            if extra:
                self._store.check()  # a bucket that is gone as a whole is no reason to remove entries
                self._catalog.files.delete(self._binding.dataset_id, extra)
            keys = [view.key for view in views]
            self._catalog.ledger.mark(self._binding.id, keys)
            look_again(keys)
            self.report.repaired += len(keys)

    def _wait_for_repair(self, suspects: Suspects) -> Suspects:
        """Until nothing differs any more, or nothing has become better for a while. The figures stay those of
        the comparison."""
        found = {name: getattr(self.report, name) for name in _FIGURES}
        since = time.monotonic()
        while suspects.count and time.monotonic() - since < _PATIENCE_SECONDS:
            self._rest()
            before = suspects.count
            suspects = self._again(suspects, final=False)
            if suspects.count < before:
                since = time.monotonic()
        for name, figure in found.items():
            setattr(self.report, name, figure)
        return suspects

    def _rest(self) -> None:
        self._check_stop()
        time.sleep(_PAUSE_SECONDS)


def compare(info: ObjectInfo | None, entry: FileSummary | None) -> Difference | None:
    """How an object within the scope (None when there is none) and its entry disagree.

    An entry that no binding made stands for itself: it needs no object.
    """
    if info is None:
        return None if entry is None or entry.binding_id is None else Difference.EXTRA
    if entry is None:
        return Difference.MISSING
    return None if (info.etag, info.size) == (entry.etag, entry.size) else Difference.STALE


def side_by_side(
    listing: Iterable[list[ObjectInfo]], entries: Iterable[tuple[str, FileSummary]]
) -> Iterator[tuple[str, ObjectInfo | None, FileSummary | None]]:
    """Each key of either stream once, ascending, with what both say of it. Both streams ascend."""
    infos = itertools.chain.from_iterable(listing)
    info, held = next(infos, None), next(iterator := iter(entries), None)
    while info is not None or held is not None:
        if held is None or (info is not None and info.key < held[0]):
            assert info is not None
            yield info.key, info, None
            info = next(infos, None)
        elif info is None or held[0] < info.key:
            yield held[0], None, held[1]
            held = next(iterator, None)
        else:
            yield info.key, info, held[1]
            info, held = next(infos, None), next(iterator, None)


def _suspect(view: _View) -> Suspect:
    if view.info is None or not view.within:
        return Suspect(view.key, counted=view.counted)
    return Suspect(view.key, view.info.etag, view.info.size, view.counted)


@contextmanager
def _closing_on_error(suspects: Suspects) -> Iterator[None]:
    try:
        yield
    except BaseException:
        suspects.close()
        raise
