"""Where ``bindery export`` writes: a folder, a file, a bucket that the server knows, or the URL of a store."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import click
import msgspec

from bindery.app import open_buckets, read_registered
from bindery.buckets.off_limits import is_within
from bindery.buckets.registry import check_apart_from, open_for_writing, parse_store
from bindery.buckets.store import BucketNotFound, ObjectNotFound, StoreAddress, WritableStore
from bindery.catalog.export.export import Manifest, metadata_of
from bindery.catalog.export.parquet import join
from bindery.catalog.export.target import FolderTarget, Target
from bindery.cli.bucket_argument import unknown_here
from bindery.config import Config
from bindery.data_folder import sync_folder

_SUFFIX = ".parquet"
_OTHER_FORMATS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".orc", ".avro")
"""Endings that say that something else is wanted."""
_LARGEST_MANIFEST = 64 * 1024 * 1024


class BucketTarget:
    """Below a prefix of a bucket. What is being made is in a temporary folder here."""

    def __init__(self, store: WritableStore) -> None:
        self._store = store
        self._folder = TemporaryDirectory(prefix="bindery-export-")

    @property
    def scratch(self) -> Path:
        """Of this machine."""
        return Path(self._folder.name)

    def read(self, name: str) -> bytes | None:
        """A small object."""
        try:
            return self._store.read(name, 0, _LARGEST_MANIFEST)
        except ObjectNotFound:
            return None

    def has(self, name: str) -> bool:
        """Whether there is such an object."""
        try:
            self._store.read(name, 0, 1)
        except ObjectNotFound:
            return False
        return True

    def put(self, name: str, made: Path) -> None:
        """One request; the file is gone from here then."""
        self._store.put(name, made.read_bytes())
        made.unlink()

    def write(self, name: str, content: bytes) -> None:
        """One request."""
        self._store.put(name, content)

    def close(self) -> None:
        """The temporary folder goes."""
        self._store.close()
        self._folder.cleanup()


class FileTarget(FolderTarget):
    """One file: its parts are in a folder beside it until all are there."""

    def __init__(self, file: Path) -> None:
        self.file = file
        super().__init__(file.with_name(file.name + ".parts"))

    def finish(self, manifest: Manifest) -> None:
        """Join the parts. A kill leaves them; the same export goes on here. Raises CatalogUnusable, OSError."""
        made = self.scratch / self.file.name
        join([self.folder / part.name for part in manifest.files], made, metadata_of(manifest))
        made.chmod(0o600)
        made.replace(self.file)
        sync_folder(self.file.absolute().parent)

    def close(self) -> None:
        """The parts go with the folder once the file is there."""
        super().close()
        if self.file.exists():
            shutil.rmtree(self.folder, ignore_errors=True)


def open_target(text: str, config: Config) -> Target:
    """Raises ClickException for what is none of these, StoreError, CatalogInUse, OSError."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "oss" and "?" not in rest:
        return _open_address(_registered(rest, config), config)
    if separator:
        return _open_address(parse_store("export", text), config)
    if text.endswith(_SUFFIX) and not Path(text).is_dir():
        if Path(text).exists():
            raise click.ClickException(f"{text} is there already; name another file, or remove it")
        _check_apart(Path(text).parent, config)
        return FileTarget(Path(text))
    if Path(text).suffix.lower() in _OTHER_FORMATS or Path(text).is_file():
        raise click.ClickException(
            f"{text}: exports are Parquet; name another place, a folder or a file that ends in {_SUFFIX}"
        )
    if "/" not in text and text not in (".", ".."):
        raise click.ClickException(
            f"write ./{text} for a folder here, oss://{text} for a bucket that the server knows, or the URL of a store"
        )
    folder = Path(text).expanduser()
    _check_apart(folder, config)
    return FolderTarget(folder)


def _check_apart(folder: Path, config: Config) -> None:
    """Raises ClickException for a place in the data folder, which holds what a server needs and nothing else."""
    if is_within(os.fsencode(folder), os.fsencode(config.data)):
        raise click.ClickException(f"{folder} is in the data folder {config.data}; name another place")


def _registered(place: str, config: Config) -> StoreAddress:
    bucket, _, prefix = place.partition("/")
    buckets = open_buckets(config, read_registered(config))
    try:
        address = buckets.address(bucket)
    except BucketNotFound as error:
        raise click.ClickException(
            f"{unknown_here(bucket)}, or write the URL of the store (s3://…, file:///…), as where the server was told "
            "of it on its command line"
        ) from error
    finally:
        buckets.close()
    below = prefix.strip("/") if address.folder is not None else quote(prefix.strip("/"))
    return msgspec.structs.replace(address, url=f"{address.url.rstrip('/')}/{below}") if below else address


def _open_address(address: StoreAddress, config: Config) -> Target:
    if address.folder is not None:
        check_apart_from(address, config.data)
        return FolderTarget(Path(address.folder))
    return BucketTarget(open_for_writing(address))
