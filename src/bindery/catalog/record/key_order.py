"""Ranges of keys in the order of their UTF-8 bytes, which is the order of the record."""

from __future__ import annotations

_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF
BEHIND_ALL = chr(_LAST) * 4_097
"""Behind every key and every URI: a store's longest key has 1,024 characters, a path 4,096 bytes."""


def text_behind(prefix: str) -> str | None:
    """The least text, by UTF-8 bytes, behind all that start with ``prefix``; None when there is none."""
    stem = prefix.rstrip(chr(_LAST))
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
