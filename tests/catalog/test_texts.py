"""FuzzyQuery over documents' texts finds what a plain search through the folded texts finds."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.own_threads import replace_here

from bindery.catalog.catalog import Catalog
from bindery.catalog.index import fuzzy, text_conditions, texts, tokens
from bindery.catalog.index.dataset_index import DatasetIndex
from bindery.catalog.index.texts import Candidates, TextIndex
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.query.parse import parse_sort
from bindery.catalog.records import Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog

from . import reference
from .samples import Place, write_of

PIECES = ["the", "other", "The Other", "oth", "ER", "machine-learning", "machine", " ", "  ", "\n", ", ", ".", "_",
          "杭州", "杭", "州西湖", "Straße", "STRASSE", "a", "b", "ab", "0", "2024", "x" * 70, "ab" * 100, "é",
          "a1b2", "1b", "x9" * 40,
          "e\u0301", "😀", "ΟΔΟΣ", "ος", "한국", "カメラ", '"', "*", "\0", "\ue000the", "İ", "ﬁ"]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Texts, and pieces of them and others."""
    held = draw(st.lists(TEXT, min_size=1, max_size=6))
    wanted = [draw(TEXT)]
    for text in held:
        start = draw(st.integers(0, len(text) - 1))
        wanted.append(text[start : start + draw(st.integers(1, 80))])
    return held, [text for text in wanted if text.strip()]


def matching(held: list[str], wanted: str) -> list[int]:
    return [place for place, text in enumerate(held) if reference.folded(wanted) in reference.folded(text)]


numbers = itertools.count()
RANDOM = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("texts")


def hold(index: TextIndex, held: list[str]) -> list[int]:
    """Their numbers, their words taken."""
    places = [place or 0 for place in index.add(held)]
    index.hold(zip(places, held, strict=True))
    assert index.waiting(1) == []
    return places


def check(index: TextIndex, held: list[str], wanted: str) -> Candidates:
    """Nothing that holds it is missing; nothing that is said to hold it does not."""
    found = index.candidates(reference.folded(wanted), Bounds(60))
    places = index.add(held)
    true = {places[place] for place in matching(held, wanted)}
    assert set(found.sure) <= true <= {*found.sure, *found.doubtful}, wanted
    return found


@RANDOM
@given(questions())
@example((["x" * 70 + "y" + "z" * 70], ["xyz", "x" * 40 + "yz", "y"]))
@example((["one two three"], ["ne two th", "two", "ne tw", "e t", "e tw", "ne t", " two t", "e two "]))
@example((["a b c", "ab bc d"], ["a b", "a b c", "b c", " b ", "b bc", " bc d", "c d"]))
@example((["e\u0301te\u0301"], ["é", "été"]))
@example(
    (
        ["the a1b2c3 2024-1-17 x", "cafe12", "cafe"],
        ["a1b2", "1b2c", "b2c3 2", "24-1-1", "-1-", "cafe", " x"],
    )
)
@example((["7 8", "12" * 90, "9abc", "½x ⅷ"], ["7", "7 8", "21" * 70, "12" * 90, "abc", "9abc", "½x", "ⅷ"]))
def test_candidates(folder: Path, asked: tuple[list[str], list[str]]) -> None:
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    hold(index, asked[0])
    for wanted in asked[1]:
        check(index, *asked[:1], wanted)
    index.close()


@pytest.mark.parametrize("text", ["the", "e", "th", "杭", "杭州", "lear", "2024"])
def test_words_and_their_parts_need_no_reading(folder: Path, text: str) -> None:
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    held = ["the other machine learning", "杭州西湖 2024", "nothing"]
    hold(index, held)
    assert list(check(index, held, text).doubtful) == []
    index.close()


def test_a_text_is_held_once(folder: Path) -> None:
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    assert index.add(["one", None, "two", "one", ""]) == [1, None, 2, 1, None]
    assert index.add(["two", "three"]) == [2, 3]
    index.close()


def test_texts_of_too_many_words_are_always_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_WORDS", 5)
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    held = ["a b c d e f g", "a b"]
    hold(index, held)
    found = check(index, held, "b")
    assert (list(found.sure), list(found.doubtful)) == ([2], [1])
    check(index, held, "b c")
    index.close()


def test_the_memory_that_connections_share_has_no_name(folder: Path) -> None:
    """Whoever shortened that file would end the process, not the index."""
    path = folder / f"{next(numbers)}.texts"
    index = TextIndex(path, new=True)
    hold(index, ["one two"])
    assert not path.with_name(f"{path.name}-shm").exists()
    begun, ended = threading.Event(), threading.Event()

    def ask() -> None:
        with index._reading():
            begun.set()
            ended.wait(30)

    thread = threading.Thread(target=ask)
    thread.start()
    begun.wait(30)
    held = ["one two", "three"]
    hold(index, held)  # by another connection, which sees the first reading
    assert list(check(index, held, "three").sure) == [2]
    ended.set()
    thread.join()
    index.close()
    index = TextIndex(path, new=False)
    assert list(check(index, held, "three").sure) == [2]
    index.close()


def test_numbers_are_held_by_their_pieces(folder: Path) -> None:
    """Identifiers, times and hashes are without end: were they words, they would fill the file."""
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    chance = random.Random(2)
    held = [f"request {chance.getrandbits(64):016x} took {n + 100} us of station{n}" for n in range(200)]
    hold(index, held)
    words = index._writer.execute("SELECT word FROM word ORDER BY word").fetchall()
    assert [word for (word,) in words] == ["of", "request", "took", "us"]
    whole = held[150].split(" ")[1]
    pieces = check(index, held, whole[3:12])
    assert list(check(index, held, whole).doubtful) == list(pieces.doubtful) == [151]
    for wanted, place in (("250 us", 151), ("k 117 u", 18), ("station199", 200)):
        assert list(check(index, held, wanted).doubtful) == [place]
    assert list(check(index, held, whole[5:9]).sure) == [151]
    assert len(check(index, held, "took").sure) == 200
    found = check(index, held, "station")
    assert (list(found.sure), len(found.doubtful)) == ([], 200)
    index.close()


def test_texts_of_too_many_numbers_are_read_for_each(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_QUADS", 100)
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    held = [" ".join(str(n) for n in range(1_000, 3_000)) + " some words", "1234 words", "no number"]
    hold(index, held)
    found = check(index, held, "1234")
    assert (list(found.sure), list(found.doubtful)) == ([2], [1])
    assert list(check(index, held, "2999 s").doubtful) == [1]
    found = check(index, held, "words")
    assert (list(found.sure), list(found.doubtful)) == ([1, 2], [])
    index.close()


def test_pieces_of_too_many_words_are_looked_for_by_their_parts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_conditions, "MOST_EXPANSIONS", 2)
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    held = ["nation", "station", "ration of it", "tin"]
    hold(index, held)
    found = check(index, held, "tion")
    assert (list(found.sure), list(found.doubtful)) == ([], [1, 2, 3])
    index.close()


def test_a_text_of_two_million_characters_costs_little_room(folder: Path) -> None:
    chance = random.Random(1)
    letters = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=2_000_000))
    path = folder / f"{next(numbers)}.texts"
    index = TextIndex(path, new=True)
    hold(
        index,
        [letters, " ".join(letters[at : at + 7] for at in range(0, 2_000_000, 7)), "杭州西湖" * 500_000],
    )
    index.close()
    assert path.stat().st_size < 1_000_000


def test_phrases_are_told_from_texts_that_have_their_words(folder: Path) -> None:
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    held = ["the north south line", "north of the south", "south, north", "north 杭 south"]
    hold(index, held)
    for wanted in ("north south", "orth sou", "h so", "th south", "the north south l"):
        assert check(index, held, wanted).doubtful[0] == 1
        assert set(check(index, held, wanted).doubtful) <= {1, 4}
    assert set(check(index, held, "h s").doubtful) == {1, 2, 3, 4}
    index.close()


def test_books_hold_no_meetings_and_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_MEETINGS", 3)
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    monkeypatch.setattr(tokens, "_STRIDE", 2)
    held = ["one two three four five six", "one two three", "one two"]
    hold(index, held)
    assert set(check(index, held, "one two").doubtful) == {1, 2, 3}
    assert set(check(index, held, "wo thr").doubtful) == {1, 2}
    assert list(check(index, held, "one three").doubtful) == [1]
    index.close()


def test_texts_that_wait_are_read(folder: Path) -> None:
    path = folder / f"{next(numbers)}.texts"
    index = TextIndex(path, new=True)
    held = ["one two", "three"]
    index.add(held)
    found = check(index, held, "one")
    assert (list(found.sure), list(found.doubtful), found.waiting) == ([], [1, 2], 2)
    assert index.hold([(1, "another by now"), (2, "three")]) == 1
    index.close()
    index = TextIndex(path, new=False)
    assert index.waiting(1_000) == [1]
    found = check(index, held, "three")
    assert (list(found.sure), list(found.doubtful)) == ([2], [1])
    index.close()


def test_a_part_that_is_mostly_given_up_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_MOST_IN_PART", 4)
    monkeypatch.setattr(texts, "_FEW_RELEASED", 0)
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    held = [f"the text {number} of them" for number in range(10)]
    for start in (0, 4, 8):
        hold(index, held[start : start + 4])
    assert index.given_up() is None
    index.release([1, 2])
    assert index.given_up() is None
    index.release([4])
    assert index.given_up() == (1, [1, 2, 3, 4])
    index.tidy(1, [1, 2, 4])
    assert (index.given_up(), index.waiting(1_000)) == (None, [3])
    assert set(check(index, held[4:], "text").sure) == set(range(5, 11))
    hold(index, held[2:3])
    index.forget(index.add(["in vain"]))  # type: ignore[arg-type]
    assert len(index.candidates(" ", Bounds(60)).doubtful) == 7
    assert (index.add(["another"])[0] or 0) > 11
    index.close()


def test_a_part_of_which_little_is_given_up_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files were written again with the text they had."""
    monkeypatch.setattr(texts, "_FEW_RELEASED", 0)
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    held = [f"text {number}" for number in range(8)]
    index.release(hold(index, held))
    assert index.given_up() == (1, list(range(1, 9)))
    index.tidy(1, [8])
    assert (index.given_up(), index.waiting(1_000)) == (None, [])
    index.close()


def test_who_writes_does_not_wait_for_texts_that_are_taken(folder: Path) -> None:
    index = TextIndex(folder / f"{next(numbers)}.texts", new=True)
    held = [f"{number} words of a text" for number in range(300)]
    places = [place or 0 for place in index.add(held)]
    thread = threading.Thread(target=lambda: index.hold(zip(places, held, strict=True)))
    thread.start()
    for number in range(20):
        index.add([f"new {number}"])
    thread.join()
    assert len(index.waiting(1_000_000)) == 20
    assert len(check(index, held, "words of").doubtful) == 320
    index.close()


# through the catalog


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    catalog = SqliteCatalog(tmp_path_factory.mktemp("catalog"), account_id="10001")
    catalog.projects.create(Project(name="p"))
    yield catalog
    catalog.close()


def store(catalog: Catalog, held: list[str]) -> Dataset:
    dataset = catalog.datasets.create(Dataset(project_id=0, project_name="p", name=f"d{next(numbers)}"))
    writes = [replace(write_of(f"%{place:03d}", bucket="%"), text=text) for place, text in enumerate(held)]
    catalog.files.write(dataset.id, writes)
    return dataset


def pages(
    catalog: Catalog, dataset: Dataset, wanted: str, limit: int, sort: str = ""
) -> tuple[list[int], int]:
    """All matches over all pages, and the total of the first."""
    found: list[int] = []
    token, total = "", None
    while True:
        page = catalog.queries.fuzzy_search(
            dataset.id, wanted, sort=parse_sort(sort, "asc" if sort else None), limit=limit, token=token
        )
        total = page.total_hits if total is None else total
        uris = [msgspec.json.decode(document)["URI"] for document in page.documents]
        assert len(uris) <= limit
        found += [int(uri[-3:]) for uri in uris]
        token = page.next_token
        if not token:
            return found, total or 0


@settings(RANDOM, max_examples=25)
@given(questions(), st.integers(1, 3))
def test_fuzzy_search(shared: Catalog, asked: tuple[list[str], list[str]], limit: int) -> None:
    held, wanted = asked
    dataset = store(shared, held)
    for text in map(str.strip, wanted):
        if reference.folded(text) in "oss://%/%0123456789.indexed":
            continue  # in every URI
        expected = matching(held, text)
        assert pages(shared, dataset, text, limit) == (expected, len(expected)), text


def test_more_than_can_be_read_for_one_answer(shared: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages may be short then, but lead to everything; the total is told by a sample."""
    monkeypatch.setattr(fuzzy, "MOST_READ", 20)
    monkeypatch.setattr(fuzzy, "_SAMPLE", 10)
    held = [f"{'north south' if place % 4 else 'north of the south'} {place}" for place in range(100)]
    dataset = store(shared, held)
    expected = [place for place in range(100) if place % 4]
    for sort in ("", "Filename"):
        found, total = pages(shared, dataset, "north south", 7, sort)
        assert found == expected
        assert 60 <= total <= 90


@pytest.mark.parametrize(("affordable", "most", "exact"), [(50, 52, False), (200, 100, True)])
def test_what_is_read_for_one_answer_is_bounded(
    shared: Catalog, monkeypatch: pytest.MonkeyPatch, affordable: int, most: int, exact: bool
) -> None:
    """The sample and the page together, and no text twice."""
    read: list[str] = []
    look_into = fuzzy.FuzzySearch._look_into

    def counted(search: fuzzy.FuzzySearch, uri: str) -> bool:
        read.append(uri)
        return look_into(search, uri)

    monkeypatch.setattr(fuzzy.FuzzySearch, "_look_into", counted)
    monkeypatch.setattr(fuzzy, "_SAMPLE", 10)
    replace_here(monkeypatch, DatasetIndex, "hold_texts", lambda _: False)
    monkeypatch.setattr(fuzzy, "_COST_WHILE_WAITING", affordable * fuzzy._COST_OF_DOCUMENT)
    held = [f"{'north south é' if place % 2 else 'north of the south'} {place}" for place in range(100)]
    dataset = store(shared, held)
    page = shared.queries.fuzzy_search(dataset.id, "north south", limit=100)
    assert len(read) == len(set(read)) <= most
    assert (page.total_hits == 50) or not exact
    assert (page.next_token == "") is exact


def test_a_changed_text_is_found_and_the_earlier_no_more(catalog: Catalog, place: Place) -> None:
    for word, other in (("first", "second"), ("second", "first")):
        catalog.files.write(place.dataset.id, [replace(write_of("k"), text=f"the {word} one")])
        assert catalog.queries.fuzzy_search(place.dataset.id, f"{word} one").total_hits == 1
        assert catalog.queries.fuzzy_search(place.dataset.id, other).total_hits == 0
    catalog.files.delete(place.dataset.id, ["oss://bucket/k"])
    assert catalog.queries.fuzzy_search(place.dataset.id, "one").total_hits == 0


def wait_for_texts(catalog: Catalog, dataset: Dataset) -> None:
    assert isinstance(catalog, SqliteCatalog)
    deadline = time.monotonic() + 60
    catalog.queries.search(dataset.id, None)
    while catalog.queries.texts_waiting(dataset.id):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_texts_are_found_before_they_are_held_and_behind(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as slow:
        replace_here(slow, DatasetIndex, "hold_texts", lambda _: False)
        writes = [replace(write_of(f"k{n}"), text=f"number {n} of many 杭州西湖") for n in range(40)]
        catalog.files.write(place.dataset.id, writes)
        for wanted, total in (
            ("NUMBER 7 of", 1),
            ("of many", 40),
            ("umber", 40),
            ("州西", 40),
            ("none", 0),
        ):
            assert catalog.queries.fuzzy_search(place.dataset.id, wanted).total_hits == total
        assert isinstance(catalog, SqliteCatalog)
        assert catalog.queries.texts_waiting(place.dataset.id) == 40
    catalog.files.write(place.dataset.id, [replace(write_of("k0"), text="another")])
    wait_for_texts(catalog, place.dataset)
    for wanted, total in (("NUMBER 7 of", 1), ("of many", 39), ("umber", 39), ("州西", 39), ("none", 0)):
        assert catalog.queries.fuzzy_search(place.dataset.id, wanted).total_hits == total


def test_many_large_texts_are_answered_while_they_wait(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_here(monkeypatch, DatasetIndex, "hold_texts", lambda _: False)
    filling = "some words of a text " * 50_000
    for start in range(0, 40, 10):
        writes = [
            replace(write_of(f"k{n:02d}"), text=f"{filling} number {n:02d}")
            for n in range(start, start + 10)
        ]
        catalog.files.write(place.dataset.id, writes)
    page = catalog.queries.fuzzy_search(place.dataset.id, "number 39")
    assert [msgspec.json.decode(document)["URI"] for document in page.documents] == ["oss://bucket/k39"]
    assert (page.total_hits, page.next_token) == (1, "")


def test_texts_of_changed_and_removed_files_go(
    catalog: Catalog, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_FEW_RELEASED", 0)
    dataset, keys = place.dataset.id, [f"k{n}" for n in range(12)]
    for turn in ("first", "second"):
        writes = [replace(write_of(key), text=f"{key} the {turn} text") for key in keys]
        catalog.files.write(dataset, writes)
        wait_for_texts(catalog, place.dataset)
    catalog.files.delete(dataset, [f"oss://bucket/{key}" for key in keys[2:]])
    catalog.files.write(dataset, [replace(write_of("copy"), text="k1 the second text")])
    deadline = time.monotonic() + 60
    while known_texts(catalog, place.dataset) > 2:
        assert time.monotonic() < deadline
        catalog.files.write(
            dataset, [write_of("other")]
        )  # what is left of a part is looked through with a change
        wait_for_texts(catalog, place.dataset)
    for wanted, total in (("first", 0), ("the second text", 3), ("k1 the", 2), ("k7", 0)):
        assert catalog.queries.fuzzy_search(dataset, wanted).total_hits == total


def known_texts(catalog: Catalog, dataset: Dataset) -> int:
    assert isinstance(catalog, SqliteCatalog)
    files = catalog.queries._of(dataset.id)._files
    assert files is not None
    return len(files.texts.candidates(" ", Bounds(60)).doubtful)


def test_labels_do_not_index_the_text_again(catalog: Catalog, place: Place) -> None:
    assert isinstance(catalog, SqliteCatalog)
    catalog.files.write(place.dataset.id, [replace(write_of("k"), text="some text")])
    catalog.files.set_fields(place.dataset.id, "oss://bucket/k", b'{"CustomLabels":{"a":"b"}}')
    assert catalog.queries.fuzzy_search(place.dataset.id, "me te").total_hits == 1
    files = catalog.queries._of(place.dataset.id)._files
    assert files is not None
    assert files.texts.newest == 1
