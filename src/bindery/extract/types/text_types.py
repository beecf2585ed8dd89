"""Whether the first bytes of a file are text, and of which kind, for ``media_types.py``."""

from __future__ import annotations

import codecs
import re

from bindery.extract.text.decode import MARKS, wide_charset
from bindery.extract.types.document_types import TEXTS_BY_EXTENSION

_TEXT_OF_NAMED = {"video/mp2t": "text/x-typescript"}
"""Extensions that a format with a sign shares with a kind of text."""
_SIGNED = re.compile(
    r"(?:audio|video)/(?!.*(?:mpegurl|scpls)).*|image/(?:jpeg|png|gif|webp|tiff|bmp|hei[cf]|avif|jp2|jxl|x-icon"
    r"|vnd\.adobe\.photoshop|vnd\.microsoft\.icon)"
)
"""Types that no text has, whatever its name says."""
_BLANKS = b"\t\n\f\r\x1b"
_CONTROLS = bytes(code for code in range(32) if code not in _BLANKS)
_SAMPLE_BYTES = 2_048
_LONGEST_CHARACTER = 4
_FEW_BYTES = 96
"""Fewer bytes without a control character may be anything, unless most of them are ASCII."""
_PROLOGUE = re.compile(
    rb"(?:\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE(?P<kind>[^>\[]*)(?:\[[^\]]*\]\s*)?>)*", re.S | re.I
)
_ROOT = re.compile(rb"<(?:\w+:)?(\w+)[\s>/]")
_ASCII_SHARE = 0.6


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text in UTF-8, or in UTF-16 or UTF-32 with its mark."""
    if not head:
        return False
    marked = _marked(head)
    if marked is not None:
        return bool(marked) and not any(ord(sign) < 32 and sign not in "\t\n\v\f\r\x1b" for sign in marked)
    sample = head[:_SAMPLE_BYTES]
    if len(sample) != len(sample.translate(None, _CONTROLS)):
        return False
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(sample) - _LONGEST_CHARACTER + 1 and len(sample) == _SAMPLE_BYTES
    return True


def is_text_of_no_charset(head: bytes) -> bool:
    """Whether bytes that have neither sign nor name are text in some other encoding, such as Latin-1 or GBK."""
    sample = head[:_SAMPLE_BYTES]
    if len(sample) != len(sample.translate(None, _CONTROLS)):
        return wide_charset(sample) is not None
    plain = len(sample.translate(None, bytes(range(128, 256))))
    return len(sample) > _FEW_BYTES or (len(sample) > 1 and plain > len(sample) * _ASCII_SHARE)


def _marked(head: bytes) -> str | None:
    """The text behind a byte order mark of UTF-16 or UTF-32, empty when it is none; None when there is no mark."""
    for mark, charset in MARKS[1:]:
        if head.startswith(mark):
            body = head[len(mark) : len(mark) + _SAMPLE_BYTES]
            try:
                return codecs.getincrementaldecoder(charset)().decode(body)
            except UnicodeDecodeError:
                return ""
    return None


def text_type(head: bytes, named: str | None, *, is_document: bool) -> str:
    """The type of a text file: its name's, unless the name is of a format that cannot be text.

    ``is_document`` tells that the named type is that of a document or archive, which all have a sign.
    """
    if named in _TEXT_OF_NAMED:
        return _TEXT_OF_NAMED[named]
    if named == "text/xml":
        return _markup_type(head) or named
    if named is not None and (
        named in TEXTS_BY_EXTENSION.values() or not (is_document or _SIGNED.fullmatch(named))
    ):
        return named
    return _markup_type(head) or "text/plain"


def _markup_type(head: bytes) -> str | None:
    """HTML, XHTML, SVG or other XML by the root element; None when there is none."""
    marked = _marked(head)
    head = marked.encode("utf-8", "replace") if marked else head.removeprefix(codecs.BOM_UTF8)
    prologue = _PROLOGUE.match(head)
    rest = head[prologue.end() if prologue else 0 :]
    is_xml = head.startswith(b"<?xml")
    root = _ROOT.match(rest)
    name = root[1].lower() if root else b""
    if name == b"svg":
        return "image/svg+xml"
    if name in (b"html", b"head", b"body") or (prologue and b"html" in (prologue["kind"] or b"").lower()):
        return "application/xhtml+xml" if is_xml else "text/html"
    return "text/xml" if is_xml else None
