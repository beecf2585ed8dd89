"""How changes in a folder are found where the kernel does not report them all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.buckets.namespace import run_apart
from tests.servers.fuse_folder import mounted

from bindery.buckets.folder import FolderStore
from bindery.buckets.folder_files import count_folders
from bindery.buckets.registry import Buckets, parse_store
from bindery.buckets.store import StoreAddress, StoreMisconfigured

OPENED = """
import os, subprocess, sys
from pathlib import Path
from bindery.buckets.folder import FolderStore
from bindery.buckets.store import StoreAddress, StoreUnavailable
root = Path(sys.argv[1])
store = FolderStore(StoreAddress(bucket="media", url=f"file://{root}"))
def mount(path):
    subprocess.run(["mount", "-t", "tmpfs", "none", path], check=True)
def wait_overflow(watch):
    return any(watch.wait(0.2).overflow for _ in range(300))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "a" / "b").mkdir(parents=True)
    (tmp_path / "root" / "a" / "file").write_bytes(b"x")
    return tmp_path / "root"


@pytest.fixture
def shared(root: Path, tmp_path: Path) -> Iterator[Path]:
    """The root once more, as a network mount."""
    mount = tmp_path / "shared"
    mount.mkdir()
    try:
        with mounted(root, mount):
            yield mount
    except OSError as error:
        pytest.skip(f"this user may not mount: {error}")


def store_at(path: Path, **options: str) -> FolderStore:
    return FolderStore(StoreAddress(bucket="media", url=f"file://{path}", options=options))


def test_a_local_folder_is_watched(root: Path) -> None:
    watch = store_at(root).watch()
    assert watch.unseen == {}
    watch.close()


def test_a_network_mount_hides_what_others_change(root: Path, shared: Path) -> None:
    store = store_at(shared)
    watch = store.watch()
    assert list(watch.unseen) == [""]
    assert watch.unseen[""].startswith("fuse.test ")
    (root / "a" / "new").write_bytes(b"by another machine")
    assert [info.key for page in store.list() for info in page] == ["a/file", "a/new"]
    assert watch.wait(0.3).keys == frozenset()
    watch.close()


def test_a_network_mount_below_a_folder(shared: Path) -> None:
    watch = store_at(shared.parent).watch()
    assert list(watch.unseen) == ["shared/"]
    watch.close()


def test_the_option_decides(shared: Path, root: Path) -> None:
    watch = store_at(shared, follow="watch").watch()
    assert watch.unseen == {}
    watch.close()
    assert store_at(root, follow="poll").capabilities.watch is False
    assert store_at(root, follow="auto").capabilities.watch is (sys.platform == "linux")
    for options in ({"follow": "never"}, {"endpoint": "http://x"}):
        with pytest.raises(StoreMisconfigured, match="auto, watch, poll"):
            store_at(root, **options)


def test_the_option_in_a_url_and_for_all_folders(root: Path) -> None:
    address = parse_store("media", f"file://{root}?follow=poll")
    assert (address.url, address.options) == (f"file://{root}", {"follow": "poll"})
    plain = {
        "media": address,
        "other": parse_store("other", str(root)),
        "s3s": parse_store("s3s", "s3://x"),
    }
    buckets = Buckets(plain, folder_options={"follow": "watch"})
    assert [buckets.open(name).address.options for name in buckets.names()] == [
        {"follow": "poll"}, {"follow": "watch"}, {},
    ]  # fmt: skip
    assert buckets.open("other") is buckets.open("other")


def test_a_disk_that_is_mounted_or_unmounted_below(root: Path) -> None:
    program = """
watch = store.watch()
mount(root / "a" / "b")
assert wait_overflow(watch), "mounted"
watch.close()
watch = store.watch()
(root / "a" / "b" / "on-the-disk").touch()
assert "a/b/on-the-disk" in watch.wait(60).keys
subprocess.run(["umount", root / "a" / "b"], check=True)
assert wait_overflow(watch), "unmounted"
watch = store.watch()
mount("/mnt")
assert not any(watch.wait(0.1).overflow for _ in range(3)), "mounted elsewhere"
"""
    run_apart(OPENED + program, root)


@pytest.mark.parametrize(
    ("limit", "number", "setting"),
    [
        ("max_inotify_watches", 2, "fs.inotify.max_user_watches"),
        ("max_inotify_instances", 0, "fs.inotify.max_user_instances"),
    ],
)
def test_the_kernel_allows_no_more_watches(root: Path, limit: str, number: int, setting: str) -> None:
    program = f"""
Path("/proc/sys/user/{limit}").write_text("{number}")
try:
    store.watch()
except StoreUnavailable as error:
    print(error)
descriptors = len(os.listdir("/proc/self/fd"))
for _ in range(20):
    try:
        store.watch()
    except StoreUnavailable:
        pass
assert len(os.listdir("/proc/self/fd")) == descriptors
"""
    said = run_apart(OPENED + program, root)
    assert f"raise {setting} (sysctl)" in said


def test_the_kernel_allows_no_more_watches_later(root: Path) -> None:
    program = """
Path("/proc/sys/user/max_inotify_watches").write_text("4")
watch = store.watch()
for number in range(5):
    (root / f"folder{number}").mkdir()
assert wait_overflow(watch)
"""
    run_apart(OPENED + program, root)


def test_counting_folders(root: Path, tmp_path: Path) -> None:
    assert count_folders(bytes(root), 100) == 3
    assert count_folders(bytes(root), 2) == 2
    (root / "link").symlink_to(tmp_path)
    assert count_folders(bytes(root), 100) == 3
