"""Pages for people who come with a browser: what this server is, and its documentation."""

from __future__ import annotations

from html import escape

from aiohttp import web

from bindery import __version__
from bindery.api.gateway.readiness import Readiness
from bindery.documentation import page_names, page_text

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:3em auto;padding:0 1em;color:#222}"
    "pre{background:#f4f4f4;padding:1em;overflow:auto}a{color:#06c}"
    "@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}pre{background:#262626}a{color:#6af}}"
)
_WELCOME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Bindery</title><style>{style}</style></head><body>
<h1>Bindery {version}</h1>
<p>A self-hosted, open implementation of Intelligent Media Management (API 2020-09-30). Bind a bucket to a dataset;
Bindery scans it, follows its changes and answers queries. The official SDKs work against this address.</p>
<p>This server is <strong>{state}</strong>.</p>
<h2>First calls</h2>
<pre>bindery bind ./photos --wait --endpoint {endpoint}
bindery query 'MediaType = image' --endpoint {endpoint}</pre>
<pre>from alibabacloud_imm20200930.client import Client
from alibabacloud_tea_openapi.models import Config

client = Client(Config(access_key_id="…", access_key_secret="…",
                       endpoint="{host}", protocol="{protocol}"))</pre>
<p>Keys are in the server's data folder (<code>root-key.json</code>), or <code>bindery keys add</code> makes one.</p>
<h2>Documentation</h2>
<ul>{pages}</ul>
<p><a href="/readyz">readiness</a> · <a href="/metrics">metrics</a>.
The console and the API explorer are not built yet.</p>
</body></html>
"""


async def page_for(request: web.BaseRequest, readiness: Readiness, *, secure: bool) -> web.Response | None:
    """The page that a browser asks for, by HTTPS when it is ``secure``; None: the request is a call of the API."""
    path, _, query = request.raw_path.partition("?")
    if request.method not in ("GET", "HEAD") or query:
        return None
    if path == "/" and "text/html" in request.headers.get("Accept", ""):
        return _html(_welcome(request.host, await readiness.problems(), secure=secure))
    if path in ("/docs", "/docs/"):
        return _text("\n".join(f"/docs/{name}" for name in page_names()) + "\n")
    if path.startswith("/docs/"):
        text = page_text(path.removeprefix("/docs/"))
        return _text(text) if text is not None else _text("There is no such page; see /docs\n", status=404)
    return None


def _welcome(host: str, problems: list[str], *, secure: bool) -> str:
    host = escape(host)
    protocol = "https" if secure else "http"
    return _WELCOME.format(
        style=_STYLE,
        version=__version__,
        state="ready" if not problems else "not ready: " + escape(" ".join(problems)),
        host=host,
        protocol=protocol,
        endpoint=f"{protocol}://{host}",
        pages="".join(f'<li><a href="/docs/{name}">{escape(name)}</a></li>' for name in page_names()),
    )


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)


def _text(text: str, *, status: int = 200) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="text/plain", charset="utf-8", headers=_HEADERS
    )
