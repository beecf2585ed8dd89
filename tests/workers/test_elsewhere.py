"""Long computations of the server in a worker process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bindery.catalog.index.changes import Change
from bindery.catalog.index.projecting import rows_elsewhere, rows_job
from bindery.catalog.index.projection import Insertion, Projection
from bindery.catalog.index.tokens import content_elsewhere, content_of
from bindery.catalog.query.folding import fold_text
from bindery.workers.elsewhere import Elsewhere
from bindery.workers.job import Job, Urgency
from bindery.workers.pool import WorkerLimits, WorkerPool

TEXT = "The quick brown fox, 12345; Straße und Ώρα, 中华人民共和国 \ud800 . " * 3_000


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    opened = WorkerPool(1, WorkerLimits(memory_bytes=256 * 1024 * 1024, jobs_per_worker=100), ["some_jobs"])
    yield opened
    opened.close()


def test_words_of_a_text_are_the_same_from_elsewhere(pool: WorkerPool) -> None:
    asked: list[tuple[str, bytes | None]] = []
    workers = Elsewhere(pool, "index")

    def elsewhere(function: str, body: bytes) -> bytes | None:
        asked.append((function, workers(function, body)))
        return asked[-1][1]

    found = content_elsewhere(TEXT, elsewhere)
    here = content_of(fold_text(TEXT))
    assert found is not None
    assert here is not None
    assert found.words == here.words
    assert sorted(found.tokens.split(" ")) == sorted(here.tokens.split(" "))
    assert [function for function, answer in asked if answer] == [
        "bindery.catalog.index.tokens:content_job"
    ]
    assert content_elsewhere("a short text", elsewhere) == content_of("a short text")
    assert len(asked) == 1


def test_rows_of_the_index_are_the_same_from_elsewhere(pool: WorkerPool) -> None:
    documents = [
        b'{"Title":"Stra\xc3\x9fe","Size":9223372036854775808,"EXIF":"{\\"Make\\":{\\"value\\":\\"\\u4f73\\"}}"}',
        b'{"Labels":[{"LabelName":"cat","LabelConfidence":0.5}],"Tags":{"dc:x":["a","b"]},"LatLong":"1,2"}',
        b"no JSON",
        None,
        b'{"Title":"\\ud800"}',
    ]
    changes = [
        Change(number, 1, f"oss://b/\u4f73 {number}", document, "a text")
        for number, document in enumerate(documents, start=1)
    ]
    texts = [7, None, 8, None, 9]
    answers: list[bytes | None] = []
    workers = Elsewhere(pool, "index")

    def elsewhere(function: str, body: bytes) -> bytes | None:
        answers.append(workers(function, body))
        return answers[-1]

    projection = Projection()
    rows = rows_elsewhere(projection, changes, texts, elsewhere)
    assert rows is not None
    assert answers[0] is not None
    assert rows == projection.rows(changes, texts)
    assert rows == rows_elsewhere(projection, changes, texts, lambda function, body: None)
    assert rows_elsewhere(projection, changes[3:4], texts[3:4], elsewhere) is None
    assert len(answers) == 1


def test_what_no_worker_does_is_done_here(pool: WorkerPool) -> None:
    workers = Elsewhere(pool, "index")
    assert workers("some_jobs:echo", b"body") == b"body"
    assert workers("some_jobs:absent", b"body") is None
    for answer in (None, b"nonsense", b"\xc1"):
        assert content_elsewhere(TEXT, lambda *_, answer=answer: answer) == content_of(fold_text(TEXT))
    pool.close()
    assert workers("some_jobs:echo", b"body") is None


def test_nobody_waits_for_workers_that_are_busy_for_long(pool: WorkerPool, tmp_path: Path) -> None:
    go_on, noted = tmp_path / "go on", tmp_path / "noted"
    noted.mkdir()
    with_time, without = Elsewhere(pool, "index"), Elsewhere(pool, "index", 0.1)
    scan = pool.submit(
        [Job("some_jobs:wait_for_file", str(go_on).encode())], urgency=Urgency.SCAN, owner="scan"
    )
    assert without("some_jobs:note", f"{noted}|late".encode()) is None
    assert content_elsewhere(TEXT, without) == content_of(fold_text(TEXT))
    go_on.touch()
    assert scan.take()[0].answer == str(go_on).encode()
    assert with_time("some_jobs:echo", b"body") == b"body"
    assert not list(noted.iterdir())  # what nobody waits for any more is not begun


@pytest.mark.parametrize(
    "forged",
    [
        lambda rows: replace(rows, expressions=("(SELECT 'stolen')", *rows.expressions[1:])),
        lambda rows: replace(rows, columns=('Title") SELECT 1; --', *rows.columns[1:])),
        lambda rows: replace(rows, parameters=rows.parameters[1:]),
        lambda rows: replace(rows, uris=("oss://b/other", *rows.uris[1:])),
        lambda rows: replace(rows, batch=rows.batch + 1),
        lambda rows: {"columns": 1},
        lambda rows: None,
    ],
    ids=["expression", "column", "parameters", "uri", "batch", "form", "nothing"],
)
def test_nothing_but_rows_is_taken_of_a_worker(forged: Callable[[Insertion], Any]) -> None:
    changes = [
        Change(number, 1, f"oss://b/{number}", document, None)
        for number, document in enumerate([b'{"Title":"a"}', b'{"Title":"b","Size":1}'], start=1)
    ]

    class Counting(Projection):
        calls = 0

        def rows(self, changes: Sequence[Change], texts: Sequence[int | None]) -> Insertion | None:
            self.calls += 1
            return super().rows(changes, texts)

    def forging(function: str, body: bytes) -> bytes:
        return msgspec.msgpack.encode(forged(msgspec.msgpack.decode(rows_job(body), type=Insertion)))

    projection = Counting()
    rows = rows_elsewhere(projection, changes, [None, None], lambda function, body: rows_job(body))
    assert projection.calls == 0
    assert rows_elsewhere(projection, changes, [None, None], forging) == rows
    assert projection.calls == 1
