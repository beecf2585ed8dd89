"""DetectMediaMeta. Source: help pages api-imm-2020-09-30-detectmediameta and obtain-media-metadata."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.errors import busy, invalid_argument, service_unavailable
from bindery.api.messages.files import DetectMediaMetaRequest, DetectMediaMetaResponse
from bindery.api.operations import Work
from bindery.buckets.uri import ObjectUri, parse_object_uri
from bindery.extract.extraction import Operator
from bindery.sync.indexing import DETECT_SECONDS, DetectionTooSlow

WORK = Work.SLOW


def detect_media_meta(context: Context, request: DetectMediaMetaRequest) -> DetectMediaMetaResponse:
    """Metadata of one video or audio object, read now and stored nowhere."""
    uri = _parse(request.source_uri)
    context.catalog.projects.get(request.project_name)
    try:
        extraction = context.engine.detect(uri, owner=context.caller, stop=context.stop)
    except DetectionTooSlow:
        raise busy(
            f"SourceURI: the object could not be read within {DETECT_SECONDS:g} s; send the call again, or index the "
            "file with IndexFileMeta, which waits for its turn."
        ) from None
    if extraction.failure is not None:
        raise (service_unavailable if extraction.retryable else invalid_argument)(extraction.failure)
    if extraction.file.media_type not in ("video", "audio"):
        raise invalid_argument(
            f"SourceURI: the object is neither video nor audio, but {extraction.file.content_type}."
        )
    context.metering.count(request.project_name, Operator.MEDIA_META, exists=True)
    found = {
        field.name: value
        for field in msgspec.structs.fields(DetectMediaMetaResponse)
        if (value := getattr(extraction.file, field.name, None)) is not None
    }
    return DetectMediaMetaResponse(**found)


def _parse(text: str) -> ObjectUri:
    try:
        return parse_object_uri(text)
    except ValueError as error:
        raise invalid_argument(f"SourceURI: {error}") from None
