"""The gateway: every request passes these steps, in this order.

decode → identify → authenticate → authorize → validate → operation → render
"""

from __future__ import annotations

import asyncio
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import structlog

from bindery.access.decision import authorize, resource_name
from bindery.access.keys import AccessKey
from bindery.api import errors
from bindery.api.authentication import authenticate
from bindery.api.context import Context
from bindery.api.errors import ApiError
from bindery.api.metrics import Metrics
from bindery.api.operations import BuiltOperation, built_operations
from bindery.api.rendering import Answer, render, render_error
from bindery.api.request import Call, HttpRequest, decode_request, wants_xml
from bindery.api.spec.model import API_VERSION, load_model
from bindery.api.validation import validate

_THREADS = 16
_log = structlog.get_logger()


class Gateway:
    """Answers requests. ``handle`` never raises."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.metrics = Metrics(context)
        self._model = load_model()
        self._built = built_operations()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="operation")

    async def handle(self, request: HttpRequest) -> Answer:
        """The answer to one request."""
        request_id = str(uuid.uuid4()).upper()
        began = time.perf_counter()
        action, xml = "", wants_xml(request)
        try:
            call = decode_request(request)
            action, xml = call.action, call.xml
            built = self._identify(call)
            key = authenticate(call, self.context.keys, self.context.nonces)
            self._authorize(key, call)
            message = validate(built, call.parameters)
            response = await self._perform(built, message)
            answer = render(action, response, request_id, xml=xml)
        except Exception as error:
            refusal = self._refusal(error, action, request_id)
            answer = render_error(refusal, request_id, request.header("host") or "", xml=xml)
            action = action if action in self._model.operations else "unknown"
            self.metrics.count(action, refusal.code, time.perf_counter() - began)
            return answer
        self.metrics.count(action, "OK", time.perf_counter() - began)
        return answer

    def close(self) -> None:
        """Let running operations finish."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _identify(self, call: Call) -> BuiltOperation:
        """The operation that is asked for, when it is built and may be called this way."""
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
        if call.action not in self._built:
            raise errors.not_implemented(call.action)
        return self._built[call.action]

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
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, built.run, self.context, message)

    def _refusal(self, error: Exception, action: str, request_id: str) -> ApiError:
        known = errors.from_exception(error)
        if known is None:
            _log.error("an operation failed", action=action, request_id=request_id, exc_info=error)
            return errors.internal_error()
        return known
