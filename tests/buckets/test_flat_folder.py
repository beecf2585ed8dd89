"""One folder with more entries than are held in memory: what is held, and how often names are read."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest
from tests.own_process import count_descriptors, in_own_process
from tests.own_threads import replace_here

from bindery.buckets import folder as folder_module
from bindery.buckets import sorted_names
from bindery.buckets.folder import FolderStore
from bindery.buckets.sorted_names import SortedNames
from bindery.buckets.store import StoreAddress, StoreUnavailable
from bindery.sync.lookups import look_as_listed

FILES = 2_345
FOLDERS = 40
HELD = 100


@pytest.fixture
def few_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_names, "MOST_HELD", HELD)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Names in no order, some of them odd, and folders between them."""
    path = tmp_path / "flat"
    path.mkdir()
    numbers = list(range(FILES))
    random.Random(3).shuffle(numbers)
    for number in numbers:
        (path / f"{number * 7919 % 100_003:06d}-\u4e2d{number}\n.jpg").touch()
    for number in range(FOLDERS):
        (path / f"{number * 2_500:06d}").mkdir()
        (path / f"{number * 2_500:06d}" / "inside").touch()
    (path / os.fsdecode(b"\xff%FF")).touch()
    return path


@pytest.fixture
def store(root: Path) -> FolderStore:
    return FolderStore(StoreAddress(bucket="media", url=f"file://{root}"))


def keys_below(root: Path) -> list[str]:
    from bindery.buckets.folder_names import key_of_path

    found = (os.path.relpath(path, root) for path in root.rglob("*") if path.is_file())
    return sorted(key_of_path(os.fsencode(path)) for path in found)


def count_scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Folders that are read from now on."""
    scanned: list[str] = []
    scandir = os.scandir

    def counted(folder: int) -> object:
        scanned.append(os.readlink(f"/proc/self/fd/{folder}"))  # noqa: PTH115
        return scandir(folder)

    replace_here(monkeypatch, folder_module.os, "scandir", counted)
    return scanned


@pytest.mark.usefixtures("few_held")
def test_everything_comes_in_order(root: Path, store: FolderStore) -> None:
    pages = list(store.list())
    assert [info.key for page in pages for info in page] == keys_below(root)
    assert all(len(page) <= 1_000 for page in pages)


@pytest.mark.usefixtures("few_held")
def test_names_are_read_once_and_few_are_held(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, add = 0, SortedNames.add

    def counted(names: SortedNames, name: bytes) -> bool:
        nonlocal most
        full = add(names, name)
        most = max(most, len(names._held))
        return full

    replace_here(monkeypatch, SortedNames, "add", counted)
    scanned = count_scans(monkeypatch)
    assert sum(map(len, store.list())) == FILES + FOLDERS + 1
    assert most == HELD - 1
    assert scanned.count(str(root)) == 1
    assert len(scanned) == 1 + FOLDERS


@pytest.mark.usefixtures("few_held")
def test_a_cursor_costs_one_reading_of_the_names_whatever_the_number_of_pages(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keys_below(root)
    scanned = count_scans(monkeypatch)
    for start in (keys[0], keys[len(keys) // 2], keys[-2]):
        scanned.clear()
        rest = [info.key for page in store.list(start_after=start) for info in page]
        assert rest == keys[keys.index(start) + 1 :]
        assert scanned.count(str(root)) == 1


def test_a_file_is_looked_for_without_reading_its_folder(
    root: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {info.key: info for page in store.list() for info in page}
    scanned = count_scans(monkeypatch)
    listdir, read = os.listdir, list[object]()
    replace_here(monkeypatch, os, "listdir", lambda path: read.append(path) or listdir(path))
    for key in random.Random(1).sample(sorted(listed), 50):
        assert look_as_listed(store, key) == listed[key]
    assert look_as_listed(store, "000000/none") is None
    assert scanned == read == []
    (root / "A.JPG").touch()
    (root / "a.jpg").touch()  # as a file system would answer that finds both by one name
    found = look_as_listed(store, "a.jpg")
    assert found is not None
    assert found.key == "a.jpg"
    assert len(read) == 1


@pytest.mark.usefixtures("few_held")
def test_while_the_names_are_read_empty_pages_say_so(store: FolderStore) -> None:
    """One for each time that memory is full, all of them before the first object."""
    pages = list(store.list())
    empty = (FILES + FOLDERS + 1) // HELD
    assert [bool(page) for page in pages[: empty + 1]] == [False] * empty + [True]
    assert sum(not page for page in pages) == empty


def test_a_small_folder_has_no_empty_pages(store: FolderStore) -> None:
    assert all(store.list())


def test_a_listing_that_is_given_up_leaves_nothing_open(store: FolderStore) -> None:
    in_own_process(give_listings_up, store)


def give_listings_up(store: FolderStore) -> None:
    sorted_names.MOST_HELD = HELD
    before = count_descriptors()
    for pages in (1, 10, 24, 26):
        listing = store.list()
        for _ in range(pages):
            next(listing)
        listing.close()  # type: ignore[attr-defined]
        assert count_descriptors() == before


@pytest.mark.usefixtures("few_held")
def test_no_room_to_sort_ends_the_listing(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    replace_here(monkeypatch, sorted_names.os, "pwrite", full)
    with pytest.raises(StoreUnavailable, match="cannot be sorted: No space left"):
        list(store.list())


@pytest.mark.parametrize("count", [0, 1, HELD - 1, HELD, HELD + 1, 10 * HELD, 10 * HELD + 7])
@pytest.mark.parametrize("chunk", [1, 3, 16_384])
@pytest.mark.usefixtures("few_held")
def test_names_come_out_sorted_and_once(count: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_names, "_CHUNK", chunk)
    chance = random.Random(count)
    given = [chance.randbytes(chance.randrange(1, 12)).replace(b"\0", b"\1") for _ in range(count)]
    given += given[: count // 3]  # a system may name an entry twice while others come and go
    names = SortedNames()
    filled = sum(names.add(name) for name in given)
    assert filled == names.runs <= len(given) // HELD
    assert list(names.ascending()) == sorted(set(given))
    names.close()
