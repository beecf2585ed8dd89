"""Work on many chosen files, as the scripts of the gallery ask for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from tests.conftest import RunningServer

from .conftest import Shown, Visitor

pytestmark = pytest.mark.server


@pytest.fixture
def album(server: RunningServer, new_name: Callable[[str], str]) -> str:
    """A dataset with entries of three objects and of one that is not there; project, dataset, bucket of one name."""
    name = new_name("bulk")
    (server.bucket_root / name).mkdir()
    for number in range(3):
        Image.new("RGB", (60, 40), (number * 80, 9, 9)).save(server.bucket_root / name / f"{number}.jpg")
    server.make_dataset(name, name)
    files = [{"URI": f"oss://{name}/{number}.jpg", "CustomLabels": {"kept": "yes"}} for number in range(4)]
    server.call("BatchIndexFileMeta", ProjectName=name, DatasetName=name, Files=files)
    return name


def send(visitor: Visitor, album: str, csrf: str = "", **asked: Any) -> Shown:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    path = f"/console/datasets/{album}/{album}/bulk"
    return visitor.send("POST", path, json.dumps(asked), headers | {"x-csrf-token": csrf or visitor.csrf})


def failed(shown: Shown) -> list[str]:
    assert shown.status == 200, shown.text
    return [each["uri"].rpartition("/")[2] for each in json.loads(shown.text)["failed"]]


def uris(album: str, *names: str) -> list[str]:
    return [f"oss://{album}/{name}" for name in names]


def labels(server: RunningServer, album: str) -> dict[str, dict[str, str]]:
    found = server.call(
        "BatchGetFileMeta",
        ProjectName=album,
        DatasetName=album,
        URIs=uris(album, *(f"{number}.jpg" for number in range(4))),
        WithFields=["URI", "CustomLabels"],
    )
    return {file["URI"].rpartition("/")[2]: file.get("CustomLabels", {}) for file in found["Files"]}


@pytest.fixture
def root(server: RunningServer, visitor: Visitor) -> Visitor:
    visitor.sign_in(server.key_id, server.key_secret)
    return visitor


def test_labels_come_and_go_and_others_stay(server: RunningServer, root: Visitor, album: str) -> None:
    some = uris(album, "0.jpg", "1.jpg", "0.jpg", "never.jpg")
    assert failed(send(root, album, action="label", uris=some, name="trip", value="sea")) == ["never.jpg"]
    assert labels(server, album)["0.jpg"] == {"kept": "yes", "trip": "sea"}
    assert labels(server, album)["2.jpg"] == {"kept": "yes"}
    assert failed(send(root, album, action="unlabel", uris=some[:2], name="trip")) == []
    assert set(map(str, labels(server, album).values())) == {"{'kept': 'yes'}"}
    assert failed(send(root, album, action="label", uris=some[:1], name="x" * 5_000)) == ["0.jpg"]


def test_extracting_and_deleting_tell_each_file(server: RunningServer, root: Visitor, album: str) -> None:
    mixed = [*uris(album, "0.jpg", "1.jpg"), "oss://no-such-bucket-anywhere/k", "nonsense"]
    refused = failed(send(root, album, action="extract", uris=mixed))
    assert refused[-1] == "nonsense"
    assert "0.jpg" not in refused
    assert failed(send(root, album, action="delete", uris=[*uris(album, "0.jpg"), "nonsense"])) == [
        "nonsense"
    ]
    assert sorted(labels(server, album)) == ["1.jpg", "2.jpg", "3.jpg"]
    assert (server.bucket_root / album / "0.jpg").exists()


def test_what_is_no_batch(root: Visitor, album: str) -> None:
    assert send(root, album, action="drop", uris=["oss://b/k"]).status == 400
    assert send(root, album, action="delete", uris=[]).status == 400
    assert send(root, album, action="delete", uris=["oss://b/k"] * 101).status == 400
    assert send(root, album, csrf="0" * 64, action="delete", uris=uris(album, "0.jpg")).status == 403


def test_who_may_only_look_is_told_why(
    server: RunningServer, person: Callable[..., Visitor], album: str
) -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["imm:Get*", "imm:BatchGet*", "imm:SimpleQuery"],
        "Resource": "*",
    }
    visitor = person(statement)
    page = visitor.get(f"/console/datasets/{album}/{album}/").text
    for action, operation in (("label", "BatchUpdateFileMeta"), ("delete", "BatchDeleteFileMeta")):
        button = page.partition(f'data-testid="bulk-{action}"')[2].partition("</button>")[0]
        assert 'aria-disabled="true"' in button
        assert f"imm:{operation}" in button
    assert "aria-disabled" not in page.partition('data-testid="bulk-list"')[2].partition("</button>")[0]
    assert failed(send(visitor, album, action="delete", uris=uris(album, "0.jpg"))) == ["0.jpg"]
    assert "0.jpg" in labels(server, album)
    counted = visitor.send(
        "GET", f"/console/datasets/{album}/{album}/sections", headers={"Accept": "application/json"}
    )
    assert json.loads(counted.text)["total"] == 4
