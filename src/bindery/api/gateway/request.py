"""A request of the wire protocol, taken apart but not yet believed."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from bindery.api import errors
from bindery.api.gateway.budget import Reservation
from bindery.api.gateway.percent import percent_decode
from bindery.api.gateway.signature import canonical_query

Pairs = tuple[tuple[str, str], ...]
_FORM = "application/x-www-form-urlencoded"
_MAX_PARAMETERS = 1_000
_MEMORABLE = 1_024
"""Characters of a query up to which what it comes to is remembered."""
_XML_WORDS = ("application/xml", "text/xml")
_NONE: Mapping[str, str] = {}


class Client(Protocol):
    """The sender of a request, as far as the gateway needs to know him."""

    address: str
    """Where he is; those who have shown no key share by it."""
    secure: bool
    """Whether what he sends cannot be read on its way."""
    body_length: int | None
    """What he has announced; None when he will not say."""

    async def read_body(self, held: Reservation, limit: int) -> bytes:
        """The body, charged to ``held`` as it arrives. Raises ApiError."""

    def trust(self) -> None:
        """He has shown a key: his connection is the last to be closed when there are too many."""


class Asker(enum.Enum):
    """Who has a call made."""

    CALLER = "somebody, who wants this call"
    PAGE = "a page, for what it shows to its reader"
    WATCH = "a page, to see whether what it shows has changed"


OPERATOR_HEADER = "x-acs-bindery-operator"
"""A permit for the request, sent by the operator's own commands: they have the extensions also where callers are
refused them."""


def storable_header(value: str) -> str:
    """A header's value with a question mark for each byte that is no UTF-8: what stands for it in Python fits no
    record, no signature and no answer. Done once, where headers arrive."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


class HttpRequest(msgspec.Struct, frozen=True):
    """What arrived. ``target`` is the request target as sent; header names are lower case,
    and values went through ``storable_header``.

    ``body`` is there when no ``client`` is, who would send it when asked.
    """

    method: str
    target: str
    headers: Mapping[str, Sequence[str]]
    body: bytes = b""
    client: Client | None = None
    asker: Asker = Asker.CALLER

    def __repr__(self) -> str:
        """Without headers, parameters and body, any of which may hold a token or a signature."""
        return f"HttpRequest({self.method} {self.target.partition('?')[0]!r})"

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        values = self.headers.get(name)
        return values[0] if values else None

    @property
    def has_body(self) -> bool:
        """Whether there is a body, read or not."""
        return bool(self.body) if self.client is None else self.client.body_length != 0


class Style(enum.Enum):
    """How a request is signed, which also says where its action and version stand."""

    V3 = "Authorization header; action and version in headers"
    V1 = "Signature parameter; action and version in parameters"
    UNSIGNED = "neither"


class Call:
    """A request for an operation, as far as it has been taken apart.

    ``query`` and ``form`` keep their order, for the signature. Only what the style signs is looked at for
    ``action`` and ``version``, so neither can be changed on the way.
    """

    __slots__ = ("action", "body", "form", "http", "parameters", "query", "style", "version")

    def __init__(self, http: HttpRequest) -> None:
        self.http = http
        self.body = b""
        self.query: Pairs = ()
        self.form: Pairs = ()
        self.parameters: Mapping[str, str] = _NONE
        self.style = Style.UNSIGNED
        self.action = self.version = ""

    def __repr__(self) -> str:
        """Without what the caller has sent beyond the operation's name."""
        return f"Call({self.action!r}, {self.style.name})"

    @property
    def xml(self) -> bool:
        """Whether the answer is XML: as far as the parameters are known, for they may say so."""
        return _wants_xml(self.http, self.parameters, self.style)

    @property
    def canonical_query(self) -> str:
        """The query as V3 signs it."""
        text = self.http.target.partition("?")[2]
        return _known_canonical(text) if len(text) <= _MEMORABLE else canonical_query(self.query)

    def read_query(self) -> None:
        """Take the query string apart. Raises ApiError for what is not this protocol."""
        text = self.http.target.partition("?")[2]
        self.query, parameters = _known_query(text) if len(text) <= _MEMORABLE else _read_query(text)
        self._gather(parameters)

    def read_form(self, body: bytes) -> None:
        """Take the body, and the parameters in it when it is a form. Raises ApiError."""
        self.body = body
        if body and content_type(self.http) == _FORM:
            self.form = _read_pairs(_text(body))
            self._gather(_once_each((*self.query, *self.form)))

    @property
    def may_have_form(self) -> bool:
        """Whether parameters may stand in the body."""
        return self.http.has_body and content_type(self.http) == _FORM

    def _gather(self, parameters: Mapping[str, str]) -> None:
        self.parameters = parameters
        self.style = style = _style(self.http, parameters)
        action, version = parameters.get("Action") or "", parameters.get("Version") or ""
        if style is Style.V3 or (style is Style.UNSIGNED and not action):
            action, version = (
                self.http.header("x-acs-action") or "",
                self.http.header("x-acs-version") or "",
            )
        self.action, self.version = action, version


def content_type(request: HttpRequest) -> str:
    """The media type of the body, without its parameters."""
    return (request.header("content-type") or "").partition(";")[0].strip().lower()


def wants_xml(request: HttpRequest) -> bool:
    """The format for an error about a request that cannot be decoded."""
    accepted = request.header("accept") or ""
    return "xml" in accepted and any(word in accepted for word in _XML_WORDS)


def key_id_in_form(body: bytes) -> str:
    """The access key id in an undecoded form; empty when there is none."""
    at = 0 if body.startswith(b"AccessKeyId=") else body.find(b"&AccessKeyId=") + 1
    if not body.startswith(b"AccessKeyId=", at):
        return ""
    end = body.find(b"&", at, at + 1_024)
    value = body[at:end] if end >= 0 else body[at : at + 1_024]
    return percent_decode(value.decode(errors="replace").partition("=")[2], errors="replace")


def _style(request: HttpRequest, parameters: Mapping[str, str]) -> Style:
    authorization = request.header("authorization")
    marked = "Signature" in parameters or "AccessKeyId" in parameters
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


def _once_each(pairs: Pairs) -> Mapping[str, str]:
    """Parameters by name. One that is there twice could mean two things: refused."""
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise errors.malformed_request(f"The parameter {twice[:64]} is given more than once.")
    return parameters


@lru_cache(1024)
def _known_query(text: str) -> tuple[Pairs, Mapping[str, str]]:
    """Who asks how far something is asks the same again and again."""
    return _read_query(text)


@lru_cache(1024)
def _known_canonical(text: str) -> str:
    return canonical_query(_known_query(text)[0])


def _read_query(text: str) -> tuple[Pairs, Mapping[str, str]]:
    pairs = _read_pairs(text)
    return pairs, _once_each(pairs)


def _read_pairs(text: str) -> Pairs:
    if not text:
        return ()
    if text.count("&") >= _MAX_PARAMETERS:
        raise errors.malformed_request(f"A request may have up to {_MAX_PARAMETERS} parameters.")
    try:
        text.encode()
        halves = [part.partition("=") for part in text.split("&") if part]
        return tuple([(percent_decode(name), percent_decode(value)) for name, _, value in halves])
    except UnicodeError:
        raise errors.malformed_request("The parameters are not UTF-8.") from None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise errors.malformed_request("The form body is not UTF-8.") from None
