"""A fake of Alibaba Cloud OSS: no server of it runs outside the vendor's cloud.

It answers what a bucket of pictures needs: PutObject, DeleteObject, HeadObject, GetObject with ranges and
conditions, GetObjectTagging, GetObjectACL, ListObjectsV2, PutSymlink. Behaviour follows the vendor's help
pages. Version 4 signatures are checked with the vendor's own SDK; any other is refused.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from alibabacloud_oss_v2.credentials import StaticCredentialsProvider
from alibabacloud_oss_v2.signer import SignerV4
from alibabacloud_oss_v2.types import HttpRequest, SigningContext

_KEPT = (
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
)


@dataclass
class StoredObject:
    """One object as it was put."""

    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    acl: str = "default"
    target: str | None = None
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def etag(self) -> str:
        return hashlib.md5(self.content).hexdigest().upper()


class FakeOss:
    """A running fake. ``buckets`` is what it holds; ``requests`` what was asked of it."""

    region = "cn-hangzhou"
    key_id, key_secret = "LTAIfake", "fake-oss-secret"

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, StoredObject]] = {}
        self.requests: list[str] = []
        self.refusal: Callable[[str, str], tuple[int, str] | None] = lambda _method, _target: None
        """Called with method and target; a status and code to answer with instead."""
        handler = type("Handler", (_Handler,), {"oss": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> FakeOss:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class _Handler(BaseHTTPRequestHandler):
    oss: ClassVar[FakeOss]
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        self.oss.requests.append(f"{self.command} {self.path}")

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        try:
            refused = self.oss.refusal(self.command, self.path)
            if refused is not None:
                raise _Refused(*refused)
            self._check_signature()
            status, headers, content = self._handle(body)
        except _Refused as refusal:
            status, headers = refusal.status, {"content-type": "application/xml"}
            content = _error_xml(refusal)
            if self.command == "HEAD":  # as the vendor's SDK expects it
                headers["x-oss-err"] = base64.b64encode(content).decode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value.encode().decode("latin-1"))
        if "content-length" not in headers:
            self.send_header("content-length", str(len(content)))
        self.send_header("x-oss-request-id", "5C3D9175B6FC201293AD0000")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _check_signature(self) -> None:
        given = self.headers.get("authorization", "")
        found = re.search(r"Credential=([^/,]+)/\d{8}/([^/]+)/oss/.*Signature=([0-9a-f]{64})", given)
        if found is None:
            raise _Refused(403, "AccessDenied", "Anonymous access is forbidden for this operation.")
        if found[1] != self.oss.key_id:
            raise _Refused(403, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist.")
        if self._expected_signature(given, found[2]) != found[3]:
            raise _Refused(
                403, "SignatureDoesNotMatch", "The request signature we calculated does not match."
            )

    def _expected_signature(self, given: str, region: str) -> str:
        bucket, key = self._bucket_and_key()
        request = HttpRequest("", "")
        request.method = self.command
        request.url = f"{self.oss.endpoint}{self.path}"
        request.headers.update({name.lower(): value for name, value in self.headers.items()})
        additional = re.search(r"AdditionalHeaders=([^,]*)", given)
        moment = datetime.strptime(self.headers["x-oss-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        context = SigningContext(
            product="oss",
            region=region,
            bucket=bucket,
            key=key or None,
            request=request,
            signing_time=moment,
        )
        context.credentials = StaticCredentialsProvider(
            self.oss.key_id, self.oss.key_secret
        ).get_credentials()
        context.additional_headers = set(additional[1].split(";")) if additional else set()
        SignerV4().sign(context)
        return str(request.headers["Authorization"]).rpartition("Signature=")[2]

    def _bucket_and_key(self) -> tuple[str, str]:
        bucket, _, key = urlsplit(self.path).path[1:].partition("/")
        return unquote(bucket), unquote(key)

    def _handle(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        bucket, key = self._bucket_and_key()
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if bucket not in self.oss.buckets:
            raise _Refused(404, "NoSuchBucket", "The specified bucket does not exist.")
        objects = self.oss.buckets[bucket]
        if not key:
            return 200, {"content-type": "application/xml"}, _list(bucket, objects, query)
        if self.command == "PUT":
            return self._put(objects, key, query, body)
        if self.command == "DELETE":
            objects.pop(key, None)
            return 204, {}, b""
        stored, found = objects.get(key), _resolve(objects, key)
        if stored is None:
            raise _Refused(404, "NoSuchKey", "The specified key does not exist.")
        if found is None:
            raise _Refused(404, "SymlinkTargetNotExist", "The symlink target object does not exist.")
        if "tagging" in query:
            return 200, {"content-type": "application/xml"}, _tagging(found)
        if "acl" in query:
            return 200, {"content-type": "application/xml"}, _acl(stored)
        return self._get(found, link=stored is not found)

    def _put(
        self, objects: dict[str, StoredObject], key: str, query: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        headers = {
            name.lower(): value.encode("latin-1").decode("utf-8", "replace")
            for name, value in self.headers.items()
            if name.lower() in _KEPT
            or name.lower().startswith(("x-oss-meta-", "x-oss-server", "x-oss-storage"))
        }
        stored = StoredObject(body, headers)
        stored.tags = dict(parse_qsl(self.headers.get("x-oss-tagging", "")))
        stored.acl = self.headers.get("x-oss-object-acl", "default")
        if "symlink" in query:
            stored.target = unquote(self.headers["x-oss-symlink-target"])
        objects[key] = stored
        return 200, {"etag": f'"{stored.etag}"'}, b""

    def _get(self, stored: StoredObject, *, link: bool) -> tuple[int, dict[str, str], bytes]:
        condition = self.headers.get("if-match")
        if condition is not None and condition.strip('"') != stored.etag:
            raise _Refused(412, "PreconditionFailed")
        headers = {"content-type": "application/octet-stream", **stored.headers}
        headers |= {
            "etag": f'"{stored.etag}"',
            "last-modified": format_datetime(stored.modified, usegmt=True),
            "content-md5": base64.b64encode(hashlib.md5(stored.content).digest()).decode(),
            "x-oss-object-type": "Symlink" if link else "Normal",
            "x-oss-hash-crc64ecma": str(crc64(stored.content)),
            "x-oss-storage-class": stored.headers.get("x-oss-storage-class", "Standard"),
            "content-length": str(len(stored.content)),
        }
        if stored.tags:
            headers["x-oss-tagging-count"] = str(len(stored.tags))
        return self._range(stored.content, headers)

    def _range(self, content: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        if asked is None:
            return 200, headers, content
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        standard = self.headers.get("x-oss-range-behavior") == "standard"
        if first >= len(content) or (not standard and int(asked[2]) >= len(content)):
            if standard:
                raise _Refused(416, "InvalidRange", "The requested range cannot be satisfied")
            return 200, headers, content
        part = content[first : last + 1]
        span = f"bytes {first}-{last}/{len(content)}"
        return 206, {**headers, "content-length": str(len(part)), "content-range": span}, part


@lru_cache
def crc64(content: bytes) -> int:
    """CRC-64/XZ, bit by bit."""
    value = 0xFFFFFFFFFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xC96C5795D7870F42 if value & 1 else 0)
    return value ^ 0xFFFFFFFFFFFFFFFF


def _resolve(objects: dict[str, StoredObject], key: str) -> StoredObject | None:
    stored = objects.get(key)
    return objects.get(stored.target) if stored is not None and stored.target is not None else stored


def _list(bucket: str, objects: dict[str, StoredObject], query: dict[str, str]) -> bytes:
    if query.get("list-type") != "2":
        raise _Refused(400, "InvalidArgument", "the fake lists with version 2 only")
    after = query.get("continuation-token") or query.get("start-after") or ""
    prefix, most = query.get("prefix", ""), int(query.get("max-keys", "100"))
    found = sorted(key for key in list(objects) if key.startswith(prefix) and key > after)
    page, cut = found[:most], len(found) > most
    encode = quote if query.get("encoding-type") == "url" else escape
    entries = "".join(_entry(encode(key), objects[key]) for key in page)
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if cut else ""
    encoding = "<EncodingType>url</EncodingType>" if "encoding-type" in query else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>{bucket}</Name>{encoding}'
        f"<IsTruncated>{str(cut).lower()}</IsTruncated>{token}<KeyCount>{len(page)}</KeyCount>{entries}"
        "</ListBucketResult>"
    ).encode()


def _entry(key: str, stored: StoredObject) -> str:
    kind = "Symlink" if stored.target is not None else "Normal"
    storage_class = stored.headers.get("x-oss-storage-class", "Standard")
    return (
        f"<Contents><Key>{key}</Key><LastModified>{stored.modified:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        f'<ETag>"{stored.etag}"</ETag><Type>{kind}</Type><Size>{len(stored.content)}</Size>'
        f"<StorageClass>{storage_class}</StorageClass></Contents>"
    )


def _tagging(stored: StoredObject) -> bytes:
    tags = "".join(
        f"<Tag><Key>{escape(key)}</Key><Value>{escape(value)}</Value></Tag>"
        for key, value in stored.tags.items()
    )
    return f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode()


def _acl(stored: StoredObject) -> bytes:
    return (
        "<AccessControlPolicy><Owner><ID>1</ID><DisplayName>1</DisplayName></Owner><AccessControlList>"
        f"<Grant>{stored.acl}</Grant></AccessControlList></AccessControlPolicy>"
    ).encode()


def _error_xml(refusal: _Refused) -> bytes:
    return (
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>".encode()
    )
