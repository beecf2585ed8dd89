"""Folders that hold ``.nomedia`` are left out with all below them, whenever and in whatever order the file comes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_room import Room, folder_address, memory_bucket, write

from bindery.buckets import memory
from bindery.catalog.records import LedgerEntry, Outcome, Scope
from bindery.sync.audit import Audit
from bindery.sync.estimate import estimate
from bindery.sync.nomedia import MarkedFolders
from bindery.sync.scope import WHOLE_BUCKET
from bindery.sync.scope_change import count_leaving

OpenRoom = Callable[..., Room]
TREE = {
    "a/.nomedia",
    "a/x.jpg",
    "a/b/c/y.jpg",
    "ab/x.jpg",
    "x.jpg",
    "d/e/(1).jpg",
    "d/e/.nomedia",
    "d/e/z",
    "d/z",
}
SEEN = {"ab/x.jpg", "x.jpg", "d/z"}


def row(key: str, outcome: Outcome = Outcome.EXCLUDED) -> LedgerEntry:
    return LedgerEntry(key=key, etag="e", size=0, modified_ns=0, outcome=outcome)


@pytest.mark.parametrize(
    ("prefixes", "markers", "covered"),
    [
        ((), ["a/.nomedia"], {"a", "a/b", "a/b/c"}),
        ((), ["a/b/.nomedia"], {"a/b", "a/b/c"}),
        ((), [".nomedia"], set()),  # what was bound is wanted
        (("a/",), ["a/.nomedia", "a/b/c/.nomedia"], {"a/b/c"}),
        (("a/b/", "d"), ["a/.nomedia", "d/.nomedia"], {"d"}),
        ((), ["a.nomedia", "a/x.nomedia", "a/.nomedia/x"], set()),
    ],
)
def test_which_folders_are_marked(prefixes: tuple[str, ...], markers: list[str], covered: set[str]) -> None:
    rows = {key: row(key) for key in markers}
    asked: list[str] = []

    def look_up(keys: object) -> dict[str, LedgerEntry]:
        asked.extend(keys)  # type: ignore[call-overload]
        return rows

    known, noted = MarkedFolders(prefixes, look_up), MarkedFolders(prefixes)
    for key in markers:
        if key.endswith("/.nomedia") or key == ".nomedia":
            noted.note(key.rpartition("/")[0])
    folders = ("", "a", "a/b", "a/b/c", "ab", "d")
    for marked in (known, known, noted):
        assert {folder for folder in folders if marked.covers(folder)} == covered
    assert len(asked) == len(set(asked))  # each folder once
    rows.clear()
    known.forget()
    assert not any(known.covers(folder) for folder in folders)
    rows.update({"a/.nomedia": row("a/.nomedia", Outcome.DELETED)})
    assert not known.covers("a")


def test_nothing_is_looked_up_where_there_is_none() -> None:
    asked: list[str] = []

    def look_up(keys: object) -> dict[str, LedgerEntry]:
        asked.extend(keys)  # type: ignore[call-overload]
        return {}

    marked = MarkedFolders((), look_up)
    marked.begin_listing()
    assert not marked.covers("a")
    marked.note("")  # says nothing
    marked.end_listing()
    asked.clear()
    assert (marked.covers("b/c"), asked) == (False, [])
    marked.begin_listing()
    marked.note("b")
    marked.end_listing()
    assert (marked.covers("b/c"), marked.covers("d"), asked[-1]) == (True, False, "d/.nomedia")
    marked.begin_listing()
    marked.end_listing()
    marked.forget(["e/.nomedia"])  # one has come by a change
    assert (marked.covers("f"), asked[-1]) == (False, "f/.nomedia")


@pytest.mark.parametrize("place", ["memory", "folder"])
def test_it_comes_and_goes(
    open_room: OpenRoom, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_PAGE", 2)  # the files of a folder come in several pages
    root = tmp_path / "media"
    store, address = memory_bucket() if place == "memory" else (None, folder_address(root))

    def put(key: str) -> None:
        if store is not None:
            store.put(key, key.encode())
        else:
            write(root / key, key.encode(), age=60)

    def remove(key: str) -> None:
        if store is not None:
            store.remove(key)
        else:
            (root / key).unlink()

    for key in sorted(TREE):
        put(key)
    room = open_room(address)
    room.make_dataset()
    dataset = room.bind("media", scope=WHOLE_BUCKET).dataset_id
    room.wait_keys("media", SEEN)
    room.catalog.files.set_fields(dataset, "oss://media/d/z", b'{"CustomLabels":{"place":"beach"}}')
    put("d/.nomedia")
    room.wait_keys("media", SEEN - {"d/z"})
    remove("d/.nomedia")
    room.wait_keys("media", SEEN)
    assert room.documents()["oss://media/d/z"]["CustomLabels"] == {"place": "beach"}
    remove("d/e/.nomedia")
    room.wait_keys("media", SEEN | {"d/e/(1).jpg", "d/e/z"})
    put("a/b/new.jpg")
    put("new/b/w.jpg")
    room.wait_keys("media", SEEN | {"d/e/(1).jpg", "d/e/z", "new/b/w.jpg"})
    room.wait_listed("media")
    room.wait(lambda: "a/b/new.jpg" in room.ledger("media"))
    assert room.keys("media") == SEEN | {"d/e/(1).jpg", "d/e/z", "new/b/w.jpg"}
    room.check_books("media")
    held = Audit(room.binding("media"), room.store("media"), room.catalog, grace=0.0)  # type: ignore[arg-type]
    assert held.run().equal
    binding = room.binding("media")
    room.engine.change_scope(binding, Scope())
    room.wait(lambda: {"a/x.jpg", "a/.nomedia"} <= room.keys("media"))
    assert count_leaving(room.catalog, binding, WHOLE_BUCKET).leaving == 4  # type: ignore[arg-type]


def test_an_estimate_leaves_them_out(monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = memory_bucket()
    for key in TREE:
        store.put(key, b"x")
    found = estimate(store, WHOLE_BUCKET, workers=1, on_page=lambda _: None)
    assert (found.objects, found.excluded) == (len(SEEN), len(TREE) - len(SEEN))
    assert estimate(store, Scope(), workers=1, on_page=lambda _: None).objects == len(TREE)


def test_what_is_bound_is_wanted(open_room: OpenRoom) -> None:
    store, address = memory_bucket()
    for key in (".nomedia", "x", "a/x"):
        store.put(key, b"x")
    room = open_room(address)
    room.make_dataset()
    room.bind("media", scope=WHOLE_BUCKET)
    room.wait_followed("media")
    assert room.keys("media") == {"x", "a/x"}


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_changes_and_kills_ends_with_what_lies_there(
    open_room: OpenRoom, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_PAGE", 3)
    choose = random.Random(seed)
    store, address = memory_bucket()
    room = open_room(address, data=tmp_path / "kept")
    room.make_dataset()
    room.bind("media", scope=WHOLE_BUCKET)
    held: set[str] = set()
    for step in range(60):
        key = choose.choice(["", "a/", "a/b/"]) + choose.choice([".nomedia", ".nomedia", "(1)", "x", "y"])
        if key in held and choose.random() < 0.6:
            store.remove(key)
            held.discard(key)
        else:
            held.add(key)
            store.put(key, b"%d" % step)
        if step % 12 == 11:
            room.kill()
            room = open_room(*room.addresses.values(), data=tmp_path / "kept")
        else:
            time.sleep(choose.choice([0.0, 0.0, 0.01, 0.05]))  # another depth of work under way each time
    marked = tuple(key.removesuffix(".nomedia") for key in held if key.endswith("/.nomedia"))
    expected = {key for key in held if not key.endswith(".nomedia") and not key.startswith(marked)}
    room.wait_keys("media", expected)
    room.wait_listed("media")
    assert room.keys("media") == expected
    room.check_books("media")
