"""Registered buckets: sealed in the record, and taken over from the file of earlier releases, once."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bindery.access.keys import KeysUnusable
from bindery.access.resealing import find_lost_buckets, forget_old_keys, reseal
from bindery.access.sealed_buckets import SealedBuckets, opened_buckets, take_over_bucket_file
from bindery.access.sealed_keys import open_sealer
from bindery.access.sealing import CannotOpen, Sealer, SealingKey
from bindery.buckets.registry import parse_store
from bindery.buckets.store import StoreMisconfigured
from bindery.catalog.opening import open_access, registered_buckets
from bindery.catalog.record_access import RecordAccess

SECRET = "CANARYbucketCANARYbucketCANARY"
S3 = f"s3://media?endpoint=http://127.0.0.1:9&region=r&access_key_id=AK&secret_access_key={SECRET}"
MEDIA = parse_store("media", S3)


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BINDERY_SEALING_KEY", raising=False)


@pytest.fixture
def sealer(record: RecordAccess, tmp_path: Path) -> Sealer:
    return open_sealer(record, tmp_path)


@pytest.fixture
def buckets(record: RecordAccess, sealer: Sealer) -> SealedBuckets:
    return SealedBuckets(record.registered_buckets, sealer)


def write_file(data: Path, **addresses: Any) -> Path:
    path = data / "buckets.json"
    known = {name: {"bucket": name, **address} for name, address in addresses.items()}
    path.write_text(json.dumps(known))
    return path


def test_addresses_come_back_whole_and_secrets_stay_sealed(
    buckets: SealedBuckets, record: RecordAccess, tmp_path: Path
) -> None:
    buckets.keep(MEDIA)
    assert buckets.find("media") == MEDIA
    assert buckets.addresses() == {"media": MEDIA}
    assert buckets.find("other") is None
    assert SECRET.encode() not in registered_buckets("", tmp_path)["media"]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_it_is_kept_only_over_what_was_looked_at(buckets: SealedBuckets) -> None:
    other = parse_store("media", "/srv/media")
    mark = buckets.mark("media")
    assert buckets.keep_over(MEDIA, mark)
    assert not buckets.keep_over(other, mark)
    assert buckets.find("media") == MEDIA
    assert buckets.keep_over(other, buckets.mark("media"))
    assert buckets.find("media") == other


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01abcd", b"{}", bytes(200), b"\x02" + bytes(40)])
def test_a_row_that_cannot_be_opened_harms_that_bucket_alone(
    buckets: SealedBuckets, record: RecordAccess, sealed: bytes
) -> None:
    buckets.keep(MEDIA)
    record.registered_buckets.put("odd", sealed)
    with pytest.raises(StoreMisconfigured, match="bucket odd"):
        buckets.find("odd")
    assert buckets.addresses() == {"media": MEDIA, "odd": None}


def test_a_row_is_good_for_its_own_name_and_purpose_alone(
    buckets: SealedBuckets, record: RecordAccess, sealer: Sealer
) -> None:
    """Whoever can write to the record can neither move an address nor pass off the secret of a key as one."""
    buckets.keep(MEDIA)
    sealed = record.registered_buckets.find("media")
    assert sealed is not None
    record.registered_buckets.put("other", sealed)
    record.registered_buckets.put("AK", sealer.seal('{"bucket": "AK", "url": "file:///"}', "AK"))
    for bucket in ("other", "AK"):
        with pytest.raises(StoreMisconfigured):
            buckets.find(bucket)
    with pytest.raises(CannotOpen):
        sealer.open(sealed, "media")
    record.registered_buckets.put("shape", sealer.seal_bucket(b'{"bucket": 1}', "shape"))
    with pytest.raises(StoreMisconfigured):
        buckets.find("shape")


def test_the_file_of_earlier_releases_is_taken_over_once(
    record: RecordAccess, sealer: Sealer, buckets: SealedBuckets, tmp_path: Path
) -> None:
    path = write_file(tmp_path, media={"url": "file:///srv/media", "trusted": True}, odd={"url": "ftp://x"})
    assert opened_buckets(registered_buckets("", tmp_path), sealer, tmp_path).find("media") is not None
    take_over_bucket_file(tmp_path, sealer, record.registered_buckets)
    assert not path.exists()
    taken = buckets.find("media")
    assert taken is not None
    assert (taken.url, taken.trusted) == ("file:///srv/media", True)
    assert list(buckets.addresses()) == ["media", "odd"]
    buckets.keep(MEDIA)
    take_over_bucket_file(tmp_path, sealer, record.registered_buckets)
    assert buckets.find("media") == MEDIA
    assert not (tmp_path / "buckets-not-taken.json").exists()


def test_a_file_that_comes_again_after_a_crash_changes_nothing(
    record: RecordAccess, sealer: Sealer, buckets: SealedBuckets, tmp_path: Path
) -> None:
    """Its removal was lost, and another server has moved one of its buckets since."""
    addresses = {"media": {"url": "file:///srv/media"}, "photos": {"url": "file:///srv/photos"}}
    write_file(tmp_path, **addresses)
    take_over_bucket_file(tmp_path, sealer, record.registered_buckets)
    buckets.keep(MEDIA)
    before = record.registered_buckets.list()
    write_file(tmp_path, **addresses)
    take_over_bucket_file(tmp_path, sealer, record.registered_buckets)
    assert record.registered_buckets.list() == before
    assert not (tmp_path / "buckets.json").exists()
    kept = tmp_path / "buckets-not-taken.json"
    assert [*json.loads(kept.read_text())] == ["media"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_of_servers_that_take_over_at_the_same_time_one_has_each_bucket(
    record: RecordAccess, sealer: Sealer, tmp_path: Path, in_threads: Callable[..., None]
) -> None:
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
        write_file(folder, common={"url": "file:///srv/common"}, media={"url": f"file://{folder}"})
    in_threads(
        *(
            lambda folder=folder: take_over_bucket_file(folder, sealer, record.registered_buckets)
            for folder in folders
        )
    )
    found = SealedBuckets(record.registered_buckets, sealer).addresses()
    assert list(found) == ["common", "media"]
    assert found["media"] is not None
    (first,) = (folder for folder in folders if found["media"].url == f"file://{folder}")
    for folder in folders:
        assert not (folder / "buckets.json").exists()
        kept = folder / "buckets-not-taken.json"
        assert kept.exists() == (folder != first)
        assert not kept.exists() or list(json.loads(kept.read_text())) == ["media"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"media": {"bucket": 1}}'])
def test_a_damaged_file_is_said_and_kept(
    record: RecordAccess, sealer: Sealer, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "buckets.json"
    path.write_text(content)
    with pytest.raises(StoreMisconfigured, match=r"buckets\.json"):
        take_over_bucket_file(tmp_path, sealer, record.registered_buckets)
    assert path.read_text() == content


def test_buckets_are_sealed_anew_with_the_keys(
    record: RecordAccess, sealer: Sealer, buckets: SealedBuckets, tmp_path: Path
) -> None:
    buckets.keep(MEDIA)
    before = registered_buckets("", tmp_path)
    assert reseal(sealer, record, at_once=True).secrets == 1
    assert registered_buckets("", tmp_path) != before
    assert SealedBuckets(record.registered_buckets, open_sealer(record, tmp_path)).find("media") == MEDIA


def test_a_sealing_key_that_a_bucket_needs_is_neither_forgotten_nor_made_anew(
    record: RecordAccess, sealer: Sealer, buckets: SealedBuckets, tmp_path: Path
) -> None:
    buckets.keep(MEDIA)
    sealer.add_newest()  # and a crash before anything was sealed anew
    assert forget_old_keys(sealer, record, at_once=True) == 1
    assert buckets.find("media") == MEDIA
    (tmp_path / "sealing-key.json").unlink()
    with pytest.raises(KeysUnusable, match="registered buckets"):
        open_sealer(record, tmp_path)
    other = Sealer([SealingKey(bytes(32))])
    assert list(find_lost_buckets(other, record.registered_buckets)) == ["media"]
    assert opened_buckets(registered_buckets("", tmp_path), other, tmp_path).addresses() == {"media": None}


def test_a_record_of_an_earlier_release_has_none(tmp_path: Path) -> None:
    assert registered_buckets("", tmp_path) == {}
    with open_access("", tmp_path):
        assert registered_buckets("", tmp_path) == {}
