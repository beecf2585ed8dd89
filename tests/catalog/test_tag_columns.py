"""Raw tags as columns: files with the same tags are done by their shape, others tag by tag, with the same result."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bindery.catalog.index import tag_columns
from bindery.catalog.index.tag_columns import TagProjection, TagRows

_EXIF = (
    "Make",
    "Model",
    "FNumber",
    "ExposureTime",
    "Flash",
    "LensModel",
    "Copyright",
    "50%s",
    "ISOSpeedRatings",
)
_TAGS = ("Keywords", "Rating", "Genre", "TrackNumber", "crs:Sharpness", "dc:relation", "Headline", "100%")
_VALUES = st.sampled_from(
    [
        "",
        "Canon",
        "28/10",
        "1/0",
        "3/12",
        " 7 ",
        "1e999",
        "%s",
        "a\x1eb",
        "Öl",
        "佳能 相机",
        "9" * 101,
        "A" * 300,
    ]
)
_FILES = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(_EXIF), st.none() | _VALUES),
        st.dictionaries(st.sampled_from(_TAGS), st.lists(_VALUES, max_size=3)),
    ),
    min_size=1,
    max_size=8,
)


def _rows(files: list[tuple[dict[str, str | None], dict[str, list[str]]]]) -> TagRows:
    exif = [
        msgspec.json.encode({name: {"value": value} for name, value in held.items()}).decode()
        for held, _ in files
    ]
    return TagProjection().rows(exif, [tags for _, tags in files])


@settings(max_examples=200)
@given(_FILES)
def test_shapes_and_single_tags_make_the_same_columns(
    files: list[tuple[dict[str, str | None], dict[str, list[str]]]],
) -> None:
    by_shape, longest = _rows(files), tag_columns._LONGEST_SHAPE
    try:
        tag_columns._LONGEST_SHAPE = -1
        one_by_one = _rows(files)
    finally:
        tag_columns._LONGEST_SHAPE = longest
    assert by_shape.columns == one_by_one.columns
    assert by_shape.names == one_by_one.names


def test_columns_of_a_photo() -> None:
    exif = {"Make": "Canon", "FNumber": "28/10", "Flash": "16", "LensSerialNumber": "0001234"}
    columns = _rows([(dict(exif), {"Keywords": ["Sea", "Sun"]})]).columns
    own = {name: values for name, values in columns.items() if not name.startswith("Tags ")}
    assert own == {
        "EXIF": [4], "Tags": [1], "EXIF.Make": ["Canon"], "EXIF.FNumber": [2.8], "Tags.Keywords": [["Sea", "Sun"]],
        "Fuzzy tags": ["canon\x1e0001234\x1esea\x1esun"],
    }  # fmt: skip
    shared = "\x1e".join(values[0] for name, values in sorted(columns.items()) if name not in own)
    assert sorted(shared.split("\x1e")) == ['"EXIF.Flash"16', '"EXIF.LensSerialNumber"0001234']


def test_many_shapes_are_not_all_remembered() -> None:
    projection = TagProjection()
    for number in range(tag_columns._MOST_SHAPES + 5):
        projection.rows([None], [{f"dc:name{number}": ["x"]}])
    assert len(projection._shapes["Tags"]) <= tag_columns._MOST_SHAPES
