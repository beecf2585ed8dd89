"""Event notifications: every sender's form leads to the keys it speaks of. Forms: the senders' own documentation."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.buckets.events import MAX_RECORDS, ChangedKey, MalformedEvent, read_event


def keys(message: Any) -> list[tuple[str, str]]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return [(change.bucket, change.key) for change in read_event(body).keys]


def s3_record(key: str, source: str = "aws:s3", name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": source,
        "eventName": name,
        "s3": {"bucket": {"name": "media"}, "object": {"key": key, "size": 1, "eTag": "0"}},
    }


def oss_event(key: str) -> dict[str, Any]:
    return {
        "eventName": "ObjectCreated:PutObject",
        "eventSource": "acs:oss",
        "oss": {"bucket": {"name": "media"}, "object": {"key": key, "size": 1, "eTag": "0"}},
    }


def test_amazon_keys_are_form_encoded() -> None:
    assert keys({"Records": [s3_record("a+b/%E6%9D%AD%2B.jpg")]}) == [
        ("media", "a b/杭+.jpg"),
        ("media", "a+b/杭+.jpg"),
    ]


def test_minio_puts_the_record_beside_a_decoded_key() -> None:
    message = {
        "EventName": "s3:ObjectRemoved:Delete",
        "Key": "media/a b.jpg",
        "Records": [s3_record("a+b.jpg", "minio:s3", "s3:ObjectRemoved:Delete")],
    }
    assert ("media", "a b.jpg") in keys(message)


def test_ceph_keys_are_taken_plain_first() -> None:
    assert keys({"Records": [s3_record("a+b.jpg", "ceph:s3")]}) == [
        ("media", "a+b.jpg"),
        ("media", "a b.jpg"),
    ]


def test_amazon_through_eventbridge() -> None:
    detail = {"bucket": {"name": "media"}, "object": {"key": "a+b.jpg", "etag": "0"}}
    assert keys({"detail-type": "Object Created", "detail": detail}) == [("media", "a+b.jpg")]


def test_oss_through_mns_in_every_envelope() -> None:
    message = base64.b64encode(json.dumps({"events": [oss_event("a b.jpg"), oss_event("c.jpg")]}).encode())
    expected = [("media", "a b.jpg"), ("media", "c.jpg")]
    xml = b"<Notification xmlns='http://mns.aliyuncs.com/doc/v1/'><TopicName>t</TopicName><Message>%s</Message></Notification>"
    assert keys(message) == expected
    assert keys(xml % message) == expected
    assert keys({"TopicName": "t", "MessageId": "1", "Message": message.decode()}) == expected


def test_oss_through_eventbridge() -> None:
    event = {"specversion": "1.0", "type": "oss:ObjectRemoved:DeleteObject", "data": oss_event("a.jpg")}
    assert keys(event) == [("media", "a.jpg")]
    assert keys([event, event]) == [("media", "a.jpg")]


def test_a_test_message_speaks_of_nothing() -> None:
    assert keys({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "media"}) == []


def test_folders_are_left_out() -> None:
    assert keys(json.dumps({"Records": [s3_record("folder/", "ceph:s3")]}).encode()) == []


BROKEN = {
    "empty": ({"bucket": {"name": "media"}, "object": {"key": ""}}, "object.key is empty"),
    "missing": ({"bucket": {"name": "media"}, "object": {}}, "name object.key"),
    "no object": ({"bucket": {"name": "media"}}, "name object.key"),
    "null": ({"bucket": {"name": "media"}, "object": {"key": None}}, "object.key must be a string"),
    "number": ({"bucket": {"name": "media"}, "object": {"key": 7}}, "object.key must be a string"),
    "long": ({"bucket": {"name": "media"}, "object": {"key": "x" * 1024}}, "this one has 1024"),
    "no bucket": ({"object": {"key": "a"}}, "name bucket.name"),
    "empty bucket": ({"bucket": {"name": ""}, "object": {"key": "a"}}, "bucket.name is empty"),
    "odd bucket": ({"bucket": "media", "object": {"key": "a"}}, "name bucket.name"),
    "nothing": ("media", "name bucket.name"),
}


@pytest.mark.parametrize(("named", "problem"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("form", ["Records", "events", "detail", "data"])
@pytest.mark.parametrize("padding", [0, 20_000])
def test_a_broken_record_is_named_and_takes_no_other_with_it(
    named: Any, problem: str, form: str, padding: int
) -> None:
    good = {"bucket": {"name": "media"}, "object": {"key": "a.jpg"}}
    messages: Any
    if form == "detail":
        place, messages = "[1].detail", [{"detail": each} for each in (good, named, good)]
    elif form == "data":
        place, messages = "[1].data", [{"data": {"oss": each}} for each in (good, named, good)]
    else:
        held = "s3" if form == "Records" else "oss"
        place, messages = f"{form}[1]", {form: [{held: each} for each in (good, named, good)]}
    read = read_event(json.dumps(messages).encode() + b" " * padding)
    assert read.keys == (ChangedKey("media", "a.jpg"),)
    (told,) = read.problems
    assert told.startswith(f"{place}: ")
    assert problem in told


@pytest.mark.parametrize(("named", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_message_of_broken_records_alone_is_refused(named: Any, problem: str) -> None:
    with pytest.raises(MalformedEvent, match=r"^Records\[0\]: .* \(and 1 more\)$") as raised:
        read_event(json.dumps({"Records": [{"s3": named}, {"s3": named}]}).encode())
    assert problem in str(raised.value)


def test_a_broken_element_of_a_batch_is_named() -> None:
    read = read_event(
        json.dumps([{"odd": 1}, {"data": {"oss": oss_named("a")}}, 3, {"Records": {}}]).encode()
    )
    assert read.keys == (ChangedKey("media", "a"),)
    assert [told.partition(":")[0] for told in read.problems] == ["[0]", "[2]", "[3]"]


def oss_named(key: str) -> dict[str, Any]:
    return {"bucket": {"name": "media"}, "object": {"key": key}}


@pytest.mark.parametrize("text", ["caf\xe9", "\xff"])
def test_bytes_that_are_no_utf_8_are_refused(text: str) -> None:
    for padding in (b"", b" " * 20_000):
        with pytest.raises(MalformedEvent, match="UTF-8"):
            read_event(b'{"Records": "' + text.encode("latin-1") + b'"}' + padding)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"3", b"{}", b"[[]]", b"not base64!", b"<a/>", b"<a", b'{"Records": {}}', b'{"Records": [1]}',
        b'{"Records": [{"s3": {"bucket": {"name": 1}, "object": {"key": "a"}}}]}', b'{"events": [{}]}', b"[" * 100_000,
        b'{"Records": [{"s3": "\\ud800"}]}',
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a><Message>&b;</Message></a>",
        json.dumps({"Records": [s3_record("a")] * (MAX_RECORDS + 1)}).encode(),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(MalformedEvent, match=r"\w+"):
        read_event(body)


def test_an_envelope_with_a_dtd_is_refused_before_its_elements_get_attributes() -> None:
    defaults = " ".join(f'a{number} CDATA "x"' for number in range(2_000))
    body = f"<!DOCTYPE m [<!ATTLIST t {defaults}>]><m>{'<t/>' * 100_000}</m>"
    with pytest.raises(MalformedEvent, match="DTDForbidden"):
        read_event(body.encode())


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(MalformedEvent):
        assert all(isinstance(change, ChangedKey) for change in read_event(body).keys)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Records", "events", "detail", "data", "s3", "oss", "bucket", "object"]), inner
        )
    ),
    max_leaves=10,
)


@given(_json)
def test_arbitrary_json_is_read_or_refused(value: Any) -> None:
    with contextlib.suppress(MalformedEvent):
        assert all(isinstance(change, ChangedKey) for change in read_event(json.dumps(value).encode()).keys)


@pytest.mark.parametrize("outer", ["media/a/b.jpg", "a/b.jpg"])
def test_a_key_that_stands_only_outside_of_the_record_is_taken(outer: str) -> None:
    record = {"eventSource": "minio:s3", "s3": {"bucket": {"name": "media"}, "object": {"key": ""}}}
    body = json.dumps({"EventName": "s3:ObjectCreated:Put", "Key": outer, "Records": [record]}).encode()
    assert {(change.bucket, change.key) for change in read_event(body).keys} == {("media", "a/b.jpg")}
