"""Whatever is written, removed, opened again and built anew in which order: pages, totals and figures are those of a
dictionary in memory."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bindery.catalog.index import uri_zones
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query, parse_sort
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .samples import make_place, write_of
from .small_zones import make_zones_small

_ROOT = "oss://bucket/"
_STEMS = ["", "a/", "a-b", "a.txt", "a", "é", "e\u0301", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff",
          "\U0010ffff\U0010ffff", "x\x1dy", "'", "%", "杭/"]  # fmt: skip
_PREFIXES = [*(_ROOT + stem for stem in _STEMS), "o", "oss://bucket", "oss://c", "p"]
_FIGURES = parse_aggregations([("MediaType", "group"), ("Size", "sum")])
Fields = dict[str, Any]

keys = st.builds(lambda stem, number: f"{stem}{number}", st.sampled_from(_STEMS), st.integers(0, 30))
kinds = st.sampled_from(["image", "video", "audio"])
leaves = st.one_of(
    st.builds(lambda value: ("URI", "prefix", value), st.sampled_from(_PREFIXES)),
    st.builds(lambda key: ("URI", "eq", _ROOT + key), keys),
    st.builds(lambda kind: ("MediaType", "eq", kind), kinds),
    st.builds(lambda size: ("Size", "gte", str(size)), st.integers(0, 6)),
    st.just(("Album", "eq", "x")),  # of which nothing has a column
).map(lambda leaf: dict(zip(("Field", "Operation", "Value"), leaf, strict=True)))
queries = st.one_of(
    st.none(),
    leaves,
    st.builds(
        lambda operation, entries: {"Operation": operation, "SubQueries": entries},
        st.sampled_from(["and", "or"]),
        st.lists(leaves, min_size=1, max_size=3),
    ),
    st.builds(lambda entry: {"Operation": "not", "SubQueries": [entry]}, leaves),
)
orders = st.one_of(
    st.just(("", None)), st.sampled_from([("Size", "asc"), ("MediaType", "desc"), ("URI", "desc")])
)
asks = st.tuples(st.just("ask"), queries, orders, st.integers(5, 25))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.lists(keys, min_size=1, max_size=25), kinds, st.integers(0, 5)),
        st.tuples(st.just("delete"), st.lists(keys, min_size=1, max_size=15)),
        st.tuples(st.sampled_from(["open_again", "build_anew"])),
        asks,
        asks,
        asks,
    ),
    min_size=10,
    max_size=30,
)


class Compared:
    """A dataset, and what should be in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.catalog = SqliteCatalog(folder, account_id="1")
        self._dataset = make_place(self.catalog).dataset.id
        self._files: dict[str, Fields] = {}

    def fill(self, chance: random.Random, share_in_order: float) -> None:
        """So many files that a page is not in all of the zones; some of them in the order of their URIs."""
        held = sorted({f"{stem}{number}" for stem in _STEMS for number in range(31)})
        moved = chance.sample(held, round(len(held) * (1 - share_in_order)))
        order = [key for key in held if key not in moved] + moved
        for begin in range(0, len(order), 40):
            self.write(order[begin : begin + 40], chance.choice(["image", "video"]), chance.randrange(6))

    def write(self, written: list[str], kind: str, size: int) -> None:
        files = [write_of(key, media_type=kind, size=size) for key in written]
        self.catalog.files.write(self._dataset, files)
        self._files |= {_ROOT + key: {"MediaType": kind, "Size": size} for key in written}

    def delete(self, removed: list[str]) -> None:
        self.catalog.files.delete(self._dataset, [_ROOT + key for key in removed])
        for key in removed:
            self._files.pop(_ROOT + key, None)

    def open_again(self) -> None:
        self.catalog.close()
        self.catalog = SqliteCatalog(self._folder, account_id="1")

    def build_anew(self) -> None:
        self.catalog.queries.rebuild_dataset(self._dataset)

    def ask(self, query: Fields | None, order: tuple[str, str | None], limit: int) -> None:
        tree = None if query is None else parse_simple_query(query)
        held = {uri: fields for uri, fields in self._files.items() if _holds(uri, fields, query)}
        found: list[str] = []
        token: str | None = ""
        while token is not None:
            page = self.catalog.queries.search(
                self._dataset, tree, sort=parse_sort(*order), limit=limit, token=token
            )
            assert page.total_hits == len(held)
            assert len(page.documents) <= limit
            found += [msgspec.json.decode(document)["URI"] for document in page.documents]
            token = page.next_token or None
        assert found == _ordered(held, *order)
        groups, size = self.catalog.queries.aggregate(self._dataset, tree, _FIGURES)
        counted = Counter(fields["MediaType"] for fields in held.values())
        assert {group.value: group.count for group in groups.groups or ()} == counted
        assert size.value == sum(fields["Size"] for fields in held.values())


def _holds(uri: str, fields: Fields, query: Fields | None) -> bool:
    if query is None:
        return True
    if "SubQueries" in query:
        each = [_holds(uri, fields, entry) for entry in query["SubQueries"]]
        return {"and": all(each), "or": any(each), "not": not any(each)}[query["Operation"]]
    value = {"URI": uri, **fields}.get(query["Field"])
    if value is None:
        return False
    if query["Operation"] == "prefix":
        return str(value).startswith(query["Value"])
    return bool(value == query["Value"] if query["Operation"] == "eq" else value >= int(query["Value"]))


def _ordered(files: dict[str, Fields], sort: str, direction: str | None) -> list[str]:
    uris = sorted(files)  # by code points, which is by UTF-8 bytes
    if sort:
        uris.sort(key=lambda uri: {"URI": uri, **files[uri]}[sort], reverse=direction == "desc")
    return uris


@pytest.fixture
def _small_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    make_zones_small(monkeypatch, shift=4, batch=8, first_rows=20, large=200)
    monkeypatch.setattr(uri_zones, "_MOST_RANGES", 4)


@pytest.mark.usefixtures("_small_zones")
@settings(deadline=None, max_examples=6, suppress_health_check=list(HealthCheck))
@given(
    steps=steps, chance=st.randoms(use_true_random=False), share_in_order=st.sampled_from([0.0, 0.8, 1.0])
)
def test_answers_are_those_of_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[Any, ...]],
    chance: random.Random,
    share_in_order: float,
) -> None:
    compared = Compared(tmp_path_factory.mktemp("catalog"))
    try:
        compared.fill(chance, share_in_order)
        for name, *given_ in steps:
            getattr(compared, name)(*given_)
        compared.ask(None, ("", None), 4)
    finally:
        compared.catalog.close()
