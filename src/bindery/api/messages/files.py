"""Requests and answers of the family files. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bindery.file import Address, AudioStream, Label, SubtitleStream, VideoStream
from bindery.message import Message


class BatchUpdateFileMetaResponseBodyFiles(Message):
    """The vendor's struct BatchUpdateFileMetaResponseBodyFiles."""

    message: str | None = None
    success: bool | None = None
    uri: str | None = None


class CredentialConfig(Message):
    """The vendor's struct CredentialConfig."""

    chain: tuple[CredentialConfigChain, ...] | None = None
    policy: str | None = None
    service_role: str | None = None


class CredentialConfigChain(Message):
    """The vendor's struct CredentialConfigChain."""

    assume_role_for: str | None = None
    role: str | None = None
    role_type: str | None = None


class InputFile(Message):
    """The vendor's struct InputFile."""

    addresses: tuple[Address, ...] | None = None
    album: str | None = None
    album_artist: str | None = None
    artist: str | None = None
    composer: str | None = None
    content_type: str | None = None
    custom_id: str | None = None
    custom_labels: dict[str, Any] | None = None
    figures: tuple[InputFileFigures, ...] | None = None
    file_hash: str | None = None
    labels: tuple[Label, ...] | None = None
    lat_long: str | None = None
    media_type: str | None = None
    oss_uri: str | None = None
    performer: str | None = None
    produce_time: str | None = None
    title: str | None = None
    uri: str | None = None


class InputFileFigures(Message):
    """The vendor's struct InputFileFigures."""

    figure_cluster_id: str | None = None
    figure_id: str | None = None
    figure_type: str | None = None


class MNS(Message):
    """The vendor's struct MNS."""

    topic_name: str | None = None


class Notification(Message):
    """The vendor's struct Notification."""

    extended_message_uri: str | None = msgspec.field(default=None, name="ExtendedMessageURI")
    mns: MNS | None = msgspec.field(default=None, name="MNS")
    rocket_mq: RocketMQ | None = msgspec.field(default=None, name="RocketMQ")


class RocketMQ(Message):
    """The vendor's struct RocketMQ."""

    instance_id: str | None = None
    topic_name: str | None = None


class BatchDeleteFileMetaRequest(Message):
    """Parameters of BatchDeleteFileMeta."""

    dataset_name: str
    project_name: str
    uris: tuple[str, ...] = msgspec.field(name="URIs")


class BatchDeleteFileMetaResponse(Message):
    """Answer of BatchDeleteFileMeta."""


class BatchGetFileMetaRequest(Message):
    """Parameters of BatchGetFileMeta."""

    dataset_name: str
    project_name: str
    uris: tuple[str, ...] = msgspec.field(name="URIs")
    with_fields: tuple[str, ...] | None = None


class BatchGetFileMetaResponse(Message):
    """Answer of BatchGetFileMeta."""

    files: tuple[msgspec.Raw, ...] | None = None


class BatchIndexFileMetaRequest(Message):
    """Parameters of BatchIndexFileMeta."""

    dataset_name: str
    files: tuple[InputFile, ...]
    project_name: str
    notification: Notification | None = None
    user_data: str | None = None


class BatchIndexFileMetaResponse(Message):
    """Answer of BatchIndexFileMeta."""

    event_id: str | None = None


class BatchUpdateFileMetaRequest(Message):
    """Parameters of BatchUpdateFileMeta."""

    dataset_name: str
    files: tuple[InputFile, ...]
    project_name: str


class BatchUpdateFileMetaResponse(Message):
    """Answer of BatchUpdateFileMeta."""

    files: tuple[BatchUpdateFileMetaResponseBodyFiles, ...] | None = None


class DeleteFileMetaRequest(Message):
    """Parameters of DeleteFileMeta."""

    dataset_name: str
    project_name: str
    uri: str


class DeleteFileMetaResponse(Message):
    """Answer of DeleteFileMeta."""


class DetectMediaMetaRequest(Message):
    """Parameters of DetectMediaMeta."""

    project_name: str
    source_uri: str = msgspec.field(name="SourceURI")
    credential_config: CredentialConfig | None = None


class DetectMediaMetaResponse(Message):
    """Answer of DetectMediaMeta."""

    addresses: tuple[Address, ...] | None = None
    album: str | None = None
    album_artist: str | None = None
    artist: str | None = None
    audio_streams: tuple[AudioStream, ...] | None = None
    bitrate: int | None = None
    composer: str | None = None
    duration: float | None = None
    format_long_name: str | None = None
    format_name: str | None = None
    language: str | None = None
    lat_long: str | None = None
    performer: str | None = None
    produce_time: str | None = None
    program_count: int | None = None
    size: int | None = None
    start_time: float | None = None
    stream_count: int | None = None
    subtitles: tuple[SubtitleStream, ...] | None = None
    title: str | None = None
    video_height: int | None = None
    video_streams: tuple[VideoStream, ...] | None = None
    video_width: int | None = None


class GetFileMetaRequest(Message):
    """Parameters of GetFileMeta."""

    dataset_name: str
    project_name: str
    uri: str
    with_fields: tuple[str, ...] | None = None


class GetFileMetaResponse(Message):
    """Answer of GetFileMeta."""

    files: tuple[msgspec.Raw, ...] | None = None


class IndexFileMetaRequest(Message):
    """Parameters of IndexFileMeta."""

    dataset_name: str
    file: InputFile
    project_name: str
    notification: Notification | None = None
    user_data: str | None = None


class IndexFileMetaResponse(Message):
    """Answer of IndexFileMeta."""

    event_id: str | None = None


class UpdateFileMetaRequest(Message):
    """Parameters of UpdateFileMeta."""

    dataset_name: str
    file: InputFile
    project_name: str


class UpdateFileMetaResponse(Message):
    """Answer of UpdateFileMeta."""
