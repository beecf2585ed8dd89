"""Sealed secrets: opened by their key for what they were sealed for, and by nothing else."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.own_threads import replace_here

from bindery.access import sealing as module
from bindery.access.keys import KeysUnusable
from bindery.access.resealing import find_lost, forget_old_keys, reseal
from bindery.access.sealed_keys import make_sealed_key, open_sealer
from bindery.access.sealing import (
    LONGEST_SESSION_SECONDS,
    CannotOpen,
    Sealer,
    SealingKey,
    load_sealer,
    make_sealer,
)
from bindery.catalog.access_records import User
from bindery.catalog.opening import open_access
from bindery.catalog.record_access import RecordAccess

ONE, OTHER = SealingKey(bytes(range(32))), SealingKey(bytes(32))
SECRET = "CANARYsecretCANARYsecretCANARY"


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BINDERY_SEALING_KEY", raising=False)


def file_of(folder: Path) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads((folder / "sealing-key.json").read_text())["Keys"]
    return keys


@given(st.text(max_size=100), st.text(max_size=50))
def test_what_was_sealed_is_opened(secret: str, key_id: str) -> None:
    assert Sealer([ONE]).open(Sealer([ONE]).seal(secret, key_id), key_id) == secret


@given(st.data())
def test_nothing_else_is_opened(data: st.DataObject) -> None:
    sealer = Sealer([ONE])
    sealed = sealer.seal(SECRET, "AK")
    at = data.draw(st.integers(0, len(sealed) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :]
    for wrong in (changed, sealed[:at], sealed + b"x"):
        with pytest.raises(CannotOpen):
            sealer.open(wrong, "AK")


def test_a_secret_belongs_to_its_key_and_its_purpose() -> None:
    sealer = Sealer([ONE])
    sealed = sealer.seal(SECRET, "AK")
    for wrong in (lambda: sealer.open(sealed, "AK2"), lambda: sealer.open_token(sealed, "AK")):
        with pytest.raises(CannotOpen):
            wrong()
    with pytest.raises(CannotOpen):
        Sealer([OTHER]).open(sealed, "AK")
    assert Sealer([OTHER, ONE]).open(sealed, "AK") == SECRET
    assert sealer.seal(SECRET, "AK") != sealed, "a nonce comes once"
    assert sealer.session_digest("x", sealed) != Sealer([OTHER]).session_digest(
        "x", Sealer([OTHER]).seal("", "")
    )


def test_the_key_is_made_once_with_mode_600(record: RecordAccess, tmp_path: Path) -> None:
    first = open_sealer(record, tmp_path)
    assert (tmp_path / "sealing-key.json").stat().st_mode & 0o777 == 0o600
    again = open_sealer(record, tmp_path)
    assert again.open(first.seal(SECRET, "AK"), "AK") == SECRET
    assert SECRET not in repr(first.__dict__)
    assert "key=hidden" in repr(ONE)


def test_a_key_elsewhere(record: RecordAccess, tmp_path: Path) -> None:
    elsewhere = tmp_path / "etc" / "key.json"
    open_sealer(record, tmp_path, elsewhere)
    assert elsewhere.exists()
    assert not (tmp_path / "sealing-key.json").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_key_that_cannot_be_written(record: RecordAccess, tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable, match="cannot be written"):
        open_sealer(record, tmp_path, Path("/proc/key.json"))


def test_keys_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    both = [base64.b64encode(OTHER.key).decode(), base64.urlsafe_b64encode(b"\xff" * 32).decode()]
    monkeypatch.setenv("BINDERY_SEALING_KEY", ", ".join(both))
    sealer = load_sealer(tmp_path)
    assert sealer is not None
    assert not sealer.changeable
    assert sealer.newest_id == OTHER.id
    assert sealer.open(Sealer([SealingKey(b"\xff" * 32)]).seal(SECRET, "AK"), "AK") == SECRET
    with pytest.raises(KeysUnusable, match="in front of it"):
        sealer.add_newest()


@pytest.mark.parametrize("text", ["short", "!" * 44, base64.b64encode(bytes(31)).decode(), ","])
def test_bad_keys_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    monkeypatch.setenv("BINDERY_SEALING_KEY", text)
    with pytest.raises(KeysUnusable, match="openssl rand") as caught:
        load_sealer(tmp_path)
    assert text not in str(caught.value).replace("BINDERY_SEALING_KEY", "") or text == ","


@pytest.mark.parametrize("content", ["", "{", "[]", '{"Keys":[]}', '{"Keys":[{"Key":"c2hvcnQ="}]}'])
def test_a_broken_file_is_never_replaced_by_itself(
    record: RecordAccess, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "sealing-key.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeysUnusable, match="restore it"):
        open_sealer(record, tmp_path)
    assert path.read_text() == content


def test_a_file_that_others_may_read_is_refused(record: RecordAccess, tmp_path: Path) -> None:
    open_sealer(record, tmp_path)
    (tmp_path / "sealing-key.json").chmod(0o644)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        open_sealer(record, tmp_path)
    (tmp_path / "sealing-key.json").chmod(0o440)
    open_sealer(record, tmp_path)


def test_a_lost_key_is_not_replaced(record: RecordAccess, tmp_path: Path) -> None:
    sealer = open_sealer(record, tmp_path)
    (tmp_path / "sealing-key.json").rename(tmp_path / "kept")
    open_sealer(record, tmp_path)  # nothing is sealed yet
    (tmp_path / "kept").replace(tmp_path / "sealing-key.json")
    make_sealed_key(record.access_keys, sealer, None)
    (tmp_path / "sealing-key.json").unlink()
    with pytest.raises(KeysUnusable, match="forget-lost"):
        open_sealer(record, tmp_path)
    assert not (tmp_path / "sealing-key.json").exists()


def fill(record: RecordAccess, sealer: Sealer, count: int = 5) -> dict[str, str]:
    """Secrets by key id: of the account and of a user."""
    record.users.create(User(name="alice"))
    made = [
        make_sealed_key(record.access_keys, sealer, "alice" if number < 2 else None)[1]
        for number in range(count)
    ]
    return {key.id: key.secret for key in made}


def opened(record: RecordAccess, sealer: Sealer | None) -> dict[str, str]:
    assert sealer is not None
    return {key.id: sealer.open(key.sealed, key.id) for key in record.access_keys.sealed()}


def test_every_secret_is_sealed_anew(record: RecordAccess, tmp_path: Path) -> None:
    sealer = open_sealer(record, tmp_path)
    secrets, old = fill(record, sealer), sealer.newest_id
    token = sealer.seal_token(b"content", "token")
    done = reseal(sealer, record)
    assert (done.secrets, done.lost, done.old_keys) == (5, (), 1)
    assert sealer.newest_id != old
    only = Sealer([SealingKey(base64.b64decode(file_of(tmp_path)[0]["Key"]))])
    assert opened(record, only) == opened(record, sealer) == secrets
    assert sealer.open_token(token, "token") == b"content", "sessions go on"
    assert load_sealer(tmp_path).open_token(token, "token") == b"content"  # type: ignore[union-attr]


def test_old_keys_are_forgotten_when_no_session_can_need_them(
    record: RecordAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer = open_sealer(record, tmp_path)
    secrets = fill(record, sealer)
    reseal(sealer, record)
    assert forget_old_keys(sealer, record) == 1
    later = time.time() + LONGEST_SESSION_SECONDS + 1
    replace_here(monkeypatch, module.time, "time", lambda: later)
    again = open_sealer(record, tmp_path)
    assert len(file_of(tmp_path)) == 1
    assert opened(record, again) == secrets


def test_a_key_that_somebody_else_may_have_goes_at_once(record: RecordAccess, tmp_path: Path) -> None:
    sealer = open_sealer(record, tmp_path)
    secrets, token = fill(record, sealer), sealer.seal_token(b"content", "token")
    assert reseal(sealer, record, at_once=True).old_keys == 0
    assert len(file_of(tmp_path)) == 1
    assert opened(record, sealer) == opened(record, load_sealer(tmp_path)) == secrets
    with pytest.raises(CannotOpen):
        sealer.open_token(token, "token")


def test_keys_of_the_environment_are_resealed_with_the_first(
    record: RecordAccess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, new = (base64.b64encode(key.key).decode() for key in (ONE, OTHER))
    monkeypatch.setenv("BINDERY_SEALING_KEY", old)
    secrets = fill(record, open_sealer(record, tmp_path))
    monkeypatch.setenv("BINDERY_SEALING_KEY", f"{new},{old}")
    assert reseal(open_sealer(record, tmp_path), record).secrets == 5
    monkeypatch.setenv("BINDERY_SEALING_KEY", new)
    assert opened(record, open_sealer(record, tmp_path)) == secrets
    assert not (tmp_path / "sealing-key.json").exists()


def test_lost_secrets_are_told_and_spare_the_others(record: RecordAccess, tmp_path: Path) -> None:
    sealer = open_sealer(record, tmp_path)
    secrets = fill(record, sealer, 1)
    lost = make_sealed_key(record.access_keys, Sealer([ONE]), None)[1]
    assert [key.id for key in find_lost(sealer, record.access_keys)] == [lost.id]
    done = reseal(sealer, record)
    assert (done.secrets, done.lost) == (1, (lost.id,))
    record.access_keys.delete(None, lost.id)
    assert opened(record, sealer) == secrets


class Crash(BaseException):
    """Stands in for a kill: nothing after it is done."""


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("step", range(8))
def test_resealing_may_end_at_any_step(
    tmp_path: Path, step: int, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after every write of the file and of the record."""
    monkeypatch.setattr("bindery.access.resealing._PAGE", 2)
    with open_access("", tmp_path) as record:
        sealer = open_sealer(record, tmp_path)
        secrets = fill(record, sealer)
        left = iter(range(step))

        def passes() -> None:
            if next(left, None) is None:
                raise Crash

        write, rewrite = module._write_keys, record.access_keys.reseal

        def write_keys(path: Path, keys: list[SealingKey]) -> None:
            passes()
            write(path, keys)
            passes()

        def reseal_page(changed: dict[str, tuple[bytes, bytes]]) -> None:
            passes()
            rewrite(changed)
            passes()

        with monkeypatch.context() as crashing:
            crashing.setattr(module, "_write_keys", write_keys)
            crashing.setattr(record.access_keys, "reseal", reseal_page)
            with pytest.raises(Crash):
                reseal(sealer, record, at_once=at_once)
    with open_access("", tmp_path) as record:
        sealer = open_sealer(record, tmp_path)
        assert opened(record, sealer) == secrets
        reseal(sealer, record, at_once=True)
        assert opened(record, load_sealer(tmp_path)) == secrets
        assert len(file_of(tmp_path)) == 1


def test_a_stolen_record_tells_no_secret(tmp_path: Path) -> None:
    """Also with its log, and after everything was deleted or sealed anew."""
    make_sealer(tmp_path)
    with open_access("", tmp_path) as record:
        sealer = open_sealer(record, tmp_path)
        secrets = fill(record, sealer)
        during = {path.name: path.read_bytes() for path in tmp_path.glob("catalog.db*")}
        assert "catalog.db-wal" in during
        reseal(sealer, record)
        for key_id in list(secrets)[2:]:
            record.access_keys.delete(None, key_id)
    after = {path.name: path.read_bytes() for path in tmp_path.glob("catalog.db*")}
    keys = [base64.b64decode(entry["Key"]) for entry in file_of(tmp_path)]
    for content in (*during.values(), *after.values()):
        for secret in secrets.values():
            for spelled in (
                secret.encode(),
                base64.b64encode(secret.encode()),
                secret.encode().hex().encode(),
            ):
                assert spelled not in content
        for key in keys:
            assert key not in content
            assert base64.b64encode(key) not in content


def test_servers_with_one_file_know_each_others_keys(record: RecordAccess, tmp_path: Path) -> None:
    """What one of them has sealed anew the others open, seal with the same key, and never put an older file in its
    place."""
    first = open_sealer(record, tmp_path)
    secrets, other = fill(record, first), open_sealer(record, tmp_path)
    token = other.seal_token(b"content", "token")
    reseal(first, record)
    assert all(other.knows(key.sealed) for key in record.access_keys.sealed())
    assert opened(record, other) == secrets
    assert other.newest_id == first.newest_id
    assert reseal(other, record).lost == ()
    assert opened(record, first) == opened(record, load_sealer(tmp_path)) == secrets
    assert first.open_token(token, "token") == b"content"
    (tmp_path / "sealing-key.json").rename(tmp_path / "kept")
    assert opened(record, first) == secrets, "a file that is away for a moment takes nothing with it"
    (tmp_path / "kept").rename(tmp_path / "sealing-key.json")
    reseal(first, record, at_once=True)
    other.renew()
    with pytest.raises(CannotOpen):
        other.open_token(token, "token")


def test_a_key_that_another_server_made_is_not_lost_when_old_ones_are_forgotten(
    record: RecordAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_sealer(record, tmp_path)
    reseal(first, record)
    other = load_sealer(tmp_path)
    assert other is not None
    secrets = fill(record, first)
    reseal(first, record)
    later = time.time() + LONGEST_SESSION_SECONDS + 1
    replace_here(monkeypatch, module.time, "time", lambda: later)
    forget_old_keys(other, record)
    assert opened(record, load_sealer(tmp_path)) == secrets
