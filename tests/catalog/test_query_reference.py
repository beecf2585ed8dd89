"""Random documents, queries, orders, pages and figures: the catalog answers as the plain reference does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bindery.catalog.catalog import Catalog
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query, parse_sort
from bindery.catalog.records import Dataset, FileWrite, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.clock import format_time
from bindery.file import File

from . import reference

WORDS = ["photo", "Photo-01", "ΟΔΟΣ", "οδος", "straße", "İstanbul", "杭州", "浙江省杭州市", "ア・イ", "a_b", "a b",
         "é", "e\u0301", "STRASSE", "οδοσ ΟΔΌΣ", "Ha\u0308nsel und Gretel",
         "Hänsel", "한", "😀", "", " ", "%", "it's", "x\0y", "\uffff", "中、国"]  # fmt: skip
TIMES = ["2023-01-01T00:00:00+08:00", "2022-12-31T16:00:00Z", "2023-01-01T00:00:00.000000001+08:00",
         "1969-12-31T23:59:59.999999999Z", "2024-02-29T12:00:00.5-03:30"]  # fmt: skip
INTEGERS = [0, 1, -1, 7, 36, 1000, 2**53 + 1, 2**63 - 1, -(2**63)]
FLOATS = [0.0, 0.5, -0.5, 0.1, 1e-300, 1e300, 5.0, 0.1 + 0.2]
POINTS = [
    (0, 0),
    (10, 20),
    (-10, 20),
    (10, -20),
    (45, 179),
    (45, -179),
    (90, 0),
    (-90, 180),
    (30, 120),
    (5, 5),
]
KEYS = ["Key", "key", "KEY.with.dots", "x-oss-meta-Key", "schlüssel", "'; --"]

words, times = st.sampled_from(WORDS), st.sampled_from(TIMES)
integers, floats = st.sampled_from(INTEGERS), st.sampled_from(FLOATS)
points = st.sampled_from([f"{latitude},{longitude}" for latitude, longitude in POINTS])
radii = st.sampled_from(["0", "1500000", "5e6", "3e7"])
pairs = st.dictionaries(st.sampled_from(KEYS), words, max_size=3)


def struct(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


LABEL = struct(LabelName=words, LabelLevel=integers, LabelConfidence=floats, Language=words)
FIGURE = struct(Age=integers, Gender=words, AgeSD=floats, HeadPose=struct(Pitch=floats))
TAG_TEXTS = ["EXIF.Model", "EXIF.LensSerialNumber", 'EXIF.odd "name"', "Tags.Keywords", "Tags.Mood",
             "Tags.xmp:größe.x"]  # fmt: skip
TAG_NUMBERS = sorted(reference.TAG_NUMBERS)
tag_texts = st.one_of(words, st.sampled_from(list(reference.EXIF_VALUES)))


def tag_names(head: str) -> st.SearchStrategy[str]:
    names = [name.partition(".")[2] for name in TAG_TEXTS + TAG_NUMBERS if name.startswith(head)]
    return st.sampled_from(names)


EXIF = st.dictionaries(tag_names("EXIF"), tag_texts.map(lambda text: {"value": text})).map(json.dumps)
TAGS = st.dictionaries(tag_names("Tags"), st.lists(tag_texts, min_size=1, max_size=3, unique=True))
DOCUMENT = struct(
    EXIF=EXIF, Tags=TAGS,
    Title=words, Artist=words, ContentType=words, CustomId=words, Size=st.integers(0, 5), ImageWidth=integers,
    Duration=floats, ImageScore=struct(OverallQualityScore=floats), ProduceTime=times, FileModifiedTime=times,
    LatLong=points, CustomLabels=pairs, OSSTagging=pairs, OSSUserMeta=pairs, OCRTexts=words,
    Labels=st.lists(LABEL, max_size=3), Figures=st.lists(FIGURE, max_size=2),
    Addresses=st.lists(struct(AddressLine=words, City=words), max_size=2),
    VideoStreams=st.lists(struct(Width=integers, CodecName=words, Duration=floats), max_size=2),
)  # fmt: skip

RANGES = ["eq", "gt", "gte", "lt", "lte"]
KEY_FIELDS = [
    "ContentType",
    "CustomId",
    "URI",
    "Labels.Language",
    "Figures.Gender",
    "VideoStreams.CodecName",
]
TEXT_FIELDS = ["Title", "Artist", "Filename", "Labels.LabelName", "Addresses.AddressLine", "Addresses.City"]
INTEGER_FIELDS = ["Size", "ImageWidth", "Labels.LabelLevel", "Figures.Age", "VideoStreams.Width"]
FLOAT_FIELDS = ["Duration", "ImageScore.OverallQualityScore", "Labels.LabelConfidence", "Figures.AgeSD",
                "Figures.HeadPose.Pitch", "VideoStreams.Duration"]  # fmt: skip
TIME_FIELDS = ["ProduceTime", "FileModifiedTime"]
ARRAYS = ["Labels", "Figures", "Addresses", "VideoStreams"]
SORTABLE = ["Title", "ContentType", "CustomId", "Size", "ImageWidth", "Duration", "ProduceTime", "FileModifiedTime",
            "ImageScore.OverallQualityScore", "Filename", "URI", *TAG_TEXTS, *TAG_NUMBERS]  # fmt: skip


def leaf(
    fields: list[str], operations: list[str], values: st.SearchStrategy[str]
) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"Field": st.sampled_from(fields), "Operation": st.sampled_from(operations), "Value": values}
    )


def leaves(inside: str | None = None) -> st.SearchStrategy[Any]:
    """Conditions on all fields, or on those of one array."""

    def some(fields: list[str]) -> list[str]:
        return [field for field in fields if inside is None or field.startswith(f"{inside}.")]

    phrases = words.filter(reference.tokens)
    kinds = [
        (some(KEY_FIELDS + TEXT_FIELDS), [*RANGES, "prefix", "exist"], words),
        (some(TEXT_FIELDS), ["match-phrase"], phrases),
        (some(INTEGER_FIELDS), [*RANGES, "exist"], integers.map(str)),
        (some(FLOAT_FIELDS), [*RANGES, "exist"], floats.map(str)),
        (some(TIME_FIELDS), [*RANGES, "exist"], times),
    ]
    if inside is None:
        maps = [f"{name}.{key}" for name in ("CustomLabels", "OSSTagging", "OSSUserMeta") for key in KEYS]
        kinds += [
            (maps, [*RANGES, "prefix", "exist"], words),
            (TAG_TEXTS, [*RANGES, "prefix", "exist"], tag_texts),
            (TAG_TEXTS, ["match-phrase"], phrases),
            (TAG_NUMBERS, [*RANGES, "exist"], st.sampled_from(["100", "2.8", "0.25", "5", "-7", "3", "28"])),
            (["EXIF", "Tags"], ["exist"], st.just("")),
            (["CustomLabels", "OSSTagging", "OSSUserMeta", *ARRAYS, "OCRTexts"], ["exist"], st.just("")),
            (["OCRTexts"], ["match-phrase"], phrases),
            (["OCRTexts"], ["prefix"], words),
            (["LatLong"], ["exist"], st.just("")),
            (["LatLong"], ["eq"], points),
            (["LatLong"], ["geo-distance"], st.tuples(points, radii).map(";".join)),
            (["LatLong"], ["geo-bounding-box"], st.tuples(points, points).filter(_north_first).map(";".join)),
            (["LatLong"], ["geo-polygon"], st.lists(points, min_size=3, max_size=6).map(";".join)),
        ]  # fmt: skip
    return st.one_of([leaf(*kind) for kind in kinds if kind[0]])


def _north_first(corners: tuple[str, str]) -> bool:
    return float(corners[0].split(",")[0]) >= float(corners[1].split(",")[0])


def trees(inner: st.SearchStrategy[Any], depth: int) -> st.SearchStrategy[Any]:
    if depth == 0:
        return inner
    below = trees(inner, depth - 1)
    logical = st.fixed_dictionaries(
        {"Operation": st.sampled_from(["and", "or", "not"]), "SubQueries": st.lists(below, min_size=1, max_size=3)}
    )  # fmt: skip
    return st.one_of(inner, logical)


def nested(array: str) -> st.SearchStrategy[Any]:
    conditions = st.lists(trees(leaves(array), 2), min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {"Operation": st.just("nested"), "Field": st.just(array), "SubQueries": conditions}
    )


QUERIES = trees(st.one_of(leaves(), *(nested(array) for array in ARRAYS)), 2)
SORTS = st.lists(st.tuples(st.sampled_from(SORTABLE), st.booleans()), max_size=3, unique_by=lambda s: s[0])
AGGREGATED = [
    *KEY_FIELDS,
    *INTEGER_FIELDS,
    *FLOAT_FIELDS,
    *TIME_FIELDS,
    "Title",
    "Labels.LabelName",
    "Addresses.City",
    *TAG_TEXTS,
    *TAG_NUMBERS,
    "CustomLabels.KEY",
    "OSSTagging.Key",
    "OSSUserMeta.key",
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    catalog = SqliteCatalog(tmp_path_factory.mktemp("catalog"), account_id="10001")
    catalog.projects.create(Project(name="p"))
    catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    yield catalog
    catalog.close()


def store(catalog: Catalog, documents: list[dict[str, Any]]) -> tuple[Dataset, list[dict[str, Any]]]:
    """A dataset with these files alone, and the documents as clients get them."""
    dataset = catalog.datasets.get("p", "d")
    while held := catalog.queries.search(dataset.id, None).documents:
        catalog.files.delete(dataset.id, [msgspec.json.decode(document)["URI"] for document in held])
    files = [
        FileWrite(
            uri=f"oss://b/{number:02d}-{document.get('Title', '')}", file=msgspec.convert(document, File)
        )
        for number, document in enumerate(documents)
    ]
    catalog.files.write(dataset.id, files)
    stored = catalog.files.get(dataset.id, [write.uri for write in files])
    return dataset, [msgspec.json.decode(record.document) for record in stored]


RANDOM = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@RANDOM
@given(st.lists(DOCUMENT, max_size=8), st.lists(QUERIES, min_size=4, max_size=8))
def test_queries(shared: Catalog, documents: list[Any], queries: list[Any]) -> None:
    dataset, held = store(shared, documents)
    for query in queries:
        page = shared.queries.search(dataset.id, parse_simple_query(query))
        found = [msgspec.json.decode(document)["URI"] for document in page.documents]
        expected = sorted(document["URI"] for document in held if reference.matches(document, query))
        assert found == expected, query
        assert page.total_hits == len(expected)


@RANDOM
@given(st.lists(DOCUMENT, min_size=2, max_size=12), SORTS, st.integers(1, 4), QUERIES)
def test_orders_and_pages(
    shared: Catalog, documents: list[Any], sort: list[tuple[str, bool]], size: int, query: Any
) -> None:
    dataset, held = store(shared, documents)
    fields = parse_sort(
        ",".join(name for name, _ in sort), ",".join("desc" if down else "asc" for _, down in sort)
    )
    for tree in (None, query):
        wanted = held if tree is None else [entry for entry in held if reference.matches(entry, tree)]
        found, token, seen = [], "", set()
        while True:
            parsed = None if tree is None else parse_simple_query(tree)
            page = shared.queries.search(dataset.id, parsed, sort=fields, limit=size, token=token)
            assert page.total_hits == len(wanted)
            assert len(page.documents) <= size
            found += [msgspec.json.decode(document)["URI"] for document in page.documents]
            token = page.next_token
            assert token not in seen
            seen.add(token)
            if not token:
                break
        assert found == [document["URI"] for document in reference.ordered(wanted, sort)]


@settings(RANDOM, max_examples=15)
@given(st.lists(DOCUMENT, max_size=8), st.one_of(st.none(), QUERIES), st.integers(1, 4))
def test_aggregations(shared: Catalog, documents: list[Any], query: Any, limit: int) -> None:
    dataset, held = store(shared, documents)
    wanted = [document for document in held if query is None or reference.matches(document, query)]
    parsed = None if query is None else parse_simple_query(query)
    asked = [(field, operation) for field in AGGREGATED for operation in ("count", "distinct", "group")]
    asked += [
        (field, operation)
        for field in (*INTEGER_FIELDS, *FLOAT_FIELDS, *TAG_NUMBERS)
        for operation in ("min", "max", "sum", "average")
    ]
    for batch in (asked[start : start + 20] for start in range(0, len(asked), 20)):
        results = shared.queries.aggregate(dataset.id, parsed, parse_aggregations(batch), groups=limit)
        for (field, operation), result in zip(batch, results, strict=True):
            expected = reference.aggregate(wanted, field, operation, limit)
            assert (result.field, result.operation) == (field, operation)
            if operation == "group":
                assert isinstance(expected, list)
                shown = [
                    (format_time(value) if field in reference.TIMES else str(value), count)
                    for value, count in expected
                ]
                assert [(group.value, group.count) for group in result.groups or ()] == shown
                assert result.value is None
            else:
                assert result.groups is None
                same = expected if expected is None else pytest.approx(expected, rel=1e-12)
                assert result.value == same, (field, operation)
