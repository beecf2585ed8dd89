"""Answers as JSON or XML."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import msgspec

from bindery.api.errors import OWN_CODES, ApiError

JSON = "application/json;charset=utf-8"
XML = "text/xml;charset=utf-8"
"""Spelled exactly so: the SDKs parse no other spelling."""

_encoder = msgspec.json.Encoder()
_random = random.Random(os.urandom(32))  # noqa: S311  ids are no secrets
_CONTROL = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | {0xFFFE: None, 0xFFFF: None}
_NAME_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0131\u03b1-\u03c9\u0410-\u044f"
    "\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
)
"""Letters that an element name may begin with in every edition of XML 1.0."""
_NOT_IN_NAMES = re.compile(f"[^{_NAME_START}.0-9-]")
_STARTS_NAME = re.compile(f"[{_NAME_START}]")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")
_PLURALS = (("sses", "ss"), ("ches", "ch"), ("ies", "y"), ("s", ""))


class Answer(msgspec.Struct, frozen=True):
    """What goes back."""

    status: int
    content_type: str
    body: bytes
    request_id: str
    retry_after: float | None = None
    """Seconds after which the same request may succeed."""


def make_request_id() -> str:
    """A random UUID in capitals, as the vendor writes it."""
    digits = f"{_random.getrandbits(128):032X}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-A{digits[17:20]}-{digits[20:]}"


def render(action: str, response: msgspec.Struct, request_id: str, *, xml: bool) -> Answer:
    """A successful answer. RequestId is always there; unset members are left out."""
    body = _encoder.encode(response)
    head = b'{"RequestId":"' + request_id.encode() + b'"'
    body = head + (b"," + body[1:] if len(body) > 2 else b"}")
    if xml:
        return Answer(200, XML, _xml(f"{action}Response", msgspec.json.decode(body)), request_id)
    return Answer(200, JSON, body, request_id)


def render_error(error: ApiError, request_id: str, host: str, *, xml: bool, product: str = "") -> Answer:
    """An error with the vendor's five members. ``product`` is empty as long as no operation was found."""
    fields: dict[str, Any] = {
        "RequestId": request_id,
        "HostId": _valid_text(host),
        "Code": error.code,
        "Message": _valid_text(error.message),
        "Recommend": _recommend(error.code, host, product),
    }
    if error.denied_detail is not None:
        fields["AccessDeniedDetail"] = {
            name: _valid_text(value) for name, value in error.denied_detail.items()
        }
    form, body = (XML, _xml("Error", fields)) if xml else (JSON, _encoder.encode(fields))
    return Answer(error.status, form, body, request_id, error.retry_after)


def _recommend(code: str, host: str, product: str) -> str:
    """Where the code is explained: by the vendor, or by this server when it is one of its own."""
    if code not in OWN_CODES:
        of_product = f"&product={product}" if product else ""
        return f"https://next.api.aliyun.com/troubleshoot?q={quote(code)}{of_product}"
    return f"http://{host}/docs/errors" if _HOST.fullmatch(host) else "/docs/errors"


def _valid_text(text: str) -> str:
    """Bytes of a header that were no UTF-8 shown by their numbers, for the encoders take only Unicode."""
    return text.encode(errors="backslashreplace").decode()


def _xml(root: str, value: Any) -> bytes:
    text = f'<?xml version="1.0" encoding="UTF-8"?><{root}>{_inner(value, root)}</{root}>'
    return text.encode()


def _inner(value: Any, name: str) -> str:
    if isinstance(value, dict):
        return "".join(
            _member(tag, entry, name) for tag, entry in zip(_tags(value), value.values(), strict=True)
        )
    if isinstance(value, list):
        item = _singular(name)
        return "".join(_element(item, entry) for entry in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else escape(str(value).translate(_CONTROL))


def _member(name: str, value: Any, parent: str) -> str:
    """``{"Users": {"User": […]}}``, as some products have lists in JSON, has one element for each in XML."""
    if isinstance(value, list) and name == _singular(parent):
        return "".join(_element(name, entry) for entry in value)
    return _element(name, value)


def _element(name: str, value: Any) -> str:
    if name == "Recommend":
        return f"<{name}><![CDATA[{value}]]></{name}>"
    return f"<{name}>{_inner(value, name)}</{name}>"


def _singular(name: str) -> str:
    """The element of an entry: ``Files`` holds ``File``, ``Addresses`` holds ``Address``."""
    for plural, singular in _PLURALS:
        if name.endswith(plural):
            return name.removesuffix(plural) + singular
    return "Item"


def _tags(keys: Collection[str]) -> list[str]:
    """An element name for each key. One that had to be changed, and would meet another, gets a number behind it."""
    tags = [_tag(key) for key in keys]
    if len(set(tags)) == len(tags):
        return tags
    taken = {key for key, tag in zip(keys, tags, strict=True) if key == tag}
    for place, key in enumerate(keys):
        name, number = tags[place], 1
        while tags[place] != key and tags[place] in taken:
            number += 1
            tags[place] = f"{name}_{number}"
        taken.add(tags[place])
    return tags


def _tag(key: str) -> str:
    """A map key as an element name; what XML forbids in names becomes an underscore."""
    cleaned = _NOT_IN_NAMES.sub("_", key)
    return cleaned if _STARTS_NAME.match(cleaned) else f"_{cleaned}"
