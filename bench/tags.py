"""Raw tags in queries: photos with the EXIF of six cameras and keywords, and music, asked by their tags.

Tells what tags cost where nobody asks for them (bytes of the index, time of building it, time until a changed file is
found; ``--without`` leaves all tags out) and how long questions by tags take: those with a column of their own, and
others.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catalog_writes
from catalog_writes import build_catalog, measure_small_changes

from bindery.catalog.query.expression import parse_expression
from bindery.catalog.query.parse import parse_aggregations, parse_sort
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.file import File

_CAMERAS = [
    ("Canon", "Canon EOS R5", "RF24-70mm F2.8 L IS USM"),
    ("NIKON CORPORATION", "NIKON Z 9", "NIKKOR Z 24-70mm f/2.8 S"),
    ("SONY", "ILCE-7M4", "FE 24-70mm F2.8 GM II"),
    ("Apple", "iPhone 15 Pro", "iPhone 15 Pro back triple camera 6.765mm f/1.78"),
    ("FUJIFILM", "X-T5", "XF33mmF1.4 R LM WR"),
    ("DJI", "FC3582", ""),
]
_KEYWORDS = [f"keyword {number}" for number in range(500)]
_GENRES = ["Rock", "Pop", "Jazz", "Classical", "Hip-Hop", "民谣"]
_ALWAYS = """
    ApertureValue 9715962/1000000|CFAPattern 0 2 0 2 2 1 1 0|ColorSpace 1|ComponentsConfiguration 1 2 3 0|
    Compression 6|Contrast 0|CustomRendered 0|DigitalZoomRatio 1/1|ExifVersion 48 50 51 50|ExposureMode 0|
    ExposureProgram 2|FileSource 3|Flash 16|FlashPixVersion 48 49 48 48|FocalPlaneResolutionUnit 2|
    FocalPlaneXResolution 1368/1|FocalPlaneYResolution 1368/1|Format jpg|FrameCount 1|GPSLatitudeRef North|
    GPSLongitudeRef East|GainControl 0|InteroperabilityIndex R98|LightSource 0|MaxApertureValue 3/1|
    MeteringMode 5|Orientation 1|ResolutionUnit 2|Saturation 0|SceneCaptureType 0|SceneType 1|SensingMethod 2|
    Sharpness 0|Software Ver.1.00|SubjectDistanceRange 0|WhiteBalance 0|XResolution 300/1|YCbCrPositioning 2|
    YResolution 300/1
"""
_QUESTIONS = {
    "camera": "EXIF.Model = 'NIKON Z 9'",
    "lens by words": "EXIF.LensModel ~ '24 70mm'",
    "ISO and aperture": "EXIF.ISOSpeedRatings >= 1600 and EXIF.FNumber < 2",
    "keyword": "Tags.Keywords = 'keyword 17'",
    "rating": "Tags.Rating >= 5 and MediaType = image",
    "genre": "Tags.Genre = Jazz",
    "shared: serial number": "EXIF.BodySerialNumber = 004217",
    "shared: bias": "EXIF.ExposureBiasValue > 1",
    "shared: ISRC": "Tags.Isrc ^= US0000",
    "shared: no such tag": "exists(Tags.Nothing)",
}
_GROUPS = (
    "EXIF.Model", "EXIF.LensModel", "EXIF.ISOSpeedRatings", "Tags.Keywords", "Tags.Genre", "EXIF.MeteringMode",
    "Tags.Mood",
)  # fmt: skip


def main() -> None:
    """Build the catalog, change it, ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--without", action="store_true", help="leave the tags out of the same files")
    options = parser.parse_args()
    make = catalog_writes.synthetic_file

    def tagged(key: str, chance: random.Random) -> File:
        file = make(key, chance)
        file.exif = None if options.without or not file.exif else exif_of(chance)
        file.tags = None if options.without else tags_of(file, chance)
        return file

    catalog_writes.synthetic_file = tagged
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        catalog, binding = build_catalog(folder, options.files)
        begin, used = time.perf_counter(), time.process_time()
        catalog.queries.rebuild()
        wall, used = time.perf_counter() - begin, time.process_time() - used
        print(f"index built anew: {options.files / wall:,.0f} files/s")
        print(f"processor time: {1e6 * used / options.files:.0f} µs a file")
        size = sum(path.stat().st_size for path in (folder / "index").glob("*.duckdb*"))
        print(f"index: {size / options.files:.0f} bytes a file")
        measure_small_changes(catalog, binding, options.files)
        if not options.without:
            ask_all(catalog, binding.dataset_id)
        catalog.close()


def exif_of(chance: random.Random) -> str:
    """The EXIF of a photo: some fifty tags, as a camera writes them."""
    make, model, lens = chance.choice(_CAMERAS)
    day = f"20{chance.randrange(10, 25)}:{chance.randrange(1, 13):02d}:{chance.randrange(1, 29):02d}"
    moment = f"{day} 12:{chance.randrange(60):02d}:07"
    tags = dict(entry.strip().split(" ", 1) for entry in _ALWAYS.split("|"))
    tags |= {
        "Make": make, "Model": model, "LensModel": lens, "DateTime": moment, "DateTimeOriginal": moment,
        "DateTimeDigitized": moment, "SubSecTimeOriginal": f"{chance.randrange(1000):03d}",
        "ISOSpeedRatings": str(100 << chance.randrange(7)), "FNumber": f"{chance.choice([14, 18, 28, 40, 56])}/10",
        "ExposureTime": f"1/{chance.randrange(10, 8000)}", "ShutterSpeedValue": f"{chance.randrange(10**7)}/1000000",
        "FocalLength": f"{chance.randrange(24, 70)}/1", "ExposureBiasValue": f"{chance.randrange(-6, 7)}/3",
        "BodySerialNumber": f"{chance.randrange(9999):06d}", "FileSize": str(chance.randrange(10**7)),
        "GPSLatitude": f"{chance.randrange(90)}deg {60 * chance.random():.5f}' ",
        "GPSLongitude": f"{chance.randrange(180)}deg {60 * chance.random():.5f}' ",
    }  # fmt: skip
    return json.dumps({name: {"value": tags[name]} for name in sorted(tags)})


def tags_of(file: File, chance: random.Random) -> dict[str, tuple[str, ...]]:
    """The other tags of a file."""
    if file.exif:
        return {
            "Keywords": tuple(chance.sample(_KEYWORDS, 3)),
            "Rating": (str(chance.randrange(6)),),
            "xmp:CreatorTool": ("Adobe Photoshop Lightroom Classic 9.2 (Macintosh)",),
            "xmpMM:DocumentID": (f"xmp.did:{chance.getrandbits(128):032x}",),
        }
    return {
        "Genre": (chance.choice(_GENRES),),
        "TrackNumber": (str(chance.randrange(1, 20)),),
        "Isrc": (f"US{chance.randrange(10**10):010d}",),
        "Mood": (chance.choice(["calm", "wild"]),),
    }


def ask_all(catalog: SqliteCatalog, dataset_id: int) -> None:
    """Each question some times."""
    queries = catalog.queries
    for name, expression in _QUESTIONS.items():
        tree = parse_expression(expression)
        _time(name, lambda tree=tree: queries.search(dataset_id, tree).total_hits)
    for field in _GROUPS:
        wanted = parse_aggregations([(field, "group")])
        _time(f"groups of {field}", lambda wanted=wanted: len(queries.aggregate(dataset_id, None, wanted)))
    for field in ("EXIF.ISOSpeedRatings", "EXIF.BodySerialNumber"):
        order = parse_sort(field, "desc")
        _time(f"by {field}", lambda order=order: queries.search(dataset_id, None, sort=order).total_hits)
    for text in ("z 9", "keyword 17", "nothing of the kind"):
        _time(f"fuzzy: {text}", lambda text=text: queries.fuzzy_search(dataset_id, text).total_hits)


def _time(name: str, ask: Callable[[], Any], repeat: int = 7) -> None:
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        found = ask()
        times.append(1000 * (time.perf_counter() - begin))
    print(f"{name:28} {statistics.median(times):8.1f} ms   {found}")


if __name__ == "__main__":
    main()
