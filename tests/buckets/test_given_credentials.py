"""Credentials in the URL of a store: half of them, or of two kinds, keep the server from starting."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from bindery.app import open_buckets
from bindery.buckets.registered import RegisteredBuckets
from bindery.buckets.registry import check_address, parse_store
from bindery.buckets.store import StoreError, StoreMisconfigured
from bindery.config import Config
from bindery.doctor import _buckets as look_at_buckets

SERVICE = {"type": "service_account", "client_email": "a@b", "private_key": "HUSH"}


def account(**members: str) -> str:
    return quote(base64.b64encode(json.dumps(members).encode()).decode(), safe="")


HALVES = [
    ("s3://name?access_key_id=a", "access_key_id is nothing without secret_access_key"),
    ("s3://name?secret_access_key=HUSH", "secret_access_key is nothing without access_key_id"),
    (
        "s3://name?session_token=HUSH",
        "session_token is nothing without access_key_id and secret_access_key",
    ),
    ("s3://name?access_key_id=a&session_token=HUSH", "nothing without secret_access_key"),
    ("s3://name?secret_access_key=HUSH&session_token=HUSH", "nothing without access_key_id"),
    ("s3://name?profile=p&secret_access_key=HUSH", "nothing without access_key_id"),
    ("s3://name?access_key_id=a&secret_access_key=HUSH&anonymous=true", "keep one"),
    ("s3://name?session_token=HUSH&anonymous=true", "nothing without access_key_id"),
    ("s3://name?profile=p&anonymous=1", "keep one"),
    ("s3://name?access_key_id=a&secret_access_key=HUSH&profile=p", "keep one"),
    ("s3://name?anonymous=perhaps", "anonymous is true or false"),
    ("s3://name?access_key_id=a&secret_access_key=%20", "white space"),
    ("s3://name?access_key_id=a&secret_access_key=HUSH%20", "white space"),
    ("oss://name?access_key_id=a", "access_key_id is nothing without access_key_secret"),
    ("oss://name?access_key_secret=HUSH", "access_key_secret is nothing without access_key_id"),
    ("oss://name?security_token=HUSH", "security_token is nothing without"),
    ("oss://name?access_key_id=a&access_key_secret=HUSH&anonymous=yes", "keep one"),
    ("gcs://name?credential=HUSH", "no JSON of Google's"),
    ("gcs://name?credential=%20", "no JSON of Google's|white space"),
    (f"gcs://name?credential={account(client_email='a', private_key='HUSH')}", "no JSON of Google's"),
    (f"gcs://name?credential={account(type='service_account', private_key='HUSH')}", "client_email"),
    (f"gcs://name?credential={account(**SERVICE)}&anonymous=true", "keep one"),
    ("gcs://name?credential_path=/nowhere/HUSH", "cannot be read"),
    ("azblob://name?account_name=a&account_key=YQ==&sas_token=sig%3DHUSH", "keep one"),
    ("azblob://name?endpoint=http://h&account_key=YQ==", "nothing without account_name"),
    ("azblob://name?account_name=a&account_key=no+Base64", "cannot be opened"),
    ("azblob://name?account_name=a&sas_token=%3F", "no signature"),
    ("azblob://name?account_name=a&sas_token=sv%3D2022%26se%3D2030", "no signature"),
    ("azblob://name?account_name=a&sas_token=sv%3D2022%26sig%3D", "no signature"),
]


@pytest.mark.parametrize(("store", "said"), HALVES)
def test_the_server_does_not_start_and_says_why(store: str, said: str, tmp_path: Path) -> None:
    config = Config(data=tmp_path, buckets={"media": store})
    with pytest.raises(StoreMisconfigured, match=said) as raised:
        open_buckets(config, RegisteredBuckets())
    assert str(raised.value).startswith("bucket media: ")
    assert "HUSH" not in str(raised.value)
    findings = [finding for finding in look_at_buckets(config) if "media" in finding.subject]
    assert findings
    assert all(finding.verdict.name == "FAILURE" for finding in findings)


@pytest.mark.parametrize(
    "store",
    [
        "s3://name",
        "s3://name?anonymous=true",
        "s3://name?anonymous=false&access_key_id=a&secret_access_key=s",
        "s3://name?access_key_id=a&secret_access_key=s&session_token=t",
        "s3://name?profile=p",
        "oss://name?access_key_id=a&access_key_secret=s&security_token=t",
        "oss://name?anonymous=TRUE",
        f"gcs://name?credential={account(**SERVICE)}",
        f"gcs://name?credential={account(type='authorized_user')}",
        "azblob://name?account_name=a",
        "azblob://name?account_name=a&account_key=YQ==",
        "azblob://name?account_name=a&sas_token=%3Fsv%3D2022%26sig%3Dx",
        "azblob://name?endpoint=http://h/a&sas_token=sig%3Dx%26sv%3D2022",
    ],
)
def test_whole_credentials_are_taken(store: str) -> None:
    check_address(parse_store("media", store))


@pytest.mark.parametrize("name", ["ALIBABA_CLOUD_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"])
def test_half_of_what_the_environment_should_hold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from bindery.buckets.oss import _found_credentials

    for prefix in ("ALIBABA_CLOUD_", "OSS_"):
        for half in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"):
            monkeypatch.delenv(prefix + half, raising=False)
    monkeypatch.setenv(name, "HUSH")
    with pytest.raises(StoreError, match="set both") as raised:
        _found_credentials()
    assert "HUSH" not in str(raised.value)
