"""The page of a file: what it shows of each kind, and the files around it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Browser, Page, expect
from tests.conftest import RunningServer
from tests.extract.document_samples import make_docx, word_body

from .conftest import HeldBack, Visitor, sign_in
from .test_accessibility import SEVERE
from .test_gallery import fetch

pytestmark = pytest.mark.server
JSON = {"Accept": "application/json"}
HOURS = (8, 9, 9, 10, 15)
"""When the pictures 0.jpg to 4.jpg were taken; the last of them elsewhere."""
IN_ORDER = ["b.pdf", "4.jpg", "3.jpg", "1.jpg", "2.jpg", "0.jpg", "c.docx", "a.webm", "d.zip", "e.pdf"]
"""The newest first (the pages are made now, the letter in 2012), then what has no time, by URI."""


def taken(hour: int, longitude: int) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif).update({0x9003: f"2024:05:04 {hour:02}:00:00", 0x9011: "+08:00"})
    place = {1: "N", 2: (30.0, 15.0, 0.0), 3: "E", 4: (float(longitude), 10.0, 0.0)}
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place)
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(file, "JPEG", exif=exif)
    return file.getvalue()


def fill(folder: Path) -> None:
    """Pictures with times and places, six seconds of video, three pages, a letter, an archive of nothing, no PDF."""
    for number, hour in enumerate(HOURS):
        (folder / f"{number}.jpg").write_bytes(taken(hour, 120 if number < 4 else 10))
    source = ["-f", "lavfi", "-i", "testsrc=d=6:r=10:s=160x120", "-f", "lavfi", "-i", "sine=d=6"]
    coded = ["-c:v", "libvpx", "-deadline", "realtime", "-g", "10", "-c:a", "libopus", "a.webm"]
    subprocess.run(["ffmpeg", "-v", "error", *source, *coded], cwd=folder, check=True, timeout=120)
    pages = [Image.new("RGB", (300, 400), colour) for colour in ("red", "green", "blue")]
    pages[0].save(folder / "b.pdf", save_all=True, append_images=pages[1:])
    (folder / "c.docx").write_bytes(make_docx(word_body("Dear reader")))
    (folder / "d.zip").write_bytes(b"PK\5\6" + bytes(18))
    (folder / "e.pdf").write_bytes(b"%PDF-1.4\n<script>alert(1)</script>")


@pytest.fixture(scope="module")
def dataset(server: RunningServer) -> str:
    name = f"around{time.time_ns()}"
    folder = server.bucket_root / name
    folder.mkdir()
    fill(folder)
    server.make_dataset(name, name)
    server.call("CreateBinding", ProjectName=name, DatasetName=name, URI=f"oss://{name}")
    place = {"ProjectName": name, "DatasetName": name}
    server.wait("SimpleQuery", lambda found: found["TotalHits"] == len(IN_ORDER), **place, MaxResults=1)
    return name


@pytest.fixture
def root(server: RunningServer, visitor: Visitor) -> Visitor:
    visitor.sign_in(server.key_id, server.key_secret)
    return visitor


def path_of(name: str, file: str, below: str = "", **values: str) -> str:
    return f"/console/files/{name}/{name}{below}?" + urlencode({"uri": f"oss://{name}/{file}", **values})


def asked(visitor: Visitor, path: str) -> dict:
    answer = visitor.get(path, **JSON)
    assert answer.status == 200
    return json.loads(answer.text)


def file_of(address: str | None) -> str:
    return parse_qs(urlsplit(address or "").query).get("uri", [""])[0].rpartition("/")[2]


def walk(visitor: Visitor, name: str, first: str, side: str, **search: str) -> list[str]:
    """From one file to its neighbours as long as there is one."""
    seen = [first]
    while following := file_of(asked(visitor, path_of(name, seen[-1], "/neighbours", **search))[side]):
        assert following not in seen
        seen.append(following)
    return seen


def test_values_of_raw_tags_lead_to_the_files_that_have_them(signed_in: Page, dataset: str) -> None:
    signed_in.goto(path_of(dataset, "3.jpg"))
    rows = signed_in.get_by_test_id("tags").locator("dl > div")
    signed_in.get_by_test_id("tag-filter").fill("datetimeorig")
    expect(rows.filter(visible=True)).to_have_count(1)
    rows.filter(visible=True).get_by_role("link").click()
    expect(signed_in.get_by_test_id("total-hits")).to_have_text("1")
    assert parse_qs(urlsplit(signed_in.url).query)["q"] == ['EXIF.DateTimeOriginal = "2024:05:04 10:00:00"']


def test_neighbours_lead_through_the_gallery_in_its_order(root: Visitor, dataset: str) -> None:
    assert walk(root, dataset, IN_ORDER[0], "after") == IN_ORDER
    assert walk(root, dataset, IN_ORDER[-1], "before") == IN_ORDER[::-1]
    ascending = ["c.docx", "0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "b.pdf", "a.webm", "d.zip", "e.pdf"]
    assert walk(root, dataset, "c.docx", "after", order="asc") == ascending
    assert walk(root, dataset, "e.pdf", "before", order="asc") == ascending[::-1]
    by_name = walk(root, dataset, "e.pdf", "after", sort="Filename")
    assert by_name == [
        "e.pdf",
        "d.zip",
        "c.docx",
        "b.pdf",
        "a.webm",
        "4.jpg",
        "3.jpg",
        "2.jpg",
        "1.jpg",
        "0.jpg",
    ]


def test_neighbours_are_those_of_the_search(root: Visitor, dataset: str) -> None:
    search = {"q": "MediaType = image and near(30.25, 120.17, 5000)", "order": "asc"}
    assert walk(root, dataset, "0.jpg", "after", **search) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    found = asked(root, path_of(dataset, "0.jpg", "/neighbours", **search))
    assert parse_qs(urlsplit(found["after"]).query)["q"] == [search["q"]]
    for other in ("plain words", "Size >"):
        found = asked(root, path_of(dataset, "0.jpg", "/neighbours", q=other))
        assert found == {"before": None, "after": None}


def test_files_of_the_same_hour_and_place(root: Visitor, server: RunningServer, dataset: str) -> None:
    found = asked(root, path_of(dataset, "1.jpg", "/alike"))
    assert sorted(each["name"] for each in found["time"]) == ["0.jpg", "2.jpg", "3.jpg"]
    assert found["time"][0]["name"] == "2.jpg"
    assert [each["name"] for each in found["place"]] == ["3.jpg", "2.jpg", "0.jpg"]
    assert fetch(server, root, found["time"][0]["thumbnail"])[1]["content-type"] == "image/webp"
    assert asked(root, path_of(dataset, "d.zip", "/alike")) == {"time": [], "place": []}


def test_the_ledger_of_an_object(root: Visitor, server: RunningServer, dataset: str) -> None:
    row = asked(root, path_of(dataset, "0.jpg", "/history"))["row"]
    assert (row["Key"], row["Outcome"], row["Attempts"]) == ("0.jpg", "Indexed", 1)
    other = {"ProjectName": dataset, "DatasetName": "unbound"}
    server.call("CreateDataset", **other)
    server.call("IndexFileMeta", **other, File={"URI": f"oss://{dataset}/0.jpg"})
    path = f"/console/files/{dataset}/unbound/history?" + urlencode({"uri": f"oss://{dataset}/0.jpg"})
    until = time.monotonic() + 60
    while root.get(path, **JSON).status == 404 and time.monotonic() < until:
        time.sleep(0.1)
    assert asked(root, path) == {"row": None, "refused": ""}


def test_pages_and_words(root: Visitor, server: RunningServer, dataset: str) -> None:
    address = f"/console/thumbnails/{dataset}/{dataset}?size=large&" + urlencode(
        {"uri": f"oss://{dataset}/b.pdf"}
    )
    tags = set()
    for page, colour in enumerate(((254, 0, 0), (0, 128, 0), (0, 0, 254))):
        _, headers, body = fetch(server, root, f"{address}&page={page}")
        shown = Image.open(io.BytesIO(body)).convert("RGB").getpixel((50, 50))
        assert all(abs(one - other) < 20 for one, other in zip(shown, colour, strict=True))
        tags.add(headers["etag"])
    assert len(tags) == 3
    for page in ("3", "-1", "x", "99999999"):
        assert fetch(server, root, f"{address}&page={page}")[0] == 200
    assert asked(root, path_of(dataset, "c.docx").replace("/files/", "/words/"))["words"] == "Dear reader"
    assert asked(root, path_of(dataset, "d.zip").replace("/files/", "/words/"))["words"] == ""


def test_every_file_has_a_page_whatever_it_is(root: Visitor, server: RunningServer, dataset: str) -> None:
    for file in IN_ORDER:
        shown = root.get(path_of(dataset, file))
        assert (shown.status, file in shown.text) == (200, True)
    broken = f"/console/thumbnails/{dataset}/{dataset}?" + urlencode({"uri": f"oss://{dataset}/e.pdf"})
    assert fetch(server, root, broken)[1]["content-type"] == "image/svg+xml"


def save(visitor: Visitor, path: str, changed: dict, csrf: str) -> tuple[int, dict]:
    headers = {**JSON, "Content-Type": "application/json", "X-CSRF-Token": csrf}
    answer = visitor.send("POST", path, json.dumps(changed), headers)
    return answer.status, json.loads(answer.text)


def test_a_title_is_saved_and_refusals_are_told(
    root: Visitor, person: Callable[..., Visitor], dataset: str
) -> None:
    path = path_of(dataset, "3.jpg", "/labels")
    changed = {"labels": {"Mood": "calm"}, "title": "On <i>the</i> lake"}
    assert save(root, path, changed, root.csrf) == (200, {"saved": True})
    assert "On &lt;i&gt;the&lt;/i&gt; lake" in root.get(path_of(dataset, "3.jpg")).text
    assert save(root, path, changed, "0" * 64)[0] == 403
    status, told = save(root, path, {"labels": {"": "x"}, "title": None}, root.csrf)
    assert (status, told["Code"].partition(".")[0]) == (400, "InvalidArgument")
    reader = person({"Action": ["imm:Get*", "oss:GetObject"], "Resource": "*"})
    status, told = save(reader, path, changed, reader.csrf)
    assert (status, told["Code"]) == (403, "NoPermission")
    page = path_of(dataset, "3.jpg")
    assert 'data-testid="save-labels">' in root.get(page).text
    assert 'data-testid="save-labels" disabled' in reader.get(page).text
    assert "imm:UpdateFileMeta" in reader.get(page).text
    assert "bindery:ListLedgerEntries" in asked(reader, path_of(dataset, "3.jpg", "/history"))["refused"]
    assert asked(reader, path_of(dataset, "3.jpg", "/neighbours")) == {"before": None, "after": None}


SEEK = """player => new Promise((done, fail) => {
    player.addEventListener("seeked", () => done([player.currentTime, player.readyState, player.duration]));
    player.addEventListener("error", () => fail(player.error?.message));
    if (player.error) fail(player.error.message);
    player.currentTime = 4;
})"""


def test_a_video_of_which_only_the_sound_plays_is_told(
    signed_in: Page, server: RunningServer, new_name: Callable[[str], str]
) -> None:
    """MPEG-4 part 2 with AAC: Chromium has the second alone."""
    name = new_name("heard")
    folder = server.bucket_root / name
    folder.mkdir()
    source = ["-f", "lavfi", "-i", "testsrc=d=2:r=10:s=160x120", "-f", "lavfi", "-i", "sine=d=2"]
    for codec, file in (("mpeg4", "heard.mp4"), ("libx264", "seen.mp4")):
        coded = ["-c:v", codec, "-pix_fmt", "yuv420p", "-c:a", "aac", file]
        subprocess.run(["ffmpeg", "-v", "error", *source, *coded], cwd=folder, check=True, timeout=120)
    server.make_dataset(name, name)
    server.call("CreateBinding", ProjectName=name, DatasetName=name, URI=f"oss://{name}")
    place = {"ProjectName": name, "DatasetName": name}
    server.wait("SimpleQuery", lambda body: body["TotalHits"] == 2, **place, MaxResults=1)
    for file, width in (("heard.mp4", 0), ("seen.mp4", 160)):
        signed_in.goto(f"/console/files/{name}/{name}?uri=oss://{name}/{file}")
        shown = signed_in.get_by_test_id("player").evaluate(WIDTH)
        assert shown == width
        expect(signed_in.get_by_test_id("not-seen")).to_be_visible(visible=not width)


WIDTH = """player => new Promise((done, fail) => {
    player.addEventListener("error", () => fail(player.error?.message));
    player.addEventListener("loadedmetadata", () => done(player.videoWidth));
    if (player.error) fail(player.error.message);
    if (player.readyState > 0) done(player.videoWidth);
})"""


def test_playing_turning_pages_and_going_on(signed_in: Page, dataset: str) -> None:
    signed_in.goto(path_of(dataset, "a.webm"))
    player = signed_in.get_by_test_id("player")
    at, ready, duration = player.evaluate(SEEK)
    assert (round(at), round(duration)) == (4, 6)
    assert ready >= 2
    expect(signed_in.get_by_test_id("after")).to_have_attribute("href", path_of(dataset, "d.zip"))
    signed_in.keyboard.press("ArrowRight")
    expect(signed_in.get_by_test_id("file-name")).to_have_text("d.zip")
    signed_in.goto(path_of(dataset, "b.pdf"))
    signed_in.get_by_test_id("page").locator("..").focus()
    signed_in.keyboard.press("PageDown")
    signed_in.keyboard.press("PageDown")
    expect(signed_in.get_by_test_id("page-number")).to_have_value("3")
    expect(signed_in.get_by_test_id("page-on")).to_be_disabled()
    expect(signed_in.get_by_test_id("after")).to_have_attribute("href", path_of(dataset, "4.jpg"))
    signed_in.goto(path_of(dataset, "1.jpg"))
    expect(signed_in.get_by_test_id("locator").locator("path")).to_have_count(3)
    expect(signed_in.get_by_test_id("same-hour").locator("li")).to_have_count(3)
    signed_in.get_by_test_id("history").locator("summary").click()
    expect(signed_in.get_by_test_id("history")).to_contain_text("Indexed")
    signed_in.get_by_test_id("program").locator("summary").click()
    expect(signed_in.get_by_test_id("code-text")).to_contain_text("get_file_meta")


def test_a_fold_that_was_opened_before_the_script_came(signed_in: Page, dataset: str) -> None:
    script = HeldBack(signed_in, re.compile("/gallery/file[.]js"))
    signed_in.goto(path_of(dataset, "1.jpg"), wait_until="commit")
    for fold in ("history", "program"):
        signed_in.get_by_test_id(fold).locator("summary").click()
    script.let_go()
    expect(signed_in.get_by_test_id("history")).to_contain_text("Indexed")
    expect(signed_in.get_by_test_id("code-text")).to_contain_text("get_file_meta")


def test_the_program_is_in_the_language_that_was_chosen_last(signed_in: Page, dataset: str) -> None:
    signed_in.goto(path_of(dataset, "1.jpg"))
    signed_in.get_by_test_id("program").locator("summary").click()
    language, program = signed_in.get_by_test_id("code-language"), signed_in.get_by_test_id("code-text")
    expect(program).to_contain_text("get_file_meta")
    former = HeldBack(signed_in, re.compile("/explorer/code$"))
    language.select_option("typescript")
    former.wait()
    former.no_more()
    with signed_in.expect_event("requestfailed", lambda request: request.url.endswith("/explorer/code")):
        language.select_option("curl")
    former.let_go()
    expect(program).to_contain_text("curl")


COMES_LATER = {
    "": ["facet-MediaType-image"],
    "1.jpg": ["same-hour", "same-place"],
    "b.pdf": [],
    "a.webm": [],
    "c.docx": ["words"],
}
"""What the gallery and the page of a file ask for once they are there."""


@pytest.mark.parametrize(
    ("scheme", "width", "files"),
    [("light", 360, ("1.jpg", "b.pdf")), ("dark", 1280, ("a.webm", "c.docx"))],
)
def test_nothing_is_in_anybodys_way(
    browser: Browser,
    server: RunningServer,
    dataset: str,
    node_packages: Path,
    scheme: str,
    width: int,
    files: tuple[str, ...],
) -> None:
    axe = (node_packages / "node_modules/axe-core/axe.min.js").read_text()
    view = {"width": width, "height": 900}
    settled = {"color_scheme": scheme, "reduced_motion": "reduce"}
    context = browser.new_context(base_url=server.endpoint, bypass_csp=True, viewport=view, **settled)
    page = context.new_page()
    sign_in(page, server.key_id, server.key_secret)
    seen = []
    for file in ("", *files):
        path = path_of(dataset, file) if file else f"/console/datasets/{dataset}/{dataset}/"
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        if file:
            expect(page.get_by_test_id("history")).to_contain_text("Indexed")
            expect(page.get_by_test_id("code-text")).to_contain_text("get_file_meta")
        for part in COMES_LATER[file]:
            expect(page.get_by_test_id(part)).not_to_be_empty()
        page.evaluate(axe)
        seen += [
            f"{path}: {each['id']}: {each['nodes'][0]['html']}"
            for each in page.evaluate("axe.run()")["violations"]
            if each["impact"] in SEVERE
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            seen.append(f"{path}: wider than the window")
    context.close()
    assert not seen
