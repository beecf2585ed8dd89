"""Raw tags in queries: what they hold, how many there may be, and which names a dataset is known to have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import batches
from bindery.catalog.query.expression import parse_expression
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query, parse_sort
from bindery.catalog.query.tags import number_text, read_tag_number
from bindery.catalog.records import Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import write_of

CAMERA = {
    "Make": "Canon",
    "Model": "Canon EOS R5",
    "LensModel": "RF50mm F1.2 L USM",
    "ISOSpeedRatings": "800",
    "FNumber": "28/10",
    "ExposureTime": "1/250",
    "ExposureBiasValue": "-1/3",
    "Artist": "Jürgen Groß",
    "MakerNote": "28378 bytes undefined data",
}
PHONE = {"Make": "Apple", "Model": "iPhone 15 Pro", "ISOSpeedRatings": "64", "FNumber": "1.78"}
UNREAD = {"xmpMM:DocumentID": ["xmp.did:0a1b2c3d4e5f"], "exif:Gamma": ["22/10"], "Barcode": ["0042280"]}
FILES: dict[str, dict[str, Any]] = {
    "camera.jpg": {
        "exif": CAMERA,
        "tags": {"Keywords": ["beach", "Strandurlaub", "杭州西湖"], "Rating": ["5"]},
    },
    "phone.heic": {"exif": PHONE, "tags": {"Keywords": ["beach"], "Rating": ["3"], "xmp:Odd": ["a", "b"], **UNREAD}},
    "song.mp3": {
        "tags": {"Genre": ["Jazz", "Bebop"], "TrackNumber": ["3/12"], "Isrc": ["USSM15900113"], "Year": ["1959-08-17"]}
    },
    "cut.jpg": {"extraction_notes": ("CutShort: the picture ends after 300 of 9,000 bytes", "TextCut: all")},
    "plain.txt": {},
}  # fmt: skip


def exif(tags: dict[str, str]) -> str:
    return json.dumps({name: {"value": value} for name, value in tags.items()})


def write(catalog: Catalog, dataset: Dataset, files: dict[str, dict[str, Any]]) -> None:
    writes = []
    for key, fields in files.items():
        held = dict(fields)
        if "exif" in held:
            held["exif"] = exif(held["exif"])
        writes.append(write_of(key, **held))
    catalog.files.write(dataset.id, writes)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    catalog = SqliteCatalog(tmp_path_factory.mktemp("catalog"), account_id="10001")
    catalog.projects.create(Project(name="p"))
    yield catalog
    catalog.close()


@pytest.fixture(scope="module")
def dataset(shared: Catalog) -> Dataset:
    dataset = shared.datasets.create(Dataset(project_id=0, project_name="p", name="tags"))
    write(shared, dataset, FILES)
    return dataset


@pytest.fixture
def ask(shared: Catalog, dataset: Dataset) -> Callable[..., str]:
    """The names of the files that match, parted by spaces."""

    def ask(expression: str, sort: str = "", order: str = "") -> str:
        page = shared.queries.search(dataset.id, parse_expression(expression), sort=parse_sort(sort, order))
        return names(page.documents)

    return ask


def names(documents: tuple[bytes, ...]) -> str:
    return " ".join(msgspec.json.decode(document)["Filename"] for document in documents)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("EXIF.Make = Canon", "camera.jpg"),
        ("EXIF.Make = canon", ""),
        ("EXIF.Model ^= Canon", "camera.jpg"),
        ("EXIF.LensModel ~ 'usm'", "camera.jpg"),
        ("EXIF.Model ~ 'eos r5' or EXIF.Model ~ '15 pro'", "camera.jpg phone.heic"),
        ("EXIF.ISOSpeedRatings > 64", "camera.jpg"),
        ("EXIF.ISOSpeedRatings = 64.0", "phone.heic"),
        ("EXIF.FNumber < 2.81 and EXIF.FNumber > 2.79", "camera.jpg"),
        ("EXIF.ExposureTime = 0.004", "camera.jpg"),
        ("EXIF.ExposureBiasValue < 0", "camera.jpg"),
        ("EXIF.ExposureBiasValue >= 0", ""),
        ("EXIF.Artist ~ 'JÜRGEN GROSS'", "camera.jpg"),
        ("EXIF.Artist ~ 'Ju\u0308rgen'", "camera.jpg"),
        ("EXIF.Artist ~ 'urgen'", ""),
        ("EXIF.MakerNote ^= 28378", "camera.jpg"),
        ("exists(EXIF)", "camera.jpg phone.heic"),
        ("not exists(EXIF) and not exists(Tags)", "cut.jpg plain.txt"),
        ("EXIF.Make != Canon", "cut.jpg phone.heic plain.txt song.mp3"),
        ("Tags.Keywords = beach", "camera.jpg phone.heic"),
        ("Tags.Keywords != Strandurlaub and exists(Tags.Keywords)", "phone.heic"),
        ("Tags.Keywords ~ '西湖'", "camera.jpg"),
        ("Tags.Rating >= 4", "camera.jpg"),
        ("Tags.xmp:Odd = b and Tags.xmp:Odd = a", "phone.heic"),
        ("'Tags.xmp:Odd' > a", "phone.heic"),
        ("Tags.xmp:Odd > b or Tags.xmp:odd = a", ""),
        ("Tags.Genre = Bebop", "song.mp3"),
        ("Tags.TrackNumber = 3", "song.mp3"),
        ("Tags.Year = 1959", "song.mp3"),
        ("Tags.Isrc ^= US", "song.mp3"),
        ("exists(Tags.Isrc)", "song.mp3"),
        ("'Tags.xmpMM:DocumentID' ^= xmp.did and Tags.exif:Gamma = 22/10", "phone.heic"),
        ("ExtractionNotes ^= CutShort", "cut.jpg"),
        ("ExtractionNotes = 'TextCut: all'", "cut.jpg"),
        ("exists(ExtractionNotes)", "cut.jpg"),
    ],
)
def test_conditions(ask: Callable[..., str], expression: str, expected: str) -> None:
    assert ask(expression) == expected


def test_orders(ask: Callable[..., str]) -> None:
    assert ask("exists(Tags)", "EXIF.ISOSpeedRatings", "asc") == "phone.heic camera.jpg song.mp3"
    assert ask("exists(Tags)", "Tags.Rating", "desc") == "camera.jpg phone.heic song.mp3"
    assert ask("exists(Tags)", "Tags.xmp:Odd,Tags.Isrc", "asc,asc") == "phone.heic song.mp3 camera.jpg"


def test_figures_and_groups(shared: Catalog, dataset: Dataset) -> None:
    asked = [
        ("Tags.Keywords", "group"), ("EXIF.Model", "group"), ("Tags.Rating", "average"), ("EXIF.FNumber", "group"),
        ("Tags.xmp:Odd", "group"), ("Tags.TrackNumber", "max"), ("Tags.Nothing", "count"),
        ("EXIF.ExposureBiasValue", "min"),
    ]  # fmt: skip
    results = shared.queries.aggregate(dataset.id, None, parse_aggregations(asked))
    groups = [[(group.value, group.count) for group in result.groups or ()] for result in results]
    assert groups[0] == [("beach", 2), ("Strandurlaub", 1), ("杭州西湖", 1)]
    assert groups[1] == [("Canon EOS R5", 1), ("iPhone 15 Pro", 1)]
    assert groups[3] == [("1.78", 1), ("2.8", 1)]
    assert groups[4] == [("a", 1), ("b", 1)]
    assert [results[place].value for place in (2, 5, 6)] == [4, 3, 0]
    assert results[7].value == pytest.approx(-1 / 3)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("eos r5", "camera.jpg"),
        ("JÜRGEN GROSS", "camera.jpg"),
        ("ju\u0308rgen groß", "camera.jpg"),
        ("urlaub", "camera.jpg"),
        ("西湖", "camera.jpg"),
        ("BEACH", "camera.jpg phone.heic"),
        ("bebop", "song.mp3"),
        ("ussm159", "song.mp3"),
        ("undefined data", ""),
        ("0a1b2c3d", ""),
        ("22/10", ""),
        ("004228", "phone.heic"),
        ("beach\x1estrand", ""),
    ],
)
def test_fuzzy_queries_look_at_tags(shared: Catalog, dataset: Dataset, wanted: str, expected: str) -> None:
    page = shared.queries.fuzzy_search(dataset.id, wanted)
    assert (names(page.documents), page.total_hits) == (expected, len(expected.split()))


def test_numbers() -> None:
    cases = {
        "800": (800, 800), " 28/10 ": (2.8, 28), "3/12": (0.25, 3), "1/0": (None, 1), "0/0": (None, 0),
        "100 200": (100, 100), "1959-08-17": (1959, 1959), "5,0": (5, 5), "-7": (-7, -7), ".5": (0.5, 0.5),
        "1e3": (1000, 1000), "1e999": (None, None), "": (None, None), "abc": (None, None), "12th": (None, None),
        "1.2.3": (None, None), "inf": (None, None), "٣": (None, None),
    }  # fmt: skip
    for text, expected in cases.items():
        assert (read_tag_number("EXIF.FNumber", text), read_tag_number("Tags.Rating", text)) == expected, (
            text
        )
    assert read_tag_number("EXIF.FNumber", "1" * 1_000_000) is None
    assert [number_text(value) for value in (5.0, 2.8, -0.0, 1e300)] == ["5", "2.8", "0", "1e+300"]


def test_no_value_falls_apart(shared: Catalog) -> None:
    dataset = shared.datasets.create(Dataset(project_id=0, project_name="p", name="parted"))
    value = 'one\x1e"EXIF.Flash"1\x1e"Tags.a"x'
    tags = {name: [value] for name in ("a", "b", "c", "d", "e", "f", "g", "h")}
    write(shared, dataset, {"a": {"exif": {"UserComment": value, "Model": value}, "tags": tags}})

    def hits(field: str, wanted: str) -> int | None:
        query = {"Field": field, "Operation": "eq", "Value": wanted}
        return shared.queries.search(dataset.id, parse_simple_query(query)).total_hits

    assert all(hits(name, value) == 1 for name in ("EXIF.UserComment", "EXIF.Model", "Tags.a", "Tags.h"))
    assert not any(hits(name, "x") for name in ("Tags.a", "Tags.b", "Tags.h"))
    assert hits("EXIF.Flash", "1") == 0


def test_names_that_a_dataset_has(shared: Catalog, dataset: Dataset) -> None:
    found = shared.queries.tag_names(dataset.id)
    assert found == tuple(sorted(found))
    assert {name.partition(".")[2] for name in found if name.startswith("EXIF.")} == {*CAMERA}
    assert shared.queries.tag_names(dataset.id, "MODEL") == ("EXIF.LensModel", "EXIF.Model")
    assert shared.queries.tag_names(dataset.id, "tags.", limit=2) == ("Tags.Barcode", "Tags.Genre")
    assert shared.queries.tag_names(dataset.id, "xmp:") == ("Tags.xmp:Odd",)
    empty = shared.datasets.create(Dataset(project_id=0, project_name="p", name="empty"))
    assert shared.queries.tag_names(empty.id) == ()


def test_an_entry_with_strange_tags_is_found_by_its_others(shared: Catalog) -> None:
    dataset = shared.datasets.create(Dataset(project_id=0, project_name="p", name="strange"))
    files = [
        write_of("no json", exif="{", title="one"),
        write_of("a list", exif="[]", title="one"),
        write_of("no texts", exif='{"Make":{"value":7},"Model":{},"Flash":null}', title="one"),
        write_of(
            "numbers", exif=exif({"ISOSpeedRatings": "many", "Flash": "x"}), tags={"Rating": ("best",)}
        ),
    ]
    shared.files.write(dataset.id, files)
    assert shared.queries.search(dataset.id, parse_expression("Title = one")).total_hits == 3
    assert shared.queries.search(dataset.id, parse_expression("exists(EXIF.Flash)")).total_hits == 0
    assert shared.queries.search(dataset.id, parse_expression("exists(Tags)")).total_hits == 1
    assert shared.queries.fuzzy_search(dataset.id, "best").total_hits == 0


def test_ten_thousand_names_of_one_file_widen_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_TAG_NAMES", 5_000)
    catalog = SqliteCatalog(tmp_path, account_id="10001")
    catalog.projects.create(Project(name="p"))
    dataset = catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    odd = {f"Odd{number:05d}": f"value {number}" for number in range(10_000)}
    write(catalog, dataset, {"odd.jpg": {"exif": odd}, "fine.jpg": {"exif": {"Odd00007": "value 7"}}})
    found = catalog.queries.search(dataset.id, parse_expression("EXIF.Odd00007 = 'value 7'"))
    assert names(found.documents) == "fine.jpg odd.jpg"
    found = catalog.queries.search(dataset.id, parse_expression("EXIF.Odd09999 ~ '9999'"))
    assert names(found.documents) == "odd.jpg"
    assert len(catalog.queries.tag_names(dataset.id, limit=9_999)) == 5_000
    catalog.close()
    again = SqliteCatalog(tmp_path, account_id="10001")
    write(again, dataset, {"more.jpg": {"exif": {"Odd00007": "value 7", "New": "1"}}})
    assert again.queries.search(dataset.id, parse_expression("EXIF.New = 1")).total_hits == 1
    assert len(again.queries.tag_names(dataset.id, limit=9_999)) == 5_000
    again.close()
