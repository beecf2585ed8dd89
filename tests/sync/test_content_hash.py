"""The MD5 of files in folders, where it is asked for: equal files are found by it, also after they were moved."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sync_room import QUICK, Room, folder_address, write

from bindery.buckets.folder import FolderStore
from bindery.buckets.store import ObjectChanged, ObjectInfo
from bindery.catalog.records import Scope
from bindery.extract.content_hash import add_content_hash
from bindery.extract.extract import extract
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits
from bindery.file import File
from bindery.sync.estimate import estimate

# RFC 1321, A.5
OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"
OF_ABC = "900150983cd24fb0d6963f7d28e17f72"

HASHING = msgspec.structs.replace(QUICK, hash_folder_objects=True)


def request(root: Path, key: str, **fields: object) -> ExtractionRequest:
    store = FolderStore(folder_address(root))
    asked = ExtractionRequest(
        address=store.address,
        object=store.details(key).info,
        operators=frozenset({Operator.OSS_META, Operator.MIME}),
        hash_content=True,
    )
    return msgspec.structs.replace(asked, **fields)


@pytest.mark.parametrize(("content", "digest"), [(b"", OF_NOTHING), (b"abc", OF_ABC)])
def test_it_is_the_md5_of_the_content(tmp_path: Path, content: bytes, digest: str) -> None:
    write(tmp_path / "x.bin", content)
    found = extract(request(tmp_path, "x.bin"), ExtractionLimits())
    assert found.failure is None
    assert found.file.file_hash == digest
    assert found.file.content_md5 == base64.b64encode(bytes.fromhex(digest)).decode()
    quiet = extract(request(tmp_path, "x.bin", hash_content=False), ExtractionLimits()).file
    assert (quiet.file_hash, quiet.content_md5) == (None, None)
    named = frozenset({Operator.OSS_META})
    assert extract(request(tmp_path, "x.bin", operators=named), ExtractionLimits()).file.file_hash == digest
    untold = frozenset({Operator.MIME})
    assert extract(request(tmp_path, "x.bin", operators=untold), ExtractionLimits()).file.file_hash is None


def test_a_large_file_is_read_in_pieces_and_one_that_is_too_large_is_not(tmp_path: Path) -> None:
    content = os.urandom(1_000) * 9_001
    write(tmp_path / "x.bin", content)
    found = extract(request(tmp_path, "x.bin"), ExtractionLimits(read_bytes=len(content)))
    assert found.file.file_hash == hashlib.md5(content).hexdigest()
    assert found.bytes_read >= len(content)
    found = extract(request(tmp_path, "x.bin"), ExtractionLimits(read_bytes=len(content) - 1))
    assert (found.failure, found.file.file_hash) == (None, None)
    assert [each.partition(":")[0] for each in found.file.extraction_notes or ()] == ["PartSkipped"]
    assert found.bytes_read < 100_000


def test_a_broken_picture_has_one_too(tmp_path: Path) -> None:
    write(tmp_path / "x.jpg", b"\xff\xd8\xff\xe0 no picture")
    asked = request(tmp_path, "x.jpg", operators=frozenset(Operator))
    found = extract(asked, ExtractionLimits())
    assert found.failure is not None
    assert found.file.file_hash == hashlib.md5(b"\xff\xd8\xff\xe0 no picture").hexdigest()


def test_a_file_that_changes_meanwhile_is_looked_at_again(tmp_path: Path) -> None:
    write(tmp_path / "x.bin", b"abc")
    asked = request(tmp_path, "x.bin")
    write(tmp_path / "x.bin", b"abcd")
    store = FolderStore(folder_address(tmp_path))
    with pytest.raises(ObjectChanged):
        add_content_hash(File(), store, asked.object, ExtractionLimits())
    missing = ObjectInfo("x.bin", 9, store.details("x.bin").info.etag, 0)
    with pytest.raises(Exception, match=r"4 of 9 bytes|has changed"):
        add_content_hash(File(), store, missing, ExtractionLimits())


def test_equal_files_have_equal_hashes_and_a_renamed_one_keeps_it(
    open_room: Callable[..., Room], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    for key, content in {"a.txt": b"abc", "b/c.txt": b"abc", "d.txt": b"other"}.items():
        write(root / key, content, age=60)
    room = open_room(folder_address(root), settings=HASHING)
    room.make_dataset()
    room.bind("media")
    room.wait_followed("media")
    hashes = {uri.rpartition("/")[2]: found["FileHash"] for uri, found in room.documents().items()}
    assert hashes == {"a.txt": OF_ABC, "c.txt": OF_ABC, "d.txt": hashlib.md5(b"other").hexdigest()}
    room.inline.extracted.clear()
    (root / "a.txt").rename(root / "z.txt")
    room.wait_keys("media", {"b/c.txt", "d.txt", "z.txt"})
    found = room.documents()["oss://media/z.txt"]
    assert (found["FileHash"], found["Filename"]) == (OF_ABC, "z.txt")


def test_an_estimate_counts_what_is_read_for_it(tmp_path: Path) -> None:
    write(tmp_path / "x.bin", b"x" * 100_000)
    store = FolderStore(folder_address(tmp_path))
    plain = estimate(store, Scope(), workers=1, on_page=lambda _: None)
    hashed = estimate(store, Scope(), workers=1, hashed=True, on_page=lambda _: None)
    assert hashed.bytes_to_read == plain.bytes_to_read + 100_000
