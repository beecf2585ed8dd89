"""What binding a bucket would take, against sums over the bucket itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_room import PROJECT, Room, folder_address, memory_bucket, write

from bindery.catalog.records import Scope, Task
from bindery.sync.estimate import Estimate, KindEstimate, estimate


def ended(room: Room, task: Task) -> Task:
    def look() -> Task | None:
        held: Task = room.catalog.tasks.get(PROJECT, task.type, task.id)
        return held if held.status != "Running" else None

    found: Task = room.wait(look)
    return found


def test_sums_over_a_bucket(open_room: Callable[..., Room], monkeypatch: pytest.MonkeyPatch) -> None:
    store, address = memory_bucket()
    for number in range(1_500):
        store.put(f"a/{number}.jpg", b"x" * 10)
    store.put("a/film.mp4", b"x" * 2_000_000)
    store.put("b/notes.txt", b"x" * 100)
    monkeypatch.setattr(type(store), "read", None)
    found = estimate(store, Scope(exclude=("*9.jpg",)), workers=2, on_page=lambda _: None)
    assert (found.listed, found.excluded, found.objects) == (1_502, 150, 1_352)
    assert found.bytes == 13_500 + 2_000_000 + 100
    assert found.media_types == {
        "image": KindEstimate(1_350, 13_500),
        "video": KindEstimate(1, 2_000_000),
        "document": KindEstimate(1, 100),
    }
    assert 13_600 < found.bytes_to_read < found.bytes
    assert found.requests >= 2 + 2 * 1_352  # two pages, and a HEAD and a GET for each object
    room = open_room(address)
    room.make_dataset()
    task = ended(room, room.engine.estimate(PROJECT, "media", Scope(prefixes=("b/",))))
    assert (task.status, task.progress) == ("Succeeded", 100)
    result = json.loads(task.result)
    assert (result["Listed"], result["Objects"], result["Bytes"]) == (1, 1, 100)
    assert room.catalog.bindings.list() == []


def test_a_folder_needs_no_requests(tmp_path: Path) -> None:
    from bindery.buckets.folder import FolderStore

    write(tmp_path / "a.jpg", b"x")
    seen: list[Estimate] = []
    found = estimate(FolderStore(folder_address(tmp_path)), Scope(), workers=1, on_page=seen.append)
    assert (found.objects, found.requests, len(seen)) == (1, 0, 1)


def test_a_bucket_that_is_not_there(open_room: Callable[..., Room]) -> None:
    store, address = memory_bucket()
    room = open_room(address)
    room.make_dataset()
    store.drop()
    task = ended(room, room.engine.estimate(PROJECT, "media", Scope()))
    assert (task.status, task.code) == ("Failed", "BucketNotFound")


def test_what_a_server_left_has_failed(open_room: Callable[..., Room]) -> None:
    _, address = memory_bucket()
    room = open_room(address, start=False)
    room.make_dataset()
    room.catalog.tasks.put(Task(id="t", project_name=PROJECT, type="BindingEstimate", start_time=2**60 * 2))
    room.engine.start()
    room.wait(lambda: room.catalog.tasks.get(PROJECT, "BindingEstimate", "t").code == "ServerStopped")
