"""The File struct of IMM and the structs inside it, as typed values. Written by ``make docs``.

Field names are the vendor's in snake case; on the wire and in the catalog they are spelled as the
vendor spells them. Units: sizes in bytes, Duration and StartTime in seconds, Bitrate in bit/s, widths
and heights in pixels, times in RFC 3339 with nanoseconds and offset.

Source: help page api-imm-2020-09-30-struct-file.
"""

from __future__ import annotations

from bindery.message import Message


class Address(Message):
    """The vendor's struct Address."""

    address_line: str | None = None
    city: str | None = None
    country: str | None = None
    district: str | None = None
    language: str | None = None
    province: str | None = None
    township: str | None = None


class PointInt64(Message):
    """The vendor's struct PointInt64."""

    x: int | None = None
    y: int | None = None


class Boundary(Message):
    """The vendor's struct Boundary."""

    height: int | None = None
    left: int | None = None
    polygon: tuple[PointInt64, ...] | None = None
    top: int | None = None
    width: int | None = None


class CroppingSuggestion(Message):
    """The vendor's struct CroppingSuggestion."""

    aspect_ratio: str | None = None
    boundary: Boundary | None = None
    confidence: float | None = None


class ImageScore(Message):
    """The vendor's struct ImageScore."""

    overall_quality_score: float | None = None


class OCRContents(Message):
    """The vendor's struct OCRContents."""

    boundary: Boundary | None = None
    confidence: float | None = None
    contents: str | None = None
    language: str | None = None


class Image(Message):
    """The vendor's struct Image."""

    cropping_suggestions: tuple[CroppingSuggestion, ...] | None = None
    exif: str | None = None
    image_height: int | None = None
    image_score: ImageScore | None = None
    image_width: int | None = None
    ocr_contents: tuple[OCRContents, ...] | None = None


class AudioStream(Message):
    """The vendor's struct AudioStream."""

    bitrate: int | None = None
    channel_layout: str | None = None
    channels: int | None = None
    codec_long_name: str | None = None
    codec_name: str | None = None
    codec_tag: str | None = None
    codec_tag_string: str | None = None
    codec_time_base: str | None = None
    duration: float | None = None
    frame_count: int | None = None
    index: int | None = None
    language: str | None = None
    lyric: str | None = None
    sample_format: str | None = None
    sample_rate: int | None = None
    start_time: float | None = None
    time_base: str | None = None


class ElementContent(Message):
    """The vendor's struct ElementContent."""

    content: str | None = None
    time_range: tuple[int, ...] | None = None
    type: str | None = None
    url: str | None = None


class ElementRelation(Message):
    """The vendor's struct ElementRelation."""

    object_id: str | None = None
    type: str | None = None


class Element(Message):
    """The vendor's struct Element."""

    element_contents: tuple[ElementContent, ...] | None = None
    element_relations: tuple[ElementRelation, ...] | None = None
    element_type: str | None = None
    object_id: str | None = None
    semantic_similarity: float | None = None


class HeadPose(Message):
    """The vendor's struct HeadPose."""

    pitch: float | None = None
    roll: float | None = None
    yaw: float | None = None


class Figure(Message):
    """The vendor's struct Figure."""

    age: int | None = None
    age_sd: float | None = None
    attractive: float | None = None
    beard: str | None = None
    beard_confidence: float | None = None
    boundary: Boundary | None = None
    emotion: str | None = None
    emotion_confidence: float | None = None
    face_quality: float | None = None
    figure_cluster_confidence: float | None = None
    figure_cluster_id: str | None = None
    figure_confidence: float | None = None
    figure_id: str | None = None
    figure_type: str | None = None
    gender: str | None = None
    gender_confidence: float | None = None
    glasses: str | None = None
    glasses_confidence: float | None = None
    hat: str | None = None
    hat_confidence: float | None = None
    head_pose: HeadPose | None = None
    mask: str | None = None
    mask_confidence: float | None = None
    mouth: str | None = None
    mouth_confidence: float | None = None
    sharpness: float | None = None


class MultilingualContentEntry(Message):
    """The vendor's struct MultilingualContentEntry."""

    caption: str | None = None
    description: str | None = None


class ImageInsight(Message):
    """The vendor's struct ImageInsight."""

    caption: str | None = None
    description: str | None = None
    multilingual_content: dict[str, MultilingualContentEntry] | None = None


class VideoInsight(Message):
    """The vendor's struct VideoInsight."""

    caption: str | None = None
    description: str | None = None
    multilingual_content: dict[str, MultilingualContentEntry] | None = None


class Insights(Message):
    """The vendor's struct Insights."""

    image: ImageInsight | None = None
    video: VideoInsight | None = None


class Clip(Message):
    """The vendor's struct Clip."""

    time_range: tuple[int, ...] | None = None


class Label(Message):
    """The vendor's struct Label."""

    centric_score: float | None = None
    clips: tuple[Clip, ...] | None = None
    label_alias: str | None = None
    label_confidence: float | None = None
    label_level: int | None = None
    label_name: str | None = None
    language: str | None = None
    parent_label_name: str | None = None


class SceneElement(Message):
    """The vendor's struct SceneElement."""

    frame_times: tuple[int, ...] | None = None
    labels: tuple[Label, ...] | None = None
    time_range: tuple[int, ...] | None = None
    video_stream_index: int | None = None


class SubtitleStream(Message):
    """The vendor's struct SubtitleStream."""

    bitrate: int | None = None
    codec_long_name: str | None = None
    codec_name: str | None = None
    codec_tag: str | None = None
    codec_tag_string: str | None = None
    content: str | None = None
    duration: float | None = None
    height: int | None = None
    index: int | None = None
    language: str | None = None
    start_time: float | None = None
    width: int | None = None


class VideoStream(Message):
    """The vendor's struct VideoStream."""

    average_frame_rate: str | None = None
    bit_depth: int | None = None
    bitrate: int | None = None
    codec_long_name: str | None = None
    codec_name: str | None = None
    codec_tag: str | None = None
    codec_tag_string: str | None = None
    codec_time_base: str | None = None
    color_primaries: str | None = None
    color_range: str | None = None
    color_space: str | None = None
    color_transfer: str | None = None
    display_aspect_ratio: str | None = None
    duration: float | None = None
    frame_count: int | None = None
    frame_rate: str | None = None
    has_b_frames: int | None = None
    height: int | None = None
    index: int | None = None
    language: str | None = None
    level: int | None = None
    pixel_format: str | None = None
    profile: str | None = None
    rotate: str | None = None
    sample_aspect_ratio: str | None = None
    start_time: float | None = None
    time_base: str | None = None
    width: int | None = None


class File(Message):
    """The vendor's struct File."""

    access_control_allow_origin: str | None = None
    access_control_request_method: str | None = None
    addresses: tuple[Address, ...] | None = None
    album: str | None = None
    album_artist: str | None = None
    artist: str | None = None
    audio_covers: tuple[Image, ...] | None = None
    audio_streams: tuple[AudioStream, ...] | None = None
    bitrate: int | None = None
    cache_control: str | None = None
    composer: str | None = None
    content_disposition: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None
    content_md5: str | None = None
    content_type: str | None = None
    create_time: str | None = None
    cropping_suggestions: tuple[CroppingSuggestion, ...] | None = None
    custom_id: str | None = None
    custom_labels: dict[str, str] | None = None
    dataset_name: str | None = None
    duration: float | None = None
    etag: str | None = None
    exif: str | None = None
    elements: tuple[Element, ...] | None = None
    figure_count: int | None = None
    figures: tuple[Figure, ...] | None = None
    file_access_time: str | None = None
    file_create_time: str | None = None
    file_hash: str | None = None
    file_modified_time: str | None = None
    filename: str | None = None
    format_long_name: str | None = None
    format_name: str | None = None
    image_height: int | None = None
    image_score: ImageScore | None = None
    image_width: int | None = None
    insights: Insights | None = None
    labels: tuple[Label, ...] | None = None
    language: str | None = None
    lat_long: str | None = None
    media_type: str | None = None
    ocr_contents: tuple[OCRContents, ...] | None = None
    ocr_texts: str | None = None
    oss_crc64: str | None = None
    oss_delete_marker: str | None = None
    oss_expiration: str | None = None
    oss_object_type: str | None = None
    oss_storage_class: str | None = None
    oss_tagging: dict[str, str] | None = None
    oss_tagging_count: int | None = None
    oss_uri: str | None = None
    oss_user_meta: dict[str, str] | None = None
    oss_version_id: str | None = None
    object_acl: str | None = None
    object_id: str | None = None
    object_status: str | None = None
    object_type: str | None = None
    orientation: int | None = None
    owner_id: str | None = None
    page_count: int | None = None
    performer: str | None = None
    produce_time: str | None = None
    program_count: int | None = None
    project_name: str | None = None
    reason: str | None = None
    scene_elements: tuple[SceneElement, ...] | None = None
    semantic_types: tuple[str, ...] | None = None
    server_side_data_encryption: str | None = None
    server_side_encryption: str | None = None
    server_side_encryption_customer_algorithm: str | None = None
    server_side_encryption_key_id: str | None = None
    size: int | None = None
    start_time: float | None = None
    stream_count: int | None = None
    subtitles: tuple[SubtitleStream, ...] | None = None
    timezone: str | None = None
    title: str | None = None
    travel_cluster_id: str | None = None
    uri: str | None = None
    update_time: str | None = None
    video_height: int | None = None
    video_streams: tuple[VideoStream, ...] | None = None
    video_width: int | None = None
    archive_entry_count: int | None = None
    extraction_notes: tuple[str, ...] | None = None
    produce_time_source: str | None = None
    tags: dict[str, tuple[str, ...]] | None = None
