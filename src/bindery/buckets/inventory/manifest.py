"""The manifest of an inventory: which files list the objects of a bucket, and how their rows are to be read.

Sources: user guide of Amazon S3, "Locating your inventory list"; help page of OSS, "Bucket inventory".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from enum import StrEnum
from importlib.util import find_spec

import msgspec

from bindery.buckets.store import StoreMisconfigured

MANIFEST = "manifest.json"
CHECKSUM = "manifest.checksum"
LARGEST_MANIFEST = 64 * 2**20
"""Bytes. A file of an inventory takes some 150 of them, and lists a million objects."""
_MOST_FILES = 100_000
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}Z")
_DIGITS = re.compile(r"[0-9]{9,16}")
_SECONDS_BELOW = 100_000_000_000
"""OSS writes seconds, S3 milliseconds."""
_LATEST_NS = 2**63 - 1
LONGEST_KEY = 1_024
"""Bytes. Source: user guide of Amazon S3, "Naming Amazon S3 objects"; help page of OSS, "Object naming"."""
MOST_ROWS_PER_BYTE = 8
"""Keys that differ take more, however they are packed; a column that has one value takes nothing, however long."""
_LONGEST_SCHEMA = 2**16
_PARENTHESIS = re.compile(r"([()])")
ORC_MISSING = (
    "the inventory is in ORC, and pyarrow, which reads it, is not installed: pip install 'bindery-imm[orc]', or have "
    "the store write Parquet or CSV"
)
_NAMES = {
    "Bucket": "bucket",
    "Key": "key",
    "IsLatest": "is_latest",
    "IsDeleteMarker": "is_delete_marker",
    "Size": "size",
    "LastModifiedDate": "last_modified_date",
    "ETag": "e_tag",
    "StorageClass": "storage_class",
    "ObjectType": "object_type",
    "VersionId": "version_id",
}
"""Columns that are read: their names in a CSV's schema, and those of Parquet and ORC."""
_NEEDED = ("Bucket", "Key", "Size", "LastModifiedDate", "ETag")
HOW_TO_GO_ON = (
    "Name another one with UpdateBindingInventory, or none to have the bucket listed; when this one was mended, "
    "ResumeBinding tries it again"
)
"""With a binding whose inventory is refused."""


class InventoryRefused(StoreMisconfigured):
    """The inventory cannot be used; the message says why, and what to do."""


class Unreadable(Exception):
    """A file is not what it should be; the message says why."""


class FileFormat(StrEnum):
    """Of the files that list objects. CSV is compressed with gzip."""

    CSV = "csv"
    PARQUET = "parquet"
    ORC = "orc"


class DataFile(msgspec.Struct, frozen=True):
    """A file that lists objects."""

    key: str
    size: int
    """Bytes."""
    md5: str
    """In hexadecimal digits, lower case."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """An inventory that passed every check that needs none of its files."""

    key: str
    """Of the manifest itself."""
    md5: str
    """What tells this inventory from every other."""
    source_bucket: str
    created_ns: int
    """When the store began to write it, in nanoseconds since 1970; what changed later is not in it."""
    file_format: FileFormat
    columns: tuple[str, ...]
    """Of the files, in their order, by their names in Parquet and ORC; ``""`` for one that is not read."""
    files: tuple[DataFile, ...]


class _File(msgspec.Struct):
    key: str
    size: int
    md5: str = msgspec.field(name="MD5checksum")


class _Written(msgspec.Struct, rename="camel"):
    """The members that both vendors write."""

    source_bucket: str
    file_format: str
    file_schema: str
    files: list[_File]
    creation_timestamp: str | int = ""
    start_timestamp: str | int = ""


def folder_of(key: str) -> str:
    """The folder in which all inventories of one configuration lie, with a slash behind it.

    Raises InventoryRefused unless the key is that of a manifest.
    """
    folder, _, name = key.rpartition("/")
    if name != MANIFEST:
        raise InventoryRefused(
            f"an inventory is named by its manifest, as in oss://BUCKET/FOLDER/2026-01-31T01-00Z/{MANIFEST}"
        )
    above, slash, _ = folder.rpartition("/")
    return above + slash


def is_dated(folder: str, key: str) -> bool:
    """Whether a key is the manifest of one of the inventories in a folder."""
    dated, _, name = key.removeprefix(folder).partition("/")
    return key.startswith(folder) and name == MANIFEST and _DATED.fullmatch(dated) is not None


def parse_manifest(key: str, body: bytes, checksum: bytes) -> Manifest:
    """The manifest of the object ``key``; ``checksum`` is the object beside it. Raises InventoryRefused."""
    folder = folder_of(key)
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    if checksum.decode("latin-1").strip().strip('"').lower() != md5:
        raise InventoryRefused(f"{CHECKSUM} is not the MD5 of {MANIFEST}; the inventory is damaged")
    if body.count(b"{") > 2 * _MOST_FILES:  # what is decoded takes ten times the room
        raise _too_many_files()
    try:
        written = msgspec.json.decode(body, type=_Written)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InventoryRefused(f"{MANIFEST} is not that of an inventory: {error}") from error
    if written.start_timestamp and not written.creation_timestamp:
        raise InventoryRefused(
            "this is an incremental inventory, which names changes only; name a full one"
        )
    file_format = _file_format(written.file_format)
    return Manifest(
        key=key,
        md5=md5,
        source_bucket=written.source_bucket,
        created_ns=_created(str(written.creation_timestamp)),
        file_format=file_format,
        columns=_columns(written.file_schema, file_format),
        files=tuple(_files(written.files, folder)),
    )


def _file_format(written: str) -> FileFormat:
    try:
        file_format = FileFormat(written.strip().lower())
    except ValueError:
        raise InventoryRefused(
            f"inventories in the format {written[:32]!r} cannot be read; have the store write Parquet, ORC or CSV"
        ) from None
    # Only the program that sorts loads it.
    if file_format is FileFormat.ORC and find_spec("pyarrow") is None:
        raise InventoryRefused(ORC_MISSING)
    return file_format


def _created(written: str) -> int:
    if not _DIGITS.fullmatch(written):
        raise InventoryRefused(f"{MANIFEST} tells no creationTimestamp that is a number")
    number = int(written)
    created = number * (1_000_000_000 if number < _SECONDS_BELOW else 1_000_000)
    if created > _LATEST_NS:
        raise InventoryRefused(
            f"{MANIFEST} tells the creationTimestamp {number}, which is no time that can be"
        )
    return created


def _columns(schema: str, file_format: FileFormat) -> tuple[str, ...]:
    """Raises InventoryRefused when one is missing that is needed, or is there twice."""
    if len(schema) > _LONGEST_SCHEMA:
        raise InventoryRefused("fileSchema is longer than one can be")
    if file_format is FileFormat.CSV:
        columns = tuple(_NAMES.get(name.strip(), "") for name in schema.split(","))
    else:
        found = _orc_names(schema) if file_format is FileFormat.ORC else _parquet_names(schema)
        columns = tuple(name if name in _NAMES.values() else "" for name in found)
    read = [name for name in columns if name]
    if len(set(read)) < len(read):
        raise InventoryRefused("fileSchema names a column twice")
    missing = [name for name in _NEEDED if _NAMES[name] not in read]
    if "version_id" in read:
        missing += [name for name in ("IsLatest", "IsDeleteMarker") if _NAMES[name] not in read]
    if missing:
        raise InventoryRefused(
            f"the inventory lacks {', '.join(missing)}; add them to the fields of its configuration, and name the "
            "next one that the store writes"
        )
    return columns


def _too_many_files() -> InventoryRefused:
    return InventoryRefused(f"{MANIFEST} names more than {_MOST_FILES} files")


def _parquet_names(schema: str) -> list[str]:
    """Of ``message s3.inventory {  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  … }``."""
    fields = schema.partition("{")[2].rpartition("}")[0].split(";")
    return [words[-1] for field in fields if (words := _outside_of_parentheses(field).split())]


def _outside_of_parentheses(text: str) -> str:
    depth, outside = 0, []
    for part in _PARENTHESIS.split(text):
        depth += (part == "(") - (part == ")")
        if depth == 0 and part != ")":
            outside.append(part)
    return "".join(outside)


def _orc_names(schema: str) -> list[str]:
    """Of ``struct<bucket:string,key:string,size:bigint,last_modified_date:timestamp,…>``."""
    fields = schema.partition("<")[2].split(",")
    return [field.partition(":")[0].strip() for field in fields]


def _files(written: list[_File], folder: str) -> Iterator[DataFile]:
    if len(written) > _MOST_FILES:
        raise _too_many_files()
    seen: set[str] = set()
    for file in written:
        if len(file.key) > LONGEST_KEY:
            raise InventoryRefused(
                f"{MANIFEST} names the file {file.key[:128]!r}…, longer than a key can be"
            )
        parts = file.key.split("/")
        if not file.key.startswith(folder) or not all(parts) or {".", ".."} & {*parts}:
            raise InventoryRefused(
                f"{MANIFEST} names the file {file.key[:128]!r}, which does not lie in its folder {folder!r}. An "
                "inventory that was copied has to keep its keys"
            )
        if file.key in seen:
            raise InventoryRefused(f"{MANIFEST} names the file {file.key[:128]!r} twice")
        if file.size < 0 or not _MD5.fullmatch(file.md5):
            raise InventoryRefused(f"{MANIFEST} tells no size or no MD5 of the file {file.key[:128]!r}")
        seen.add(file.key)
        yield DataFile(file.key, file.size, file.md5.lower())
