"""A catalog that is killed at any moment loses nothing it has confirmed, and its index follows again."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bindery.catalog.catalog import Catalog
from bindery.catalog.query.parse import parse_aggregations, parse_simple_query
from bindery.catalog.sqlite_catalog import SqliteCatalog

from .conftest import OpenCatalog
from .samples import Place, make_place, uris

KILLS = 8
WRITER = Path(__file__).with_name("crash_writer.py")


def run_until_killed(data: Path, seed: int) -> int:
    """The number of the last step that the writer confirmed before it was killed."""
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(data), str(seed)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(random.Random(seed).uniform(0.05, 0.8))
    process.kill()
    steps = process.stdout.read().split("\n")[:-1]
    process.wait()
    process.stdout.close()
    return int(steps[-1]) if steps else -1


def check_books(catalog: Catalog, place: Place) -> None:
    """Counts equal a recount, and the index equals the record."""
    found = uris(catalog, place.dataset)
    held = [msgspec.json.decode(r.document) for r in catalog.files.get(place.dataset.id, found)]
    counted = catalog.datasets.statistics("place", "place")
    assert counted.file_count == len(found) == len(held)
    assert counted.total_file_size == sum(document["Size"] for document in held)
    assert isinstance(catalog, SqliteCatalog)
    rows = catalog._database.reader.execute(
        "SELECT uri, document FROM file WHERE document IS NOT NULL"
    ).fetchall()
    assert sorted(uri for uri, _ in rows) == found
    (total,) = catalog.queries.aggregate(place.dataset.id, None, parse_aggregations([("Size", "sum")]))
    assert total.value == counted.total_file_size
    ledger = {entry.key: entry for page in catalog.ledger.walk(place.binding.id) for entry in page}
    live = {f"oss://bucket/{key}" for key, entry in ledger.items() if entry.outcome.value == "Indexed"}
    assert live == set(found)


@pytest.mark.slow
def test_killed_at_random(open_catalog: OpenCatalog, tmp_path: Path) -> None:
    data = tmp_path / "data"
    catalog = open_catalog()
    place = make_place(catalog)
    catalog.close()
    for seed in range(KILLS):
        last = run_until_killed(data, seed)
        catalog = open_catalog()
        binding = catalog.bindings.get("place", "place", "bucket")
        # the step that was under way is there as a whole or not at all
        assert binding.progress.listed in (last, last + 1) or last == -1
        marks = _sizes_by_step(catalog, place, seed)
        assert all(count == 20 for step, count in marks.items() if step == binding.progress.listed), marks
        check_books(catalog, place)
        catalog.close()


def _sizes_by_step(catalog: Catalog, place: Place, seed: int) -> dict[int, int]:
    binding = catalog.bindings.get("place", "place", "bucket")
    mark = f"{seed}:{binding.progress.listed}"
    query = parse_simple_query({"Field": "Title", "Operation": "eq", "Value": mark})
    return {binding.progress.listed: catalog.queries.search(place.dataset.id, query).total_hits or 0}


def _remove(data: Path, pattern: str) -> None:
    for path in (data / "index").glob(pattern):
        path.unlink()


MOMENTS: dict[str, Callable[[Path], None]] = {
    "log of the index kept": lambda data: None,
    "index gone": lambda data: shutil.rmtree(data / "index"),
    "index without its log": lambda data: _remove(data, "*.wal"),
    "texts gone": lambda data: _remove(data, "*.texts"),
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_more(open_catalog: OpenCatalog, tmp_path: Path, moment: str) -> None:
    data = tmp_path / "data"
    catalog = open_catalog()
    place = make_place(catalog)
    catalog.close()
    run_until_killed(data, 100)
    MOMENTS[moment](data)
    check_books(open_catalog(), place)
