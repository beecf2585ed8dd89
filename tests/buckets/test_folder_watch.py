"""What the kernel reports of a folder. Each test makes changes, then waits until they were all reported."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.own_process import count_descriptors, in_own_process
from tests.own_threads import replace_here

from bindery.buckets import folder_files, folder_watch, kernel_events
from bindery.buckets.folder import FolderStore
from bindery.buckets.store import BucketNotFound, Changes, StoreAddress, StoreUnavailable, Watch

PATIENCE = 60.0


class Seen:
    """All that a watch has reported so far."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.keys: set[str] = set()
        self.prefixes: set[str] = set()
        self.overflow = False

    def until(self, enough: Callable[[Seen], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not enough(self):
            assert time.monotonic() < end, (self.keys, self.prefixes, self.overflow)
            self.take(0.2)

    def take(self, seconds: float) -> None:
        changes = self.watch.wait(seconds)
        self.keys |= changes.keys
        self.prefixes |= changes.prefixes
        self.overflow |= changes.overflow

    def until_key(self, *keys: str) -> None:
        """Wait for keys, named or below a prefix."""
        self.until(lambda seen: all(seen.covers(key) for key in keys))

    def covers(self, key: str) -> bool:
        return key in self.keys or any(key.startswith(prefix) for prefix in self.prefixes)

    def forget(self) -> None:
        """Take what is on its way, and begin with nothing."""
        mark = Path(os.fsdecode(self.watch._root)) / "mark"  # type: ignore[attr-defined]
        mark.touch()
        self.until_key("mark")
        self.keys.clear()
        self.prefixes.clear()
        self.overflow = False


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    (path / "old" / "deep").mkdir(parents=True)
    (path / "old" / "file").write_bytes(b"x")
    (path / "old" / "deep" / "file").write_bytes(b"x")
    return path


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(StoreAddress(bucket="media", url=f"file://{root}"))


@pytest.fixture
def seen(store: FolderStore) -> Iterator[Seen]:
    watch = store.watch()
    yield Seen(watch)
    watch.close()


def test_nothing_happens(seen: Seen) -> None:
    changes = seen.watch.wait(0.01)
    assert (changes.keys, changes.prefixes, changes.overflow) == (frozenset(), frozenset(), False)


@pytest.mark.parametrize(
    "name",
    ["new", "sp ace", "new\nline", "\u4e2d\u6587", "e\u0301", "old/deep/new", "%FF", "-", "tab\t", "q'\""],
)
def test_a_file_is_created_written_and_removed(root: Path, seen: Seen, name: str) -> None:
    from bindery.buckets.folder_names import key_name

    key = "/".join(key_name(part.encode()).decode() for part in name.split("/"))
    for change in (
        (root / name).touch,
        lambda: (root / name).write_bytes(b"content"),
        lambda: os.utime(root / name, (1, 1)),
        (root / name).unlink,
    ):
        change()
        seen.until(lambda seen: key in seen.keys)
        seen.forget()


def test_a_name_that_is_not_utf8(root: Path, seen: Seen) -> None:
    (root / os.fsdecode(b"\xff.jpg")).touch()
    seen.until(lambda seen: "%FF.jpg" in seen.keys)


def test_a_growing_file_is_reported_while_it_grows(root: Path, seen: Seen) -> None:
    with (root / "growing").open("wb", buffering=0) as file:
        seen.until_key("growing")
        seen.forget()
        file.write(b"more")
        seen.until_key("growing")


def test_a_renamed_file_is_two_keys(root: Path, seen: Seen) -> None:
    (root / "old" / "file").rename(root / "old" / "deep" / "renamed")
    seen.until(lambda seen: {"old/file", "old/deep/renamed"} <= seen.keys)


@pytest.mark.parametrize(
    ("before", "after"),
    [("photo.jpg", "Photo.JPG"), ("\u00e9.jpg", "e\u0301.jpg"), ("\u00e9.jpg", "\u00c9.jpg")],
)
def test_a_file_that_gets_its_own_name_in_another_spelling(
    root: Path, seen: Seen, before: str, after: str
) -> None:
    (root / before).touch()
    seen.until_key(before)
    seen.forget()
    (root / before).rename(root / after)
    seen.until(lambda seen: {before, after} <= seen.keys and before in seen.prefixes)
    seen.forget()
    (root / after).rename(root / "other")
    seen.until(lambda seen: {after, "other"} <= seen.keys)
    assert seen.prefixes == set()


def test_a_file_renamed_over_another(root: Path, seen: Seen) -> None:
    (root / "old" / "file").rename(root / "old" / "deep" / "file")
    seen.until(lambda seen: {"old/file", "old/deep/file"} <= seen.keys)


def test_folders_made_in_one_breath_are_watched(root: Path, seen: Seen) -> None:
    for number in range(30):
        path = root / f"n{number}" / "a" / "b" / "c"
        path.mkdir(parents=True)
        (path / "file").write_bytes(b"x")
    seen.until_key(*(f"n{number}/a/b/c/file" for number in range(30)))
    seen.forget()
    for number in range(30):
        (root / f"n{number}" / "a" / "b" / "c" / "later").write_bytes(b"x")
    seen.until(lambda seen: {f"n{number}/a/b/c/later" for number in range(30)} <= seen.keys)


def test_a_tree_moved_in(root: Path, tmp_path: Path, seen: Seen) -> None:
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere").rename(root / "arrived")
    seen.until(lambda seen: "arrived/" in seen.prefixes)
    seen.forget()
    (root / "arrived" / "deep" / "file").touch()
    seen.until(lambda seen: "arrived/deep/file" in seen.keys)


def test_a_tree_moved_out_is_watched_no_more(root: Path, tmp_path: Path, seen: Seen) -> None:
    (root / "old").rename(tmp_path / "away")
    seen.until(lambda seen: "old/" in seen.prefixes)
    seen.forget()
    (tmp_path / "away" / "deep" / "file").write_bytes(b"changed")
    (tmp_path / "away" / "new").write_bytes(b"x")
    seen.forget()
    (root / "sign").touch()
    seen.until_key("sign")
    assert seen.keys == {"sign"}


def test_a_tree_moved_within_reports_both_places(root: Path, seen: Seen) -> None:
    (root / "old").rename(root / "new")
    seen.until(lambda seen: {"old/", "new/"} <= seen.prefixes)
    seen.forget()
    (root / "new" / "deep" / "file").write_bytes(b"changed")
    seen.until(lambda seen: "new/deep/file" in seen.keys)
    (root / "old").mkdir()
    (root / "old" / "again").touch()
    seen.until_key("old/again")
    seen.forget()
    (root / "old" / "again").write_bytes(b"x")
    seen.until(lambda seen: "old/again" in seen.keys)


def test_two_trees_that_change_places(root: Path, seen: Seen) -> None:
    (root / "other").mkdir()
    seen.until_key("other/")
    for _ in range(20):
        (root / "old").rename(root / "spare")
        (root / "other").rename(root / "old")
        (root / "spare").rename(root / "other")
    seen.forget()
    (root / "old" / "in-old").touch()
    (root / "other" / "in-other").touch()
    seen.until(lambda seen: {"old/in-old", "other/in-other"} <= seen.keys)


def test_two_trees_that_are_exchanged(root: Path, tmp_path: Path, seen: Seen) -> None:
    """At once, so that the kernel tells of what has come to a place before it tells of what has left it."""
    (root / "other" / "far").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    seen.until_key("other/far/")
    exchange(root / "old", root / "other")
    seen.forget()
    for key in ("old/file", "old/far/file", "other/file", "other/deep/file"):
        (root / key).write_bytes(b"x")
    seen.until(lambda seen: {"old/file", "old/far/file", "other/file", "other/deep/file"} <= seen.keys)
    exchange(root / "other", tmp_path / "outside")
    seen.forget()
    (tmp_path / "outside" / "gone").touch()
    (root / "other" / "new").touch()
    seen.until(lambda seen: "other/new" in seen.keys)
    assert "other/gone" not in seen.keys
    assert seen.watch._instance.watches == 4  # type: ignore[attr-defined]


def exchange(first: Path, second: Path) -> None:
    """renameat2(2) with RENAME_EXCHANGE; some file systems cannot do it."""
    library, here, both_stay = ctypes.CDLL(None, use_errno=True), -100, 2
    if library.renameat2(here, os.fsencode(first), here, os.fsencode(second), both_stay):
        pytest.skip(os.strerror(ctypes.get_errno()))


def test_a_tree_removed(root: Path, seen: Seen) -> None:
    shutil.rmtree(root / "old")
    seen.until_key("old/file", "old/deep/file")
    (root / "old").mkdir()
    (root / "old" / "file").touch()
    seen.forget()
    (root / "old" / "file").write_bytes(b"x")
    seen.until(lambda seen: "old/file" in seen.keys)


def test_a_folder_that_becomes_readable(root: Path, seen: Seen) -> None:
    (root / "old").chmod(0o700)
    seen.until(lambda seen: "old/" in seen.prefixes)


def test_links_are_reported_and_not_followed(root: Path, tmp_path: Path, seen: Seen) -> None:
    (tmp_path / "outside").mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    seen.until_key("link")
    seen.forget()
    (tmp_path / "outside" / "file").touch()
    seen.forget()
    (root / "sign").touch()
    seen.until_key("sign")
    assert seen.keys == {"sign"}


@pytest.mark.parametrize("how", ["moved", "removed", "exchanged", "parent moved"])
def test_the_root_is_lost(root: Path, tmp_path: Path, seen: Seen, store: FolderStore, how: str) -> None:
    if how == "removed":
        shutil.rmtree(root)
    elif how == "parent moved":
        root.parent.rename(root.parent.with_name("moved-parent"))
    else:
        root.rename(tmp_path / "away")
    if how == "exchanged":
        root.mkdir()
    try:
        with pytest.raises(StoreUnavailable) as raised:
            seen.until(lambda _: False)
        assert raised.value.retryable
        if how == "exchanged":
            again = Seen(store.watch())
            (root / "file").touch()
            again.until_key("file")
            again.watch.close()
        else:
            with pytest.raises(BucketNotFound):
                store.watch()
    finally:
        if how == "parent moved":
            root.parent.with_name("moved-parent").rename(root.parent)


def test_lost_events_are_admitted_and_new_folders_found(root: Path, seen: Seen) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 50_000:
        pytest.skip("the queue of this machine is too long to fill")
    with seen.watch._instance._lock:  # type: ignore[attr-defined]  # nobody reads meanwhile
        for _ in range(limit // 4 + 200):
            (root / "one").touch()
            (root / "one").unlink()
            (root / "two").touch()
            (root / "two").unlink()
        (root / "unseen" / "deep").mkdir(parents=True)
    seen.until(lambda seen: seen.overflow)
    seen.forget()
    (root / "unseen" / "deep" / "file").touch()
    seen.until(lambda seen: "unseen/deep/file" in seen.keys)


def test_more_events_than_anybody_takes(root: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are lost for this watch alone, and only a bounded number is held."""
    monkeypatch.setattr(kernel_events, "MOST_EVENTS", 100)
    other = root.parent / "other"
    other.mkdir()
    quiet = Seen(FolderStore(StoreAddress(bucket="other", url=f"file://{other}")).watch())
    for number in range(200):
        (root / f"{number}").touch()
    (root / "unseen").mkdir()
    seen.until(lambda seen: seen.overflow)
    assert len(seen.keys) < 150
    (root / "unseen" / "file").touch()
    seen.until_key("unseen/file")
    (other / "file").touch()
    quiet.until_key("file")
    assert not quiet.overflow
    quiet.watch.close()


def test_a_file_that_is_written_in_many_pieces_is_told_of_once(root: Path, seen: Seen) -> None:
    with (root / "growing").open("wb", buffering=0) as file:
        seen.until_key("growing")
        for _ in range(2_000):
            file.write(b"more")
    seen.watch._instance.read()  # type: ignore[attr-defined]
    assert len(seen.watch._mailbox._events) <= 4  # type: ignore[attr-defined]
    seen.until_key("growing")


def test_no_more_watches_at_the_start(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_events.INotify, "add_watch", no_space)
    with pytest.raises(StoreUnavailable, match="max_user_watches"):
        store.watch()


def test_no_more_watches_later(root: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_events.INotify, "add_watch", no_space)
    (root / "one-too-many").mkdir()
    seen.until(lambda seen: seen.overflow and "one-too-many/" in seen.prefixes)
    (root / "old" / "file").write_bytes(b"still watched")
    seen.until_key("old/file")


def test_no_more_open_files_at_the_start(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not seen then would go unwatched."""
    replace_here(monkeypatch, folder_files.os, "scandir", too_many_open)
    with pytest.raises(StoreUnavailable, match="cannot be watched: Too many open files"):
        store.watch()


@pytest.mark.parametrize(
    ("number", "limit"),
    [(errno.EMFILE, "raise fs.inotify.max_user_instances"), (errno.ENFILE, "raise fs.file-max")],
)
def test_the_limit_that_keeps_a_watch_from_beginning_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, limit: str
) -> None:
    """This process has room for more files: the user has all the instances that he may have."""

    def refuse(*_: object, **__: object) -> object:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(kernel_events, "INotify", refuse)
    nobody_watches = kernel_events.KernelEvents()
    with pytest.raises(StoreUnavailable, match=limit):
        folder_watch.FolderWatch(os.fsencode(root), events=nobody_watches)


EXHAUSTED = """
import os, resource, sys
from bindery.buckets.folder import FolderStore
from bindery.buckets.folder_watch import FolderWatch
from bindery.buckets.store import StoreAddress, StoreUnavailable
store = FolderStore(StoreAddress(bucket="media", url=f"file://{sys.argv[1]}"))
def watch():
    FolderWatch(os.fsencode(sys.argv[1])).close()
watch()
list(store.list())
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
def told(work):
    try:
        work()
    except StoreUnavailable as error:
        print(error)
told(watch)
told(lambda: list(store.list()))
for _ in range(5):  # an epoll, the two ends of a pipe and the table of mounts are opened before the instance
    os.close(held.pop())
    told(watch)
"""


def test_a_process_without_room_for_files_names_that_limit(root: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", EXHAUSTED, root], check=True, timeout=120, capture_output=True
    )
    watched, listed, *later = run.stdout.decode().splitlines()
    assert "cannot be watched: Too many open files: set a higher LimitNOFILE" in watched
    assert "cannot be listed: Too many open files: set a higher LimitNOFILE" in listed
    assert len(later) == 5  # with the fifth there is an instance, and no room to look into the folder
    assert not [line for line in later if "LimitNOFILE" not in line or "inotify" in line]


def test_no_more_open_files_later(root: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as exhausted:
        replace_here(exhausted, folder_files.os, "scandir", too_many_open)
        (root / "new" / "deep").mkdir(parents=True)
        seen.until(lambda seen: seen.overflow and "new/" in seen.prefixes)


def too_many_open(*_: object) -> object:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def no_space(*_: object) -> int:
    raise OSError(28, "No space left on device")


def test_closing_wakes_a_waiting_thread(seen: Seen) -> None:
    waiting = threading.Thread(target=seen.watch.wait, args=(PATIENCE * 10,))
    waiting.start()
    time.sleep(0.05)
    seen.watch.close()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()
    seen.watch.close()
    assert seen.watch.wait(PATIENCE).keys == frozenset()


def test_many_watches_leave_no_descriptor_open(store: FolderStore) -> None:
    in_own_process(open_and_close_watches, store)


def open_and_close_watches(store: FolderStore) -> None:
    before = count_descriptors()
    for _ in range(50):
        watch = store.watch()
        watch.wait(0)
        watch.close()
    assert count_descriptors() == before


def test_a_wait_ends_when_somebody_wakes_it(tmp_path: Path) -> None:
    watch = folder_watch.FolderWatch(os.fsencode(tmp_path))
    answers: list[Changes] = []
    waiting = threading.Thread(target=lambda: answers.append(watch.wait(60)))
    waiting.start()
    watch.wake()
    waiting.join(30)
    assert not waiting.is_alive()
    assert answers == [Changes(frozenset(), frozenset(), overflow=False)]
    for _ in range(100_000):
        watch.wake()
    watch.wait(60)
    watch.close()
    watch.wake()
    watch.close()
