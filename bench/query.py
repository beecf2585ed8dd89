"""SimpleQuery over a million synthetic files: twenty mixed questions, each with its exact total.

Budget: p50 15 ms and p95 60 ms at 1,000,000 files. Peers in the same run: the same questions typed as SQL into DuckDB,
by turns, over the same files in a table of typed columns (a count and the first hundred URIs, no documents), which have
to find as many; and SQLite over the same JSON documents, asked on a sample and scaled to all files.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from catalog_writes import BUCKET, build_catalog, key_of, wait_for_index
from figures import Figure, tell

from bindery.catalog.index.dataset_files import newest_columns
from bindery.catalog.interface.queries import AggregationResult, Page
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query, parse_sort
from bindery.catalog.sqlite_catalog import SqliteCatalog

P50_BUDGET_MS, P95_BUDGET_MS = 15, 60
_SAMPLE = 20_000
_PAGE = 100
Ask = Callable[[], Any]


def main() -> None:
    """Build the catalog, ask everything, print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=10, help="times each question is asked")
    parser.add_argument("--data", type=Path, help="keep the catalog here, or use the one that is here")
    parser.add_argument("--p50", type=float, default=P50_BUDGET_MS, help="budget in ms, of so many files")
    parser.add_argument("--p95", type=float, default=P95_BUDGET_MS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.data or Path(temporary)
        open_or_build(folder, options.files).close()  # what is committed is in the columns
        catalog = open_or_build(folder, options.files)
        dataset_id = catalog.datasets.get("bench", "bench").id
        count = catalog.datasets.statistics("bench", "bench").file_count
        with tempfile.TemporaryDirectory() as typed:
            times = _ask_all(
                Questions(count),
                Asker(catalog, dataset_id),
                TypedTable(_copied_columns(folder, dataset_id, Path(typed))),
                options.repeat,
            )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        _compare(catalog, folder, dataset_id, count)
        catalog.close()
    for name, share, budget in (("p50", 0.5, options.p50), ("p95", 0.95, options.p95)):
        what = f"twenty questions over {count:,} files, {name}"
        measured, typed_ms = (_percentile(asked, share) for asked in (times.ours, times.theirs))
        _tell(what, measured, f"the budget of {budget:g} ms", budget, at_most=1)
        _tell(what, measured, f"the same SQL typed into DuckDB, {typed_ms:.1f} ms", typed_ms)
    what = f"twenty questions over {count:,} files, p50 of their first askings"
    _tell(what, _percentile(times.first, 0.5), f"the budget of {options.p50:g} ms", options.p50)
    used = [_percentile(times.processor, share) for share in (0.5, 0.95)]
    print(f"processor time: p50 {used[0]:.1f} ms, p95 {used[1]:.1f} ms")
    print(f"memory: peak {memory:,.0f} MiB, the typed table in it")


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def _tell(what: str, measured: float, against: str, other: float, at_most: float | None = None) -> None:
    ratio = measured / other
    tell(Figure(what=what, measured=f"{measured:.1f} ms", against=against, ratio=ratio, at_most=at_most))


def open_or_build(folder: Path, count: int) -> SqliteCatalog:
    """The catalog of a folder, built when there is none."""
    if (folder / "catalog.db").exists():
        catalog = SqliteCatalog(folder, account_id="10001")
        wait_for_index(catalog, catalog.datasets.get("bench", "bench").id)
        return catalog
    return build_catalog(folder, count)[0]


@dataclass(frozen=True)
class Question:
    """One question, and the same for somebody who types SQL."""

    condition: dict[str, Any] | None
    typed: str
    values: tuple[Any, ...] = ()
    sort: str = ""
    typed_sort: str = '"URI"'
    page: int = 1
    figures: tuple[str, ...] = ()
    typed_figures: tuple[str, ...] = ()
    """Whole statements; ``condition`` stands for the condition."""


_HAVERSINE = (
    "2 * 6371008.8 * asin(sqrt(pow(sin(radians(Latitude - ?) / 2), 2)"
    " + cos(radians(?)) * cos(radians(Latitude)) * pow(sin(radians(Longitude - ?) / 2), 2)))"
)
_LABELS = "list_transform(Labels, lambda x: x.LabelName)"
_SURE = "len(list_filter(Labels, lambda x: x.LabelName = 'beach' AND x.LabelConfidence > 0.9)) > 0"


class Questions:
    """Twenty questions; their values change from one asking to the next."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._chance = random.Random(3)

    def all(self) -> dict[str, Callable[[], Question]]:
        """By name; each call draws other values."""
        sure = self._sure_label()
        image = leaf("MediaType", "eq", "image")
        return {
            "every file": lambda: Question(None, "true"),
            "one key": self._one_key,
            "media type": lambda: Question(leaf("MediaType", "eq", "video"), "MediaType = 'video'"),
            "wide JPEG": lambda: Question(
                both(leaf("ContentType", "eq", "image/jpeg"), leaf("ImageWidth", "gt", "5000")),
                "ContentType = 'image/jpeg' AND ImageWidth > 5000",
            ),
            "folder and size": self._folder_and_size,
            "either label": lambda: Question(
                either(*(leaf("Labels.LabelName", "eq", name) for name in ("cat", "dog"))),
                f"list_has_any({_LABELS}, ['cat', 'dog'])",
            ),
            "sure label": lambda: Question(sure, _SURE),
            "not that label": lambda: Question(
                {"Operation": "not", "SubQueries": [sure]}, f"NOT coalesce({_SURE}, false)"
            ),
            "a month with place": self._month_with_place,
            "circle": self._circle,
            "box": lambda: Question(
                leaf("LatLong", "geo-bounding-box", "31.5,121;31,121.6"),
                "Latitude BETWEEN 31 AND 31.5 AND Longitude BETWEEN 121 AND 121.6",
            ),
            "phrase in names": self._phrase_in_names,
            "phrase in titles": self._phrase_in_titles,
            "tags": self._tags,
            "city, orientation": lambda: Question(
                both(leaf("Addresses.City", "eq", "杭州市"), leaf("Orientation", "eq", "6")),
                "list_contains(Cities, '杭州市') AND Orientation = 6",
            ),
            "long HEVC video": self._long_video,
            "largest": self._largest,
            "newest, next page": lambda: Question(
                image, "MediaType = 'image'", sort="ProduceTime,Size",
                typed_sort="ProduceTime DESC, Size DESC, URI", page=2,
            ),
            "groups of labels": lambda: Question(
                None, "true", figures=("Labels.LabelName group", "MediaType group"),
                typed_figures=(
                    f"SELECT v, count(*) AS n FROM (SELECT unnest(list_distinct({_LABELS})) AS v FROM files)"
                    " GROUP BY v ORDER BY n DESC, v",
                    "SELECT MediaType, count(*) AS n FROM files GROUP BY ALL ORDER BY n DESC, MediaType",
                ),
            ),
            "sum of sizes": lambda: Question(
                image, "MediaType = 'image'", figures=("Size sum", "Size average"),
                typed_figures=(
                    "SELECT 'sum', sum(Size) FROM files WHERE MediaType = 'image'",
                    "SELECT 'average', avg(Size) FROM files WHERE MediaType = 'image'",
                ),
            ),
        }  # fmt: skip

    def _one_key(self) -> Question:
        uri = f"oss://{BUCKET}/{self._key()}"
        return Question(leaf("URI", "eq", uri), "URI = ?", (uri,))

    def _folder_and_size(self) -> Question:
        folder, size = f"oss://{BUCKET}/photos/000", self._number(10**6)
        condition = both(leaf("URI", "prefix", folder), leaf("Size", "gt", str(size)))
        return Question(condition, "starts_with(URI, ?) AND Size > ?", (folder, size))

    def _month_with_place(self) -> Question:
        year, month = self._chance.randrange(2015, 2024), self._chance.randrange(1, 12)
        begin, end = (f"{year}-{number:02d}-01T00:00:00" for number in (month, month + 1))
        of_month = (leaf("ProduceTime", "gte", f"{begin}Z"), leaf("ProduceTime", "lt", f"{end}Z"))
        return Question(
            both(leaf("LatLong", "exist"), *of_month),
            "Latitude IS NOT NULL AND ProduceTime >= ?::TIMESTAMP AND ProduceTime < ?::TIMESTAMP",
            (begin, end),
        )

    def _circle(self) -> Question:
        latitude = float(f"52.5{self._number(9)}")
        return Question(
            leaf("LatLong", "geo-distance", f"{latitude},13.4;5000"),
            f"Latitude BETWEEN ? - 0.05 AND ? + 0.05 AND {_HAVERSINE} <= 5000",
            (latitude, latitude, latitude, latitude, 13.4),
        )

    def _phrase_in_names(self) -> Question:
        phrase = self._key()[-13:-4]
        return Question(
            leaf("Filename", "match-phrase", phrase),
            "contains(lower(Filename), ?) AND regexp_matches(Filename, ?)",
            (phrase, _words(phrase)),
        )

    def _phrase_in_titles(self) -> Question:
        phrase = f"report {self._number(10_000)}"
        return Question(
            leaf("Title", "match-phrase", phrase),
            "contains(lower(Title), ?) AND regexp_matches(Title, ?)",
            (phrase, _words(phrase)),
        )

    def _tags(self) -> Question:
        shoot = str(self._number(500))
        return Question(
            both(leaf("OSSTagging.owner", "eq", "Ann"), leaf("OSSTagging.shoot", "eq", shoot)),
            "OSSTagging['owner'] = 'Ann' AND OSSTagging['shoot'] = ?",
            (shoot,),
        )

    def _long_video(self) -> Question:
        seconds = self._number(200)
        return Question(
            both(leaf("Duration", "gt", str(seconds)), leaf("VideoStreams.CodecName", "eq", "hevc")),
            "Duration > ? AND list_contains(Codecs, 'hevc')",
            (seconds,),
        )

    def _largest(self) -> Question:
        size = self._number(10**6)
        return Question(
            leaf("Size", "gt", str(size)), "Size > ?", (size,), sort="Size", typed_sort="Size DESC, URI"
        )

    def _key(self) -> str:
        return key_of(self._chance.randrange(self._count))

    def _number(self, limit: int) -> int:
        return self._chance.randrange(limit)

    def _sure_label(self) -> dict[str, Any]:
        sure = both(leaf("Labels.LabelName", "eq", "beach"), leaf("Labels.LabelConfidence", "gt", "0.9"))
        return {"Operation": "nested", "SubQueries": [sure]}


def _words(phrase: str) -> str:
    return f"(?i)(^|[^a-z0-9]){phrase}($|[^a-z0-9])"


class Asker:
    """Asks the catalog, as the operations of the API do."""

    def __init__(self, catalog: SqliteCatalog, dataset_id: int) -> None:
        self._catalog, self._dataset_id = catalog, dataset_id

    def ask(self, question: Question) -> Any:
        """What the question finds: a total, or the counts and figures of each aggregation."""
        tree = None if question.condition is None else parse_simple_query(question.condition)
        if question.figures:
            pairs = [(field, operation) for field, operation in map(str.split, question.figures)]
            found = self._catalog.queries.aggregate(self._dataset_id, tree, parse_aggregations(pairs))
            return [_figures(result) for result in found]
        page = Page(documents=(), next_token="", total_hits=None)
        for number in range(question.page):
            page = self._catalog.queries.search(
                self._dataset_id,
                tree,
                sort=parse_sort(question.sort, None),
                limit=_PAGE,
                token=page.next_token,
                total=number + 1 == question.page,
            )
        return page.total_hits


def _figures(result: AggregationResult) -> list[Any]:
    if result.operation == "group":
        return [group.count for group in result.groups or ()]
    return [result.value]


class TypedTable:
    """The same files in a table of DuckDB with typed columns, as somebody keeps them who has nothing but DuckDB."""

    def __init__(self, columns: Path) -> None:
        self._connection = duckdb.connect(str(columns.parent / "typed.duckdb"))
        self._connection.execute(f"ATTACH '{columns}' AS bindery (READ_ONLY)")
        self._connection.execute(f"CREATE TABLE files AS SELECT {_TYPED} FROM bindery.files ORDER BY URI")
        self._connection.execute("DETACH bindery")
        self._connection.execute("CHECKPOINT")

    def ask(self, question: Question) -> Any:
        """The same as Asker."""
        if question.figures:
            return [
                [row[-1] for row in self._connection.execute(statement).fetchall()]
                for statement in question.typed_figures
            ]
        counted = self._connection.execute(
            f"SELECT count(*) FROM files WHERE {question.typed}", question.values
        ).fetchall()
        self._connection.execute(
            f"SELECT URI FROM files WHERE {question.typed} ORDER BY {question.typed_sort}"
            f" LIMIT {_PAGE} OFFSET {(question.page - 1) * _PAGE}",
            question.values,
        ).fetchall()
        return counted[0][0]


_TYPED = """
    "URI", "Filename", "Title", "Artist", "Album", "MediaType", "ContentType", "Size", "ETag", "ContentMd5",
    "OSSCRC64", "OSSStorageClass", "ImageWidth", "ImageHeight", "Orientation", "Duration", "PageCount",
    "Latitude", "Longitude", make_timestamp("ProduceTime" // 1000) AS "ProduceTime",
    make_timestamp("FileModifiedTime" // 1000) AS "FileModifiedTime",
    list_transform(list_zip("Labels.LabelName", "Labels.LabelConfidence"),
        lambda x: {'LabelName': x[1], 'LabelConfidence': x[2]}) AS "Labels",
    "Addresses.City" AS "Cities", "VideoStreams.CodecName" AS "Codecs",
    map_from_entries(list_transform("OSSTagging",
        lambda x: {'k': split_part(x, '"', 2), 'v': split_part(x, '"', 3)})) AS "OSSTagging"
"""


def _copied_columns(folder: Path, dataset_id: int, scratch: Path) -> Path:
    """The columns of the index, which its server has for itself."""
    columns = newest_columns(folder / "index", dataset_id)
    assert columns is not None
    for path in columns.parent.glob(f"{columns.name}*"):
        shutil.copy(path, scratch / path.name)
    return scratch / columns.name


def leaf(field: str, operation: str, value: str = "") -> dict[str, Any]:
    """A condition."""
    return {"Field": field, "Operation": operation, "Value": value}


def both(*conditions: dict[str, Any] | None) -> dict[str, Any]:
    """All of them."""
    return {"Operation": "and", "SubQueries": list(conditions)}


def either(*conditions: dict[str, Any]) -> dict[str, Any]:
    """One of them."""
    return {"Operation": "or", "SubQueries": list(conditions)}


def _ask_all(questions: Questions, asker: Asker, typed: TypedTable, repeat: int) -> Times:
    """By turns, so that what else the machine does meets both."""
    times = Times()
    for name, draw in questions.all().items():
        ours, theirs, processor = [], [], []
        first = 0.0
        for turn in range(repeat + 1):
            question, began = draw(), time.process_time()
            found, taken = _timed(asker, question)
            used = (time.process_time() - began) * 1000
            typed_found, typed_taken = _timed(typed, question)
            _check(name, found, typed_found)
            if turn:
                ours.append(taken)
                processor.append(used)
                theirs.append(typed_taken)
            else:
                first = taken
        times.ours += ours
        times.theirs += theirs
        times.first.append(first)
        times.processor += processor
        print(
            f"  {name:<22} p50 {statistics.median(ours):7.1f} ms   worst {max(ours):7.1f} ms   first {first:7.1f} ms"
            f"   processor {statistics.median(processor):7.1f} ms   typed p50 {statistics.median(theirs):7.1f} ms",
            flush=True,
        )
    return times


@dataclass
class Times:
    """Milliseconds of each asking but the first, which reads the file and has no total that is known; and of the first
    askings."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    """Of ours, which other work on the machine changes least."""


def _timed(asked: Asker | TypedTable, question: Question) -> tuple[Any, float]:
    begin = time.perf_counter()
    found = asked.ask(question)
    return found, (time.perf_counter() - begin) * 1000


def _check(name: str, found: Any, typed_found: Any) -> None:
    """Both find the same; sums of floating point differ in their last digits."""
    if isinstance(found, int):
        assert found == typed_found, (name, found, typed_found)
        return
    for ours, theirs in zip(found, typed_found, strict=True):
        assert len(ours) == len(theirs), (name, ours, theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert abs(one - other) <= 1e-9 * abs(other), (name, one, other)


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
            milliseconds(partial(catalog.queries.search, dataset_id, tree)) for _ in range(5)
        )
        sql = f"SELECT count(*) FROM sample WHERE {condition}"
        theirs = min(milliseconds(partial(_all_rows, peer, sql)) for _ in range(3))
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


def _all_rows(peer: sqlite3.Connection, sql: str) -> list[Any]:
    return peer.execute(sql).fetchall()


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
