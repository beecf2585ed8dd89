"""What is known of a video or audio file, and the File fields made of it.

Source: help pages api-imm-2020-09-30-struct-file and -detectmediameta. Numbers are those of
``ffprobe -show_format -show_streams -show_programs``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from av.stream import Disposition

from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.media.camera_data import camera_data
from bindery.extract.media.container import open_container
from bindery.extract.media.container_tags import place, recorded
from bindery.extract.media.container_types import settled_type
from bindery.extract.media.cut_short import is_cut_short
from bindery.extract.media.durations import (
    aac_duration,
    dsf_duration,
    latm_duration,
    movie_duration,
    mpeg_duration,
    musepack_duration,
    ogg_duration,
)
from bindery.extract.media.header_durations import asf_duration, dsdiff_duration, header_duration
from bindery.extract.media.language_codes import declared_language, language_tag
from bindery.extract.media.media_tags import MediaTags, add_stream_tags
from bindery.extract.media.streams import audio_stream, cover, subtitle_stream, video_stream
from bindery.extract.media.summary import StreamSummary, Summary, summarize
from bindery.extract.media.tag_blocks.raw_tags import RawTags
from bindery.extract.media.tag_blocks.read import read_tags
from bindery.extract.media.tracks import mpegh_channels, track_languages
from bindery.extract.notes import Note, note
from bindery.extract.pictures.headers import header_reader
from bindery.extract.pictures.picture import Picture
from bindery.extract.reader import RangeReader
from bindery.extract.sidecars import Sidecars
from bindery.extract.tags.camera_name import camera_name
from bindery.extract.tags.gps import lat_long
from bindery.extract.tags.tiff import Part, Source
from bindery.extract.tags.xmp import XmpProperties, first_of, xmp_position
from bindery.extract.types.media_types import HEAD_BYTES, detect_media_type
from bindery.file import AudioStream, File, Image, SubtitleStream, VideoStream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

Described = TypeVar("Described")
_MICROSECONDS = 1_000_000
_STATED: dict[str, Callable[[RangeReader, int | None], float | None]] = {
    "mpc8": lambda reader, _: musepack_duration(reader),
    "dsf": lambda reader, _: dsf_duration(reader),
    "ogg": lambda reader, _: ogg_duration(reader),
    "loas": latm_duration,
    "asf": lambda reader, _: asf_duration(reader),
    "iff": lambda reader, _: dsdiff_duration(reader),
}
_UNREAD = frozenset(
    {
        "audio/x-ofr", "audio/x-it", "audio/x-xm", "audio/x-s3m", "audio/mhas", "audio/x-maud", "audio/vnd.smaf",
        "audio/vnd.audible.aax", "application/x-shockwave-flash", "video/vnd.vivo", "video/x-mng", "audio/x-rka",
        "audio/x-osq", "audio/x-sc68", "video/x-dirac", "audio/x-lc3", "video/x-yuv", "video/x-cif", "video/x-qcif",
        "video/x-yuv10",
    }
)  # fmt: skip
"""Types that are known, and of which libav may read nothing."""
_MOVIES = frozenset(("mov,mp4,m4a,3gp,3g2,mj2",))
_TAGGED_AT_END = frozenset(("mp3", "aac"))
"""Formats that may begin with anything, and have tags at their end."""
_COUNTED = {"mp3": mpeg_duration, "aac": aac_duration}


def read_media(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Format, streams and tags of a container; raises Unreadable when it has no streams.

    The reader's own errors pass; every other error is the file's fault.
    """
    sidecars = Sidecars()
    sidecars.read(reader, request)
    try:
        with open_container(reader) as container:
            found = _describe(container, reader, request, sidecars)
    except Exception as error:
        # Behind libav, every error of the store looks like a damaged file.
        if reader.error is not None:
            raise reader.error from error
        if isinstance(error, Unreadable) and error.found is None:
            return _told_without_libav(reader, request, error)
        raise
    if reader.error is not None:
        raise reader.error
    if not found.file.stream_count:
        raise Unreadable("ParseFailed", "the container has no streams", found)
    return found


def _told_without_libav(reader: RangeReader, request: ExtractionRequest, error: Unreadable) -> Extracted:
    """What the tags tell of a file that libav cannot open; raises the error unless its format is never read."""
    file = File(duration=header_duration(reader))
    tags = MediaTags(read_tags(reader, tagged_at_end=True))
    _add_tags(file, tags)
    found = Extracted(file=file, notes=(*tags.notes, *_cut_short(reader)))
    media = detect_media_type(reader.peek_at(0, HEAD_BYTES), reader.info.key, request.content_type_hint)
    if reader.size and media.content_type in _UNREAD:
        found.notes += (note(Note.NOT_READ, f"{media.content_type} is known, but not read"),)
        return found
    error.found = found if file.tags or file.duration or found.notes else None
    raise error


def _cut_short(reader: RangeReader) -> tuple[str, ...]:
    if not is_cut_short(reader):
        return ()
    return (note(Note.CUT_SHORT, "the file ends before its own header says"),)


def _describe(
    container: InputContainer, reader: RangeReader, request: ExtractionRequest, sidecars: Sidecars
) -> Extracted:
    streams = _Streams(container)
    file = _format_fields(container)
    try:
        _add_streams(file, container, streams, reader)
        estimates = _add_stated_duration(file, reader)
        raw = read_tags(reader, tagged_at_end=file.format_name in _TAGGED_AT_END)
        if raw.covers and not file.audio_covers:
            covers = (_cover_of(Part(reader, *place)) for place in raw.covers)
            file.audio_covers = tuple(cover for cover in covers if cover) or None
        tags = _tags(container, streams, raw)
        _add_place_and_time(file, tags, container, streams, reader, request, sidecars.properties)
        _add_tags(file, tags)
        file.title = first_of(sidecars.properties, "dc:title") or file.title
        file.tags = sidecars.over(file.tags)
    except MemoryError:
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {str(error)[:200]}"
        raise Unreadable("ParseFailed", message, Extracted(file=file)) from error
    detected = detect_media_type(reader.peek_at(0, HEAD_BYTES), reader.info.key, request.content_type_hint)
    settled = settled_type(
        detected, container.format.name, video=bool(streams.video), audio=bool(streams.audio)
    )
    return Extracted(
        file=file,
        content_type=settled.content_type,
        media_type=settled.media_type,
        notes=(*tags.notes, *sidecars.notes, *estimates, *_cut_short(reader)),
    )


class _Streams:
    """The streams of a container by kind. An attached picture is no video."""

    def __init__(self, container: InputContainer) -> None:
        self.all: list[Stream] = list(container.streams)
        pictures = [stream for stream in self.all if stream.type == "video"]
        self.covers = [stream for stream in pictures if stream.disposition & Disposition.attached_pic]
        self.video = [stream for stream in pictures if not stream.disposition & Disposition.attached_pic]
        self.audio = [stream for stream in self.all if stream.type == "audio"]
        self.subtitles = [stream for stream in self.all if stream.type == "subtitle"]

    def metadata(self) -> list[dict[str, str]]:
        """Tags of the streams that may stand for the file, as Ogg has them; not those of covers."""
        return [stream.metadata for stream in (*self.video[:1], *self.audio[:1])]

    def language(self) -> str | None:
        """The container's code of the first stream that has one."""
        codes = (declared_language(stream.metadata.get("language")) for stream in self.all)
        return next((code for code in codes if code), None)


def _format_fields(container: InputContainer) -> File:
    start, duration = container.start_time, container.duration
    return File(
        format_name=container.format.name,
        format_long_name=container.format.long_name,
        start_time=None if start is None else start / _MICROSECONDS,
        duration=None if duration is None else duration / _MICROSECONDS,
        bitrate=container.bit_rate or None,
    )


def _add_streams(file: File, container: InputContainer, streams: _Streams, reader: RangeReader) -> None:
    summary = summarize(container)
    file.stream_count = len(streams.all)
    file.program_count = summary.programs
    file.video_streams = _each(video_stream, streams.video, summary)
    file.audio_streams = _each(audio_stream, streams.audio, summary)
    file.subtitles = _each(subtitle_stream, streams.subtitles, summary)
    file.audio_covers = _each(cover, streams.covers, summary)
    if file.video_streams:
        file.video_width, file.video_height = file.video_streams[0].width, file.video_streams[0].height
    file.language = streams.language()
    _add_languages(file, track_languages(reader, container.format.name))
    unknown = [stream for stream in file.audio_streams or () if not stream.channels]
    if unknown and container.format.name in _MOVIES:
        channels = mpegh_channels(reader)
        for stream in unknown:
            stream.channels = channels.get(stream.index or 0)


def _add_languages(file: File, languages: dict[int, str]) -> None:
    """Tags that say more than the code of three letters beside them."""
    if not languages:
        return
    streams: list[VideoStream | AudioStream | SubtitleStream] = [
        *(file.video_streams or ()),
        *(file.audio_streams or ()),
        *(file.subtitles or ()),
    ]
    for stream in streams:
        told = language_tag(languages.get(stream.index or 0))
        stream.language = told or stream.language


def _each(
    describe: Callable[[Stream, StreamSummary], Described], streams: list[Stream], summary: Summary
) -> tuple[Described, ...] | None:
    return tuple(describe(stream, summary.stream(stream.index)) for stream in streams) or None


def _add_stated_duration(file: File, reader: RangeReader) -> tuple[str, ...]:
    """The duration the header states or the frames tell, where libav derives another, and the bit rate that follows.

    Returns a note when it is an estimate.
    """
    stated, estimated = _stated(file, reader)
    if stated and (stated != file.duration or file.bitrate is None):
        if file.format_name not in _MOVIES:
            for stream in file.audio_streams or ():
                stream.duration = stated
        file.duration = stated
        file.bitrate = int(reader.size * 8 / stated) or None
    return (note(Note.ESTIMATED, "Duration is worked out from parts of the file"),) if estimated else ()


def _stated(file: File, reader: RangeReader) -> tuple[float | None, bool]:
    name = file.format_name or ""
    if name in _MOVIES:
        return movie_duration(reader) or file.duration, False
    if name in _COUNTED:
        length = _COUNTED[name](reader, file.duration)
        return (length.seconds, length.estimated) if length else (file.duration, False)
    if name in _STATED:
        rate = file.audio_streams[0].sample_rate if file.audio_streams else None
        return _STATED[name](reader, rate) or file.duration or header_duration(reader), False
    return file.duration or header_duration(reader), False


def _tags(container: InputContainer, streams: _Streams, raw: RawTags) -> MediaTags:
    tags = MediaTags(raw, [container.metadata, *streams.metadata()])
    chapters = (chapter["metadata"].get("title", "") for chapter in container.chapters())
    add_stream_tags(tags, (stream.metadata for stream in streams.all), chapters)
    return tags


def _cover_of(source: Source) -> Image | None:
    """A picture within a tag that libav does not show."""
    read = header_reader(source.peek_at(0, 64))
    picture = Picture()
    if read is not None:
        read(source, picture)
    return Image(image_width=picture.width, image_height=picture.height) if picture.width else None


def _add_tags(file: File, tags: MediaTags) -> None:
    file.title = tags.joined("Title")
    file.album = tags.joined("Album")
    file.album_artist = tags.joined("AlbumArtist")
    file.artist = tags.joined("Artist")
    file.composer = tags.joined("Composer")
    file.performer = tags.joined("Performer", "Conductor")
    if file.audio_streams:
        file.audio_streams[0].lyric = next(iter(tags.values("Lyrics")), None)
    file.tags = tags.all()


def _add_place_and_time(
    file: File,
    tags: MediaTags,
    container: InputContainer,
    streams: _Streams,
    reader: RangeReader,
    request: ExtractionRequest,
    beside: XmpProperties,
) -> None:
    told: dict[str, str] = {}
    for source in (container.metadata, *streams.metadata()):
        told = source | told
    camera = camera_data(reader, container.format.name)
    position = xmp_position(beside) or place(tags, told) or camera.position or xmp_position(tags.xmp)
    moment = recorded(
        tags, told, container.format.name, request.zone, tags.xmp, position, camera.date, beside
    )
    if camera.make:
        tags.add("Make", camera.make)
    tags.add("Camera", camera_name(camera.make or tags.joined("Make") or "", tags.joined("Model") or ""))
    if moment is not None:
        file.produce_time, file.produce_time_source = moment.text, moment.source
    if position is None:
        return
    file.lat_long = lat_long(*position)
    if Operator.REGEO in request.operators:
        # The gazetteer takes memory and time to load: only for files that have a position.
        from bindery.extract.places import addresses_near  # noqa: PLC0415

        file.addresses = addresses_near(*position) or None
