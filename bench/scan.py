"""A full scan of photos on local disk, from CreateBinding to queryable, against exiftool on the same files.

Budget: at least 15 times ``exiftool -stay_open``, which reads the tags of one file after the other and stores
nothing; 20 times with cameras' own files. Both run on the same machine, one after the other. For both the files are on
the disk and in the page cache, and few files before have loaded their programs. The photos made here carry no maker
notes, on which exiftool spends most of its time with a camera's own files: ``--folder`` measures those.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from figures import Figure, tell
from get_binding import KEY, start_server
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from bindery.cli.bind import create, ensure_dataset, follow
from bindery.cli.client import Client

TARGET = {"ProjectName": "bench", "DatasetName": "bench", "URI": "oss://photos"}
BEFORE = {"ProjectName": "bench", "DatasetName": "before", "URI": "oss://few"}
"""A scan of few photos, for which the server's workers load what they need."""
FEW = 64
SIZES = ((4032, 3024), (3000, 2000), (1600, 1200), (640, 480))
HEADER_BYTES = 64 * 1024
MEASURED_BY_EXIFTOOL = 400
"""exiftool needs seconds for more, and its rate does not depend on the number."""


def main() -> None:
    """Make the photos, run both, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument(
        "--folder", type=Path, help="photos of yours, used again and again under other names"
    )
    arguments = parser.parse_args()
    count = arguments.files
    with tempfile.TemporaryDirectory() as folder:
        bucket = Path(folder) / "buckets" / "photos"
        bucket.mkdir(parents=True)
        contents = make_photos() if arguments.folder is None else read_photos(arguments.folder)
        paths = list(fill(bucket, contents, count))
        few = bucket.with_name("few")
        few.mkdir()
        list(fill(few, contents, FEW))
        os.sync()  # what is still to be written would take turns with what is measured
        exiftool = exiftool_rate(random.Random(2).sample(paths, min(MEASURED_BY_EXIFTOOL, count)))
        header = header_rate(paths)
        scan = scan_rate(Path(folder), count)
    kind = "made" if arguments.folder is None else "cameras'"
    what, measured = f"full scan of {count:,} {kind} photos to queryable", f"{scan:,.0f} files/s"
    tell(
        Figure(
            what=what,
            measured=measured,
            against=f"exiftool -stay_open, {exiftool:,.0f} files/s",
            ratio=scan / exiftool,
            at_least=20 if arguments.folder else 15,
        )
    )
    tell(
        Figure(
            what=what,
            measured=measured,
            against=f"{HEADER_BYTES // 1024} KiB read of each file and nothing else, {header:,.0f} files/s",
            ratio=scan / header,
        )
    )


def header_rate(paths: list[Path]) -> float:
    """Files/s of one thread that opens each file, reads its first bytes, and does nothing with them."""
    began = time.perf_counter()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            file.read(HEADER_BYTES)
    return len(paths) / (time.perf_counter() - began)


def make_photos(sizes: Sequence[tuple[int, int]] = SIZES) -> Iterator[bytes]:
    """JPEGs of several sizes without end, each with its own tags and position."""
    chance = random.Random(1)
    pictures = [_jpeg(size) for size in sizes]
    while True:
        yield _with_exif(chance.choice(pictures), chance)


def read_photos(folder: Path) -> Iterator[bytes]:
    """The JPEGs below a folder, over and over, each time a byte longer."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not paths:
        raise SystemExit(f"no JPEG in {folder}")
    for times in itertools.count():
        yield from (path.read_bytes() + b"\0" * times for path in paths)


def fill(bucket: Path, contents: Iterator[bytes], count: int) -> Iterator[Path]:
    """Write files into folders of two hundred."""
    for number, content in enumerate(itertools.islice(contents, count)):
        path = bucket / f"{number // 200:04d}" / f"photo{number:06d}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        yield path


def _jpeg(size: tuple[int, int]) -> bytes:
    picture = Image.effect_noise((24, 16), 60).convert("RGB").resize(size, Image.Resampling.BICUBIC)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=30)
    return target.getvalue()


def _with_exif(picture: bytes, chance: random.Random) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Bench", f"Model {chance.randrange(9)}", 1
    details = exif.get_ifd(0x8769)
    details[0x9003] = (
        f"20{chance.randrange(10, 25)}:0{chance.randrange(1, 9)}:15 10:{chance.randrange(10, 59)}:00"
    )
    details[0x829A], details[0x829D] = IFDRational(1, chance.randrange(30, 2000)), IFDRational(28, 10)
    details[0x8827] = chance.choice((100, 200, 400))
    position = exif.get_ifd(0x8825)
    position[1], position[2] = "N", tuple(IFDRational(chance.randrange(59), 1) for _ in range(3))
    position[3], position[4] = "E", tuple(IFDRational(chance.randrange(59), 1) for _ in range(3))
    block = b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
    return picture[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + picture[2:]


def exiftool_rate(paths: list[Path]) -> float:
    """Files/s of one exiftool process that is fed name after name."""
    command = ["exiftool", "-stay_open", "True", "-@", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    began = 0.0
    for number, path in enumerate(paths):
        process.stdin.write(f"-j\n-n\n{path}\n-execute\n")
        process.stdin.flush()
        while process.stdout.readline().strip() != "{ready}":
            pass
        if number == 0:
            began = time.perf_counter()  # the first one loads the program
    spent = time.perf_counter() - began
    process.stdin.write("-stay_open\nFalse\n")
    process.stdin.close()
    process.wait()
    return (len(paths) - 1) / spent


def scan_rate(folder: Path, count: int) -> float:
    """Files/s from CreateBinding until SimpleQuery counts every photo."""
    process, endpoint = start_server(folder)
    try:
        client = Client(endpoint, *KEY)
        for target in (BEFORE, TARGET):
            ensure_dataset(client, target["ProjectName"], target["DatasetName"])
        create(client, "CreateBinding", **BEFORE)
        follow(client, BEFORE)
        names = {name: TARGET[name] for name in ("ProjectName", "DatasetName")}
        query = {"Field": "MediaType", "Operation": "eq", "Value": "image"}
        began = time.perf_counter()
        create(client, "CreateBinding", **TARGET)
        follow(client, TARGET)
        found = client.call("SimpleQuery", **names, Query=query, MaxResults=1)["TotalHits"]
        spent = time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()
    if found != count:
        raise SystemExit(f"{found} of {count} photos were found")
    return count / spent


if __name__ == "__main__":
    main()
