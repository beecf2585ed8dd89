"""Bytes of the record for each file, by table, beside the bytes of the same documents as JSON.

Budgets: 1.2 GB for a million photos with all of their EXIF, a quarter of what plain JSON takes; packing costs no more
than 10 % of a scan. Give a folder of real photos; entries are theirs again and again, with names, versions, sizes,
dates and places of their own, and other digits in a third of their EXIF values.
"""

from __future__ import annotations

import argparse
import random
import re
import sqlite3
import tempfile
import time
from pathlib import Path

import msgspec
from figures import Figure, tell

from bindery.buckets.registry import open_store, parse_store
from bindery.catalog.records import Binding, Dataset, FileWrite, LedgerEntry, Outcome, Project, ScanCommit
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.clock import now_ns
from bindery.extract.extract import extract
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits
from bindery.file import File

PAGE = 1_000
_PHOTOS = (".jpg", ".jpeg", ".heic")
_GOAL_BYTES = 1_200
_DIGITS = re.compile(r"(?<=\"value\":\")[0-9]+")


def main() -> None:
    """Fill a record, and print where its bytes are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder of real photos")
    parser.add_argument("--files", type=int, default=100_000)
    given = parser.parse_args()
    photos = read_photos(given.photos)
    print(f"{len(photos)} photos with EXIF, {given.files:,} entries")
    with tempfile.TemporaryDirectory() as folder:
        seconds, plain = fill(Path(folder), photos, given.files)
        print(f"written in {seconds:.1f} s of processor time, {seconds / given.files * 1e6:.0f} us a file")
        tell_sizes(Path(folder), given.files, plain)


def read_photos(folder: Path) -> list[File]:
    """What is extracted of the photos that have EXIF."""
    address = parse_store("photos", str(folder))
    found = []
    for page in open_store(address).list():
        for info in page:
            if info.key.lower().endswith(_PHOTOS):
                request = ExtractionRequest(
                    address=address, object=info, operators=frozenset(Operator) - {Operator.REGEO}
                )
                file = extract(request, ExtractionLimits()).file
                if file.exif and len(file.exif) > 1_000:
                    found.append(file)
    return found


def fill(folder: Path, photos: list[File], count: int) -> tuple[float, int]:
    """Processor time of the writes, and the bytes of their documents as JSON."""
    catalog = SqliteCatalog(folder, account_id="10001")
    catalog.projects.create(Project(name="bench"))
    catalog.datasets.create(Dataset(project_id=0, project_name="bench", name="bench"))
    binding = catalog.bindings.create(
        Binding(dataset_id=0, project_name="bench", dataset_name="bench", bucket="photos")
    )
    chance, spent, plain = random.Random(1), 0.0, 0
    for start in range(0, count, PAGE):
        writes = [varied(chance.choice(photos), number, chance) for number in range(start, start + PAGE)]
        ledger = [
            LedgerEntry(
                key=write.uri.partition("//photos/")[2],
                etag=(write.file.etag or "").strip('"'),
                size=write.file.size or 0,
                modified_ns=now_ns(),
                outcome=Outcome.INDEXED,
                extractor_version=3,
                seen_time=now_ns(),
                outcome_time=now_ns(),
            )
            for write in writes
        ]
        began = time.thread_time()
        catalog.bindings.commit(ScanCommit(binding_id=binding.id, files=writes, ledger=ledger))
        spent += time.thread_time() - began
        if start % (10 * PAGE) == 0:
            records = catalog.files.get(binding.dataset_id, [write.uri for write in writes])
            plain += sum(len(record.document) for record in records) * min(10, (count - start) // PAGE)
    catalog.close()
    return spent, plain


def varied(photo: File, number: int, chance: random.Random) -> FileWrite:
    """The entry of another photo of the same camera."""
    uri = f"oss://photos/{2000 + number % 25}/{number % 12:02}/IMG_{number:07}.jpg"

    def other(match: re.Match[str]) -> str:
        return (
            "".join(chance.choices("0123456789", k=len(match[0]))) if chance.random() < 1 / 3 else match[0]
        )

    file = msgspec.structs.replace(
        photo,
        exif=_DIGITS.sub(other, photo.exif or ""),
        uri=uri,
        filename=None,
        etag=f'"{chance.getrandbits(128):032X}"',
        size=chance.randrange(1_000_000, 9_000_000),
        produce_time=f"2{chance.randrange(1000):03}-05-{1 + number % 28:02}T11:{number % 60:02}:00+02:00",
        lat_long=f"{chance.uniform(-60, 60):.6f},{chance.uniform(-170, 170):.6f}",
    )
    return FileWrite(uri=uri, file=file)


def tell_sizes(folder: Path, count: int, plain: int) -> None:
    """A line a table, and the ratios to the budgets."""
    path = folder / "catalog.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = connection.execute(
            "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 8"
        ).fetchall()
    connection.close()
    for name, size in rows:
        print(f"  {name:28} {size / count:8.0f} bytes a file")
    record, text = path.stat().st_size / count, plain / count
    times = (text + record) / record
    tell(
        Figure(
            what="record, a million photos with all EXIF",
            measured=f"{record / 1000:.2f} GB",
            against="the budget of 1.2 GB",
            ratio=record / _GOAL_BYTES,
            at_most=1,
        )
    )
    tell(
        Figure(
            what="documents kept as JSON",
            measured=f"{(text + record) / 1000:.2f} GB a million",
            against=f"the record, {record / 1000:.2f} GB",
            ratio=times,
            at_least=4,
        )
    )


if __name__ == "__main__":
    main()
