"""Header fields of mails in words: encoded words, raw bytes, names and addresses.

Source: RFC 2047 (encoded words), RFC 5322 section 3.4 (addresses), RFC 6532 (UTF-8 in headers).
"""

from __future__ import annotations

import binascii
import re
from email.utils import getaddresses

from bindery.extract.extractor import Unreadable
from bindery.extract.text.decode import decode_text

LONGEST_FIELD = 16 * 1024
_MOST_ADDRESSES = 200
_ENCODED = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?\s]{0,8192})\?=")
_BETWEEN = re.compile(r"(?<=\?=)\s+(?==\?)")


def words_of_field(raw: bytes) -> str:
    """The text of a header field, whose folds are gone already.

    Neighbouring encoded words of one charset are joined first: many programs cut them within a character.
    """
    text = raw[:LONGEST_FIELD].decode("latin-1")
    if "=?" not in text:
        return _decoded(raw[:LONGEST_FIELD], None)
    text = _BETWEEN.sub("", text)
    words: list[str] = []
    held, charset, at = b"", "", 0
    for match in _ENCODED.finditer(text):
        between = text[at : match.start()]
        at = match.end()
        if between or match[1].lower() != charset:
            words += [_decoded(held, charset), _decoded(between.encode("latin-1"), None)]
            held, charset = b"", match[1].lower()
        held += _unpacked(match[2], match[3])
    return "".join([*words, _decoded(held, charset), _decoded(text[at:].encode("latin-1"), None)])


def addresses_of_field(raw: bytes) -> list[tuple[str, str]]:
    """Names and addresses of a field such as To; a name is empty when there is none."""
    text = raw[:LONGEST_FIELD].decode("latin-1")
    found = getaddresses([text])[:_MOST_ADDRESSES]
    if not any(address for _, address in found):
        return [(words_of_field(raw), "")] if raw.strip() else []
    return [
        (words_of_field(name.encode("latin-1")), address.encode("latin-1").decode("utf-8", "replace"))
        for name, address in found
    ]


def shown_address(name: str, address: str) -> str:
    """``Name <address>``, or what there is of it."""
    return f"{name} <{address}>" if name and address and name != address else name or address


def _unpacked(kind: str, text: str) -> bytes:
    if kind in "qQ":
        return binascii.a2b_qp(text.encode("latin-1"), header=True)
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _decoded(data: bytes, charset: str | None) -> str:
    """Bytes in a declared charset, or in what is likely."""
    if data.isascii() and not (charset or "").lower().startswith(("iso-2022", "utf-7", "hz", "utf-16")):
        return data.decode("ascii")
    try:
        return decode_text(data, charset).text
    except Unreadable:
        return data.decode("latin-1")
