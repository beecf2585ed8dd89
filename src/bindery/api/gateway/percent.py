"""Percent-encoding, in pieces: megabytes are worked on without keeping other threads waiting.

A single call into C holds the interpreter until it returns, so long texts are cut where the call would take
more than a millisecond.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from urllib.parse import quote, unquote

_SHORT = 128
_LONG = 4_096
"""Characters from which a text is worked on in pieces."""
_PIECE = 8_192
_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_FEW = 24
"""Different characters of a piece up to which they are replaced one by one."""
_PERCENT = ord("%")
_ENCODED = {byte: chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in range(256)}
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def percent_encode(text: str) -> str:
    """RFC 3986, with only the unreserved characters left as they are."""
    if len(text) <= _SHORT:
        return _encoded(text)
    if len(text) <= _LONG:
        return quote(text, safe="~")
    raw = text.encode()
    if not raw.translate(None, _SAFE):
        return text
    return "".join([_escaped(raw[at : at + _PIECE]) for at in range(0, len(raw), _PIECE)])


def _escaped(piece: bytes) -> str:
    """JSON has a handful of characters that are not safe, and each is replaced much faster than all are looked up."""
    odd = set(piece.translate(None, _SAFE))
    if len(odd) > _FEW:
        return piece.decode("latin-1").translate(_ENCODED)
    for byte in sorted(odd, key=_PERCENT.__ne__):  # the sign of all escapes first
        piece = piece.replace(bytes((byte,)), _ENCODED[byte].encode())
    return piece.decode()


@lru_cache(4096)
def _encoded(text: str) -> str:
    """Names of parameters and of resources come again and again."""
    return quote(text, safe="~")


def percent_decode(text: str, errors: str = "strict") -> str:
    """What an encoded text stands for; ``+`` is a space. Raises UnicodeError when it is not UTF-8."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    if len(text) <= _LONG:
        return unquote(text, errors=errors)
    return b"".join([_decoded(piece) for piece in _pieces(text.encode())]).decode(errors=errors)


def _pieces(raw: bytes) -> list[bytes]:
    """The text cut so that no escape falls apart."""
    pieces, at = [], 0
    while at < len(raw):
        end = min(at + _PIECE, len(raw))
        escape = raw.rfind(b"%", end - 2, end)
        if escape > at and end < len(raw):
            end = escape
        pieces.append(raw[at:end])
        at = end
    return pieces


def _decoded(piece: bytes) -> bytes:
    """Quoted-printable writes ``=41`` for ``%41``, and is decoded in C."""
    if _BROKEN_ESCAPE.search(piece):
        return unquote(piece.decode("latin-1"), encoding="latin-1").encode("latin-1")
    for plain, escape in ((b"=", b"%3D"), (b"\n", b"%0A"), (b"\r", b"%0D")):
        piece = piece.replace(plain, escape)
    return binascii.a2b_qp(piece.replace(b"%", b"="))
