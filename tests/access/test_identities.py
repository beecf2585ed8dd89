"""Whose a key is, what is granted to it, and how soon a change is known."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.own_log import own_log
from tests.own_threads import replace_here

from bindery.access import identities as module
from bindery.access.identities import (
    Identities,
    IdentityKind,
    KeyNotFound,
    KeyRefused,
    TokenExpired,
    TokenInvalid,
    TokenMismatch,
    TokenMissing,
    open_identities,
)
from bindery.access.policy.decide import Request, decide
from bindery.access.sealing import Sealer, SealingKey
from bindery.access.tokens import Credentials, Session, issue
from bindery.catalog.access_records import Group, Policy, PolicyType, PrincipalKind, Role, User
from bindery.catalog.opening import open_access
from bindery.catalog.record_access import RecordAccess

ALLOW_GET = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"imm:GetBinding","Resource":"*"}]}'
ALLOW_ALL = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
DATASET = "acs:imm:cn-hangzhou:1:project/p/dataset/d"
NOW = 1_800_000_000


@pytest.fixture
def identities(record: RecordAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Identities:
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", "root")
    monkeypatch.setenv("BINDERY_ACCESS_KEY_SECRET", "root-secret")
    return open_identities(record, tmp_path, account_id="1")


def may(
    identities: Identities, key_id: str, action: str = "imm:GetBinding", token: str | None = None
) -> bool:
    grants = identities.find(key_id, token).grants
    assert grants is not None
    return decide(grants, Request(action, DATASET)).allowed


def make_user(identities: Identities, record: RecordAccess, name: str = "alice") -> str:
    """A user with a key that may do nothing; the id of the key."""
    record.users.create(User(name=name))
    return identities.make_key(name)[1].id


def make_session(
    identities: Identities, record: RecordAccess, *, seconds: int = 900, policy: str | None = None
) -> Credentials:
    """Of the role ``reader``, which may get bindings."""
    role = record.roles.create(Role(name="Reader", trust_policy="{}"))
    record.policies.create(Policy(name="get"), ALLOW_GET)
    record.policies.attach(PolicyType.CUSTOM, "get", PrincipalKind.ROLE, "reader")
    session = Session(
        key_id="", account_id="1", role_id=role.id, role_name=role.name, name="me", policy=policy,
        expires=int(module_time()) + seconds,
    )  # fmt: skip
    return issue(identities.sealer, session)


def module_time() -> float:
    from bindery.access import tokens

    return tokens.time.time()


def test_the_root_key_is_the_account(identities: Identities) -> None:
    root = identities.find("root")
    assert (root.kind, root.secret, root.arn, root.principal_id, root.root) == (
        IdentityKind.ACCOUNT, "root-secret", "acs:ram::1:root", "1", True,
    )  # fmt: skip
    assert (root.is_account, root.active, root.grants, root.holder) == (True, True, None, "root")
    assert "root-secret" not in repr(root)


def test_further_keys_are_the_account_too(identities: Identities, record: RecordAccess) -> None:
    key = identities.make_key(None, label="ci")[1]
    found = identities.find(key.id)
    assert (found.is_account, found.secret, found.arn, found.root) == (
        True, key.secret, "acs:ram::1:root", False,
    )  # fmt: skip
    record.access_keys.set_active(None, key.id, active=False)
    assert not identities.find(key.id).active
    record.access_keys.delete(None, key.id)
    with pytest.raises(KeyNotFound):
        identities.find(key.id)


def test_a_user_has_what_is_attached_to_him_and_his_groups(
    identities: Identities, record: RecordAccess
) -> None:
    key_id = make_user(identities, record)
    found = identities.find(key_id)
    assert (found.kind, found.name, found.arn, found.policy_arn) == (
        IdentityKind.USER, "alice", "acs:ram::1:user/alice", "acs:ram::1:user/alice",
    )  # fmt: skip
    assert found.holder == found.principal_id == record.users.get("alice").id
    assert not may(identities, key_id)
    record.policies.attach(PolicyType.SYSTEM, "AliyunIMMReadOnlyAccess", PrincipalKind.USER, "alice")
    assert may(identities, key_id)
    record.policies.detach(PolicyType.SYSTEM, "AliyunIMMReadOnlyAccess", PrincipalKind.USER, "alice")
    record.groups.create(Group(name="devs"))
    record.policies.create(Policy(name="get"), ALLOW_GET)
    record.policies.attach(PolicyType.CUSTOM, "get", PrincipalKind.GROUP, "devs")
    assert not may(identities, key_id)
    record.groups.add_user("alice", "devs")
    assert may(identities, key_id)
    grants = identities.find(key_id).grants
    assert grants is not None
    assert [(a.source, a.name, a.kind, a.version) for a in grants.identity] == [
        ("group:devs", "get", "Custom", "v1")
    ]


def test_every_change_is_known_with_the_next_call(identities: Identities, record: RecordAccess) -> None:
    key_id = make_user(identities, record)
    deny = ALLOW_GET.replace("Allow", "Deny")
    record.policies.create(Policy(name="own"), ALLOW_GET)
    record.policies.attach(PolicyType.CUSTOM, "own", PrincipalKind.USER, "alice")
    assert may(identities, key_id)
    record.policies.add_version("own", deny, as_default=True)
    assert not may(identities, key_id)
    record.policies.set_default_version("own", 1)
    assert may(identities, key_id)
    record.policies.detach(PolicyType.CUSTOM, "own", PrincipalKind.USER, "alice")
    assert not may(identities, key_id)
    record.users.update("alice", lambda held: replace(held, name="bob"))
    assert identities.find(key_id).arn == "acs:ram::1:user/bob"
    record.access_keys.set_active("bob", key_id, active=False)
    assert not identities.find(key_id).active
    record.access_keys.delete("bob", key_id)
    record.users.delete("bob")
    with pytest.raises(KeyNotFound):
        identities.find(key_id)


def test_nothing_is_read_while_nothing_changes(
    identities: Identities, record: RecordAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id = make_user(identities, record)
    session = make_session(identities, record)
    first = identities.find(key_id), identities.find(session.key.id, session.token)

    def read(*_: object) -> Any:
        raise AssertionError("the record was read")

    for reader, name in ((record.access_keys, "find"), (record.roles, "get_by_id")):
        monkeypatch.setattr(reader, name, read)
    assert (identities.find(key_id), identities.find(session.key.id, session.token)) == first
    identities.uses.note(key_id, "imm")
    identities.uses.write()
    assert identities.find(key_id) == first[0]


def test_a_document_that_cannot_be_read_any_more_denies_everything(
    identities: Identities, record: RecordAccess
) -> None:
    key_id = make_user(identities, record)
    for name, document in (("all", ALLOW_ALL), ("broken", "{")):
        record.policies.create(Policy(name=name), document)
        record.policies.attach(PolicyType.CUSTOM, name, PrincipalKind.USER, "alice")
    with own_log() as lines:
        assert not may(identities, key_id)
    assert [line["event"] for line in lines] == [
        "a policy of the catalog is malformed, and denies everything"
    ]


def test_a_system_policy_of_another_release_grants_nothing(
    identities: Identities, record: RecordAccess
) -> None:
    key_id = make_user(identities, record)
    record.policies.attach(PolicyType.SYSTEM, "AliyunFutureAccess", PrincipalKind.USER, "alice")
    assert not may(identities, key_id)


def test_a_key_that_cannot_be_opened_is_told_and_not_found(
    identities: Identities, record: RecordAccess
) -> None:
    key = identities.make_key(None)[1]
    (sealed,) = record.access_keys.sealed()
    stolen = Sealer([SealingKey(bytes(32))]).seal(key.secret, key.id)
    record.access_keys.reseal({key.id: (sealed.sealed, stolen)})
    with own_log() as lines, pytest.raises(KeyNotFound):
        identities.find(key.id)
    assert lines[0]["access_key"] == key.id


def test_a_session_has_what_its_role_has(identities: Identities, record: RecordAccess) -> None:
    session = make_session(identities, record)
    found = identities.find(session.key.id, session.token)
    role = record.roles.get("reader")
    assert (found.kind, found.secret, found.name, found.arn, found.policy_arn, found.holder) == (
        IdentityKind.SESSION, session.key.secret, "Reader:me", "acs:ram::1:assumed-role/Reader/me",
        "acs:ram::1:role/Reader", role.id,
    )  # fmt: skip
    assert may(identities, session.key.id, token=session.token)
    record.policies.detach(PolicyType.CUSTOM, "get", PrincipalKind.ROLE, "reader")
    assert not may(identities, session.key.id, token=session.token)
    record.roles.delete("reader")
    with pytest.raises(KeyNotFound):
        identities.find(session.key.id, session.token)
    record.roles.create(Role(name="Reader", trust_policy="{}"))
    with pytest.raises(KeyNotFound):
        identities.find(session.key.id, session.token)


def test_a_session_policy_narrows(identities: Identities, record: RecordAccess) -> None:
    session = make_session(identities, record, policy=ALLOW_ALL.replace('"*"', '"imm:GetProject"', 1))
    assert not may(identities, session.key.id, token=session.token)
    assert not may(identities, session.key.id, "imm:GetProject", token=session.token)


def test_a_session_ends(
    identities: Identities, record: RecordAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(identities, record, seconds=900)
    assert identities.find(session.key.id, session.token)
    replace_here(monkeypatch, time, "time", lambda: session.expires - 0.1)
    assert identities.find(session.key.id, session.token)
    replace_here(monkeypatch, time, "time", lambda: float(session.expires))
    with pytest.raises(TokenExpired):
        identities.find(session.key.id, session.token)


def test_sessions_survive_a_restart(identities: Identities, record: RecordAccess, tmp_path: Path) -> None:
    session = make_session(identities, record)
    again = open_identities(record, tmp_path, account_id="1")
    assert again.find(session.key.id, session.token).secret == session.key.secret


def test_tokens_that_are_none(identities: Identities, record: RecordAccess, tmp_path: Path) -> None:
    session = make_session(identities, record)
    other = issue(
        identities.sealer, Session("", "1", record.roles.get("reader").id, "Reader", "you", session.expires)
    )
    key_id, token = session.key.id, session.token
    user_key = make_user(identities, record)
    foreign = issue(Sealer([SealingKey(bytes(32))]), Session("", "1", "3", "r", "s", session.expires))
    account = issue(identities.sealer, Session("", "2", "3", "r", "s", session.expires))
    wrong: list[tuple[str, str | None, type[KeyRefused]]] = [
        (key_id, None, TokenMissing),
        (key_id, "", TokenMissing),
        (key_id, other.token, TokenMismatch),
        ("STS.none", token, TokenMismatch),
        (user_key, token, TokenMismatch),
        ("root", token, TokenMismatch),
        ("root", "any", TokenMismatch),
        ("nobody", token, KeyNotFound),
        (foreign.key.id, foreign.token, TokenInvalid),
        (account.key.id, account.token, TokenInvalid),
        (key_id, "é", TokenInvalid),
        (key_id, "\0", TokenInvalid),
        (key_id, token + "A", TokenInvalid),
        (key_id, token + "=", TokenInvalid),
        (key_id, " " + token, TokenInvalid),
        (key_id, "x" * 1_000_000, TokenInvalid),
    ]
    wrong += [(key_id, token[:length], TokenInvalid) for length in range(1, len(token), 7)]
    for key, shown, refusal in wrong:
        with pytest.raises(refusal):
            identities.find(key, shown)


@pytest.mark.parametrize("step", [1, 5])
def test_no_changed_token_is_taken(identities: Identities, record: RecordAccess, step: int) -> None:
    session = make_session(identities, record)
    token = session.token
    for at in [*range(0, len(token), step), len(token) - 1]:
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(TokenInvalid):
            identities.find(session.key.id, changed)


def test_what_strangers_show_is_not_remembered_without_end(
    identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 3)
    for number in range(10):
        with pytest.raises(KeyNotFound):
            identities.find(f"nobody{number}")
    keys = [identities.make_key(None)[1] for _ in range(5)]
    for key in keys:
        assert identities.find(key.id).secret == key.secret
    assert len(identities._remembered.by_key) <= 3


def test_uses_are_told_at_once_and_written_together(
    identities: Identities, record: RecordAccess, tmp_path: Path
) -> None:
    key_id = make_user(identities, record)
    assert identities.uses.last("alice", key_id) is None
    identities.uses.note(key_id, "Imm")
    use = identities.uses.last("alice", key_id)
    assert use is not None
    assert (use.service, record.access_keys.last_use("alice", key_id)) == ("Imm", None)
    identities.uses.note("nobody", "Imm")
    identities.close()
    identities.close()
    assert record.access_keys.last_use("alice", key_id) == use


def test_uses_that_cannot_be_written_wait(identities: Identities, record: RecordAccess) -> None:
    from bindery.catalog.records import CatalogUnwritable

    key_id = make_user(identities, record)
    note = record.access_keys.note_uses

    def refuse(*_: object) -> None:
        raise CatalogUnwritable("full")

    identities.uses.note(key_id, "Imm")
    record.access_keys.note_uses = refuse  # type: ignore[assignment]
    with pytest.raises(CatalogUnwritable):
        identities.uses.write()
    record.access_keys.note_uses = note  # type: ignore[method-assign]
    identities.uses.write()
    assert record.access_keys.last_use("alice", key_id) is not None


def test_uses_that_are_being_written_are_told_and_those_that_come_meanwhile_kept(
    identities: Identities, record: RecordAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id = make_user(identities, record)
    note, told = record.access_keys.note_uses, []

    def note_slowly(uses: Any) -> None:
        told.append(identities.uses.last("alice", key_id))
        identities.uses.note(key_id, "Sts")
        note(uses)

    identities.uses.note(key_id, "Imm")
    with monkeypatch.context() as slow:
        slow.setattr(record.access_keys, "note_uses", note_slowly)
        identities.uses.write()
    (first,) = told
    assert first is not None
    assert first.service == "Imm"
    assert record.access_keys.last_use("alice", key_id) == first
    identities.uses.write()
    last = record.access_keys.last_use("alice", key_id)
    assert last is not None
    assert last.service == "Sts"


def test_a_use_that_is_noted_while_writing_begins_is_not_lost(
    identities: Identities, record: RecordAccess
) -> None:
    key_id = make_user(identities, record)
    writing = threading.Thread(target=identities.uses.write)

    class Noted(str):
        """Another thread begins to write when the note has been made and is not kept yet."""

        def __hash__(self) -> int:
            if not writing.ident:
                writing.start()
                writing.join(0.5)  # no longer, for it may have to wait for the note
            return str.__hash__(self)

    identities.uses.note(Noted(key_id), "Imm")
    writing.join(60)
    identities.uses.write()
    assert record.access_keys.last_use("alice", key_id) is not None


def earlier_keys(tmp_path: Path) -> list[dict[str, Any]]:
    rows = [
        {"AccessKeyId": "LTAI1", "AccessKeySecret": "s1", "Active": True, "Label": "ci"},
        {"AccessKeyId": "LTAI2", "AccessKeySecret": "s2", "Active": False},
    ]
    (tmp_path / "access-keys.json").write_text(json.dumps(rows))
    return rows


def check_taken_over(record: RecordAccess, tmp_path: Path) -> None:
    identities = open_identities(record, tmp_path, account_id="1")
    found = [identities.find(key_id) for key_id in ("LTAI1", "LTAI2")]
    assert [(key.secret, key.active, key.is_account) for key in found] == [
        ("s1", True, True), ("s2", False, True),
    ]  # fmt: skip
    assert [key.label for key in record.access_keys.list(None)] == ["ci", ""]
    assert not (tmp_path / "access-keys.json").exists()


def test_the_key_file_of_earlier_releases_is_taken_over(record: RecordAccess, tmp_path: Path) -> None:
    earlier_keys(tmp_path)
    check_taken_over(record, tmp_path)
    check_taken_over(record, tmp_path)


class Crash(BaseException):
    """Stands in for a kill: nothing after it is done."""


@pytest.mark.parametrize("committed", [False, True])
def test_a_crash_while_it_is_taken_over(
    record: RecordAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    earlier_keys(tmp_path)
    take_over = record.access_keys.take_over

    def crash(*keys: Any) -> Any:
        if committed:
            take_over(*keys)
        raise Crash

    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(record.access_keys, "take_over", crash)
        open_identities(record, tmp_path, account_id="1")
    assert (tmp_path / "access-keys.json").exists()
    check_taken_over(record, tmp_path)


@pytest.mark.slow
def test_killed_while_it_is_taken_over(tmp_path: Path) -> None:
    """At any moment of a start; in the end each key is in exactly one place, and opens."""
    rows = [{"AccessKeyId": f"LTAI{n}", "AccessKeySecret": f"secret{n}"} for n in range(500)]
    chance = random.Random(7)
    for attempt in range(6):
        data = tmp_path / str(attempt)
        data.mkdir()
        (data / "access-keys.json").write_text(json.dumps(rows))
        command = [sys.executable, str(Path(__file__).with_name("takeover_process.py")), str(data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begins\n"
            time.sleep(chance.uniform(0.0, 0.15))
            process.kill()
        with open_access("", data) as record:
            identities = open_identities(record, data, account_id="1")
            for row in rows:
                assert identities.find(row["AccessKeyId"]).secret == row["AccessKeySecret"]
            assert not (data / "access-keys.json").exists()


def test_a_key_that_was_disabled_since_stays_so(record: RecordAccess, tmp_path: Path) -> None:
    """The file came back, from a backup for example."""
    earlier_keys(tmp_path)
    check_taken_over(record, tmp_path)
    record.access_keys.set_active(None, "LTAI1", active=False)
    earlier_keys(tmp_path)
    with own_log() as lines:
        identities = open_identities(record, tmp_path, account_id="1")
    assert not identities.find("LTAI1").active
    assert lines[-1]["ids"] == ["LTAI1", "LTAI2"]


@pytest.mark.parametrize("content", ["[{]", "", '{"a":1}', "[1]"])
def test_a_broken_key_file_stays_and_is_told(
    record: RecordAccess, tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "access-keys.json").write_text(content)
    with own_log() as lines:
        identities = open_identities(record, tmp_path, account_id="1")
    assert identities.root_made is not None or identities.find("root")
    assert "mend the file" in lines[0]["event"]
    assert (tmp_path / "access-keys.json").read_text() == content


def test_calls_at_the_same_time_see_no_half_of_a_change(
    identities: Identities, record: RecordAccess, in_threads: Callable[..., None]
) -> None:
    """While policies change, everybody sees one of the two states, and the last one afterwards."""
    key_id = make_user(identities, record)
    record.policies.create(Policy(name="own"), ALLOW_GET)
    record.policies.add_version("own", ALLOW_GET.replace("Allow", "Deny"))
    record.policies.attach(PolicyType.CUSTOM, "own", PrincipalKind.USER, "alice")

    def change() -> None:
        for number in range(20):
            record.policies.set_default_version("own", 1 + number % 2)
            assert may(identities, key_id) is (number % 2 == 0)

    def ask() -> None:
        for _ in range(500):
            identities.find(key_id)

    in_threads(change, ask, ask, ask)
    assert not may(identities, key_id)
