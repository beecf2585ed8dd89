"""Addresses of stores that make no sense, or mean harm: each is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.buckets.registry import identify, open_store, parse_store
from bindery.buckets.store import StoreError, StoreMisconfigured

BAD = [
    "",
    "relative/folder",
    "~nosuchuser/x",
    "~/photos",
    "/nul\x00byte",
    "/" + "x" * 5_000,
    "/" + "/".join(["y" * 250] * 30),
    "/half/\ud800",
    "s3://",
    "s3://[",
    "s3://[x?secret_access_key=HUSH",
    "s3://a/b#c",
    "s3://a?region=a/b%0d%0aX:%20y",
    "s3://a?region=a/b",
    "s3://a?region=" + "r" * 60,
    "s3://a?access_key_id=a%0d%0ab&secret_access_key=HUSH",
    "s3://a?access_key_id=%C3%BC&secret_access_key=HUSH",
    "s3://a?secret_access_key=HUSH",
    "s3://a?access_key_id=&secret_access_key=HUSH",
    "s3://a?endpoint=",
    "s3://a?endpoint",
    "s3://a?endpoint=x&endpoint=y",
    "s3://a?endpoint=http://user:HUSH@host",
    "s3://a?endpoint=http://host/path",
    "s3://a?endpoint=http://host:99999",
    "s3://a?endpoint=http://host:x",
    "s3://a?endpoint=http://%5bx",
    "s3://a?endpoint=ftp://host",
    "s3://a?endpoint=http://ho%20st",
    "s3://a?endpoint=http://host?x=y",
    "s3://a?endpoint=file:///etc/passwd",
    "s3://a?addressing=sideways&access_key_id=a&secret_access_key=HUSH",
    "s3://a?order=random&access_key_id=a&secret_access_key=HUSH",
    "s3://a b",
    "s3://a%00b",
    "s3://me:HUSH@bucket",
    "s3://x\r\ny",
    "oss://a?access_key_secret=HUSH",
    "oss://a?endpoint=http://a@b",
    "gcs://a?endpoint=nonsense",
    "gcs://a?endpoint=http://u:HUSH@h",
    "azblob://a?account_name=../x",
    "azblob://a?account_name=evil.example.org%23",
    "azblob://a?account_name=a&endpoint=http://u:HUSH@h&account_key=YQ==",
    "azblob://a",
    "ftp://host",
    "http://169.254.169.254/",
    "memory://a",
    "file://host/path",
    "file://",
    "file:///srv?follow=sometimes",
    "javascript:alert(1)",
    "s3://" + "a" * 40_000,
    "s3://a?" + "&".join(f"x{number}=1" for number in range(100)),
]


@pytest.mark.parametrize("store", BAD, ids=lambda store: ascii(store)[:40])
def test_what_makes_no_sense_is_refused(store: str) -> None:
    with pytest.raises(StoreMisconfigured) as raised:
        open_store(parse_store("media", store, trusted=False))
    assert "HUSH" not in str(raised.value)
    assert len(str(raised.value)) < 500


@given(
    st.text()
    | st.from_regex(r"(s3|oss|gcs|azblob|file|memory)://\S*\?(\w+=\S*&?){0,4}")
    | st.sampled_from(BAD)
)
def test_nothing_else_is_ever_raised(store: str) -> None:
    try:
        open_store(parse_store("media", store, trusted=False)).close()
    except StoreMisconfigured:
        return


def test_a_folder_that_leads_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(StoreError) as raised:
        identify(parse_store("media", str(tmp_path / "a"), trusted=False))
    assert not raised.value.retryable


def test_a_path_that_is_too_long_for_the_system(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as raised:
        identify(parse_store("media", str(tmp_path / ("n" * 300)), trusted=False))
    assert not raised.value.retryable


@pytest.mark.parametrize(
    ("store", "advice"),
    [
        ("s3://x?endpint=http://127.0.0.1:1", "did you mean endpoint"),
        ("s3://x?acces_key_id=a", "did you mean access_key_id"),
        ("s3://x?access_key_secret=a", "did you mean"),
        ("oss://x?secret_access_key=a", "did you mean"),
        ("oss://x?endpiont=a", "did you mean endpoint"),
        ("gcs://x?credentials=a", "did you mean credential"),
        ("gcs://x?allow_anonymous=true", "did you mean anonymous"),
        ("azblob://x?acount_name=a", "did you mean account_name"),
        ("azblob://x?encryption_key=a", "there are|did you mean"),
        ("azblob://x?batch_max_operations=1", "there are"),
        ("file:///srv?folow=poll", "did you mean follow"),
        ("s3://x?Endpoint=a", "did you mean endpoint"),
    ],
)
@pytest.mark.parametrize("trusted", [True, False])
def test_an_unknown_option_is_refused_with_the_nearest(store: str, advice: str, trusted: bool) -> None:
    with pytest.raises(StoreMisconfigured, match=advice):
        parse_store("media", store, trusted=trusted)


@pytest.mark.parametrize(
    "store",
    [
        "s3://x?ca_bundle=/etc/passwd",
        "s3://x?profile=admin",
        "oss://x?ca_bundle=/etc/passwd",
        "gcs://x?credential_path=/etc/passwd",
    ],
)
def test_files_of_the_server_are_the_operator_s(store: str) -> None:
    assert parse_store("media", store).trusted
    with pytest.raises(StoreMisconfigured, match="configuration only"):
        parse_store("media", store, trusted=False)


_ELSEWHERE = [
    "s3://x?endpoint=http://127.0.0.1:9",
    "s3://x?endpoint=http://s3.amazonaws.com",
    "s3://x?endpoint=https://evil.execute-api.us-east-1.amazonaws.com",
    "s3://x?endpoint=https://s3-evil-123.us-east-1.elb.amazonaws.com",
    "s3://x?endpoint=https://s3.us-east-1.amazonaws.com.evil.org",
    "s3://x?endpoint=https://s3.us-east-1.amazonaws.com:8443",
    "oss://x?endpoint=http://127.0.0.1:9",
    "oss://x?endpoint=http://oss-cn-hangzhou.aliyuncs.com",
    "oss://x?endpoint=https://evil.cn-hangzhou.fc.aliyuncs.com",
    "oss://x?endpoint=https://oss-cn-hangzhou.aliyuncs.com.evil.org",
    "gcs://x?endpoint=http://127.0.0.1:9",
    "gcs://x?endpoint=https://storage.googleapis.com.evil.org",
    "azblob://x?account_name=a&endpoint=http://127.0.0.1:9/a",
    "azblob://x?account_name=a&endpoint=https://a.blob.core.windows.net.evil.org",
]


@pytest.mark.parametrize("store", _ELSEWHERE)
def test_the_server_s_own_credentials_go_nowhere_a_caller_names(store: str) -> None:
    with pytest.raises(StoreMisconfigured, match="own credentials"):
        open_store(parse_store("media", store, trusted=False))
    open_store(parse_store("media", store)).close()


@pytest.mark.parametrize(
    "store",
    [
        "s3://x",
        "s3://x?endpoint=https://s3.eu-west-1.amazonaws.com",
        "s3://x?endpoint=s3.dualstack.us-east-2.amazonaws.com",
        "s3://x?endpoint=https://s3-fips.us-gov-west-1.amazonaws.com",
        "s3://x?endpoint=https://s3.cn-north-1.amazonaws.com.cn",
        "oss://x",
        "oss://x?endpoint=oss-cn-hangzhou-internal.aliyuncs.com",
        "oss://x?endpoint=https://oss-accelerate.aliyuncs.com",
        "gcs://x?endpoint=https://storage.googleapis.com",
        "azblob://x?account_name=media",
        "s3://x?endpoint=http://127.0.0.1:9&anonymous=true",
        "s3://x?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=b",
        "oss://x?endpoint=http://127.0.0.1:9&access_key_id=a&access_key_secret=b",
        "gcs://x?endpoint=http://127.0.0.1:9&anonymous=true",
        "azblob://x?account_name=a&account_key=YQ==&endpoint=http://127.0.0.1:9/a",
    ],
)
def test_the_vendor_s_own_endpoints_and_given_credentials_are_taken(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "OSS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    open_store(parse_store("media", store, trusted=False)).close()
