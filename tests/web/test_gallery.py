"""Gallery, search and file pages with real pictures, in a real browser."""

from __future__ import annotations

import csv
import http.client
import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Browser, Page, expect
from tests.conftest import RunningServer

from .conftest import HeldBack, Visitor, sign_in, wait_until

pytestmark = pytest.mark.server
FILES = re.compile("/files[?]")
HOSTILE = '"><img src=x onerror=alert(1)>.jpg'
SIZES = ((600, 400), (400, 600), (800, 300), (500, 500))
PICTURES = 40
PLACED = PICTURES // 2 + 1
"""The even ones and the broken one, whose tags are whole."""


@pytest.fixture(scope="module")
def dataset(server: RunningServer) -> str:
    """Pictures of four shapes, one with a name that would be markup, a broken one, and a page. Project, dataset and
    bucket have one name."""
    name = f"pictures{time.time_ns()}"
    folder = server.bucket_root / name
    folder.mkdir()
    for number in range(PICTURES):
        colour = (number * 6, 120, 250 - number * 6)
        picture = Image.new("RGB", SIZES[number % 4], colour)
        picture.save(folder / f"{number:02}.jpg", exif=taken(number))
    Image.new("RGB", (300, 200), "green").save(folder / HOSTILE)
    (folder / "broken.jpg").write_bytes((folder / "00.jpg").read_bytes()[:300])
    (folder / "page.html").write_text("<script>alert(1)</script>")
    server.make_dataset(name, name)
    server.call("CreateBinding", ProjectName=name, DatasetName=name, URI=f"oss://{name}")
    place = {"ProjectName": name, "DatasetName": name}
    server.wait("SimpleQuery", lambda found: found["TotalHits"] == PICTURES + 3, **place, MaxResults=1)
    return name


def taken(number: int) -> Image.Exif:
    """In 2023 and 2024, by two cameras; the even ones in Hangzhou."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Acme CORPORATION", f"Camera {number % 2}"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{2023 + number % 2}:05:03 10:00:00"
    if number % 2 == 0:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {1: "N", 2: (30.0, 15.0, 0.0), 3: "E", 4: (120.0, 9.0, 0.0)}
        )
    return exif


def address(kind: str, name: str, file: str, **values: str) -> str:
    return f"/console/{kind}/{name}/{name}?" + urlencode({"uri": f"oss://{name}/{file}", **values})


def fetch(
    server: RunningServer, visitor: Visitor, path: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(server.address, timeout=60)
    cookies = "; ".join(f"{n}={v}" for n, v in visitor.cookies.items())
    connection.request("GET", path, headers={"Cookie": cookies, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@pytest.fixture
def root(server: RunningServer, visitor: Visitor) -> Visitor:
    visitor.sign_in(server.key_id, server.key_secret)
    return visitor


def test_browsing_and_searching(signed_in: Page, dataset: str) -> None:
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    expect(signed_in.get_by_test_id("total-hits")).to_have_text(str(PICTURES + 3))
    first = signed_in.get_by_test_id("file-0")
    expect(first.locator("img")).to_be_visible()
    signed_in.get_by_test_id("facet-MediaType-image").click()
    expect(signed_in.get_by_test_id("query-bar")).to_have_value("MediaType = image")
    expect(signed_in.get_by_test_id("query-json")).to_have_value(re.compile('"Field": "MediaType"'))
    expect(signed_in.get_by_test_id("total-hits")).to_have_text(str(PICTURES + 2))
    bar = signed_in.get_by_test_id("query-bar")
    bar.fill("ImageWidth >")
    bar.press("Enter")
    expect(signed_in.get_by_role("alert")).to_be_visible()


def test_narrowing_down(signed_in: Page, dataset: str) -> None:
    """By completion, a size class, the timeline and chips, with the keys."""
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    bar, chips = signed_in.get_by_test_id("query-bar"), signed_in.get_by_test_id("chip")
    bar.fill("MediaTy")
    expect(signed_in.locator("#option-0")).to_contain_text("MediaType")
    bar.press("ArrowDown")
    bar.press("Enter")
    expect(bar).to_have_value("MediaType ")
    expect(signed_in.locator("#option-0")).to_contain_text("=")
    bar.fill("MediaType = im")
    expect(signed_in.locator("#option-0")).to_contain_text("image")
    bar.press("ArrowDown")
    bar.press("Enter")
    expect(signed_in.locator("#option-0")).to_contain_text("and")
    bar.press("Escape")
    expect(signed_in.locator("#options")).to_be_hidden()
    bar.press("Enter")
    expect(signed_in.get_by_test_id("total-hits")).to_have_text(str(PICTURES + 2))
    signed_in.get_by_test_id("facet-Size-< 100KB").click()
    expect(chips).to_have_count(2)
    last = signed_in.locator("#bars button").last
    last.focus()
    last.press("Enter")
    expect(chips).to_have_count(4)
    expect(signed_in.get_by_test_id("total-hits")).to_have_text(str(PICTURES // 2))
    expect(bar).to_have_value(re.compile("ProduceTime >= "))
    signed_in.locator("#whole-time").click()
    expect(bar).to_have_value("MediaType = image and Size < 100KB")
    chips.first.click()
    expect(bar).to_have_value("Size < 100KB")
    signed_in.get_by_test_id("show-map").click()
    place = signed_in.get_by_test_id("map-place")
    expect(place).to_have_count(1, timeout=30_000)
    expect(signed_in.locator(".cluster")).to_have_text(str(PLACED))
    place.click()
    expect(bar).to_have_value(re.compile(r"within\(30\.25"))
    expect(signed_in.get_by_test_id("total-hits")).to_have_text(str(PLACED))
    signed_in.get_by_test_id("show-saved").click()
    signed_in.get_by_test_id("search-name").fill(HOSTILE)
    signed_in.get_by_test_id("save-search").click()
    saved = signed_in.get_by_test_id("saved-search")
    expect(saved.locator("a")).to_have_text(HOSTILE)
    signed_in.locator("#clear").click()
    expect(signed_in.get_by_test_id("total-hits")).to_have_text(str(PICTURES + 3))
    saved.locator("a").click()
    expect(signed_in.get_by_test_id("total-hits")).to_have_text(str(PLACED))
    saved.get_by_role("button", name="Delete").click()
    expect(saved).to_have_count(0)
    bar.fill("Nothing = 1")
    expect(signed_in.locator(".mirror .wrong")).to_have_text("Nothing")


def test_keys_move_and_open(signed_in: Page, dataset: str) -> None:
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/?q=ImageWidth+=+600")
    signed_in.get_by_test_id("file-0").focus()
    signed_in.keyboard.press("ArrowRight")
    expect(signed_in.get_by_test_id("file-1")).to_be_focused()
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_test_id("file-name")).to_contain_text(".jpg")


def test_a_date_in_the_address_and_the_way_back(signed_in: Page, dataset: str) -> None:
    signed_in.set_viewport_size({"width": 500, "height": 400})
    signed_in.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => list.getEntries().forEach((each) => {"
        " if (!each.hadRecentInput) window.moved += each.value; })).observe({type: 'layout-shift', buffered: true})"
    )
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/?at=2023-05")
    month = signed_in.locator(".section-head", has_text="May 2023")
    expect(month).to_be_in_viewport()
    expect(signed_in.locator(".section-head", has_text="May 2024")).not_to_be_in_viewport()
    rail = signed_in.get_by_test_id("scrubber")
    expect(rail).to_have_attribute("aria-valuetext", "May 2023, 21 files")
    rail.focus()
    signed_in.keyboard.press("ArrowDown")
    expect(rail).to_have_attribute("aria-valuetext", "Without a date, 2 files")
    expect(signed_in).to_have_url(re.compile(r"at=2023-05-03"))
    signed_in.get_by_role("option", name="page.html").click()
    expect(signed_in.get_by_test_id("file-name")).to_have_text("page.html")
    signed_in.go_back()
    expect(signed_in.get_by_role("option", name="page.html")).to_be_in_viewport()
    assert signed_in.evaluate("window.moved") < 0.02


def test_the_address_names_the_day_once_slow_files_have_come(signed_in: Page, dataset: str) -> None:
    files = HeldBack(signed_in, FILES)
    signed_in.set_viewport_size({"width": 500, "height": 400})
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/?at=2023-05")
    expect(signed_in.locator(".section-head", has_text="May 2023")).to_be_in_viewport()
    wait_until(signed_in, "Boolean(history.state?.place)")  # the address has been written
    expect(signed_in).to_have_url(re.compile(r"at=2023-05$"))
    files.let_go()
    expect(signed_in.get_by_role("group", name="May 2023").get_by_role("option").first).to_be_visible()
    expect(signed_in).to_have_url(re.compile(r"at=2023-05-03$"))


def test_a_search_that_was_overtaken_shows_nothing(signed_in: Page, dataset: str) -> None:
    """Plain words are asked for in two steps; the second one may end after the whole of a later search."""
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    total, bar = signed_in.get_by_test_id("total-hits"), signed_in.get_by_test_id("query-bar")
    expect(total).to_have_text(str(PICTURES + 3))
    words = HeldBack(signed_in, re.compile("/files[?].*q=no\\+such\\+words"))
    search_for(signed_in, "no such words")
    words.wait()
    search_for(signed_in, "MediaType = image")
    expect(total).to_have_text(str(PICTURES + 2))
    words.answer()
    expect(signed_in.get_by_test_id("file-0")).to_be_visible()
    expect(total).to_have_text(str(PICTURES + 2))
    expect(bar).to_have_value("MediaType = image")


@pytest.mark.unanswered("/sections?")
def test_a_search_that_nothing_answers_is_not_under_way_for_ever(signed_in: Page, dataset: str) -> None:
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    expect(signed_in.get_by_test_id("total-hits")).to_have_text(str(PICTURES + 3))
    signed_in.route(re.compile("/sections[?]"), lambda route: route.abort(), times=1)
    search_for(signed_in, "Size > 0")
    expect(signed_in.locator("#problem")).to_contain_text("cannot be reached")
    expect(signed_in.get_by_test_id("gallery")).not_to_have_attribute("aria-busy", "true")
    search_for(signed_in, "Size > ")
    expect(signed_in.locator("#problem")).not_to_contain_text("cannot be reached")
    expect(signed_in.get_by_test_id("gallery")).not_to_have_attribute("aria-busy", "true")


def search_for(page: Page, text: str) -> None:
    page.get_by_test_id("query-bar").fill(text)
    page.get_by_test_id("query-bar").press("Enter")


def test_what_is_chosen_while_a_search_runs_is_not_chosen_of_its_files(
    signed_in: Page, dataset: str
) -> None:
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    expect(signed_in.get_by_test_id("file-2")).to_be_visible()
    sections = HeldBack(signed_in, re.compile("/sections[?]"))
    search_for(signed_in, "Size > 0")
    signed_in.get_by_test_id("file-2").click(modifiers=["Control"])
    expect(signed_in.get_by_test_id("selection-count")).to_have_text("1 chosen")
    sections.let_go()
    expect(signed_in.get_by_test_id("chip")).to_have_count(1)
    expect(signed_in.get_by_test_id("selection-bar")).to_be_hidden()


def test_offers_that_come_late_are_not_in_the_way(signed_in: Page, dataset: str) -> None:
    """Neither after Escape, nor for a text that has been typed on meanwhile."""
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    bar, options = signed_in.get_by_test_id("query-bar"), signed_in.get_by_test_id("query-options")
    values = HeldBack(signed_in, re.compile("/values[?]"))
    bar.fill("MediaType = im")
    values.wait()
    bar.press("Escape")
    values.answer()
    expect(options).to_be_hidden()
    bar.fill("MediaTy")
    expect(options.locator("#option-0")).to_contain_text("MediaType")
    bar.press("ArrowDown")
    reading = HeldBack(signed_in, re.compile("/reading[?]"))
    bar.press("p")
    bar.press("Enter")
    expect(bar).to_have_value("MediaTyp")
    reading.let_go()


@pytest.mark.parametrize(
    ("button", "narrowed"),
    [
        ("[data-testid=facet-MediaType-image]", r"^Size > 0 and MediaType = image$"),
        ("#bars button >> nth=-1", r"^Size > 0 and ProduceTime >= "),
    ],
)
def test_counts_that_come_while_a_button_is_pressed(
    signed_in: Page, dataset: str, button: str, narrowed: str
) -> None:
    """They show other buttons in its place, and no click is lost by that."""
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    pressed = signed_in.locator(button)
    expect(pressed).to_be_visible()
    counts = HeldBack(signed_in, re.compile("/counts[?]"))
    search_for(signed_in, "Size > 0")
    counts.wait()
    pressed.hover()
    signed_in.mouse.down()
    counts.answer()
    signed_in.mouse.up()
    expect(signed_in.get_by_test_id("query-bar")).to_have_value(re.compile(narrowed))


def test_the_focus_stays_when_the_window_becomes_narrower(signed_in: Page, dataset: str) -> None:
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    tile = signed_in.get_by_test_id("file-1")
    tile.focus()
    tile.evaluate("tile => (tile.className += ' made-before')")
    signed_in.set_viewport_size({"width": 900, "height": 800})
    expect(signed_in.locator(".made-before")).to_have_count(0)
    expect(tile).to_be_focused()


def test_files_that_come_late_take_no_focus(signed_in: Page, dataset: str) -> None:
    """End leads to the last file; who types in the query bar when it comes goes on typing."""
    signed_in.set_viewport_size({"width": 500, "height": 400})
    last = HeldBack(signed_in, re.compile("/files[?].*undated=1"))
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    signed_in.get_by_test_id("file-0").focus()
    signed_in.keyboard.press("End")
    bar = signed_in.get_by_test_id("query-bar")
    bar.focus()
    last.let_go()
    expect(signed_in.get_by_test_id(f"file-{PICTURES + 2}")).to_be_attached()
    expect(bar).to_be_focused()


def test_a_search_before_the_scripts_have_come(
    browser: Browser, server: RunningServer, dataset: str
) -> None:
    context = browser.new_context(base_url=server.endpoint)
    page = context.new_page()
    sign_in(page, server.key_id, server.key_secret)
    scripts = HeldBack(page, re.compile("/gallery/gallery[.]js"))
    page.goto(f"/console/datasets/{dataset}/{dataset}/", wait_until="commit")
    search_for(page, "MediaType = image")
    expect(page).to_have_url(re.compile(r"[?]q=MediaType[+]%3D[+]image$"))
    scripts.let_go()
    expect(page.get_by_test_id("total-hits")).to_have_text(str(PICTURES + 2))
    context.close()


def test_choosing_files_and_labelling_them(signed_in: Page, server: RunningServer, dataset: str) -> None:
    signed_in.goto(f"/console/datasets/{dataset}/{dataset}/")
    signed_in.get_by_test_id("file-2").click(modifiers=["Control"])
    signed_in.get_by_test_id("file-4").click(modifiers=["Shift"])
    signed_in.keyboard.press("Shift+ArrowRight")
    count = signed_in.get_by_test_id("selection-count")
    expect(count).to_have_text("4 chosen")
    expect(signed_in.get_by_test_id("file-5")).to_have_attribute("aria-selected", "true")
    signed_in.get_by_test_id("bulk-label").click()
    signed_in.get_by_test_id("bulk-name").fill("stars")
    signed_in.get_by_test_id("bulk-value").fill("5")
    signed_in.get_by_test_id("bulk-go").click()
    expect(signed_in.get_by_test_id("bulk-state")).to_have_text("Done: 4.")
    query = {"Field": "CustomLabels.stars", "Operation": "eq", "Value": "5"}
    assert (
        server.call("SimpleQuery", ProjectName=dataset, DatasetName=dataset, Query=query)["TotalHits"] == 4
    )
    signed_in.get_by_test_id("bulk-close").click()
    signed_in.get_by_test_id("file-0").focus()
    signed_in.keyboard.press("Control+a")
    expect(count).to_have_text(f"{PICTURES + 3} chosen")
    signed_in.get_by_test_id("bulk-list").click()
    with signed_in.expect_download() as started:
        signed_in.get_by_test_id("bulk-go").click()
    with started.value.path().open(encoding="utf-8-sig", newline="") as listed:
        found = [row["URI"] for row in csv.DictReader(listed)]
    assert len(set(found)) == len(found) == PICTURES + 3
    assert f"oss://{dataset}/{HOSTILE}" in found
    signed_in.get_by_test_id("bulk-close").click()
    signed_in.keyboard.press("Escape")
    expect(signed_in.get_by_test_id("selection-bar")).to_be_hidden()


def test_a_hostile_name_and_a_label(signed_in: Page, server: RunningServer, dataset: str) -> None:
    signed_in.goto(address("files", dataset, HOSTILE))
    expect(signed_in.get_by_test_id("file-name")).to_have_text(HOSTILE)
    signed_in.get_by_test_id("add-label").click()
    signed_in.get_by_test_id("label-name").fill("place")
    signed_in.get_by_test_id("label-value").fill("beach")
    signed_in.get_by_test_id("save-labels").click()
    expect(signed_in.locator("#saved")).to_have_text("Saved")
    query = {"Field": "CustomLabels.place", "Operation": "eq", "Value": "beach"}
    found = server.call("SimpleQuery", ProjectName=dataset, DatasetName=dataset, Query=query)
    assert [file["Filename"] for file in found["Files"]] == [HOSTILE]


def asked(server: RunningServer, root: Visitor, dataset: str, page: str, **values: str) -> dict[str, Any]:
    path = f"/console/datasets/{dataset}/{dataset}/{page}?" + urlencode(values)
    status, _, body = fetch(server, root, path, Accept="application/json")
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


def test_what_the_search_bar_asks(server: RunningServer, root: Visitor, dataset: str) -> None:
    counted = asked(server, root, dataset, "counts", q="MediaType = image", sort="ProduceTime", bars="200")
    facets = {facet["field"]: facet["groups"] for facet in counted["facets"]}
    years = [(group["label"], group["count"]) for group in facets["ProduceTime"]]
    assert years == [("2024", PICTURES // 2), ("2023", PLACED)]
    assert counted["timeline"]["undated"] == 1
    assert sum(bar["count"] for bar in counted["timeline"]["bars"]) == PICTURES + 1
    assert sum(group["count"] for group in facets["Size"]) == PICTURES + 2
    (camera,) = [group for group in facets["Tags.Camera"] if group["label"] == "Acme Camera 1"]
    assert camera["count"] == PICTURES // 2
    (part,) = camera["parts"]
    assert asked(server, root, dataset, "sections", q=part)["total"] == PICTURES // 2
    offered = asked(server, root, dataset, "tag-names", typed="mod")["options"]
    assert [option["text"] for option in offered] == ["EXIF.Model "]
    cameras = asked(server, root, dataset, "values", field="EXIF.Model", begin="Camera 1")["values"]
    assert [value["text"] for value in cameras] == ['"Camera 1" ']
    named = asked(server, root, dataset, "values", field="ContentType")
    assert named["values"][0]["label"] == "image/jpeg"
    assert asked(server, root, dataset, "values", field="URI")["values"] == []
    placed = asked(server, root, dataset, "tiles", zoom="3", box="60, 100, 10, 140")
    assert (placed["total"], [tile["Count"] for tile in placed["tiles"]]) == (PLACED, [PLACED])
    assert asked(server, root, dataset, "tiles", zoom="3", box="10, -20, -10, 20")["total"] == 0
    assert asked(server, root, dataset, "tiles", box="x")["problem"]
    assert asked(server, root, dataset, "counts", q="Size >")["problem"]["unfinished"]


def test_labels_of_ones_own_are_facets(server: RunningServer, root: Visitor) -> None:
    name = f"labelled{time.time_ns()}"
    server.make_dataset(name, name)
    files = [
        {
            "URI": f"oss://{name}/{number}",
            "CustomLabels": {"Mood": f"Calm {number // 2}", "Id": str(number)},
        }
        for number in range(40)
    ]
    server.call("BatchIndexFileMeta", ProjectName=name, DatasetName=name, Files=files)
    counted = asked(server, root, name, "counts", q="")["facets"]
    labels = {facet["title"]: facet["groups"] for facet in counted if "title" in facet}
    assert labels.keys() == {"Mood"}  # an identifier of each file narrows nothing
    assert (labels["Mood"][0]["label"], labels["Mood"][0]["count"]) == ("calm 0", 2)
    (part,) = labels["Mood"][0]["parts"]
    assert asked(server, root, name, "sections", q=part)["total"] == 2
    known = asked(server, root, name, "values", field="CustomLabels.mood", begin="Calm 7")["values"]
    assert [value["text"] for value in known] == ['"calm 7" ']


def test_thumbnails(server: RunningServer, root: Visitor, dataset: str) -> None:
    status, headers, body = fetch(server, root, address("thumbnails", dataset, "00.jpg"))
    assert (status, headers["content-type"]) == (200, "image/webp")
    assert headers["cache-control"].startswith("private")
    assert body[8:12] == b"WEBP"
    again, _, empty = fetch(
        server, root, address("thumbnails", dataset, "00.jpg"), **{"If-None-Match": headers["etag"]}
    )
    assert (again, empty) == (304, b"")
    for other in ("broken.jpg", "page.html"):
        status, headers, _ = fetch(server, root, address("thumbnails", dataset, other))
        assert (status, headers["content-type"]) == (200, "image/svg+xml")
    assert fetch(server, root, address("thumbnails", dataset, "none.jpg"))[0] == 404
    assert (server.data / "thumbnails").stat().st_mode & 0o777 == 0o700


def test_bytes_of_an_object(server: RunningServer, root: Visitor, dataset: str) -> None:
    content = (server.bucket_root / dataset / "00.jpg").read_bytes()
    status, headers, body = fetch(server, root, address("media", dataset, "00.jpg"))
    assert (status, body, headers["accept-ranges"]) == (200, content, "bytes")
    status, headers, body = fetch(server, root, address("media", dataset, "00.jpg"), Range="bytes=5-14")
    assert (status, body) == (206, content[5:15])
    assert headers["content-range"] == f"bytes 5-14/{len(content)}"
    assert fetch(server, root, address("media", dataset, "00.jpg"), Range="bytes=9999999-")[0] == 416
    status, headers, _ = fetch(server, root, address("media", dataset, "page.html"))
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")


def test_who_may_not_read_sees_no_pixels(
    server: RunningServer, person: Callable[..., Visitor], dataset: str
) -> None:
    visitor = person({"Action": ["imm:Get*", "imm:SimpleQuery"], "Resource": "*"})
    assert visitor.get(address("files", dataset, "00.jpg")).status == 200
    _, headers, _ = fetch(server, visitor, address("thumbnails", dataset, "00.jpg"))
    assert headers["content-type"] == "image/svg+xml"
    assert fetch(server, visitor, address("media", dataset, "00.jpg"))[0] == 403
