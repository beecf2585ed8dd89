"""How a stored document comes about: extracted fields, the caller's own over them, and identity."""

from __future__ import annotations

import hashlib
from datetime import tzinfo
from typing import Any

import msgspec

from bindery.catalog.records import Dataset, FileSummary, LimitExceeded
from bindery.clock import format_time
from bindery.file import File

MAX_CUSTOM_LABELS = 100
_encoder = msgspec.json.Encoder()


class _Version(msgspec.Struct, rename={"etag": "ETag", "size": "Size", "object_status": "ObjectStatus"}):
    etag: str | None = None
    size: int | None = None
    object_status: str | None = None


_version_decoder = msgspec.json.Decoder(_Version)


class InvalidFields(ValueError):
    """The caller's fields cannot be stored; the message is fit for the caller."""


class DocumentWriter:
    """Makes documents of one dataset."""

    def __init__(self, account_id: str, dataset: Dataset, zone: tzinfo) -> None:
        self.dataset_id = dataset.id
        self._account_id = account_id
        self._dataset = dataset
        self._zone = zone
        self._identity = f"{dataset.project_name}\0{dataset.name}\0".encode()

    def write(
        self, uri: str, file: File, own: bytes | None, *, create_time: int, update_time: int
    ) -> bytes:
        """JSON of the File: ``file`` with identity and times, and ``own`` (JSON object) over it."""
        file.uri = uri
        file.owner_id = self._account_id
        file.project_name, file.dataset_name = self._dataset.project_name, self._dataset.name
        file.object_type = "file"
        file.object_id = hashlib.sha256(self._identity + uri.encode()).hexdigest()
        file.object_status = file.object_status or "Indexed"
        file.filename = file.filename or uri.split("/", 3)[-1]
        file.create_time = format_time(create_time, self._zone)
        file.update_time = format_time(update_time, self._zone)
        document = _encode(file)
        if own is None:
            return document
        return _encoder.encode({**msgspec.json.decode(document), **msgspec.json.decode(own)})

    def overlay(self, document: bytes, *layers: bytes | None, update_time: int) -> bytes:
        """``document`` with the fields of each layer (JSON objects) over it and a new UpdateTime."""
        fields = msgspec.json.decode(document)
        for layer in layers:
            if layer is not None:
                fields |= msgspec.json.decode(layer)
        fields["UpdateTime"] = format_time(update_time, self._zone)
        return _encoder.encode(fields)


def summarize(uri: str, document: bytes, binding_id: int | None) -> FileSummary:
    """Which version of its object an entry speaks of."""
    fields = _version_decoder.decode(document)
    return FileSummary(
        uri=uri,
        etag=(fields.etag or "").strip('"'),
        size=fields.size or 0,
        object_status=fields.object_status or "",
        binding_id=binding_id,
    )


def _encode(file: File) -> bytes:
    try:
        return _encoder.encode(file)
    except UnicodeEncodeError:
        return _encoder.encode(_valid(msgspec.to_builtins(file)))


def _valid(value: Any) -> Any:
    if isinstance(value, dict):
        return {_valid(name): _valid(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(inner) for inner in value]
    return valid_unicode(value) if isinstance(value, str) else value


def valid_unicode(text: str) -> str:
    """``text`` with U+FFFD for every lone surrogate, which no database can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def merge_own(earlier: bytes | None, fields: bytes) -> bytes | None:
    """The caller's fields after an update; None when there are none.

    Members that are null or empty lists never clear anything: the SDKs send them for unset fields.
    CustomLabels replace the earlier ones as a whole. Raises LimitExceeded, InvalidFields.
    """
    given: dict[str, Any] = msgspec.json.decode(fields)
    given.pop("URI", None)
    kept = {name: value for name, value in given.items() if value is not None and value != []}
    labels = kept.get("CustomLabels")
    if labels is not None:
        kept["CustomLabels"] = label_texts(labels)
    merged = {**(msgspec.json.decode(earlier) if earlier else {}), **kept}
    return _encoder.encode(merged) if merged else None


def label_texts(labels: Any) -> dict[str, str]:
    """Custom labels as they are kept. Raises LimitExceeded, InvalidFields."""
    if not isinstance(labels, dict):
        raise InvalidFields("CustomLabels must be a map of strings")
    if len(labels) > MAX_CUSTOM_LABELS:
        raise LimitExceeded("Index KV count exceeded, should be no more than 100.")
    return {str(name): _label_text(value) for name, value in labels.items()}


def _label_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise InvalidFields("values of CustomLabels must be strings")
    return "" if value is None else str(value)
