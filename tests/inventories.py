"""Inventories as the vendors document them, written into a store.

Sources: user guide of Amazon S3, "Locating your inventory list" and "Inventory list"; help page of OSS, "Bucket
inventory". The layout, the members of the manifest, the names and forms of the columns are theirs; the objects are
the test's.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, quote_plus

import duckdb
import pyarrow
import pyarrow.orc

Row = Mapping[str, str | int | bool]

S3_SCHEMA = (
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, "
    "IsMultipartUploaded, ReplicationStatus, EncryptionStatus"
)
S3_CURRENT = "Bucket, Key, Size, LastModifiedDate, ETag, StorageClass, IsMultipartUploaded"
OSS_SCHEMA = (
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, StorageClass, LastModifiedDate, ETag, "
    "IsMultipartUploaded, EncryptionStatus, ObjectAcl, TaggingCount, ObjectType, CRC64"
)
PARQUET_SCHEMA = (
    "message s3.inventory {  required binary bucket (STRING);  required binary key (STRING);  "
    "optional binary version_id (STRING);  optional boolean is_latest;  optional boolean is_delete_marker;  "
    "optional int64 size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  "
    "optional binary e_tag (STRING);  optional binary storage_class (STRING);  "
    "optional boolean is_multipart_uploaded;}"
)
ORC_SCHEMA = (
    "struct<bucket:string,key:string,version_id:string,is_latest:boolean,is_delete_marker:boolean,size:bigint,"
    "last_modified_date:timestamp,e_tag:string,storage_class:string,is_multipart_uploaded:boolean>"
)
_ORC_COLUMNS: dict[str, pyarrow.DataType] = {
    "bucket": pyarrow.string(),
    "key": pyarrow.string(),
    "version_id": pyarrow.string(),
    "is_latest": pyarrow.bool_(),
    "is_delete_marker": pyarrow.bool_(),
    "size": pyarrow.int64(),
    "last_modified_date": pyarrow.timestamp("ms"),
    "e_tag": pyarrow.string(),
    "storage_class": pyarrow.string(),
    "is_multipart_uploaded": pyarrow.bool_(),
}
_COLUMNS = {"Key": "key", "Size": "size", "ETag": "e_tag", "LastModifiedDate": "modified"}


class Puts(Protocol):
    """Where an inventory is written to."""

    def put(self, key: str, content: bytes) -> object: ...


def rows_of(objects: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows of what a store lists."""
    return [
        {"Key": info.key, "Size": info.size, "ETag": info.etag, "modified_ns": info.modified_ns}
        for info in objects
    ]


def csv_file(rows: Sequence[Row], schema: str, bucket: str, *, oss: bool = False) -> bytes:
    """A data file: quoted, compressed, without a header."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows:
        writer.writerow([_field(name.strip(), row, bucket, oss=oss) for name in schema.split(",")])
    return gzip.compress(text.getvalue().encode())


def _field(name: str, row: Row, bucket: str, *, oss: bool) -> str:
    if name == "Key":
        return (quote if oss else quote_plus)(str(row["Key"]), safe="")
    if name == "LastModifiedDate" and "modified_ns" in row:
        moment = datetime.fromtimestamp(int(row["modified_ns"]) // 10**9, UTC)
        return f"{moment:%Y-%m-%dT%H-%M-%SZ}" if oss else f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
    given = row.get(name, {"Bucket": bucket, "IsLatest": True, "IsDeleteMarker": False}.get(name, ""))
    return str(given).lower() if isinstance(given, bool) else str(given)


def parquet_file(rows: Sequence[Row], bucket: str) -> bytes:
    """A data file with the columns of ``PARQUET_SCHEMA``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.parquet"
        connection = duckdb.connect()
        connection.execute(
            "CREATE TABLE t (bucket VARCHAR, key VARCHAR, version_id VARCHAR, is_latest BOOLEAN, is_delete_marker "
            "BOOLEAN, size BIGINT, last_modified_date TIMESTAMP_MS, e_tag VARCHAR, storage_class VARCHAR, "
            "is_multipart_uploaded BOOLEAN)"
        )
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    row.get("Bucket", bucket), row["Key"], row.get("VersionId"), row.get("IsLatest", True),
                    row.get("IsDeleteMarker", False), row.get("Size"),
                    datetime.fromtimestamp(int(row["modified_ns"]) // 10**9, UTC).replace(tzinfo=None),
                    row.get("ETag"), row.get("StorageClass"), False,
                )
                for row in rows
            ],
        )  # fmt: skip
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
        connection.close()
        return path.read_bytes()


def orc_file(
    rows: Sequence[Row],
    bucket: str,
    *,
    types: Mapping[str, pyarrow.DataType] = {},
    columns: Mapping[str, Sequence[Any]] = {},
    without: Sequence[str] = (),
    together: int = 1_000,
    **options: Any,
) -> bytes:
    """A data file with the columns of ``ORC_SCHEMA``, compressed by ZLIB as S3 writes it. ``types`` and ``columns``
    replace those of the rows, of which ``together`` are written at a time; ``options`` are those of the writer."""
    values: dict[str, Sequence[Any]] = {
        "bucket": [row.get("Bucket", bucket) for row in rows],
        "key": [row["Key"] for row in rows],
        "version_id": [row.get("VersionId") for row in rows],
        "is_latest": [row.get("IsLatest", True) for row in rows],
        "is_delete_marker": [row.get("IsDeleteMarker", False) for row in rows],
        "size": [row.get("Size") for row in rows],
        "last_modified_date": [int(row["modified_ns"]) // 10**9 * 1000 for row in rows],
        "e_tag": [row.get("ETag") for row in rows],
        "storage_class": [row.get("StorageClass") for row in rows],
        "is_multipart_uploaded": [False for _ in rows],
    } | dict(columns)
    written = [name for name in _ORC_COLUMNS if name not in without]
    schema = pyarrow.schema([(name, types.get(name, _ORC_COLUMNS[name])) for name in written])
    file = io.BytesIO()
    with pyarrow.orc.ORCWriter(file, **{"compression": "zlib"} | options) as writer:
        for start in range(0, max(len(rows), 1), together):
            arrays = [
                pyarrow.array(values[name][start : start + together], schema.field(name).type)
                for name in written
            ]
            writer.write(pyarrow.table(arrays, schema=schema))
    return file.getvalue()


def put_inventory(
    store: Puts,
    contents: Sequence[bytes],
    *,
    bucket: str,
    schema: str,
    created_ns: int,
    file_format: str = "CSV",
    dated: str = "2026-01-31T01-00Z",
    folder: str = "reports",
    oss: bool = False,
    **members: Any,
) -> str:
    """Write data files, manifest and checksum as the vendor lays them out; the key of the manifest. ``members``
    replace those of the manifest."""
    above = f"{folder}/{bucket}/daily"
    ending = {"CSV": "csv.gz", "Parquet": "parquet", "ORC": "orc"}[file_format]
    listed = []
    for number, content in enumerate(contents):
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        key = f"{above}/data/{digest[:8]}-{dated}-{number}.{ending}"
        store.put(key, content)
        listed.append({"key": key, "size": len(content), "MD5checksum": digest.upper() if oss else digest})
    manifest = {
        "sourceBucket": bucket,
        "destinationBucket": "reports" if oss else "arn:aws:s3:::reports",
        "version": "2019-09-01" if oss else "2016-11-30",
        "creationTimestamp": str(created_ns // (1_000_000_000 if oss else 1_000_000)),
        "fileFormat": file_format,
        "fileSchema": schema,
        "files": listed,
    } | members
    body = json.dumps(manifest).encode()
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    store.put(f"{above}/{dated}/manifest.checksum", (digest.upper() if oss else digest).encode())
    store.put(f"{above}/{dated}/manifest.json", body)
    return f"{above}/{dated}/manifest.json"
