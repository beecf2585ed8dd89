"""Sidecars: their pictures' entries tell what they tell, whichever of the two comes, changes or goes first."""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import av
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sync_room import Room, folder_address, memory_bucket, write

from bindery.buckets.folder import FolderStore
from bindery.buckets.memory import MemoryStore
from bindery.catalog.records import Scope
from bindery.extract.extract import extract
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.job import decode_extraction, encode_order, extract_job
from bindery.extract.limits import ExtractionLimits
from bindery.sync.sidecars import pictures_of, sidecars_of

OpenRoom = Callable[..., Room]
Hall = tuple[Room, MemoryStore]


def packet(rating: int, **properties: str) -> bytes:
    """As darktable writes it, with properties of the namespaces that are declared."""
    more = "".join(f' {name.replace("_", ":", 1)}="{value}"' for name, value in properties.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
        f' xmp:Rating="{rating}"{more}><dc:subject><rdf:Bag><rdf:li>word{rating}</rdf:li></rdf:Bag></dc:subject>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def takeout(number: int = 0, **members: object) -> bytes:
    """As Google hands it out beside a photo."""
    told = {
        "title": "x.jpg",
        "description": f"told{number}",
        "photoTakenTime": {"timestamp": "1600000000", "formatted": "Sep 13, 2020, 12:26:40 PM UTC"},
        "geoData": {"latitude": 47.5, "longitude": 8.5, "altitude": 400.0},
        "people": [{"name": "Ann"}, {"name": "Bo"}],
    }
    return json.dumps({**told, **members}).encode()


def jpeg(xmp: bytes = b"", color: int = 0) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2020:01:02 03:04:05", 0x9011: "+02:00"}
    more = {"xmp": xmp} if xmp else {}
    Image.new("RGB", (8, 8), (color, 0, 0)).save(file, "JPEG", exif=exif, **more)
    return file.getvalue()


@pytest.fixture
def hall(open_room: OpenRoom) -> Hall:
    store, address = memory_bucket()
    room = open_room(address)
    room.make_dataset()
    room.bind("media")
    return room, store


def rating(room: Room, key: str) -> str | None:
    """What the entry of a picture tells; "none" without an entry."""
    document = room.documents().get(f"oss://media/{key}")
    if document is None:
        return "none"
    return (document.get("Tags") or {}).get("Rating", [None])[0]


def description(room: Room, key: str) -> str | None:
    return (room.documents()[f"oss://media/{key}"].get("Tags") or {}).get("Description", [None])[0]


def settles(room: Room, **ratings: str | None) -> None:
    """Keys are written with ``__`` for a dot."""
    for name, expected in ratings.items():
        picture = name.replace("__", ".")
        room.wait(lambda key=picture, told=expected: rating(room, key) == told)


_KEYS = st.lists(
    st.sampled_from(["a", ".", "/", ".jpg", ".JPG", ".cr2", ".xmp", ".XMP", ".txt"]), max_size=6
).map("".join)


@given(_KEYS, _KEYS)
def test_both_ways_name_the_same_pairs(one: str, other: str) -> None:
    for key in (one, other):
        assert all(key in pictures_of(sidecar) for sidecar in sidecars_of(key))
        assert all(key in sidecars_of(picture) for picture in pictures_of(key))


def test_which_files_are_sidecars() -> None:
    assert sidecars_of("a/x.jpg", (".xmp", ".XMP")) == ("a/x.jpg.xmp", "a/x.jpg.XMP", "a/x.xmp", "a/x.XMP")
    assert {"a/x.CR2", "a/x.mp4", "a/x.MOV"} <= set(pictures_of("a/x.xmp"))
    assert pictures_of("a/x.jpg.xmp") == ("a/x.jpg",)
    for none in ("a/x.txt", "a.jpg/x", "jpg", ".jpg", "a/.jpg", "x.mp3", ""):
        assert sidecars_of(none) == (), none
    for none in (".xmp", "a/.xmp", "xmp", "x.xmp.txt"):
        assert pictures_of(none) == (), none


@pytest.mark.parametrize("sidecar", ["x.jpg.xmp", "x.xmp", "x.XMP"])
def test_it_comes_changes_and_goes(hall: Hall, sidecar: str) -> None:
    room, store = hall
    store.put("x.jpg", jpeg(packet(1)))
    settles(room, x__jpg="1")
    store.put(sidecar, packet(4))
    settles(room, x__jpg="4")
    found = room.documents()["oss://media/x.jpg"]
    assert found["Tags"]["Sidecar"] == [sidecar]  # type: ignore[index]
    assert found["Tags"]["Keywords"] == ["word4"]  # type: ignore[index]
    store.put(sidecar, packet(5))
    settles(room, x__jpg="5")
    store.put("x.jpg", jpeg(packet(2), color=9))
    room.wait(lambda: room.documents()["oss://media/x.jpg"]["ETag"] != found["ETag"])
    settles(room, x__jpg="5")
    store.remove(sidecar)
    settles(room, x__jpg="2")
    assert "Sidecar" not in room.documents()["oss://media/x.jpg"]["Tags"]  # type: ignore[operator]
    room.wait_followed("media")
    room.check_books("media")


def test_the_first_scan_finds_them_in_any_order(open_room: OpenRoom, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for number in range(1, 6):
        write(root / f"b{number}.jpg", jpeg(color=number), age=60)
        write(root / (f"b{number}.jpg.xmp" if number % 2 else f"b{number}.xmp"), packet(number), age=60)
    room = open_room(folder_address(root))
    room.make_dataset()
    room.bind("media")
    settles(room, **{f"b{number}__jpg": str(number) for number in range(1, 6)})
    room.wait_followed("media")
    assert len(room.inline.extracted) == len(set(room.inline.extracted)) == 10  # each was read once
    room.inline.extracted.clear()
    write(root / "b3.jpg.xmp", packet(0), age=30)
    settles(room, b3__jpg="0")
    room.wait(lambda: sorted(room.inline.extracted) == ["b3.jpg", "b3.jpg.xmp"])
    room.check_books("media")


def test_one_that_comes_while_its_picture_is_read_is_not_missed(hall: Hall) -> None:
    room, store = hall
    room.wait_followed("media")

    def bring(request: ExtractionRequest) -> None:
        if request.object.key == "x.jpg" and not request.sidecars:
            store.put("x.jpg.xmp", packet(3))

    room.inline.answer = bring
    store.put("x.jpg", jpeg())
    settles(room, x__jpg="3")


def test_a_renamed_picture_leaves_what_lay_beside_it(hall: Hall) -> None:
    room, store = hall
    store.put("x.jpg", jpeg())
    store.put("x.jpg.xmp", packet(3))
    settles(room, x__jpg="3")
    store.put("y.jpg", jpeg())  # the content is known
    store.put("z.jpg", jpeg())
    store.put("z.xmp", packet(1))
    settles(room, x__jpg="3", y__jpg=None, z__jpg="1")


def test_labels_go_with_a_picture_and_its_sidecar(open_room: OpenRoom, tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "x.jpg", jpeg(), age=60)
    write(root / "x.jpg.xmp", packet(3), age=60)
    room = open_room(folder_address(root))
    room.make_dataset()
    dataset = room.bind("media").dataset_id
    settles(room, x__jpg="3")
    room.catalog.files.set_fields(dataset, "oss://media/x.jpg", b'{"CustomLabels":{"place":"beach"}}')
    (root / "x.jpg").rename(root / "y.jpg")
    (root / "x.jpg.xmp").rename(root / "y.jpg.xmp")
    settles(room, x__jpg="none", y__jpg="3")
    found = room.documents()["oss://media/y.jpg"]
    assert (found["CustomLabels"], found["Filename"]) == ({"place": "beach"}, "y.jpg")


def test_one_outside_the_scope_is_not_read(hall: Hall) -> None:
    room, store = hall
    store.put("x.jpg", jpeg())
    store.put("x.jpg.xmp", packet(3))
    settles(room, x__jpg="3")
    room.engine.change_scope(room.binding("media"), Scope(exclude=("*.xmp",)))
    settles(room, x__jpg=None)
    room.engine.change_scope(room.binding("media"), Scope())
    settles(room, x__jpg="3")


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_changes_and_kills_ends_with_what_lies_there(
    open_room: OpenRoom, tmp_path: Path, seed: int
) -> None:
    """Each picture's rating is that of the sidecar that counts most, else its own."""
    choose = random.Random(seed)
    store, address = memory_bucket()
    room = open_room(address, data=tmp_path / "kept")
    room.make_dataset()
    room.bind("media")
    held: dict[str, int] = {}
    for step in range(60):
        name = choose.choice("ab")
        key = name + choose.choice([".jpg", ".jpg", ".jpg.xmp", ".xmp", ".XMP", ".tmp", ".jpg.json"])
        if key in held and choose.random() < 0.4:
            store.remove(key)
            del held[key]
        else:
            held[key] = choose.randrange(6)
            made = jpeg(packet(held[key])) if key.endswith(".jpg") else packet(held[key])
            store.put(key, takeout(held[key]) if key.endswith(".json") else made)
        if step % 12 == 11:
            room.kill()
            room = open_room(*room.addresses.values(), data=tmp_path / "kept")
        else:
            time.sleep(choose.choice([0.0, 0.0, 0.01, 0.05]))  # another depth of work under way each time
    for name in "ab":
        picture = f"{name}.jpg"
        beside = sidecars_of(picture, (".xmp", ".XMP"))
        ranked = [held[key] for key in (*beside, picture) if key in held]
        expected = str(ranked[0]) if picture in held else "none"
        room.wait(lambda key=picture, told=expected: rating(room, key) == told)
        beside_it = held.get(f"{picture}.json")
        told = None if beside_it is None else f"told{beside_it}"
        if picture in held:
            room.wait(lambda key=picture, told=told: description(room, key) == told)
    room.wait_followed("media")
    room.check_books("media")


def test_explicit_indexing_looks_for_them(open_room: OpenRoom, tmp_path: Path) -> None:
    """In an object store by one listing, in a folder by name."""
    store, address = memory_bucket()
    folder = folder_address(tmp_path / "media2")
    beside = {"x.xmp": packet(3), "x.jpg.json": takeout(), "x.jpgx.xmp": packet(1), "xx.xmp": packet(2)}
    for key, content in {
        "x.jpg": jpeg(),
        "x(1).jpg": jpeg(),
        "x.jpg(1).json": takeout(1),
        **beside,
    }.items():
        store.put(key, content)
        write(tmp_path / "media2" / key, content, age=60)
    room = open_room(address, msgspec.structs.replace(folder, bucket="media2"))
    dataset = room.make_dataset()
    uris = [f"oss://{bucket}/{name}.jpg" for bucket in ("media", "media2") for name in ("x", "x(1)")]
    room.engine.index_files(dataset, [(uri, json.dumps({"URI": uri}).encode()) for uri in uris])
    room.wait(lambda: all(found.get("Tags") for found in room.documents().values()))
    for bucket in ("media", "media2"):
        found = {
            uri: document["Tags"] for uri, document in room.documents().items() if f"/{bucket}/" in uri
        }
        plain, numbered = found[f"oss://{bucket}/x.jpg"], found[f"oss://{bucket}/x(1).jpg"]
        assert (plain["Rating"], plain["Description"]) == (["3"], ["told0"])
        assert plain["Sidecar"] == ["x.xmp", "x.jpg.json"]
        assert (numbered["Description"], numbered["Sidecar"]) == (["told1"], ["x.jpg(1).json"])


def read(root: Path, *sidecars: str, key: str = "x.jpg") -> dict[str, object]:
    store = FolderStore(folder_address(root))
    asked = ExtractionRequest(
        address=store.address,
        object=store.details(key).info,
        operators=frozenset(Operator) - {Operator.REGEO},
        sidecars=tuple(store.details(key).info for key in sidecars),
    )
    found = extract(asked, ExtractionLimits())
    assert found.failure is None
    return msgspec.to_builtins(found.file)


def test_what_it_tells_counts_before_what_the_picture_says(tmp_path: Path) -> None:
    write(tmp_path / "x.jpg", jpeg(packet(1, photoshop_City="Bern")))
    plain = read(tmp_path)
    assert plain["ProduceTime"] == "2020-01-02T03:04:05+02:00"
    told = {
        "exif_DateTimeOriginal": "2021-05-06T07:08:09",
        "exif_GPSLatitude": "47,30.0N",
        "exif_GPSLongitude": "8,30.0E",
    }
    write(tmp_path / "x.jpg.xmp", packet(4, **told))
    write(tmp_path / "x.xmp", packet(2, photoshop_Headline="The sea"))
    found = read(tmp_path, "x.jpg.xmp", "x.xmp")
    tags = found["Tags"]
    assert found["ProduceTime"] == "2021-05-06T07:08:09+02:00"  # the zone is the picture's
    assert found["LatLong"] == "47.500000,8.500000"
    assert isinstance(tags, dict)
    assert (tags["Rating"], tags["Keywords"], tags["City"]) == (("4",), ("word4",), ("Bern",))
    assert (tags["Headline"], tags["Sidecar"]) == (("The sea",), ("x.jpg.xmp", "x.xmp"))
    assert found["EXIF"] == plain["EXIF"]


def test_takeout_fills_in_what_the_picture_lacks(tmp_path: Path) -> None:
    write(tmp_path / "x.jpg", jpeg())
    write(tmp_path / "y.jpg", plain_jpeg())
    write(tmp_path / "x.json", takeout(favorited=True))
    own = read(tmp_path, "x.json")
    assert own["ProduceTime"] == "2020-01-02T03:04:05+02:00"
    found = read(tmp_path, "x.json", key="y.jpg")
    assert found["ProduceTime"] == "2020-09-13T14:26:40+02:00"  # the clock of the place
    assert str(found["ProduceTimeSource"]).startswith("Takeout:photoTakenTime; zone=UTC; shown=Place:")
    assert found["LatLong"] == own["LatLong"] == "47.500000,8.500000"
    tags = found["Tags"]
    assert isinstance(tags, dict)
    assert tags["PersonInImage"] == ("Ann", "Bo")
    assert (tags["Description"], tags["Sidecar"]) == (("told0",), ("x.json",))
    assert (tags["Takeout:PhotoTakenTime"], tags["Takeout:Favorited"]) == (
        ("2020-09-13T12:26:40Z",),
        ("true",),
    )
    write(
        tmp_path / "x.xmp", packet(2, photoshop_City="Bern", exif_DateTimeOriginal="2021-05-06T07:08:09Z")
    )
    both = read(tmp_path, "x.xmp", "x.json", key="y.jpg")
    assert both["ProduceTime"] == "2021-05-06T07:08:09Z"
    assert both["Tags"]["Sidecar"] == ("x.xmp", "x.json")  # type: ignore[index]


def plain_jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1, 2]",
        b'{"a": 1}',
        b'{"photoTakenTime": 5}',
        b'{"photoTakenTime": ' * 5_000,
        takeout()[:-5],
        b'{"photoTakenTime": {"timestamp": "1"}, "people": [7]}',
        b'{"photoTakenTime": {"timestamp": "1"}, "geoData": {"latitude": "x"}}',
    ],
)
def test_other_json_tells_nothing(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "x.jpg", plain_jpeg())
    write(tmp_path / "x.jpg.json", content)
    found = read(tmp_path, "x.jpg.json")
    assert "ProduceTime" not in found or found["ProduceTime"] is None
    assert (found["Tags"] or {}).keys() <= {"NameStem"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("members", "time"),
    [
        ({"photoTakenTime": {"timestamp": 1600000000}}, "2020-09-13T14:26:40+02:00"),
        ({"photoTakenTime": {"timestamp": "-86400"}}, "1969-12-31T01:00:00+01:00"),
        ({"photoTakenTime": {"timestamp": "0"}}, None),
        ({"photoTakenTime": {"timestamp": "999999999999999999999"}}, None),
        ({"photoTakenTime": {"timestamp": "253402300800"}}, None),
        ({"photoTakenTime": {"timestamp": "now"}}, None),
    ],
)
def test_odd_times_of_takeout(tmp_path: Path, members: dict[str, object], time: str | None) -> None:
    write(tmp_path / "x.jpg", plain_jpeg())
    write(tmp_path / "x.jpg.json", takeout(**members))
    assert read(tmp_path, "x.jpg.json").get("ProduceTime") == time


def test_places_of_takeout(tmp_path: Path) -> None:
    write(tmp_path / "x.jpg", plain_jpeg())
    zero = {"latitude": 0.0, "longitude": 0.0}
    for geo, exif, expected in (
        (zero, {"latitude": -33.5, "longitude": 151.25}, "-33.500000,151.250000"),
        (zero, zero, None),
        ({"latitude": 91, "longitude": 8}, zero, None),
    ):
        write(tmp_path / "x.jpg.json", takeout(geoData=geo, geoDataExif=exif))
        assert read(tmp_path, "x.jpg.json").get("LatLong") == expected


def test_videos_have_them_too(tmp_path: Path) -> None:
    with av.open(tmp_path / "x.mp4", "w") as container:
        container.metadata["creation_time"] = "2020-01-02T03:04:05Z"
        container.metadata["title"] = "Its own"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode(None))
    write(tmp_path / "x.mp4.json", takeout())
    told = {"exif_DateTimeOriginal": "2021-05-06T07:08:09+02:00", "photoshop_City": "Bern"}
    write(tmp_path / "x.mp4.xmp", packet(4, **told))
    plain = read(tmp_path, "x.mp4.json", key="x.mp4")
    assert (plain["ProduceTime"], plain["LatLong"]) == ("2020-01-02T03:04:05Z", "47.500000,8.500000")
    found = read(tmp_path, "x.mp4.xmp", "x.mp4.json", key="x.mp4")
    tags = found["Tags"]
    assert isinstance(tags, dict)
    assert (found["ProduceTime"], found["Title"]) == ("2021-05-06T07:08:09+02:00", "Its own")
    assert found["ProduceTimeSource"] == "XMP:exif:DateTimeOriginal; zone=Own"
    assert (tags["Rating"], tags["City"], tags["Description"]) == (("4",), ("Bern",), ("told0",))
    assert tags["Sidecar"] == ("x.mp4.xmp", "x.mp4.json")


def test_a_hostile_or_missing_one_harms_nothing(tmp_path: Path) -> None:
    write(tmp_path / "x.jpg", jpeg(packet(1)))
    write(tmp_path / "x.xmp", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
    assert read(tmp_path, "x.xmp")["Tags"]["Rating"] == ("1",)  # type: ignore[index]
    write(tmp_path / "x.xmp", packet(3) + b" " * 2_000_000)
    found = read(tmp_path, "x.xmp")
    assert found["Tags"]["Rating"] == ("3",)  # type: ignore[index]
    assert [each.partition(":")[0] for each in found["ExtractionNotes"]] == ["PartSkipped"]  # type: ignore[attr-defined]
    store = FolderStore(folder_address(tmp_path))
    former = store.details("x.xmp").info
    (tmp_path / "x.xmp").unlink()
    asked = ExtractionRequest(
        address=store.address,
        object=store.details("x.jpg").info,
        operators=frozenset({Operator.EXIF}),
        sidecars=(former,),
    )
    found_without = extract(asked, ExtractionLimits())
    assert (found_without.failure, (found_without.file.tags or {})["Rating"]) == (None, ("1",))


def test_a_worker_process_is_told_of_them(tmp_path: Path) -> None:
    write(tmp_path / "x.jpg", jpeg())
    write(tmp_path / "x.xmp", packet(3))
    store = FolderStore(folder_address(tmp_path))
    asked = ExtractionRequest(
        address=store.address,
        object=store.details("x.jpg").info,
        operators=frozenset({Operator.EXIF}),
        sidecars=(store.details("x.xmp").info,),
    )
    answer = decode_extraction(extract_job(encode_order(asked, ExtractionLimits())))
    assert (answer.file.tags or {})["Rating"] == ("3",)
