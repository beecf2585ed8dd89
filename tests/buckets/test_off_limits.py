"""The server's data folder is never a bucket, by no way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from bindery.buckets.registry import Buckets, open_store, parse_store
from bindery.buckets.store import BucketNotFound, ObjectNotFound, Store, StoreAddress, StoreMisconfigured


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "bindery-data"
    (folder / "below").mkdir(parents=True)
    (folder / "root-key.json").write_text("secret")
    (folder / "below" / "file.txt").write_text("secret")
    return folder


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def listed(store: Store, prefix: str = "") -> list[str]:
    return [info.key for page in store.list(prefix=prefix) for info in page]


@pytest.mark.parametrize("place", [".", "below", "..", "../..", "/"])
@pytest.mark.parametrize("trusted", [True, False])
def test_it_is_not_registered(data: Path, place: str, trusted: bool) -> None:
    buckets = Buckets({}, data=data)
    address = parse_store("photos", str((data / place).resolve()), trusted=trusted)
    with pytest.raises(StoreMisconfigured, match="data folder"):
        buckets.register(address)
    with pytest.raises(BucketNotFound):
        buckets.address("photos")


@pytest.mark.parametrize("place", [".", "below", ".."])
def test_it_is_not_configured(data: Path, place: str) -> None:
    with pytest.raises(StoreMisconfigured, match="data folder"):
        Buckets({"photos": parse_store("photos", str(data / place))}, data=data)


def test_links_lead_nowhere(data: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(data)
    (tmp_path / "deep").symlink_to(tmp_path / "link" / "below")
    buckets = Buckets({}, data=tmp_path / "link")
    for place in (data, tmp_path / "link", tmp_path / "deep", data.parent):
        for url in (f"file://{place}", str(place)):
            with pytest.raises(StoreMisconfigured):
                buckets.register(parse_store("photos", url))
            with pytest.raises(StoreMisconfigured):
                buckets.register(StoreAddress(bucket="photos", url=f"file://{place}"))


def test_a_folder_that_becomes_a_link_to_it_is_not_opened(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    buckets = Buckets({"photos": parse_store("photos", str(folder))}, data=data)
    buckets.open("photos").check()
    folder.rmdir()
    folder.symlink_to(data)
    with pytest.raises(StoreMisconfigured):
        buckets.open("photos")


def test_the_bucket_root_that_holds_it_passes_it_over(data: Path) -> None:
    root = data.parent
    (root / "photos").mkdir()
    buckets = Buckets({}, root, data)
    with capture_logs() as logs:
        assert buckets.names() == ["photos"]
        assert buckets.names() == ["photos"]
        for name in ("bindery-data", "."):
            with pytest.raises(BucketNotFound):
                buckets.open(name)
    assert [line["event"] for line in logs] == ["a folder of the bucket root is no bucket"]


@pytest.mark.parametrize("root", ["..", "../..", "."])
def test_no_folder_of_a_root_holds_it_or_lies_in_it(data: Path, root: str) -> None:
    buckets = Buckets({}, data / root, data)
    assert "bindery-data" not in buckets.names()
    assert "work" not in buckets.names()
    assert "below" not in buckets.names()
    with pytest.raises(BucketNotFound):
        buckets.open("below")


@pytest.fixture
def around(data: Path) -> Store:
    """A bucket that came to have the data folder below, as by a mount."""
    root = data.parent
    (root / "z.txt").write_text("content")
    (root / "a.txt").write_text("content")
    (root / "alias.json").symlink_to(data / "root-key.json")
    (root / "other.txt").symlink_to(root / "a.txt")
    status = data.stat()
    address = parse_store("photos", str(root))
    return open_store(msgspec.structs.replace(address, off_limits=((status.st_dev, status.st_ino),)))


def test_a_walk_never_enters_it(around: Store) -> None:
    assert listed(around) == ["a.txt", "other.txt", "z.txt"]
    assert listed(around, "bindery-data/") == []
    assert listed(around, "bindery-data/below/") == []


@pytest.mark.parametrize(
    "key",
    ["bindery-data/root-key.json", "bindery-data/below/file.txt", "alias.json", "bindery-data/absent"],
)
def test_nothing_in_it_is_looked_up_or_read(around: Store, key: str) -> None:
    with pytest.raises(ObjectNotFound):
        around.details(key)
    with pytest.raises(ObjectNotFound):
        around.read(key, 0, 10)


def test_another_process_keeps_to_it(around: Store) -> None:
    there = msgspec.json.decode(msgspec.json.encode(around.address), type=StoreAddress)
    assert listed(open_store(there)) == ["a.txt", "other.txt", "z.txt"]


def test_nothing_in_it_is_watched(around: Store, data: Path) -> None:
    watch = around.watch()
    try:
        (data / "catalog.db-wal").write_text("busy")
        (data / "below" / "file.txt").write_text("busy")
        (data.parent / "a.txt").write_text("changed")
        seen: set[str] = set()
        for _ in range(600):
            changes = watch.wait(0.1)
            seen |= changes.keys
            assert not any(prefix.startswith("bindery-data") for prefix in changes.prefixes)
            if "a.txt" in seen:
                break
        assert seen == {"a.txt"}
    finally:
        watch.close()


def test_a_server_gives_every_folder_what_is_off_limits(data: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    buckets = Buckets({}, tmp_path, data)
    status = data.stat()
    assert buckets.open("photos").address.off_limits == ((status.st_dev, status.st_ino),)


def test_a_bind_mount_leads_nowhere(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "--bind", data, folder], check=False, capture_output=True).returncode
    ):
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(StoreMisconfigured):
            Buckets({}, data=data).register(parse_store("photos", str(folder)))
        with pytest.raises(StoreMisconfigured):
            Buckets({}, data=data).register(parse_store("photos", str(folder / "below")))
    finally:
        subprocess.run(["umount", folder], check=True)
