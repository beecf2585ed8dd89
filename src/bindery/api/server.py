"""HTTP: the API at ``/``, and the pages for operators."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bindery.api.gateway import Gateway
from bindery.api.rendering import Answer
from bindery.api.request import HttpRequest

_MAX_BODY = 64 * 1024 * 1024
_MAX_HEADER = 65_536
_SHUTDOWN_SECONDS = 5.0


class Server:
    """Serves a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._runner: web.AppRunner | None = None
        self._ready = False

    async def start(self, host: str, port: int) -> str:
        """Listen; port 0 takes a free one. Returns ``HOST:PORT``. Raises OSError when it cannot listen."""
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_route("*", "/{path:.*}", self._call)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            max_line_size=self._gateway.context.settings.max_request_line,
            max_field_size=_MAX_HEADER,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self._ready = True
        bound = self._runner.addresses[0]
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        return f"{shown}:{bound[1]}"

    async def stop(self) -> None:
        """Take no more requests, and let those under way finish."""
        self._ready = False
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.get_running_loop().run_in_executor(None, self._gateway.close)

    async def _call(self, request: web.Request) -> web.Response:
        headers: dict[str, list[str]] = {}
        for name, value in request.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        body = await request.read() if request.can_read_body else b""
        answer = await self._gateway.handle(HttpRequest(request.method, request.raw_path, headers, body))
        return _response(answer)

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        return web.Response(text="ready\n") if self._ready else web.Response(status=503, text="not ready\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(None, self._gateway.metrics.text)
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _response(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, "x-acs-request-id": answer.request_id}
    return web.Response(status=answer.status, body=answer.body, headers=headers)
