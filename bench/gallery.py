"""The gallery in a real browser over many real pictures: first picture, interaction, layout shift, memory.

Makes a folder of small, distinct JPEGs with EXIF times over twenty years (``--keep`` keeps it), binds it to a server of
its own, waits until all are indexed, and drives Chromium through the page. Budget: the first picture below 1,000 ms,
interaction below 100 ms, no layout shift, and memory that does not grow while scrolling.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bindery.cli.client import Client

_SHAPES = ((160, 120), (120, 160), (192, 108), (128, 128), (240, 100))
_TIME = b"2000:01:01 00:00:00"
_NAME = "gallery"
_KEY = ("LTAIbenchGallery", "bench-gallery-secret")
_FIRST = datetime(2005, 1, 1, tzinfo=UTC)
_DAYS = 20 * 365
_OPENINGS = 5
_LEGS = 8
_WATCH = """
window.shifts = 0;
window.durations = {};
const each = (entries, take) => entries.getEntries().forEach(take);
new PerformanceObserver((list) => each(list, (entry) => (window.shifts += entry.value)))
  .observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => each(list, ({ interactionId, duration }) => {
  if (interactionId) window.durations[interactionId] = Math.max(duration, window.durations[interactionId] ?? 0);
}))
  .observe({ type: "event", durationThreshold: 16, buffered: true });
document.addEventListener("load", ({ target }) => {
  if (target.localName === "img" && target.closest('[data-testid="gallery"]')) window.first ??= performance.now();
}, true);
"""


def make_pictures(folder: Path, count: int) -> None:
    """``count`` JPEGs, each with a time and a number of its own, in folders of a thousand."""
    chance = random.Random(7)
    templates = [_template(number) for number in range(200)]
    for number in range(count):
        path = folder / f"{number // 1000:04}" / f"{number:07}.jpg"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        taken = _FIRST + timedelta(days=_DAYS * chance.random() ** 0.7, seconds=chance.randrange(86_400))
        path.write_bytes(
            templates[number % len(templates)].replace(_TIME, f"{taken:%Y:%m:%d %H:%M:%S}".encode())
            + f"{number:010}".encode()
        )


def _template(number: int) -> bytes:
    chance = random.Random(number)
    picture = Image.new(
        "RGB", _SHAPES[number % len(_SHAPES)], tuple(chance.randrange(256) for _ in range(3))
    )
    draw = ImageDraw.Draw(picture)
    for _ in range(6):
        box = sorted(chance.randrange(160) for _ in range(4))
        draw.ellipse((box[0], box[1], box[2], box[3]), fill=tuple(chance.randrange(256) for _ in range(3)))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = _TIME.decode()
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=70, exif=exif)
    assert _TIME in content.getvalue()
    return content.getvalue()


@contextmanager
def serving(data: Path, buckets: Path) -> Iterator[str]:
    """A server of its own process; its endpoint."""
    command = [sys.executable, "-m", "bindery.cli.main", "serve", "--port", "0"]
    command += ["--data", str(data), "--bucket-root", str(buckets)]
    keys = dict(zip(("BINDERY_ACCESS_KEY_ID", "BINDERY_ACCESS_KEY_SECRET"), _KEY, strict=True))
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | keys
        ) as process,
    ):
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("bindery ready"))
        try:
            yield line.split()[2]
        finally:
            process.terminate()


def index(endpoint: str, count: int) -> None:
    """Bind the folder and wait until its files are indexed."""
    client = Client(endpoint, *_KEY)
    names = {"ProjectName": _NAME, "DatasetName": _NAME}
    client.call("CreateProject", ProjectName=_NAME)
    client.call("CreateDataset", **names)
    client.call("CreateBinding", **names, URI=f"oss://{_NAME}")
    began = time.monotonic()
    while client.call("SimpleQuery", **names, MaxResults=1)["TotalHits"] < count:
        time.sleep(1)
    print(f"indexed {count:,} files in {time.monotonic() - began:.0f} s")


@contextmanager
def signed_in(browser: Browser, endpoint: str) -> Iterator[Page]:
    """A page of a browser that has cached nothing."""
    context: BrowserContext = browser.new_context(
        base_url=endpoint, viewport={"width": 1280, "height": 800}
    )
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto("/sign-in?to=/")
    page.get_by_test_id("sign-in-id").fill(_KEY[0])
    page.get_by_test_id("sign-in-secret").fill(_KEY[1])
    page.get_by_test_id("sign-in").click()
    page.wait_for_url("**/")
    yield page
    context.close()


def open_gallery(page: Page, path: str) -> float:
    """Milliseconds from the click on a link to the first picture."""
    page.goto(path)
    page.locator('[data-testid="gallery"] img').first.wait_for()
    for _ in range(200):
        if (first := page.evaluate("window.first")) is not None:
            return float(first)
        page.wait_for_timeout(50)
    raise TimeoutError("no picture has come")


def measure(browser: Browser, endpoint: str, path: str) -> None:
    """Print all figures."""
    opened, shifts = [], []
    for _ in range(_OPENINGS):
        with signed_in(browser, endpoint) as page:
            opened.append(open_gallery(page, path))
            page.wait_for_timeout(1_000)
            shifts.append(page.evaluate("window.shifts"))
    print(
        f"first picture: {opened[0]:.0f} ms with nothing made, then {statistics.median(opened[1:]):.0f} ms"
        f" (median of {len(opened) - 1}); layout shift while opening {max(shifts):.5f}"
    )
    with signed_in(browser, endpoint) as page:
        open_gallery(page, path)
        _interact(page)
        _scroll(page)
        print(f"layout shift of all of it: {page.evaluate('window.shifts'):.5f}")


def _interact(page: Page) -> None:
    """Keys, clicks, and the rail."""
    page.get_by_test_id("file-0").focus()
    for key in (
        "ArrowRight",
        "ArrowDown",
        "Space",
        "Shift+ArrowRight",
        "ArrowDown",
        "Control+a",
        "Escape",
    ) * 3:
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    page.get_by_test_id("scrubber").focus()
    for key in ("PageDown", "ArrowDown", "ArrowDown", "PageUp", "Home") * 3:
        page.keyboard.press(key)
        page.wait_for_timeout(200)
    durations = sorted(page.evaluate("Object.values(window.durations)")) or [0]
    print(
        f"interaction, from a key to what it shows on the screen: {len(durations)} took 16 ms or more,"
        f" median {statistics.median(durations):.0f} ms, slowest {durations[-1]:.0f} ms"
    )


def _scroll(page: Page) -> None:
    """A long way down, in legs that begin years apart."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    box = page.get_by_test_id("scrubber").bounding_box()
    assert box is not None
    print("memory while scrolling (after a collection): heap MB, nodes of the document")
    for leg in range(_LEGS):
        page.mouse.click(box["x"] + 5, box["y"] + box["height"] * (0.9 * leg / _LEGS))
        page.mouse.move(600, 500)
        for _ in range(60):
            page.mouse.wheel(0, 500)
            page.wait_for_timeout(16)
        page.wait_for_timeout(800)
        session.send("HeapProfiler.collectGarbage")
        values = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        elements = page.evaluate("document.querySelectorAll('*').length")
        heap = values["JSHeapUsedSize"] / 1e6
        print(f"  leg {leg + 1}: {heap:5.1f} MB, {elements:5} elements, {values['Nodes']:.0f} nodes")


def main() -> None:
    """Make what is missing, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument(
        "--keep", type=Path, help="keep pictures and catalog here, or use those that are here"
    )
    parser.add_argument("--dataset", default=f"{_NAME}/{_NAME}", help="project and dataset of what is kept")
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        parser.error("Chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        data, buckets = folder / "data", folder / "buckets"
        known = (data / "catalog.db").exists()
        if not known:
            make_pictures(buckets / _NAME, options.files)
        buckets.mkdir(parents=True, exist_ok=True)
        with serving(data, buckets) as endpoint, sync_playwright() as playwright:
            if not known:
                index(endpoint, options.files)
            browser = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox", "--disable-gpu"]
            )
            measure(browser, endpoint, f"/console/datasets/{options.dataset}/")
            browser.close()


if __name__ == "__main__":
    main()
