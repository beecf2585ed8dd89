"""RegisterBucket: off by default, for what the configuration lists, and for the operator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Api
from tests.buckets.test_store_url import BAD
from tests.servers.scripted import Asked, Reply, Scripted

from bindery.access.permits import Permits, make_permit
from bindery.buckets.registration import Registration, RegistrationRefused
from bindery.buckets.registry import parse_store

_LISTING = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


@pytest.fixture(scope="session")
def listed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listed")
    (folder / "photos").mkdir()
    (folder / "a file").touch()
    return folder


@pytest.fixture(scope="session")
def foreign() -> Iterator[Scripted]:
    """A host that is no store, and says what nobody shall hear."""
    secret = b"<Error><Code>PRIVATE</Code><Message>PRIVATE</Message></Error>"
    with Scripted(lambda _: Reply(418, secret)) as running:
        yield running


@pytest.fixture(scope="session")
def store() -> Iterator[Scripted]:
    """As much of an S3 as registering takes."""
    with Scripted(lambda _: Reply(body=_LISTING)) as running:
        yield running


@pytest.fixture(scope="session")
def listing_api(
    make_api: Callable[..., Api], listed_folder: Path, foreign: Scripted, store: Scripted
) -> Api:
    """A gateway whose configuration lists a folder and two endpoints."""
    endpoints = (foreign.endpoint, store.endpoint, "https://*.amazonaws.com")
    return make_api(registration=Registration((str(listed_folder),), endpoints))


def s3(server: Scripted, **options: str) -> str:
    given = {"access_key_id": "a", "secret_access_key": "HUSH", **options}
    return f"s3://media?endpoint={server.endpoint}&" + "&".join(f"{n}={v}" for n, v in given.items())


def test_it_is_off_unless_the_configuration_lists_something(
    api: Api, tmp_path: Path, store: Scripted
) -> None:
    asked = len(store.asked)
    for address in (str(tmp_path), f"file://{tmp_path}", "/", "/etc", "/proc", s3(store), "s3://media"):
        refused = api.refused("RegisterBucket", Bucket="media", Store=address)
        assert (refused.status, refused.code) == (403, "NoPermission")
        assert "[register]" in refused.message
    assert len(store.asked) == asked, "nobody is asked before"


def test_what_is_listed_is_registered(listing_api: Api, listed_folder: Path, store: Scripted) -> None:
    listing_api("RegisterBucket", Bucket="listed-folder", Store=str(listed_folder / "photos"))
    listing_api("RegisterBucket", Bucket="listed-store", Store=s3(store))
    names = listing_api.context.engine._buckets.names()
    assert {"listed-folder", "listed-store"} <= set(names)


def test_what_is_not_listed_is_refused(listing_api: Api, listed_folder: Path, tmp_path: Path) -> None:
    (listed_folder / "link").unlink(missing_ok=True)
    (listed_folder / "link").symlink_to(tmp_path)
    refused = [
        str(tmp_path), str(listed_folder.parent), "/", "/etc", f"{listed_folder}/../..", str(listed_folder / "link"),
        f"file://{listed_folder}/photos/../..", f"{listed_folder}-other",
        "s3://media?endpoint=http://127.0.0.1:9&anonymous=true", "gcs://media?anonymous=true",
        "s3://media?endpoint=http://169.254.169.254&anonymous=true",
        "s3://media?endpoint=https://amazonaws.com.evil.org&anonymous=true",
        "s3://media?endpoint=http://s3.eu-west-1.amazonaws.com&anonymous=true",
        "s3://media?endpoint=https://s3.eu-west-1.amazonaws.com:8443&anonymous=true",
        "oss://media", "azblob://media?account_name=media",
    ]  # fmt: skip
    for address in refused:
        answer = listing_api.refused("RegisterBucket", Bucket="media", Store=address)
        assert (answer.status, answer.code) == (403, "NoPermission"), address


@pytest.mark.parametrize(
    "address", [bad for bad in BAD if bad and len(bad) < 2_000], ids=lambda bad: ascii(bad)[:40]
)
def test_every_bad_address_is_the_caller_s_error(listing_api: Api, address: str) -> None:
    if "\ud800" in address:
        pytest.skip("cannot be sent")
    answer = listing_api.refused("RegisterBucket", Bucket="media", Store=address)
    assert answer.status == 400, answer
    assert "HUSH" not in answer.message
    assert len(answer.message) > 20


def test_a_listed_place_that_is_no_store_is_the_caller_s_error(
    listing_api: Api, listed_folder: Path, foreign: Scripted
) -> None:
    bad = [
        s3(foreign), str(listed_folder / "absent"), str(listed_folder / "a file"),
        str(listed_folder / ("n" * 300)), str(listed_folder / "photos" / ("m/" * 1_500)),
    ]  # fmt: skip
    for address in bad:
        answer = listing_api.refused("RegisterBucket", Bucket="media", Store=address)
        assert 400 <= answer.status < 500, (address, answer)
        assert "PRIVATE" not in answer.message
        assert "HUSH" not in answer.message


@pytest.mark.parametrize(
    "reply",
    [
        lambda asked: Reply(body=b"<html>PRIVATE</html>"),
        lambda asked: Reply(302, b"", {"location": "http://127.0.0.1:9/PRIVATE"}),
        lambda asked: Reply(body=b"x" * 40_000_000),
        lambda asked: Reply(503, b"<Error><Code>PRIVATE</Code></Error>"),
    ],
    ids=["page", "redirect", "long", "busy"],
)
def test_an_answer_that_is_no_listing_registers_nothing(
    make_api: Callable[..., Api], reply: Callable[[Asked], Reply]
) -> None:
    with Scripted(reply) as server:
        api = make_api(registration=Registration((), (server.endpoint,)))
        answer = api.refused("RegisterBucket", Bucket="media", Store=s3(server))
        assert answer.status == 400
        assert "PRIVATE" not in answer.message
        assert len(server.asked) < 10
        assert "media" not in api.context.engine._buckets.names()


def test_a_store_of_empty_pages_without_end_costs_few_requests(make_api: Callable[..., Api]) -> None:
    empty = (
        b"<?xml version='1.0'?><EnumerationResults><Blobs/><NextMarker>m</NextMarker></EnumerationResults>"
    )

    def reply(asked: Asked) -> Reply:
        time.sleep(0.02)
        return Reply(body=empty, headers={"content-type": "application/xml"})

    with Scripted(reply) as server:
        api = make_api(registration=Registration((), (server.endpoint,)))
        store = f"azblob://media?account_name=a&account_key=YQ==&endpoint={server.endpoint}/a"
        assert api.refused("RegisterBucket", Bucket="media", Store=store).status == 400
        first = len(server.asked)
        time.sleep(0.5)
        assert len(server.asked) <= first + 1, "it has come to an end"


def test_the_operator_registers_anything(make_api: Callable[..., Api], tmp_path: Path) -> None:
    api = make_api()
    permits = Permits(tmp_path / "data")
    api.gateway.context = _with(api, permits)
    folder = tmp_path / "photos"
    folder.mkdir()
    permit = make_permit(tmp_path / "data", "media", str(folder))
    api("RegisterBucket", Bucket="media", Store=str(folder), Permit=permit)
    for other in (
        {"Bucket": "other"},
        {"Store": "/etc"},
        {"Permit": "0" * 64},
        {"Permit": ""},
        {"Permit": "ü"},
    ):
        wanted = {"Bucket": "media", "Store": str(folder), "Permit": permit, **other}
        assert api.refused("RegisterBucket", **wanted).status == 403


def test_a_permit_is_of_one_start_and_of_those_who_may_read_the_data_folder(tmp_path: Path) -> None:
    first = Permits(tmp_path)
    permit = make_permit(tmp_path, "media", "/srv")
    assert first.allow(permit, "media", "/srv")
    assert not first.allow(permit, "media/srv", "")
    assert not first.allow(None, "media", "/srv")
    assert not Permits(tmp_path).allow(permit, "media", "/srv")
    assert not Permits(None).allow("", "media", "/srv")
    assert (tmp_path / "operator-token").stat().st_mode & 0o077 == 0
    assert make_permit(tmp_path / "none", "media", "/srv") is None


@pytest.mark.parametrize(
    ("endpoints", "store", "allowed"),
    [
        (("https://*.amazonaws.com",), "s3://a?anonymous=true", True),
        (("https://*.amazonaws.com",), "s3://a?region=eu-west-1&anonymous=true", True),
        (("https://s3.eu-west-1.amazonaws.com",), "s3://a?anonymous=true", False),
        (("https://storage.googleapis.com",), "gcs://a?anonymous=true", True),
        (("https://*.blob.core.windows.net",), "azblob://a?account_name=x&sas_token=sig%3Ds", True),
        (("https://x.blob.core.windows.net",), "azblob://a?account_name=y&sas_token=sig%3Ds", False),
        (("https://oss-cn-hangzhou.aliyuncs.com",), "oss://a?anonymous=true", True),
        (("http://minio:9000",), "s3://a?endpoint=http://MINIO:9000&anonymous=true", True),
        (("http://minio",), "s3://a?endpoint=http://minio:80&anonymous=true", True),
        (("http://minio:9000",), "s3://a?endpoint=https://minio:9000&anonymous=true", False),
        (("https://*.example.org",), "s3://a?endpoint=https://example.org&anonymous=true", False),
        (("https://*.example.org",), "s3://a?endpoint=https://badexample.org&anonymous=true", False),
    ],
)
def test_which_endpoints_are_listed(
    endpoints: tuple[str, ...], store: str, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "OSS_ENDPOINT",
    ):
        monkeypatch.delenv(name, raising=False)
    address = parse_store("media", store, trusted=False)
    if allowed:
        Registration((), endpoints).check(address)
    else:
        with pytest.raises(RegistrationRefused):
            Registration((), endpoints).check(address)


def test_a_registered_folder_that_becomes_a_link_is_not_followed(
    listing_api: Api, listed_folder: Path
) -> None:
    folder = listed_folder / "swapped"
    folder.mkdir()
    listing_api("RegisterBucket", Bucket="swapped", Store=str(folder))
    folder.rmdir()
    folder.symlink_to("/etc")
    target: dict[str, Any] = {"ProjectName": "project-of-links", "DatasetName": "dataset"}
    listing_api("CreateProject", ProjectName="project-of-links")
    listing_api("CreateDataset", **target)
    answer = listing_api.refused_in_the_end(
        "DetectMediaMeta", ProjectName="project-of-links", SourceURI="oss://swapped/passwd"
    )
    assert "link" in answer.message or answer.status == 400


def _with(api: Api, permits: Permits) -> Any:
    import msgspec

    return msgspec.structs.replace(api.gateway.context, permits=permits)
