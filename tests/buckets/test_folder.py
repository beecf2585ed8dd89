"""Local folders, with everything that a disk can hold."""

# ruff: noqa: PTH102, PTH115, PTH118

from __future__ import annotations

import errno
import itertools
import os
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.buckets.conformance import PLAIN_KEYS, Bucket, StoreConformance
from tests.own_threads import replace_here
from tests.servers.fuse_folder import mounted

from bindery.buckets import folder as folder_module
from bindery.buckets import folder_files
from bindery.buckets.folder import FolderStore, HeldFile
from bindery.buckets.registry import parse_store
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    ObjectChanged,
    ObjectNotFound,
    PartlyListed,
    StoreAddress,
    StoreUnavailable,
    bound_time,
)

UNPRIVILEGED = 65_534


def store_at(path: Path) -> FolderStore:
    return FolderStore(StoreAddress(bucket="media", url=f"file://{path}"))


def keys_of(store: FolderStore, **arguments: str) -> list[str]:
    return [info.key for page in store.list(**arguments) for info in page]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.fixture
def store(root: Path) -> FolderStore:
    return store_at(root)


@pytest.fixture
def deep(root: Path) -> Iterator[Path]:
    """The root, removed in the end by a program that does not recurse as Python does."""
    yield root
    subprocess.run(["rm", "-rf", root], check=True)


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Runs as a user whom permissions stop; root is not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(UNPRIVILEGED)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_root(tmp_path: Path, root: Path) -> Path:
    """The root, within reach of an unprivileged user."""
    for path in (root, *root.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o755)
    return root


class TestFolderStore(StoreConformance):
    keys = tuple(key for key in PLAIN_KEYS if not any(other.startswith(f"{key}/") for other in PLAIN_KEYS))
    open_missing = FolderStore

    @pytest.fixture
    def bucket(self, root: Path) -> Bucket:
        def put(key: str, content: bytes) -> None:
            path = root / key
            if key.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

        missing = StoreAddress(bucket="media", url=f"file://{root.parent / 'missing'}")
        return Bucket(store_at(root), put, lambda key: (root / key).unlink(), missing)


@pytest.mark.parametrize(
    "key", ["../root/file", "./file", "file/", "/file", "a//b", "..", ".", "", "a\0b", "a/../file"]
)
def test_keys_that_are_no_path(root: Path, store: FolderStore, key: str) -> None:
    (root / "file").write_bytes(b"x")
    (root / "a").mkdir()
    for ask in (lambda: store.details(key), lambda: store.read(key, 0, 1)):
        with pytest.raises(ObjectNotFound):
            ask()
    assert keys_of(store, prefix=key or "none") == []


def test_the_root_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (root / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(root)
    store = FolderStore(parse_store("media", str(tmp_path / "link")))
    assert keys_of(store) == ["file"]


# links


def test_links_within_and_out_of_the_bucket(root: Path, tmp_path: Path, store: FolderStore) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root-sibling").mkdir()
    (tmp_path / "root-sibling" / "file").write_bytes(b"secret")
    (root / "folder").mkdir()
    (root / "folder" / "file").write_bytes(b"inside")
    for name, target in {
        "inside": "folder/file",
        "twice": "inside",
        "absolute": str(root / "folder" / "file"),
        "outside": "../secret",
        "outside-absolute": "/etc/hostname",
        "sibling": "../root-sibling/file",
        "dangling": "nowhere",
        "loop": "loop",
        "to-folder": "folder",
        "to-root": ".",
        "device": "/dev/zero",
    }.items():
        (root / name).symlink_to(target)
    infos = {info.key: info for page in store.list() for info in page}
    assert sorted(infos) == ["absolute", "folder/file", "inside", "twice"]
    assert (infos["inside"].object_type, infos["folder/file"].object_type) == ("Symlink", "Normal")
    assert store.details("inside").info == infos["inside"]
    assert store.read("twice", 0, 9) == b"inside"
    for key in [
        "outside",
        "outside-absolute",
        "sibling",
        "dangling",
        "loop",
        "device",
        "to-folder/file",
        "to-root/folder/file",
    ]:
        for ask in (lambda key=key: store.details(key), lambda key=key: store.read(key, 0, 9)):
            with pytest.raises(ObjectNotFound):
                ask()


def test_a_folder_exchanged_for_a_link_while_it_is_listed(
    root: Path, tmp_path: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret").write_bytes(b"secret")
    for name in ("a", "b"):
        (root / name).mkdir()
        (root / name / "file").write_bytes(b"x")
    pages = folder_module._Walk(os.fsencode(root), frozenset(), b"", b"").runs()
    first = next(pages)
    (root / "b").rename(root / "b-away")
    (root / "b").symlink_to(tmp_path / "private")
    rest = [info.key for infos in pages for info in infos]
    assert [info.key for info in first] == ["a/file"]
    assert rest == []


def test_a_race_of_links_never_reveals_what_is_outside(
    root: Path, tmp_path: Path, store: FolderStore
) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "file").write_bytes(b"secret")
    (root / "real").mkdir()
    (root / "real" / "file").write_bytes(b"public")
    (root / "door").mkdir()
    done = threading.Event()

    def swap() -> None:
        number = 0
        while not done.is_set():
            number += 1
            link = tmp_path / f"link-{number}"
            link.symlink_to(tmp_path / "private" if number % 2 else root / "real")
            (root / "door").rename(tmp_path / f"door-{number}")
            link.rename(root / "door")
            (root / "name").unlink(missing_ok=True)
            (root / "name").symlink_to(
                tmp_path / "private" / "file" if number % 2 else root / "real" / "file"
            )

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(3_000):
            for key in ("door/file", "name"):
                try:
                    assert store.read(key, 0, 99) == b"public"
                except ObjectNotFound:
                    continue
            assert set(keys_of(store)) <= {"real/file", "name"}
    finally:
        done.set()
        thread.join()


# what is no file, and what may not be read


def test_pipes_sockets_and_devices_are_passed_over(root: Path, store: FolderStore) -> None:
    os.mkfifo(root / "pipe")
    (root / "to-pipe").symlink_to("pipe")
    (root / "file").write_bytes(b"x")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        if os.geteuid() == 0:
            os.mknod(root / "device", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
        assert keys_of(store) == ["file"]
        for key in ("pipe", "socket", "to-pipe"):
            with pytest.raises(ObjectNotFound):
                store.read(key, 0, 1)
            with pytest.raises(ObjectNotFound):
                store.details(key)


def test_a_file_that_may_not_be_read(open_root: Path, unprivileged_chmod: None, unprivileged: None) -> None:
    store = store_at(open_root)
    assert keys_of(store) == ["file", "locked"]
    assert store.details("locked").info.size == 6
    with pytest.raises(AccessDenied):
        store.read("locked", 0, 1)


@pytest.fixture
def unprivileged_chmod(open_root: Path) -> None:
    (open_root / "file").write_bytes(b"x")
    (open_root / "locked").write_bytes(b"locked")
    (open_root / "locked").chmod(0)


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o200])
def test_a_folder_that_may_not_be_listed_hides_nothing_else(
    open_root: Path, mode: int, request: pytest.FixtureRequest
) -> None:
    for key in ("a/file", "b/closed/file", "b/closed/deep/file", "b/file", "z"):
        (open_root / key).parent.mkdir(parents=True, exist_ok=True)
        (open_root / key).write_bytes(b"x")
    (open_root / "b" / "closed").chmod(mode)
    request.getfixturevalue("unprivileged")
    store = store_at(open_root)
    seen: list[str] = []
    with pytest.raises(PartlyListed, match="b/closed/") as raised:
        for page in store.list():
            seen += [info.key for info in page]
    assert seen == ["a/file", "b/file", "z"]
    assert all(prefix.startswith("b/closed/") for prefix in raised.value.prefixes)
    assert keys_of(store, prefix="a/") == ["a/file"]
    assert keys_of(store, start_after="b/file") == ["z"]
    with pytest.raises(AccessDenied):
        store.read("b/closed/file", 0, 1)


def test_a_root_that_may_not_be_listed(open_root: Path, request: pytest.FixtureRequest) -> None:
    open_root.chmod(0)
    request.getfixturevalue("unprivileged")
    store = store_at(open_root)
    for ask in (store.check, lambda: list(store.list())):
        with pytest.raises(AccessDenied, match="right"):
            ask()


def test_paths_longer_than_the_system_takes(deep: Path, store: FolderStore) -> None:
    (deep / "file").write_bytes(b"x")
    part = "d" * 250
    descriptors = [os.open(deep, os.O_RDONLY)]
    for _ in range(20):
        os.mkdir(part, dir_fd=descriptors[-1])
        descriptors.append(os.open(part, os.O_RDONLY, dir_fd=descriptors[-1]))
    for descriptor in descriptors:
        os.close(descriptor)
    seen: list[str] = []
    with pytest.raises(PartlyListed):
        for page in store.list():
            seen += [info.key for info in page]
    assert seen == ["file"]


def test_folders_nested_deeper_than_python_recurses(deep: Path, store: FolderStore) -> None:
    depth = 1_500
    path = str(deep)
    for _ in range(depth):
        path += "/d"
        os.mkdir(path)
    Path(path, "file").write_bytes(b"x")
    assert keys_of(store) == ["d/" * depth + "file"]


# change while it is listed


def test_files_that_vanish_while_they_are_listed(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c", "d/e"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"x")
    wanted_in = folder_module._Walk._wanted_in

    def names_then_change(walk: folder_module._Walk, folder: bytes) -> Iterator[bytes]:
        yield from wanted_in(walk, folder)
        if not folder:
            (root / "b").unlink()
            (root / "d" / "e").unlink()
            (root / "d").rmdir()

    monkeypatch.setattr(folder_module._Walk, "_wanted_in", names_then_change)
    assert keys_of(store) == ["a", "c"]


def test_listing_under_heavy_change_stays_in_order(root: Path, store: FolderStore) -> None:
    for number in range(300):
        (root / f"f{number}").mkdir()
        (root / f"f{number}" / "x").write_bytes(b"x")
    done = threading.Event()

    def churn() -> None:
        number = 0
        while not done.is_set():
            number = (number + 7) % 300
            (root / f"f{number}").rename(root / f"g{number}")
            (root / f"g{number}").rename(root / f"f{number}")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(20):
            keys = keys_of(store)
            assert all(before < after for before, after in itertools.pairwise(keys))
    finally:
        done.set()
        thread.join()


def test_a_root_exchanged_while_it_is_listed_proves_nothing(root: Path, store: FolderStore) -> None:
    for number in range(1_500):
        (root / f"{number:04d}").touch()
    pages = store.list()
    assert len(next(pages)) == 1_000
    root.rename(root.parent / "away")
    root.mkdir()
    with pytest.raises(StoreUnavailable, match="exchanged"):
        list(pages)


def test_a_root_that_vanishes_while_it_is_listed(root: Path, store: FolderStore) -> None:
    for number in range(1_500):
        (root / f"{number:04d}").touch()
    pages = store.list()
    next(pages)
    root.rename(root.parent / "away")
    with pytest.raises(BucketNotFound):
        list(pages)


def break_folders(monkeypatch: pytest.MonkeyPatch, number: int, name: str) -> None:
    """Folders whose name begins so answer an error, as a damaged disk or a dead mount does."""
    scandir = os.scandir

    def failing(descriptor: int) -> Iterator[os.DirEntry[str]]:
        if os.readlink(f"/proc/self/fd/{descriptor}").rpartition("/")[2].startswith(name):
            raise OSError(number, os.strerror(number))
        return scandir(descriptor)

    replace_here(monkeypatch, os, "scandir", failing)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT])
def test_a_damaged_folder_hides_nothing_else(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in ("a", "bad"):
        (root / name).mkdir()
        (root / name / "file").write_bytes(b"x")
    (root / "file").write_bytes(b"x")
    break_folders(monkeypatch, number, "bad")
    seen: list[str] = []
    with pytest.raises(PartlyListed) as raised:
        for page in store.list():
            seen += [info.key for info in page]
    assert seen == ["a/file", "file"]
    assert raised.value.prefixes == {"bad/"}
    assert f"bad/ ({os.strerror(number)})" in str(raised.value)


def test_a_disk_that_fails_everywhere_ends_the_listing(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (root / f"bad{number}").mkdir()
    break_folders(monkeypatch, errno.EIO, "bad")
    with pytest.raises(StoreUnavailable, match="Input/output") as raised:
        list(store.list())
    assert not isinstance(raised.value, PartlyListed)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM])
def test_a_machine_that_is_short_of_something_ends_the_listing(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (root / "bad").mkdir()
    break_folders(monkeypatch, number, "bad")
    with pytest.raises(StoreUnavailable) as raised:
        list(store.list())
    assert not isinstance(raised.value, PartlyListed)


def test_a_root_that_is_damaged_ends_the_listing(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_folders(monkeypatch, errno.EIO, root.name)
    with pytest.raises(StoreUnavailable, match="Input/output"):
        list(store.list())


# names that are found in other spellings


@pytest.fixture
def folding(root: Path, tmp_path: Path) -> Iterator[Path]:
    """The root on a mount that ignores case and Unicode form."""
    mount = tmp_path / "folding"
    mount.mkdir()
    try:
        with mounted(root, mount, "--fold"):
            yield mount
    except OSError as error:
        pytest.skip(f"this user may not mount: {error}")


def test_a_listing_knows_one_spelling_only(root: Path, folding: Path) -> None:
    (root / "Folder" / "Inner").mkdir(parents=True)
    for key in ("Folder/Inner/file", "Folder/\u00e9", "123"):
        (root / key).write_bytes(b"x")
    store = store_at(folding)
    keys = ["123", "Folder/Inner/file", "Folder/\u00e9"]
    assert store.read("folder/inner/FILE", 0, 9) == b"x", "the mount finds every spelling"
    assert keys_of(store) == keys
    for key in keys:
        assert keys_of(store, prefix=key) == [key]
    for other in ("folder/", "Folder/inner/", "folder/Inner/f", "Folder/Inner/FILE", "Folder/e\u0301"):
        assert keys_of(store, prefix=other) == []
    assert keys_of(store) == keys


def test_a_folder_that_the_kernel_knows_by_another_spelling(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On FAT and the like the kernel keeps the spelling of whoever came first; no such disk can be mounted here,
    so its answer is made up."""
    (root / "Folder").mkdir()
    (root / "Folder" / "file").write_bytes(b"x")
    real_path = folder_files._real_path

    def other_spelling(descriptor: int, path: bytes) -> bytes:
        return real_path(descriptor, path).replace(b"/Folder", b"/FOLDER")

    monkeypatch.setattr(folder_files, "_real_path", other_spelling)
    assert keys_of(store) == ["Folder/file"]
    assert store.read("Folder/file", 0, 9) == b"x"


# names and versions


def test_names_that_are_not_utf8_have_keys_of_their_own(root: Path, store: FolderStore) -> None:
    names = [b"\xff", b"%FF", b"%25FF", b"caf\xe9.jpg", b"50% off", b"100%25", b"\xe4\xb8", b"%", b"%zz"]
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(root), name))).write_bytes(name)
    keys = keys_of(store)
    assert len(set(keys)) == len(names)
    assert sorted(store.read(key, 0, 99) for key in keys) == sorted(names)
    assert keys == sorted(keys, key=str.encode)


def test_a_huge_file_full_of_holes(root: Path, store: FolderStore) -> None:
    size = 1 << 42
    with (root / "sparse").open("wb") as file:
        file.truncate(size)
        file.seek(size - 3)
        file.write(b"end")
    (info,) = (info for page in store.list() for info in page)
    assert info.size == size
    assert store.read("sparse", size - 5, 99) == b"\0\0end"
    assert store.read("sparse", size, 9) == b""


def test_hard_links_are_two_objects(root: Path, store: FolderStore) -> None:
    (root / "one").write_bytes(b"x")
    (root / "two").hardlink_to(root / "one")
    one, two = (info for page in store.list() for info in page)
    assert (one.key, two.key, one.etag) == ("one", "two", two.etag)


def test_a_rename_keeps_the_etag_and_a_change_of_time_does_not(root: Path, store: FolderStore) -> None:
    (root / "one").write_bytes(b"x")
    before = store.details("one").info.etag
    (root / "one").rename(root / "two")
    assert store.details("two").info.etag == before
    os.utime(root / "two", ns=(0, -5 * 10**9))
    assert store.details("two").info.modified_ns == -5 * 10**9
    assert store.details("two").info.etag != before


@pytest.mark.slow
def test_a_folder_of_a_hundred_thousand_files(root: Path, store: FolderStore) -> None:
    for number in range(100_000):
        os.close(os.open(root / f"{number}.jpg", os.O_CREAT))
    keys = keys_of(store)
    assert keys == sorted(f"{number}.jpg" for number in range(100_000))
    assert keys_of(store, start_after=keys[-3]) == keys[-2:]


@pytest.mark.parametrize("seconds", [-(2**31), 9_300_000_000, 15_000_000_000])
def test_times_outside_of_64_bits_are_the_nearest_limit(
    store: FolderStore, root: Path, seconds: int
) -> None:
    (root / "odd").write_text("x")
    os.utime(root / "odd", (seconds, seconds))
    set_to = (root / "odd").stat().st_mtime_ns  # as far as the disk can keep it
    assert bound_time(set_to) == store.details("odd").info.modified_ns
    assert [info.modified_ns for page in store.list() for info in page] == [bound_time(set_to)]
    assert store.read("odd", 0, 1, etag=store.details("odd").info.etag) == b"x"


def test_a_file_that_is_held_is_looked_up_once(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a").write_bytes(b"0123456789")
    (root / "b").write_bytes(b"abc")
    opened: list[int] = []
    open_object = store.open_object

    def noted(key: str) -> tuple[int, os.stat_result]:
        found = open_object(key)
        opened.append(found[0])
        return found

    monkeypatch.setattr(store, "open_object", noted)
    with HeldFile(store) as held:
        assert (held.read("a", 0, 3), held.read("a", 8, 10), held.read("a", 20, 1)) == (b"012", b"89", b"")
        assert len(opened) == 1
        assert held.read("b", 1, 2) == b"bc"
        held.close()
        assert held.read("b", 0, 1) == b"a"
        assert len(opened) == 3
        os.fstat(opened[-1])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[-1])


def test_a_file_that_is_held_and_changes_is_told(root: Path, store: FolderStore) -> None:
    (root / "a").write_bytes(b"0123456789")
    [[info]] = list(store.list())
    with HeldFile(store) as held:
        assert held.read("a", 0, 1, etag=info.etag) == b"0"
        with (root / "a").open("ab") as file:
            file.write(b"more")
        with pytest.raises(ObjectChanged):
            held.read("a", 0, 1, etag=info.etag)
        with pytest.raises(ObjectNotFound):
            held.read("absent", 0, 1)
        assert held.read("a", 10, 4) == b"more"


def test_a_file_that_is_held_and_replaced_is_read_as_it_was_listed(root: Path, store: FolderStore) -> None:
    (root / "a").write_bytes(b"first")
    (root / "new").write_bytes(b"other")
    info = next(info for page in store.list() for info in page if info.key == "a")
    with HeldFile(store) as held:
        assert held.read("a", 0, 2, etag=info.etag) == b"fi"
        (root / "new").rename(root / "a")
        assert held.read("a", 2, 3, etag=info.etag) == b"rst"
    assert store.read("a", 0, 5) == b"other"
