"""What files that are no pictures carry of themselves: posters, covers, pages, thumbnails of documents."""

from __future__ import annotations

import base64
import io
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from tests.extract.document_samples import make_pdf, make_zip
from tests.extract.picture_samples import png_chunk
from tests.extract.thumbnails.drawer import BLUE, GREEN, RED, Drawer, encoded, jpeg, middle, near, picture

from bindery.extract.extractor import Unreadable
from bindery.extract.thumbnails.no_picture import NoPicture

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
_HEADER = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
BOMB = (
    b"\x89PNG\r\n\x1a\n"
    + _HEADER
    + png_chunk(b"IDAT", zlib.compress(bytes(900_000)))
    + png_chunk(b"IEND", b"")
)


def run_ffmpeg(folder: Path, name: str, *arguments: str) -> bytes:
    """A file made by ffmpeg."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, name], cwd=folder, check=True, timeout=120)
    return (folder / name).read_bytes()


def mp3_with_cover(cover: bytes, kind: str = "image/jpeg") -> bytes:
    """ID3v2.3 with a picture, and frames of silence (MPEG 1 layer 3, 128 kbit/s, 44.1 kHz)."""
    body = b"\0" + kind.encode() + b"\0\3\0" + cover
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    size = len(frame)
    sized = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + sized + frame + (b"\xff\xfb\x90\x00" + bytes(413)) * 50


def flac_with_cover(cover: bytes) -> bytes:
    kind = b"image/jpeg"
    body = (
        struct.pack(">II", 3, len(kind))
        + kind
        + bytes(4)
        + bytes(16)
        + struct.pack(">I", len(cover))
        + cover
    )
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + bytes.fromhex("0ac442f000000000") + bytes(16)
    return b"fLaC\0\0\0\x22" + info + b"\x86" + len(body).to_bytes(3, "big") + body


def epub(manifest: str, meta: str = "", **parts: bytes) -> bytes:
    package = f"<package><metadata>{meta}</metadata><manifest>{manifest}</manifest><spine/></package>"
    container = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    named = {f"OEBPS/{name}": content for name, content in parts.items()}
    return make_zip({"META-INF/container.xml": container, "OEBPS/book.opf": package, **named})


def open_xml(thumbnail: bytes, name: str = "docProps/thumbnail.jpeg") -> bytes:
    kind = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail"
    relations = f'<Relationships><Relationship Id="r" Type="{kind}" Target="/{name}"/></Relationships>'
    return make_zip({"_rels/.rels": relations, name: thumbnail, "word/document.xml": "<w/>"})


@pytest.mark.parametrize("content_type", ["audio/mpeg", "audio/flac"])
def test_the_cover_of_a_sound(drawer: Drawer, content_type: str) -> None:
    make = mp3_with_cover if content_type == "audio/mpeg" else flac_with_cover
    shown = drawer.draw(make(jpeg((600, 600), GREEN)), content_type)
    assert shown.size == (320, 320)
    assert near(middle(shown), GREEN)


def test_the_cover_of_a_sound_in_mp4(drawer: Drawer, tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_bytes(jpeg((500, 400), BLUE))
    sound = run_ffmpeg(
        tmp_path, "a.m4a", "-f", "lavfi", "-i", "anullsrc=d=1", "-i", "cover.jpg", "-map", "0", "-map", "1",
        "-c:v", "copy", "-disposition:v:0", "attached_pic",
    )  # fmt: skip
    assert near(middle(drawer.draw(sound, "audio/mp4")), BLUE)


def test_a_sound_without_a_cover_has_no_picture(drawer: Drawer, tmp_path: Path) -> None:
    sound = run_ffmpeg(tmp_path, "a.ogg", "-f", "lavfi", "-i", "anullsrc=d=1")
    with pytest.raises(NoPicture):
        drawer.draw(sound, "audio/ogg")


def test_a_poster_is_not_of_the_black_beginning(drawer: Drawer, tmp_path: Path) -> None:
    source = "color=black:s=160x90:d=0.2:r=10[a];color=green:s=160x90:d=3.8:r=10[b];[a][b]concat"
    video = run_ffmpeg(
        tmp_path,
        "a.webm",
        "-filter_complex",
        source,
        "-g",
        "3",
        "-c:v",
        "libvpx",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-b:v",
        "200k",
    )
    assert near(middle(drawer.draw(video, "video/webm")), (0, 128, 0), 40)


def test_a_poster_is_turned_and_in_its_shape(drawer: Drawer, tmp_path: Path) -> None:
    run_ffmpeg(
        tmp_path, "flat.mp4", "-f", "lavfi", "-i", "color=red:s=320x180:d=1:r=5", "-c:v", "mpeg4",
        "-vf", "setsar=2/1",
    )  # fmt: skip
    assert drawer.draw((tmp_path / "flat.mp4").read_bytes(), "video/mp4").size == (320, 90)
    content = bytearray((tmp_path / "flat.mp4").read_bytes())
    matrix = content.find(b"tkhd") + 44  # a quarter turn, as a phone that stands upright writes it
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    assert drawer.draw(bytes(content), "video/mp4").size == (90, 320)


def test_pages_of_a_pdf(drawer: Drawer) -> None:
    file = io.BytesIO()
    pages = [picture((600, 800), colour) for colour in (RED, GREEN, BLUE)]
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:])
    for number, colour in enumerate((RED, GREEN, BLUE)):
        assert near(middle(drawer.draw(file.getvalue(), "application/pdf", page=number)), colour)
    with pytest.raises(NoPicture):
        drawer.draw(file.getvalue(), "application/pdf", page=3)


def test_the_thumbnail_of_an_office_document(drawer: Drawer) -> None:
    shown = drawer.draw(open_xml(jpeg((256, 200), GREEN)), DOCX)
    assert shown.size == (256, 200)
    assert near(middle(shown), GREEN)
    named = drawer.draw(open_xml(encoded(picture((90, 70), BLUE), "PNG"), "other/picture.png"), DOCX)
    assert named.size == (90, 70)
    open_document = make_zip({"Thumbnails/thumbnail.png": encoded(picture((180, 256), RED), "PNG")})
    assert drawer.draw(open_document, ODT).size == (180, 256)


@pytest.mark.parametrize(
    "content", [make_zip({"word/document.xml": "<w/>"}), open_xml(b"\xd7\xcd\xc6\x9a wmf")]
)
def test_a_document_without_a_thumbnail(drawer: Drawer, content: bytes) -> None:
    with pytest.raises(NoPicture):
        drawer.draw(content, DOCX)


@pytest.mark.parametrize(
    ("manifest", "meta"),
    [
        ('<item id="c" href="front.jpg" properties="cover-image"/>', ""),
        ('<item id="c" href="front.jpg"/>', '<meta name="cover" content="c"/>'),
        ('<item id="x" href="page.xhtml"/><item id="y" href="Cover%20art.jpg"/>', ""),
    ],
)
def test_the_cover_of_a_book(drawer: Drawer, manifest: str, meta: str) -> None:
    cover = jpeg((400, 600), BLUE)
    book = epub(manifest, meta, **{"front.jpg": cover, "Cover art.jpg": cover, "page.xhtml": b"<html/>"})
    assert near(middle(drawer.draw(book, EPUB)), BLUE)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (mp3_with_cover(BOMB, "image/png"), "audio/mpeg"),
        (open_xml(BOMB), DOCX),
        (epub('<item href="a.png" properties="cover-image"/>', **{"a.png": BOMB}), EPUB),
        (epub("", "", **{"a.png": BOMB}), EPUB),
        (make_pdf(["words"])[:200], "application/pdf"),
        (b"PK\3\4 no more", DOCX),
        (b"#EXTM3U\nfile:///etc/passwd\n", "video/mp4"),
        (base64.b64decode("GkXfo6NChoEBQveBAULygQRC84EIQoKEd2VibUKHgQRChYECGFOAZwH/////////"), "video/webm"),
    ],
)  # fmt: skip
def test_what_is_hostile_or_broken_is_not_drawn(drawer: Drawer, content: bytes, content_type: str) -> None:
    with pytest.raises((NoPicture, Unreadable, OSError, RuntimeError)):
        drawer.draw(content, content_type)


@pytest.mark.parametrize("part", ["preview.jpg", "QuickLook/Thumbnail.jpg", "preview-micro.jpg"])
def test_documents_of_iwork_carry_their_preview(drawer: Drawer, part: str) -> None:
    content = make_zip({"Index/Document.iwa": b"\0\1", part: jpeg((300, 400), GREEN)})
    for name, content_type in (
        ("letter.pages", "application/zip"),
        ("Talk.KEY", "application/zip"),
        ("object", "application/vnd.apple.numbers"),
    ):
        assert near(middle(drawer.draw(content, content_type, name=name)), GREEN)
    with pytest.raises(NoPicture):
        drawer.draw(content, "application/zip", name="album.zip")
    with pytest.raises((NoPicture, Unreadable, OSError)):
        drawer.draw(make_zip({"Index/Document.iwa": b"\0\1"}), "application/zip", name="bare.pages")
