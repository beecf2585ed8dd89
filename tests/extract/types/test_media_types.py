"""What kind of file it is: by content, then name, then the store's claim; signs from the formats' specifications."""

from __future__ import annotations

import io
import struct
import subprocess
import zipfile
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.extract.picture_samples import box, jpeg_of, tiff_bytes

from bindery.extract.types.media_types import MediaType, detect_media_type, media_type_of


def kind(head: bytes, key: str = "file", hint: str | None = None) -> str:
    return detect_media_type(head, key, hint).content_type


def brand(major: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", major, bytes(4), *compatible) + box(b"free")


SIGNS = [
    (jpeg_of(1, 1), "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a\1\0\1\0", "image/gif"),
    (b"GIF89a\1\0\1\0", "image/gif"),
    (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    (b"BM" + bytes(12) + struct.pack("<I", 40), "image/bmp"),
    (tiff_bytes({}), "image/tiff"),
    (tiff_bytes({}, order=">"), "image/tiff"),
    (tiff_bytes({}, version=43), "image/tiff"),
    (b"8BPS\0\1", "image/vnd.adobe.photoshop"),
    (b"\0\0\1\0\2\0", "image/vnd.microsoft.icon"),
    (box(b"jP  ", b"\r\n\x87\n"), "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/x-jp2-codestream"),
    (b"\xff\x0a", "image/jxl"),
    (box(b"JXL ", b"\r\n\x87\n"), "image/jxl"),
    (b"II\xbc\1", "image/vnd.ms-photo"),
    (b"qoif\0\0\0\1", "image/qoi"),
    (brand(b"heic", b"mif1"), "image/heic"),
    (brand(b"mif1", b"heic"), "image/heic"),
    (brand(b"mif1"), "image/heif"),
    (brand(b"avif", b"mif1"), "image/avif"),
    (brand(b"mif1", b"avif"), "image/avif"),
    (brand(b"msf1", b"hevc"), "image/heic-sequence"),
    (brand(b"crx ", b"isom"), "image/x-canon-cr3"),
    (b"FUJIFILMCCD-RAW 0201" + bytes(9), "image/x-fuji-raf"),
    (b"II\x55\0\x18\0\0\0", "image/x-panasonic-rw2"),
    (b"IIRO\x08\0\0\0", "image/x-olympus-orf"),
    (b"IIRS\x08\0\0\0", "image/x-olympus-orf"),
    (b"MMOR\0\0\0\x08", "image/x-olympus-orf"),
    (b"\0MRM\0\0\0\0", "image/x-minolta-mrw"),
    (b"FOVb\0\0\2\0", "image/x-sigma-x3f"),
    (b"II\x1a\0\0\0HEAPCCDR", "image/x-canon-crw"),
    (b"II*\0\x10\0\0\0CR\2\0", "image/x-canon-cr2"),
    (brand(b"qt  "), "video/quicktime"),
    (brand(b"isom", b"mp42"), "video/mp4"),
    (brand(b"M4A "), "audio/mp4"),
    (brand(b"3gp5"), "video/3gpp"),
    (b"\x1a\x45\xdf\xa3" + b"\x42\x82\x84webm", "video/webm"),
    (b"\x1a\x45\xdf\xa3" + b"\x42\x82\x88matroska", "video/x-matroska"),
    (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
    (b"RIFF\0\0\0\0WAVEfmt ", "audio/x-wav"),
    (b"ID3\4\0\0\0\0\0\0", "audio/mpeg"),
    (b"\xff\xfb\x90\x64", "audio/mpeg"),
    (b"\xff\xf1\x50\x80", "audio/aac"),
    (b"fLaC\0\0\0\x22", "audio/flac"),
    (b"OggS" + bytes(24) + b"OpusHead", "audio/opus"),
    (b"OggS" + bytes(24) + b"\x80theora", "video/ogg"),
    (b"FORM\0\0\0\0AIFF", "audio/aiff"),
    ((b"\x47" + bytes(187)) * 3, "video/mp2t"),
    (b"%PDF-1.7", "application/pdf"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08\0", "application/gzip"),
    (bytes(257) + b"ustar", "application/x-tar"),
]


@pytest.mark.parametrize(("head", "content_type"), SIGNS)
def test_signs(head: bytes, content_type: str) -> None:
    assert kind(head) == content_type


@pytest.mark.parametrize(("head", "content_type"), SIGNS)
@pytest.mark.parametrize("key", ["a.txt", "a.jpg", "a.mp3", "a.docx", "a.pdf", "a.unknown", "a"])
def test_a_sign_wins_over_a_wrong_name(head: bytes, content_type: str, key: str) -> None:
    assert kind(head, key) == content_type


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "ICO", "JPEG2000", "AVIF"])
def test_types_are_those_the_system_tells(form: str, tmp_path: Path) -> None:
    """Judged by exiftool's MIME type, which names an icon by its older name."""
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, form)
    (path := tmp_path / "unnamed").write_bytes(stream.getvalue())
    judge = subprocess.run(
        ["exiftool", "-s3", "-MIMEType", path], capture_output=True, text=True, check=True
    )
    expected = judge.stdout.strip().replace("x-icon", "vnd.microsoft.icon")
    assert kind(stream.getvalue()) == expected


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        ("a.dng", "image/x-adobe-dng"),
        ("a.NEF", "image/x-nikon-nef"),
        ("folder.x/a.arw", "image/x-sony-arw"),
        ("a.pef", "image/x-pentax-pef"),
        ("a.srw", "image/x-samsung-srw"),
        ("a.iiq", "image/x-phaseone-iiq"),
        ("a.tif", "image/tiff"),
        ("a", "image/tiff"),
        # A name chooses among the kinds of TIFF, and nothing else.
        ("a.jpg", "image/tiff"),
        ("a.crw", "image/tiff"),
    ],
)
def test_a_name_tells_raws_of_the_tiff_family_apart(key: str, content_type: str) -> None:
    assert kind(tiff_bytes({}), key) == content_type


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        ("photo.jpg", "image/jpeg"),
        ("PHOTO.JPEG", "image/jpeg"),
        ("a.b/c.heic", "image/heic"),
        ("a.cur", "image/vnd.microsoft.icon"),
        ("a.tga", "image/x-tga"),
        ("a.svg", "image/svg+xml"),
        ("a.", "application/octet-stream"),
        (".jpg", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("a.jpg/b", "application/octet-stream"),
    ],
)
def test_without_a_sign_the_name_decides(key: str, content_type: str) -> None:
    assert kind(b"", key) == kind(b"\0\1\2\3" * 9, key) == content_type


def test_without_a_sign_or_a_known_name_the_store_decides() -> None:
    assert kind(bytes(9), "a", "Image/X-Strange; charset=x") == "image/x-strange"
    assert kind(bytes(9), "a.jpg", "text/plain") == "image/jpeg"
    for nothing in (None, "", "application/octet-stream", "binary/octet-stream", ";"):
        assert kind(bytes(9), "a", nothing) == "application/octet-stream"


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"plain words\n", "text/plain"),
        ("Wörter".encode(), "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>', "image/svg+xml"),
        (b"<!doctype html><html>", "text/html"),
        (b"words\0and a zero", "application/octet-stream"),
        (b"\xff" * 64, "application/octet-stream"),
        (b"GIF89a and IIRO, written out", "text/plain"),
        (b"BM is how this sentence begins, and MAC too.", "text/plain"),
    ],
)
def test_text_is_told_from_bytes(head: bytes, content_type: str) -> None:
    assert kind(head) == content_type


def test_zip_packages_by_what_they_declare_and_by_name() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    assert kind(stream.getvalue()) == "application/epub+zip"
    plain = b"PK\3\4" + bytes(60)
    assert kind(plain) == "application/zip"
    assert kind(plain, "a.docx").endswith("wordprocessingml.document")
    assert kind(plain, "a.pdf") == "application/zip"


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("image/jpeg", "image"),
        ("image/x-anything", "image"),
        ("video/mp4", "video"),
        ("application/mxf", "video"),
        ("audio/flac", "audio"),
        ("application/pdf", "document"),
        ("text/anything", "document"),
        ("application/zip", "archive"),
        ("application/octet-stream", "other"),
        ("model/gltf", "other"),
        ("", "other"),
    ],
)
def test_the_vendors_words(content_type: str, media_type: str) -> None:
    assert media_type_of(content_type) == media_type


@given(st.binary(max_size=600), st.text(max_size=30), st.one_of(st.none(), st.text(max_size=30)))
def test_arbitrary_files_have_a_type(head: bytes, key: str, hint: str | None) -> None:
    found = detect_media_type(head, key, hint)
    assert isinstance(found, MediaType)
    assert found.media_type in ("image", "video", "audio", "document", "archive", "other")


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"FRM8" + bytes(8) + b"DSD FVER", "audio/x-dff"),
        (b"tBaK\0\0\x1a", "audio/x-tak"),
        (b"\xac\x41\xff\xff\0\0\x80", "audio/ac4"),
        (b"\x56\xe0\x04\0\0\0\0\x56\xe0\x04", "audio/x-latm"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "audio/x-wav"),
        (b"RIFF\0\1\0\0QLCMfmt ", "audio/qcelp"),
        (b"FORM\0\0\1\x008SVXVHDR", "audio/8svx"),
        (b".snd\0\0\0\x18", "audio/basic"),
        (b"riff\x2e\x91\xcf\x11\xa5\xd6", "audio/x-w64"),
        (b"\x7f\xfe\x80\x01\xfc", "audio/vnd.dts"),
        (bytes(4) + b"\xf8\x72\x6f\xba", "audio/vnd.dolby.mlp"),
        (b"MThd\0\0\0\6", "audio/midi"),
        (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", "application/mxf"),
        (b"DKIF\0\0\x20\0", "video/x-ivf"),
        (b"\x1f\x07\0\x3f", "video/x-dv"),
        (b"\0\0\0\x01\x67\x64", "video/h264"),
        (b"\0\0\0\x01\x40\x01\x0c", "video/h265"),
        (b"\xb7\xd8\0\x20\x37\x49\xda\x11", "video/x-ms-wtv"),
        (b"Extended Module: x\x1a", "audio/x-xm"),
        (b"\x80\0\0\x20" + bytes(26) + b"(c)CRI", "audio/x-adx"),
        (bytes(20) + b"vs12\0", "audio/x-apm"),
        (b"\x22\x56\0\0\xbb\0\0\0\2\0\x0c\x63\1\1\1\1\xaf\xde\0\0", "audio/x-wsaud"),
        (b"KVAG\0\xc0\0\0", "audio/x-kvag"),
        (b"\x72\xf8\x1f\x4e\1\0", "audio/x-spdif"),
        (b"\0\x0aSMJPEG\0\0", "video/x-smjpeg"),
        (b"--frame\r\nContent-type: image/jpeg\r\n\r\n\xff\xd8\xff\xe0\0", "video/x-motion-jpeg"),
        (b"Interplay MVE File\x1a\0", "video/x-interplay"),
        (b"FORM\0\0\1\0RLV2", "video/x-rl2"),
    ],
)
def test_less_common_media(head: bytes, content_type: str) -> None:
    assert kind(head) == content_type
    assert detect_media_type(head, "file").media_type in ("audio", "video")


OTHERS = (
    "adf ans aqt art asc cgi dat diz ice idf idx mcc mpl2 nfo pjs rgb rt sami sbg scc smi stl str sub txt v vb vt vtt "
    "webvtt xl bitpacked"
)
"""Drawings of letters, subtitles and captions, a listing, and what other kinds of files are called mostly."""


def test_every_extension_that_libav_lists_is_known() -> None:
    missing = set()
    for name in av.formats_available:
        try:
            listed = av.format.ContainerFormat(name, "r").extensions
        except ValueError:  # for writing alone
            continue
        kinds = {one: detect_media_type(b"\1\2\0\0" * 16, f"x.{one}").media_type for one in listed}
        missing |= {one for one, found in kinds.items() if found not in ("audio", "video", "image")}
    assert missing - set(OTHERS.split()) == set()


def test_text_that_begins_like_a_sign_is_text() -> None:
    for text in (b"FILM at eleven", b"module go.mod", b"2BIT or not", b"070701 is a date", b"SIFF"):
        assert kind(text, "notes.txt") == "text/plain"
    assert kind(b"module example.org/x\n", "go.mod") == "text/plain"


CHINESE = "中华人民共和国成立于一九四九年"


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a", "a.mp3"])
def test_a_byte_order_mark_wins_over_a_frame_of_mpeg(charset: str, name: str) -> None:
    """FF FE begins a frame of layer I too; Notepad's "Unicode" begins so."""
    for words in (CHINESE, "대한민국 헌법 제1조", "日本国憲法", "Привет", "plain"):
        mark = b"\xfe\xff" if charset == "utf-16-be" else b""
        assert kind(mark + words.encode(charset), name) == "text/plain"
    csv = "年,名\r\n".encode("utf-16")
    assert kind(csv, "a.csv") == "text/csv"


def test_mpeg_audio_has_a_second_frame() -> None:
    """Layer III at 128 kbit/s and 44.1 kHz: 417 bytes without padding."""
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    assert kind(frame * 3, "a") == "audio/mpeg"
    assert kind(frame + bytes(500), "a") == "application/octet-stream"
    adts = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)
    assert kind(adts * 20, "a") == "audio/aac"
    assert kind(adts + bytes(100), "a") == "application/octet-stream"


def test_text_in_an_old_charset_is_text_also_without_a_name() -> None:
    assert kind("Größe und Straße, wie überall sonst\n".encode("latin-1"), "README") == "text/plain"
    assert kind((CHINESE * 5).encode("gbk"), "README") == "text/plain"
    assert kind(CHINESE.encode("utf-16-le") * 9, "README") == "text/plain"
    assert kind(bytes(range(256)), "README") == "application/octet-stream"


@pytest.mark.parametrize("name", ["a.jpg", "a.mp3", "a.mov", "a.docx", "a.zip"])
def test_text_under_the_name_of_what_has_a_sign(name: str) -> None:
    assert kind(b"this is no such file\n", name) == "text/plain"
    assert kind(b"<!doctype html><title>not found</title>", name) == "text/html"


def test_fonts_are_known() -> None:
    """RFC 8081."""
    for name, head, told in (
        ("a.ttf", b"\0\1\0\0\0\x0f" + bytes(64), "font/ttf"), ("a", b"OTTO\0\x0b" + bytes(64), "font/otf"),
        ("a.ttc", b"ttcf\0\1\0\0" + bytes(64), "font/collection"), ("a", b"wOFF\0\1\0\0", "font/woff"),
        ("a.bin", b"wOF2\0\1\0\0", "font/woff2"), ("a.eot", bytes(64), "application/vnd.ms-fontobject"),
    ):  # fmt: skip
        found = detect_media_type(head, name)
        assert (found.content_type, found.media_type) == (told, "other"), name
