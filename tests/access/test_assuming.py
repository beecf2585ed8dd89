"""Who may assume a role, and for how long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bindery.access.assuming import NotTrusted, SessionTooLong, Wanted, assume
from bindery.access.identities import Identities, Identity, open_identities
from bindery.access.policy.document import MalformedPolicy
from bindery.access.tokens import Credentials
from bindery.catalog.access_records import Role, User
from bindery.catalog.record_access import RecordAccess

ALICE, BOB, OPS = "acs:ram::1:user/alice", "acs:ram::1:user/bob", "acs:ram::1:role/ops"


def trust(*statements: dict[str, Any]) -> str:
    made = [{"Effect": "Allow", "Action": "sts:AssumeRole", **each} for each in statements]
    return json.dumps({"Version": "1", "Statement": made})


def by_ram(*arns: str) -> dict[str, Any]:
    return {"Principal": {"RAM": list(arns)}}


class Room:
    """Alice, Bob, and a session of the role ``ops``, who want to assume another role."""

    def __init__(self, record: RecordAccess, data: Path) -> None:
        self.record = record
        self.identities: Identities = open_identities(record, data, account_id="1")
        self.callers: dict[str, Identity] = {}
        for name in ("alice", "bob"):
            record.users.create(User(name=name))
            self.callers[name] = self.identities.find(self.identities.make_key(name)[1].id)
        ops = record.roles.create(Role(name="ops", trust_policy=trust(by_ram("acs:ram::1:root"))))
        made = assume(self.identities, self.callers["alice"], ops, Wanted(name="me", seconds=900))
        self.callers["ops"] = self.identities.find(made.key.id, made.token)

    def role(self, document: str) -> Role:
        return self.record.roles.create(Role(name="target", trust_policy=document))

    def assume(self, caller: str, role: Role, **wanted: Any) -> Credentials:
        values = {"name": "session", "seconds": 900, **wanted}
        return assume(self.identities, self.callers[caller], role, Wanted(**values))

    def may(self, role: Role, conditions: Mapping[str, str] | None = None) -> set[str]:
        allowed = set()
        for caller in self.callers:
            try:
                self.assume(caller, role, conditions=conditions or {})
            except NotTrusted:
                continue
            allowed.add(caller)
        return allowed


@pytest.fixture
def room(record: RecordAccess, tmp_path: Path) -> Room:
    return Room(record, tmp_path)


@pytest.mark.parametrize(
    ("document", "allowed"),
    [
        (trust(by_ram("acs:ram::1:root")), {"alice", "bob", "ops"}),
        (trust(by_ram(ALICE)), {"alice"}),
        (trust(by_ram(BOB, OPS)), {"bob", "ops"}),
        (trust(by_ram("acs:ram::2:root")), set()),
        (trust({"Principal": {"Service": ["imm.aliyuncs.com"]}}), set()),
        (trust(by_ram("acs:ram::1:root"), {"Effect": "Deny", **by_ram(ALICE)}), {"bob", "ops"}),
    ],
)
def test_the_trust_policy_names_who_may(room: Room, document: str, allowed: set[str]) -> None:
    assert room.may(room.role(document)) == allowed


def test_an_external_id_is_asked_for(room: Room) -> None:
    asked = {"Condition": {"StringEquals": {"sts:ExternalId": "abc"}}}
    role = room.role(trust({**by_ram(ALICE), **asked}))
    assert room.may(role) == set()
    assert room.may(role, {"sts:ExternalId": "other"}) == set()
    assert room.may(role, {"sts:ExternalId": "abc"}) == {"alice"}


def test_the_role_says_how_long(room: Room) -> None:
    role = replace(room.role(trust(by_ram(ALICE))), max_session_seconds=7_200)
    assert room.assume("alice", role, seconds=7_200)
    with pytest.raises(SessionTooLong) as caught:
        room.assume("alice", role, seconds=7_201)
    assert caught.value.args == (7_200,)


def test_a_session_policy_must_be_one(room: Room) -> None:
    role = room.role(trust(by_ram(ALICE)))
    with pytest.raises(MalformedPolicy, match="line 1"):
        room.assume("alice", role, policy='{"Version":"2"}')
    narrow = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"imm:Get*","Resource":"*"}]}'
    assert room.assume("alice", role, policy=narrow)


def test_a_trust_policy_that_cannot_be_read_any_more_trusts_nobody(room: Room) -> None:
    assert room.may(room.role("{")) == set()


def test_the_session_is_that_of_the_role(room: Room) -> None:
    role = room.role(trust(by_ram(OPS)))
    made = room.assume("ops", role, name="chained")
    found = room.identities.find(made.key.id, made.token)
    assert found.arn == "acs:ram::1:assumed-role/target/chained"
    assert found.session is not None
    assert found.session.assumed_by == "acs:ram::1:assumed-role/ops/me"
    assert made.key.secret not in repr(made)
    assert made.token not in repr(made)


def test_credentials_differ_each_time(room: Room) -> None:
    role = room.role(trust(by_ram(ALICE)))
    one, other = room.assume("alice", role), room.assume("alice", role)
    assert len({one.key.id, other.key.id}) == len({one.key.secret, other.key.secret}) == 2
    assert one.token != other.token
    assert one.key.id.startswith("STS.")
