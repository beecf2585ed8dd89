"""Events over HTTP into a real server: who may send, what is answered, and that the entries follow."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.conftest import RunningServer
from tests.servers.ceph import Ceph

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("config") / "bindery.toml"
    path.write_text(f'[events]\ntoken = "{TOKEN}"\n[sync]\nreconcile_interval = 86400\n')
    return f"--config={path}"


@pytest.fixture(scope="module")
def receiver(start_server: Callable[..., RunningServer], config: str) -> RunningServer:
    return start_server(config)


def send(
    server: RunningServer,
    body: bytes | str | dict[str, Any],
    *,
    headers: dict[str, str] | None = None,
    path: str = "/events",
    method: str = "POST",
) -> tuple[int, dict[str, Any]]:
    """Status and answer of an event; with the right token unless ``headers`` say otherwise."""
    content = json.dumps(body) if isinstance(body, dict) else body
    connection = http.client.HTTPConnection(server.address, timeout=120)
    try:
        shown = {"Authorization": f"Bearer {TOKEN}"} if headers is None else headers
        connection.request(method, path, content, shown)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}
    finally:
        connection.close()


def s3_event(bucket: str, *keys: str) -> dict[str, Any]:
    return {"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]}


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, "/events"),
        ({"Authorization": f"bearer {TOKEN}"}, "/events/minio"),
        ({"Authorization": TOKEN}, "/events"),
        ({"Authorization": basic(TOKEN)}, "/events"),
        ({}, "/events/ceph?" + urlencode({"token": TOKEN})),
    ],
)
def test_the_token_is_accepted_in_every_place(
    receiver: RunningServer, headers: dict[str, str], path: str
) -> None:
    assert send(receiver, s3_event("nowhere", "a"), headers=headers, path=path) == (
        200,
        {"Taken": 0, "Ignored": 1},
    )


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({}, "/events"),
        ({"Authorization": f"Bearer {TOKEN}x"}, "/events"),
        ({"Authorization": "Bearer"}, "/events"),
        ({"Authorization": basic("wrong")}, "/events"),
        ({"Authorization": "Basic !!"}, "/events"),
        ({"Authorization": "Basic " + base64.b64encode(TOKEN.encode()).decode()}, "/events"),
        ({}, "/events?token="),
    ],
)
def test_other_tokens_are_refused(receiver: RunningServer, headers: dict[str, str], path: str) -> None:
    status, answer = send(receiver, s3_event("nowhere", "a"), headers=headers, path=path)
    assert (status, answer["Code"]) == (401, "InvalidToken")


def test_bodies_that_are_refused(receiver: RunningServer) -> None:
    for body in (b"", b"{", b"{}", b"<a/>", b"\xff\xfe", b"[1]", b'{"Records":[{}]}', b"[" * 100_000):
        status, answer = send(receiver, body)
        assert (status, answer["Code"]) == (400, "MalformedEvent"), body[:20]
    status, answer = send(receiver, b" " * 1_048_577)
    assert (status, answer["Code"]) == (413, "EventTooLarge")
    status, answer = send(receiver, s3_event("nowhere", "a"), method="PUT")
    assert (status, answer["Code"]) == (405, "UnsupportedHTTPMethod")


def test_a_broken_record_is_told_and_the_others_are_taken(receiver: RunningServer) -> None:
    body = s3_event("nowhere", "a", "", "b")
    body["Records"].append({"s3": {"bucket": {"name": "nowhere"}, "object": {}}})
    for padding in ("", " " * 70_000):  # large messages are read elsewhere
        status, answer = send(receiver, json.dumps(body) + padding)
        assert status == 200
        assert (answer["Taken"], answer["Ignored"], answer["Malformed"]) == (0, 2, 2)
        assert answer["Problems"] == [
            "Records[1]: object.key is empty",
            "Records[3]: an event must name object.key",
        ]
        status, answer = send(receiver, json.dumps(s3_event("nowhere", "")) + padding)
        assert (status, answer["Code"]) == (400, "MalformedEvent")
        assert answer["Message"] == "Records[0]: object.key is empty."


def test_of_many_broken_records_some_are_told(receiver: RunningServer) -> None:
    status, answer = send(receiver, s3_event("nowhere", "a", *[""] * 9_000))
    assert status == 200
    assert answer["Malformed"] == 9_000
    assert len(answer["Problems"]) == 20


def test_a_probe_is_answered(receiver: RunningServer) -> None:
    assert send(receiver, b"", headers={}, method="HEAD") == (200, {})


def test_without_a_token_the_answer_says_what_to_configure(server: RunningServer) -> None:
    status, answer = send(server, s3_event("nowhere", "a"))
    assert status == 403
    assert "[events] token" in answer["Message"]


def test_a_topic_that_wants_its_subscription_confirmed(receiver: RunningServer) -> None:
    url = "https://sns.example/?Action=ConfirmSubscription&Token=2336412f37"
    message = {
        "Type": "SubscriptionConfirmation",
        "SubscribeURL": url,
        "Message": "You have chosen",
        "Token": "2",
    }
    assert send(receiver, message) == (200, {"Taken": 0, "Ignored": 0})
    assert "ConfirmSubscription" in receiver.log.read_text()


def in_envelope(event: dict[str, Any]) -> list[bytes]:
    """One event as each sender sends it."""
    record = event["Records"][0]["s3"]
    oss = {"events": [{"eventName": "ObjectCreated:PutObject", "oss": record}]}
    encoded = base64.b64encode(json.dumps(oss).encode()).decode()
    envelope = f"<Notification><TopicName>t</TopicName><Message>{encoded}</Message></Notification>"
    messages = [
        event,
        {"EventName": "s3:ObjectCreated:Put", "Key": "media/key", **event},
        {"detail-type": "Object Created", "detail": record},
        {"specversion": "1.0", "type": "oss:ObjectCreated:PutObject", "data": {"oss": record}},
        {"TopicName": "t", "Message": encoded},
        {"Type": "Notification", "TopicArn": "arn:aws:sns:x:1:t", "Message": json.dumps(event)},
    ]
    return [*(json.dumps(message).encode() for message in messages), envelope.encode(), encoded.encode()]


def uris(server: RunningServer, project: str, dataset: str = "d") -> set[str]:
    found: set[str] = set()
    token = ""
    while True:
        page = server.call(
            "SimpleQuery", ProjectName=project, DatasetName=dataset, MaxResults=100, NextToken=token or None,
            Query={"Field": "Size", "Operation": "gte", "Value": "0"},
        )  # fmt: skip
        found |= {file["URI"] for file in page["Files"]}
        token = page.get("NextToken") or ""
        if not token:
            return found


def bind(server: RunningServer, project: str, bucket: str) -> None:
    server.make_dataset(project, "d")
    named = {"ProjectName": project, "DatasetName": "d", "URI": f"oss://{bucket}"}
    server.call("CreateBinding", **named)
    server.wait("GetBinding", lambda answer: answer["Binding"]["Phase"] == "IncrementalScanning", **named)


@pytest.fixture
def s3(moto: str) -> Any:
    import boto3

    return boto3.client(
        "s3", endpoint_url=moto, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )


def store_url(endpoint: str, bucket: str, key: str = "k", secret: str = "s", path: str = "") -> str:
    query = urlencode({"endpoint": endpoint, "access_key_id": key, "secret_access_key": secret})
    return f"s3://{bucket}{path}?{query}"


@pytest.mark.server
def test_every_form_leads_to_the_entry(
    start_server: Callable[..., RunningServer], config: str, s3: Any, moto: str
) -> None:
    """The bucket is called otherwise here, and holds the objects below a prefix; only events tell of changes."""
    s3.create_bucket(Bucket="at-the-store")
    server = start_server(config, f"--bucket=media={store_url(moto, 'at-the-store', path='/root')}")
    bind(server, "forms", "media")
    forms = len(in_envelope(s3_event("b", "k")))
    for number in range(forms):
        s3.put_object(Bucket="at-the-store", Key=f"root/{number}.txt", Body=b"text")
        message = in_envelope(s3_event("at-the-store", f"root/{number}.txt"))[number]
        assert send(server, message) == (200, {"Taken": 1, "Ignored": 0})
    expected = {f"oss://media/{number}.txt" for number in range(forms)}
    server.wait("ListDatasets", lambda _: uris(server, "forms") == expected, ProjectName="forms")
    assert send(server, s3_event("at-the-store", "elsewhere/a")) == (200, {"Taken": 0, "Ignored": 1})
    s3.delete_object(Bucket="at-the-store", Key="root/0.txt")
    for _ in range(3):
        send(server, s3_event("media", "root/0.txt"))
    expected.remove("oss://media/0.txt")
    server.wait("ListDatasets", lambda _: uris(server, "forms") == expected, ProjectName="forms")
    body = server_metrics(server)
    assert 'bindery_events_total{outcome="taken"} 11.0' in body
    assert 'bindery_events_total{outcome="ignored"} 1.0' in body


def server_metrics(server: RunningServer) -> str:
    connection = http.client.HTTPConnection(server.address, timeout=120)
    connection.request("GET", "/metrics")
    try:
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.server
def test_a_kill_after_the_answer_loses_nothing(
    start_server: Callable[..., RunningServer], config: str, s3: Any, moto: str
) -> None:
    """The binding is stopped meanwhile, so that nothing but the kept events is left to the next server."""
    s3.create_bucket(Bucket="killed")
    option = f"--bucket=killed={store_url(moto, 'killed')}"
    server = start_server(config, option)
    bind(server, "killed", "killed")
    named = {"ProjectName": "killed", "DatasetName": "d", "URI": "oss://killed"}
    server.call("StopBinding", **named)
    for number in range(20):
        s3.put_object(Bucket="killed", Key=f"{number}.txt", Body=b"text")
        assert send(server, s3_event("killed", f"{number}.txt"))[1] == {"Taken": 1, "Ignored": 0}
    server.kill()
    server = start_server(config, option, data=server.data)
    waiting = server.call("GetBinding", **named)["Binding"]["Progress"]["OldestPendingChangeAge"]
    assert waiting > 0
    server.call("ResumeBinding", **named)
    expected = {f"oss://killed/{number}.txt" for number in range(20)}
    server.wait("ListDatasets", lambda _: uris(server, "killed") == expected, ProjectName="killed")
    server.wait(
        "GetBinding",
        lambda answer: not answer["Binding"]["Progress"].get("OldestPendingChangeAge"),
        **named,
    )


@pytest.mark.server
@pytest.mark.slow
def test_a_real_ceph_pushes_a_thousand_changes(
    start_server: Callable[..., RunningServer], config: str, ceph: Ceph
) -> None:
    bucket = ceph.create_bucket()
    s3 = ceph.client()
    url = store_url(ceph.endpoint, bucket, ceph.user.access_key, ceph.user.secret_key)
    server = start_server(config, f"--bucket={bucket}={url}")
    bind(server, "ceph", bucket)
    topic = ceph.client(service="sns").create_topic(
        Name="changes",
        Attributes={"push-endpoint": f"{server.endpoint}/events/ceph?{urlencode({'token': TOKEN})}"},
    )["TopicArn"]
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "TopicConfigurations": [
                {"Id": "all", "TopicArn": topic, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
            ]
        },
    )
    names = [f"a b+{number}/ü%41.txt" for number in range(250)]

    def write(first: int) -> None:
        client = ceph.client()
        for number in range(first, 1_000, 4):
            name = names[number % 250]
            if number % 3:
                client.put_object(Bucket=bucket, Key=name, Body=str(number).encode())
            else:
                client.delete_object(Bucket=bucket, Key=name)

    threads = [threading.Thread(target=write, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    left = {f"oss://{bucket}/{held['Key']}" for page in pages for held in page.get("Contents", [])}
    assert left
    server.wait("ListDatasets", lambda _: uris(server, "ceph") == left, ProjectName="ceph")
