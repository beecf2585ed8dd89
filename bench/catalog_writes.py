"""Writes to the catalog: commits of a scan, the index behind them, and small changes of a large dataset.

Budgets: 1,000 changed documents in the index in 23 ms; one changed file found by a query within 1 s (p95);
a scan of 1,000,000 files within 500 MiB of memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path

from figures import Figure, tell

from bindery.catalog.query.parse import parse_simple_query
from bindery.catalog.records import (
    Binding,
    Dataset,
    FileWrite,
    IndexUnavailable,
    LedgerEntry,
    Outcome,
    Project,
    ScanCommit,
)
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.clock import format_time, now_ns
from bindery.file import Address, AudioStream, File, Label, VideoStream

PAGE = 1_000
BUCKET = "bench-bucket"
_YEAR_2015 = 1_420_070_400
_TEN_YEARS = 315_360_000
_CAMERAS = [
    ("Canon", "EOS R5"),
    ("NIKON", "Z 9"),
    ("SONY", "ILCE-7M4"),
    ("Apple", "iPhone 15 Pro"),
    ("DJI", "FC3582"),
]
_CITIES = [
    ("中国", "浙江省", "杭州市", 30.27, 120.15),
    ("中国", "上海市", "上海市", 31.23, 121.47),
    ("Deutschland", "Berlin", "Berlin", 52.52, 13.40),
    ("United States", "California", "San Francisco", 37.77, -122.42),
    ("Brasil", "São Paulo", "São Paulo", -23.55, -46.63),
]
_LABELS = ["beach", "mountain", "portrait", "food", "cat", "dog", "car", "sunset", "document", "building"]
_ARTISTS = ["Ann", "Bob", "Chen", "Dora", "Émile", "Fatima"]


def main() -> None:
    """Build a catalog, then change it, and print ratios to the budgets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=300_000)
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory() as folder:
        catalog, binding = build_catalog(Path(folder), count)
        measure_small_changes(catalog, binding, count)
        catalog.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell(
        Figure(
            what=f"memory of {count:,} writes",
            measured=f"{peak:,.0f} MiB",
            against="the budget of 500 MiB",
            ratio=peak / 500,
            at_most=1,
        )
    )


def build_catalog(folder: Path, count: int) -> tuple[SqliteCatalog, Binding]:
    """A catalog of ``count`` synthetic files, written as a scan writes them, and its binding."""
    catalog = SqliteCatalog(folder, account_id="10001")
    catalog.projects.create(Project(name="bench"))
    catalog.datasets.create(Dataset(project_id=0, project_name="bench", name="bench"))
    binding = catalog.bindings.create(
        Binding(dataset_id=0, project_name="bench", dataset_name="bench", bucket=BUCKET)
    )
    begin = time.perf_counter()
    committing = 0.0
    for page in commits(binding, count):
        before = time.perf_counter()
        catalog.bindings.commit(page)
        committing += time.perf_counter() - before
    committed = time.perf_counter()
    wait_for_index(catalog, binding.dataset_id)
    done = time.perf_counter()
    print(
        f"built: {count:,} files; committed {count / committing:,.0f} files/s, committed and indexed "
        f"{count / (done - begin):,.0f} files/s; the index was {done - committed:.1f} s behind"
    )
    return catalog, binding


@contextmanager
def built_folder(kept: Path | None, count: int) -> Iterator[Path]:
    """A folder with a catalog of ``count`` files: one that is kept, built when there is none, or one for now."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = (kept or Path(temporary)).absolute()
        if not (folder / "catalog.db").exists():
            build_catalog(folder, count)[0].close()
        yield folder


def wait_for_index(catalog: SqliteCatalog, dataset_id: int) -> None:
    """Until the index of the dataset holds all that is committed; a question refuses to wait for minutes."""
    while True:
        with suppress(IndexUnavailable):
            catalog.queries.search(dataset_id, None, limit=1)
            return
        time.sleep(0.05)


def commits(binding: Binding, count: int, seed: int = 1) -> Iterator[ScanCommit]:
    """Pages of a full scan over synthetic files, in key order."""
    chance = random.Random(seed)
    for start in range(0, count, PAGE):
        yield commit_of(binding, range(start, min(start + PAGE, count)), chance)


def commit_of(binding: Binding, numbers: Sequence[int], chance: random.Random) -> ScanCommit:
    """One page of work."""
    keys = [key_of(number) for number in numbers]
    files = [
        FileWrite(uri=f"oss://{BUCKET}/{key}", file=synthetic_file(key, chance), binding_id=binding.id)
        for key in keys
    ]
    now = now_ns()
    ledger = tuple(
        LedgerEntry(
            key=key, etag='"0"', size=write.file.size or 0, modified_ns=now, outcome=Outcome.INDEXED,
            attempts=1, extractor_version=1, seen_time=now, outcome_time=now,
        )
        for key, write in zip(keys, files, strict=True)
    )  # fmt: skip
    return ScanCommit(binding_id=binding.id, files=tuple(files), ledger=ledger, cursor=keys[-1])


def key_of(number: int) -> str:
    """Keys ascend with their number."""
    return f"photos/{number // 10_000:05d}/IMG_{number:09d}.jpg"


def synthetic_file(key: str, chance: random.Random) -> File:
    """A file as extraction makes it: mostly photos with EXIF, some videos, music and documents."""
    moment = (_YEAR_2015 + chance.randrange(_TEN_YEARS)) * 10**9
    file = File(
        size=int(chance.lognormvariate(14, 1.5)),
        etag=f'"{chance.getrandbits(128):032X}"',
        content_md5=f"{chance.getrandbits(128):x}",
        oss_crc64=str(chance.getrandbits(64)),
        oss_object_type="Normal",
        oss_storage_class=chance.choices(["Standard", "IA", "Archive"], [8, 1, 1])[0],
        object_acl="default",
        file_modified_time=format_time(moment + 10**9, UTC),
        produce_time=format_time(moment, UTC),
    )
    if chance.random() < 0.3:
        file.oss_tagging = {"owner": chance.choice(_ARTISTS), "shoot": str(chance.randrange(500))}
        file.oss_tagging_count = 2
    chance.choices([_photo, _video, _music, _document], [80, 8, 6, 6])[0](file, key, chance)
    return file


def _photo(file: File, key: str, chance: random.Random) -> None:
    make, model = chance.choice(_CAMERAS)
    file.media_type, file.content_type = "image", chance.choices(["image/jpeg", "image/heic"], [4, 1])[0]
    file.image_width, file.image_height = chance.choice(
        [(8192, 5464), (6048, 4024), (4032, 3024), (1080, 720)]
    )
    file.orientation = chance.choices([1, 6, 8, 3], [7, 2, 1, 1])[0]
    tags = {
        "Make": make,
        "Model": model,
        "FNumber": "28/10",
        "ExposureTime": f"1/{chance.randrange(1, 4000)}",
    }
    tags |= {f"Tag{number}": str(chance.getrandbits(40)) for number in range(20)}
    file.exif = json.dumps({name: {"value": value} for name, value in tags.items()})
    file.labels = tuple(
        Label(
            label_name=name,
            label_confidence=round(chance.random(), 3),
            label_level=chance.randrange(1, 4),
            language="en",
        )
        for name in chance.sample(_LABELS, chance.randrange(4))
    )
    if chance.random() < 0.5:
        country, province, city, latitude, longitude = chance.choice(_CITIES)
        point = latitude + chance.gauss(0, 0.2), longitude + chance.gauss(0, 0.2)
        file.lat_long = f"{point[0]:.6f},{point[1]:.6f}"
        line = f"{country}{province}{city}{chance.randrange(1, 400)}"
        file.addresses = (
            Address(address_line=line, country=country, province=province, city=city, language="en"),
        )


def _video(file: File, key: str, chance: random.Random) -> None:
    file.media_type, file.content_type = "video", "video/mp4"
    file.video_width, file.video_height = chance.choice([(1920, 1080), (3840, 2160), (1280, 720)])
    file.duration = round(chance.expovariate(1 / 90), 3)
    file.bitrate = chance.randrange(10**6, 5 * 10**7)
    file.video_streams = (
        VideoStream(
            index=0,
            codec_name=chance.choice(["h264", "hevc"]),
            width=file.video_width,
            bitrate=file.bitrate,
        ),
    )
    file.audio_streams = (AudioStream(index=1, codec_name="aac", channels=2, sample_rate=48_000),)


def _music(file: File, key: str, chance: random.Random) -> None:
    file.media_type, file.content_type = "audio", "audio/mpeg"
    file.duration = round(chance.uniform(30, 600), 3)
    file.artist, file.title = chance.choice(_ARTISTS), f"Song {chance.randrange(50_000)} of the sea"
    file.album = f"Album {chance.randrange(4_000)}"


def _document(file: File, key: str, chance: random.Random) -> None:
    file.media_type, file.content_type = "document", "application/pdf"
    file.page_count = chance.randrange(1, 300)
    file.title = f"Report {chance.randrange(10_000)}"


def measure_small_changes(catalog: SqliteCatalog, binding: Binding, count: int) -> None:
    """How long it takes until changed files are found."""
    chance = random.Random(2)

    def change(size: int) -> Callable[[], None]:
        numbers = sorted(chance.sample(range(count), size))
        work = commit_of(binding, numbers, chance)
        mark = f"mark-{chance.getrandbits(64)}"
        for write in work.files:
            write.file.title = mark
        query = parse_simple_query({"Field": "Title", "Operation": "eq", "Value": mark})

        def run() -> None:
            catalog.bindings.commit(work)
            assert catalog.queries.search(binding.dataset_id, query, limit=1).total_hits == size

        return run

    for size, repeats, budget in ((1, 200, 1_000), (PAGE, 20, 2_000)):
        times = sorted(_milliseconds(change(size)) for _ in range(repeats))
        p95 = times[int(len(times) * 0.95)]
        tell(
            Figure(
                what=f"{size:,} changed, committed and found by a query, p95",
                measured=f"{p95:.1f} ms (p50 {statistics.median(times):.1f} ms)",
                against=f"the budget of {budget:,} ms",
                ratio=p95 / budget,
                at_most=1,
            )
        )


def _milliseconds(run: Callable[[], None]) -> float:
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
