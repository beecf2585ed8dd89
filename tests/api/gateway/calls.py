"""Requests taken apart without a gateway."""

from __future__ import annotations

from bindery.api.gateway.request import Call, HttpRequest


def take_apart(request: HttpRequest) -> Call:
    """Query and body, in the order in which the gateway reads them."""
    call = Call(request)
    call.read_query()
    call.read_form(request.body)
    return call
