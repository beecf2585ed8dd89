"""The range reader: a file over a store whose reads are aligned, counted, limited and remembered."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.extract.picture_samples import Bytes, reader_of

from bindery.buckets.store import ObjectChanged, ObjectInfo, StoreUnavailable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader, ReadLimitExceeded

BLOCK = 64 * 1024
DATA = bytes(range(256)) * 2048  # 512 KiB
SIZE = len(DATA)


def open_reader(data: bytes = DATA, **limits: int) -> tuple[RangeReader, Bytes]:
    store = Bytes(data)
    return RangeReader(store, ObjectInfo("key", len(data), "etag", 0), ExtractionLimits(**limits)), store


Action = tuple[str, int, int]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["read", "seek", "seek from here", "seek from the end", "peek", "into"]),
            st.integers(-SIZE, SIZE + BLOCK),
            st.integers(0, 3 * BLOCK),
        ),
        max_size=20,
    )
)
def test_it_does_what_a_file_does(actions: list[Action]) -> None:
    reader, _ = open_reader()
    file = io.BytesIO(DATA)
    for action in actions:
        assert _do(reader, action) == _do(file, action)
        assert reader.tell() == file.tell()


def _do(file: RangeReader | io.BytesIO, action: Action) -> object:
    name, offset, length = action
    whence = {"seek": io.SEEK_SET, "seek from here": io.SEEK_CUR, "seek from the end": io.SEEK_END}
    if name in whence:
        position = (0, file.tell(), SIZE)[whence[name]] + offset
        return file.seek(offset, whence[name]) if position >= 0 else None
    if name == "peek":
        start = max(offset, 0)
        return (
            file.peek_at(start, length) if isinstance(file, RangeReader) else DATA[start : start + length]
        )
    if name == "into":
        buffer = bytearray(length)
        return file.readinto(buffer), bytes(buffer)
    return file.read(length - 1 if length == 0 else length)


def test_a_seek_before_the_start_is_refused() -> None:
    reader, _ = open_reader()
    with pytest.raises(ValueError, match="before the start"):
        reader.seek(-1)
    with pytest.raises(ValueError, match="before the start"):
        reader.seek(-SIZE - 1, io.SEEK_END)
    assert reader.tell() == 0


def test_libraries_take_it_for_a_file() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("name", b"content" * 1000)
    reader = reader_of(stream.getvalue())
    assert (reader.readable(), reader.seekable(), reader.writable()) == (True, True, False)
    assert zipfile.ZipFile(reader).read("name") == b"content" * 1000
    assert reader_of(b"all of it").readall() == b"all of it"
    assert io.BufferedReader(reader_of(b"a line\nand another")).readlines() == [b"a line\n", b"and another"]


def test_reads_are_whole_aligned_blocks() -> None:
    reader, store = open_reader()
    assert reader.peek_at(BLOCK + 10, 5) == DATA[BLOCK + 10 : BLOCK + 15]
    assert store.reads == [(BLOCK, BLOCK)]
    reader.peek_at(SIZE - 3, 100)
    assert store.reads[1:] == [(SIZE - BLOCK, BLOCK)]


def test_a_block_is_fetched_once() -> None:
    reader, store = open_reader()
    for at in range(0, BLOCK, 1000):
        reader.peek_at(at, 100)
    assert store.reads == [(0, BLOCK)]
    assert reader.bytes_read == BLOCK


def test_neighbouring_blocks_are_fetched_with_one_request() -> None:
    reader, store = open_reader()
    reader.peek_at(3 * BLOCK, 1)
    reader.peek_at(10, 6 * BLOCK)
    assert store.reads == [(3 * BLOCK, BLOCK), (0, 3 * BLOCK), (4 * BLOCK, 3 * BLOCK)]
    assert reader.bytes_read == 7 * BLOCK


def test_a_read_longer_than_the_cache_is_whole() -> None:
    data = bytes(20 * 1024 * 1024)
    reader, store = open_reader(data)
    assert len(reader.read()) == len(data)
    assert store.reads == [(0, len(data))]
    assert len(reader._blocks) <= len(data) // BLOCK
    reader.peek_at(0, 1)
    assert len(reader._blocks) <= len(data) // BLOCK


def test_few_blocks_are_remembered() -> None:
    reader, _ = open_reader(bytes(20 * 1024 * 1024))
    for number in range(300):
        reader.peek_at(number * BLOCK, 1)
    assert len(reader._blocks) <= 128


def test_nothing_is_read_past_the_end_or_of_an_empty_object() -> None:
    reader, store = open_reader()
    assert reader.peek_at(SIZE, 10) == b""
    assert reader.peek_at(10 * SIZE, 10) == b""
    reader.seek(2 * SIZE)
    assert reader.read(5) == b""
    assert open_reader(b"")[0].read() == b""
    assert store.reads == []


def test_the_read_limit_ends_a_file_before_it_is_passed() -> None:
    reader, store = open_reader(read_bytes=3 * BLOCK)
    reader.peek_at(0, 2 * BLOCK)
    with pytest.raises(ReadLimitExceeded, match=str(3 * BLOCK)):
        reader.peek_at(2 * BLOCK, 2 * BLOCK)
    assert reader.bytes_read == sum(length for _, length in store.reads) == 2 * BLOCK
    assert reader.peek_at(5, 1) == DATA[5:6]


def test_the_first_error_is_kept_for_libraries_that_swallow_it() -> None:
    reader, _ = open_reader(read_bytes=BLOCK)
    for at in (0, BLOCK, 3 * BLOCK):
        try:
            reader.peek_at(at, 10)
        except ReadLimitExceeded as error:
            assert reader.error is not None
            assert str(error) == str(reader.error)
    assert isinstance(reader.error, ReadLimitExceeded)


@pytest.mark.parametrize("error", [ObjectChanged("changed"), StoreUnavailable("away")])
def test_errors_of_the_store_pass_unchanged(error: Exception) -> None:
    class Failing:
        def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
            assert (key, etag) == ("key", "etag")
            raise error

    reader = RangeReader(Failing(), ObjectInfo("key", 10, "etag", 0), ExtractionLimits())
    with pytest.raises(type(error)):
        reader.read(5)
    assert reader.error is error
    assert reader.bytes_read == 0


def test_a_store_that_sends_less_than_the_object_has_is_asked_again_later() -> None:
    """A read that was cut short must not pass for the end of the file."""
    store = Bytes(b"12345")
    reader = RangeReader(store, ObjectInfo("key", 5 * BLOCK, "etag", 0), ExtractionLimits())
    with pytest.raises(StoreUnavailable, match="sent 5 of"):
        reader.read(10)
    assert isinstance(reader.error, StoreUnavailable)
