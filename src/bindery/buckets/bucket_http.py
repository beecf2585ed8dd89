"""HTTP to one bucket of an object store: addressed, signed, tried again, and with errors that say what to do."""

from __future__ import annotations

import base64
import re
import ssl
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring

import msgspec
import structlog
import urllib3

from bindery.buckets.error_codes import told_code
from bindery.buckets.prompt_connection import make_prompt
from bindery.buckets.rate import Pace
from bindery.buckets.retrying import RETRIES
from bindery.buckets.signing import AWS_V4, Credentials, SigningScheme, encode_path, encode_query, sign
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    ObjectChanged,
    ObjectNotFound,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 10.0
_SEEN_SECONDS = 1.0
_CONNECTIONS = 32
_LONGEST_BODY = 32 * 1024 * 1024
_LONGEST_ERROR = 64 * 1024
_LONGEST_WAIT_SECONDS = 3_600.0
_FARTHEST_SKEW_SECONDS = 100 * 365 * 86_400.0
"""A clock that begins in 1970 is believed; one of another millennium signs nothing."""
_MOST_SKEW_SECONDS = 240.0
"""S3 and OSS accept signatures up to 15 minutes old or early."""
_SKEWED = "RequestTimeTooSkewed"
_EXPIRED = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "SecurityTokenExpired"})
_ARCHIVED = "InvalidObjectState"
_THROTTLING = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_REGION = re.compile(r"[A-Za-z0-9-]{1,50}")
"""What may become part of a host name."""


_log = structlog.get_logger()


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a bucket answers."""

    scheme: str
    host: str
    """Host name, with the port when it is not the scheme's own."""
    bucket: str
    path_style: bool
    """The bucket is the first part of the path; otherwise it is the first part of the host name."""
    region: str

    def authority(self) -> str:
        """Host and port that requests go to."""
        return self.host if self.path_style else f"{self.bucket}.{self.host}"

    def target(self, key: str) -> str:
        """Encoded path of a request."""
        return encode_path(f"/{self.bucket}/{key}" if self.path_style else f"/{key}")


class Answer(msgspec.Struct, frozen=True):
    """A response. ``headers`` ignores case; ``body`` is whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Request(msgspec.Struct, frozen=True):
    method: str
    key: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    longest: int
    accepted: Collection[int]
    body: bytes | None = None


class BucketHttp:
    """Requests to one bucket. Safe for threads."""

    def __init__(
        self,
        name: str,
        location: Location,
        scheme: SigningScheme,
        credentials: Callable[[], Credentials] | None,
        *,
        headers: Mapping[str, str],
        pace: Pace,
        ca_bundle: str | None = None,
        relocate: Callable[[Location, str], Location] | None = None,
    ) -> None:
        """``pace``: when each request, repeated ones included, may begin."""
        self._name = name
        self._location = location
        self._scheme = scheme
        self._credentials = credentials
        self._headers = dict(headers)
        self._relocate = relocate
        self._pace = pace
        self._manager = _pool_manager(location.scheme, location.authority(), ca_bundle)
        self._seen = float("-inf")
        self._skew = 0.0
        """Seconds by which the store's clock is ahead of this machine's, once it has refused a request for it."""

    @property
    def endpoint(self) -> str:
        """Where requests go, as ``https://host``."""
        return f"{self._location.scheme}://{self._location.host}"

    def get(
        self,
        key: str = "",
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        *,
        longest: int = _LONGEST_BODY,
        accepted: Collection[int] = (),
    ) -> Answer:
        """The answer to a GET, with up to ``longest`` bytes of its body.

        Raises StoreError for a status above 299 unless it is ``accepted``.
        """
        return self._request(_Request("GET", key, query, headers or {}, longest, accepted))

    def head(self, key: str) -> Answer:
        """The answer to a HEAD. Raises StoreError as ``get`` does, knowing only the status."""
        return self._request(_Request("HEAD", key, (), {}, 0, ()))

    def put(self, key: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to a PUT, which replaces the object. Raises StoreError as ``get`` does."""
        return self._request(_Request("PUT", key, (), headers, _LONGEST_ERROR, (), content))

    def seen_lately(self) -> bool:
        """Whether an answer of the last second shows that the bucket is there."""
        return time.monotonic() - self._seen < _SEEN_SECONDS

    def close(self) -> None:
        """Close idle connections."""
        self._manager.clear()

    def _request(self, request: _Request) -> Answer:
        began = time.monotonic()
        for attempt in range(1, RETRIES.tries + 1):
            location = self._location
            try:
                with self._pace:
                    answer = self._send(location, request)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                if _is_untrusted(error) or not RETRIES.has_time(attempt, began):
                    raise self._unreachable(error) from error
            except ValueError as error:
                raise self._unsendable(request) from error
            else:
                if answer.status < HTTPStatus.MULTIPLE_CHOICES or _error(answer)[0] == "NoSuchKey":
                    self._seen = time.monotonic()
                if answer.status < HTTPStatus.MULTIPLE_CHOICES or answer.status in request.accepted:
                    self._pace.taken()
                    return answer
                if answer.status in _THROTTLING:
                    self._pace.slow_down()
                passing = self._is_passing(location, answer)
                if not passing or not RETRIES.has_time(attempt, began):
                    raise self.failure(answer, request.key, request.method)
            time.sleep(RETRIES.pause(attempt))
        raise AssertionError("the last try returns or raises")

    def _send(self, location: Location, request: _Request) -> Answer:
        target = location.target(request.key)
        query = encode_query(request.query, bare_names=self._scheme.bare_names)
        headers = {"host": location.authority(), "accept-encoding": "identity"}
        headers |= {**self._headers, **request.headers}
        if self._credentials is not None:
            signs_target = (
                self._scheme is AWS_V4 or location.path_style
            )  # OSS always signs the bucket's name
            headers = sign(
                self._scheme,
                self._credentials(),
                location.region,
                method=request.method,
                resource=target if signs_target else encode_path(f"/{location.bucket}/{request.key}"),
                query=query,
                headers=headers,
                now=time.time() + self._skew,
            )
        parts = urlsplit(f"//{location.authority()}")
        pool = self._manager.connection_from_host(parts.hostname, parts.port, location.scheme)
        response = pool.urlopen(
            request.method,
            f"{target}?{query}" if query else target,
            body=request.body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content="range"
            not in request.headers,  # an object is its bytes, whatever its Content-Encoding says
        )
        return _read_answer(response, request.longest)

    def _is_passing(self, location: Location, answer: Answer) -> bool:
        """Whether the next try may be answered otherwise."""
        return self._moved(location, answer) or self._is_set_right(answer) or _is_passing(answer.status)

    def _is_set_right(self, answer: Answer) -> bool:
        """Whether the store refused a signature whose time is too far from its own, which is used from now on.

        The answer to a HEAD does not say why it refuses.
        """
        if answer.status != HTTPStatus.FORBIDDEN or self._credentials is None:
            return False
        ahead = _seconds_ahead(answer)
        if ahead is None or abs(ahead - self._skew) < _MOST_SKEW_SECONDS:
            return False
        self._skew = ahead
        _log.warning(
            "the clocks of this machine and of a store differ; its requests are signed by the store's",
            bucket=self._name,
            seconds=round(ahead),
        )
        return True

    def _moved(self, location: Location, answer: Answer) -> bool:
        """Whether the store named another region, to which the next try goes."""
        if self._relocate is None:
            return False
        region = answer.headers.get(f"{self._scheme.header_prefix}bucket-region") or _error(answer)[1]
        if region == location.region or not _REGION.fullmatch(region):
            return False
        self._location = self._relocate(location, region)
        return True

    def failure(self, answer: Answer, key: str = "", method: str = "GET") -> StoreError:
        """What an answer above 299 means. Of the answer itself only the status and a known code are told."""
        code, _ = _error(answer)
        said = f"{answer.status} {told_code(code)}".strip()
        if code == "NoSuchBucket":
            return BucketNotFound(f"the bucket {self._name} does not exist at its store")
        if _is_passing(answer.status):
            return StoreUnavailable(
                f"the store of bucket {self._name} answers {said}",
                _retry_after(answer),
                throttled=answer.status in _THROTTLING,
            )
        if code == _ARCHIVED:
            return AccessDenied(f"{key} is archived; restore it at its store before it can be read")
        if code == _SKEWED:
            return AccessDenied(f"the store of bucket {self._name} answers {said}: {_clocks(answer)}")
        if answer.status in (401, 403) or code in _EXPIRED:
            doing = "writing" if method == "PUT" else "reading"
            what = f"{doing} {key}" if key else f"listing bucket {self._name}"
            return AccessDenied(
                f"the store refuses {what} with {said}; check the credentials and their rights"
            )
        if answer.status == HTTPStatus.NOT_FOUND:
            if key:
                return ObjectNotFound(f"{key} does not exist")
            return BucketNotFound(f"the bucket {self._name} does not exist at its store")
        if answer.status == HTTPStatus.PRECONDITION_FAILED:
            return ObjectChanged(f"{key} has changed")
        return StoreMisconfigured(
            f"the store of bucket {self._name} answers {said}; check its endpoint and region"
        )

    def _unsendable(self, request: _Request) -> StoreError:
        """HTTP has no way to write the request."""
        if request.key:
            return StoreError(
                f"{request.key} cannot be asked for: its key or ETag does not fit into a request"
            )
        return StoreMisconfigured(
            f"no request can be made for bucket {self._name}: its region or credentials hold characters that do "
            "not fit into one"
        )

    def _unreachable(self, error: Exception) -> StoreError:
        reason = _reason(error)
        if _is_untrusted(error):
            return StoreMisconfigured(
                f"the certificate of the store of bucket {self._name} is not trusted ({reason}); "
                "name the authority with ca_bundle=FILE"
            )
        return StoreUnavailable(f"the store of bucket {self._name} does not answer: {reason}")


def parse_xml(body: bytes) -> Element | None:
    """The root element; None when the body is no XML, or declares types and entities as an attack would."""
    try:
        text = body.decode()
        return None if "<!" in text else fromstring(text)  # noqa: S314  (nothing to resolve or expand is left)
    except (ParseError, ValueError):
        return None


def _pool_manager(scheme: str, authority: str, ca_bundle: str | None) -> urllib3.PoolManager:
    """Connections, through the proxy of the environment when there is one for the host."""
    context = None
    if scheme == "https":
        try:
            context = ssl.create_default_context(cafile=ca_bundle)
        except OSError as error:
            raise StoreMisconfigured(f"cannot read the certificates in {ca_bundle}: {error}") from error
    settings: dict[str, Any] = {
        "num_pools": 4,
        "maxsize": _CONNECTIONS,
        "timeout": urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS),
        "ssl_context": context,
    }
    proxy = urllib.request.getproxies().get(scheme)
    if proxy and scheme == "https" and not urllib.request.proxy_bypass(authority):
        manager: urllib3.PoolManager = urllib3.ProxyManager(proxy, **settings)
    else:
        manager = urllib3.PoolManager(**settings)
    make_prompt(manager)
    return manager


def _read_answer(response: urllib3.BaseHTTPResponse, longest: int) -> Answer:
    if response.status >= HTTPStatus.MULTIPLE_CHOICES:
        longest = _LONGEST_ERROR
    body = response.read(longest) if longest else b""
    while len(body) < longest and (part := response.read(longest - len(body))):
        body += part
    complete = not response.read(1)
    if complete:
        response.release_conn()
    else:
        response.close()  # the rest of a long body is not fetched
    return Answer(response.status, response.headers, body)


def _error(answer: Answer) -> tuple[str, str]:
    """Code and region of an error; empty where it has none.

    They stand in its XML. The answer to a HEAD has no body: OSS sends the XML in a header, MinIO the code.
    """
    body = answer.body or _decoded(answer.headers.get("x-oss-err", ""))
    root = parse_xml(body) if body else None
    if root is None:
        return answer.headers.get("x-minio-error-code", "")[:100], ""
    found = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in root}
    return found.get("Code", "")[:100], found.get("Region", "")[:50]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text[:_LONGEST_ERROR])
    except ValueError:
        return b""


def _is_passing(status: int) -> bool:
    """Whether the store may answer otherwise when it is asked again."""
    return status in (408, 429) or (status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED)


def _is_untrusted(error: Exception) -> bool:
    """Whether the server's certificate was refused, which no further try changes."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in (error, *error.args))


def _retry_after(answer: Answer) -> float | None:
    """Seconds, or the time until a date; never more than an hour."""
    text = answer.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _LONGEST_WAIT_SECONDS)
    moment = http_date(text)
    return (
        None if moment is None else min(max(0.0, moment.timestamp() - time.time()), _LONGEST_WAIT_SECONDS)
    )


def _seconds_ahead(answer: Answer) -> float | None:
    """By how much the store's clock is ahead; None when it tells no time that can be."""
    moment = http_date(answer.headers.get("date", ""))
    ahead = None if moment is None else moment.timestamp() - time.time()
    return None if ahead is None or abs(ahead) > _FARTHEST_SKEW_SECONDS else ahead


def _clocks(answer: Answer) -> str:
    here = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    there = http_date(answer.headers.get("date", ""))
    told = (
        "the store does not tell its time"
        if there is None
        else f"the store's says {there:%Y-%m-%dT%H:%M:%SZ}"
    )
    return f"the clock of this machine says {here}, {told}; set the wrong one"


def http_date(text: str) -> datetime | None:
    """The moment an HTTP date names, in UTC; None when it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:  # the parser fails in many ways on what is no date
        return None


def _reason(error: Exception) -> str:
    """The cause alone; the texts of urllib3 begin with the representation of a connection."""
    text = str(error.args[-1]) if error.args else type(error).__name__
    return text.rpartition("): ")[2][:200]
