"""Full scans and rescans by inventories, over a real catalog: what is read, what is asked, and what it ends as."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from faulty_store import FaultyStore
from sync_room import DATASET, PROJECT, InlinePool, Room, memory_bucket
from tests.servers.ceph import Ceph

from bindery.buckets.inventory.manifest import InventoryRefused
from bindery.buckets.registry import open_store, parse_store
from bindery.buckets.store import ObjectInfo, StoreUnavailable
from bindery.catalog.records import Binding, BindingPhase, BindingState, Inventory, Outcome, Scope
from bindery.sync.settings import SyncSettings
from inventories import (
    ORC_SCHEMA,
    PARQUET_SCHEMA,
    S3_CURRENT,
    csv_file,
    orc_file,
    parquet_file,
    put_inventory,
    rows_of,
)

SLOW = SyncSettings(reconcile_interval=3_600, retry_initial=0.01, retry_longest=0.1, removal_quiet=0.05)
OpenRoom = Callable[..., Room]
S = BindingState
_FORMATS: dict[str, tuple[Callable[[list[dict[str, Any]], str], bytes], str]] = {
    "CSV": (lambda rows, bucket: csv_file(rows, S3_CURRENT, bucket), S3_CURRENT),
    "Parquet": (parquet_file, PARQUET_SCHEMA),
    "ORC": (orc_file, ORC_SCHEMA),
}


class Bucket:
    """A bucket with inventories of it."""

    def __init__(self, count: int = 0, file_format: str = "CSV") -> None:
        self.store, self.address = memory_bucket()
        self.reports, self.reports_address = memory_bucket("reports")
        self.put(range(count))
        self._written, self._format = 0, file_format

    def put(self, numbers: Iterable[int], content: str = "first") -> set[str]:
        keys = {f"key-{number:05d}.bin" for number in numbers}
        for key in keys:
            self.store.put(key, f"\x00\x01{content} of {key}".encode())
        return keys

    def infos(self) -> list[ObjectInfo]:
        return [info for page in self.store.list() for info in page]

    def write(self, infos: list[ObjectInfo] | None = None, created_ns: int | None = None) -> str:
        """An inventory of the bucket as it is; its URI."""
        self._written += 1
        bucket = self.address.url.removeprefix("memory://")
        rows = rows_of(self.infos() if infos is None else infos)
        write, schema = _FORMATS[self._format]
        key = put_inventory(
            self.reports,
            [write(rows[start::3][::-1], bucket) for start in range(3)],
            bucket=bucket,
            schema=schema,
            file_format=self._format,
            created_ns=created_ns or time.time_ns(),
            dated=f"2026-01-{self._written:02}T01-00Z",
        )
        return f"oss://reports/{key}"


def open_with(open_room: OpenRoom, bucket: Bucket, tmp_path: Path, **options: object) -> Room:
    settings = options.pop("settings", SLOW)
    assert isinstance(settings, SyncSettings)
    kept = SyncSettings(**{f: getattr(settings, f) for f in settings.__struct_fields__} | {
        "inventories": tmp_path / "inventories"
    })  # fmt: skip
    return open_room(bucket.address, bucket.reports_address, settings=kept, **options)


def bind(room: Room, uri: str) -> Binding:
    if not room.catalog.projects.list():
        room.make_dataset()
    made = Binding(
        dataset_id=0,
        project_name=PROJECT,
        dataset_name=DATASET,
        bucket="media",
        inventory=room.engine.check_inventory("media", uri),
        create_time=1,
        update_time=1,
    )
    return room.engine.create_binding(made)


def wait_scanned(room: Room, uri: str) -> Inventory:
    def scanned() -> Inventory | None:
        held = room.binding("media").inventory
        return held if held is not None and held.scanned == uri else None

    found = room.wait(scanned)
    assert isinstance(found, Inventory)
    return found


def check_equal(room: Room, bucket: Bucket) -> None:
    """The dataset is what the bucket is, version by version."""
    expected = {info.key: (info.etag, info.size) for info in bucket.infos()}
    rows = room.live("media")
    assert {key: (row.etag, row.size) for key, row in rows.items()} == expected
    assert {row.outcome for row in rows.values()} <= {Outcome.INDEXED}
    assert room.keys("media") == set(expected)
    entries = {
        uri.removeprefix("oss://media/"): file["ETag"].strip('"') for uri, file in room.documents().items()
    }
    assert entries == {key: etag for key, (etag, _) in expected.items()}


@pytest.mark.parametrize("file_format", _FORMATS)
def test_a_full_scan_by_an_inventory_lists_nothing(
    file_format: str, open_room: OpenRoom, tmp_path: Path
) -> None:
    bucket = Bucket(2_000, file_format)
    room = open_with(open_room, bucket, tmp_path)
    uri = bucket.write()
    bind(room, uri)
    binding = room.wait_followed("media")
    held = wait_scanned(room, uri)
    assert (held.objects, binding.reason) == (2_000, "")
    assert held.created <= held.finished_time
    store = room.store("media")
    assert store.listings == 0
    assert sorted(room.inline.extracted) == sorted(info.key for info in bucket.infos())
    check_equal(room, bucket)
    assert room.check_books("media").listed == 2_000
    assert binding.progress.last_complete_listing is None, "it was not listed"
    assert not list((tmp_path / "inventories").glob("*/*")), "nothing is left of it"

    # One in a hundred changes; the next inventory tells of them, and only they are read.
    room.inline.extracted.clear()
    changed = bucket.put(range(0, 2_000, 200), "second")
    new = bucket.put(range(2_000, 2_005))
    for number in range(1, 2_000, 400):
        bucket.store.remove(f"key-{number:05d}.bin")
    newer = bucket.write()
    room.engine.change_inventory(binding, room.engine.check_inventory("media", newer))
    wait_scanned(room, newer)
    room.wait(lambda: len(room.keys("media")) == 2_000)
    assert sorted(room.inline.extracted) == sorted(changed | new)
    assert store.listings == 0
    check_equal(room, bucket)
    assert room.check_books("media").listed == 2_000


def test_the_next_inventory_beside_it_is_found_and_taken(open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = Bucket(30)
    quick = SyncSettings(reconcile_interval=0.2, inventory_list_requests=1e-3)
    room = open_with(open_room, bucket, tmp_path, settings=quick)
    first = bucket.write()
    bind(room, first)
    wait_scanned(room, first)
    bucket.put([3, 40], "second")
    bucket.store.remove("key-00005.bin")
    room.inline.extracted.clear()
    second = bucket.write()
    wait_scanned(room, second)
    room.wait(lambda: len(room.keys("media")) == 30)
    check_equal(room, bucket)
    assert sorted(room.inline.extracted) == ["key-00003.bin", "key-00040.bin"]
    assert room.store("media").listings == 0, "30 objects are listed every 30 seconds at this rate"

    broken = bucket.write()
    bucket.reports.put(broken.removeprefix("oss://reports/"), b"{}")
    wait_scanned(room, broken)
    binding = room.binding("media")
    assert (binding.state, binding.reason) == (S.RUNNING, ""), "it is passed over"
    check_equal(room, bucket)


def test_what_has_changed_since_it_was_written_ends_as_it_is(open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = Bucket(300)
    uri = bucket.write()
    bucket.put(range(0, 300, 10), "second")
    for number in range(1, 300, 2):
        bucket.store.remove(f"key-{number:05d}.bin")  # half of them: that is no reason to ask anybody
    bucket.put(range(300, 320))
    quick = SyncSettings(
        reconcile_interval=0.3, retry_initial=0.01, removal_quiet=0.05, inventory_list_requests=100
    )
    room = open_with(open_room, bucket, tmp_path, settings=quick)
    bind(room, uri)
    wait_scanned(room, uri)
    room.wait_keys("media", {info.key for info in bucket.infos()})
    room.wait(lambda: room.binding("media").progress.last_complete_listing)
    room.wait(lambda: all(row.outcome is Outcome.INDEXED for row in room.live("media").values()))
    check_equal(room, bucket)
    binding = room.binding("media")
    assert (binding.state, binding.reason, binding.removals_held) == (S.RUNNING, "", 0)


def test_an_old_inventory_undoes_nothing(open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = Bucket(50)
    old = bucket.write()
    bucket.put(range(0, 50, 5), "second")
    bucket.store.remove("key-00001.bin")
    bucket.put([60])
    room = open_with(open_room, bucket, tmp_path)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    check_equal(room, bucket)
    room.inline.extracted.clear()
    room.engine.change_inventory(room.binding("media"), room.engine.check_inventory("media", old))
    wait_scanned(room, old)
    room.wait(lambda: room.live("media").keys() == {info.key for info in bucket.infos()})
    tried = set(room.inline.extracted)
    assert tried <= {"key-00001.bin"}, "only what it does not know is looked for"
    check_equal(room, bucket)


def test_an_inventory_of_a_part_removes_nothing(open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = Bucket(400)
    room = open_with(open_room, bucket, tmp_path)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    earlier = room.wait(lambda: room.binding("media").progress.last_complete_listing)
    part = bucket.write(bucket.infos()[:100])
    room.engine.change_inventory(room.binding("media"), room.engine.check_inventory("media", part))
    wait_scanned(room, part)
    # A listing decides.
    room.wait(lambda: (room.binding("media").progress.last_complete_listing or 0) > earlier)
    check_equal(room, bucket)
    assert room.binding("media").removals_held == 0


@pytest.mark.parametrize("way", ["stopped", "killed"])
def test_it_goes_on_from_its_cursor(way: str, open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = Bucket(2_500)
    uri = bucket.write()
    pool = InlinePool()
    pool.answer = lambda request: pool.gate.clear() if request.object.key == "key-02100.bin" else None
    room = open_with(open_room, bucket, tmp_path, pool=pool)
    bind(room, uri)
    room.wait(pool.waiting.is_set)
    if way == "killed":
        held = room.keys("media")
        room.kill()
        data_files = [info.key for page in bucket.reports.list() for info in page if "/data/" in info.key]
        for key in data_files:
            bucket.reports.remove(key)  # it is sorted already
        room = open_with(open_room, bucket, tmp_path)
        extracted = room.inline.extracted
    else:
        room.engine.stop_binding(room.binding("media"), "pause")
        stopped = room.binding("media")
        assert (stopped.state, stopped.phase) == (S.STOPPED, BindingPhase.FULL_SCANNING)
        held, extracted = room.keys("media"), pool.extracted
        extracted.clear()
        pool.answer = lambda _: None
        pool.gate.set()
        room.engine.resume_binding(stopped)
    assert held
    wait_scanned(room, uri)
    room.wait(lambda: len(room.keys("media")) == 2_500)
    assert not held & set(extracted)
    check_equal(room, bucket)
    assert room.store("media").listings == 0


def test_one_that_cannot_be_used_is_told_of_and_another_can_be_named(
    open_room: OpenRoom, tmp_path: Path
) -> None:
    bucket = Bucket(20)
    room = open_with(open_room, bucket, tmp_path)
    uri = bucket.write()
    data = next(info.key for page in bucket.reports.list() for info in page if "/data/" in info.key)
    bucket.reports.put(data, b"another")
    binding = bind(room, uri)
    failed = room.wait_state("media", S.FAILED)
    assert "another MD5" in failed.reason and uri in failed.reason
    assert "UpdateBindingInventory" in failed.reason, "what to do next"
    assert room.engine.inventory_progress(binding) is None
    assert room.keys("media") == set()
    with pytest.raises(InventoryRefused):
        room.engine.check_inventory("media", "oss://reports/nothing/manifest.json")
    good = bucket.write()
    room.engine.change_inventory(binding, room.engine.check_inventory("media", good))
    wait_scanned(room, good)
    room.wait_state("media", S.RUNNING)
    check_equal(room, bucket)


def test_one_that_was_mended_is_tried_again(open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = Bucket(20)
    room = open_with(open_room, bucket, tmp_path)
    uri = bucket.write()
    data = next(info.key for page in bucket.reports.list() for info in page if "/data/" in info.key)
    whole = bucket.reports.read(data, 0, 1 << 20)
    bucket.reports.remove(data)
    binding = bind(room, uri)
    failed = room.wait_state("media", S.FAILED)
    assert f"{data!r} does not exist" in failed.reason
    bucket.reports.put(data, whole)
    room.engine.resume_binding(binding)
    wait_scanned(room, uri)
    room.wait_state("media", S.RUNNING)
    check_equal(room, bucket)


@pytest.mark.parametrize("way", ["scope", "resumed"])
def test_what_a_caller_waits_for_is_listed_although_listings_are_rare(
    way: str, open_room: OpenRoom, tmp_path: Path
) -> None:
    bucket = Bucket(30)
    rare = SyncSettings(reconcile_interval=3_600, inventory_list_requests=1e-6, retry_longest=0.1)
    room = open_with(open_room, bucket, tmp_path, settings=rare)
    uri = bucket.write()
    binding = bind(room, uri)
    wait_scanned(room, uri)
    room.wait_followed("media")
    bucket.put([40])
    if way == "scope":
        room.engine.change_scope(room.binding("media"), Scope(exclude=("key-0000*",)))
        room.wait_keys("media", {f"key-{number:05}.bin" for number in (*range(10, 30), 40)})
    else:
        room.engine.stop_binding(binding, "pause")
        room.engine.resume_binding(room.binding("media"))
        room.wait_keys("media", {info.key for info in bucket.infos()})


@pytest.mark.parametrize("part", ["list", "read"])
def test_the_bucket_is_listed_while_newer_inventories_cannot_be_read(
    part: str, open_room: OpenRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their store is another one, and may be away for long."""
    bucket = Bucket(30)
    quick = SyncSettings(reconcile_interval=0.1, inventory_list_requests=1_000, retry_longest=0.1)
    room = open_with(open_room, bucket, tmp_path, settings=quick)
    first = bucket.write()
    bind(room, first)
    wait_scanned(room, first)
    requests: Callable[..., object] = getattr(FaultyStore, part)
    asked = []

    def away(store: FaultyStore, *args: object, **where: object) -> object:
        if store.address.bucket == "reports":
            asked.append(args)
            raise StoreUnavailable("the store does not answer")
        return requests(store, *args, **where)

    with monkeypatch.context() as patched:
        patched.setattr(FaultyStore, part, away)
        newer = bucket.write()
        bucket.put([40])
        room.wait_keys("media", {info.key for info in bucket.infos()})
        room.wait(lambda: len(asked) > 2)
        binding = room.binding("media")
        assert (binding.state, binding.reason) == (S.RUNNING, "")
    wait_scanned(room, newer)
    room.wait_keys("media", {info.key for info in bucket.infos()})
    check_equal(room, bucket)


def test_without_one_the_bucket_is_listed(open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = Bucket(20)
    room = open_with(open_room, bucket, tmp_path)
    uri = bucket.write()
    bucket.reports.put(next(i.key for p in bucket.reports.list() for i in p if "/data/" in i.key), b"")
    binding = bind(room, uri)
    room.wait_state("media", S.FAILED)
    room.engine.change_inventory(binding, None)
    room.wait_followed("media")
    check_equal(room, bucket)
    assert room.store("media").listings > 0


def test_deleting_a_binding_leaves_nothing_of_its_inventory(open_room: OpenRoom, tmp_path: Path) -> None:
    bucket = Bucket(50)
    pool = InlinePool()
    pool.gate.clear()
    room = open_with(open_room, bucket, tmp_path, pool=pool)
    binding = bind(room, bucket.write())
    room.wait(pool.waiting.is_set)
    assert list((tmp_path / "inventories").glob("*/sorted.parquet"))
    pool.gate.set()
    room.engine.delete_binding(binding)
    assert not list((tmp_path / "inventories").glob("*"))


class Written:
    """A bucket of Ceph, written to by boto3."""

    def __init__(self, ceph: Ceph) -> None:
        self.name, self._client = ceph.create_bucket(), ceph.client()

    def put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=self.name, Key=key, Body=content)

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket=self.name, Key=key)


@pytest.mark.server
def test_a_true_s3_is_scanned_by_an_inventory(open_room: OpenRoom, tmp_path: Path, ceph: Ceph) -> None:
    source, reports = Written(ceph), Written(ceph)
    for key in ("a b.txt", "a+b.txt", "ä/ö.txt", "plain.txt", "gone.txt", "changed.txt"):
        source.put(key, f"text of {key}".encode())
    address = parse_store("media", ceph.store_url(source.name))
    store = open_store(address)

    def write(dated: str) -> str:
        rows = rows_of(info for page in store.list() for info in page)
        files = [csv_file(rows[start::2][::-1], S3_CURRENT, source.name) for start in range(2)]
        key = put_inventory(
            reports, files, bucket=source.name, schema=S3_CURRENT, created_ns=time.time_ns(), dated=dated
        )
        return f"oss://reports/{key}"

    uri = write("2026-01-31T01-00Z")
    source.remove("gone.txt")
    source.put("changed.txt", b"another text")
    settings = SyncSettings(
        reconcile_interval=3_600,
        retry_initial=0.01,
        removal_quiet=0.05,
        inventories=tmp_path / "inventories",
    )
    elsewhere = parse_store("reports", ceph.store_url(reports.name))
    room = open_room(address, elsewhere, settings=settings)
    bind(room, uri)
    wait_scanned(room, uri)
    expected = {"a b.txt", "a+b.txt", "ä/ö.txt", "plain.txt", "changed.txt"}
    room.wait_keys("media", expected)
    room.wait(lambda: room.live("media")["changed.txt"].size == len(b"another text"))
    room.inline.extracted.clear()
    source.put("new.txt", b"new")
    newer = write("2026-02-01T01-00Z")
    room.engine.reconcile(room.binding("media"))
    wait_scanned(room, newer)
    room.wait_keys("media", expected | {"new.txt"})
    assert room.inline.extracted == ["new.txt"]
    listed = {info.key: info.etag for page in store.list() for info in page}
    assert {key: row.etag for key, row in room.live("media").items()} == listed
    store.close()
