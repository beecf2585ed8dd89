"""Watches share the kernel's inotify instances; each is told of its own folders alone."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from inotify_simple import INotify
from tests.buckets.namespace import run_apart
from tests.own_process import count_descriptors, in_own_process
from tests.own_threads import replace_here

from bindery.buckets import kernel_events, mounts
from bindery.buckets.folder_watch import FolderWatch
from bindery.buckets.kernel_events import MOST_INSTANCES, KernelEvents
from bindery.buckets.store import StoreUnavailable

PATIENCE = 60.0
OpenWatch = Callable[[Path], FolderWatch]


@pytest.fixture
def events() -> Iterator[KernelEvents]:
    """One instance for all."""
    events = KernelEvents(most_instances=1)
    yield events
    assert events.instances() == []


@pytest.fixture
def watch(events: KernelEvents) -> Iterator[OpenWatch]:
    opened: list[FolderWatch] = []

    def open_one(folder: Path) -> FolderWatch:
        folder.mkdir(parents=True, exist_ok=True)
        opened.append(FolderWatch(os.fsencode(folder), events=events))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def keys_until(watch: FolderWatch, key: str) -> set[str]:
    """All keys that are told until this one is."""
    keys: set[str] = set()
    end = time.monotonic() + PATIENCE
    while key not in keys:
        assert time.monotonic() < end, keys
        changes = watch.wait(0.2)
        assert not changes.overflow
        keys |= changes.keys
    return keys


def count_instances() -> int:
    """Inotify instances of this process, as the system tells."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            count += str(descriptor.readlink()) == "anon_inode:inotify"
        except OSError:
            continue
    return count


def test_500_folders_take_eight_instances(tmp_path: Path) -> None:
    in_own_process(watch_500_folders, tmp_path)


def watch_500_folders(tmp_path: Path) -> None:
    events, before = KernelEvents(), count_instances()
    descriptors = count_descriptors()
    folders = [tmp_path / f"bucket-{number}" for number in range(500)]
    watches = []
    for folder in folders:
        folder.mkdir()
        watches.append(FolderWatch(os.fsencode(folder), events=events))
    assert count_instances() - before == MOST_INSTANCES == 8
    assert count_descriptors() - descriptors == MOST_INSTANCES + 4
    assert events.watches == 500
    assert [instance.members for instance in events.instances()] == [63] * 4 + [62] * 4
    for number in (0, 8, 499):
        (folders[number] / f"file-{number}").touch()
        assert keys_until(watches[number], f"file-{number}") == {f"file-{number}"}
    for each in watches:
        each.close()
    assert count_instances() == before
    assert count_descriptors() == descriptors


def test_a_process_that_can_open_nothing_more_keeps_nothing_open(tmp_path: Path) -> None:
    in_own_process(watch_without_descriptors, tmp_path)


def watch_without_descriptors(tmp_path: Path) -> None:
    events, before, open_ = KernelEvents(), count_descriptors(), os.open

    def refused(path: Path | str, *rest: int, **options: int) -> int:
        if path == mounts.TABLE:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return open_(path, *rest, **options)

    with pytest.MonkeyPatch.context() as exhausted:
        replace_here(exhausted, kernel_events.os, "open", refused)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="Too many open files"):
                FolderWatch(os.fsencode(tmp_path), events=events)
    assert count_descriptors() == before
    assert events.instances() == []
    FolderWatch(os.fsencode(tmp_path), events=events).close()


def test_each_is_told_of_its_own_folder(tmp_path: Path, watch: OpenWatch) -> None:
    first, second = watch(tmp_path / "first"), watch(tmp_path / "second")
    (tmp_path / "first" / "a").touch()
    (tmp_path / "second" / "b").touch()
    assert keys_until(first, "a") == {"a"}
    assert keys_until(second, "b") == {"b"}


def test_a_bucket_that_is_watched_twice_and_one_below_it(
    tmp_path: Path, watch: OpenWatch, events: KernelEvents
) -> None:
    (tmp_path / "root" / "below").mkdir(parents=True)
    first, second, inner = (watch(tmp_path / path) for path in ("root", "root", "root/below"))
    assert events.watches == 2
    (tmp_path / "root" / "below" / "file").touch()
    assert keys_until(first, "below/file") == {"below/file"}
    assert keys_until(second, "below/file") == {"below/file"}
    assert keys_until(inner, "file") == {"file"}
    first.close()
    inner.close()
    assert events.watches == 2
    (tmp_path / "root" / "below" / "later").touch()
    assert keys_until(second, "below/later") == {"below/later"}


def test_a_folder_that_moves_out_of_one_bucket_into_another(
    tmp_path: Path, watch: OpenWatch, events: KernelEvents
) -> None:
    (tmp_path / "first" / "album").mkdir(parents=True)
    first, second = watch(tmp_path / "first"), watch(tmp_path / "second")
    (tmp_path / "first" / "album").rename(tmp_path / "second" / "album")
    for each in (first, second, first):
        each.wait(0.0)
    assert events.watches == 3
    (tmp_path / "second" / "album" / "file").touch()
    assert keys_until(second, "album/file") == {"album/file"}
    (tmp_path / "first" / "sign").touch()
    assert keys_until(first, "sign") == {"sign"}
    shutil.rmtree(tmp_path / "second" / "album")
    second.wait(0.0)
    assert events.watches == 2


def test_who_leaves_takes_his_watches_along_and_nobody_loses_events(
    tmp_path: Path, watch: OpenWatch, events: KernelEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells of every watch that is removed; a large bucket that leaves must not fill the queue."""
    monkeypatch.setattr(kernel_events, "_REMOVED_AT_ONCE", 10)
    longest, read = 0, INotify.read

    def counted(self: INotify, *args: object, **options: object) -> object:
        nonlocal longest
        found = list(read(self, *args, **options))
        longest = max(longest, len(found))
        return found

    for number in range(100):
        (tmp_path / "large" / f"{number}").mkdir(parents=True)
    large, small = watch(tmp_path / "large"), watch(tmp_path / "small")
    assert events.watches == 102
    replace_here(monkeypatch, INotify, "read", counted)
    large.close()
    assert events.watches == 1
    assert longest == 10
    (tmp_path / "small" / "file").touch()
    assert keys_until(small, "file") == {"file"}


def test_what_the_kernel_loses_is_told_to_all(
    tmp_path: Path, watch: OpenWatch, events: KernelEvents
) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 50_000:
        pytest.skip("the queue of this machine is too long to fill")
    watches = [watch(tmp_path / "first"), watch(tmp_path / "second")]
    with events.instances()[0]._lock:  # nobody reads meanwhile
        for number in range(limit // 3 + 10):
            (tmp_path / "first" / f"{number % 100}").write_bytes(b"")
            (tmp_path / "first" / f"{number % 100}").unlink()
        (tmp_path / "second" / "new").mkdir()
    assert all(each.wait(PATIENCE).overflow for each in watches)
    (tmp_path / "second" / "new" / "file").touch()
    assert keys_until(watches[1], "new/file") == {"new/file"}


def test_one_whose_folder_goes_ends_alone(tmp_path: Path, watch: OpenWatch) -> None:
    first, second = watch(tmp_path / "first"), watch(tmp_path / "second")
    shutil.rmtree(tmp_path / "first")
    with pytest.raises(StoreUnavailable):
        for _ in range(100):
            first.wait(0.2)
    (tmp_path / "second" / "file").touch()
    assert keys_until(second, "file") == {"file"}


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_a_user_who_may_have_few_instances(tmp_path: Path, allowed: int) -> None:
    """With one all buckets are watched; with none it is said which limit to raise."""
    program = """
import os, sys
from pathlib import Path
from bindery.buckets.folder_watch import FolderWatch
from bindery.buckets.kernel_events import OF_PROCESS
from bindery.buckets.store import StoreUnavailable
root, allowed = Path(sys.argv[1]), sys.argv[2]
Path("/proc/sys/user/max_inotify_instances").write_text(allowed)
watches = []
for number in range(20):
    (root / str(number)).mkdir(exist_ok=True)
    try:
        watches.append(FolderWatch(os.fsencode(root / str(number))))
    except StoreUnavailable as error:
        print(error)
        break
print(len(watches), len(OF_PROCESS.instances()), OF_PROCESS.watches)
"""
    said = run_apart(program, tmp_path, str(allowed)).splitlines()
    assert said[-1] == (f"20 {allowed} 20" if allowed else "0 0 0")
    assert len(said) == (1 if allowed else 2)
    assert allowed or "fs.inotify.max_user_instances" in said[0]
