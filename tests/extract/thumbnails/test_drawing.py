"""Small pictures from real files, and nothing worse than nothing from hostile ones."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zlib
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageCms
from tests.extract.document_samples import make_docx, word_body
from tests.extract.picture_samples import png_chunk
from tests.extract.thumbnails.drawer import BLUE, RED, Drawer, encoded, near, picture

from bindery.buckets.folder import FolderStore
from bindery.buckets.store import ObjectInfo, StoreAddress
from bindery.extract.thumbnails.job import Drawing, draw_job, job_of, read_job, reading_job
from bindery.extract.thumbnails.no_picture import NoPicture

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


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
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    lines = png_chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    with pytest.raises(NoPicture):
        drawer.draw(b"\x89PNG\r\n\x1a\n" + header + lines, "image/png")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "image/x-eps"),
        (b"\xff\xd8\xff\xe0 nothing", "image/jpeg"),
    ],
)
def test_what_is_no_picture_is_not_drawn(drawer: Drawer, content: bytes, content_type: str) -> None:
    with pytest.raises((OSError, NoPicture)):
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


def heic(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=80, **options)
    return file.getvalue()


def test_a_heic_is_drawn(drawer: Drawer) -> None:
    shown = drawer.draw(heic(picture((800, 400), BLUE)), "image/heic")
    assert shown.size == (320, 160)
    assert near(shown.convert("RGB").getpixel((100, 100)), BLUE)


def test_a_heic_that_is_none_does_no_harm(drawer: Drawer) -> None:
    content = heic(picture((64, 64)))
    seed = random.Random(10)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(8):
            damaged[seed.randrange(len(damaged))] = seed.randrange(256)
        with contextlib.suppress(ValueError, OSError, RuntimeError, EOFError, SyntaxError, NoPicture):
            drawer.draw(bytes(damaged), "image/heic")
    with pytest.raises((ValueError, OSError, RuntimeError, EOFError)):
        drawer.draw(content[: len(content) // 2], "image/heic")


def test_greys_of_sixteen_bits_are_greys(drawer: Drawer) -> None:
    grey = Image.new("I;16", (400, 400), 128 * 257)
    assert near(
        drawer.draw(encoded(grey, "PNG"), "image/png").convert("RGB").getpixel((9, 9)), (128,) * 3, 6
    )
    measured = Image.linear_gradient("L").convert("F").point(lambda value: value * 1000 - 5)
    shown = drawer.draw(encoded(measured, "TIFF"), "image/tiff").convert("L")
    assert shown.getextrema()[0] < 12
    assert shown.getextrema()[1] > 243


def test_colours_of_a_palette_are_mixed(drawer: Drawer) -> None:
    chequered = Image.new("1", (640, 640))
    chequered.putdata([(x + y) % 2 * 255 for y in range(640) for x in range(640)])
    palette = chequered.convert("P")
    assert near(
        drawer.draw(encoded(palette, "GIF"), "image/gif").convert("RGB").getpixel((160, 160)), (127,) * 3
    )


def profile_with_red_for_green() -> bytes:
    """sRGB with two of its primaries changed for each other (ICC.1: a table of tags of twelve bytes from 132 on)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = {bytes(profile[at : at + 4]): at + 4 for at in range(132, 132 + 12 * count, 12)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    profile[red : red + 8], profile[green : green + 8] = profile[green : green + 8], profile[red : red + 8]
    return bytes(profile)


def test_colours_of_a_profile_become_those_of_browsers(drawer: Drawer) -> None:
    content = encoded(picture((200, 200), (240, 10, 10)), "PNG", icc_profile=profile_with_red_for_green())
    shown = drawer.draw(content, "image/png")
    assert near(shown.getpixel((50, 50)), (10, 240, 10))
    assert "icc_profile" not in shown.info
    broken = encoded(picture((200, 200), BLUE), "PNG", icc_profile=b"no profile")
    assert near(drawer.draw(broken, "image/png").getpixel((50, 50)), BLUE)


def test_a_picture_that_is_also_a_page_is_only_a_picture(drawer: Drawer) -> None:
    polyglot = (
        encoded(picture((300, 200)), "JPEG", comment=b"<script>alert(1)</script>") + b"<script>1</script>"
    )
    shown = io.BytesIO()
    drawer.draw(polyglot, "image/jpeg").save(shown, "WEBP")
    assert b"script" not in shown.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "content_type", "words"),
    [
        ("a.txt", b"One\n  two\n" * 9_000, "text/plain", "One\n  two\nOne"),
        ("a.py", "naïve = 1\n".encode(), "text/x-python", "naïve = 1\n"),
        ("a.docx", make_docx(word_body("Dear reader,", "yours")), DOCX, "Dear reader, yours"),
        (
            "a.eml",
            b"From: a@b\nSubject: Hello\nDate: x\n\nYours,\nAnn",
            "message/rfc822",
            "Hello Yours, Ann",
        ),
        ("a.bin", bytes(range(256)), "application/octet-stream", ""),
        ("a.docx", b"PK\3\4", DOCX, ""),
        ("a.txt", bytes(range(32)) * 99, "text/plain", ""),
    ],
)
def test_the_first_words(tmp_path: Path, name: str, content: bytes, content_type: str, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    address = StoreAddress(bucket="b", url=f"file://{tmp_path}")
    info = FolderStore(address).details(name).info
    read = read_job(reading_job(Drawing(address, info, content_type, 0)).body).decode()
    assert read.startswith(words)
    assert len(read) <= 4_000
    assert bool(read) == bool(words)
