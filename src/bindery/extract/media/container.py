"""Opening a video or audio container with libav, over a range reader and nothing else.

A container may name other files and addresses (playlists, external tracks). None is ever opened: every
protocol is refused, and so is every file that libav asks for beside the one it was given.
"""

from __future__ import annotations

import io
import re
import time
from typing import TYPE_CHECKING, NoReturn

import av
from av.error import FFmpegError

from bindery.extract.extractor import Unreadable
from bindery.extract.media.hidden_tags import Hidden, hide_tags
from bindery.extract.media.id3_tags import id3_end
from bindery.extract.media.tag_counts import has_too_many_tags
from bindery.extract.reader import RangeReader
from bindery.workers.job_time import at_most

if TYPE_CHECKING:
    from av.container import InputContainer

WHOLE_PROBE_SIZE = 64 * 1024 * 1024
"""Files up to this size are probed as deeply as ffprobe does it, larger ones within the byte budget."""
_BOUNDED_PROBE = {"probesize": "400000", "duration_probesize": "500000"}
_CHEAP_DECODING = {"skip_loop_filter": "all", "skip_idct": "all"}
"""libav decodes the first pictures to learn their format; how they look does not matter."""
_CLOSED = {"protocol_whitelist": "none"}
_BUFFER = 32 * 1024
_SECONDS = 1.0
_SECONDS_PER_BYTE = 0.25 / (1024 * 1024)
"""Processor time after which the file ends for libav. Some of its lists of tags are walked for every new tag."""
_OPEN_SECONDS = 1.0
"""The same for what libav does between two reads, which costs a worker and the whole file."""
_BEHIND_ID3 = (
    b"MAC ", b"MP+", b"MPCK", b"RIFF", b"RF64", b"FORM", b"fLaC", b"OggS", b"wvpk", b"TTA1", b"tBaK", b"DSD ", b"FRM8",
)  # fmt: skip
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_PLAYLIST = re.compile(rb"\s*(?:\xef\xbb\xbf)?#EXTM3U")


class _Input:
    """The file libav reads. Errors of the reader end the file for libav and are kept by the reader."""

    def __init__(self, reader: RangeReader, *, bounded: bool, hidden: Hidden) -> None:
        extension = _EXTENSION.search(reader.info.key)
        # libav tells some formats by the extension; the rest of the key is none of its business.
        self.name = "object" + (extension[0].lower() if extension else "")
        self._reader = reader
        self._start, self._patches = hidden.start, hidden.patches
        self._size = max(reader.size - hidden.start, 0)
        self._position = 0
        self._end = time.process_time() + _SECONDS + reader.size * _SECONDS_PER_BYTE
        # Where it can seek, libav reads the whole index of an AVI: 16 bytes for every frame of every stream.
        self._forward_only = bounded and reader.peek_at(0, 16)[8:12] in (b"AVI ", b"AVIX")

    def read(self, size: int) -> bytes:
        if self._reader.error is not None or time.process_time() > self._end:
            return b""
        try:
            data = self._reader.peek_at(self._start + self._position, size)
        except Exception as error:
            # Kept there for read_media; PyAV would raise it some calls later, perhaps for another file.
            self._reader.error = self._reader.error or error
            return b""
        for offset, shown in self._patches:
            data = _patched(data, offset - self._position, shown)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = offset + (0, self._position, self._size)[whence]
        if start < 0:
            return -1
        self._position = start
        return start

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return not self._forward_only


def _patched(data: bytes, at: int, shown: bytes) -> bytes:
    """Some bytes with others in their place, as far as they reach into them."""
    if at >= len(data) or at + len(shown) <= 0:
        return data
    if at < 0:
        shown, at = shown[-at:], 0
    shown = shown[: len(data) - at]
    return data[:at] + shown + data[at + len(shown) :]


def open_container(reader: RangeReader) -> InputContainer:
    """An open container whose streams are known; close it after use. Raises Unreadable."""
    if reader.size == 0:
        raise Unreadable("ParseFailed", "the file is empty")
    if _PLAYLIST.match(reader.peek_at(0, 64)):
        raise Unreadable("ParseFailed", "a playlist names other files, and those are not opened")
    hidden = hide_tags(reader) if has_too_many_tags(reader) else Hidden(0, ())
    try:
        return _open(reader, hidden)
    except Unreadable:
        behind = 0 if hidden.start else id3_end(reader)
        if not behind or not reader.peek_at(behind, 12).startswith(_BEHIND_ID3):
            raise
        # libav takes some formats behind an ID3 tag for an MP3 that is damaged.
        return _open(reader, Hidden(behind, ()))


def _open(reader: RangeReader, hidden: Hidden) -> InputContainer:
    bounded = reader.size > WHOLE_PROBE_SIZE
    try:
        with at_most(_OPEN_SECONDS + reader.size * _SECONDS_PER_BYTE):
            return av.open(
                _Input(reader, bounded=bounded, hidden=hidden),
                mode="r",
                options=_CHEAP_DECODING,
                container_options=_CLOSED | _BOUNDED_PROBE if bounded else _CLOSED,
                metadata_errors="surrogateescape",
                buffer_size=_BUFFER,
                io_open=_refuse,
            )
    except MemoryError:
        raise
    except Exception as error:
        message = error.strerror if isinstance(error, FFmpegError) else str(error)
        raise Unreadable("ParseFailed", str(message)[:200]) from error


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("a media file may not open other files")
