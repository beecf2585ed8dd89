"""Decisions: what the table of rows says, and what holds for any policies."""

from __future__ import annotations

from bindery.access.policy.compiled import read_policy
from bindery.access.policy.decide import Attached, Cause, Grants, Request, decide, is_unconditional
from bindery.access.policy.document import PolicyForm
from bindery.access.policy.system import system_policies


def grants_of(*texts: str, session: str | None = None) -> Grants:
    return Grants(
        tuple(
            Attached("user", f"p{index}", "Custom", read_policy(text)) for index, text in enumerate(texts)
        ),
        read_policy(session, PolicyForm.SESSION) if session is not None else None,
    )


READ = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"imm:Get*","Resource":"acs:imm:*:*:project/a/*"}]}'
DENY = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"imm:GetBinding","Resource":"*"}]}'
IN_A = "acs:imm:cn-hangzhou:1:project/a/dataset/d"


def test_the_decision_names_the_statement_that_decided() -> None:
    allowed = decide(grants_of(READ), Request("imm:GetFileMeta", IN_A))
    assert (allowed.allowed, allowed.cause, allowed.statement) == (True, Cause.ALLOW, 0)
    assert allowed.attached is not None
    assert allowed.attached.name == "p0"
    denied = decide(grants_of(READ, DENY), Request("imm:GetBinding", IN_A))
    assert (denied.allowed, denied.cause) == (False, Cause.EXPLICIT_DENY)
    assert denied.attached is not None
    assert denied.attached.name == "p1"


def test_a_session_policy_narrows_and_is_told_apart() -> None:
    request = Request("imm:GetBinding", IN_A)
    assert decide(grants_of(READ, session=READ), request).allowed
    assert decide(grants_of(READ, session=DENY), request).cause is Cause.SESSION_EXPLICIT_DENY
    other = READ.replace("project/a", "project/b")
    assert decide(grants_of(READ, session=other), request).cause is Cause.SESSION_IMPLICIT_DENY
    assert decide(grants_of(session=READ), request).cause is Cause.IMPLICIT_DENY


def test_system_policies_are_read_and_allow_what_they_say() -> None:
    policies = system_policies()
    full = Grants((Attached("user", "full", "System", policies["AliyunIMMFullAccess"].policy),))
    assert decide(full, Request("imm:CreateBinding", IN_A)).allowed
    assert not decide(full, Request("bindery:RegisterBucket", "*")).allowed
    role = Request("ram:PassRole", "acs:ram::1:role/r", {"acs:Service": "imm.aliyuncs.com"})
    assert decide(full, role).allowed
    assert not decide(full, Request("ram:PassRole", "acs:ram::1:role/r")).allowed
    query = Grants((Attached("user", "query", "System", policies["BinderyIMMQueryAccess"].policy),))
    assert decide(query, Request("imm:SimpleQuery", IN_A)).allowed
    assert not decide(query, Request("imm:CreateDataset", IN_A)).allowed


def test_what_conditions_have_no_say_in() -> None:
    asks = ',"Condition":{"Bool":{"acs:SecureTransport":"true"}}}]}'
    only_if = READ.replace("}]}", asks)
    elsewhere = DENY.replace('"*"', '"acs:imm:*:*:project/b/*"')
    for texts, session, expected in (
        ((READ,), None, True),
        ((), None, False),
        ((DENY.replace("}]}", asks), READ), None, False),
        ((READ, DENY), None, False),
        ((READ, elsewhere), None, True),
        ((only_if,), None, False),
        ((only_if, READ), None, False),
        ((READ, only_if), None, True),
        ((READ,), READ, True),
        ((READ,), only_if, False),
        ((READ,), DENY, False),
        ((READ,), READ.replace("project/a", "project/b"), False),
    ):
        grants = grants_of(*texts, session=session)
        assert is_unconditional(grants, "imm:GetBinding", IN_A) is expected, texts
        assert not expected or decide(grants, Request("imm:GetBinding", IN_A)).allowed
