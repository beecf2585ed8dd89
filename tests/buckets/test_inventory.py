"""Inventories as S3 and OSS write them: read in key order, and refused when they are not what they say."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow
import pyarrow.orc
import pyarrow.parquet
import pytest
from tests.own_process import in_own_process

from bindery.buckets.inventory.listing import list_staged
from bindery.buckets.inventory.manifest import FileFormat, InventoryRefused, parse_manifest
from bindery.buckets.inventory.sorting import Job, sort
from bindery.buckets.inventory.staging import Staged, discard, find_newer, read_manifest, stage
from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import ObjectInfo, StoreAddress
from bindery.stopping import Interrupted
from inventories import (
    ORC_SCHEMA,
    OSS_SCHEMA,
    PARQUET_SCHEMA,
    S3_CURRENT,
    S3_SCHEMA,
    csv_file,
    orc_file,
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
    elif form == "orc":
        files, schema = [orc_file(each, bucket) for each in dealt], ORC_SCHEMA
    else:
        schemas = {"s3": S3_SCHEMA, "s3 current": S3_CURRENT, "s3 with CRLF": S3_SCHEMA, "oss": OSS_SCHEMA}
        schema = schemas[form]
        files = [csv_file(each, schema, bucket, oss=form == "oss") for each in dealt]
        if form == "s3 with CRLF":
            rows_in = [gzip.decompress(file) for file in files]
            files = [gzip.compress(each.replace(b"\n", b"\r\n")) for each in (b"", *rows_in)]
    return put_inventory(
        reports,
        files,
        bucket=bucket,
        schema=schema,
        created_ns=CREATED,
        file_format={"parquet": "Parquet", "orc": "ORC"}.get(form, "CSV"),
        oss=form == "oss",
        **more,
    )


@pytest.mark.parametrize("form", ["s3", "s3 current", "s3 with CRLF", "oss", "parquet", "orc"])
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
                "Size": "" if form not in ("parquet", "orc") else None,
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
    kept = {path.name for path in (tmp_path / "staged").iterdir() if path.is_file()}
    assert kept == {"manifest.md5", "sorted.parquet", "staged.json"}, "what was sorted is not kept twice"


@pytest.mark.parametrize("form", ["s3 current", "parquet", "orc"])
def test_it_is_read_from_anywhere(
    form: str, source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    keys = [info.key for info in fill(source, 2_500)]
    key = written(source, reports, form, rows_of(fill(source, 2_500)))
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
    "Avro": ({"fileFormat": "Avro"}, "Parquet, ORC or CSV"),
    "ORC without its columns": ({"fileFormat": "ORC"}, "lacks Bucket"),
    "a schema without end": (
        {"fileFormat": "Parquet", "fileSchema": f"message s3.inventory {{ {'a' * 70_000}! }}"},
        "longer than one can be",
    ),
    "no ETag and no size": ({"fileSchema": "Bucket, Key, LastModifiedDate"}, "lacks Size, ETag"),
    "versions that cannot be told apart": (
        {"fileSchema": "Bucket, Key, VersionId, Size, LastModifiedDate, ETag"},
        "lacks IsLatest",
    ),
    "a column twice": ({"fileSchema": "Bucket, Key, Key, Size, LastModifiedDate, ETag"}, "twice"),
    "no time": ({"creationTimestamp": "yesterday"}, "creationTimestamp"),
    "a time that cannot be": ({"creationTimestamp": "9999999999999999"}, "no time that can be"),
    "a time behind those of 64 bits": ({"creationTimestamp": "9223372036855"}, "no time that can be"),
    "a file of a key without end": (
        {"files": [{"key": f"reports/{{bucket}}/daily/{'/' * 5_000}", "size": 1, "MD5checksum": "0" * 32}]},
        "longer than a key can be",
    ),
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
        "a row without end": (gzip.compress(b"x" * 3_000_000), "line 1 of reports/.*: Max.* line size"),
        "too few columns": (
            gzip.compress(row + b'"{bucket}","a"\n'),
            "line 2 of reports/.*: Expected .* Found: 2",
        ),
        "too many columns": (
            gzip.compress(row[:-1] + b',"x"\n'),
            "line 1 of reports/.*: Expected .* Found: 6",
        ),
        "a quote without end": (
            gzip.compress(row * 2 + b'"{bucket}","a\n'),
            "line 3 of reports/.*: .*quote",
        ),
        "no UTF-8": (gzip.compress(row.replace(b'"a"', b'"\xe9"')), "line 1 of reports/.*: .*[Uu]nicode"),
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


def _parquet(bucket: str, /, **columns: pyarrow.Array | None) -> bytes:
    """Two rows, whose columns are replaced, or left out."""
    whole: dict[str, Any] = {
        "bucket": [bucket] * 2,
        "key": ["a", "b"],
        "version_id": ["1", "2"],
        "is_latest": [True] * 2,
        "is_delete_marker": [False] * 2,
        "size": [1, 2],
        "last_modified_date": pyarrow.array([0, 0], pyarrow.timestamp("ms", "UTC")),
        "e_tag": ["e", "f"],
        "storage_class": ["STANDARD"] * 2,
    } | columns
    table = pyarrow.table({name: values for name, values in whole.items() if values is not None})
    return _parquet_of(table)


def _parquet_of(table: pyarrow.Table) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()


REFUSED_PARQUET: dict[str, tuple[dict[str, pyarrow.Array | None], str]] = {
    "keys in a struct": (
        {"key": pyarrow.array([{"a": "b"}] * 2)},
        r"key of reports/.* is STRUCT.* not a string",
    ),
    "keys of bytes": ({"key": pyarrow.array([b"a", b"b"])}, "key of reports/.* is BLOB, not a string"),
    "times of text": (
        {"last_modified_date": pyarrow.array(["today", "now"])},
        "last_modified_date of reports/.* is VARCHAR, not a timestamp",
    ),
    "sizes of text": (
        {"size": pyarrow.array(["1", "2"])},
        "size of reports/.* is VARCHAR, not a whole number",
    ),
    "flags of numbers": (
        {"is_latest": pyarrow.array([0, 1])},
        "is_latest of reports/.* is BIGINT, not a boolean",
    ),
    "no keys": ({"key": None}, "has no column that is called key"),
    "no ETags": ({"e_tag": None}, "has no column that is called e_tag"),
}


@pytest.mark.parametrize("case", REFUSED_PARQUET)
def test_files_of_parquet_that_are_refused(
    case: str, source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    columns, why = REFUSED_PARQUET[case]
    key = put_inventory(
        reports,
        [_parquet(name_of(source), **columns)],
        bucket=name_of(source),
        schema=PARQUET_SCHEMA,
        created_ns=CREATED,
        file_format="Parquet",
    )
    with pytest.raises(InventoryRefused, match=why) as refused:
        brought(reports, key, source, tmp_path / "staged")
    assert str(tmp_path) not in str(refused.value)


def test_rows_out_of_nothing_are_not_read(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    """One value of each column: a file of some kilobytes may have any number of them, which none of them needs."""
    count = 1_000_000
    instants = pyarrow.array([0] * count, pyarrow.timestamp("ms", "UTC"))
    texts = {"bucket": name_of(source), "key": "a", "version_id": "1", "e_tag": "e", "storage_class": "S"}
    columns = {name: pyarrow.array([text] * count) for name, text in texts.items()} | {
        "is_latest": pyarrow.array([False] * count),
        "is_delete_marker": pyarrow.array([False] * count),
        "size": pyarrow.array([1] * count),
        "last_modified_date": instants,
    }
    file = _parquet_of(pyarrow.table(columns))
    assert len(file) < count // 10
    key = put_inventory(
        reports,
        [_parquet(name_of(source)), file],
        bucket=name_of(source),
        schema=PARQUET_SCHEMA,
        created_ns=CREATED,
        file_format="Parquet",
    )
    with pytest.raises(InventoryRefused, match=r"-1\.parquet has far more rows than its size tells"):
        brought(reports, key, source, tmp_path / "staged")


@pytest.mark.parametrize("column", ["bucket", "key", "is_latest", "e_tag"])
def test_each_file_of_parquet_has_every_column(
    column: str, source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    """Else its objects would be passed over, or old versions taken for present ones."""
    files = [_parquet(name_of(source)), _parquet(name_of(source), **{column: None})]
    for order, number in ((files, 1), (files[::-1], 0)):
        key = put_inventory(
            reports,
            order,
            bucket=name_of(source),
            schema=PARQUET_SCHEMA,
            created_ns=CREATED,
            file_format="Parquet",
        )
        with pytest.raises(
            InventoryRefused, match=rf"{column}.*-{number}\.parquet|-{number}\.parquet.*{column}"
        ):
            brought(reports, key, source, tmp_path / f"staged-{number}")


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


@pytest.mark.parametrize("count", [100_001, 1_000_000])
def test_a_manifest_of_too_many_files_is_refused_before_it_takes_room(count: int) -> None:
    file = b'{"key":"r/data/1.csv.gz","size":1,"MD5checksum":"00"}'
    body = b'{"sourceBucket":"b","creationTimestamp":"1767225600000","fileFormat":"CSV",'
    body += b'"fileSchema":"Bucket, Key, Size, LastModifiedDate, ETag","files":['
    body += b",".join([file] * count) + b"]}"
    assert in_own_process(memory_to_refuse, body) < 32 * 2**20


def memory_to_refuse(body: bytes) -> int:
    """Bytes beyond those of the manifest itself, at most."""
    checksum = hashlib.md5(body, usedforsecurity=False).hexdigest().encode()
    tracemalloc.start()
    with pytest.raises(InventoryRefused, match="more than 100000 files"):
        parse_manifest("r/2026-01-31T01-00Z/manifest.json", body, checksum)
    return tracemalloc.get_traced_memory()[1]


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


def put_orc(source: MemoryStore, reports: MemoryStore, *files: bytes) -> str:
    return put_inventory(
        reports,
        files,
        bucket=name_of(source),
        schema=ORC_SCHEMA,
        created_ns=CREATED,
        file_format="ORC",
    )


def rows_from(count: int) -> list[dict[str, Any]]:
    return [
        {"Key": f"{number:06}", "Size": number, "ETag": f"{number:032x}", "modified_ns": number * 10**9}
        for number in range(count)
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"compression": "snappy"},
        {"compression": "uncompressed"},
        {"compression": "zstd"},
        {"compression": "zlib", "file_version": "0.11"},
        {"compression": "zlib", "dictionary_key_size_threshold": 1.0},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_orc_is_read_however_it_is_packed(
    options: dict[str, Any], source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    rows = rows_from(12_000)
    file = orc_file(rows[::-1], name_of(source), stripe_size=1, **options)
    written = pyarrow.orc.ORCFile(io.BytesIO(file))
    assert written.nstripes > 2
    assert written.compression.lower() == options["compression"]
    staged = brought(reports, put_orc(source, reports, file), source, tmp_path / "staged")
    assert (staged.rows, staged.odd) == (12_000, 0)
    assert [(info.key, info.size, info.etag, info.modified_ns) for info in listed(staged)] == [
        (row["Key"], row["Size"], row["ETag"], row["modified_ns"]) for row in rows
    ]


@pytest.mark.parametrize(
    "written",
    [
        pyarrow.timestamp("ms"),
        pyarrow.timestamp("ns"),
        pyarrow.timestamp("us", "UTC"),
        pyarrow.timestamp("ms", "Asia/Tokyo"),
    ],
    ids=str,
)
def test_timestamps_of_orc_are_instants_with_a_zone_and_utc_without(
    written: pyarrow.DataType, source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    seconds = [
        0,
        1_719_835_200,
        1_735_689_599,
        951_827_696,
    ]  # summers and winters, and a day of a leap year
    scale = {"ms": 10**3, "us": 10**6, "ns": 10**9}[written.unit]
    file = orc_file(
        rows_from(len(seconds)),
        name_of(source),
        types={"last_modified_date": written},
        columns={"last_modified_date": [moment * scale for moment in seconds]},
    )
    assert b"Asia" not in file
    staged = brought(reports, put_orc(source, reports, file), source, tmp_path / "staged")
    assert [info.modified_ns for info in listed(staged)] == [moment * 10**9 for moment in seconds]


def from_zone(zone: bytes, bucket: str) -> bytes:
    """A file whose writer was in another zone than that of pyarrow's."""
    file = orc_file(rows_from(3), bucket, compression="uncompressed")
    assert file.count(b"GMT") == 1
    return file.replace(b"GMT", zone)


def test_timestamps_of_orc_do_not_depend_on_the_zone_of_the_writer(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    key = put_orc(source, reports, *(from_zone(zone, name_of(source)) for zone in (b"GMT", b"EST", b"HST")))
    rows = duckdb.sql(
        f"SELECT key, modified FROM '{brought(reports, key, source, tmp_path / 'staged').path}'"
    ).fetchall()
    assert rows == [(f"{number:06}", number * 10**6) for number in range(3) for _ in range(3)]


def test_nulls_of_orc(source: MemoryStore, reports: MemoryStore, tmp_path: Path) -> None:
    rows = rows_from(8)
    keys = pyarrow.array([None, b"b", b"c", b"d", b"e", b"\xff\xfe", "ö".encode(), b"k" * 1_025])
    file = orc_file(
        rows,
        name_of(source),
        columns={
            "key": keys.cast(pyarrow.string(), safe=False),
            "size": [1, None, 2, 3, 4, 5, 6, 7],
            "e_tag": ["e", "e", None, "e", "e", "e", "e", "e"],
            "last_modified_date": [0, 0, 0, None, 0, 0, 0, 0],
            "is_latest": [None] * 8,
            "is_delete_marker": [None] * 8,
            "storage_class": [None] * 8,
        },
    )
    staged = brought(reports, put_orc(source, reports, file), source, tmp_path / "staged")
    assert (staged.rows, staged.odd) == (5, 3)
    found = {info.key: info for info in listed(staged)}
    assert list(found) == ["b", "c", "d", "e", "ö"]
    assert [key for key, info in found.items() if not info.etag] == ["b", "c", "d"]
    assert found["ö"].storage_class == "Standard"


def _retyped(column: str, to: pyarrow.DataType, value: object) -> Callable[[str], bytes]:
    return lambda bucket: orc_file(
        rows_from(10), bucket, types={column: to}, columns={column: [value] * 10}
    )


def _orc(bucket: str) -> bytes:
    return orc_file(rows_from(3_000), bucket, stripe_size=1)


def _nothing(bucket: str) -> bytes:
    count = 200_000
    empty = {"last_modified_date": [None] * count, "bucket": [None] * count}
    return orc_file([{"Key": None, "modified_ns": 0}] * count, bucket, columns=empty)


def _one_long_key(bucket: str) -> bytes:
    """Some 70 KB, of which the first rows that are read together take 4 GiB."""
    rows = [{"Key": "k" * 2**21, "modified_ns": 0}] * 2_048
    return orc_file(rows, bucket, together=16, stripe_size=2**33, dictionary_key_size_threshold=1.0)


REFUSED_ORC: dict[str, tuple[Callable[[str], bytes], str]] = {
    "empty": (lambda _: b"", "cannot be read"),
    "not ORC": (lambda _: gzip.compress(b"x" * 1_000), "cannot be read"),
    "its last bytes alone": (lambda bucket: _orc(bucket)[-16:], "cannot be read"),
    "cut short": (lambda bucket: _orc(bucket)[:-200], "cannot be read"),
    "without its beginning": (lambda bucket: _orc(bucket)[1_000:], "cannot be read"),
    "overwritten in a stripe": (
        lambda bucket: (whole := _orc(bucket))[:100] + bytes(2_000) + whole[2_100:],
        "cannot be read",
    ),
    "from a zone that is none": (lambda bucket: from_zone(b"XXX", bucket), "zone of its writer is unknown"),
    "from a folder of zones": (lambda bucket: from_zone(b"../", bucket), "zone of its writer is unknown"),
    "another schema": (
        lambda bucket: orc_file(rows_from(10), bucket, without=["e_tag"]),
        "0 columns that are called e_tag",
    ),
    "a size of text": (
        _retyped("size", pyarrow.string(), "1"),
        r"size of reports/.*\.orc is string, not a whole number",
    ),
    "a time of text": (
        _retyped("last_modified_date", pyarrow.string(), "today"),
        r"last_modified_date of reports/.*\.orc is string, not a timestamp",
    ),
    "keys of bytes": (
        _retyped("key", pyarrow.binary(), b"key"),
        r"key of reports/.*\.orc is binary, not a string",
    ),
    "a flag of text": (
        _retyped("is_latest", pyarrow.string(), "false"),
        r"is_latest of reports/.*\.orc is string, not a boolean",
    ),
    "another bucket's rows": (
        lambda _: orc_file(rows_from(10), "other"),
        "10 rows are of another bucket",
    ),
    "rows of no bucket": (
        lambda bucket: orc_file(rows_from(10), bucket, columns={"bucket": [None] * 10}),
        "10 rows are of another bucket",
    ),
    "rows out of nothing": (_nothing, "far more rows than its size tells"),
    "memory out of nothing": (_one_long_key, "ended the process|far more than their sizes tell"),
}


@pytest.mark.parametrize("case", REFUSED_ORC)
def test_files_of_orc_that_are_refused(
    case: str, source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    write, why = REFUSED_ORC[case]
    key = put_orc(source, reports, write(name_of(source)))
    with pytest.raises(InventoryRefused, match=why) as refused:
        brought(reports, key, source, tmp_path / "staged")
    assert str(tmp_path) not in str(refused.value)
    assert sys.prefix not in str(refused.value)


def test_a_file_of_orc_may_have_no_rows(source: MemoryStore, reports: MemoryStore, tmp_path: Path) -> None:
    none, some = orc_file([], name_of(source)), orc_file(rows_from(2), name_of(source))
    for files, keys in [([none], []), ([none, some], ["000000", "000001"])]:
        staged = brought(reports, put_orc(source, reports, *files), source, tmp_path / f"{len(files)}")
        assert [info.key for info in listed(staged)] == keys


def test_one_damaged_file_of_orc_is_enough_to_refuse_all(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path
) -> None:
    good = orc_file(rows_from(100), name_of(source))
    key = put_orc(source, reports, good, good[:-30])
    with pytest.raises(InventoryRefused, match=r"cannot be read by their manifest.*1\.orc"):
        brought(reports, key, source, tmp_path / "staged")


def test_without_pyarrow_orc_is_refused_with_what_to_do(
    source: MemoryStore, reports: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = put_orc(source, reports, orc_file(rows_from(1), name_of(source)))
    with monkeypatch.context() as patched:
        patched.setattr("bindery.buckets.inventory.manifest.find_spec", lambda _: None)
        with pytest.raises(InventoryRefused, match=r"pip install 'bindery-imm\[orc\]'"):
            read_manifest(reports, key, of=source.address)
        csv = written(source, reports, "s3", rows_from(1))
        assert read_manifest(reports, csv, of=source.address).file_format is FileFormat.CSV
    job = Job(
        files=(str(tmp_path / "0.orc"),),
        file_format=FileFormat.ORC,
        columns=("bucket", "key", "size", "last_modified_date", "e_tag"),
        source_bucket=name_of(source),
        root="",
        target=str(tmp_path / "sorted.parquet"),
        folder=str(tmp_path),
        most_bytes=1 << 20,
    )
    monkeypatch.delitem(sys.modules, "bindery.buckets.inventory.orc", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow.dataset", None)  # one that was built without
    assert "bindery-imm[orc]" in sort(job).refusal
