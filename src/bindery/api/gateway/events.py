"""``POST /events``: object stores tell which keys have changed. See docs/events.md for how each is set up.

A sender shows one token, the way it can: ``Authorization: Bearer TOKEN`` or ``TOKEN`` alone, Basic with the
token as the password, or ``?token=`` in the URL. It is answered with success once the keys are in the record.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from aiohttp import web

from bindery.api.context import Context
from bindery.api.errors import ApiError
from bindery.api.gateway.bearer import bearer_token
from bindery.api.gateway.metrics import Metrics
from bindery.api.gateway.seldom import Seldom
from bindery.api.gateway.work import Turn, WorkPool
from bindery.buckets.events import MalformedEvent, read_event, subscribe_url
from bindery.secrecy import same_secret
from bindery.sync.intake import Receipt

MAX_BODY = 1_048_576
_LARGE_BODY = 65_536
"""Bytes from which a message is read in a thread."""
_TURN = Turn("events")
"""All senders show the same token, so they have one turn."""
_UNSET = "Events are not taken: set [events] token in the configuration of this server, and send it along."
_MALFORMED = "MalformedEvent"
_MOST_PROBLEMS = 20
"""Problems with records that an answer tells."""
_AGAIN = "The keys could not be kept; send the event again."
_log = structlog.get_logger()


class _Refused(Exception):
    """Status, code and message of an answer that is no success."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message


class EventEndpoint:
    """Answers the senders of events."""

    def __init__(self, context: Context, metrics: Metrics, reading: WorkPool, body_seconds: float) -> None:
        """``reading``: where large messages are taken apart."""
        self._context = context
        self._reading = reading
        self._metrics = metrics
        self._body_seconds = body_seconds
        self._seldom = Seldom()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """One request of a sender; ``HEAD`` is how MinIO asks whether somebody is there."""
        if request.method == "HEAD":
            return web.Response()
        try:
            receipt, problems = await self._take(request)
        except _Refused as refused:
            self._metrics.count_events(refused.code, 1)
            if refused.code == _MALFORMED:
                self._warn(refused.message)
            return _refusal(refused)
        answer: dict[str, Any] = {"Taken": receipt.taken, "Ignored": receipt.unbound}
        for name, number in answer.items():
            self._metrics.count_events(name.lower(), number)
        if problems:
            self._metrics.count_events("malformed", len(problems))
            self._warn(problems[0])
            answer |= {"Malformed": len(problems), "Problems": problems[:_MOST_PROBLEMS]}
        return web.json_response(answer)

    def _warn(self, problem: str) -> None:
        if self._seldom.may_say():
            _log.warning("an event cannot be read, or a record of it; its sender is told", problem=problem)

    async def _take(self, request: web.BaseRequest) -> tuple[Receipt, tuple[str, ...]]:
        """What became of the keys, and what was wrong with records. Raises _Refused."""
        if request.method != "POST":
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "UnsupportedHTTPMethod", "Send events with POST.")
        self._authenticate(request)
        body = await self._body(request)
        try:
            if len(body) > _LARGE_BODY:
                event = await self._reading.run(_TURN, lambda: read_event(body))
            else:
                event = read_event(body)
        except MalformedEvent as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, _MALFORMED, f"{error}.") from None
        except ApiError as error:
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", _AGAIN) from error
        if not event.keys:
            _note_subscription(body)
            return Receipt(0, 0), event.problems
        try:
            receipt = await asyncio.wrap_future(self._context.engine.accept_events(event.keys))
        except Exception as error:
            raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", _AGAIN) from error
        return receipt, event.problems

    def _authenticate(self, request: web.BaseRequest) -> None:
        token = self._context.settings.events_token
        if not token:
            raise _Refused(HTTPStatus.FORBIDDEN, "EventsNotConfigured", _UNSET)
        shown = list(_shown_tokens(request))
        if not any(same_secret(token, candidate) for candidate in shown):
            problem = "is not the one" if shown else "is missing; send the one"
            message = f"The token {problem} of [events] token in the configuration of this server."
            raise _Refused(HTTPStatus.UNAUTHORIZED, "InvalidToken", message)

    async def _body(self, request: web.BaseRequest) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                async for chunk in request.content.iter_any():
                    body += chunk
                    if len(body) > MAX_BODY:
                        message = f"An event may have up to {MAX_BODY} bytes."
                        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "EventTooLarge", message)
        except TimeoutError:
            message = "The event did not arrive in time."
            raise _Refused(HTTPStatus.REQUEST_TIMEOUT, "RequestTimeout", message) from None
        return bytes(body)


def _shown_tokens(request: web.BaseRequest) -> Iterator[str]:
    """What the sender shows, in every place where senders can."""
    header = request.headers.get("Authorization", "").strip()
    if header:
        bearer = bearer_token(header)
        yield header if bearer is None else bearer
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "basic":
            with suppress(ValueError):
                yield base64.b64decode(rest.strip(), validate=True).partition(b":")[2].decode()
    yield from request.query.getall("token", [])


def _note_subscription(body: bytes) -> None:
    """Amazon SNS asks for a visit to an address; that is left to the operator, for anybody could name one."""
    url = subscribe_url(body)
    if url:
        _log.warning("a topic waits for its subscription to be confirmed; open its address once", url=url)


def _refusal(refused: _Refused) -> web.Response:
    body = msgspec.json.encode({"Code": refused.code, "Message": refused.message})
    response = web.Response(status=refused.status, body=body, content_type="application/json")
    if refused.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="events", Bearer'
    elif refused.status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "1"
    elif refused.status is HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = "POST, HEAD"
    if refused.status is not HTTPStatus.BAD_REQUEST:
        response.force_close()  # the body may not have been read
    return response
