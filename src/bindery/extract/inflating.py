"""What packed bytes of strangers hold, up to a limit."""

from __future__ import annotations

import zlib

ZLIB, DEFLATE, GZIP = 15, -15, 31
"""The forms in which packed bytes come, as zlib names them."""


def inflate(data: bytes, most: int, form: int = ZLIB) -> bytes:
    """The first ``most`` bytes of it; none when it is damaged."""
    try:
        return zlib.decompressobj(form).decompress(data, most)
    except zlib.error:
        return b""
