"""The base of every struct of the API: the vendor's spelling of names, and unset members left out."""

from __future__ import annotations

import msgspec

_IRREGULAR_NAMES = {
    "age_sd": "AgeSD",
    "etag": "ETag",
    "exif": "EXIF",
    "object_acl": "ObjectACL",
    "ocr_contents": "OCRContents",
    "ocr_texts": "OCRTexts",
    "oss_crc64": "OSSCRC64",
    "oss_delete_marker": "OSSDeleteMarker",
    "oss_expiration": "OSSExpiration",
    "oss_object_type": "OSSObjectType",
    "oss_storage_class": "OSSStorageClass",
    "oss_tagging": "OSSTagging",
    "oss_tagging_count": "OSSTaggingCount",
    "oss_uri": "OSSURI",
    "oss_user_meta": "OSSUserMeta",
    "oss_version_id": "OSSVersionId",
    "uri": "URI",
    "url": "URL",
}


def wire_name(attribute: str) -> str:
    """The vendor's spelling of a snake-case field name."""
    if attribute in _IRREGULAR_NAMES:
        return _IRREGULAR_NAMES[attribute]
    return "".join(word[:1].upper() + word[1:] for word in attribute.split("_"))


class Message(msgspec.Struct, rename=wire_name, omit_defaults=True, kw_only=True):
    """A struct whose unset members are left out when it is encoded."""
