"""Requests to object stores: what no real server does on demand."""

from __future__ import annotations

import calendar
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path

import pytest
from tests.servers.scripted import Asked, Reply, Scripted

from bindery.buckets import bucket_http
from bindery.buckets.bucket_http import BucketHttp, Location
from bindery.buckets.rate import Pace
from bindery.buckets.retrying import RetryPolicy
from bindery.buckets.s3 import _location, _relocate, open_s3
from bindery.buckets.signing import AWS_V4, Credentials
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    ObjectChanged,
    ObjectNotFound,
    Rate,
    Store,
    StoreAddress,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)

SECRET = "a-secret-never-shown"
Serve = Callable[[Callable[[Asked], Reply]], Scripted]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Scripted] = []

    def start(reply: Callable[[Asked], Reply]) -> Scripted:
        running.append(Scripted(reply).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__(None, None, None)


def store_at(endpoint: str, **options: str) -> Store:
    given = {"endpoint": endpoint, "access_key_id": "key", "secret_access_key": SECRET, **options}
    return open_s3(StoreAddress(bucket="media", url="s3://media", options=given))


def error(code: str, message: str = "", extra: str = "") -> bytes:
    return f"<Error><Code>{code}</Code><Message>{message}</Message>{extra}</Error>".encode()


def listing(*keys: str, rest: str = "<IsTruncated>false</IsTruncated>", space: str = "") -> bytes:
    entries = "".join(
        f'<Contents><Key>{key}</Key><LastModified>2024-05-06T07:08:09.123Z</LastModified><ETag>"e"</ETag>'
        "<Size>3</Size></Contents>"
        for key in keys
    )
    return f"<ListBucketResult{space}>{entries}{rest}<EncodingType>url</EncodingType></ListBucketResult>".encode()


def keys_of(store: Store) -> list[str]:
    return [info.key for page in store.list() for info in page]


@pytest.mark.parametrize(
    "space", ["", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', ' xmlns="urn:other"']
)
def test_listings_with_and_without_a_name_space(serve: Serve, space: str) -> None:
    server = serve(lambda _: Reply(body=listing("a%2Fb+c", "d", space=space)))
    (page,) = store_at(server.endpoint).list()
    assert [info.key for info in page] == ["a/b c", "d"]
    assert (page[0].size, page[0].etag, page[0].modified_ns) == (3, "e", 1_714_979_289 * 10**9)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>a proxy's page</html>",
        listing("a")[:-30],
        listing("b", "a"),
        listing("a", rest="<IsTruncated>true</IsTruncated>"),
        b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        listing("a").replace(b"<Size>3</Size>", b"<Size>many</Size>"),
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><ListBucketResult>&b;</ListBucketResult>',
        b'<?xml version="1.0" encoding="cp037"?>' + "<!DOCTYPE x []><ListBucketResult/>".encode("cp037"),
        '<?xml version="1.0"?><!DOCTYPE x []><ListBucketResult/>'.encode("utf-16"),
        error("SlowDown"),
    ],
    ids=[
        "empty",
        "html",
        "cut",
        "disorder",
        "no token",
        "no size",
        "odd size",
        "bomb",
        "EBCDIC",
        "UTF-16",
        "error",
    ],
)
def test_a_listing_that_is_none_proves_nothing(serve: Serve, body: bytes) -> None:
    server = serve(lambda _: Reply(body=body))
    with pytest.raises(StoreUnavailable) as raised:
        keys_of(store_at(server.endpoint))
    assert raised.value.retryable


def test_pages_that_go_in_circles_end(serve: Serve) -> None:
    rest = "<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken>"
    server = serve(lambda _: Reply(body=listing("a", rest=rest)))
    with pytest.raises(StoreUnavailable, match="circles"):
        keys_of(store_at(server.endpoint))
    assert len(server.asked) == 2


def test_a_second_page_that_fails_ends_the_listing(serve: Serve) -> None:
    rest = "<IsTruncated>true</IsTruncated><NextContinuationToken>t/+=</NextContinuationToken>"

    def reply(asked: Asked) -> Reply:
        if "continuation-token=t%2F%2B%3D" in asked.target:
            return Reply(503, error("SlowDown"), {"retry-after": "7"})
        return Reply(body=listing("a", rest=rest))

    pages = store_at(serve(reply).endpoint).list()
    assert [info.key for info in next(pages)] == ["a"]
    with pytest.raises(StoreUnavailable, match="SlowDown") as raised:
        next(pages)
    assert raised.value.retry_after == 7


def test_a_body_that_breaks_off_is_fetched_again(serve: Serve) -> None:
    replies = [Reply(206, b"half", length=8), Reply(206, b"complete")]
    server = serve(lambda _: replies.pop(0))
    assert store_at(server.endpoint).read("a", 0, 8) == b"complete"
    always = serve(lambda _: Reply(206, b"half", length=8))
    with pytest.raises(StoreUnavailable):
        store_at(always.endpoint).read("a", 0, 8)


def test_a_server_without_ranges(serve: Serve) -> None:
    store = store_at(serve(lambda _: Reply(200, b"0123456789")).endpoint)
    assert store.read("a", 0, 4) == b"0123"
    with pytest.raises(StoreMisconfigured, match="range"):
        store.read("a", 2, 4)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, error("AccessDenied", "no"), AccessDenied),
        (401, b"", AccessDenied),
        (400, error("ExpiredToken", "expired"), AccessDenied),
        (403, error("InvalidObjectState", "archived"), AccessDenied),
        (404, error("NoSuchKey"), ObjectNotFound),
        (412, error("PreconditionFailed"), ObjectChanged),
        (400, error("InvalidRequest", "what?"), StoreMisconfigured),
        (301, error("PermanentRedirect"), StoreMisconfigured),
        (302, b"", StoreMisconfigured),
        (501, b"", StoreMisconfigured),
        (599, b"", StoreUnavailable),
        (503, b"<html>", StoreUnavailable),
    ],
)
def test_statuses_become_errors(serve: Serve, status: int, body: bytes, expected: type[Exception]) -> None:
    store = store_at(serve(lambda _: Reply(status, body)).endpoint)
    with pytest.raises(expected) as raised:
        store.read("a", 0, 1, etag="e")
    assert SECRET not in str(raised.value)


def test_absent_objects_do_not_cost_two_requests_each(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers a HEAD without a code; whether the bucket is there is asked once in a while."""
    monkeypatch.setattr(bucket_http, "_SEEN_SECONDS", 3_600.0)
    server = serve(lambda asked: Reply(404) if asked.method == "HEAD" else Reply(body=listing()))
    store = store_at(server.endpoint)
    for _ in range(5):
        with pytest.raises(ObjectNotFound):
            store.details("absent")
    assert [asked.method for asked in server.asked] == ["HEAD", "GET", "HEAD", "HEAD", "HEAD", "HEAD"]
    monkeypatch.setattr(bucket_http, "_SEEN_SECONDS", 0.0)
    server.reply = lambda asked: Reply(404, b"" if asked.method == "HEAD" else error("NoSuchBucket"))
    with pytest.raises(BucketNotFound):
        store.details("absent")


def test_minio_tells_the_code_of_a_head(serve: Serve) -> None:
    server = serve(lambda _: Reply(404, headers={"x-minio-error-code": "NoSuchKey"}))
    store = store_at(server.endpoint)
    with pytest.raises(ObjectNotFound):
        store.details("absent")
    server.reply = lambda _: Reply(404, headers={"x-minio-error-code": "NoSuchBucket"})
    with pytest.raises(BucketNotFound):
        store.details("absent")
    assert [asked.method for asked in server.asked] == ["HEAD", "HEAD"]


def test_a_header_that_is_no_error_is_none(serve: Serve) -> None:
    server = serve(lambda asked: Reply(404, headers={"x-oss-err": "=no base64="}))
    with pytest.raises(BucketNotFound):
        store_at(server.endpoint).details("absent")


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    other = serve(lambda _: Reply(body=listing()))
    server = serve(lambda _: Reply(307, b"", {"location": other.endpoint}))
    with pytest.raises(StoreMisconfigured):
        store_at(server.endpoint).check()
    assert other.asked == []


def test_the_region_that_the_store_names_is_used_from_then_on(serve: Serve) -> None:
    def reply(asked: Asked) -> Reply:
        if "/eu-central-1/s3/" in asked.headers["authorization"]:
            return Reply(body=listing("a"))
        return Reply(400, error("AuthorizationHeaderMalformed", extra="<Region>eu-central-1</Region>"))

    server = serve(reply)
    store = store_at(server.endpoint, region="us-east-1")
    assert keys_of(store) == ["a"]
    assert keys_of(store) == ["a"]
    assert len(server.asked) == 3


@pytest.mark.parametrize("region", ["evil.example/", "a@b", "a" * 51, " "])
def test_a_region_that_is_none_is_not_gone_to(serve: Serve, region: str) -> None:
    server = serve(lambda _: Reply(301, b"", {"x-amz-bucket-region": region}))
    with pytest.raises(StoreMisconfigured):
        store_at(server.endpoint).check()
    assert len(server.asked) == 1


def test_a_store_that_names_ever_other_regions(serve: Serve) -> None:
    number = iter(range(1_000))
    server = serve(lambda _: Reply(301, b"", {"x-amz-bucket-region": f"region-{next(number)}"}))
    with pytest.raises(StoreMisconfigured):
        store_at(server.endpoint).check()
    assert len(server.asked) < 10


@pytest.mark.parametrize(
    ("bucket", "options", "authority", "target", "region"),
    [
        ("media", {}, "media.s3.us-east-1.amazonaws.com", "/a%20b", "us-east-1"),
        ("media", {"region": "cn-north-1"}, "media.s3.cn-north-1.amazonaws.com.cn", "/a%20b", "cn-north-1"),
        ("my.media", {"region": "r"}, "s3.r.amazonaws.com", "/my.media/a%20b", "r"),
        ("Media", {"region": "r"}, "s3.r.amazonaws.com", "/Media/a%20b", "r"),
        ("media", {"region": "r", "addressing": "path"}, "s3.r.amazonaws.com", "/media/a%20b", "r"),
        ("media", {"endpoint": "127.0.0.1:9000"}, "127.0.0.1:9000", "/media/a%20b", "us-east-1"),
        ("media", {"endpoint": "https://[::1]:9000/"}, "[::1]:9000", "/media/a%20b", "us-east-1"),
        (
            "media",
            {"endpoint": "minio.local", "addressing": "virtual"},
            "media.minio.local",
            "/a%20b",
            "us-east-1",
        ),
    ],
)
def test_where_requests_go(
    bucket: str,
    options: dict[str, str],
    authority: str,
    target: str,
    region: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    location = _location(bucket, options)
    assert (location.authority(), location.target("a b"), location.region) == (authority, target, region)


def test_a_bucket_of_another_region_of_aws() -> None:
    moved = _relocate(_location("media", {"region": "us-east-1"}), "eu-west-3")
    assert (moved.authority(), moved.region) == ("media.s3.eu-west-3.amazonaws.com", "eu-west-3")


@pytest.mark.parametrize(
    ("endpoint", "scheme"),
    [
        ("localhost:9000", "http"),
        ("192.168.1.5", "http"),
        ("minio.example.org", "https"),
        ("http://x.org", "http"),
    ],
)
def test_an_endpoint_without_scheme(endpoint: str, scheme: str) -> None:
    assert _location("media", {"endpoint": endpoint}).scheme == scheme


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


class TriedOnce(RetryPolicy):
    def pause(self, attempt: int) -> float:
        raise AssertionError("a certificate does not change by trying again")


def test_https_with_a_certificate_authority_of_ones_own(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Scripted(lambda _: Reply(body=listing("a")), tls) as server:
        with monkeypatch.context() as once, pytest.raises(StoreMisconfigured, match="ca_bundle"):
            once.setattr(bucket_http, "RETRIES", TriedOnce())
            store_at(server.endpoint).check()
        assert keys_of(store_at(server.endpoint, ca_bundle=str(certificate / "cert.pem"))) == ["a"]
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate / "cert.pem"))
        assert keys_of(store_at(server.endpoint)) == ["a"]


def test_a_server_that_accepts_and_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_http, "_ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        store = store_at(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(StoreUnavailable, match="timed out"):
            store.check()


def test_tries_end_when_patience_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_http, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(bucket_http, "RETRIES", RetryPolicy(patience=0.1))
    connections = 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(StoreUnavailable):
            store_at(f"http://127.0.0.1:{server.getsockname()[1]}").check()
        server.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                server.accept()[0].close()
                connections += 1
    assert connections == 1


def test_a_longest_wait_of_about_ten_seconds_is_what_the_limits_give() -> None:
    from bindery.buckets import bucket_http as limits
    from bindery.buckets.retrying import RETRIES

    refused_or_lost = RETRIES.patience + limits._CONNECT_SECONDS
    assert refused_or_lost < 10
    assert RETRIES.patience < limits._ANSWER_SECONDS, "a silent server is not asked twice"
    pauses = [RETRIES.pause(attempt) for attempt in (1, 2, 3)]
    assert all(0 < pause <= longest for pause, longest in zip(pauses, (0.2, 0.4, 0.8), strict=True))


def test_header_injection_is_refused(serve: Serve) -> None:
    server = serve(lambda _: Reply(206, b"x"))
    http = BucketHttp(
        "media",
        Location(
            scheme="http", host=f"127.0.0.1:{server.port}", bucket="media", path_style=True, region="r"
        ),
        AWS_V4,
        lambda: Credentials("k", "s"),
        headers={},
        pace=Pace(Rate(), 1.0),
    )
    http.get("a\r\nx-injected: yes")
    assert server.asked[0].target == "/media/a%0D%0Ax-injected%3A%20yes"
    assert "x-injected" not in server.asked[0].headers


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", None])
@pytest.mark.parametrize("status", [404, 301, 400, 503])
def test_requests_never_leave_an_endpoint_that_was_named(
    serve: Serve, variable: str | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that names another region, as MinIO does on every answer, moves no request to AWS."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    moved = {"x-amz-bucket-region": "eu-central-1", "location": "http://127.0.0.1:9/elsewhere"}
    server = serve(lambda _: Reply(status, error("PermanentRedirect"), moved))
    options = {} if variable else {"endpoint": server.endpoint}
    if variable:
        monkeypatch.setenv(variable, server.endpoint)
    store = open_s3(StoreAddress(bucket="media", url="s3://media", options=options, trusted=True))
    for _ in range(2):
        with pytest.raises(StoreError):
            store.details("absent")
    location = store._http._location
    assert f"{location.scheme}://{location.host}" == server.endpoint
    hosts = {asked.headers["host"] for asked in server.asked}
    assert hosts == {f"127.0.0.1:{server.port}"}
    assert len(server.asked) > 2, "later requests come here too"


@pytest.mark.parametrize("status", [200, 301, 400, 403, 404, 418, 429, 500])
def test_what_a_foreign_host_says_is_not_repeated(serve: Serve, status: int) -> None:
    told = "<Error><Code>PRIVATE-words</Code><Message>PRIVATE message</Message><Region>x</Region></Error>"
    headers = {
        "x-minio-error-code": "PRIVATE-header",
        "x-amz-bucket-region": "PRIVATE region",
        "server": "PRIVATE",
    }
    server = serve(lambda _: Reply(status, told.encode(), headers))
    store = store_at(server.endpoint)
    for ask in (
        store.check,
        lambda: keys_of(store),
        lambda: store.details("a"),
        lambda: store.read("a", 0, 9),
    ):
        try:
            ask()
        except StoreError as raised:
            assert "PRIVATE" not in str(raised)


def test_a_store_that_answers_no_listing_is_no_store(serve: Serve) -> None:
    for body in (b"<html><body>hello</body></html>", b"", b"{}", b"<ListBuckets/>", b"\x00" * 100):
        server = serve(lambda _, body=body: Reply(body=body))  # type: ignore[misc]
        with pytest.raises(StoreError):
            store_at(server.endpoint).check()


@pytest.mark.parametrize("ahead", [-86_400.0, 3_600.0, 400 * 86_400.0])
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_clock_that_differs_from_the_store_s_is_set_right(
    serve: Serve, ahead: float, method: str
) -> None:
    def reply(asked: Asked) -> Reply:
        there = time.time() + ahead
        signed = calendar.timegm(time.strptime(asked.headers["x-amz-date"], "%Y%m%dT%H%M%SZ"))
        if abs(signed - there) > 900:
            return Reply(
                403, error("RequestTimeTooSkewed", "PRIVATE"), {"date": formatdate(there, usegmt=True)}
            )
        return Reply(body=listing("a"), headers={"etag": '"e"'})

    server = serve(reply)
    store = store_at(server.endpoint)
    for _ in range(2):
        if method == "HEAD":
            store.details("a")
        else:
            assert keys_of(store) == ["a"]
    assert len(server.asked) == 3, "the first is repeated, the next is right at once"


def test_a_clock_that_cannot_be_set_right_is_told_with_both_times(serve: Serve) -> None:
    answered = Reply(403, error("RequestTimeTooSkewed"), {"date": "Wed, 06 May 2015 07:08:09 GMT"})
    with pytest.raises(AccessDenied, match=r"2015-05-06T07:08:09Z") as raised:
        store_at(serve(lambda _: answered).endpoint).check()
    assert time.strftime("%Y-", time.gmtime()) in str(raised.value)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("7", 7, 7), ("9" * 400, 3_600, 3_600), ("-1", None, None), ("soon", None, None), ("date", 20, 40)],
)
def test_the_time_to_wait_is_bounded(
    serve: Serve, text: str, least: float | None, most: float | None
) -> None:
    def refuse(_: Asked) -> Reply:
        told = formatdate(time.time() + 30, usegmt=True) if text == "date" else text
        return Reply(503, b"", {"retry-after": told})

    server = serve(refuse)
    with pytest.raises(StoreUnavailable) as raised:
        store_at(server.endpoint).check()
    wait = raised.value.retry_after
    assert wait is None if least is None or most is None else least <= (wait or 0) <= most
