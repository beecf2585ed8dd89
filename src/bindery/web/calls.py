"""Calls of the API that pages make for whoever is signed in.

Each is signed with his key, here on the server, and goes through every step of the gateway, as if it had come over the
wire: a page can do nothing that its reader could not do with an SDK.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import msgspec

from bindery.access.authorizer import Refusal
from bindery.access.identities import Identity
from bindery.api.gateway.budget import Reservation
from bindery.api.gateway.foreseen import foresee
from bindery.api.gateway.gateway import Gateway
from bindery.api.gateway.request import Asker, Client, HttpRequest
from bindery.api.gateway.signature import sign_v3
from bindery.api.spec.model import Operation

FORM = "application/x-www-form-urlencoded"
Values = Mapping[str, Any]


class SignedRequest(msgspec.Struct, frozen=True):
    """A request as it would be sent. Its signature is good for one use, which it has had when it is shown."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Reply(msgspec.Struct, frozen=True, dict=True):
    """What came back."""

    request: SignedRequest
    status: int
    content_type: str
    body: bytes
    request_id: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the call was performed."""
        return self.status == 200

    @cached_property
    def data(self) -> dict[str, Any]:
        """The answer, or the error with ``Code`` and ``Message``."""
        answer: dict[str, Any] = msgspec.json.decode(self.body)
        return answer

    @property
    def refusal(self) -> str:
        """What a page says of a call that was refused; empty when it was performed."""
        return "" if self.ok else f"{self.data.get('Code', '')}: {self.data.get('Message', '')}"


class CallFailed(Exception):
    """A call that a page cannot do without was refused."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.data.get("Message", "")))
        self.reply = reply

    @property
    def code(self) -> str:
        """As the vendor writes it."""
        return str(self.reply.data.get("Code", ""))


class Caller:
    """Makes calls with one identity's key, from where its browser is."""

    def __init__(
        self,
        gateway: Gateway,
        identity: Identity,
        client: Client,
        host: str,
        agent: str,
        asker: Asker = Asker.PAGE,
    ) -> None:
        """``asker``: who has the calls of ``get`` and ``call`` made; those of ``send`` are the reader's own."""
        self._gateway, self._identity, self._client = gateway, identity, client
        self._host, self._agent, self._asker = host, agent, asker

    async def get(self, action: str, values: Values | None = None) -> dict[str, Any]:
        """The answer. ``action`` may say its product: ``ram:ListUsers``. Raises CallFailed."""
        reply = await self.call(action, values)
        if not reply.ok:
            raise CallFailed(reply)
        return reply.data

    async def call(self, action: str, values: Values | None = None) -> Reply:
        """Whatever comes back."""
        return await self._send(self._operation(action), values or {}, self._asker)

    async def send(self, operation: Operation, values: Values) -> Reply:
        """Whatever comes back of a call that the reader has put together. Values that are no text are sent as JSON."""
        return await self._send(operation, values, Asker.CALLER)

    async def refusals(self, calls: Sequence[tuple[str, Values]]) -> list[Refusal | None]:
        """What would refuse each of these calls, which are not made; None for those that are allowed. What a call
        leaves out may be anything."""
        if self._identity.is_account:
            return [None] * len(calls)
        return await asyncio.to_thread(lambda: [self._foresee(*each) for each in calls])

    def _foresee(self, action: str, values: Values) -> Refusal | None:
        operation = self._operation(action)
        texts = {name: wire_text(value) for name, value in values.items() if value is not None}
        http = HttpRequest("POST", "/", {"user-agent": [self._agent]}, client=self._client)
        built = self._gateway.built.get(operation.id)
        return foresee(self._gateway.context, self._identity, http, operation, texts, built)

    async def _send(self, operation: Operation, values: Values, asker: Asker) -> Reply:
        request = self.sign(operation, values)
        began = time.perf_counter()
        answer = await self._gateway.handle(
            HttpRequest(
                request.method,
                request.target,
                {name.lower(): [value] for name, value in request.headers.items()},
                client=_Sender(self._client, request.body),
                asker=asker,
            )
        )
        seconds = time.perf_counter() - began
        return Reply(request, answer.status, answer.content_type, answer.body, answer.request_id, seconds)

    def sign(self, operation: Operation, values: Values) -> SignedRequest:
        """The request, with its parameters where the API model puts them."""
        query, form = _places(operation, values)
        body = urlencode(form).encode()
        further = {"user-agent": self._agent} if self._agent else {}
        if body:
            further["content-type"] = FORM
        identity = self._identity
        headers = sign_v3(
            "POST",
            self._host,
            operation.name,
            query,
            identity.key_id,
            identity.secret,
            version=operation.version,
            further=further,
            body=body,
        )
        return SignedRequest("POST", "/?" + urlencode(query) if query else "/", headers, body)

    def _operation(self, action: str) -> Operation:
        models = self._gateway.models
        return models[action] if ":" in action else models.named(action)[0]


class _Sender:
    """The browser, as the sender of a request that is here already."""

    def __init__(self, client: Client, body: bytes) -> None:
        self.address, self.secure = client.address, client.secure
        self.body_length: int | None = len(body)
        self._client, self._body = client, body

    async def read_body(self, held: Reservation, limit: int) -> bytes:
        """The body, charged to its caller."""
        held.grow(len(self._body))
        return self._body

    def trust(self) -> None:
        """His connection is the last to be closed."""
        self._client.trust()


def _places(
    operation: Operation, values: Values
) -> tuple[tuple[tuple[str, str], ...], list[tuple[str, str]]]:
    """What goes into the query and into the form. Parameters that the model does not know go into the query."""
    in_form = {parameter.name for parameter in operation.parameters if parameter.location == "formData"}
    texts = {name: wire_text(value) for name, value in values.items() if value is not None}
    query = tuple((name, text) for name, text in texts.items() if name not in in_form)
    return query, [(name, text) for name, text in texts.items() if name in in_form]


def wire_text(value: Any) -> str:
    """A value as a parameter of a request: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
