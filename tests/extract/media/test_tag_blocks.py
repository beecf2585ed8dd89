"""Tag blocks as their specifications have them: all values, in their charsets, under their known names."""

from __future__ import annotations

import struct

import pytest

from bindery.extract.media.container_tags import recorded
from bindery.extract.media.media_tags import MediaTags
from bindery.extract.media.tag_blocks.raw_tags import RawTags
from bindery.extract.media.tag_blocks.read import read_tags
from bindery.extract.tags.tiff import Memory

FRAME = b"\xff\xfb\x90\x00" + bytes(413)


def id3(*frames: bytes, version: int = 4, flags: int = 0) -> bytes:
    body = b"".join(frames)
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, flags)) + size + body


def frame(name: bytes, content: bytes, flags: int = 0) -> bytes:
    if len(name) == 3:
        return name + len(content).to_bytes(3, "big") + content
    return name + struct.pack(">IH", len(content), flags) + content


def id3v1(title: bytes, artist: bytes, track: int = 0, genre: int = 255) -> bytes:
    fields = title.ljust(30, b"\0"), artist.ljust(30, b"\0"), bytes(30), b"1999", bytes(28)
    return b"TAG" + b"".join(fields) + bytes((0, track, genre))


def ape(*items: tuple[bytes, bytes]) -> bytes:
    body = b"".join(struct.pack("<II", len(value), 0) + key + b"\0" + value for key, value in items)
    return body + b"APETAGEX" + struct.pack("<IIII", 2000, len(body) + 32, len(items), 0) + bytes(8)


def comments(*texts: bytes) -> bytes:
    listed = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack("<I", 4) + b"libX" + struct.pack("<I", len(texts)) + listed


def flac(*texts: bytes) -> bytes:
    block = comments(*texts)
    return b"fLaC" + b"\x84" + len(block).to_bytes(3, "big") + block


def ogg(*packets: bytes) -> bytes:
    """A page for each packet of less than 255 bytes."""
    heads = (b"OggS" + struct.pack("<BBQIII", 0, 0, 0, 1, number, 0) for number, _ in enumerate(packets))
    return b"".join(
        head + bytes((1, len(packet))) + packet for head, packet in zip(heads, packets, strict=True)
    )


def chunk(kind: bytes, content: bytes, layout: str = "<I") -> bytes:
    return kind + struct.pack(layout, len(content)) + content + bytes(len(content) % 2)


def wav(*chunks: bytes) -> bytes:
    return chunk(b"RIFF", b"WAVE" + b"".join(chunks))


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def data(text: bytes, kind: int = 1) -> bytes:
    return box(b"data", struct.pack(">II", kind, 0), text)


def mp4(*user_data: bytes) -> bytes:
    return box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", box(b"udta", *user_data))


def items(*listed: bytes) -> bytes:
    return box(b"meta", bytes(4), box(b"ilst", *listed))


def wide(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def guided(kind: str, content: bytes) -> bytes:
    return bytes.fromhex(kind) + struct.pack("<Q", len(content) + 24) + content


def asf(**attributes: str | list[str]) -> bytes:
    pairs = [
        (name.replace("_", "/"), value)
        for name, values in attributes.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    entries = b"".join(
        struct.pack("<H", len(wide(name)))
        + wide(name)
        + struct.pack("<HH", 0, len(wide(value)))
        + wide(value)
        for name, value in pairs
    )
    # 2009-02-13T23:31:30Z, 100 nanoseconds since 1601.
    properties = bytes(24) + struct.pack("<Q", (1_234_567_890 + 11_644_473_600) * 10**7) + bytes(48)
    body = struct.pack("<IBB", 2, 1, 2)
    body += guided("a1dcab8c47a9cf118ee400c00c205365", properties)
    body += guided("40a4d0d207e3d21197f000a0c95ea850", struct.pack("<H", len(pairs)) + entries)
    return guided("3026b2758e66cf11a6d900aa0062ce6c", body)


def element(number: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return (
        number.to_bytes((number.bit_length() + 7) // 8, "big")
        + (1 << 56 | len(body)).to_bytes(8, "big")
        + body
    )


def simple(name: str, value: str) -> bytes:
    return element(0x67C8, element(0x45A3, name.encode()), element(0x4487, value.encode()))


def mka(*tags: tuple[int, bytes]) -> bytes:
    listed = (
        element(0x7373, element(0x63C0, element(0x68CA, bytes((level,)))), content)
        for level, content in tags
    )
    return element(0x1A45DFA3, b"") + element(0x18538067, element(0x1254C367, *listed))


def tags_of(content: bytes) -> dict[str, tuple[str, ...]]:
    return MediaTags(read_tags(Memory(content))).all() or {}


POPM = frame(b"POPM", b"me@x\0" + bytes((196, 0, 0, 0, 3)))
PICARD = {"MUSICBRAINZ ALBUM ID": "MusicBrainzAlbumId", "MusicBrainz Artist Id": "MusicBrainzArtistId"}

CASES: dict[str, tuple[bytes, dict[str, tuple[str, ...]]]] = {
    "ID3v2.4, several values": (
        id3(frame(b"TPE1", b"\3Anna\0Bo"), frame(b"TCON", b"\x0017\0Swing"), frame(b"TRCK", b"\x003/12")) + FRAME,
        {"Artist": ("Anna", "Bo"), "Genre": ("Rock", "Swing"), "TrackNumber": ("3",), "TrackCount": ("12",)},
    ),
    "ID3v2.3 in UTF-16, user texts, people": (
        id3(
            frame(b"TIT2", b"\1\xff\xfe" + "歌".encode("utf-16-le")),
            frame(b"TXXX", b"\0MusicBrainz Album Id\0abc"),
            frame(b"IPLS", b"\0producer\0Pat\0violin\0Vi"),
            frame(b"TCON", b"\0(4)Eurodisco"),
            POPM,
            version=3,
        )
        + FRAME,
        {
            "Title": ("歌",),
            "MusicBrainzAlbumId": ("abc",),
            "Producer": ("Pat",),
            "IPLS:violin": ("Vi",),
            "Genre": ("Disco", "Eurodisco"),
            "Rating": ("4",),
            "POPM:PlayCount": ("3",),
        },
    ),
    "ID3v2.3 with a frame of nobody's": (
        id3(frame(b"Date", b"\0x"), frame(b"TIT2", b"\0One"), version=3) + FRAME,
        {"Title": ("One",)},
    ),
    "ID3v2.2": (
        id3(frame(b"TCM", b"\0Clara"), frame(b"TP1", b"\0Jane"), frame(b"TBP", b"\x00128"), version=2) + FRAME,
        {"Composer": ("Clara",), "Artist": ("Jane",), "Bpm": ("128",)},
    ),
    "ID3v2.3, unsynchronised": (
        id3(frame(b"TIT2", b"\1\xff\xfeA\0").replace(b"\xff", b"\xff\0"), version=3, flags=0x80) + FRAME,
        {"Title": ("A",)},
    ),
    "ID3v1 fills the gaps of ID3v2": (
        id3(frame(b"TIT2", b"\3A title longer than thirty characters")) + FRAME + id3v1(b"A title", b"Jane", 7, 8),
        {
            "Title": ("A title longer than thirty characters",),
            "Artist": ("Jane",),
            "TrackNumber": ("7",),
            "Genre": ("Jazz",),
            "Year": ("1999",),
        },
    ),
    "ID3v1 in its own charset": (
        FRAME + id3v1("Café Müller".encode("latin-1"), b"Bj\xf6rk"),
        {"Title": ("Café Müller",), "Artist": ("Björk",), "Year": ("1999",)},
    ),
    "APE": (
        b"MAC " + bytes(40) + ape((b"Album Artist", b"Anna\0Bo"), (b"Track", b"2/9"), (b"Title", "歌".encode())),
        {"AlbumArtist": ("Anna", "Bo"), "TrackNumber": ("2",), "TrackCount": ("9",), "Title": ("歌",)},
    ),
    "an MP3 with APE only, before ID3v1": (
        FRAME + ape((b"ISRC", b"DEX1")) + id3v1(b"T", b"A"),
        {"Isrc": ("DEX1",), "Title": ("T",), "Artist": ("A",), "Year": ("1999",)},
    ),
    "Vorbis comments": (
        flac(b"ALBUM ARTIST=Anna", b"artist=Bo", b"ARTIST=Cy", b"DATE=2001-05-03", b"musicbrainz_albumid=x", b"ODD=1"),
        {
            "AlbumArtist": ("Anna",),
            "Artist": ("Bo", "Cy"),
            "Year": ("2001",),
            "Date": ("2001-05-03",),
            "MusicBrainzAlbumId": ("x",),
            "ODD": ("1",),
            "Encoder": ("libX",),
        },
    ),
    "Opus": (
        ogg(b"OpusHead" + bytes(11), b"OpusTags" + comments(b"ARTIST=A", b"ARTIST=B")),
        {"Artist": ("A", "B"), "Encoder": ("libX",)},
    ),
    "MP4 items": (
        mp4(
            items(
                box(b"\xa9ART", data(b"Anna"), data(b"Bo")),
                box(b"trkn", data(struct.pack(">HHHH", 0, 3, 12, 0), 0)),
                box(b"gnre", data(struct.pack(">H", 18), 0)),
                box(b"tmpo", data(struct.pack(">H", 99), 21)),
                box(b"----", box(b"mean", bytes(4), b"x"), box(b"name", bytes(4), b"ISRC"), data(b"DEX1")),
                box(b"covr", data(b"\x89PNG", 14)),
            )
        ),
        {
            "Artist": ("Anna", "Bo"), "TrackNumber": ("3",), "TrackCount": ("12",), "Genre": ("Rock",), "Bpm": ("99",),
            "Isrc": ("DEX1",),
        },
    ),
    "QuickTime keys": (
        box(b"ftyp", b"qt  \0\0\0\0")
        + box(
            b"moov",
            box(
                b"meta",
                box(b"hdlr", bytes(8), b"mdta", bytes(13)),
                box(
                    b"keys",
                    struct.pack(">II", 0, 2),
                    box(b"mdta", b"com.apple.quicktime.make"),
                    box(b"mdta", b"com.apple.quicktime.content.identifier"),
                ),
                box(b"ilst", box(b"\0\0\0\1", data(b"Apple")), box(b"\0\0\0\2", data(b"ABC-1"))),
            ),
        ),
        {"Make": ("Apple",), "ContentIdentifier": ("ABC-1",)},
    ),
    "QuickTime user data": (
        mp4(
            box(b"\xa9mak", struct.pack(">HH", 5, 0x15C7), b"Canon"),
            box(b"\xa9mod", struct.pack(">HH", 4, 0), b"\x8ePOS"),
        ),
        {"Make": ("Canon",), "Model": ("éPOS",)},
    ),
    "3GPP": (
        mp4(box(b"titl", bytes(4), b"\x15\xc7", b"Lied\0"), box(b"yrrc", bytes(4), struct.pack(">H", 2005))),
        {"Title": ("Lied",), "Year": ("2005",)},
    ),
    "ASF": (
        asf(WM_Genre=["Rock", "Pop"], WM_Lyrics="la", WM_Composer=["A", "B"], WM_SharedUserRating="75"),
        {"Genre": ("Rock", "Pop"), "Composer": ("A", "B"), "Rating": ("4",)},
    ),
    "RIFF INFO in GBK": (
        wav(chunk(b"LIST", b"INFO" + chunk(b"INAM", "后会无期".encode("gbk")) + chunk(b"IGNR", b"Pop"))),
        {"Title": ("后会无期",), "Genre": ("Pop",)},
    ),
    "Matroska, track and album": (
        mka(
            (50, simple("TITLE", "Album") + simple("ARTIST", "All")),
            (30, simple("TITLE", "Song") + simple("ARTIST", "One")),
            (60, simple("TITLE", "Box")),
        ),
        {
            "Album": ("Album",), "AlbumArtist": ("All",), "Title": ("Song",), "Artist": ("One",),
            "SEASON/TITLE": ("Box",),
        },
    ),
    "Matroska, of a stream": (
        element(0x1A45DFA3, b"")
        + element(
            0x18538067,
            element(
                0x1254C367,
                element(
                    0x7373,
                    element(0x63C0, element(0x63C5, b"\7"), element(0x68CA, b"2")),
                    simple("TITLE", "Noise"),
                ),
                element(0x7373, simple("DIRECTOR", "Di")),
            ),
        ),
        {"DIRECTOR": ("Di",)},
    ),
    "Matroska, one level": (
        mka((50, simple("TITLE", "Film") + simple("DIRECTOR", "Di"))), {"Title": ("Film",), "DIRECTOR": ("Di",)},
    ),
    "AIFF": (
        chunk(b"FORM", b"AIFF" + chunk(b"NAME", b"N", ">I") + chunk(b"AUTH", b"A", ">I"), ">I"),
        {"Title": ("N",), "Artist": ("A",)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_tags(name: str) -> None:
    content, expected = CASES[name]
    assert tags_of(content) == expected


@pytest.mark.parametrize("name", CASES)
def test_a_cut_file_keeps_what_is_there(name: str) -> None:
    content, _ = CASES[name]
    for length in range(len(content)):
        read_tags(Memory(content[:length]))


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gbk", "后会无期"), ("gbk", "李娜"), ("gbk", "刘德华 - 忘情水"), ("big5", "鄧麗君"),
        ("big5", "月亮代表我的心"),
        ("cp932", "宇多田ヒカル"),
        ("cp932", "残酷な天使のテーゼ"),
        ("euc_jp", "中島みゆき"),
        ("cp949", "서태지와 아이들"),
        ("cp949", "아이유"), ("cp1251", "Группа крови"), ("cp1251", "ДДТ"), ("koi8_r", "Группа крови"),
        ("latin-1", "Café"), ("latin-1", "Björk"), ("latin-1", "Größe"),
        ("latin-1", "Sigur Rós"),
        ("latin-1", "ÉTÉ À PARIS"),
        ("cp1252", "“quoted”"), ("latin-1", "Mötley Crüe"), ("latin-1", "créée"), ("latin-1", "Ærøskøbing"),
        ("utf-8", "Größe 歌"),
    ],
)  # fmt: skip
def test_bytes_without_a_charset(charset: str, text: str) -> None:
    """Of ID3v1, and of frames that say ISO-8859-1 and lie."""
    told = text.encode(charset)
    for content in (FRAME + id3v1(told, b""), id3(frame(b"TIT2", b"\0" + told)) + FRAME):
        found = MediaTags(read_tags(Memory(content)))
        assert found.joined("Title") == text
        assert bool(found.notes) == (charset not in ("latin-1", "cp1252", "utf-8"))


def test_a_character_that_is_cut_by_id3v1_is_left_out() -> None:
    told = ("春天在哪里" * 4).encode("gbk")[:29]
    assert tags_of(FRAME + id3v1(told, b""))["Title"] == (("春天在哪里" * 4)[:14],)


def test_fifty_thousand_frames_are_read_in_part() -> None:
    frames = [frame(b"TIT2", b"\3Song")] + [frame(b"TXXX", b"\0%d\0x" % number) for number in range(50_000)]
    found = MediaTags(read_tags(Memory(id3(*frames, version=3) + FRAME)))
    assert found.joined("Title") == "Song"
    assert [told.partition(":")[0] for told in found.notes] == ["PartSkipped"]


def test_pictures_are_not_read() -> None:
    class Counting(Memory):
        read = 0

        def peek_at(self, offset: int, length: int) -> bytes:
            found = super().peek_at(offset, length)
            self.read += len(found)
            return found

    picture = frame(b"APIC", bytes(3_000_000))
    source = Counting(id3(picture, frame(b"TIT2", b"\3Song"), version=3) + FRAME)
    assert MediaTags(read_tags(source)).joined("Title") == "Song"
    assert source.read < 10_000


def time_of(tags: MediaTags, told: dict[str, str], format_name: str, zone: str) -> str | None:
    moment = recorded(tags, told, format_name, zone)
    return moment and moment.text


def test_when_an_asf_file_was_made() -> None:
    tags = MediaTags(read_tags(Memory(asf())))
    assert time_of(tags, {}, "asf", "+08:00") == "2009-02-13T23:31:30Z"


def test_when_a_broadcast_wave_was_made() -> None:
    told = b"A take".ljust(256, b"\0") + b"Recorder".ljust(64, b"\0") + b"2010-12-3114:36:22" + bytes(264)
    tags = MediaTags(read_tags(Memory(wav(chunk(b"bext", told)))))
    assert (
        time_of(tags, {"date": "2010-12-31", "creation_time": "14:36:22"}, "wav", "+08:00")
        == "2010-12-31T14:36:22+08:00"
    )
    assert (tags.all() or {})["Description"] == ("A take",)


XAVC = (
    b'<NonRealTimeMeta><CreationDate value="2020-05-17T10:00:00+09:00"/>'
    b'<Device manufacturer="Sony" modelName="ILCE-7M3"/><Lens modelName="FE 24mm"/></NonRealTimeMeta>'
)


def test_what_cameras_write_into_mp4() -> None:
    """Sony's XML beside the movie; the user data of QuickTime, whose day counts where there is a maker."""
    sony = box(b"ftyp", b"XAVC\0\0\0\0") + box(
        b"meta", bytes(4), box(b"hdlr", bytes(24)), box(b"xml ", bytes(4), XAVC)
    )
    tags = MediaTags(read_tags(Memory(sony)))
    assert tags.all() == {
        "LensModel": ("FE 24mm",),
        "Make": ("Sony",),
        "Model": ("ILCE-7M3",),
        "NonRealTimeMeta:CreationDate": ("2020-05-17T10:00:00+09:00",),
    }
    moment = recorded(tags, {"creation_time": "2020-05-17T01:00:01.000000Z"}, "mov", "+08:00")
    assert moment is not None
    assert moment.text == "2020-05-17T10:00:00+09:00"
    day = box(b"\xa9day", struct.pack(">HH", 24, 0x15C7), b"2011-05-03T14:00:00+0200")
    maker = box(b"\xa9mak", struct.pack(">HH", 5, 0x15C7), b"Apple")
    for user_data, expected in (((day, maker), "2011-05-03T14:00:00+02:00"), ((day,), None)):
        moment = recorded(MediaTags(read_tags(Memory(mp4(*user_data)))), {}, "mov", "+08:00")
        assert (moment.text if moment else None) == expected


@pytest.mark.parametrize(
    ("format_name", "time"),
    [
        ("matroska,webm", "2016-05-31T19:01:35+02:00"),
        ("flv", "2016-05-31T19:01:35+02:00"),
        ("avi", "2016-05-31T17:01:35+02:00"),
    ],
)
def test_a_container_without_offsets_means_utc_but_for_the_clock_of_a_camera(
    format_name: str, time: str
) -> None:
    told = {"creation_time": "2016-05-31 17:01:35"}
    assert time_of(MediaTags(RawTags()), told, format_name, "+02:00") == time
