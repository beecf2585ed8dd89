"""SimpleQuery over a million synthetic files: twenty mixed questions, each with its exact total.

Budget: p50 15 ms and p95 60 ms at 1,000,000 files. The peer in the same run is SQLite over the same JSON
documents, asked on a sample and scaled to all files.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog_writes import BUCKET, build_catalog, key_of, wait_for_index
from figures import Figure, tell

from bindery.catalog.query.parse import parse_aggregations, parse_simple_query, parse_sort
from bindery.catalog.sqlite_catalog import SqliteCatalog

P50_BUDGET_MS, P95_BUDGET_MS = 15, 60
_SAMPLE = 20_000
Ask = Callable[[], Any]


def main() -> None:
    """Build the catalog, ask everything, print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=10, help="times each question is asked")
    parser.add_argument("--data", type=Path, help="keep the catalog here, or use the one that is here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.data or Path(temporary)
        catalog = open_or_build(folder, options.files)
        dataset_id = catalog.datasets.get("bench", "bench").id
        count = catalog.datasets.statistics("bench", "bench").file_count
        times = _ask_all(Questions(catalog, dataset_id, count), options.repeat)
        _compare(catalog, folder, dataset_id, count)
        catalog.close()
    p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
    for name, measured, budget in (("p50", p50, P50_BUDGET_MS), ("p95", p95, P95_BUDGET_MS)):
        tell(
            Figure(
                what=f"twenty questions over {count:,} files, {name}",
                measured=f"{measured:.1f} ms",
                against=f"the budget of {budget} ms",
                ratio=measured / budget,
                at_most=1,
            )
        )
    print(f"memory: peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def open_or_build(folder: Path, count: int) -> SqliteCatalog:
    """The catalog of a folder, built when there is none."""
    if (folder / "catalog.db").exists():
        catalog = SqliteCatalog(folder, account_id="10001")
        wait_for_index(catalog, catalog.datasets.get("bench", "bench").id)
        return catalog
    return build_catalog(folder, count)[0]


class Questions:
    """Twenty questions; their values change from one asking to the next."""

    def __init__(self, catalog: SqliteCatalog, dataset_id: int, count: int) -> None:
        self._catalog, self._dataset_id, self._count = catalog, dataset_id, count
        self._chance = random.Random(3)

    def all(self) -> dict[str, Ask]:
        """By name."""
        search, number = self._search, self._number
        sure = self._sure_label()
        folder = f"oss://{BUCKET}/photos/000"
        return {
            "every file": lambda: search(None),
            "one key": lambda: search(leaf("URI", "eq", f"oss://{BUCKET}/{self._key()}")),
            "media type": lambda: search(leaf("MediaType", "eq", "video")),
            "wide JPEG": lambda: search(leaf("ContentType", "eq", "image/jpeg"), leaf("ImageWidth", "gt", "5000")),
            "folder and size": lambda: search(leaf("URI", "prefix", folder), leaf("Size", "gt", number(10**6))),
            "either label": lambda: search(either(*(leaf("Labels.LabelName", "eq", name) for name in ("cat", "dog")))),
            "sure label": lambda: search(sure),
            "not that label": lambda: search({"Operation": "not", "SubQueries": [sure]}),
            "a month with place": lambda: search(leaf("LatLong", "exist"), *self._month()),
            "circle": lambda: search(leaf("LatLong", "geo-distance", f"52.5{number(9)},13.4;5000")),
            "box": lambda: search(leaf("LatLong", "geo-bounding-box", "31.5,121;31,121.6")),
            "phrase in names": lambda: search(leaf("Filename", "match-phrase", self._key()[-13:-4])),
            "phrase in titles": lambda: search(leaf("Title", "match-phrase", f"report {number(10_000)}")),
            "tags": lambda: search(
                leaf("OSSTagging.owner", "eq", "Ann"), leaf("OSSTagging.shoot", "eq", number(500))
            ),
            "city, orientation": lambda: search(leaf("Addresses.City", "eq", "杭州市"), leaf("Orientation", "eq", "6")),
            "long HEVC video": lambda: search(
                leaf("Duration", "gt", number(200)), leaf("VideoStreams.CodecName", "eq", "hevc")
            ),
            "largest": lambda: search(leaf("Size", "gt", number(10**6)), sort="Size"),
            "newest, next page": lambda: search(leaf("MediaType", "eq", "image"), sort="ProduceTime,Size", pages=2),
            "groups of labels": lambda: self._aggregate(None, "Labels.LabelName group", "MediaType group"),
            "sum of sizes": lambda: self._aggregate(leaf("MediaType", "eq", "image"), "Size sum", "Size average"),
        }  # fmt: skip

    def _search(self, *conditions: dict[str, Any] | None, sort: str = "", pages: int = 1) -> None:
        tree = parse_simple_query(both(*conditions)) if conditions != (None,) else None
        token = ""
        for number in range(pages):
            page = self._catalog.queries.search(
                self._dataset_id, tree, sort=parse_sort(sort, None), token=token, total=number + 1 == pages
            )
            token = page.next_token

    def _aggregate(self, condition: dict[str, Any] | None, *wanted: str) -> None:
        tree = None if condition is None else parse_simple_query(condition)
        pairs = [(field, operation) for field, operation in map(str.split, wanted)]
        self._catalog.queries.aggregate(self._dataset_id, tree, parse_aggregations(pairs))

    def _key(self) -> str:
        return key_of(self._chance.randrange(self._count))

    def _number(self, limit: int) -> str:
        return str(self._chance.randrange(limit))

    def _month(self) -> tuple[dict[str, Any], dict[str, Any]]:
        year, month = self._chance.randrange(2015, 2024), self._chance.randrange(1, 12)
        return (
            leaf("ProduceTime", "gte", f"{year}-{month:02d}-01T00:00:00Z"),
            leaf("ProduceTime", "lt", f"{year}-{month + 1:02d}-01T00:00:00Z"),
        )

    def _sure_label(self) -> dict[str, Any]:
        sure = both(leaf("Labels.LabelName", "eq", "beach"), leaf("Labels.LabelConfidence", "gt", "0.9"))
        return {"Operation": "nested", "SubQueries": [sure]}


def leaf(field: str, operation: str, value: str = "") -> dict[str, Any]:
    """A condition."""
    return {"Field": field, "Operation": operation, "Value": value}


def both(*conditions: dict[str, Any] | None) -> dict[str, Any]:
    """All of them."""
    return {"Operation": "and", "SubQueries": list(conditions)}


def either(*conditions: dict[str, Any]) -> dict[str, Any]:
    """One of them."""
    return {"Operation": "or", "SubQueries": list(conditions)}


def _ask_all(questions: Questions, repeat: int) -> list[float]:
    times = []
    for name, ask in questions.all().items():
        ask()  # the first asking reads the file
        of_this = sorted(milliseconds(ask) for _ in range(repeat))
        times += of_this
        print(f"  {name:<22} p50 {statistics.median(of_this):7.1f} ms   worst {of_this[-1]:7.1f} ms")
    return sorted(times)


def _compare(catalog: SqliteCatalog, folder: Path, dataset_id: int, count: int) -> None:
    """The same two questions to SQLite over the documents; its time on a sample, scaled to all files."""
    peer = _unpacked_sample(catalog, folder)
    wide = both(leaf("ContentType", "eq", "image/jpeg"), leaf("ImageWidth", "gt", "5000"))
    label = leaf("Labels.LabelName", "eq", "cat")
    pairs = {
        "wide JPEG": (wide, "document ->> 'ContentType' = 'image/jpeg' AND document ->> 'ImageWidth' > 5000"),
        "label": (label, "EXISTS (SELECT 1 FROM json_each(document, '$.Labels') WHERE value ->> 'LabelName' = 'cat')"),
    }  # fmt: skip
    for name, (query, condition) in pairs.items():
        tree = parse_simple_query(query)
        ours = statistics.median(
            milliseconds(lambda tree=tree: catalog.queries.search(dataset_id, tree)) for _ in range(5)
        )
        sql = f"SELECT count(*) FROM sample WHERE {condition}"
        theirs = min(milliseconds(lambda sql=sql: peer.execute(sql).fetchall()) for _ in range(3))
        scaled = theirs * count / min(count, _SAMPLE)
        tell(
            Figure(
                what=f"SQLite over JSON asked for {name}",
                measured=f"{scaled:,.0f} ms",
                against=f"SimpleQuery, {ours:.1f} ms",
                ratio=scaled / ours,
            )
        )
    peer.close()


def _unpacked_sample(catalog: SqliteCatalog, folder: Path) -> sqlite3.Connection:
    """The documents as JSON in a table of their own, as somebody would keep them who has nothing but SQLite."""
    peer = sqlite3.connect(":memory:")
    peer.execute("CREATE TABLE sample (uri TEXT PRIMARY KEY, document TEXT)")
    with sqlite3.connect(f"file:{folder / 'catalog.db'}?mode=ro", uri=True) as record:
        rows = record.execute(
            "SELECT uri, dataset_id FROM file WHERE document IS NOT NULL LIMIT ?", (_SAMPLE,)
        )
        for uri, dataset_id in rows:
            (found,) = catalog.files.get(dataset_id, [uri])
            peer.execute("INSERT INTO sample VALUES (?, ?)", (uri, found.document.decode()))
    record.close()
    return peer


def milliseconds(run: Ask) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
