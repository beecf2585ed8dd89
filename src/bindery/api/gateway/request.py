"""A request of the wire protocol, decoded but not yet believed."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import msgspec

from bindery.api import errors

Pairs = list[tuple[str, str]]
_FORM = "application/x-www-form-urlencoded"
_MAX_PARAMETERS = 1_000
_XML_WORDS = ("application/xml", "text/xml")
_V1_MARKS = ("Signature", "AccessKeyId")


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


class Style(enum.Enum):
    """How a request is signed, which also says where its action and version stand."""

    V3 = "Authorization header; action and version in headers"
    V1 = "Signature parameter; action and version in parameters"
    UNSIGNED = "neither"


class Call(msgspec.Struct, frozen=True):
    """A request for an operation. ``query`` and ``form`` keep their order, for the signature."""

    http: HttpRequest
    query: Pairs
    form: Pairs
    parameters: dict[str, str]
    style: Style
    action: str
    version: str
    xml: bool


def decode_request(request: HttpRequest) -> Call:
    """Take a request apart. Raises ApiError for what is not this protocol.

    Only what the style signs is looked at for action and version, so neither can be changed on the way.
    """
    query = _pairs(request.target.partition("?")[2])
    form: Pairs = []
    if request.body and content_type(request) == _FORM:
        form = _pairs(_text(request.body))
    parameters = _once_each(query, form)
    style = _style(request, parameters)
    action, version = parameters.get("Action") or "", parameters.get("Version") or ""
    if style is Style.V3 or (style is Style.UNSIGNED and not action):
        action, version = request.header("x-acs-action") or "", request.header("x-acs-version") or ""
    return Call(
        http=request,
        query=query,
        form=form,
        parameters=parameters,
        style=style,
        action=action,
        version=version,
        xml=_wants_xml(request, parameters, style),
    )


def content_type(request: HttpRequest) -> str:
    """The media type of the body, without its parameters."""
    return (request.header("content-type") or "").partition(";")[0].strip().lower()


def wants_xml(request: HttpRequest) -> bool:
    """The format for an error about a request that cannot be decoded."""
    return any(word in (request.header("accept") or "") for word in _XML_WORDS)


def _style(request: HttpRequest, parameters: Mapping[str, str]) -> Style:
    authorization = request.header("authorization")
    marked = any(mark in parameters for mark in _V1_MARKS)
    if authorization is not None and (not marked or authorization.startswith("ACS3-")):
        return Style.V3
    return Style.V1 if marked else Style.UNSIGNED


def _wants_xml(request: HttpRequest, parameters: Mapping[str, str], style: Style) -> bool:
    """``Format`` decides; without it the older style means XML, the newer one what ``accept`` says."""
    wanted = parameters.get("Format")
    if wanted:
        return wanted.upper() == "XML"
    older = style is Style.V1 or (style is Style.UNSIGNED and "Action" in parameters)
    if older and "json" not in (request.header("accept") or ""):
        return True
    return wants_xml(request)


def _once_each(query: Pairs, form: Pairs) -> dict[str, str]:
    """Parameters by name, from either place. One that is there twice could mean two things: refused."""
    parameters = dict(query) | dict(form)
    if len(parameters) != len(query) + len(form):
        names = [name for name, _ in (*query, *form)]
        twice = next(name for name in names if names.count(name) > 1)
        raise errors.malformed_request(f"The parameter {twice[:64]} is given more than once.")
    return parameters


def _pairs(text: str) -> Pairs:
    if text.count("&") >= _MAX_PARAMETERS:
        raise errors.malformed_request(f"A request may have up to {_MAX_PARAMETERS} parameters.")
    try:
        text.encode()
        halves = [part.partition("=") for part in text.split("&") if part]
        return [(_decode(name), _decode(value)) for name, _, value in halves]
    except UnicodeError:
        raise errors.malformed_request("The parameters are not UTF-8.") from None


def _decode(text: str) -> str:
    """What a percent-encoded text stands for; ``+`` is a space."""
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text, errors="strict") if "%" in text else text


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise errors.malformed_request("The form body is not UTF-8.") from None
