"""A whole server and a true receiver: what the official SDK asks for is told, across kills."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from receiver import SECRET, Receiver

from bindery.notifications.announcements import BATCH_INDEX_EVENT, BINDING_EVENT, INDEX_EVENT

pytestmark = pytest.mark.server

Start = Callable[..., Any]
TOKEN = "a-token-of-the-metrics"


@pytest.fixture
def options(tmp_path: Path, receiver: Receiver) -> list[str]:
    path = tmp_path / "bindery.toml"
    path.write_text(
        f'[notifications]\nsecret = "{SECRET}"\n'
        f'[notifications.topics]\nindexed = "{receiver.url}"\n'
        f'[notifications.events]\noperations = "{receiver.url}"\n'
        f'[metrics]\ntoken = "{TOKEN}"\n'
    )
    return ["--config", str(path)]


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "buckets" / "media"
    folder.mkdir(parents=True)
    for number in range(30):
        (folder / f"{number:02d}.txt").write_text(f"text {number}")
    return folder


def metrics(server: Any) -> str:
    request = urllib.request.Request(
        server.endpoint + "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request) as page:
        return str(page.read().decode())


def test_a_batch_is_told_to_its_topic_and_to_receivers_of_events(
    start_server: Start, options: list[str], media: Path, receiver: Receiver
) -> None:
    server = start_server(*options, bucket_root=media.parent)
    server.make_dataset("p", "d")
    files = [{"URI": "oss://media/00.txt", "CustomId": "mine"}, {"URI": "oss://media/absent.txt"}]
    answer = server.call(
        "BatchIndexFileMeta",
        ProjectName="p",
        DatasetName="d",
        Files=files,
        Notification={"MNS": {"TopicName": "indexed"}},
        UserData="order 7",
    )
    receiver.wait(lambda: len(receiver.messages) == 2)
    assert {message["id"] for message in receiver.messages} == {answer["EventId"]}
    first, second = receiver.contents(BATCH_INDEX_EVENT)
    assert first == second
    assert (first["ProjectName"], first["DatasetName"], first["UserData"]) == ("p", "d", "order 7")
    found, absent = first["Files"]
    assert found == {"URI": "oss://media/00.txt", "Error": "", "CustomId": "mine"}
    assert absent["Error"] == "[InvalidArgument] File does not exist."
    counted = 'bindery_notifications_total{destination="MNS/indexed",outcome="delivered"} 1.0'
    receiver.wait(lambda: counted in metrics(server))  # a moment after the receiver has it
    assert server.stop() == 0


def test_one_file_without_topic_is_told_to_receivers_of_events(
    start_server: Start, options: list[str], media: Path, receiver: Receiver
) -> None:
    server = start_server(*options, bucket_root=media.parent)
    server.make_dataset("p", "d")
    server.call("IndexFileMeta", ProjectName="p", DatasetName="d", File={"URI": "oss://media/01.txt"})
    receiver.wait(lambda: receiver.contents(INDEX_EVENT))
    assert [content["Files"] for content in receiver.contents(INDEX_EVENT)] == [
        [{"URI": "oss://media/01.txt", "Error": ""}]
    ]
    status, body = server.request(
        "IndexFileMeta",
        ProjectName="p",
        DatasetName="d",
        File={"URI": "oss://media/01.txt"},
        Notification={"MNS": {"TopicName": "nowhere"}},
    )
    assert (status, body["Code"]) == (400, "InvalidArgument")
    assert "notifications.topics" in body["Message"]


def test_the_life_of_a_binding_is_told(
    start_server: Start, options: list[str], media: Path, receiver: Receiver
) -> None:
    server = start_server(*options, bucket_root=media.parent)
    server.make_dataset("p", "d")
    binding = {"ProjectName": "p", "DatasetName": "d", "URI": "oss://media"}
    server.call("CreateBinding", **binding)
    server.wait("GetBinding", lambda body: body["Binding"]["Phase"] == "IncrementalScanning", **binding)
    server.call("StopBinding", **binding, Reason="a pause")
    server.call("ResumeBinding", **binding)
    server.call("DeleteBinding", **binding)
    receiver.wait(lambda: receiver.contents(BINDING_EVENT)[-1:] and _states(receiver)[-1][0] == "Deleted")
    states = _states(receiver)
    assert states[:3] == [
        ("Ready", "", ""),
        ("Running", "FullScanning", ""),
        ("Running", "IncrementalScanning", ""),
    ]
    assert ("Stopped", "IncrementalScanning", "a pause") in states


def test_a_kill_loses_no_notification(
    start_server: Start, options: list[str], media: Path, tmp_path: Path, receiver: Receiver
) -> None:
    """Killed right after the answers, with a receiver that takes nothing before the restart."""
    receiver.answer = lambda _: 503
    places = {"data": tmp_path / "data", "bucket_root": media.parent}
    server = start_server(*options, **places)
    server.make_dataset("p", "d")
    promised = set()
    for number in range(30):
        answer = server.call(
            "IndexFileMeta",
            ProjectName="p",
            DatasetName="d",
            File={"URI": f"oss://media/{number:02d}.txt"},
            Notification={"MNS": {"TopicName": "indexed"}},
        )
        promised.add(answer["EventId"])
    server.kill()
    receiver.answer = lambda _: 200
    start_server(*options, **places)
    receiver.wait(lambda: {message["id"] for message in receiver.messages} >= promised, seconds=90)


def _states(receiver: Receiver) -> list[tuple[str, str, str]]:
    return [
        (content["State"], content["Phase"], content["Reason"])
        for content in receiver.contents(BINDING_EVENT)
    ]
