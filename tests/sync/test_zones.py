"""In whose zone dates are that tell none: the bucket's, the dataset's, the account's."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from sync_room import DATASET, PROJECT, QUICK, InlinePool, Room, memory_bucket

from bindery.extract.extraction import ExtractionRequest
from bindery.sync.settings import SyncSettings


def test_a_bucket_counts_before_a_dataset_and_both_before_the_account() -> None:
    settings = SyncSettings(zone="Asia/Tokyo", zones={"photos": "Europe/Berlin", "p/d": "+05:30"})
    assert settings.zone_of("photos", "p/d") == "Europe/Berlin"
    assert settings.zone_of("others", "p/d") == "+05:30"
    assert settings.zone_of("others", "p/e") == "Asia/Tokyo"
    assert settings.zone_of("others") == "Asia/Tokyo"


def test_every_way_to_extraction_tells_the_zone(open_room: Callable[..., Room]) -> None:
    store, address = memory_bucket()
    other_store, other = memory_bucket("others")
    for each in (store, other_store):
        each.put("a.bin", b"a")
    asked: list[ExtractionRequest] = []
    settings = msgspec.structs.replace(
        QUICK,
        zones={address.bucket: "Europe/Berlin", f"{PROJECT}/{DATASET}": "Asia/Tokyo"},
        date_fallback="name",
    )
    room = open_room(address, other, pool=InlinePool(asked.append), settings=settings)
    dataset = room.make_dataset()
    room.bind(address.bucket)
    uri = f"oss://{other.bucket}/a.bin"
    room.engine.index_files(dataset, [(uri, msgspec.json.encode({"URI": uri}))])
    room.wait(lambda: len(asked) >= 2)
    assert {request.address.bucket: request.zone for request in asked} == {
        address.bucket: "Europe/Berlin",
        other.bucket: "Asia/Tokyo",
    }
    assert {request.date_fallback for request in asked} == {"name"}
