"""Documents are packed with a dictionary of the record's own and come back as they were; earlier ones follow later."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bindery.catalog.record import compression as compression_module
from bindery.catalog.record.compression import Compression, Repacking
from bindery.catalog.record.sqlite.database import SqliteDatabase
from bindery.catalog.records import CatalogUnusable
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import make_place, scan_of, uris

_SOME_DATE = "2019:05:04 11:22:33"
_VALUES = (0, 1, 100, 4000)


def documents(count: int, seed: int = 1, kind: str = "camera") -> list[bytes]:
    """As those of photos of one camera, or of others that share no names with them."""
    chance = random.Random(seed)
    of_kind = random.Random(kind)
    names = ["".join(of_kind.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(60)]
    return [
        json.dumps(
            {name: {"value": f"{chance.choice(_VALUES)}"} for name in names} | {"Date": _SOME_DATE}
        ).encode()
        for _ in range(count)
    ]


def trained(compression: Compression) -> Compression:
    assert compression._training is not None
    compression._training.join(60)
    return compression


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path)
    yield opened
    opened.close()


def test_a_dictionary_is_made_of_the_first_documents_and_halves_the_rest(database: SqliteDatabase) -> None:
    compression = Compression(database)
    before = [compression.pack(document) for document in documents(1_000)]
    trained(compression)
    given = documents(500, seed=2)
    after = [compression.pack(document) for document in given]
    assert [compression.unpack(stored) for stored in after] == given
    assert sum(map(len, after)) / 500 < sum(map(len, before)) / 1_000 / 2
    assert not any(map(compression.is_packed_well, before))
    assert all(map(compression.is_packed_well, after))
    assert [compression.unpacked_size(stored) for stored in after] == [len(document) for document in given]
    # another process knows the dictionaries, and packs with the newest at once
    again = Compression(database)
    assert [again.unpack(stored) for stored in before + after] == documents(1_000) + given
    assert again.is_packed_well(again.pack(given[0]))


def test_a_new_dictionary_is_made_when_documents_have_changed(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression_module, "_WINDOW", 1_000)
    compression = Compression(database)
    stored = [compression.pack(document) for document in documents(1_000)]
    trained(compression)
    first = dict(compression._dictionaries)
    stored += [compression.pack(document) for document in documents(3_000)]
    assert compression._dictionaries == first, "the same content needs no other one"
    others = documents(3_000, kind="scanner")
    stored += [compression.pack(document) for document in others[:2_000]]
    trained(compression)
    assert len(compression._dictionaries) == 2
    stored += [compression.pack(document) for document in others[2_000:]]
    assert len(stored[-1]) < len(stored[4_500]) / 2
    assert [compression.unpack(each) for each in stored] == documents(1_000) + documents(3_000) + others


@pytest.mark.parametrize("document", [b"{}", b'{"a":"\\u0000"}', b"{" + b" " * 17_000_000 + b"}"])
def test_documents_of_any_size_come_back(database: SqliteDatabase, document: bytes) -> None:
    compression = Compression(database)
    compression.train_on(documents(1_000))
    assert compression.trained
    assert compression.unpack(compression.pack(document)) == document


def test_documents_that_teach_nothing_make_no_dictionary(database: SqliteDatabase) -> None:
    compression = Compression(database)
    compression.train_on([b"{}"] * 3)
    assert not compression.trained


def test_damage_says_what_to_do(database: SqliteDatabase) -> None:
    compression = Compression(database)
    compression.train_on(documents(1_000))
    stored = compression.pack(documents(1)[0])
    for damaged in (stored[:-3], b"\x28\xb5", b"nothing", stored[:20] + bytes(len(stored) - 20)):
        with pytest.raises(CatalogUnusable, match="backup"):
            compression.unpack(damaged)
    with database.transaction() as connection:
        connection.execute("DELETE FROM dictionary")
    with pytest.raises(CatalogUnusable, match="lacks dictionary"):
        Compression(database).unpack(stored)


def test_documents_of_earlier_releases_are_packed_behind_the_calls(tmp_path: Path) -> None:
    """Page by page, across a restart; nothing that anybody reads changes, and no change is told to the index."""
    catalog = SqliteCatalog(tmp_path, account_id="1")
    place = make_place(catalog)
    catalog.bindings.commit(scan_of(place, *[f"k{number:04}" for number in range(2_500)]))
    before = [
        record.document for record in catalog.files.get(place.dataset.id, uris(catalog, place.dataset))
    ]
    catalog.close()
    compressed = as_before(tmp_path)
    catalog = SqliteCatalog(tmp_path, account_id="1")
    numbers = catalog._entries.newest_numbers()
    assert catalog.repack(limit=1_000)
    catalog.close()
    catalog = SqliteCatalog(tmp_path, account_id="1")
    while catalog.repack(limit=1_000):
        pass
    found = [
        record.document for record in catalog.files.get(place.dataset.id, uris(catalog, place.dataset))
    ]
    assert found == before
    assert catalog._entries.newest_numbers() == numbers
    catalog.close()
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        (plain,) = connection.execute(
            "SELECT count(*) FROM file WHERE substr(document, 1, 1) = x'7b'"
        ).fetchone()
        (size,) = connection.execute("SELECT sum(length(document)) FROM file").fetchone()
    connection.close()
    assert plain == 0
    assert size < compressed / 2


def as_before(data: Path) -> int:
    """Make the record of ``data`` what an earlier release left; the bytes of its documents."""
    database = SqliteDatabase(data)
    compression, total = Compression(database), 0
    with database.transaction() as connection:
        for sequence, stored in connection.execute("SELECT sequence, document FROM file").fetchall():
            document = compression.unpack(stored)
            total += len(document)
            connection.execute("UPDATE file SET document = ? WHERE sequence = ?", (document, sequence))
        connection.execute("DELETE FROM dictionary")
        connection.execute("UPDATE packing SET position = 0, until = (SELECT max(sequence) FROM file)")
    database.close()
    return total


def test_rows_that_go_meanwhile_are_passed_over(database: SqliteDatabase) -> None:
    assert not Repacking(database, Compression(database)).next_page(10)
    with database.transaction() as connection:
        connection.execute("UPDATE packing SET until = 50")
    assert Repacking(database, Compression(database)).next_page(10)
    assert not Repacking(database, Compression(database)).next_page(10)


def test_who_follows_has_what_was_packed_a_moment_ago_at_hand(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    compression = Compression(database)
    given = documents(50)
    stored = [compression.pack(document) for document in (*given, *given)]
    unpacked: list[bytes] = []
    unpack = compression.unpack
    monkeypatch.setattr(compression, "unpack", lambda each: unpacked.append(each) or unpack(each))
    assert [compression.unpack_new(each) for each in stored[:50]] == given
    assert not unpacked
    assert [compression.unpack_new(each) for each in stored[:50]] == given
    assert unpacked == stored[:50]
    assert not compression._recent_bytes


def test_documents_that_nobody_follows_take_little_memory(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = documents(500)
    most = sum(map(len, given[-100:]))
    monkeypatch.setattr(compression_module, "_RECENT_BYTES", most)
    compression = Compression(database)
    stored = [compression.pack(document) for document in given]
    compression.pack(b"{" + b" " * 100_000 + b"}")
    assert list(compression._recent) == stored[-100:]
    assert compression._recent_bytes == most
    assert [compression.unpack_new(each) for each in stored] == given
