"""A request of the wire protocol, decoded but not yet believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

import msgspec

from bindery.api import errors

Pairs = list[tuple[str, str]]
_FORM = "application/x-www-form-urlencoded"
_MAX_PARAMETERS = 1_000
_XML_WORDS = ("application/xml", "text/xml")


class HttpRequest(msgspec.Struct, frozen=True):
    """What arrived. ``target`` is the request target as sent; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, Sequence[str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        values = self.headers.get(name)
        return values[0] if values else None


class Call(msgspec.Struct, frozen=True):
    """A request for an operation. ``query`` and ``form`` keep order and duplicates, for the signature."""

    http: HttpRequest
    query: Pairs
    form: Pairs
    parameters: dict[str, str]
    action: str
    version: str
    xml: bool
    header_style: bool
    """Action and version came in headers (V3) and not as parameters (V1)."""


def decode_request(request: HttpRequest) -> Call:
    """Take a request apart. Raises ApiError for what is not this protocol."""
    query = _pairs(request.target.partition("?")[2])
    form: Pairs = []
    if request.body and (request.header("content-type") or "").partition(";")[0].strip().lower() == _FORM:
        form = _pairs(_ascii(request.body))
    parameters = dict(query) | dict(form)
    header_style = request.header("authorization") is not None or "Signature" not in parameters
    return Call(
        http=request,
        query=query,
        form=form,
        parameters=parameters,
        action=parameters.get("Action") or request.header("x-acs-action") or "",
        version=parameters.get("Version") or request.header("x-acs-version") or "",
        xml=_wants_xml(request, parameters),
        header_style=header_style,
    )


def wants_xml(request: HttpRequest) -> bool:
    """The format for an error about a request that cannot be decoded."""
    return any(word in (request.header("accept") or "") for word in _XML_WORDS)


def _wants_xml(request: HttpRequest, parameters: Mapping[str, str]) -> bool:
    """``Format`` decides; without it the older style means XML, the newer one what ``accept`` says."""
    wanted = parameters.get("Format")
    if wanted:
        return wanted.upper() == "XML"
    if "Signature" in parameters and "json" not in (request.header("accept") or ""):
        return True
    return wants_xml(request)


def _pairs(text: str) -> Pairs:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except (ValueError, UnicodeDecodeError) as error:
        raise errors.malformed_request(f"The parameters cannot be decoded: {error}") from None


def _ascii(body: bytes) -> str:
    try:
        return body.decode("ascii")
    except UnicodeDecodeError:
        raise errors.malformed_request("The form body is not percent-encoded ASCII.") from None
