"""The content type of a container by what it turned out to hold.

Source: RFC 4337 (MP4), RFC 6381 and RFC 3839 (3GPP), RFC 5334 (Ogg): one container format has a type for
moving pictures and one for sound alone.
"""

from __future__ import annotations

from bindery.extract.types.media_types import MediaType

_SOUND_OF = {
    "video/mp4": "audio/mp4",
    "video/x-m4v": "audio/mp4",
    "video/3gpp": "audio/3gpp",
    "video/3gpp2": "audio/3gpp2",
    "video/ogg": "audio/ogg",
    "video/webm": "audio/webm",
    "video/x-matroska": "audio/x-matroska",
    "video/x-ms-wmv": "audio/x-ms-wma",
    "video/x-ms-asf": "audio/x-ms-wma",
    "application/vnd.rn-realmedia": "audio/vnd.rn-realaudio",
}
_PICTURES_OF = {
    "audio/mp4": "video/mp4",
    "audio/ogg": "video/ogg",
    "audio/opus": "video/ogg",
    "audio/x-matroska": "video/x-matroska",
    "audio/x-ms-wma": "video/x-ms-wmv",
}
_PLAIN = {
    "aac": "audio/aac", "ac3": "audio/ac3", "aiff": "audio/aiff", "amr": "audio/amr", "ape": "audio/x-ape",
    "caf": "audio/x-caf", "dsf": "audio/x-dsf", "flac": "audio/flac", "mp3": "audio/mpeg", "tta": "audio/x-tta",
    "wav": "audio/x-wav", "wv": "audio/x-wavpack", "mpc": "audio/x-musepack", "mpc8": "audio/x-musepack",
    "tak": "audio/x-tak",
}  # fmt: skip
"""Formats of sound by libav's name. Their files may start with an ID3 tag, which says nothing of the rest."""


_BEHIND_ID3 = {"ogg": "audio/ogg", "asf": "audio/x-ms-wma", "mov,mp4,m4a,3gp,3g2,mj2": "audio/mp4"}


def settled_type(detected: MediaType, format_name: str, *, video: bool, audio: bool) -> MediaType:
    """The type of a file that has, or has not, moving pictures and sound."""
    if format_name in _PLAIN:
        return MediaType(_PLAIN[format_name], "audio")
    if detected.content_type == "audio/mpeg" and format_name in _BEHIND_ID3:
        detected = MediaType(_BEHIND_ID3[format_name], "audio")
    if video:
        return MediaType(_PICTURES_OF.get(detected.content_type, detected.content_type), "video")
    if audio:
        return MediaType(_SOUND_OF.get(detected.content_type, detected.content_type), "audio")
    return detected
