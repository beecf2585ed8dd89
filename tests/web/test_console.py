"""The console in a real browser: bind a folder, watch it, stop and resume it."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect
from tests.conftest import RunningServer
from tests.servers.scripted import Asked, Reply, Scripted

from .conftest import HTML, HeldBack, Visitor, new_person, sign_in

pytestmark = pytest.mark.server
HOSTILE = '"><script>alert(1)</script>.txt'


@pytest.fixture
def bucket(server: RunningServer, new_name: Callable[[str], str]) -> str:
    """A bucket of 301 small texts, one with a name that would be markup, and a picture."""
    name = new_name("looked-at")
    folder = server.bucket_root / name
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:03}.txt").write_text(f"text {number}")
    (folder / HOSTILE.replace("/", "∕")).write_text("hostile")
    Image.new("RGB", (8, 8)).save(folder / "square.png")
    return name


def bind(page: Page, bucket: str) -> None:
    page.goto("/console/bindings/new")
    page.get_by_test_id("new-bucket").fill(bucket)
    page.get_by_test_id("new-project").fill(bucket + "-p")
    page.get_by_test_id("new-dataset").fill("d")
    page.get_by_test_id("create-binding").click()


def test_a_binding_is_made_and_watched(signed_in: Page, bucket: str) -> None:
    bind(signed_in, bucket)
    expect(signed_in.get_by_test_id("binding-phase")).to_have_text("IncrementalScanning", timeout=60_000)
    expect(signed_in.locator('#books [data-field="Indexed"]')).to_have_text("302")
    expect(signed_in.locator("#balanced")).to_have_text("balanced")
    signed_in.get_by_test_id("stop").click()
    expect(signed_in.get_by_test_id("binding-state")).to_have_text("Stopped")
    signed_in.get_by_test_id("resume").click()
    expect(signed_in.get_by_test_id("binding-state")).to_have_text("Running", timeout=60_000)
    signed_in.get_by_test_id("audit").click()
    expect(signed_in.locator("#outcome")).to_contain_text("Succeeded", timeout=60_000)
    signed_in.goto("/console/")
    row = signed_in.get_by_test_id(f"binding-{bucket}")
    expect(row.get_by_test_id("binding-state")).to_have_text("Running")
    card = signed_in.locator(".dataset", has_text=f"{bucket}-p / d")
    # A card is asked for its kinds when it comes into view, and others fill the page.
    card.scroll_into_view_if_needed()
    expect(card.locator(".kinds .tag")).to_have_text(["document 301", "image 1"])


def test_a_bucket_that_there_is_not_says_so(signed_in: Page, new_name: Callable[[str], str]) -> None:
    bind(signed_in, new_name("no-such-bucket"))
    expect(signed_in.locator("#reason")).to_contain_text("bucket", timeout=60_000)
    expect(signed_in.get_by_test_id("resume")).to_be_visible()


def test_a_name_that_cannot_be_is_refused_beside_the_form(server: RunningServer, visitor: Visitor) -> None:
    visitor.sign_in(server.key_id, server.key_secret)
    fields = {"bucket": "x", "project": "named-odd", "dataset": "d", "Prefixes": "a/\nb/"}
    refused = visitor.post("/console/bindings/new", fields)
    assert refused.status == 400
    assert "not a bucket name" in refused.text
    assert 'value="named-odd"' in refused.text
    assert ">a/\nb/</textarea>" in refused.text.replace("\r", "")


def test_a_user_sees_what_he_may(
    server: RunningServer, person: Callable[..., Visitor], new_name: Callable[[str], str]
) -> None:
    server.make_dataset(hidden := new_name("hidden"), "d")
    server.make_dataset(open_one := new_name("open"), "d")
    visitor = person({"Action": ["imm:List*", "imm:Get*"], "Resource": f"acs:imm:*:*:project/{open_one}*"})
    text = visitor.get("/console/").text
    assert f"{open_one} / d" in text
    assert hidden not in text
    refused = visitor.get(f"/console/bindings/{hidden}/d/bucket")
    assert refused.status == 403
    assert "NoPermission" in refused.text


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_it_fits(signed_in: Page, width: int) -> None:
    signed_in.set_viewport_size({"width": width, "height": 900})
    for path in ("/console/", "/console/bindings/new"):
        signed_in.goto(path)
        assert signed_in.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.unanswered("/console/tasks/")
def test_what_a_binding_would_take_is_known_before_it_is_made(
    signed_in: Page, server: RunningServer, bucket: str
) -> None:
    """Also for a project that there is not; and what is estimated is what the scope leaves."""
    project = bucket + "-estimated"
    signed_in.goto("/console/bindings/new")
    for name, value in (("bucket", bucket), ("project", project), ("dataset", "d")):
        signed_in.get_by_test_id(f"new-{name}").fill(value)
    signed_in.locator("summary", has_text="Scope").click()
    signed_in.locator("#scope-Prefixes").fill("00")
    signed_in.get_by_test_id("new-everything").check()
    missed: list[str] = []

    def miss(route: Route) -> None:
        missed.append(route.request.url)
        if len(missed) == 1:
            route.abort()
        else:
            route.fulfill(status=503, json={"Code": "ServiceUnavailable", "Message": "starting"})

    signed_in.route(re.compile("/console/tasks/"), miss, times=2)
    signed_in.get_by_test_id("estimate").click()
    expect(signed_in.get_by_test_id("estimated")).to_be_visible(timeout=60_000)
    assert len(missed) == 2
    expect(signed_in.get_by_test_id("estimate-books")).to_contain_text("Files to index10")
    assert server.call("ListDatasets", ProjectName=project)["Datasets"] == []
    signed_in.get_by_test_id("create-binding").click()
    expect(signed_in.get_by_test_id("binding-phase")).to_have_text("IncrementalScanning", timeout=60_000)
    expect(signed_in.locator('#books [data-field="Indexed"]')).to_have_text("10")
    expect(signed_in.locator("pre")).to_contain_text('"DefaultExclusions": false')


def test_a_button_can_be_pressed_once_its_script_has_come(signed_in: Page, bucket: str) -> None:
    bind(signed_in, bucket)
    expect(signed_in.get_by_test_id("binding-phase")).to_have_text("IncrementalScanning", timeout=60_000)
    script = HeldBack(signed_in, re.compile("/console/binding[.]js"))
    signed_in.reload(wait_until="commit")
    expect(signed_in.get_by_test_id("binding-phase")).to_have_text("IncrementalScanning")
    expect(signed_in.get_by_test_id("stop")).to_be_disabled()
    script.let_go()
    signed_in.get_by_test_id("stop").click()
    expect(signed_in.get_by_test_id("binding-state")).to_have_text("Stopped")


def test_what_is_told_is_what_became_of_the_last_action(signed_in: Page, bucket: str) -> None:
    bind(signed_in, bucket)
    expect(signed_in.get_by_test_id("binding-phase")).to_have_text("IncrementalScanning", timeout=60_000)
    stop = HeldBack(signed_in, re.compile("/stop$"))
    signed_in.get_by_test_id("stop").click()
    stop.wait()
    signed_in.get_by_test_id("audit").click()
    expect(signed_in.locator("#outcome")).to_contain_text("Succeeded", timeout=60_000)
    stop.answer()
    expect(signed_in.get_by_test_id("binding-state")).to_have_text("Stopped")
    expect(signed_in.locator("#outcome")).to_contain_text("Succeeded")


@pytest.mark.removes_entries
@pytest.mark.unanswered("/held-back")
def test_removals_are_shown_before_they_are_confirmed(
    signed_in: Page, server: RunningServer, bucket: str
) -> None:
    bind(signed_in, bucket)
    expect(signed_in.get_by_test_id("binding-phase")).to_have_text("IncrementalScanning", timeout=60_000)
    signed_in.get_by_test_id("stop").click()
    expect(signed_in.get_by_test_id("binding-state")).to_have_text("Stopped")
    count = str(len(list((server.bucket_root / bucket).iterdir())))
    shutil.rmtree(server.bucket_root / bucket)
    (server.bucket_root / bucket).mkdir()
    signed_in.get_by_test_id("resume").click()
    expect(signed_in.locator('#books [data-field="HeldBack"]')).to_have_text(count, timeout=60_000)
    signed_in.get_by_test_id("confirm").click()
    sample = signed_in.get_by_test_id("held")
    expect(sample).to_contain_text(f"Remove {count} entries?")
    expect(sample).to_contain_text(HOSTILE.replace("/", "∕"))
    expect(signed_in.get_by_test_id("held-files").locator("li")).to_have_count(24)
    sample.get_by_role("button", name="Cancel").click()
    expect(sample).to_be_hidden()
    expect(signed_in.locator('#books [data-field="HeldBack"]')).to_have_text(count)
    signed_in.route(re.compile("/held-back$"), lambda route: route.abort(), times=1)
    signed_in.get_by_test_id("confirm").click()
    expect(sample).to_contain_text("cannot be reached")
    expect(signed_in.get_by_test_id("held-remove")).to_be_disabled()
    sample.get_by_role("button", name="Cancel").click()
    asked = HeldBack(signed_in, re.compile("/held-back$"))
    signed_in.get_by_test_id("confirm").click()
    expect(signed_in.get_by_test_id("held-remove")).to_be_disabled()
    asked.let_go()
    signed_in.get_by_test_id("held-remove").click()
    expect(signed_in.locator('#books [data-field="Listed"]')).to_have_text("0", timeout=60_000)
    # The plot goes back to the time before this page was opened.
    signed_in.reload()
    expect(signed_in.get_by_test_id("plot").locator("canvas")).to_be_visible()


class Door:
    """An address that leads to one server after the other."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.leads_to = ""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                came, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(came,), daemon=True).start()

    def _serve(self, came: socket.socket) -> None:
        host, _, port = self.leads_to.partition(":")
        with (
            came,
            contextlib.suppress(OSError, ValueError),
            socket.create_connection((host, int(port))) as there,
        ):
            threading.Thread(target=_pass_on, args=(came, there), daemon=True).start()
            _pass_on(there, came)

    def close(self) -> None:
        self._listener.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


def test_a_page_outlives_its_server(
    browser: Browser, start_server: Callable[..., RunningServer], door: Door, tmp_path: Path
) -> None:
    """It says that nothing can be known, and goes on by itself with what the next server says."""
    folders = {"data": tmp_path / "data", "bucket_root": tmp_path / "buckets"}
    first = start_server(**folders)
    (folders["bucket_root"] / "lasting").mkdir()
    for number in range(5):
        (folders["bucket_root"] / "lasting" / f"{number}.txt").write_text("text")
    door.leads_to = first.address
    context = browser.new_context(base_url=door.endpoint)
    context.set_default_timeout(30_000)
    page = context.new_page()
    sign_in(page, first.key_id, first.key_secret)
    bind(page, "lasting")
    expect(page.get_by_test_id("binding-phase")).to_have_text("IncrementalScanning", timeout=60_000)
    expect(page.get_by_test_id("connection")).to_be_hidden()
    first.stop()
    expect(page.get_by_test_id("connection")).to_contain_text("cannot be reached", timeout=60_000)
    (folders["bucket_root"] / "lasting" / "new.txt").write_text("text")
    second = start_server(**folders)
    door.leads_to = second.address
    expect(page.get_by_test_id("connection")).to_be_hidden(timeout=60_000)
    expect(page.locator('#books [data-field="Listed"]')).to_have_text("6", timeout=60_000)
    context.close()


def test_buttons_are_for_who_may_press_them(
    server: RunningServer, person: Callable[..., Visitor], new_name: Callable[[str], str]
) -> None:
    project = new_name("pressed")
    (server.bucket_root / project).mkdir()
    names = {"ProjectName": project, "DatasetName": "d", "URI": f"oss://{project}"}
    server.make_dataset(project, "d")
    server.call("CreateBinding", **names)
    statements = [
        {"Effect": "Allow", "Action": ["imm:List*", "imm:Get*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "imm:StopBinding", "Resource": f"acs:imm:*:*:project/{project}/*"},
    ]
    visitor = person(*statements)
    text = visitor.get(f"/console/bindings/{project}/d/{project}").text
    assert 'data-testid="stop" disabled>' in text, "until its script has come"
    for action, needed in (("audit", "bindery:AuditBinding"), ("confirm", "bindery:ConfirmDeletion")):
        button = text[text.index(f'data-testid="{action}"') :]
        assert "data-refused disabled" in button[: button.index(">")]
        assert f"allows {needed} on project/{project}/dataset/d" in text
    assert "allows imm:CreateBinding" in visitor.get("/console/bindings/new").text


@pytest.fixture(scope="module")
def waiting_server(start_server: Callable[..., RunningServer]) -> Iterator[RunningServer]:
    """Its bucket ``endless`` has another page behind each: who lists it is at work until he is stopped."""
    with Scripted(endless_page) as store:
        yield start_server("--bucket", f"endless=s3://endless?anonymous=true&endpoint={store.endpoint}")


def endless_page(asked: Asked) -> Reply:
    """Of a million million keys of twelve digits the next one."""
    query = parse_qs(urlsplit(asked.target).query)
    after = query.get("continuation-token", query.get("start-after", [""]))[0]
    key = f"{bisect_right(range(10**12), after, key='{:012}'.format):012}"
    time.sleep(0.1)
    body = (
        f"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{key}</NextContinuationToken>"
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>"
        "</ListBucketResult>"
    )
    return Reply(body=body.encode())


def begin_task(server: RunningServer, project: str) -> dict[str, str]:
    """An estimate of the endless bucket: what names it to GetTask."""
    server.call("CreateProject", ProjectName=project)
    task = server.call("EstimateBinding", ProjectName=project, URI="oss://endless")["TaskId"]
    return {"ProjectName": project, "TaskType": "BindingEstimate", "TaskId": task}


def test_a_task_that_runs_is_ended(browser: Browser, waiting_server: RunningServer) -> None:
    names = begin_task(waiting_server, "ended-early")
    context = browser.new_context(base_url=waiting_server.endpoint)
    page = context.new_page()
    sign_in(page, waiting_server.key_id, waiting_server.key_secret)
    page.goto("/console/tasks/?project=ended-early&state=Running")
    row = page.get_by_test_id(f"task-{names['TaskId']}")
    with page.expect_navigation(url=re.compile(r"/console/tasks/\?project=ended-early&state=Running$")):
        row.get_by_test_id("cancel-task").click()
    waiting_server.wait("GetTask", lambda task: task["Status"] == "Failed", 180, **names)
    page.goto("/console/tasks/?project=ended-early")
    expect(row).to_contain_text("Cancelled")
    expect(row.get_by_test_id("cancel-task")).to_have_count(0)
    context.close()


def test_a_task_is_ended_by_who_may_alone(waiting_server: RunningServer) -> None:
    names = begin_task(waiting_server, "goes-on")
    allowed = {"Effect": "Allow", "Action": "imm:List*", "Resource": "*"}
    visitor = new_person(waiting_server, "reader", allowed)
    text = visitor.get("/console/tasks/?project=goes-on").text
    button = text[text.index('data-testid="cancel-task"') :]
    assert "disabled" in button[: button.index(">")]
    assert "allows bindery:CancelTask on project/goes-on" in text
    refused = visitor.post(
        f"/console/tasks/goes-on/{names['TaskId']}/cancel", {"type": names["TaskType"]}, **HTML
    )
    assert refused.status == 403
    assert waiting_server.call("GetTask", **names)["Status"] == "Running"
    waiting_server.call("CancelTask", **names)
