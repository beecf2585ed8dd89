"""Short ways to make what the tests of the catalog write."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from bindery.catalog.catalog import Catalog
from bindery.catalog.query.parse import parse_simple_query
from bindery.catalog.records import (
    Binding,
    Dataset,
    FileWrite,
    LedgerEntry,
    Limits,
    Outcome,
    Project,
    ScanCommit,
)
from bindery.file import File


class Place(NamedTuple):
    """A dataset with a binding."""

    dataset: Dataset
    binding: Binding


def make_place(
    catalog: Catalog, name: str = "place", *, bucket: str = "bucket", limits: Limits | None = None
) -> Place:
    """A project, a dataset and a binding of that name."""
    catalog.projects.create(Project(name=name))
    dataset = catalog.datasets.create(
        Dataset(project_id=0, project_name=name, name=name, limits=limits or Limits())
    )
    binding = catalog.bindings.create(
        Binding(dataset_id=0, project_name=name, dataset_name=name, bucket=bucket)
    )
    return Place(dataset, binding)


def write_of(
    key: str,
    bucket: str = "bucket",
    binding_id: int | None = None,
    operators: tuple[str, ...] = (),
    **fields: Any,
) -> FileWrite:
    """The extracted fields of an object."""
    uri = f"oss://{bucket}/{key}"
    return FileWrite(uri=uri, file=File(**fields), binding_id=binding_id, operators=operators)


def entry_of(key: str, outcome: Outcome = Outcome.INDEXED, size: int = 0) -> LedgerEntry:
    """A row of the ledger."""
    return LedgerEntry(key=key, etag=f'"{key}"', size=size, modified_ns=1, outcome=outcome)


def scan_of(place: Place, *keys: str, **fields: Any) -> ScanCommit:
    """A page of a scan: a file and a ledger row for each key."""
    binding = place.binding
    return ScanCommit(
        binding_id=binding.id,
        files=tuple(write_of(key, binding.bucket, binding.id, **fields) for key in keys),
        ledger=tuple(entry_of(key, size=fields.get("size") or 0) for key in keys),
        cursor=keys[-1] if keys else None,
    )


def stop_following(catalog: Catalog) -> None:
    """From now on the index applies only what a question has to see."""
    catalog.queries._follower.stop()
    assert catalog.queries._follower.join(60)


def hits(catalog: Catalog, place: Place, field: str) -> int:
    """How many entries have something in a column of the index."""
    leaf = {"Field": field, "Operation": "exist", "Value": "true"}
    return catalog.queries.search(place.dataset.id, parse_simple_query(leaf)).total_hits or 0


def forget_deleted(catalog: Catalog, limit: int = 100) -> int:
    """Work off what deleted bindings left; in how many pages."""
    pages = 0
    while catalog.bindings.forget_deleted(limit=limit):
        pages += 1
    return pages


def uris(catalog: Catalog, dataset: Dataset, query: dict[str, Any] | None = None) -> list[str]:
    """The URIs of all files that match, over all pages."""
    tree = None if query is None else parse_simple_query(query)
    found: list[str] = []
    token = ""
    while True:
        page = catalog.queries.search(dataset.id, tree, token=token)
        found += [msgspec.json.decode(document)["URI"] for document in page.documents]
        token = page.next_token
        if not token:
            return found


def document_of(catalog: Catalog, dataset: Dataset, uri: str) -> dict[str, Any]:
    """The stored document of one entry."""
    (record,) = catalog.files.get(dataset.id, [uri])
    decoded: dict[str, Any] = msgspec.json.decode(record.document)
    return decoded
