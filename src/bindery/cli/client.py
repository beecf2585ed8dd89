"""A small signed client of a running server, for the commands. Programs use the official SDKs."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import click

from bindery.access.keys import read_root_key, root_key_file
from bindery.access.permits import make_call_permit, make_permit
from bindery.api.gateway.request import OPERATOR_HEADER
from bindery.api.gateway.signature import make_nonce, sign_v3
from bindery.api.spec.model import load_models
from bindery.cli.nearest import meant
from bindery.printable import printable

DEFAULT_ENDPOINT = "http://127.0.0.1:8180"
_TIMEOUT_SECONDS = 60
_CA = "BINDERY_CA_CERTIFICATE"
"""Names the certificate that is trusted, where no public authority vouches for the server."""
_HOST = re.compile(r"[^\s@/?#\x00-\x20\x7f]+")
"""A host and port without user and password, which nothing here would send."""


_UNKNOWN_NAME = "ResourceNotFound"
OTHER_SERVER = " Is that the server whose data folder --data names, or whose keys the environment has?"
_HINTS = {
    _UNKNOWN_NAME: " See: bindery status",
    "InvalidAccessKeyId.NotFound": OTHER_SERVER,
    "SignatureDoesNotMatch": OTHER_SERVER,
}


class ApiError(click.ClickException):
    """The server refused a call; shows its code, message and request id."""

    def __init__(self, action: str, status: int, body: Mapping[str, Any], *, meant: str = "") -> None:
        self.code = str(body.get("Code", f"HTTP {status}"))
        self.status, self.body = status, body
        text = f"{action}: {self.code}: {body.get('Message', 'no message')}"
        hint = meant or _HINTS.get(self.code, "")
        super().__init__(printable(f"{text}{hint} (request {body.get('RequestId', 'unknown')})"))


class Client:
    """Calls any operation by name with its parameters as the vendor spells them.

    ``token``: the security token of a temporary key. ``data``: the server's data folder. Who can read it is the
    operator, who also has the extensions that the server refuses to callers (``--strict``).
    """

    def __init__(
        self,
        endpoint: str,
        key_id: str,
        key_secret: str,
        *,
        token: str = "",
        data: Path | None = None,
    ) -> None:
        parts = _parse_endpoint(endpoint)
        self._secure = parts.scheme == "https"
        self._host = parts.netloc
        self.endpoint = f"{parts.scheme}://{parts.netloc}"
        self._key = (key_id, key_secret)
        self._token = {"x-acs-accesskey-id": key_id, "x-acs-security-token": token} if token else {}
        self._data = data

    @property
    def key_id(self) -> str:
        """Of the key that signs."""
        return self._key[0]

    def call(self, action: str, *, version: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The decoded answer. Raises ApiError when the server refuses, ClickException without one.

        ``version``: of the API, where several products have an operation of this name.
        """
        try:
            return self._perform(action, version=version, **parameters)
        except ApiError as refused:
            if refused.code != _UNKNOWN_NAME:
                raise
            near = meant(self._perform, parameters)
            raise ApiError(action, refused.status, refused.body, meant=near) from None

    def _perform(self, action: str, *, version: str | None = None, **parameters: Any) -> dict[str, Any]:
        parameters = {"Permit": self._permit(parameters), **parameters}
        query = [(name, _encode(value)) for name, value in parameters.items() if value is not None]
        nonce = make_nonce()
        headers = sign_v3(
            "POST", self._host, action, query, *self._key,
            version=version or load_models().version_of(action), nonce=nonce,
            further=self._token | self._shown_right(nonce),
        )  # fmt: skip
        status, body = self._send("/?" + urlencode(query), headers)
        if status >= 400:
            raise ApiError(action, status, body)
        return body

    def items(
        self,
        action: str,
        member: str,
        *,
        limit: int | None = None,
        page: int | None = None,
        **parameters: Any,
    ) -> Iterator[dict[str, Any]]:
        """What a list has in a member of its answers, page by page: all of it, or up to ``limit`` items.

        ``page``: how many to ask for at once; what the server gives by itself when it is None. Raises as ``call``.
        """
        token = ""
        left = limit
        while left is None or left > 0:
            size = page if left is None or page is None else min(page, left)
            answer = self.call(action, **parameters, MaxResults=size, NextToken=token or None)
            found = answer.get(member, [])
            yield from found
            left = None if left is None else left - len(found)
            token = answer.get("NextToken", "")
            if not token:
                return

    def _shown_right(self, nonce: str) -> dict[str, str]:
        """A header by which the server knows its operator; none for who may not read its data folder."""
        permit = None if self._data is None else make_call_permit(self._data, self._key[0], nonce)
        return {} if permit is None else {OPERATOR_HEADER: permit}

    def _permit(self, parameters: Mapping[str, Any]) -> str | None:
        """What shows the server that its operator names a store; None for who may not read its data folder."""
        store = parameters.get("Store")
        if self._data is None or not isinstance(store, str):
            return None
        bucket = parameters.get("Bucket") or str(parameters.get("URI")).removeprefix("oss://").strip("/")
        return make_permit(self._data, str(bucket), store)

    def _open(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(self._host, timeout=_TIMEOUT_SECONDS, context=_trust())
        return http.client.HTTPConnection(self._host, timeout=_TIMEOUT_SECONDS)

    def _send(self, target: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        connection = self._open()
        try:
            connection.request("POST", target, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, _decode(answer.read())
        except http.client.IncompleteRead as error:
            raise click.ClickException(f"{self.endpoint} broke off in the middle of its answer") from error
        except ssl.SSLCertVerificationError as error:
            raise click.ClickException(
                f"the certificate of {self.endpoint} is not trusted ({error.verify_message}); "
                f"name it, or its authority's, with {_CA}"
            ) from error
        except ssl.SSLError as error:
            raise click.ClickException(
                f"{self.endpoint} does not speak TLS ({error.reason}); write http:// if the server has no certificate"
            ) from error
        except OSError as error:
            raise click.ClickException(
                f"no server at {self.endpoint} ({error}); start one with: bindery serve"
            ) from error
        except (ValueError, http.client.HTTPException) as error:
            raise click.ClickException(f"{self.endpoint} is not a Bindery server") from error
        finally:
            connection.close()


def _trust() -> ssl.SSLContext:
    file = os.environ.get(_CA)
    try:
        return ssl.create_default_context(cafile=file or None)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{_CA} does not name a file of certificates (PEM): {error}") from error


def _parse_endpoint(endpoint: str) -> SplitResult:
    problem = click.ClickException(f"not an endpoint: {printable(endpoint)}; write http://HOST:PORT")
    try:
        parts = urlsplit(endpoint if "//" in endpoint else f"http://{endpoint}")
        legal = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # of the port, or of brackets that do not close
        raise problem from None
    if not legal or not _HOST.fullmatch(parts.netloc):
        raise problem
    return parts


def connect(endpoint: str, data: Path) -> Client:
    """A client with the keys of the environment, else of the data folder's root key."""
    key_id = os.environ.get("BINDERY_ACCESS_KEY_ID")
    secret = os.environ.get("BINDERY_ACCESS_KEY_SECRET")
    if key_id and secret:
        return Client(
            endpoint, key_id, secret, token=os.environ.get("BINDERY_SECURITY_TOKEN", ""), data=data
        )
    key = read_root_key(data)
    if key is None:
        raise click.ClickException(
            "no access key: set BINDERY_ACCESS_KEY_ID and BINDERY_ACCESS_KEY_SECRET, or name the "
            f"server's data folder with --data ({_why_no_key(data)})"
        )
    return Client(endpoint, key.id, key.secret, data=data)


def _why_no_key(data: Path) -> str:
    path = root_key_file(data)
    try:
        path.read_bytes()
    except PermissionError:
        return f"this user may not read {path}; it is for the user that runs the server"
    except OSError:
        return f"no key in {data}"
    return f"{path} is damaged"


def _decode(body: bytes) -> dict[str, Any]:
    answer = json.loads(body)
    if not isinstance(answer, dict):
        raise ValueError("an answer is an object")
    return answer


def _encode(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
