"""What an object of each format costs at an object store: requests, bytes, connections. The table of docs/stores.md."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pillow_heif
import pytest
from PIL import Image
from tests.extract.document_samples import make_docx, make_pdf, make_zip, word_body
from tests.extract.media_probe import ffmpeg
from tests.extract.picture_samples import exif_block
from tests.servers.scripted import Asked, Reply, Scripted

from bindery.buckets.registry import parse_store
from bindery.buckets.store import ObjectInfo, StoreAddress
from bindery.extract.extract import extract
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader

KIB = 1_024
MANY = random.Random(7).randbytes(800_000)
PICTURE = (
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=640x360:duration=3",
    "-c:v",
    "mpeg4",
    "-q:v",
    "2",
    "-metadata",
    "title=t",
)
NOISE = ("-f", "lavfi", "-i", "anoisesrc=duration=12:seed=1", "-metadata", "title=t")


def picture(width: int = 600, height: int = 500) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), 80) for _ in range(3)])


def heic(path: Path) -> None:
    pillow_heif.from_pillow(picture(300, 200)).save(path, quality=80, exif=exif_block())


def docx(path: Path) -> None:
    text = word_body(*["Some words of text."] * 400)
    path.write_bytes(make_docx(text + " " * 10))


MAKERS: dict[str, Callable[[Path], None]] = {
    "camera.jpg": lambda path: picture().save(path, quality=95, exif=exif_block()),
    "phone.heic": heic,
    "screen.png": lambda path: picture().save(path),
    "end.mp4": lambda path: ffmpeg(*PICTURE, path),
    "start.mp4": lambda path: ffmpeg(*PICTURE, "-movflags", "+faststart", path),
    "song.mp3": lambda path: ffmpeg(*NOISE, "-b:a", "320k", path),
    "song.flac": lambda path: ffmpeg(*NOISE, path),
    "text.pdf": lambda path: void(
        path.write_bytes(
            make_pdf([f"page {n}" for n in range(20)], information="/Title(t)", hole=1_500_000)
        )
    ),
    "letter.docx": docx,
    "files.zip": lambda path: void(path.write_bytes(make_zip({f"{n}.bin": MANY for n in range(3)}))),
    "words.txt": lambda path: void(path.write_text("Some words of text.\n" * 2_000)),
}
COSTS = {  # requests with the HEAD, and KiB that are read
    "camera.jpg": (3, 68),
    "phone.heic": (3, 128),
    "screen.png": (4, 192),
    "end.mp4": (4, 192),
    "start.mp4": (3, 128),
    "song.mp3": (4, 192),
    "song.flac": (6, 320),
    "text.pdf": (6, 1_472),
    "letter.docx": (2, 64),
    "files.zip": (3, 128),
    "words.txt": (2, 64),
}


def void(_: object) -> None:
    return


class Served(Scripted):
    """Objects by key, as S3 hands them out by ranges; ``sent`` counts bytes of objects."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        super().__init__(self._answer)
        self.objects = objects
        self.sent = 0

    def _answer(self, asked: Asked) -> Reply:
        content = self.objects[unquote(urlsplit(asked.target).path).split("/", 2)[2]]
        headers = {"etag": '"e"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
        if asked.method == "HEAD":
            return Reply(200, content, headers)
        first, _, last = asked.headers["range"].removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1]
        self.sent += len(part)
        return Reply(206, part, headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("objects")
    for name, make in MAKERS.items():
        make(folder / name)
    with Served({name: (folder / name).read_bytes() for name in MAKERS}) as server:
        yield server


def address_of(server: Scripted) -> StoreAddress:
    return parse_store("media", f"s3://name?anonymous=true&endpoint={server.endpoint}")


def cost(server: Served, key: str) -> tuple[int, int]:
    """Requests and KiB of the whole extraction of one object."""
    before, sent = len(server.asked), server.sent
    info = ObjectInfo(key, len(server.objects[key]), "e", 0, "Standard", "Normal")
    request = ExtractionRequest(address=address_of(server), object=info, operators=frozenset(Operator))
    found = extract(request, ExtractionLimits())
    assert found.failure is None
    assert found.bytes_read == server.sent - sent
    return len(server.asked) - before, -(-(server.sent - sent) // KIB)


def test_what_an_object_of_each_format_costs(served: Served) -> None:
    """No more than the table says, and over the one connection that stays open from object to object."""
    begun = len(served.asked)
    costs = {key: cost(served, key) for key in COSTS}
    too_much = {
        key: (found, COSTS[key]) for key, found in costs.items() if any(map(int.__gt__, found, COSTS[key]))
    }
    assert too_much == {}
    assert len({asked.port for asked in served.asked[begun:]}) == 1


def test_the_table_of_the_docs_says_so() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "stores.md").read_text()
    for key, (requests, kib) in COSTS.items():
        assert f"| `{key}` | {requests} | {kib:,} KiB |" in docs


def test_a_document_that_is_read_here_and_there_comes_in_large_pieces() -> None:
    """A file of 2 MiB that fits into the cache: its 32 blocks take four requests one by one, and four more."""

    content = bytes(range(256)) * 8 * KIB
    asked: list[tuple[int, int]] = []

    class Here:
        def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
            asked.append((offset, length))
            return content[offset : offset + length]

    reader = RangeReader(Here(), ObjectInfo("k", len(content), "e", 0), ExtractionLimits())
    for number in random.Random(3).sample(range(32), 32):
        place = number * 64 * KIB + 5
        assert reader.peek_at(place, 10) == content[place : place + 10]
    assert len(asked) <= 12
    assert reader.bytes_read == len(content)
