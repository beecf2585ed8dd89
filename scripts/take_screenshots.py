"""Takes the pictures of pages that the guides show: docs/images/*.webp.

    python scripts/take_screenshots.py PICTURES

PICTURES is a folder of photos that may be published (the folder ``skimage/data`` of the package scikit-image holds some
that are free). A bucket is made of them, with dates, places and cameras, and bound by a server of its own; then
Chromium looks at its pages.
"""

from __future__ import annotations

import argparse
import datetime
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps
from PIL.TiffImagePlugin import IFDRational
from playwright.sync_api import Page, ViewportSize, sync_playwright

from bindery.cli.bind import create, ensure_dataset, follow
from bindery.cli.client import Client

OUT = Path(__file__).resolve().parent.parent / "docs" / "images"
KEY = ("screenshots-key-id", "screenshots-key-secret")
TARGET = {"ProjectName": "default", "DatasetName": "journeys", "URI": "oss://photos"}
FILES = 600
SIZE: ViewportSize = {"width": 1280, "height": 800}
SMALLEST = 90_000
"""Bytes of pictures that are photos rather than samples of something."""
CAMERAS = (
    ("Canon", "EOS R6", "RF24-105mm F4 L IS USM"),
    ("SONY", "ILCE-7M4", "FE 35mm F1.8"),
    ("FUJIFILM", "X-T5", "XF23mmF2 R WR"),
)
PLACES = (
    ("Lisbon", 38.72, -9.14),
    ("Hangzhou", 30.27, 120.15),
    ("Oslo", 59.91, 10.75),
    ("Nairobi", -1.29, 36.82),
    ("Lima", -12.05, -77.04),
    ("Kyoto", 35.01, 135.77),
)
GALLERY = "/console/datasets/default/journeys/"
FILE = "/console/files/default/journeys?uri=oss://photos/2022/Lisbon/IMG_1004.jpg"


def main() -> None:
    """Make the bucket, start the server, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pictures", type=Path, help="a folder of photos")
    arguments = parser.parse_args()
    if shutil.which("chromium") is None:
        raise SystemExit("Chromium is not installed; scripts/install_test_tools.sh installs it")
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        make_bucket(Path(folder) / "buckets" / "photos", read_photos(arguments.pictures))
        with serve(Path(folder)) as endpoint:
            client = Client(endpoint, *KEY)
            ensure_dataset(client, TARGET["ProjectName"], TARGET["DatasetName"])
            create(client, "CreateBinding", **TARGET)
            follow(client, TARGET)
            take_pictures(endpoint)


def read_photos(folder: Path) -> list[Image.Image]:
    """The photos below a folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".jpg", ".png")]
    photos = [Image.open(path).convert("RGB") for path in paths if path.stat().st_size > SMALLEST]
    if not photos:
        raise SystemExit(f"there are no photos in {folder}")
    return photos


def make_bucket(folder: Path, photos: list[Image.Image]) -> None:
    """Parts of the photos as what cameras have written on journeys."""
    chance = random.Random(7)
    begin = datetime.datetime(2022, 3, 1, 8, tzinfo=datetime.UTC)
    for number in range(FILES):
        journey = number * len(PLACES) // FILES
        taken = begin + datetime.timedelta(
            days=journey * 110 + number % 40 // 4, minutes=chance.randrange(600)
        )
        path = folder / str(taken.year) / PLACES[journey][0] / f"IMG_{1000 + number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = cut(chance.choice(photos), chance)
        part.save(path, quality=85, exif=tags(taken, PLACES[journey][1:], chance.choice(CAMERAS), chance))


def cut(photo: Image.Image, chance: random.Random) -> Image.Image:
    """A part of a photo, of one of the usual shapes."""
    shape = chance.choice((1.5, 1.5, 4 / 3, 0.75, 2 / 3, 16 / 9))
    wide = chance.uniform(0.6, 1.0)
    size = (int(photo.width * wide), int(photo.width * wide / shape))
    centre = (chance.uniform(0.2, 0.8), chance.uniform(0.2, 0.8))
    return ImageOps.fit(photo, size, centering=centre)


def tags(
    taken: datetime.datetime,
    place: tuple[float, float],
    camera: tuple[str, str, str],
    chance: random.Random,
) -> Image.Exif:
    """EXIF: when, where, and by what."""
    exif = Image.Exif()
    exif[0x10F], exif[0x110] = camera[:2]
    details = exif.get_ifd(0x8769)
    details[0x9003], details[0xA434] = f"{taken:%Y:%m:%d %H:%M:%S}", camera[2]
    details[0x8827], details[0x829D] = chance.choice((100, 200, 400, 1600)), 2.8
    gps = exif.get_ifd(0x8825)
    latitude, longitude = (value + chance.gauss(0, 0.05) for value in place)
    gps[1], gps[2] = (
        "N" if latitude >= 0 else "S",
        (IFDRational(abs(round(latitude * 10_000)), 10_000), 0, 0),
    )
    gps[3], gps[4] = (
        "E" if longitude >= 0 else "W",
        (IFDRational(abs(round(longitude * 10_000)), 10_000), 0, 0),
    )
    return exif


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """A server over the bucket; its address."""
    command = [sys.executable, "-m", "bindery.cli.main", "serve", "--port", "0"]
    command += ["--data", str(folder / "data"), "--bucket-root", str(folder / "buckets")]
    environment = os.environ | {"BINDERY_ACCESS_KEY_ID": KEY[0], "BINDERY_ACCESS_KEY_SECRET": KEY[1]}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def take_pictures(address: str) -> None:
    """Each page once, in Chromium, signed in with the root key."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_context(base_url=address, viewport=SIZE, device_scale_factor=1.5).new_page()
        page.goto("/sign-in")
        page.get_by_test_id("sign-in-id").fill(KEY[0])
        page.get_by_test_id("sign-in-secret").fill(KEY[1])
        page.get_by_test_id("sign-in").click()
        page.wait_for_url("**/")
        page.goto(GALLERY)
        keep(page, "gallery", "[data-testid=gallery] img")
        page.get_by_test_id("show-map").click()
        keep(page, "map", "[data-testid=map-place]")
        page.goto(FILE)
        keep(page, "file", "main img")
        page.goto("/explorer/imm/GetBinding")
        for name, value in TARGET.items():
            page.get_by_test_id(f"param-{name}").fill(value)
        page.get_by_test_id("send").click()
        keep(page, "explorer", "[data-testid=response-status]")
        browser.close()


def keep(page: Page, name: str, awaited: str) -> None:
    """What the page shows once ``awaited`` and everything else of it has come."""
    page.locator(awaited).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_000)
    taken = Image.open(io.BytesIO(page.screenshot()))
    taken.save(OUT / f"{name}.webp", quality=80, method=6)
    print(f"{name}.webp  {(OUT / f'{name}.webp').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
