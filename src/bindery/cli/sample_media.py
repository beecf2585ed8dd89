"""Makes a small bucket of real media for the demonstration: photos, a video, sound, documents."""

from __future__ import annotations

import colorsys
import math
import struct
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image, ImageDraw
from PIL.TiffImagePlugin import IFDRational

_PLACES = (
    ("hangzhou", 30.250, 120.167, "2024:04:05 08:30:00", "+08:00"),
    ("lisbon", 38.711, -9.136, "2024:06:21 19:45:12", "+01:00"),
    ("wellington", -41.289, 174.777, "2025:01:02 06:15:40", "+13:00"),
)


def make_sample_media(folder: Path) -> int:
    """Fill ``folder`` (made when missing) with sample files; returns how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    makers = (_photos, _pictures, _video, _sound, _documents)
    return sum(1 for maker in makers for _ in maker(folder))


def _photos(folder: Path) -> Iterator[Path]:
    for number, (place, latitude, longitude, moment, offset) in enumerate(_PLACES):
        for size in ((4032, 3024), (1920, 1080)):
            path = _path(folder, f"photos/{place}-{size[0]}.jpg")
            exif = _photo_exif(latitude, longitude, moment, offset)
            _landscape(size, number / len(_PLACES)).save(path, quality=80, exif=exif)
            yield path


def _photo_exif(latitude: float, longitude: float, moment: str, offset: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Bindery", "Sample Camera", 1
    details = exif.get_ifd(0x8769)
    details[0x9003], details[0x9011] = moment, offset
    details[0x829A], details[0x829D] = IFDRational(1, 250), IFDRational(28, 10)
    position = exif.get_ifd(0x8825)
    position[1], position[2] = ("S" if latitude < 0 else "N"), _degrees(latitude)
    position[3], position[4] = ("W" if longitude < 0 else "E"), _degrees(longitude)
    return exif


def _degrees(value: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    seconds = round(abs(value) * 3600 * 100)
    degrees, rest = divmod(seconds, 360_000)
    minutes, hundredths = divmod(rest, 6000)
    return IFDRational(degrees, 1), IFDRational(minutes, 1), IFDRational(hundredths, 100)


def _landscape(size: tuple[int, int], hue: float) -> Image.Image:
    small = Image.new("RGB", (64, 48))
    draw = ImageDraw.Draw(small)
    for row in range(48):
        red, green, blue = colorsys.hsv_to_rgb(hue, 0.7 - row / 96, 0.4 + row / 80)
        draw.line((0, row, 64, row), fill=(int(red * 255), int(green * 255), int(blue * 255)))
    draw.ellipse((44, 6, 54, 16), fill="lightyellow")
    draw.polygon([(0, 48), (20, 22), (34, 38), (48, 26), (64, 48)], fill="dimgray")
    return small.resize(size, Image.Resampling.BICUBIC)


def _pictures(folder: Path) -> Iterator[Path]:
    for number, kind in enumerate(("png", "webp", "gif", "tiff", "bmp")):
        path = _path(folder, f"pictures/drawing.{kind}")
        _landscape((640, 480), number / 5).save(path)
        yield path


def _video(folder: Path) -> Iterator[Path]:
    path = _path(folder, "videos/sunrise.mp4")
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Sunrise"
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(50):
            picture = Image.new("RGB", (640, 360), (number * 5, number * 4, 80))
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    yield path


def _sound(folder: Path) -> Iterator[Path]:
    path = _path(folder, "sounds/tone.wav")
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(22_050)
        samples = (int(12_000 * math.sin(2 * math.pi * 440 * step / 22_050)) for step in range(44_100))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    yield path


def _documents(folder: Path) -> Iterator[Path]:
    text = _path(folder, "documents/readme.txt")
    text.write_text("Bindery follows this folder. Add, change or delete a file and query again.\n", "utf-8")
    yield text
    pdf = _path(folder, "documents/album.pdf")
    pages = [_landscape((595, 842), number / 3) for number in range(3)]
    pages[0].save(pdf, save_all=True, append_images=pages[1:], title="Album", author="Bindery")
    yield pdf
    archive = _path(folder, "documents/album.zip")
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.write(text, "readme.txt")
        bundle.write(pdf, "album.pdf")
    yield archive


def _path(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
