"""Addresses for worker processes: they hold what a store needs of the server's environment, and no more."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from bindery.buckets.portable import portable
from bindery.buckets.registry import parse_store
from bindery.buckets.store import ObjectInfo
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pool import ExtractionPool

SECRETS = {
    "AWS_ACCESS_KEY_ID": "aws-id",
    "AWS_SECRET_ACCESS_KEY": "aws-secret",
    "AWS_SESSION_TOKEN": "aws-token",
    "OSS_ACCESS_KEY_ID": "oss-id",
    "OSS_ACCESS_KEY_SECRET": "oss-secret",
    "AZURE_CLIENT_SECRET": "azure-secret",
    "HTTPS_PROXY": "http://me:proxy-secret@proxy",
    "BINDERY_ACCESS_KEY_SECRET": "root-secret",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "OSS_", "ALIBABA_", "AZURE_", "AZBLOB_")) or name.lower().endswith(
            "_proxy"
        ):
            monkeypatch.delenv(name)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("bindery.buckets.s3._credential_source", _fresh_source)


def _fresh_source(profile: str | None) -> object:
    import botocore.session

    return botocore.session.Session(profile=profile).get_credentials()


@pytest.mark.parametrize(
    ("url", "added"),
    [
        (
            "s3://name",
            {"access_key_id": "aws-id", "secret_access_key": "aws-secret", "session_token": "aws-token"},
        ),
        ("s3://name?anonymous=true", {}),
        ("s3://name?access_key_id=a&secret_access_key=b", {}),
        ("oss://name", {"access_key_id": "oss-id", "access_key_secret": "oss-secret"}),
        ("oss://name?access_key_id=a&access_key_secret=b", {}),
    ],
)
def test_credentials_of_the_environment_stand_in_the_address(url: str, added: dict[str, str]) -> None:
    address = parse_store("media", url)
    made = portable(address)
    assert made.options == address.options | added
    assert made.environment == {"HTTPS_PROXY": SECRETS["HTTPS_PROXY"]}


def test_a_store_gets_no_other_stores_secrets() -> None:
    made = portable(parse_store("media", "s3://name"))
    everything = f"{made.options} {made.environment}"
    assert "oss-secret" not in everything
    assert "root-secret" not in everything
    azure = portable(parse_store("media", "azblob://name?account_name=n"))
    assert azure.environment["AZURE_CLIENT_SECRET"] == "azure-secret"
    assert "aws-secret" not in str(azure.environment)


def test_an_address_that_a_caller_wrote_takes_no_secret_to_his_host() -> None:
    for url in (
        "s3://name?endpoint=http://127.0.0.1:9",
        "azblob://name?account_name=n&endpoint=http://127.0.0.1:9",
    ):
        made = portable(parse_store("media", url, trusted=False))
        assert "secret" not in str(made.options)
        assert set(made.environment) <= {"HTTPS_PROXY"}


def test_the_representation_hides_what_was_added() -> None:
    assert "aws-" not in repr(portable(parse_store("media", "s3://name")))


def test_folders_stay_as_they_are(tmp_path: Path) -> None:
    address = parse_store("media", str(tmp_path))
    assert portable(address) is address


class _Store(BaseHTTPRequestHandler):
    """Answers every GET with the same object, and notes by which key it was signed."""

    signed: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        type(self).signed.append(self.headers.get("Authorization", ""))
        body = b"some words"
        self.send_response(206)
        self.send_header("ETag", '"e"')
        self.send_header("Content-Range", f"bytes 0-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_worker_reads_with_the_credentials_of_the_servers_environment(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HTTPS_PROXY")
    address = parse_store("media", f"s3://name?endpoint={endpoint}")
    operators = frozenset({Operator.MIME, Operator.EXTRACT_DOCUMENT_TEXT})
    request = ExtractionRequest(
        address=address, object=ObjectInfo("a.txt", 10, "e", 0), operators=operators
    )
    pool = ExtractionPool(1, ExtractionLimits(), preload=[])
    try:
        (outcome,) = pool.submit([request]).result()
    finally:
        pool.close()
    assert (outcome.failure, outcome.text) == (None, "some words")
    assert "Credential=aws-id/" in _Store.signed[0]
