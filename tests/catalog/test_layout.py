"""What is known of files before anybody has them: how many in an interval and on a page, and how wide."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bindery.catalog.catalog import Catalog
from bindery.catalog.interface.queries import DateBucket
from bindery.catalog.query.parse import parse_simple_query, parse_sort
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import Dataset, FileWrite, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.clock import find_zone
from bindery.file import File

TIMES = [
    "2024-01-31T23:59:59.999999999+08:00",
    "2024-02-01T00:00:00+08:00",
    "2024-01-31T16:00:00Z",
    "1969-12-31T23:59:59.999999999+08:00",
    "1970-01-01T00:00:00+08:00",
    "9999-12-31T00:00:00+08:00",
    None,
    None,
]
SHAPES: list[tuple[dict[str, Any], float]] = [
    ({"ImageWidth": 4000, "ImageHeight": 2000}, 2.0),
    ({"ImageWidth": 4000, "ImageHeight": 2000, "Orientation": 6}, 0.5),
    ({"ImageWidth": 90_000, "ImageHeight": 10}, 3.5),
    ({"ImageWidth": 10, "ImageHeight": 90_000}, 0.4),
    ({"VideoWidth": 1920, "VideoHeight": 1080}, 1920 / 1080),
    ({"ImageWidth": 0, "ImageHeight": 100}, 1.0),
    ({}, 1.0),
    ({"ImageWidth": 100}, 1.0),
]


def open_catalog(folder: Path, zone: tzinfo) -> tuple[Catalog, int]:
    catalog = SqliteCatalog(folder, account_id="1", zone=zone)
    catalog.projects.create(Project(name="p"))
    dataset = catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    files = []
    for number, (time, (shape, _)) in enumerate(zip(TIMES, SHAPES, strict=True)):
        document = {"Size": number % 3, **shape, **({"ProduceTime": time} if time else {})}
        files.append(FileWrite(uri=f"oss://b/{number}", file=msgspec.convert(document, File)))
    catalog.files.write(dataset.id, files)
    return catalog, dataset.id


def shown(bucket: DateBucket) -> tuple[str, int, float]:
    return bucket.value, bucket.count, pytest.approx(bucket.aspect_ratio_sum)


def test_months_of_the_zone(tmp_path: Path) -> None:
    catalog, dataset = open_catalog(tmp_path, timezone(timedelta(hours=8)))
    found = catalog.queries.date_histogram(dataset, None, "ProduceTime", "month")
    assert [shown(bucket) for bucket in found.buckets] == [
        ("1969-12", 1, 0.4),
        ("1970-01", 1, 1920 / 1080),
        ("2024-01", 1, 2.0),
        ("2024-02", 2, 4.0),
        ("2262-04", 1, 1.0),
    ]
    assert (found.buckets[3].start, found.buckets[3].end) == (
        "2024-02-01T00:00:00+08:00",
        "2024-03-01T00:00:00+08:00",
    )
    assert shown(found.undated) == ("", 2, 2.0)
    catalog.close()


def test_months_of_a_zone_with_summer_time(tmp_path: Path) -> None:
    catalog, dataset = open_catalog(tmp_path / "a", find_zone("Europe/Berlin"))
    found = catalog.queries.date_histogram(dataset, None, "ProduceTime", "month")
    assert [(bucket.value, bucket.count) for bucket in found.buckets] == [
        ("1969-12", 2),
        ("2024-01", 3),
        ("2262-04", 1),
    ]
    catalog.files.write(
        dataset,
        [
            FileWrite(uri=f"oss://b/{time}", file=File(produce_time=time))
            for time in ("2024-06-30T21:59:59Z", "2024-06-30T22:00:00Z")
        ],
    )
    found = catalog.queries.date_histogram(dataset, None, "ProduceTime", "month")
    assert [(bucket.value, bucket.count, bucket.start, bucket.end) for bucket in found.buckets][2:4] == [
        ("2024-06", 1, "2024-06-01T00:00:00+02:00", "2024-07-01T00:00:00+02:00"),
        ("2024-07", 1, "2024-07-01T00:00:00+02:00", "2024-08-01T00:00:00+02:00"),
    ]
    catalog.close()


@pytest.mark.parametrize(
    ("interval", "values"),
    [
        ("year", ["1969", "2024", "2262"]),
        ("month", ["1969-12", "2024-01", "2262-04"]),
        ("day", ["1969-12-31", "2024-01-31", "2262-04-11"]),
    ],
)
def test_intervals_in_utc(tmp_path: Path, interval: Any, values: list[str]) -> None:
    catalog, dataset = open_catalog(tmp_path, UTC)
    found = catalog.queries.date_histogram(dataset, None, "ProduceTime", interval)
    assert [(bucket.value, bucket.count) for bucket in found.buckets] == list(
        zip(values, (2, 3, 1), strict=True)
    )
    query = parse_simple_query({"Field": "Size", "Operation": "eq", "Value": "0"})
    of_some = catalog.queries.date_histogram(dataset, query, "ProduceTime", interval)
    assert sum(bucket.count for bucket in of_some.buckets) + of_some.undated.count == 3
    catalog.close()


@pytest.mark.parametrize(
    ("sort", "order"), [("", ""), ("ProduceTime", "desc"), ("Size,ProduceTime", "asc,desc")]
)
@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_tokens_begin_the_pages(tmp_path: Path, sort: str, order: str, size: int) -> None:
    catalog, dataset = open_catalog(tmp_path, UTC)
    fields = parse_sort(sort, order)
    whole = catalog.queries.search(dataset, None, sort=fields).documents
    ratios = {f"oss://b/{number}": ratio for number, (_, ratio) in enumerate(SHAPES)}
    pages, token = [], ""
    for _ in range(10):
        found = catalog.queries.list_pages(dataset, None, sort=fields, size=size, limit=2, token=token)
        pages += found.pages
        token = found.next_token
        if not token:
            break
    assert len(pages) == -(-len(TIMES) // size)
    seen: list[bytes] = []
    for page in pages:
        files = catalog.queries.search(
            dataset, None, sort=fields, limit=page.count, token=page.token
        ).documents
        assert len(files) == page.count
        uris = [msgspec.json.decode(file)["URI"] for file in files]
        assert page.aspect_ratio_sum == pytest.approx(sum(ratios[uri] for uri in uris))
        seen += files
    assert tuple(seen) == tuple(whole)
    catalog.close()


def test_nothing_and_what_is_wrong(tmp_path: Path) -> None:
    catalog, dataset = open_catalog(tmp_path, UTC)
    none = parse_simple_query({"Field": "Size", "Operation": "eq", "Value": "77"})
    histogram = catalog.queries.date_histogram(dataset, none, "ProduceTime", "month")
    assert (histogram.buckets, histogram.undated.count) == ((), 0)
    assert catalog.queries.list_pages(dataset, none).pages == ()
    by_size = parse_sort("Size", "asc")
    token = catalog.queries.list_pages(dataset, None, sort=by_size, size=1, limit=1).next_token
    with pytest.raises(QueryError, match="another query"):
        catalog.queries.list_pages(dataset, None, size=1, token=token)
    catalog.datasets.create(Dataset(project_id=0, project_name="p", name="empty"))
    empty = catalog.datasets.get("p", "empty").id
    assert catalog.queries.date_histogram(empty, None, "ProduceTime", "day").buckets == ()
    assert catalog.queries.list_pages(empty, None).pages == ()
    catalog.close()
