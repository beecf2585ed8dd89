"""Any life of a bucket and its server, step by step: once it is calm, the dataset equals the bucket.

Objects are put, overwritten, renamed and removed; the server is stopped, resumed, killed; the store fails in every
way of ``faulty_store``; and events about what changed come late, twice, in any order, or never.

``BINDERY_MACHINE_EXAMPLES`` sets how many lives of 50 steps are tried in a folder and in memory, with a tenth of them
on a true S3, and with the record in PostgreSQL, and fewer with worker processes (25); ``make endurance`` tries about
14,000 steps.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from faulty_store import Faults, Kind
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sync_room import InlinePool, Room, check_balance, folder_address, memory_bucket, write
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.own_threads import replace_here
from tests.servers.ceph import Ceph
from tests.servers.postgresql import Postgresql
from tests.servers.ray import MEMORY_BYTES, ON_RAY, LentWorkers

from bindery.buckets.events import ChangedKey
from bindery.buckets.registry import parse_store
from bindery.buckets.store import BucketNotFound, ObjectInfo, StoreAddress, StoreError, StoreUnavailable
from bindery.catalog.record.postgresql.servers import PostgresqlServers
from bindery.catalog.record_catalog import RecordCatalog
from bindery.catalog.records import BindingState, LedgerFilter, Outcome, Scope
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pool import ExtractionPool, Pool
from bindery.file import File
from bindery.sync import troubles
from bindery.sync.scope import InvalidScope, is_listed, matcher
from bindery.sync.settings import SyncSettings

EXAMPLES = int(os.environ.get("BINDERY_MACHINE_EXAMPLES", "25"))
STEPS = 50
QUICK = SyncSettings(
    reconcile_interval=0.1,
    folder_reconcile_interval=0.5,
    settle_time=0.01,
    retry_initial=0.01,
    retry_longest=0.05,
)
FOLDERS = st.sampled_from(["", "a/", "a/b/", "c/"])
NAMES = st.sampled_from(["1.bin", "2.bin", "3.bin", "\u00e9 x.bin"])
KEYS = st.builds(str.__add__, FOLDERS, NAMES)
SCOPES = st.builds(
    Scope,
    prefixes=st.sampled_from([(), ("a/",), ("a/b/", "c/"), ("c",)]),
    exclude=st.sampled_from([(), ("*1.bin",)]),
    min_size=st.integers(0, 3),
)
EVENTS = st.lists(st.integers(0, 1_000), min_size=1, max_size=6)
FAULTS = st.dictionaries(st.sampled_from(Kind), st.sampled_from([0.05, 0.3]), min_size=1, max_size=3)
CONTENTS = st.binary(max_size=6).map(lambda content: b"\x00" + content)


class Life(RuleBasedStateMachine):
    """Rules for every kind of store."""

    def __init__(self) -> None:
        super().__init__()
        self.data = Path(tempfile.mkdtemp(prefix="bindery-machine-"))
        self.flaky: set[str] = set()
        self.faults = Faults()
        self.events: list[str] = []
        """Keys of which the server was not told yet."""
        self.wait_before = troubles._FIRST_WAIT_SECONDS
        troubles._FIRST_WAIT_SECONDS = 0.01
        self.address = self.make_bucket()
        self.room: Room | None = None

    def make_bucket(self) -> StoreAddress:
        raise NotImplementedError

    def open_catalog(self) -> RecordCatalog:
        return SqliteCatalog(self.data, account_id="1")

    def make_pool(self) -> Pool:
        return InlinePool(self.answer)

    def put(self, key: str, content: bytes) -> None:
        raise NotImplementedError

    def remove(self, key: str) -> None:
        raise NotImplementedError

    def copy(self, source: str, target: str) -> None:
        raise NotImplementedError

    def contents(self) -> dict[str, int]:
        """Size by key."""
        raise NotImplementedError

    def wanted(self) -> tuple[dict[str, int], dict[str, int]]:
        """Size by key of what is to be indexed, and of what is to be known as excluded."""
        scope = self.server.binding("media").scope
        within = matcher(scope) or (lambda _: True)
        listed = {key: size for key, size in self.contents().items() if is_listed(scope, key)}
        inside = {key: size for key, size in listed.items() if within(ObjectInfo(key, size, "", 0))}
        return inside, {key: size for key, size in listed.items() if key not in inside}

    @property
    def server(self) -> Room:
        assert self.room is not None
        return self.room

    @property
    def stopped(self) -> bool:
        return self.server.binding("media").state is BindingState.STOPPED

    def open(self) -> None:
        addresses = {"media": self.address}
        self.room = Room(
            self.data,
            addresses,
            pool=self.make_pool(),
            settings=QUICK,
            faults=self.faults,
            catalog=self.open_catalog(),
        )

    def answer(self, request: ExtractionRequest) -> Extraction | None:
        if request.object.key not in self.flaky:
            return None
        self.flaky.discard(request.object.key)
        return Extraction(file=File(), failure="StoreUnavailable: 503", retryable=True)

    @initialize(first=st.dictionaries(KEYS, CONTENTS, max_size=6))
    def bind(self, first: dict[str, bytes]) -> None:
        for key, content in first.items():
            self.put(key, content)
        self.open()
        self.server.make_dataset()
        self.server.bind("media")

    @rule(objects=st.dictionaries(KEYS, CONTENTS, min_size=1, max_size=4))
    def write_objects(self, objects: dict[str, bytes]) -> None:
        for key, content in objects.items():
            self.put(key, content)
            self.events.append(key)

    @precondition(lambda self: self.contents())
    @rule(data=st.data())
    def remove_object(self, data: Any) -> None:
        key = data.draw(st.sampled_from(sorted(self.contents())))
        self.remove(key)
        self.events.append(key)

    @precondition(lambda self: self.contents())
    @rule(data=st.data(), new=KEYS)
    def copy_object(self, data: Any, new: str) -> None:
        source = data.draw(st.sampled_from(sorted(self.contents())))
        if source != new:
            self.copy(source, new)
            self.events.append(new)

    @precondition(lambda self: self.contents())
    @rule(data=st.data(), content=CONTENTS, told=st.permutations(["removed", "written"]))
    def replace_object(self, data: Any, content: bytes, told: list[str]) -> None:
        """Removed and written anew at once, told in either order, while anything may be under way."""
        key = data.draw(st.sampled_from(sorted(self.contents())))
        self.remove(key)
        if told[0] == "removed":
            self.server.engine.accept_events([ChangedKey("media", key)]).result(60)
        self.put(key, content)
        self.server.engine.accept_events([ChangedKey("media", key)]).result(60)
        if told[0] == "written":
            self.server.engine.accept_events([ChangedKey("media", key)]).result(60)

    @precondition(lambda self: self.events)
    @rule(picks=EVENTS)
    def tell(self, picks: list[int]) -> None:
        """Events in any order, some of them twice; those that are picked here stay to be told again."""
        keys = [self.events[pick % len(self.events)] for pick in picks]
        receipt = self.server.engine.accept_events([ChangedKey("media", key) for key in keys]).result(60)
        assert receipt.unbound == 0

    @precondition(lambda self: self.events)
    @rule(pick=st.integers(0, 1_000))
    def lose_events(self, pick: int) -> None:
        del self.events[pick % len(self.events) :]

    @rule(rates=FAULTS)
    def let_requests_fail(self, rates: dict[Kind, float]) -> None:
        self.faults.rates.update(rates)

    @rule(skew=st.sampled_from([0.0, 3_600.0, -3_600.0]))
    def turn_clock(self, skew: float) -> None:
        self.faults.skew = skew

    @rule(page=st.sampled_from([1, 2, 1_000]))
    def change_page(self, page: int) -> None:
        self.faults.page = page

    @rule(scope=SCOPES)
    def bind_anew(self, scope: Scope) -> None:
        """What the last binding left is not removed by a scope that nothing is within; then all is bound."""
        self.server.engine.delete_binding(self.server.binding("media"))
        with suppress(InvalidScope):
            self.server.bind("media", scope=scope)
            return
        self.server.bind("media")

    @rule(scope=SCOPES)
    def change_scope(self, scope: Scope) -> None:
        with suppress(InvalidScope, StoreError):  # a scope that leaves nothing is refused
            self.server.engine.change_scope(self.server.binding("media"), scope)

    @rule(keys=st.sets(KEYS, max_size=4))
    def let_reads_fail_once(self, keys: set[str]) -> None:
        self.flaky |= keys

    @precondition(lambda self: not self.stopped)
    @rule()
    def stop(self) -> None:
        self.server.engine.stop_binding(self.server.binding("media"), "stopped by the machine")
        self.server.check_books("media")

    @precondition(lambda self: self.stopped)
    @rule()
    def resume(self) -> None:
        self.server.engine.resume_binding(self.server.binding("media"))

    @rule()
    def restart(self) -> None:
        self.server.close()
        self.open()

    @rule()
    def kill_and_restart(self) -> None:
        self.server.kill()
        self.open()

    @rule(fault=st.sampled_from([StoreUnavailable("503"), BucketNotFound("gone")]))
    def begin_outage(self, fault: Exception) -> None:
        self.server.store("media").fault = fault

    @rule(pages=st.integers(0, 1))
    def break_listings(self, pages: int) -> None:
        store = self.server.store("media")
        store.fault, store.fault_after_pages = StoreUnavailable("cut off"), pages

    @rule()
    def end_outage(self) -> None:
        store = self.server.store("media")
        store.fault = store.fault_after_pages = None
        self.faults.end()

    @rule()
    def look(self) -> None:
        check_balance(self.server.progress("media"))

    @rule()
    def calm(self) -> None:
        """Everything is well again: the dataset comes to equal the bucket, and the books balance."""
        self.end_outage()
        if self.stopped:
            self.resume()
        room = self.server
        wanted, excluded = self.wanted()
        since = time.time_ns()
        room.wait(lambda: self.confirm_and_compare(since))
        binding = room.binding("media")
        assert (binding.state, binding.reason) == (BindingState.RUNNING, "")
        self.stop()
        assert {
            uri.removeprefix("oss://media/"): document["Size"] for uri, document in room.documents().items()
        } == wanted
        live = room.live("media")
        assert {key: row.size for key, row in live.items()} == wanted | excluded
        assert all(
            row.outcome is (Outcome.INDEXED if key in wanted else Outcome.EXCLUDED)
            for key, row in live.items()
        )
        self.resume()

    def confirm_and_compare(self, since: int) -> bool:
        """Whether all is equal behind a listing that ended after ``since``: what an earlier one has read may
        still be on its way."""
        room = self.server
        if (room.progress("media").last_complete_listing or 0) <= since:
            self.allow_removals()
            room.engine.reconcile(room.binding("media"))
            return False
        binding = room.binding("media")
        live = room.live("media")
        failed = [key for key, row in live.items() if row.outcome is Outcome.FAILED]
        if failed:  # all tries fell into the bad time: the operator has them tried again
            room.engine.retry_keys(binding, failed, LedgerFilter())
            return False
        wanted, excluded = self.wanted()
        return (
            {key: row.size for key, row in live.items() if row.outcome is Outcome.INDEXED} == wanted
            and {key: row.size for key, row in live.items() if row.outcome is not Outcome.INDEXED}
            == excluded
            and (binding.state, binding.reason) == (BindingState.RUNNING, "")
            and room.progress("media").oldest_pending_change is None
        )

    def allow_removals(self) -> None:
        """An emptied folder needs the caller's word."""
        binding = self.server.binding("media")
        if binding.removals_held and not any(self.wanted()):
            self.server.engine.stop_binding(binding, "it is really empty")
            self.server.engine.resume_binding(self.server.binding("media"))

    def teardown(self) -> None:
        try:
            if self.room is not None:
                self.calm()
        finally:
            if self.room is not None:
                self.room.close()
            troubles._FIRST_WAIT_SECONDS = self.wait_before
            shutil.rmtree(self.data, ignore_errors=True)


class MemoryLife(Life):
    """An object store: what changes is found by listing."""

    def make_bucket(self) -> StoreAddress:
        self.store, address = memory_bucket()
        return address

    def put(self, key: str, content: bytes) -> None:
        self.store.put(key, content)

    def remove(self, key: str) -> None:
        self.store.remove(key)

    def copy(self, source: str, target: str) -> None:
        self.store.put(target, self.store.read(source, 0, 1_000))

    def contents(self) -> dict[str, int]:
        return {info.key: info.size for page in self.store.list() for info in page}


class S3Life(Life):
    """A true S3: Ceph's object gateway, written by another client."""

    ceph: ClassVar[Ceph]

    def make_bucket(self) -> StoreAddress:
        self.bucket, self.client = self.ceph.create_bucket(), self.ceph.client()
        return parse_store("media", self.ceph.store_url(self.bucket))

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def copy(self, source: str, target: str) -> None:
        self.client.copy_object(
            Bucket=self.bucket, Key=target, CopySource={"Bucket": self.bucket, "Key": source}
        )

    def contents(self) -> dict[str, int]:
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {each["Key"]: each["Size"] for each in found}


class FolderLife(Life):
    """A folder: what changes is found by watching and by listing."""

    def make_bucket(self) -> StoreAddress:
        self.root = self.data / "root"
        self.root.mkdir()
        return folder_address(self.root)

    def put(self, key: str, content: bytes) -> None:
        write(self.root / key, content)

    def remove(self, key: str) -> None:
        (self.root / key).unlink()

    def copy(self, source: str, target: str) -> None:
        (self.root / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.root / source, self.root / target)

    def contents(self) -> dict[str, int]:
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return {path.relative_to(self.root).as_posix(): path.stat().st_size for path in files}

    @precondition(lambda self: self.contents())
    @rule(data=st.data(), new=KEYS)
    def rename(self, data: Any, new: str) -> None:
        source = data.draw(st.sampled_from(sorted(self.contents())))
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / source).replace(self.root / new)

    @rule(folder=st.sampled_from(["a", "a/b", "c"]), new=st.sampled_from(["d", "d/e", "f"]))
    def move_folder(self, folder: str, new: str) -> None:
        source, target_path = self.root / folder, self.root / new
        if source.is_dir() and not target_path.exists():
            target_path.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target_path)

    @rule(folder=st.sampled_from(["a", "a/b", "c", "d", "f"]))
    def move_folder_out_and_in(self, folder: str) -> None:
        outside = self.data / "outside"
        if (self.root / folder).is_dir():
            (self.root / folder).rename(outside)
        if outside.is_dir():
            outside.rename(self.root / "back") if not (self.root / "back").exists() else shutil.rmtree(
                outside
            )

    @rule(folder=st.sampled_from(["a", "c", "d", "back"]))
    def remove_folder(self, folder: str) -> None:
        shutil.rmtree(self.root / folder, ignore_errors=True)


class OnPostgresql(Life):
    """Its record is in PostgreSQL. A server that was killed leaves its leases, whose time is over at once."""

    postgresql: ClassVar[Postgresql]

    def __init__(self) -> None:
        self.url = self.postgresql.create_schema(f"m{uuid.uuid4().hex}")
        super().__init__()

    def open_catalog(self) -> RecordCatalog:
        return PostgresqlCatalog(self.url, self.data, account_id="1")

    @rule()
    def kill_and_restart(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            replace_here(patch, PostgresqlServers, "_say_goodbye", lambda servers: None)
            self.server.kill()
        with psycopg.connect(self.url) as connection:
            connection.execute("UPDATE server SET until = 1")
        self.open()


class MemoryLifeOnPostgresql(OnPostgresql, MemoryLife):
    """An object store."""


class FolderLifeOnPostgresql(OnPostgresql, FolderLife):
    """A folder."""


class LentPool:
    """Worker processes that outlive the servers of a life, since starting them takes seconds."""

    def __init__(self, pool: Pool) -> None:
        self.submit, self.waiting = pool.submit, pool.waiting

    trouble = ""

    def close(self) -> None:
        """Stays open."""


class WithWorkers(Life):
    """Files are extracted in processes, from the folder itself: reads do not fail there, but find what is changed."""

    workers: ClassVar[Pool]

    def make_pool(self) -> Pool:
        return LentPool(self.workers)


class FolderLifeOnPostgresqlWithWorkers(WithWorkers, FolderLifeOnPostgresql):
    """A folder."""


class FolderLifeWithWorkers(WithWorkers, FolderLife):
    """A folder."""


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("life", [MemoryLife, FolderLife])
def test_any_life(life: type[Life]) -> None:
    live(life, EXAMPLES)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(1_800)
def test_any_life_of_a_true_s3(ceph: Ceph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(S3Life, "ceph", ceph, raising=False)
    live(S3Life, max(1, EXAMPLES // 10))


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("life", [MemoryLifeOnPostgresql, FolderLifeOnPostgresql])
def test_any_life_with_the_record_in_postgresql(
    life: type[OnPostgresql], postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OnPostgresql, "postgresql", postgresql, raising=False)
    live(life, max(1, EXAMPLES // 15))


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(
    ("place", "life"),
    [
        ("local", FolderLifeOnPostgresqlWithWorkers),
        pytest.param("ray", FolderLifeWithWorkers, marks=ON_RAY),
        pytest.param("ray", FolderLifeOnPostgresqlWithWorkers, marks=ON_RAY),
    ],
)
def test_any_life_with_workers(
    place: str, life: type[WithWorkers], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if issubclass(life, OnPostgresql):
        monkeypatch.setattr(
            OnPostgresql, "postgresql", request.getfixturevalue("postgresql"), raising=False
        )
    source = LentWorkers(request.getfixturevalue("ray_workers")) if place == "ray" else None
    pool = ExtractionPool(1, ExtractionLimits(memory_bytes=MEMORY_BYTES), elsewhere=source)
    monkeypatch.setattr(WithWorkers, "workers", pool, raising=False)
    try:
        live(life, max(1, EXAMPLES // 25))
    finally:
        pool.close()


def live(life: type[Life], examples: int) -> None:
    """Try so many lives; the seed of one that goes wrong is printed."""
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # threads make smaller examples a gamble
            print_blob=True,
        ),
    )
