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
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

import msgspec
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from bindery.buckets.uri import check_key

MAX_RECORDS = 10_000
_MAX_URL = 2_048
_LARGE = 16_384
"""Bytes from which a message is decoded by pieces."""
_DECODER = msgspec.json.Decoder()
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_ENCODED_SOURCES = ("aws:s3", "minio:s3")


class MalformedEvent(ValueError):
    """The message is none of the known forms; the text says what was expected."""


class ChangedKey(msgspec.Struct, frozen=True):
    """A key of a bucket, by the name the bucket has at its store."""

    bucket: str
    key: str


class EventKeys(msgspec.Struct, frozen=True):
    """What a message speaks of."""

    keys: tuple[ChangedKey, ...]
    """Each once; none of test messages and of folders."""
    problems: tuple[str, ...]
    """What was wrong with which record, as ``Records[2]: object.key is empty``; the others are in ``keys``."""


class _Problem(msgspec.Struct, frozen=True):
    text: str


_Found = ChangedKey | _Problem


def read_event(body: bytes) -> EventKeys:
    """The keys a message speaks of. Raises MalformedEvent when it is of no known form, or every record is wrong."""
    found = dict.fromkeys(_changes(_decode(body)))
    keys = tuple(each for each in found if isinstance(each, ChangedKey))
    problems = tuple(each.text for each in found if isinstance(each, _Problem))
    if problems and not keys:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise MalformedEvent(problems[0] + more)
    return EventKeys(tuple(each for each in keys if not each.key.endswith("/")), problems)


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
        return _DECODER.decode(text) if len(text) < _LARGE else _json_by_pieces(text)
    except RecursionError:
        raise MalformedEvent("the message is nested too deeply") from None
    except UnicodeDecodeError:
        raise MalformedEvent("the message is not valid UTF-8") from None


def _json_by_pieces(text: bytes) -> Any:
    """The same value, record by record: a call into C holds the interpreter until it returns."""
    try:
        parts = _PARTS.decode(text)
    except msgspec.ValidationError:
        return _DECODER.decode(text)
    if isinstance(parts, list):
        return [_DECODER.decode(part) for part in parts]
    return {name: _entries(part) for name, part in parts.items()}


def _entries(part: msgspec.Raw) -> Any:
    if bytes(memoryview(part)[:1]) != b"[":
        return _DECODER.decode(part)
    return [_DECODER.decode(each) for each in _LIST.decode(part)]


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


def _changes(value: Any) -> Iterator[_Found]:
    if not isinstance(value, list):
        yield from _changes_of(value, "")
        return
    if len(value) > MAX_RECORDS:
        raise MalformedEvent(f"more than {MAX_RECORDS} events in one message")
    for index, message in enumerate(value):
        yield from _or_problem(f"[{index}]", _changes_of, message, f"[{index}].")


def _changes_of(message: Any, place: str) -> Iterator[_Found]:
    if not isinstance(message, dict):
        raise MalformedEvent("an event must be an object")
    if "Records" in message:
        yield from _each(_named_outside(message), _s3_record, f"{place}Records")
    elif "events" in message:
        yield from _each(message["events"], _oss_event, f"{place}events")
    elif "detail" in message:
        yield from _or_problem(f"{place}detail", _named, message["detail"], ())
    elif "data" in message:
        yield from _or_problem(f"{place}data", _oss_event, message["data"])
    elif message.get("Event") != "s3:TestEvent" and not _is_subscription(message):
        raise MalformedEvent("expected Records (S3), events (OSS), detail or data (EventBridge)")


def _or_problem(place: str, read: Callable[..., Iterator[_Found]], *parts: Any) -> Iterator[_Found]:
    """What is read of one record; or what is wrong with it, which takes no other record with it."""
    try:
        found = list(read(*parts))
    except MalformedEvent as error:
        found = [_Problem(f"{place}: {error}")]
    yield from found


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


def _each(records: Any, read: Callable[..., Iterator[_Found]], place: str) -> Iterator[_Found]:
    if not isinstance(records, list) or len(records) > MAX_RECORDS:
        raise MalformedEvent(f"expected a list of up to {MAX_RECORDS} records")
    for index, record in enumerate(records):
        yield from _or_problem(f"{place}[{index}]", read, record)


def _s3_record(record: Any) -> Iterator[_Found]:
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


def _oss_event(event: Any) -> Iterator[_Found]:
    yield from _named(event.get("oss") if isinstance(event, dict) else None, ())


def _named(holder: Any, decoders: Iterable[Callable[[str], str]]) -> Iterator[_Found]:
    """``bucket.name`` and ``object.key`` of a holder, the key in every reading that is one."""
    bucket, key = _text_of(holder, "bucket", "name"), _text_of(holder, "object", "key")
    found, why = [], ""
    for decode in decoders or (str,):
        read = decode(key)
        try:
            check_key(read)
        except ValueError as error:
            why = why or f"object.key: {error}"
        else:
            found.append(ChangedKey(bucket, read))
    if not found:
        raise MalformedEvent(why)
    yield from found


def _text_of(holder: Any, member: str, name: str) -> str:
    """A text of a record that must be there. Raises MalformedEvent."""
    held = holder.get(member) if isinstance(holder, dict) else None
    if not isinstance(held, dict) or name not in held:
        raise MalformedEvent(f"an event must name {member}.{name}")
    text = held[name]
    if not isinstance(text, str):
        raise MalformedEvent(f"{member}.{name} must be a string")
    if not text:
        raise MalformedEvent(f"{member}.{name} is empty")
    return text
