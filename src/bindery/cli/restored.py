"""The audit of a record that was restored, before a server is started on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from bindery.app import open_buckets, open_catalog, read_registered
from bindery.buckets.registry import Buckets
from bindery.buckets.store import BucketNotFound, Store, StoreError
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, Dataset
from bindery.cli.audit import reports_table, sample_lines
from bindery.cli.bucket_argument import unknown_here
from bindery.cli.datasets import datasets_in
from bindery.cli.output import console, say
from bindery.cli.progress import progress_shown
from bindery.config import load_config
from bindery.sync.audit import Audit

Show = Callable[[str, int, int], None]


def audit_restored(data: Path, config_file: Path | None) -> bool:
    """Whether every entry can be read and is counted, and every dataset equals its buckets; told either way.

    Nothing is changed but that the index is begun. Raises CatalogUnusable, CatalogInUse, ConfigurationError.
    """
    config = load_config(config_file, {"data": data, "catalog": {"url": ""}})
    with (
        closing(open_catalog(config)) as catalog,
        closing(open_buckets(config, read_registered(config))) as buckets,
        progress_shown() as show,
    ):
        counted = [_count(catalog, dataset, show) for dataset in datasets_in(catalog)]
        reports = [_audit(catalog, buckets, binding, show) for binding in catalog.bindings.list()]
    read, is_whole = sum(entries for entries, _ in counted), all(is_sound for _, is_sound in counted)
    if is_whole:
        say(f"{read:,} entries of {len(counted):,} datasets were read, as many as they count")
    else:
        say(f"{read:,} entries were read, not as many as their datasets count; restore another backup")
    if reports:
        console().print(reports_table(reports))
        for line in sample_lines([report for report in reports if not report["Equal"]]):
            say(line)
    return is_whole and all(report["Equal"] for report in reports)


def _count(catalog: Catalog, dataset: Dataset, show: Show) -> tuple[int, bool]:
    """Entries whose documents were read, and whether they are as many as the dataset counts."""
    expected = catalog.datasets.statistics(dataset.project_name, dataset.name).file_count
    read = 0
    for page in catalog.files.walk(dataset.id, ""):
        read += len(page)
        show(f"reading entries of {dataset.project_name}/{dataset.name}", read, expected)
    return read, read == expected


def _audit(catalog: Catalog, buckets: Buckets, binding: Binding, show: Show) -> dict[str, Any]:
    """A report as ``bindery audit`` shows it."""
    names = {"ProjectName": binding.project_name, "DatasetName": binding.dataset_name, "URI": binding.uri}
    tell = partial(show, f"audit of {binding.uri}")
    try:
        store = _open(buckets, binding.bucket)
        store.check()
        audit = Audit(binding, store, catalog, on_progress=lambda share: tell(int(share * 100), 100))
        report: dict[str, Any] = msgspec.to_builtins(audit.run())
    except StoreError as error:
        return names | {"Equal": False, "Error": str(error)}
    return names | report


def _open(buckets: Buckets, bucket: str) -> Store:
    """Raises StoreError."""
    try:
        buckets.address(bucket)
    except BucketNotFound:
        raise BucketNotFound(unknown_here(bucket)) from None
    return buckets.open(bucket)
