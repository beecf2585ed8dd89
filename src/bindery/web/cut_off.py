"""The end of an answer that cannot go on after its first bytes have been sent."""

from __future__ import annotations

import socket
import struct
from http import HTTPStatus

import structlog
from aiohttp import HttpVersion11, web

from bindery.api import errors
from bindery.web.calls import CallFailed
from bindery.web.page_request import PageError, PageRequest

_AT_ONCE = struct.pack("ii", 1, 0)
"""``struct linger``: what closes such a socket resets its connection. Source: socket(7)."""
_log = structlog.get_logger()


def cut_off(request: PageRequest, page: str, error: Exception) -> ConnectionError:
    """What to raise, for the connection to end so that its reader sees that this is not the whole answer. ``error``
    is told by the log, once.

    Bytes that lack their last chunk, or some of their length, say so by themselves (RFC 9112, section 8). What goes on
    until the connection is closed, as HTTP/1.0 has it and proxies still do, would look whole: that connection is reset.
    """
    code, problem = _said(error)
    if code:
        _log.warning("an answer was cut off", page=page, code=code, problem=problem)
    else:
        _log.error("an answer was cut off", page=page, exc_info=error)
    transport = request.http.transport
    if transport is not None and request.http.version < HttpVersion11:
        _reset_when_closed(request.http)
        transport.abort()
    return ConnectionAbortedError("the answer cannot go on")


def _said(error: Exception) -> tuple[str, str]:
    """Code and words; both are empty for a defect."""
    if isinstance(error, CallFailed):
        return error.code, str(error)
    if isinstance(error, PageError):
        return HTTPStatus(error.status).phrase, error.key
    known = errors.from_exception(error)
    return ("", "") if known is None else (known.code, known.message)


def _reset_when_closed(http: web.BaseRequest) -> None:
    opened = http.get_extra_info("socket")
    if opened is not None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
