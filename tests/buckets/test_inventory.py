"""Inventories as S3 and OSS write them: read in key order, and refused when they are not what they say."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bindery.buckets.inventory.listing import list_staged
from bindery.buckets.inventory.manifest import InventoryRefused, parse_manifest
from bindery.buckets.inventory.staging import Staged, discard, find_newer, read_manifest, stage
from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import ObjectInfo, StoreAddress
from bindery.stopping import Interrupted
from inventories import (
    OSS_SCHEMA,
    PARQUET_SCHEMA,
    S3_CURRENT,
    S3_SCHEMA,
    csv_file,
    parquet_file,
    put_inventory,
    rows_of,
)

CREATED = 1_767_225_600_000_000_000
_numbers = itertools.count()
ODD_KEYS = [
    "a b",
    "a+b",
    "a%20b",
    "ä/ö\U0001f600.jpg",
    "zeile\nzwei",
    '"quoted", with comma',
    "\uffff",
    "ﬁ",
    "~",
]


def memory(bucket: str) -> MemoryStore:
    store = MemoryStore(StoreAddress(bucket=bucket, url=f"memory://{bucket}-inventory-{next(_numbers)}"))
    store.create()
    return store


def name_of(store: MemoryStore) -> str:
    return store.address.url.removeprefix("memory://")


@pytest.fixture
def source() -> MemoryStore:
    return memory("source")


@pytest.fixture
def reports() -> MemoryStore:
    return memory("reports")


def brought(
    reports: MemoryStore,
    key: str,
    source: MemoryStore,
    folder: Path,
    check: Callable[[], None] = lambda: None,
) -> Staged:
    manifest = read_manifest(reports, key, of=source.address)
    return stage(reports, manifest, folder, of=source.address, check_stop=check)


def listed(staged: Staged, **where: str) -> list[ObjectInfo]:
    return [info for page in list_staged(staged, **where) for info in page]


def fill(source: MemoryStore, count: int = 30) -> list[ObjectInfo]:
    for number in range(count):
        source.put(f"photos/{number * 7919 % count:06}.jpg", b"%d" % number)
    for key in ODD_KEYS:
        source.put(key, key.encode())
    return [info for page in source.list() for info in page]


def written(
    source: MemoryStore, reports: MemoryStore, form: str, rows: list[dict[str, Any]], **more: Any
) -> str:
    """The rows, dealt out to three files that are in no order."""
    bucket = name_of(source)
    dealt = [rows[start::3][::-1] for start in range(3)]
    if form == "parquet":
        files, schema = [parquet_file(each, bucket) for each in dealt], PARQUET_SCHEMA
    else:
        schema = {"s3": S3_SCHEMA, "s3 current": S3_CURRENT, "oss": OSS_SCHEMA}[form]
        files = [csv_file(each, schema, bucket, oss=form == "oss") for each in dealt]
    return put_inventory(
        reports,
        files,
        bucket=bucket,
        schema=schema,
        created_ns=CREATED,
        file_format="Parquet" if form == "parquet" else "CSV",
        oss=form == "oss",
        **more,
    )


@pytest.mark.parametrize("form", ["s3", "s3 current", "oss", "parquet"])
def test_it_lists_what_the_bucket_lists(
    form: str, source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    infos = fill(source)
    rows = rows_of(infos)
    if form != "s3 current":
        old = {"Key": "photos/000001.jpg", "Size": 1, "ETag": "0" * 32, "modified_ns": 0}
        rows += [
            old | {"VersionId": "1", "IsLatest": False},
            old
            | {
                "Key": "gone",
                "VersionId": "2",
                "IsDeleteMarker": True,
                "Size": "" if form != "parquet" else None,
            },
        ]
    rows.append({"Key": "folder/", "Size": 0, "ETag": "0" * 32, "modified_ns": 0})
    staged = brought(reports, written(source, reports, form, rows), source, tmp_path / "staged")
    assert staged.manifest.created_ns == CREATED
    expected = [
        (i.key, i.size, i.etag, i.modified_ns - i.modified_ns % 10**9, "Standard", "Normal") for i in infos
    ]
    found = listed(staged)
    assert [
        (i.key, i.size, i.etag, i.modified_ns - i.modified_ns % 10**9, i.storage_class, i.object_type)
        for i in found
    ] == expected
    assert staged.rows == len(infos)
    assert not list((tmp_path / "staged").glob("*.gz")), "what was sorted is not kept twice"


def test_it_is_read_from_anywhere(source: MemoryStore, reports: MemoryStore, tmp_path: Path) -> None:
    keys = [info.key for info in fill(source, 2_500)]
    key = written(source, reports, "s3 current", rows_of(fill(source, 2_500)))
    staged = brought(reports, key, source, tmp_path / "staged")
    for prefix, after in [("", ""), ("photos/", ""), ("photos/0001", "photos/000150.jpg"), ("", "photos/001234.jpg"),
                          ("", "ä"), ("photos/", "z"), ("nothing", "")]:  # fmt: skip
        wanted = [each for each in keys if each.startswith(prefix) and each > after]
        assert [info.key for info in listed(staged, prefix=prefix, start_after=after)] == wanted
    assert max(len(page) for page in list_staged(staged)) <= 1_000


def test_what_it_tells_too_little_of_is_asked_for(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    whole = {"Size": 5, "ETag": "E" * 32, "modified_ns": 0}
    rows = [
        {"Key": "a", **whole},
        {"Key": "b", **whole, "ETag": ""},
        {"Key": "c", **whole, "Size": "many"},
        {"Key": "d", **whole, "Size": -1},
        {"Key": "e", "Size": 5, "ETag": "E" * 32, "LastModifiedDate": "lately"},
        {"Key": "f", **whole, "ObjectType": "Symlink"},
        {"Key": "g", **whole, "ObjectType": "Appendable", "StorageClass": "IA"},
        {"Key": "h", **whole, "ETag": "E" * 32 + "-3", "StorageClass": "STANDARD"},
    ]
    staged = brought(reports, written(source, reports, "oss", rows), source, tmp_path / "staged")
    found = {info.key: info for info in listed(staged)}
    assert [key for key, info in found.items() if not info.etag] == ["b", "c", "d", "e", "f"]
    assert (found["g"].object_type, found["g"].storage_class) == ("Appendable", "IA")
    assert (found["h"].object_type, found["h"].storage_class) == ("Multipart", "Standard")


def test_keys_that_no_object_has_are_left_out_and_the_newest_of_two_counts(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    bucket = name_of(source)
    good = f'"{bucket}","a","1","2026-01-31T00:00:00.000Z","new"\n"{bucket}","a","1","2026-01-30T00:00:00.000Z","old"\n'
    odd = (
        f'"{bucket}","%ff%fe","1","","e"\n"{bucket}","","1","","e"\n"{bucket}","{"x" * 1025}","1","","e"\n'
    )
    key = put_inventory(
        reports,
        [gzip.compress((good + odd).encode()), gzip.compress(b"")],
        bucket=bucket,
        schema="Bucket, Key, Size, LastModifiedDate, ETag",
        created_ns=CREATED,
    )
    staged = brought(reports, key, source, tmp_path / "staged")
    assert (staged.rows, staged.odd) == (2, 3)
    assert [(info.key, info.etag) for info in listed(staged)] == [("a", "new")]


def test_an_empty_bucket_has_an_empty_inventory(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    key = put_inventory(reports, [], bucket=name_of(source), schema=S3_SCHEMA, created_ns=CREATED)
    assert listed(brought(reports, key, source, tmp_path / "staged")) == []


def test_the_work_goes_on_where_it_was_interrupted(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    infos = fill(source)
    key = written(source, reports, "s3", rows_of(infos))
    left = iter(range(2))

    def stop() -> None:
        if next(left, None) is None:
            raise Interrupted

    with pytest.raises(Interrupted):
        brought(reports, key, source, tmp_path / "staged", stop)
    held = {path.name for path in (tmp_path / "staged").glob("?.csv.gz")}
    assert held == {"0.csv.gz", "1.csv.gz"}
    for info in [info for page in reports.list() for info in page if "/data/" in info.key][:2]:
        if info.key.endswith(("-0.csv.gz", "-1.csv.gz")):
            reports.remove(info.key)  # what is there is not fetched again
    staged = brought(reports, key, source, tmp_path / "staged")
    assert [info.key for info in listed(staged)] == [info.key for info in infos]
    for info in [info for page in reports.list() for info in page if "/data/" in info.key]:
        reports.remove(info.key)
    assert brought(reports, key, source, tmp_path / "staged") == staged, (
        "what is sorted is not sorted again"
    )
    discard(tmp_path / "staged")
    with pytest.raises(InventoryRefused, match="does not exist"):
        brought(reports, key, source, tmp_path / "staged")


def test_the_newest_complete_one_is_found(source: MemoryStore, reports: MemoryStore) -> None:
    def put(dated: str) -> str:
        return put_inventory(
            reports, [], bucket=name_of(source), schema=S3_SCHEMA, created_ns=CREATED, dated=dated
        )

    first = put("2026-01-31T01-00Z")
    assert find_newer(reports, first) is None
    put("2026-01-30T01-00Z")
    assert find_newer(reports, first) is None
    second = put("2026-02-01T01-00Z")
    third = put("2026-02-02T01-00Z")
    reports.put(third.replace("manifest.json", "hive"), b"")
    assert find_newer(reports, first) == third
    reports.remove(third.replace("manifest.json", "manifest.checksum"))
    assert find_newer(reports, first) == second, "the checksum is written last"
    assert find_newer(reports, second) is None


REFUSED = {
    "another bucket": ({"sourceBucket": "other"}, "not of"),
    "a schema without end": (
        {"fileFormat": "Parquet", "fileSchema": f"message s3.inventory {{ {'a' * 70_000}! }}"},
        "longer than one can be",
    ),
    "ORC": ({"fileFormat": "ORC"}, "Parquet or CSV"),
    "no ETag and no size": ({"fileSchema": "Bucket, Key, LastModifiedDate"}, "lacks Size, ETag"),
    "versions that cannot be told apart": (
        {"fileSchema": "Bucket, Key, VersionId, Size, LastModifiedDate, ETag"},
        "lacks IsLatest",
    ),
    "a column twice": ({"fileSchema": "Bucket, Key, Key, Size, LastModifiedDate, ETag"}, "twice"),
    "no time": ({"creationTimestamp": "yesterday"}, "creationTimestamp"),
    "changes only": ({"creationTimestamp": "", "startTimestamp": "1759320000"}, "incremental"),
    "no list of files": ({"files": 7}, "not that of an inventory"),
    "a file elsewhere": (
        {"files": [{"key": "/etc/passwd", "size": 1, "MD5checksum": "0" * 32}]},
        "does not lie",
    ),
    "a file above": (
        {"files": [{"key": "reports/{bucket}/daily/../../x.csv.gz", "size": 1, "MD5checksum": "0" * 32}]},
        "does not lie",
    ),
    "no MD5": (
        {"files": [{"key": "reports/{bucket}/daily/data/x", "size": 1, "MD5checksum": ""}]},
        "no MD5",
    ),
    "no size": (
        {"files": [{"key": "reports/{bucket}/daily/data/x", "size": -1, "MD5checksum": "0" * 32}]},
        "no size",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_manifests_that_are_refused(case: str, source: MemoryStore, reports: MemoryStore) -> None:
    members, why = REFUSED[case]
    members = json.loads(json.dumps(members).replace("{bucket}", name_of(source)))
    key = put_inventory(
        reports, [], bucket=name_of(source), schema=S3_SCHEMA, created_ns=CREATED, **members
    )
    with pytest.raises(InventoryRefused, match=why):
        read_manifest(reports, key, of=source.address)


def test_what_is_no_manifest(source: MemoryStore, reports: MemoryStore) -> None:
    key = put_inventory(reports, [], bucket=name_of(source), schema=S3_SCHEMA, created_ns=CREATED)
    with pytest.raises(InventoryRefused, match="named by its manifest"):
        read_manifest(reports, key.replace("manifest.json", "symlink.txt"), of=source.address)
    with pytest.raises(InventoryRefused, match="a folder has no inventory"):
        read_manifest(reports, key, of=StoreAddress(bucket="source", url="file:///srv/source"))
    reports.put(key, b"{}")
    with pytest.raises(InventoryRefused, match="damaged"):
        read_manifest(reports, key, of=source.address)
    reports.remove(key.replace("manifest.json", "manifest.checksum"))
    with pytest.raises(InventoryRefused, match="missing"):
        read_manifest(reports, key, of=source.address)
    body = b"\xff[" * 1000
    with pytest.raises(InventoryRefused, match="not that of an inventory"):
        parse_manifest(key, body, hashlib.md5(body, usedforsecurity=False).hexdigest().encode())


def _bombs() -> dict[str, tuple[bytes, str]]:
    row = b'"{bucket}","a","1","2026-01-31T00:00:00.000Z","e"\n'
    return {
        "not compressed": (row, "cannot be read"),
        "cut short": (gzip.compress(row * 5_000)[:-200], "cannot be read"),
        "a row without end": (gzip.compress(b"x" * 3_000_000), "cannot be read"),
        "too few columns": (gzip.compress(b'"{bucket}","a"\n'), "cannot be read"),
        "too many columns": (gzip.compress(row[:-1] + b',"x"\n'), "cannot be read"),
        "another bucket's rows": (gzip.compress(b'"other","a","1","","e"\n'), "another bucket"),
    }


@pytest.mark.parametrize("case", _bombs())
def test_files_that_are_refused(
    case: str, source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    content, why = _bombs()[case]
    if case != "cut short":
        try:
            content = gzip.compress(gzip.decompress(content).replace(b"{bucket}", name_of(source).encode()))
        except gzip.BadGzipFile:
            content = content.replace(b"{bucket}", name_of(source).encode())
    key = put_inventory(
        reports,
        [content],
        bucket=name_of(source),
        schema="Bucket, Key, Size, LastModifiedDate, ETag",
        created_ns=CREATED,
    )
    with pytest.raises(InventoryRefused, match=why) as refused:
        brought(reports, key, source, tmp_path / "staged")
    assert str(tmp_path) not in str(refused.value)


def test_files_that_are_not_those_of_the_manifest(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    key = written(source, reports, "s3", rows_of(fill(source)))
    data = next(i.key for page in reports.list() for i in page if "/data/" in i.key)
    whole = reports.read(data, 0, 1 << 20)
    for content in (whole[:-1], whole[:-1] + b"x", b""):
        reports.put(data, content)
        with pytest.raises(InventoryRefused, match="another MD5"):
            brought(reports, key, source, tmp_path / "staged")
    reports.put(data, whole + b"behind its end")
    assert brought(reports, key, source, tmp_path / "staged").rows == len(fill(source))


def test_names_in_the_schema_of_parquet() -> None:
    schema = (
        "message x {required binary bucket(STRING);optional fixed_len_byte_array(16) key; optional int64 size "
        "(INTEGER(64, true));  optional int64 last_modified_date (TIMESTAMP(MILLIS, true));optional binary e_tag ;"
        " optional int32 other (DECIMAL(9,2)); }"
    )
    body = json.dumps(
        {
            "sourceBucket": "b",
            "creationTimestamp": "1767225600000",
            "fileFormat": "Parquet",
            "fileSchema": schema,
            "files": [],
        }
    ).encode()
    checksum = hashlib.md5(body, usedforsecurity=False).hexdigest().encode()
    manifest = parse_manifest("reports/2026-01-31T01-00Z/manifest.json", body, checksum)
    assert manifest.columns == ("bucket", "key", "size", "last_modified_date", "e_tag", "")
