"""One object in, one outcome out: what the listing tells, what the bytes tell, and every way to fail."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from tests.extract.picture_samples import ALL, exif_block, extract_path, request_of

from bindery.buckets.registry import parse_store
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    Capabilities,
    ObjectChanged,
    ObjectDetails,
    ObjectInfo,
    ObjectNotFound,
    StoreAddress,
    StoreError,
    StoreUnavailable,
)
from bindery.extract import extract as module
from bindery.extract.extract import EXTRACTOR_VERSION, extract, failed_extraction, merge, store_failure
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader, ReadLimitExceeded
from bindery.extract.types.media_types import detect_media_type
from bindery.file import File

SECOND_OF_SOUND = b"RIFF" + struct.pack(
    "<I4s4sIHHIIHH4sI", 8_036, b"WAVE", b"fmt ", 16, 1, 1, 8_000, 8_000, 1, 8, b"data", 8_000
)
SECOND_OF_SOUND += bytes([128]) * 8_000


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.new("RGB", (40, 30)).save(path := tmp_path / "photo.jpg", exif=b"Exif\0\0" + exif_block())
    os.utime(path, ns=(0, 1_642_126_252_839_480_130))
    return path


def run(request: ExtractionRequest, **limits: int) -> Extraction:
    return extract(request, ExtractionLimits(**limits))


def code(extraction: Extraction) -> str | None:
    return extraction.failure and extraction.failure.partition(":")[0]


def test_a_photo_has_what_the_listing_and_the_bytes_tell(photo: Path) -> None:
    extraction = run(request_of(photo))
    file = extraction.file
    assert (extraction.failure, extraction.retryable) == (None, False)
    assert extraction.extractor_version == EXTRACTOR_VERSION
    assert 0 < extraction.bytes_read <= photo.stat().st_size
    assert (file.filename, file.size) == ("photo.jpg", photo.stat().st_size)
    assert file.file_modified_time == "2022-01-14T10:10:52.83948013+08:00"
    assert file.etag == f'"{request_of(photo).object.etag}"'
    assert (file.content_type, file.media_type) == ("image/jpeg", "image")
    assert (file.oss_storage_class, file.oss_object_type, file.object_acl) == (
        "Standard",
        "Normal",
        "default",
    )
    assert (file.image_width, file.image_height, file.orientation) == (40, 30, 6)


@pytest.mark.parametrize(
    ("operators", "present", "absent"),
    [
        ({Operator.OSS_META}, {"size", "filename", "etag"}, {"content_type", "image_width"}),
        ({Operator.MIME}, {"content_type", "media_type"}, {"size", "image_width"}),
        (
            {Operator.EXIF},
            {"image_width", "exif", "produce_time", "lat_long"},
            {"size", "content_type", "addresses"},
        ),
        ({Operator.EXIF, Operator.REGEO}, {"addresses"}, {"size"}),
        (set(), set(), {"size", "content_type", "image_width"}),
    ],
)
def test_operators_choose_the_fields(
    operators: set[Operator], present: set[str], absent: set[str], photo: Path
) -> None:
    file = run(request_of(photo, frozenset(operators))).file
    assert {name for name in present | absent if getattr(file, name) is not None} == present


@pytest.mark.parametrize(
    ("name", "content", "ran"),
    [
        ("photo.jpg", None, {Operator.EXIF, Operator.REGEO}),
        ("nowhere.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\2\0\0\0\3\x08\0\0\0\0", {Operator.EXIF}),
        ("sound.wav", SECOND_OF_SOUND, {Operator.MEDIA_META}),
        ("words.txt", b"some words", {Operator.EXTRACT_DOCUMENT_TEXT}),
        ("unknown.bin", b"\0\1\2\3", set()),
    ],
)
def test_what_is_on_the_bill_has_worked_on_the_file(
    name: str, content: bytes | None, ran: set[Operator], photo: Path
) -> None:
    """Those for every file, that of its kind, and the look-up of a place if there is one."""
    (path := photo.parent / name).write_bytes(photo.read_bytes() if content is None else content)
    always = {Operator.OSS_META, Operator.MIME}
    assert set(extract_path(path).operators) == always | ran
    assert set(extract_path(path, frozenset(always)).operators) == always
    assert extract_path(path, frozenset({Operator.OSS_META})).operators == (Operator.OSS_META,)


def test_nothing_is_on_the_bill_of_a_file_that_failed(tmp_path: Path) -> None:
    (path := tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    extraction = extract_path(path)
    assert (code(extraction), extraction.operators) == ("ParseFailed", ())


@pytest.mark.parametrize(
    ("name", "content", "content_type", "failed"),
    [
        ("photo.png", None, "image/jpeg", False),
        ("photo", None, "image/jpeg", False),
        ("photo.docx", None, "image/jpeg", False),
        ("photo.mp4", None, "image/jpeg", False),
        ("empty.jpg", b"", "image/jpeg", True),
        ("empty", b"", "application/octet-stream", False),
        ("zeros.jpg", bytes(100), "image/jpeg", True),
        ("noise.bin", bytes(range(256)) * 4, "application/octet-stream", False),
    ],
)
def test_content_wins_over_the_name(
    name: str, content: bytes | None, content_type: str, failed: bool, photo: Path
) -> None:
    (path := photo.parent / name).write_bytes(photo.read_bytes() if content is None else content)
    extraction = extract_path(path)
    assert extraction.file.content_type == content_type
    assert code(extraction) == ("ParseFailed" if failed else None)
    assert (extraction.file.size, extraction.file.filename) == (path.stat().st_size, name)
    assert extraction.file.file_modified_time is not None


@pytest.mark.parametrize(
    "name", ["photo.jpg", "deep/er/photo.jpg", "Ünï çødé \N{CAMERA}.jpg", "no name", "-n.jpg"]
)
def test_names_of_every_kind(name: str, photo: Path, tmp_path: Path) -> None:
    path = tmp_path / "bucket" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(photo.read_bytes())
    address = parse_store("bucket", str(tmp_path / "bucket"))
    key = str(path.relative_to(tmp_path / "bucket"))
    info = ObjectInfo(key, path.stat().st_size, request_of(path).object.etag, path.stat().st_mtime_ns)
    extraction = run(ExtractionRequest(address=address, object=info, operators=ALL))
    assert (extraction.failure, extraction.file.filename, extraction.file.image_width) == (None, key, 40)


def test_a_file_that_changed_since_it_was_listed_is_retried(photo: Path) -> None:
    request = request_of(photo)
    os.utime(photo, ns=(0, 1))
    extraction = run(request)
    assert (code(extraction), extraction.retryable) == ("ObjectChanged", True)
    assert (extraction.file.size, extraction.file.media_type) == (photo.stat().st_size, "image")


def test_a_file_that_is_gone_and_one_that_became_a_folder(photo: Path) -> None:
    request = request_of(photo)
    photo.unlink()
    assert code(run(request)) == "ObjectNotFound"
    photo.mkdir()
    assert code(run(request)) == "ObjectNotFound"


@pytest.mark.parametrize("empty", [False, True])
def test_a_version_that_need_not_be_read_is_still_there(empty: bool, photo: Path) -> None:
    """What was listed may be gone again when it is extracted; an entry of it would stay."""
    operators = frozenset(Operator) if empty else frozenset({Operator.OSS_META})
    path = photo.with_suffix(".bin")
    path.write_bytes(b"" if empty else photo.read_bytes())
    request = request_of(path, operators)
    assert run(request).failure is None
    os.utime(path, ns=(0, 1))
    changed = run(request)
    assert (code(changed), changed.retryable) == ("ObjectChanged", True)
    path.unlink()
    assert code(run(request)) == "ObjectNotFound"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(photo: Path) -> None:
    photo.chmod(0)
    extraction = run(request_of(photo))
    assert (code(extraction), extraction.retryable) == ("AccessDenied", False)


def test_the_read_limit_ends_one_file(photo: Path) -> None:
    extraction = run(request_of(photo), read_bytes=100)
    assert code(extraction) == "ReadLimit"
    assert extraction.file.filename == "photo.jpg"


class Scripted:
    """A store that answers as a test says."""

    capabilities = Capabilities(etag="content", time_resolution_ns=1, details=True, watch=False)

    def __init__(self, details: ObjectDetails | StoreError, data: bytes | Exception = b"") -> None:
        self._details, self._data = details, data

    def details(self, key: str) -> ObjectDetails:
        if isinstance(self._details, StoreError):
            raise self._details
        return self._details

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        if isinstance(self._data, Exception):
            raise self._data
        return self._data[offset : offset + length]


def scripted(
    monkeypatch: pytest.MonkeyPatch,
    store: Scripted,
    key: str = "notes.bin",
    etag: str = "etag",
    size: int = 5,
) -> Extraction:
    monkeypatch.setattr(module, "_store", lambda address: store)
    info = ObjectInfo(key, size, etag, 0)
    return run(ExtractionRequest(address=StoreAddress(bucket="b", url="x://"), object=info, operators=ALL))


def details(etag: str = "etag", **fields: object) -> ObjectDetails:
    return ObjectDetails(info=ObjectInfo("notes.bin", 5, etag, 0), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "failure", "retryable"),
    [
        (ObjectNotFound("gone"), "ObjectNotFound: gone", False),
        (ObjectChanged("new"), "ObjectChanged: new", True),
        (AccessDenied("no"), "AccessDenied: no", False),
        (StoreUnavailable("away"), "StoreUnavailable: away", True),
        (BucketNotFound("no bucket"), "StoreUnavailable: no bucket", False),
    ],
)
def test_errors_of_the_store(
    error: StoreError, failure: str, retryable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store_failure(error) == failure
    for store in (Scripted(error), Scripted(details(), error)):
        extraction = scripted(monkeypatch, store, key="photo.jpg")
        assert (extraction.failure, extraction.retryable) == (failure, retryable)
        assert (extraction.file.media_type, extraction.file.size) == ("image", 5)


def test_what_a_request_for_the_object_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    told = details(
        content_type="image/x-unheard-of",
        crc64="12345",
        version_id="v1",
        cache_control="no-cache",
        content_disposition="attachment",
        content_encoding="gzip",
        content_language="zh",
        expires="Fri, 28 Feb 2012 05:38:42 GMT",
        acl="private",
        user_metadata={"color": "red", "x-oss-meta-owner": "me"},
        tags={"a": "1", "b": "2"},
    )
    file = scripted(monkeypatch, Scripted(told, bytes(5))).file
    assert file.content_type == "image/x-unheard-of"
    assert (file.oss_crc64, file.oss_version_id, file.object_acl) == ("12345", "v1", "private")
    assert (file.cache_control, file.content_disposition) == ("no-cache", "attachment")
    assert (file.content_encoding, file.content_language) == ("gzip", "zh")
    assert file.oss_expiration == "Fri, 28 Feb 2012 05:38:42 GMT"
    assert file.oss_user_meta == {"x-oss-meta-color": "red", "x-oss-meta-owner": "me"}
    assert (file.oss_tagging, file.oss_tagging_count) == ({"a": "1", "b": "2"}, 2)


@pytest.mark.parametrize("claimed", ["application/vnd.ms-fontobject", "application/vnd.ms-pki.stl"])
def test_other_types_of_microsoft_are_no_documents(claimed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    extraction = scripted(monkeypatch, Scripted(details(content_type=claimed), bytes(5)))
    assert (extraction.failure, extraction.file.content_type) == (None, claimed)
    assert (extraction.file.media_type, extraction.file.extraction_notes) == ("other", None)


MD5 = hashlib.md5(b"12345").digest()


@pytest.mark.parametrize(
    ("content_md5", "etag", "expected"),
    [
        (base64.b64encode(MD5).decode(), "anything", MD5),
        (None, MD5.hex().upper(), None),
        (None, MD5.hex() + "-3", None),
        (None, "z" * 32, None),
        ("not base64!", "etag", None),
    ],
)
def test_a_digest_is_told_only_where_the_store_told_it(
    content_md5: str | None, etag: str, expected: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = details(etag, content_md5=content_md5)
    file = scripted(monkeypatch, Scripted(told, b"12345"), etag=etag).file
    assert file.content_md5 == (None if expected is None else base64.b64encode(expected).decode())
    assert file.file_hash == (None if expected is None else expected.hex())


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ValueError("odd \ud800 text"), "ParseFailed: ValueError: odd ? text"),
        (RecursionError("deep"), "ParseFailed: RecursionError: deep"),
        (Unreadable("ParseFailed", "half", Extracted(file=File(title="found"))), "ParseFailed: half"),
        (MemoryError(), "MemoryLimit: the file needs more memory than one file may use"),
        (ReadLimitExceeded("read limit"), "ReadLimit: read limit"),
        (StoreUnavailable("away"), "StoreUnavailable: away"),
    ],
)
def test_whatever_an_extractor_raises_becomes_an_outcome(
    error: Exception, failure: str, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_it(reader: RangeReader, request: ExtractionRequest) -> Extracted:
        raise error

    monkeypatch.setattr(module, "_load", lambda entry: raise_it)
    extraction = run(request_of(photo))
    assert extraction.failure == failure
    assert (extraction.file.filename, extraction.file.media_type) == ("photo.jpg", "image")
    assert extraction.file.title == ("found" if isinstance(error, Unreadable) else None)


def test_an_error_of_the_store_that_an_extractor_swallowed_is_still_the_stores(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swallow(reader: RangeReader, request: ExtractionRequest) -> Extracted:
        reader.error = StoreUnavailable("away")
        raise ValueError("the file looks odd")

    monkeypatch.setattr(module, "_load", lambda entry: swallow)
    extraction = run(request_of(photo))
    assert (code(extraction), extraction.retryable) == ("StoreUnavailable", True)


def test_an_address_that_makes_no_sense_is_an_outcome_too(photo: Path) -> None:
    request = ExtractionRequest(
        address=StoreAddress(bucket="b", url="gopher://x"), object=request_of(photo).object, operators=ALL
    )
    assert run(request).failure is not None


@pytest.mark.parametrize("key", ["a.dng", "a.cr2", "a.nef", "a.x3f"])
def test_raws_and_pictures_have_extractors_of_their_own(key: str) -> None:
    def extractor(name: str) -> str | None:
        media = detect_media_type(bytes(64), name)
        return next((entry.function for entry in module.EXTRACTORS if entry.applies(media)), None)

    assert extractor(key) == "extract_raw"
    assert {extractor(name) for name in ("a.jpg", "a.psd", "a.tga", "a.pcx", "a.svg")} == {"extract_image"}
    assert extractor("a.bin") is None


def test_every_extractor_can_be_loaded() -> None:
    assert all(callable(module._load(entry)) for entry in module.EXTRACTORS)


def test_merge_keeps_what_the_other_does_not_set() -> None:
    merged = merge(File(title="a", size=1), File(size=2, filename="n"))
    assert (merged.title, merged.size, merged.filename) == ("a", 2, "n")


def test_a_failed_extraction_has_the_type_of_the_name(photo: Path) -> None:
    extraction = failed_extraction(request_of(photo), "TimeLimit: too long", retryable=True)
    assert (extraction.file.content_type, extraction.file.size) == ("image/jpeg", photo.stat().st_size)
    assert (extraction.failure, extraction.retryable, extraction.bytes_read) == (
        "TimeLimit: too long",
        True,
        0,
    )


def test_a_file_that_hits_a_limit_keeps_the_type_its_first_bytes_told(tmp_path: Path) -> None:
    from tests.extract.picture_samples import exif_segment, jpeg_of, jpeg_segment, request_of

    segments = [jpeg_segment(0xE0 + at % 4 + 2, bytes(60_000 + at)) for at in range(40)]
    (path := tmp_path / "object").write_bytes(jpeg_of(40, 30, exif_segment(), *segments))
    extraction = extract(request_of(path), ExtractionLimits(read_bytes=1_000_000))
    assert (extraction.failure or "").startswith("ReadLimit: ")
    assert (extraction.file.content_type, extraction.file.media_type) == ("image/jpeg", "image")


def test_the_type_is_left_before_the_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of a file whose worker does not come back: its bytes tell more than its name."""
    left: list[bytes] = []
    monkeypatch.setattr(module, "leave", left.append)
    (tmp_path / "x.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
    run(request_of(tmp_path / "x.txt"))
    run(request_of(tmp_path / "y.zip"))
    assert left[0] == b"image/png"
    assert left[-1] == b"application/vnd.openxmlformats-officedocument.wordprocessingml.document"
