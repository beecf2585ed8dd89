"""The names of condition keys. Their case does not count, so that a Deny never misses by a capital letter."""

from __future__ import annotations

import re

CURRENT_TIME = "acs:CurrentTime"
SECURE_TRANSPORT = "acs:SecureTransport"
SOURCE_IP = "acs:SourceIp"
MFA_PRESENT = "acs:MFAPresent"
PRINCIPAL_ARN = "acs:PrincipalARN"
SERVICE = "acs:Service"
ACCESS_ID = "acs:AccessId"
USER_AGENT = "acs:UserAgent"
EXTERNAL_ID = "sts:ExternalId"
REQUEST_TAG = "acs:RequestTag/"
"""Followed by the name of a tag that the request sets; its case counts."""
RESOURCE_TAG = "acs:ResourceTag/"
"""Followed by the name of a tag of the resource; its case counts."""

COMMON_KEYS = (
    CURRENT_TIME,
    SECURE_TRANSPORT,
    SOURCE_IP,
    MFA_PRESENT,
    PRINCIPAL_ARN,
    SERVICE,
    ACCESS_ID,
    USER_AGENT,
    EXTERNAL_ID,
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "acs:PrincipalRDId",
    "acs:PrincipalRDPath",
    "acs:SourceVpc",
    "oss:Prefix",
    "oss:Delimiter",
)
_CANONICAL = {key.lower(): key for key in (*COMMON_KEYS, REQUEST_TAG, RESOURCE_TAG)}
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:[^\s/][^/]*(?:/.+)?", re.DOTALL)


def is_key(text: str) -> bool:
    """Whether a text has the form ``service:Name`` or ``service:Name/tag``."""
    return _KEY.fullmatch(text) is not None


def canonical_key(key: str) -> str:
    """The key in the spelling in which requests carry it. Of unknown keys only the part before a tag is folded."""
    name, slash, tag = key.partition("/")
    lowered = (name + slash).lower()
    return _CANONICAL.get(lowered, lowered) + tag
