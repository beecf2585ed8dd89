"""What a binding is made of changes while it runs, and counts from then on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sync_room import Room, folder_address, memory_bucket, write

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreAddress
from bindery.catalog.records import Limits, Scope
from bindery.sync.making import make

OpenRoom = Callable[..., Room]


@pytest.fixture
def room(open_room: OpenRoom, tmp_path: Path) -> Room:
    for number in range(4):
        write(tmp_path / "root" / f"{number}.txt", f"text {number}", age=60)
    room = open_room(folder_address(tmp_path / "root"))
    room.make_dataset()
    change_dataset(room, template_id="Official:OSSBasicMeta")
    return room


def change_dataset(room: Room, **fields: Any) -> None:
    room.catalog.datasets.update("project", "dataset", lambda held: msgspec.structs.replace(held, **fields))
    room.engine.renew(project_name="project", dataset_name="dataset")


def media_types(room: Room) -> dict[str, str | None]:
    return {uri.rpartition("/")[2]: found.get("MediaType") for uri, found in room.documents().items()}


@pytest.mark.parametrize("of", ["dataset", "project"])
def test_a_new_template_holds_for_what_comes_after_it(room: Room, tmp_path: Path, of: str) -> None:
    if of == "project":
        change_dataset(room, template_id="")
        change_project(room, "Official:OSSBasicMeta")
    room.bind("media")
    room.wait_followed("media")
    if of == "project":
        change_project(room, "Official:AllFunction")
    else:
        change_dataset(room, template_id="Official:AllFunction")
    write(tmp_path / "root" / "new.txt", "text", age=60)
    room.wait(lambda: "new.txt" in media_types(room))
    assert media_types(room) == {
        "0.txt": None, "1.txt": None, "2.txt": None, "3.txt": None, "new.txt": "document",
    }  # fmt: skip


def change_project(room: Room, template_id: str) -> None:
    room.catalog.projects.update(
        "project", lambda held: msgspec.structs.replace(held, template_id=template_id)
    )
    room.engine.renew(project_name="project")


def test_a_raised_cap_is_filled_at_once_and_the_reason_goes(room: Room) -> None:
    change_dataset(room, limits=Limits(dataset_max_file_count=3))
    room.bind("media")
    room.wait(lambda: "DatasetMaxFileCount" in room.binding("media").reason)
    change_dataset(room, limits=Limits(dataset_max_file_count=4))
    # The life that is ending may tell it once more.
    room.wait(lambda: room.binding("media").reason == "")
    room.wait_keys("media", {"0.txt", "1.txt", "2.txt", "3.txt"})
    room.wait(lambda: room.progress("media").pending == 0)
    room.wait(lambda: room.binding("media").reason == "")


def test_a_change_that_means_nothing_to_the_binding_does_not_disturb_it(room: Room) -> None:
    room.bind("media")
    room.wait_followed("media")
    binding = room.binding("media")
    follower = room.engine._followers.get(binding.id)
    change_dataset(room, description="other words")
    room.engine.renew()
    room.wait_listed("media", 1)
    assert room.engine._followers.get(binding.id) is follower


def test_every_part_tells_two_makings_apart(room: Room) -> None:
    binding = room.bind("media")
    first = make(room.catalog, room.buckets, binding)  # type: ignore[arg-type]
    assert first == make(room.catalog, room.buckets, binding)  # type: ignore[arg-type]
    scoped = msgspec.structs.replace(binding, scope=Scope(prefixes=("a",)))
    assert first != make(room.catalog, room.buckets, scoped)  # type: ignore[arg-type]
    assert first.address is not None
    secret = msgspec.structs.replace(first.address, options={"secret_access_key": "canary"})
    assert msgspec.structs.replace(first, address=secret) != first
    assert "canary" not in repr(msgspec.structs.replace(first, address=secret))


def test_a_store_that_is_replaced_is_closed() -> None:
    _, address = memory_bucket()
    buckets = Buckets({})
    buckets.register(address)
    closed: list[StoreAddress] = []
    store = buckets.open("media")
    store.close = lambda: closed.append(address)  # type: ignore[method-assign]
    assert buckets.open("media") is store
    buckets.register(msgspec.structs.replace(address, options={"follow": "poll"}))
    assert buckets.open("media") is not store
    assert closed == [address]
