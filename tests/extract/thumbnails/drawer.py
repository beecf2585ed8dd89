"""What the tests of drawing share: plain pictures, and a drawer of bytes as one file of a folder."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from bindery.buckets.folder import FolderStore
from bindery.buckets.store import StoreAddress
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader
from bindery.extract.thumbnails.drawing import draw

Colour = tuple[int, int, int]
RED, BLUE, GREEN = (220, 20, 20), (20, 20, 220), (20, 180, 20)


def picture(size: tuple[int, int], colour: Colour = RED) -> Image.Image:
    return Image.new("RGB", size, colour)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def jpeg(size: tuple[int, int], colour: Colour = RED, **options: object) -> bytes:
    return encoded(picture(size, colour), "JPEG", **options)


class Drawer:
    """Draws files that lie in a folder, and tells how much of them was read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FolderStore(StoreAddress(bucket="b", url=f"file://{folder}"))
        self.bytes_read = 0

    def draw(
        self, content: bytes, content_type: str, longest: int = 320, page: int = 0, name: str = "object"
    ) -> Image.Image:
        (self.folder / name).write_bytes(content)
        info = self.store.details(name).info
        reader = RangeReader(self.store, info, ExtractionLimits())
        made = draw(reader, content_type, longest, page)
        self.bytes_read = reader.bytes_read
        shown = Image.open(io.BytesIO(made))
        assert shown.format == "WEBP"
        return shown


def near(pixel: object, colour: Colour, most: int = 25) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < most for one, other in zip(pixel, colour, strict=False))


def middle(shown: Image.Image) -> object:
    return shown.convert("RGB").getpixel((shown.width // 2, shown.height // 2))


@pytest.fixture
def drawer(tmp_path: Path) -> Drawer:
    return Drawer(tmp_path)
