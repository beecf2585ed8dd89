"""The gateway: every request passes these steps, in this order.

decode → identify → authenticate → authorize → find the operation → validate → operation → render

Identifying comes first because the answer depends on nothing secret: which operations exist is public.
Whether one is built here, and everything about parameters and resources, is told to callers that have
shown who they are and may call it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextvars import copy_context
from typing import Any, TypeVar

import msgspec
import structlog
from structlog.contextvars import bind_contextvars, reset_contextvars

from bindery.access.decision import authorize, resource_name
from bindery.access.keys import AccessKey
from bindery.api import errors
from bindery.api.context import Context
from bindery.api.errors import ApiError
from bindery.api.gateway.authentication import authenticate
from bindery.api.gateway.metrics import Metrics
from bindery.api.gateway.rendering import Answer, make_request_id, render, render_error
from bindery.api.gateway.request import Call, HttpRequest, decode_request, wants_xml
from bindery.api.gateway.validation import prepare, validate
from bindery.api.operations import BuiltOperation, built_operations
from bindery.api.spec.model import API_VERSION, load_model

_THREADS = 16
_LARGE_REQUEST = 65_536
"""Bytes from which a request is decoded in a thread: megabytes would hold up all others."""
_CLOSE_SECONDS = 3.0
_log = structlog.get_logger()
_Result = TypeVar("_Result")


class Gateway:
    """Answers requests. ``handle`` never raises."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.metrics = Metrics(context)
        self._model = load_model()
        self._built = built_operations()
        prepare(self._built)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="operation")
        self._running: set[Future[Any]] = set()

    async def handle(self, request: HttpRequest) -> Answer:
        """The answer to one request. Lines of the log that it causes carry its id."""
        request_id = make_request_id()
        bound = bind_contextvars(request_id=request_id)
        began = time.perf_counter()
        action, xml = "", wants_xml(request)
        try:
            if len(request.target) + len(request.body) > _LARGE_REQUEST:
                call = await self._in_thread(decode_request, request)
            else:
                call = decode_request(request)
            action, xml = call.action, call.xml
            built, message = await self._admit(call)
            response = await self._perform(built, message)
            answer = render(action, response, request_id, xml=xml)
        except Exception as error:
            refusal = self._refusal(error, action)
            answer = render_error(refusal, request_id, request.header("host") or "", xml=xml)
            self._note(action if action in self._model.operations else "unknown", refusal.code, began)
            return answer
        else:
            self._note(action, "OK", began)
            return answer
        finally:
            reset_contextvars(**bound)

    def close(self) -> None:
        """Let running operations finish, for a few seconds; the rooms below end what takes longer."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        wait_for(set(self._running), _CLOSE_SECONDS)

    async def _admit(self, call: Call) -> tuple[BuiltOperation, Any]:
        """The operation and its typed request, when the caller may have it done."""
        self._identify(call)
        if len(call.http.target) + len(call.http.body) > _LARGE_REQUEST:
            return await self._in_thread(self._check, call)
        return self._check(call)

    def _check(self, call: Call) -> tuple[BuiltOperation, Any]:
        key = authenticate(call, self.context.keys, self.context.nonces)
        self._authorize(key, call)
        built = self._built.get(call.action)
        if built is None:
            raise errors.not_implemented(call.action)
        return built, validate(built, call.parameters, strict=self.context.settings.strict)

    def _identify(self, call: Call) -> None:
        """Raises ApiError unless an operation is asked for that exists and may be called this way."""
        if not call.action:
            raise errors.action_missing()
        if not call.version:
            raise errors.missing_parameter("Version")
        if call.version != API_VERSION:
            raise errors.invalid_version()
        operation = self._model.operations.get(call.action)
        if operation is None:
            raise errors.action_not_found()
        if operation.extension and self.context.settings.strict:
            raise errors.extension_refused(call.action)
        if call.http.method != "POST" and (operation.post_only or call.http.method != "GET"):
            raise errors.unsupported_method()

    def _authorize(self, key: AccessKey, call: Call) -> None:
        settings = self.context.settings
        resource = resource_name(
            settings.region_id,
            settings.account_id,
            call.parameters.get("ProjectName"),
            call.parameters.get("DatasetName"),
        )
        refusal = authorize(key, f"imm:{call.action}", resource)
        if refusal is not None:
            raise errors.access_denied(refusal)

    async def _perform(self, built: BuiltOperation, message: Any) -> msgspec.Struct:
        """Operations that answer from memory run here, all others in a thread."""
        if built.inline:
            response: msgspec.Struct = built.run(self.context, message)
            return response
        return await self._in_thread(built.run, self.context, message)

    async def _in_thread(self, function: Callable[..., _Result], *values: Any) -> _Result:
        future = self._threads.submit(copy_context().run, function, *values)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return await asyncio.wrap_future(future)

    def _note(self, action: str, code: str, began: float) -> None:
        seconds = time.perf_counter() - began
        self.metrics.count(action, code, seconds)
        _log.debug("answered", action=action, code=code, seconds=seconds)

    def _refusal(self, error: Exception, action: str) -> ApiError:
        known = errors.from_exception(error)
        if known is None:
            _log.error("an operation failed", action=action, exc_info=error)
            return errors.internal_error()
        if known.status >= 500 and not isinstance(error, ApiError):
            _log.error("an operation could not be done", action=action, problem=str(error))
        return known
