"""What the operations on file entries have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from bindery.api.context import ApiSettings
from bindery.api.errors import invalid_argument, invalid_parameter, missing_parameter
from bindery.api.messages.files import (
    BatchIndexFileMetaRequest,
    IndexFileMetaRequest,
    InputFile,
    Notification,
)
from bindery.api.spec.model import load_model
from bindery.buckets.uri import parse_object_uri
from bindery.catalog.documents import MAX_CUSTOM_LABELS, label_texts
from bindery.catalog.query.values import parse_point
from bindery.catalog.records import IndexCall, IndexedFile
from bindery.clock import now_ns, parse_time

_FORMED = ("content_type", "file_hash", "lat_long", "media_type", "oss_uri", "produce_time")
_MEDIA_TYPES = frozenset({"image", "other", "document", "archive", "video", "audio"})
_FACE = "face"
_MAX_URI = 2_048
_MAX_CUSTOM_ID = 512
_MAX_LABEL_NAME, _MAX_LABEL_VALUE = 128, 512
_encoder = msgspec.json.Encoder()


def check_uri(uri: str | None) -> str:
    """The URI of an entry: ``oss://bucket/object`` or ``pds://…``. Raises ApiError."""
    if not uri:
        raise missing_parameter("URI")
    if uri.startswith("pds://"):
        if len(uri) > _MAX_URI:
            raise invalid_argument(f"URI: a pds URI may have up to {_MAX_URI} characters.")
        return uri
    try:
        return str(parse_object_uri(uri))
    except ValueError as error:
        raise invalid_argument(f"URI: {error}") from None


def own_fields(file: InputFile, *, index: bool = False) -> tuple[str, bytes]:
    """URI and the caller's fields as JSON. Raises ApiError for values that make no sense.

    An empty text is a value (``CustomId`` of ``""`` replaces the earlier one), except where a form is
    prescribed: there it means unset. With ``index`` Figures are left out, for only updates take them.
    """
    uri = check_uri(file.uri)
    if index and uri.startswith("pds://"):
        raise invalid_argument(
            "URI: this server reads no files of PDS; name an object as oss://bucket/key."
        )
    _check_values(file)
    _check_entries(file)
    _check_labels(file.custom_labels or {})
    changed: dict[str, Any] = {name: None for name in _FORMED if getattr(file, name) == ""}
    if file.produce_time:
        changed["produce_time"] = (
            file.produce_time.upper()
        )  # RFC 3339 allows t and z, queries and people expect T and Z
    if index:
        changed["figures"] = None
    fields = _encoder.encode(msgspec.structs.replace(file, uri=uri, **changed))
    if file.figures and not index:
        fields = fields[:-1] + b',"FigureCount":%d}' % len(file.figures)
    return uri, fields


def _check_values(file: InputFile) -> None:
    if file.media_type and file.media_type not in _MEDIA_TYPES:
        raise invalid_parameter("MediaType")
    if file.lat_long and parse_point(file.lat_long) is None:
        raise invalid_argument("LatLong must be 'latitude,longitude', -90 to 90 and -180 to 180.")
    if file.produce_time:
        try:
            parse_time(file.produce_time)
        except ValueError:
            raise invalid_argument("ProduceTime must be an RFC 3339 time with offset.") from None
    if file.custom_id and len(file.custom_id) > _MAX_CUSTOM_ID:
        raise invalid_argument(f"CustomId may have up to {_MAX_CUSTOM_ID} characters.")


def _check_entries(file: InputFile) -> None:
    """An entry of which nothing is known would be kept as an empty one: most likely a member is mistyped."""
    for name, entries in (("Addresses", file.addresses), ("Figures", file.figures)):
        for entry in entries or ():
            if all(getattr(entry, field) is None for field in entry.__struct_fields__):
                known = ", ".join(field.encode_name for field in msgspec.structs.fields(entry))
                raise invalid_argument(f"{name}: an entry has none of the members {known}.")
    for figure in file.figures or ():
        if figure.figure_type not in (None, "", _FACE):
            raise invalid_argument(f"Figures: FigureType must be {_FACE}.")


def _check_labels(labels: Mapping[str, Any]) -> None:
    if len(labels) > MAX_CUSTOM_LABELS:
        raise invalid_argument(f"Index KV count exceeded, should be no more than {MAX_CUSTOM_LABELS}.")
    for name, value in labels.items():
        if not name or len(name) > _MAX_LABEL_NAME or len(str(value)) > _MAX_LABEL_VALUE:
            raise invalid_argument(
                f"CustomLabels: a key has 1 to {_MAX_LABEL_NAME} characters, a value up to {_MAX_LABEL_VALUE}."
            )


def index_call(
    settings: ApiSettings,
    request: IndexFileMetaRequest | BatchIndexFileMetaRequest,
    event_id: str,
) -> IndexCall | None:
    """What is to be told once the files of a call are indexed; None when nobody is to be told.

    Raises ApiError for channels that do not exist here: a promise that is not kept is worse than none.
    """
    topic = _topic(settings, request.notification)
    if not topic and not settings.announces_events:
        return None
    batch = isinstance(request, BatchIndexFileMetaRequest)
    files = request.files if isinstance(request, BatchIndexFileMetaRequest) else [request.file]
    named = {uri: file for file in files if (uri := file.uri)}
    return IndexCall(
        event_id=event_id,
        batch=batch,
        project_name=request.project_name,
        dataset_name=request.dataset_name,
        files=tuple(
            IndexedFile(uri=uri, custom_id=file.custom_id, custom_labels=_labels(file))
            for uri, file in named.items()
        ),
        topic=topic,
        user_data=request.user_data or "",
        start_time=now_ns(),
    )


def _labels(file: InputFile) -> dict[str, str] | None:
    return None if file.custom_labels is None else label_texts(file.custom_labels)


def _topic(settings: ApiSettings, notification: Notification | None) -> str:
    """The MNS topic a call names; empty for none. Raises ApiError."""
    if notification is None:
        return ""
    if notification.rocket_mq is not None:
        raise invalid_argument("Notification by RocketMQ is not offered; name an MNS topic instead.")
    if notification.mns is None:
        return ""
    name = notification.mns.topic_name
    if not name:
        raise missing_parameter("TopicName")
    if name not in settings.topics:
        raise invalid_argument(
            f"Notification.MNS.TopicName: this server has no topic {name[:255]!r}; its operator adds topics in the "
            "configuration, section notifications.topics."
        )
    return name


def select_fields(
    documents: Sequence[bytes], names: Sequence[str] | None, *, strict: bool = False
) -> tuple[msgspec.Raw, ...]:
    """Documents whole, or with the named top-level fields only; unknown names are ignored.

    With ``strict`` Bindery's own fields are left out.
    """
    hidden = extension_fields() if strict else frozenset()
    wanted = {name.partition(".")[0] for name in names or ()}
    return tuple(msgspec.Raw(_select(document, wanted, hidden)) for document in documents)


def _select(document: bytes, wanted: set[str], hidden: frozenset[str]) -> bytes:
    if not wanted and not any(f'"{name}":'.encode() in document for name in hidden):
        return document
    fields = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    kept = (wanted or fields.keys()) - hidden
    return _encoder.encode({name: value for name, value in fields.items() if name in kept})


@cache
def extension_fields() -> frozenset[str]:
    """Members of a file that the vendor does not have."""
    return frozenset(member.name for member in load_model("imm").structs["File"].fields if member.extension)
