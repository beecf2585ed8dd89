"""Signatures equal those of the vendors' own libraries."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from alibabacloud_oss_v2.credentials import StaticCredentialsProvider
from alibabacloud_oss_v2.signer import SignerV4
from alibabacloud_oss_v2.types import HttpRequest, SigningContext
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials

from bindery.buckets.signing import AWS_V4, OSS_V4, Credentials, encode_path, encode_query, sign

QUERIES = [
    (),
    (
        ("list-type", "2"),
        ("prefix", "a b/\u00fc+&=%"),
        ("max-keys", "1000"),
        ("continuation-token", "x/y=="),
    ),
    (("tagging", ""),),
    (("versions", ""), ("prefix", "")),
]
KEYS = ["", "plain", "a b/\u00fc+%41?#&=~*'()!", "a//b/../c/.", "\U0001f600", "/leading"]
MOMENT = 1_700_000_000


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("token", ["", "a-session-token"])
def test_aws(
    key: str, query: tuple[tuple[str, str], ...], token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, encoded = encode_path(f"/bucket/{key}"), encode_query(query, bare_names=False)
    request = AWSRequest("GET", f"https://s3.test:9000{path}" + (f"?{encoded}" if encoded else ""))
    request.headers = HTTPHeaders()
    request.context["client_config"] = Config(s3={"payload_signing_enabled": False})
    moment = datetime.fromtimestamp(MOMENT, UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: moment.replace(tzinfo=None))
    S3SigV4Auth(BotocoreCredentials("key", "secret", token or None), "s3", "eu-west-1").add_auth(request)
    ours = sign(
        AWS_V4,
        Credentials("key", "secret", token),
        "eu-west-1",
        method="GET",
        resource=path,
        query=encoded,
        headers={"Host": "s3.test:9000"},
        now=MOMENT,
    )
    assert ours["authorization"] == request.headers["Authorization"].replace(", ", ",")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("token", ["", "a-session-token"])
def test_oss(key: str, query: tuple[tuple[str, str], ...], token: str) -> None:
    encoded = encode_query(query, bare_names=True)
    request = HttpRequest(
        "GET", f"https://bucket.oss.test{encode_path(f'/{key}')}" + (f"?{encoded}" if encoded else "")
    )
    request.headers.update({"host": "bucket.oss.test", "x-oss-range-behavior": "standard"})
    context = SigningContext(
        product="oss", region="cn-hangzhou", bucket="bucket", key=key or None, request=request,
        signing_time=datetime.fromtimestamp(MOMENT, UTC),
    )  # fmt: skip
    context.credentials = StaticCredentialsProvider("key", "secret", token or None).get_credentials()
    context.additional_headers = {"host"}
    SignerV4().sign(context)
    ours = sign(
        OSS_V4,
        Credentials("key", "secret", token),
        "cn-hangzhou",
        method="GET",
        resource=encode_path(f"/bucket/{key}"),
        query=encoded,
        headers={"host": "bucket.oss.test", "x-oss-range-behavior": "standard"},
        now=MOMENT,
    )
    assert ours["authorization"] == request.headers["Authorization"]


def test_the_moment_is_now_unless_given() -> None:
    signed = sign(
        AWS_V4, Credentials("k", "s"), "r", method="GET", resource="/", query="", headers={"host": "h"}
    )
    moment = datetime.strptime(signed["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(moment.timestamp() - time.time()) < 60


def test_secrets_have_no_representation() -> None:
    assert "hush" not in repr(Credentials("key", "hush", "hush"))
