"""Objects that are renamed, copied, or deleted and back: their entries are taken over, and nothing is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sync_room import QUICK, Room, folder_address, memory_bucket, write

from bindery.buckets.folder import FolderStore
from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import ObjectDetails, ObjectInfo, StoreAddress
from bindery.extract.extract import STORE_FIELDS, extract
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits

OWN = b'{"CustomId":"mine","CustomLabels":{"place":"beach"}}'
PHOTO = bytes.fromhex("ffd8ffc0000b080003000401011100ffda0008010100003f0000ffd9")
TEXT = b"<html><head><title>The sea</title></head><body>waves</body></html>"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the objects of which bytes were read."""
    keys: list[str] = []
    for kind in (MemoryStore, FolderStore):
        read = kind.read

        def counted(
            self: object, key: str, *args: object, _read: Callable[..., bytes] = read, **options: object
        ) -> bytes:
            keys.append(key)
            return _read(self, key, *args, **options)

        monkeypatch.setattr(kind, "read", counted)
    return keys


@pytest.fixture
def memory(open_room: Callable[..., Room], reads: list[str]) -> Iterator[tuple[Room, MemoryStore]]:
    store, address = memory_bucket()
    store.put("a.html", TEXT, user_metadata={"by": "first"})
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    own(room, "a.html")
    assert reads
    reads.clear()
    yield room, store


@pytest.fixture
def folder(open_room: Callable[..., Room], tmp_path: Path, reads: list[str]) -> Iterator[tuple[Room, Path]]:
    root = tmp_path / "root"
    write(root / "in" / "a.html", TEXT, age=60)
    room = open_room(folder_address(root))
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    own(room, "in/a.html")
    assert reads
    reads.clear()
    yield room, root


def own(room: Room, key: str) -> None:
    room.catalog.files.set_fields(room.binding("media").dataset_id, f"oss://media/{key}", OWN)


def document(room: Room, key: str) -> dict[str, object]:
    return room.documents()[f"oss://media/{key}"]


def has_own(found: dict[str, object]) -> bool:
    return (found.get("CustomId"), found.get("CustomLabels")) == ("mine", {"place": "beach"})


def test_a_copy_is_taken_over_without_a_read(memory: tuple[Room, MemoryStore], reads: list[str]) -> None:
    room, store = memory
    bytes_read = room.binding("media").progress.bytes_read
    store.put("b.HTML", TEXT, user_metadata={"by": "second"})
    room.wait_keys("media", {"a.html", "b.HTML"})
    copy, source = document(room, "b.HTML"), document(room, "a.html")
    assert has_own(copy)
    assert (copy["Title"], copy["ContentType"]) == (source["Title"], source["ContentType"])
    assert (copy["URI"], copy["Filename"]) == ("oss://media/b.HTML", "b.HTML")
    assert copy["OSSUserMeta"] == {"x-oss-meta-by": "second"}
    assert (copy["ETag"], copy["Size"]) == (source["ETag"], source["Size"])
    assert copy["ObjectId"] != source["ObjectId"]
    assert copy["FileModifiedTime"] >= source["FileModifiedTime"]  # type: ignore[operator]
    assert reads == []
    books = room.check_books("media")
    assert (books.listed, books.failed, books.bytes_read) == (2, 0, bytes_read)


def test_text_is_taken_over_too(memory: tuple[Room, MemoryStore]) -> None:
    room, store = memory
    store.put("b.html", TEXT)
    room.wait_keys("media", {"a.html", "b.html"})
    found = room.catalog.queries.fuzzy_search(room.binding("media").dataset_id, "waves").documents
    assert {msgspec.json.decode(entry)["Filename"] for entry in found} == {"a.html", "b.html"}


@pytest.mark.parametrize("key", ["b.txt", "html", "b.html.bak"])
def test_another_extension_is_another_file(
    memory: tuple[Room, MemoryStore], reads: list[str], key: str
) -> None:
    room, store = memory
    store.put(key, TEXT)
    room.wait_keys("media", {"a.html", key})
    assert set(reads) == {key}
    assert "CustomId" not in document(room, key)


def test_a_deleted_version_comes_back_as_it_was(memory: tuple[Room, MemoryStore], reads: list[str]) -> None:
    room, store = memory
    before = document(room, "a.html")
    store.remove("a.html")
    room.wait_keys("media", set())
    assert room.catalog.files.get(room.binding("media").dataset_id, ["oss://media/a.html"]) == []
    store.put("a.html", TEXT, user_metadata={"by": "first"})
    room.wait_keys("media", {"a.html"})
    after = document(room, "a.html")
    for name in ("UpdateTime", "FileModifiedTime"):
        before.pop(name), after.pop(name)
    assert after == before
    assert reads == []


def test_a_deleted_object_comes_back_under_another_key(
    memory: tuple[Room, MemoryStore], reads: list[str]
) -> None:
    room, store = memory
    store.remove("a.html")
    room.wait_keys("media", set())
    store.put("moved/b.html", TEXT)
    room.wait_keys("media", {"moved/b.html"})
    assert has_own(document(room, "moved/b.html"))
    assert reads == []


def test_another_version_is_extracted(memory: tuple[Room, MemoryStore], reads: list[str]) -> None:
    room, store = memory
    store.remove("a.html")
    room.wait_keys("media", set())
    store.put("a.html", TEXT + b" ")
    room.wait_keys("media", {"a.html"})
    assert set(reads) == {"a.html"}
    assert "CustomId" not in document(room, "a.html")


def test_after_the_grace_nothing_is_left(open_room: Callable[..., Room], reads: list[str]) -> None:
    store, address = memory_bucket()
    store.put("a.html", TEXT)
    room = open_room(address, settings=msgspec.structs.replace(QUICK, tombstone_grace=0.0))
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    own(room, "a.html")
    store.remove("a.html")
    room.wait_keys("media", set())
    room.wait_listed("media")
    binding = room.binding("media")
    assert room.catalog.tombstones.purge(binding.id, before=2**62, limit=10) == 0
    reads.clear()
    store.put("a.html", TEXT)
    room.wait_keys("media", {"a.html"})
    assert set(reads) == {"a.html"}
    assert "CustomId" not in document(room, "a.html")


def test_tombstones_are_purged_in_portions_and_with_their_binding(
    memory: tuple[Room, MemoryStore],
) -> None:
    room, store = memory
    for number in range(3):
        store.put(f"{number}.html", TEXT)
    room.wait_keys("media", {"a.html", "0.html", "1.html", "2.html"})
    for key in ("a.html", "0.html", "1.html", "2.html"):
        store.remove(key)
    room.wait_keys("media", set())
    binding = room.binding("media")
    assert room.catalog.tombstones.purge(binding.id, before=0, limit=10) == 0
    assert room.catalog.tombstones.purge(binding.id, before=2**62, limit=3) == 3
    room.engine.delete_binding(binding)
    room.wait(lambda: not room.catalog.bindings.forget_deleted(limit=1_000))
    assert room.catalog.tombstones.purge(binding.id, before=2**62, limit=3) == 0


def test_what_leaves_the_scope_and_returns_keeps_its_labels(
    memory: tuple[Room, MemoryStore], reads: list[str]
) -> None:
    from bindery.catalog.records import Scope

    room, store = memory
    store.put("b/stays.bin", b"")
    room.wait_keys("media", {"a.html", "b/stays.bin"})
    for scope in (Scope(exclude=("a*",)), Scope(prefixes=("b/",))):
        room.engine.change_scope(room.binding("media"), scope)
        room.wait_keys("media", {"b/stays.bin"})
        room.engine.change_scope(room.binding("media"), Scope())
        room.wait_keys("media", {"a.html", "b/stays.bin"})
    assert has_own(document(room, "a.html"))
    assert "a.html" not in reads


@pytest.mark.parametrize("target", ["in/b.html", "other/a.html"])
def test_a_renamed_file(folder: tuple[Room, Path], reads: list[str], target: str) -> None:
    room, root = folder
    (root / target).parent.mkdir(exist_ok=True)
    (root / "in" / "a.html").rename(root / target)
    room.wait_keys("media", {target})
    assert has_own(document(room, target))
    assert document(room, target)["Filename"] == target
    assert reads == []


def test_a_renamed_folder(folder: tuple[Room, Path], reads: list[str]) -> None:
    room, root = folder
    (root / "in").rename(root / "out")
    room.wait_keys("media", {"out/a.html"})
    assert has_own(document(room, "out/a.html"))
    assert reads == []


def test_a_rename_while_no_one_looked(
    folder: tuple[Room, Path], reads: list[str], open_room: Callable[..., Room]
) -> None:
    room, root = folder
    room.close()
    (root / "in" / "a.html").rename(root / "z.html")
    again = open_room(*room.addresses.values(), data=room.data)
    again.wait_keys("media", {"z.html"})
    assert has_own(document(again, "z.html"))
    assert reads == []


@pytest.mark.parametrize("copy", [shutil.copyfile, shutil.copy2], ids=["cp", "cp -p"])
def test_a_copied_file_is_another_file(
    folder: tuple[Room, Path], reads: list[str], copy: Callable[[Path, Path], object]
) -> None:
    room, root = folder
    copy(root / "in" / "a.html", root / "b.html")
    room.wait_keys("media", {"in/a.html", "b.html"})
    assert set(reads) == {"b.html"}
    assert "CustomId" not in document(room, "b.html")


def test_two_files_of_the_same_time_and_size(folder: tuple[Room, Path], reads: list[str]) -> None:
    room, root = folder
    status = (root / "in" / "a.html").stat()
    other = write(root.parent / "b.html", TEXT.replace(b"sea", b"sun"))
    os.utime(other, ns=(status.st_mtime_ns, status.st_mtime_ns))
    other.rename(root / "b.html")
    room.wait_keys("media", {"in/a.html", "b.html"})
    assert document(room, "b.html")["Title"] == "The sun"
    assert document(room, "b.html")["ETag"] == document(room, "in/a.html")["ETag"]
    assert set(reads) == {"b.html"}


def test_a_file_moved_out_and_back(folder: tuple[Room, Path], reads: list[str]) -> None:
    room, root = folder
    created = document(room, "in/a.html")["CreateTime"]
    (root / "in").rename(root.parent / "away")
    room.wait_keys("media", set())
    (root.parent / "away").rename(root / "in")
    room.wait_keys("media", {"in/a.html"})
    assert has_own(document(room, "in/a.html"))
    assert document(room, "in/a.html")["CreateTime"] == created
    assert reads == []


def test_store_fields_are_all_that_a_store_tells() -> None:
    store, address = memory_bucket()
    info = store.put("a.html", TEXT, content_type="text/html", user_metadata={"a": "1"}, tags={"b": "2"})
    request = ExtractionRequest(address=address, object=info, operators=frozenset({Operator.OSS_META}))
    file = extract(request, ExtractionLimits()).file
    told = {name for name in file.__struct_fields__ if getattr(file, name) is not None}
    assert told <= set(STORE_FIELDS)
    assert {"filename", "size", "etag", "oss_user_meta", "oss_tagging", "content_md5"} <= told


@pytest.mark.parametrize("operators", [frozenset(), frozenset({Operator.OSS_META})])
def test_nothing_is_read_for_store_fields_alone(
    tmp_path: Path, reads: list[str], operators: frozenset[Operator]
) -> None:
    path = write(tmp_path / "a.jpg", b"no picture")
    address: StoreAddress = folder_address(tmp_path)
    details: ObjectDetails = FolderStore(address).details(path.name)
    info: ObjectInfo = details.info
    request = ExtractionRequest(address=address, object=info, operators=operators)
    extraction = extract(request, ExtractionLimits())
    assert (extraction.failure, extraction.bytes_read, reads) == (None, 0, [])
    assert extraction.file.content_type is None


def test_a_date_that_was_guessed_by_the_name_is_guessed_anew(
    open_room: Callable[..., Room], tmp_path: Path, reads: list[str]
) -> None:
    settings = msgspec.structs.replace(QUICK, date_fallback="name")
    root = tmp_path / "root"
    room = open_room(folder_address(root), settings=settings)
    write(root / "IMG_20170412_101112.jpg", PHOTO, age=60)
    room.make_dataset()
    room.bind("media")
    room.wait_keys("media", {"IMG_20170412_101112.jpg"})
    assert document(room, "IMG_20170412_101112.jpg")["ProduceTime"] == "2017-04-12T10:11:12+08:00"
    reads.clear()
    (root / "IMG_20170412_101112.jpg").rename(root / "IMG_20180412_101112.jpg")
    room.wait_keys("media", {"IMG_20180412_101112.jpg"})
    found = document(room, "IMG_20180412_101112.jpg")
    assert found["ProduceTime"] == "2018-04-12T10:11:12+08:00"
    assert [note.partition(":")[0] for note in found["ExtractionNotes"]] == ["DateGuessed"]
    (root / "IMG_20180412_101112.jpg").rename(root / "sea.jpg")
    room.wait_keys("media", {"sea.jpg"})
    assert "ProduceTime" not in document(room, "sea.jpg")
    assert "ExtractionNotes" not in document(room, "sea.jpg")
    assert reads == []


def test_a_renamed_photo_tells_the_pair_that_its_new_name_makes(
    folder: tuple[Room, Path], reads: list[str]
) -> None:
    room, root = folder
    write(root / "in" / "one.jpg", PHOTO, age=60)
    room.wait_keys("media", {"in/a.html", "in/one.jpg"})
    assert document(room, "in/one.jpg")["Tags"]["NameStem"] == ["in/one"]
    reads.clear()
    (root / "in" / "one.jpg").rename(root / "in" / "two.jpg")
    room.wait_keys("media", {"in/a.html", "in/two.jpg"})
    assert document(room, "in/two.jpg")["Tags"]["NameStem"] == ["in/two"]
    assert reads == []
