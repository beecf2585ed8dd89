"""Object and bucket URIs as users write them: ``oss://bucket/key``."""

from __future__ import annotations

import re

import msgspec

from bindery.secrecy import without_secrets

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
_SCHEME = "oss://"
MAX_KEY_BYTES = 1023
"""Longest object key, as OSS has it."""


class ObjectUri(msgspec.Struct, frozen=True):
    """One object of one bucket."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"


def parse_object_uri(text: str) -> ObjectUri:
    """The bucket and key of ``oss://bucket/key``; raises ValueError that says what is wrong."""
    if not text.startswith(_SCHEME):
        raise ValueError(f"a URI starts with oss://, got {_shown(text, 64)}")
    bucket, slash, key = text[len(_SCHEME) :].partition("/")
    check_bucket_name(bucket)
    if not slash or not key:
        raise ValueError(f"the URI names no object: {_shown(text, 128)}")
    check_key(key)
    return ObjectUri(bucket, key)


def parse_bucket_uri(text: str) -> str:
    """The bucket of ``oss://bucket``, with or without a slash at the end; raises ValueError."""
    if not text.startswith(_SCHEME):
        raise ValueError(f"a URI starts with oss://, got {_shown(text, 64)}")
    bucket, _, rest = text[len(_SCHEME) :].partition("/")
    if rest:
        raise ValueError(f"the URI of a binding names a bucket only, got {_shown(text, 128)}")
    check_bucket_name(bucket)
    return bucket


def check_bucket_name(bucket: str) -> None:
    """Raise ValueError unless ``bucket`` is 3 to 63 letters, digits, hyphens (dots and underscores
    are accepted too, for S3 and for folders)."""
    if not _BUCKET.fullmatch(bucket) or len(bucket) < 3:
        raise ValueError(
            f"not a bucket name: {_shown(bucket, 64)}; one has 3 to 63 letters, digits, '-', '.' or '_', and begins "
            "with a letter or digit"
        )


def check_key(key: str) -> None:
    """Raise ValueError unless ``key`` is valid Unicode of 1 to 1,023 UTF-8 bytes."""
    if not is_unicode(key):
        raise ValueError("the object key is not valid Unicode")
    size = len(key.encode())
    if not 0 < size <= MAX_KEY_BYTES:
        raise ValueError(f"an object key has 1 to {MAX_KEY_BYTES} bytes of UTF-8, this one has {size}")


def is_unicode(key: str) -> bool:
    """Whether a text can be written as UTF-8: it holds no half of a surrogate pair."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str, longest: int) -> str:
    """What was written, for a message: the address of a store, written in the wrong place, holds its secrets."""
    return repr(without_secrets(text)[:longest])
