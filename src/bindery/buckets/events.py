"""Event notifications of object stores, read for one thing only: which keys may have changed.

An event is a hint. What it says of the object is not believed; the key is looked at again. So where a sender
leaves open whether a key is percent-encoded, both readings are reported: looking at a key that does not
exist does no harm.

Sources: Amazon S3 event message structure, through SNS and the EventBridge form, MinIO bucket notifications,
Ceph bucket notifications, OSS event notifications through MNS (XML and SIMPLIFIED push) and through EventBridge.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

import msgspec
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from bindery.buckets.uri import check_key

MAX_RECORDS = 10_000
_MAX_URL = 2_048
_ENCODED_SOURCES = ("aws:s3", "minio:s3")


class MalformedEvent(ValueError):
    """The message is none of the known forms; the text says what was expected."""


class ChangedKey(msgspec.Struct, frozen=True):
    """A key of a bucket, by the name the bucket has at its store."""

    bucket: str
    key: str


def read_event(body: bytes) -> tuple[ChangedKey, ...]:
    """The keys a message speaks of, each once; empty for test messages. Raises MalformedEvent."""
    found = dict.fromkeys(_changes(_decode(body)))
    return tuple(change for change in found if _is_object(change.key))


def _decode(body: bytes) -> Any:
    """JSON, or JSON inside the envelope of MNS: an XML document, a JSON object, or plain Base64."""
    text = body.strip()
    if text.startswith(b"<"):
        text = _message_of_xml(text)
    try:
        value = _json(text)
    except msgspec.DecodeError:
        value = _json_of_base64(text)
    if _is_envelope(value):
        value = _message(value["Message"])
    return value


def subscribe_url(body: bytes) -> str | None:
    """The address by which a topic of Amazon SNS wants its subscription confirmed, in the message that asks for it."""
    try:
        value = _json(body)
    except (msgspec.DecodeError, MalformedEvent):
        return None
    url = value.get("SubscribeURL") if _is_subscription(value) else None
    return url[:_MAX_URL] if isinstance(url, str) else None


def _is_envelope(value: Any) -> bool:
    """A topic's message around the message: of MNS, or of Amazon SNS."""
    if not isinstance(value, dict) or not isinstance(value.get("Message"), str):
        return False
    return "TopicName" in value or value.get("Type") == "Notification"


def _is_subscription(value: Any) -> bool:
    return isinstance(value, dict) and value.get("Type") == "SubscriptionConfirmation"


def _json(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise MalformedEvent("the message is nested too deeply") from None


def _message(text: str) -> Any:
    raw = text.encode("utf-8", "surrogatepass")
    try:
        return _json(raw)
    except msgspec.DecodeError:
        return _json_of_base64(raw)


def _json_of_base64(text: bytes) -> Any:
    try:
        return _json(base64.b64decode(text, validate=True))
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise MalformedEvent("expected JSON, or Base64 of JSON, of an event notification") from None


def _message_of_xml(text: bytes) -> bytes:
    try:
        # A DTD could give every element thousands of attributes.
        root = ElementTree.fromstring(text, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MalformedEvent(f"the XML envelope cannot be read: {type(error).__name__}") from None
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "Message" and element.text:
            return str(element.text).strip().encode("utf-8", "surrogatepass")
    raise MalformedEvent("the XML envelope has no Message")


def _changes(value: Any) -> Iterator[ChangedKey]:
    messages = value if isinstance(value, list) else [value]
    if len(messages) > MAX_RECORDS:
        raise MalformedEvent(f"more than {MAX_RECORDS} events in one message")
    for message in messages:
        if not isinstance(message, dict):
            raise MalformedEvent("an event must be an object")
        yield from _changes_of(message)


def _changes_of(message: dict[str, Any]) -> Iterator[ChangedKey]:
    if "Records" in message:
        yield from _each(_named_outside(message), _s3_record)
    elif "events" in message:
        yield from _each(message["events"], _oss_event)
    elif "detail" in message:
        yield from _named(message["detail"], ())
    elif "data" in message:
        yield from _oss_event(message["data"])
    elif message.get("Event") != "s3:TestEvent" and not _is_subscription(message):
        raise MalformedEvent("expected Records (S3), events (OSS), detail or data (EventBridge)")


def _named_outside(message: dict[str, Any]) -> Any:
    """The records; a single one gets the ``Key`` of the message, which MinIO and its like repeat there."""
    records = message["Records"]
    if (
        isinstance(records, list)
        and len(records) == 1
        and isinstance(records[0], dict)
        and "Key" in message
    ):
        return [{"Key": message["Key"], **records[0]}]
    return records


def _each(records: Any, read: Any) -> Iterator[ChangedKey]:
    if not isinstance(records, list) or len(records) > MAX_RECORDS:
        raise MalformedEvent(f"expected a list of up to {MAX_RECORDS} records")
    for record in records:
        yield from read(record)


def _s3_record(record: Any) -> Iterator[ChangedKey]:
    """Amazon and MinIO encode keys as forms do, Ceph does not say; the plain reading comes first there."""
    if isinstance(record, dict) and _lacks_key(record):
        record = _with_outer_key(record)
    source = record.get("eventSource") if isinstance(record, dict) else None
    decoders = (unquote_plus, unquote) if source in _ENCODED_SOURCES else (str, unquote_plus)
    yield from _named(record.get("s3") if isinstance(record, dict) else None, decoders)


def _lacks_key(record: dict[str, Any]) -> bool:
    """Whether the key is left empty where it belongs, as some servers do that name it outside of the record."""
    s3 = record.get("s3")
    held = s3.get("object") if isinstance(s3, dict) else None
    return isinstance(held, dict) and held.get("key") == "" and isinstance(record.get("Key"), str)


def _with_outer_key(record: dict[str, Any]) -> dict[str, Any]:
    """The record with the key that the message names outside of it: the bucket, a slash, and the key."""
    s3, outer = record["s3"], record["Key"]
    bucket = s3["bucket"].get("name") if isinstance(s3.get("bucket"), dict) else ""
    key = outer.removeprefix(f"{bucket}/")
    return {**record, "s3": {**s3, "object": {**s3["object"], "key": key}}}


def _oss_event(event: Any) -> Iterator[ChangedKey]:
    yield from _named(event.get("oss") if isinstance(event, dict) else None, ())


def _named(holder: Any, decoders: Iterable[Any]) -> Iterator[ChangedKey]:
    """``bucket.name`` and ``object.key`` of a holder, the key in every reading."""
    try:
        bucket, key = holder["bucket"]["name"], holder["object"]["key"]
    except (KeyError, TypeError):
        raise MalformedEvent("an event must name bucket.name and object.key") from None
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise MalformedEvent("bucket.name and object.key must be strings")
    for decode in decoders or (str,):
        yield ChangedKey(bucket, decode(key))


def _is_object(key: str) -> bool:
    try:
        check_key(key)
    except ValueError:
        return False
    return not key.endswith("/")
