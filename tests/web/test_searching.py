"""What the query bar of the gallery asks for, and what it is refused."""

from __future__ import annotations

import pytest

from bindery.catalog.query.syntax import QueryError
from bindery.web.gallery.completion import complete, has_known_values, tag_options
from bindery.web.gallery.media import _headers, _range
from bindery.web.gallery.searching import expression_of, problem_of, read_search


def test_an_expression_is_a_simple_query() -> None:
    search = read_search("MediaType = image")
    assert search.action == "SimpleQuery"
    values = search.values("ProduceTime", "desc", 200, "")
    assert values["Query"] == {"Field": "MediaType", "Operation": "eq", "Value": "image"}
    assert (values["Sort"], values["Order"]) == ("ProduceTime,URI", "desc,asc")
    assert values["WithoutTotalHits"] is None
    assert [part.text for part in search.parts] == ["MediaType = image"]


def test_later_pages_count_nothing() -> None:
    values = read_search("").values("Size", "asc", 200, "token")
    assert values["WithoutTotalHits"] is True
    assert values["Query"] is None


@pytest.mark.parametrize("words", ["beach", "summer  beach", "MediaType", '"quoted words"', "c'est la vie"])
def test_plain_words_are_a_fuzzy_query(words: str) -> None:
    search = read_search(words)
    assert search.action == "FuzzyQuery"
    assert search.words == " ".join(words.split())


@pytest.mark.parametrize("text", ["Size >", "NoSuchField = 1", "(MediaType = image", "Size = = 1"])
def test_mistakes_are_told(text: str) -> None:
    with pytest.raises(QueryError):
        read_search(text)


@pytest.mark.parametrize(
    ("header", "size", "part"),
    [
        ("", 10, (0, 10)),
        ("bytes=0-", 10, (0, 10)),
        ("bytes=2-4", 10, (2, 5)),
        ("bytes=2-400", 10, (2, 10)),
        ("bytes=-3", 10, (7, 10)),
        ("bytes=-30", 10, (0, 10)),
        ("bytes=10-", 10, None),
        ("bytes=5-2", 10, None),
        ("bytes=-0", 10, None),
        ("bytes=0-1,3-4", 10, (0, 10)),
        ("lines=1-2", 10, (0, 10)),
        ("", 0, (0, 0)),
    ],
)
def test_ranges(header: str, size: int, part: tuple[int, int] | None) -> None:
    assert _range(header, size) == part


def test_only_what_is_played_is_shown() -> None:
    name = 'a"\r\nX: 1.html'
    page = _headers({"ContentType": "text/html", "Filename": name}, download=False)
    assert page["Content-Type"] == "application/octet-stream"
    assert page["Content-Disposition"] == "attachment; filename*=UTF-8''a%22%0D%0AX%3A%201.html"
    assert "sandbox" in page["Content-Security-Policy"]
    drawing = _headers({"ContentType": "image/svg+xml"}, download=False)
    assert drawing["Content-Disposition"].startswith("attachment")
    video = _headers({"ContentType": "video/mp4", "Filename": "v.mp4"}, download=False)
    assert video["Content-Type"] == "video/mp4"
    assert video["Content-Disposition"].startswith("inline")
    assert _headers({"ContentType": "video/mp4"}, download=True)["Content-Disposition"].startswith("attach")


def offered(text: str, at: int | None = None) -> list[str]:
    return [option.text for option in complete(text, len(text) if at is None else at).options]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", "MediaType "),
        ("med", "MediaType "),
        ("city", "Addresses.City "),
        ("not ob", "ObjectACL "),
        ("(file", "Filename "),
        ("Size = 1 and cust", "CustomLabels."),
        ("Labels[Lab", "LabelName "),
        ("exists(Lat", "LatLong "),
        ("Size ", "= "),
        ("Filename ", "= "),
        ("Size = 1 ", "and "),
        ("Size = 1 o", "or "),
        ("Size > ", "100KB "),
        ("Size > 1G", "1GB "),
    ],
)
def test_how_a_text_may_go_on(text: str, first: str) -> None:
    assert offered(text)[0] == first


def test_operators_fit_their_field() -> None:
    assert "~ " in offered("Filename ")
    assert "~ " not in offered("MediaType ")
    assert "^= " not in offered("Size ")
    assert offered("CustomLabels ") == []
    assert "^= " in offered("CustomLabels.place ")
    assert offered("Nothing ") == []


def test_what_is_typed_is_replaced_with_the_rest_of_its_word() -> None:
    found = complete("MediaTy = image and Size > 1", 5)
    assert (found.start, found.end) == (0, 7)
    found = complete('MediaType = "ima', 16)
    assert (found.start, found.typed, found.values_of) == (12, "ima", "MediaType")
    found = complete("MediaType = ", 12)
    assert (found.start, found.end, found.values_of) == (12, 12, "MediaType")


def test_raw_tags_are_asked_for_where_a_field_may_stand() -> None:
    assert [
        complete(text, len(text)).tags_with for text in ("lens", "Size = 1 and EXIF.Mo", "exists(key")
    ] == [
        "lens",
        "EXIF.Mo",
        "key",
    ]
    for text in ("", "E", "Labels[ke", "Size = ke", "MediaType "):
        assert complete(text, len(text)).tags_with == ""
    assert complete("EXIF.Model = ", 13).values_of == "EXIF.Model"
    assert offered("EXIF.Model ") == ["= ", "!= ", "~ ", "^= ", "> ", ">= ", "< ", "<= "]
    assert "EXIF." in offered("ex")


def test_raw_tags_that_begin_as_typed_come_first() -> None:
    names = ["EXIF.LensModel", "EXIF.ModelTransform", "Tags.xmp:my model", "Tags.Model", "EXIF.Make"]
    assert [option.text for option in tag_options(names, "model")] == [
        "EXIF.ModelTransform ",
        "Tags.Model ",
        "EXIF.LensModel ",
        '"Tags.xmp:my model" ',
    ]


@pytest.mark.parametrize("text", ["Size = = ", "near(1, ", "Title = x)", "[", "Size ! = "])
def test_nothing_goes_on_behind_a_mistake(text: str) -> None:
    found = complete(text, len(text))
    assert (found.options, found.values_of) == ((), "")


@pytest.mark.parametrize("text", ["Title = " + '"' * 3, "\ud800", "a" * 100_000, "(" * 10_000, "\0 \\"])
def test_completion_bears_anything(text: str) -> None:
    for at in (0, len(text) // 2, len(text), len(text) + 5):
        complete(text, at)


def test_values_that_tell_files_apart_are_not_listed() -> None:
    assert all(map(has_known_values, ("MediaType", "ContentType", "Labels.LabelName", "Addresses.City")))
    assert all(
        map(has_known_values, ("EXIF.Model", "EXIF.LensSerialNumber", "Tags.Genre", "CustomLabels.a"))
    )
    assert not any(
        map(
            has_known_values,
            ("EXIF.DateTimeOriginal", "EXIF.GPSLatitude", "EXIF.FNumber", "EXIF", "Tags.Isrc"),
        )
    )
    assert not any(map(has_known_values, ("URI", "Filename", "ETag", "Size", "CustomLabels", "Nothing")))


def test_json_is_an_expression() -> None:
    assert expression_of('{"Field": "Size", "Operation": "gt", "Value": "1000000"}') == "Size > 1MB"
    assert expression_of(" ") == expression_of("{}") == ""
    for wrong in ("{", "[]", '{"Operation": "gt"}', "\ud800"):
        with pytest.raises(QueryError):
            expression_of(wrong)


def test_a_problem_says_where_it_is() -> None:
    with pytest.raises(QueryError) as told:
        read_search("Size > 1 and Nothing = 2")
    problem = problem_of(told.value)
    assert (problem.column, problem.length, problem.unfinished) == (14, 7, False)
