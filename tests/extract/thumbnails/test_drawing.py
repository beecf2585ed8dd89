"""Small pictures from real files, and nothing worse than nothing from hostile ones."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from bindery.buckets.folder import FolderStore
from bindery.buckets.store import ObjectInfo, StoreAddress
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader
from bindery.extract.thumbnails.drawing import NoPicture, draw
from bindery.extract.thumbnails.job import Drawing, draw_job, job_of

RED, BLUE = (220, 20, 20), (20, 20, 220)


def picture(size: tuple[int, int], colour: tuple[int, int, int] = RED) -> Image.Image:
    return Image.new("RGB", size, colour)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


class Drawer:
    """Draws files that lie in a folder, and tells how much of them was read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FolderStore(StoreAddress(bucket="b", url=f"file://{folder}"))
        self.bytes_read = 0

    def draw(self, content: bytes, content_type: str, longest: int = 320) -> Image.Image:
        (self.folder / "object").write_bytes(content)
        info = self.store.details("object").info
        reader = RangeReader(self.store, info, ExtractionLimits())
        made = draw(reader, content_type, longest)
        self.bytes_read = reader.bytes_read
        shown = Image.open(io.BytesIO(made))
        assert shown.format == "WEBP"
        return shown


@pytest.fixture
def drawer(tmp_path: Path) -> Drawer:
    return Drawer(tmp_path)


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 25 for one, other in zip(pixel, colour, strict=False))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_pictures_are_drawn_in_their_shape(drawer: Drawer, form: str) -> None:
    shown = drawer.draw(encoded(picture((800, 400)), form), f"image/{form.lower()}")
    assert shown.size == (320, 160)
    assert near(shown.convert("RGB").getpixel((100, 100)), RED)


def test_small_pictures_stay_small(drawer: Drawer) -> None:
    assert drawer.draw(encoded(picture((40, 30)), "PNG"), "image/png").size == (40, 30)


def test_pictures_stand_upright_and_carry_no_tags(drawer: Drawer) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Somebody's camera"
    shown = drawer.draw(encoded(picture((800, 400)), "JPEG", exif=exif), "image/jpeg")
    assert shown.size == (160, 320)
    assert "exif" not in shown.info


def with_preview(image: Image.Image, preview: bytes) -> bytes:
    """A JPEG whose EXIF has a preview of its own: TIFF with an empty first directory and the preview in its second."""
    second = 8 + 2 + 4
    start = second + 2 + 2 * 12 + 4
    tiff = b"II*\0" + (8).to_bytes(4, "little") + b"\0\0" + second.to_bytes(4, "little")
    tiff += (2).to_bytes(2, "little")
    for tag, value in ((513, start), (514, len(preview))):
        tiff += (
            tag.to_bytes(2, "little") + b"\4\0" + (1).to_bytes(4, "little") + value.to_bytes(4, "little")
        )
    return encoded(image, "JPEG", exif=b"Exif\0\0" + tiff + b"\0\0\0\0" + preview, quality=95)


def test_a_preview_in_exif_comes_first(drawer: Drawer) -> None:
    content = with_preview(
        Image.effect_noise((3000, 1500), 90).convert("RGB"), encoded(picture((320, 160), BLUE), "JPEG")
    )
    shown = drawer.draw(content, "image/jpeg")
    assert near(shown.getpixel((100, 100)), BLUE)
    assert drawer.bytes_read < len(content) / 4


@pytest.mark.parametrize("size", [(320, 320), (60, 30)])
def test_a_preview_of_another_shape_or_too_small_is_not_taken(
    drawer: Drawer, size: tuple[int, int]
) -> None:
    content = with_preview(picture((1000, 500)), encoded(picture(size, BLUE), "JPEG"))
    assert near(drawer.draw(content, "image/jpeg").getpixel((100, 100)), RED)


def test_the_largest_jpeg_is_decoded_to_a_part_of_its_size(drawer: Drawer) -> None:
    grey = Image.new("L", (12_000, 12_000), 90)
    assert drawer.draw(encoded(grey, "JPEG"), "image/jpeg").size == (320, 320)


def test_the_first_page_of_a_pdf(drawer: Drawer) -> None:
    shown = drawer.draw(encoded(picture((600, 800), BLUE), "PDF"), "application/pdf")
    assert shown.size == (240, 320)
    assert near(shown.getpixel((100, 100)), BLUE)


def test_a_frame_of_a_video(drawer: Drawer) -> None:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_image(picture((640, 360)))))
        container.mux(stream.encode())
    shown = drawer.draw(file.getvalue(), "video/mp4")
    assert shown.size == (320, 180)
    assert near(shown.getpixel((100, 100)), RED)


def test_too_many_pixels_are_not_decoded(drawer: Drawer) -> None:
    with pytest.raises(NoPicture):
        drawer.draw(encoded(Image.new("1", (30_000, 30_000)), "PNG"), "image/png")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "image/svg+xml"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "image/x-eps"),
        (b"\xff\xd8\xff\xe0 nothing", "image/jpeg"),
    ],
)
def test_what_is_no_picture_is_not_drawn(drawer: Drawer, content: bytes, content_type: str) -> None:
    with pytest.raises(OSError):
        drawer.draw(content, content_type)


@pytest.mark.parametrize("content_type", ["text/html", "application/zip", ""])
def test_other_types_are_not_tried(drawer: Drawer, content_type: str) -> None:
    with pytest.raises(NoPicture):
        drawer.draw(b"anything", content_type)


def test_a_job_answers_nothing_for_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(encoded(picture((500, 500)), "PNG")[:200])
    address = StoreAddress(bucket="b", url=f"file://{tmp_path}")
    info: ObjectInfo = FolderStore(address).details("broken.png").info
    assert draw_job(job_of(Drawing(address, info, "image/png", 320)).body) == b""
