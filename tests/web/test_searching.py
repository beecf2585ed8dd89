"""What the query bar of the gallery asks for, and what it is refused."""

from __future__ import annotations

import pytest

from bindery.catalog.query.syntax import QueryError
from bindery.web.gallery.media import _headers, _range
from bindery.web.gallery.searching import read_search


def test_an_expression_is_a_simple_query() -> None:
    search = read_search("MediaType = image")
    assert search.action == "SimpleQuery"
    values = search.values("ProduceTime", "desc", 200, "")
    assert values["Query"] == {"Field": "MediaType", "Operation": "eq", "Value": "image"}
    assert (values["Sort"], values["Order"]) == ("ProduceTime,URI", "desc,asc")
    assert values["WithoutTotalHits"] is None
    assert search.counting["Query"] == values["Query"]
    assert {each["Operation"] for each in search.counting["Aggregations"]} == {"group"}


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
