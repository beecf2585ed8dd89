"""What of each exchange is in the audit log when its answer is there."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from tests.api.conftest import HOST, Api

from bindery.access.audit import files as files_module
from bindery.access.audit.reading import Wanted, search
from bindery.access.audit.record import AuditRecord, DecidedBy, Kind
from bindery.api.gateway.request import HttpRequest
from bindery.api.gateway.signature import sign_v3

ROOT = "acs:ram::1000000000000001:root"


def records(api: Api, **wanted: Any) -> list[AuditRecord]:
    """The newest first."""
    log = api.context.audit_log
    log.flush()
    return list(search(log.folder, Wanted(**wanted), limit=10_000).records)


def on_disk(api: Api) -> str:
    """Everything that is there now, without waiting for what is under way."""
    return "".join(file.read_text() for file in Path(api.context.audit_log.folder).iterdir())


@pytest.fixture(scope="module")
def api(make_api: Callable[..., Api]) -> Api:
    return make_api()


@pytest.fixture(scope="module")
def talkative(make_api: Callable[..., Api]) -> Api:
    return make_api(all_calls=True)


def test_a_change_is_on_the_disk_with_its_answer(api: Api) -> None:
    answer = api.send("CreateProject", {"ProjectName": "written", "Description": "not shown"})
    assert answer.request_id in on_disk(api)
    (record,) = records(api, action="imm:CreateProject", resource="*project/written")
    assert record.kind is Kind.CHANGE
    assert record.code == "OK"
    assert record.request_id == answer.request_id
    assert (record.principal, record.access_key_id) == (ROOT, "root")
    assert record.resources == ("acs:imm:cn-hangzhou:1000000000000001:project/written",)
    assert record.parameters == {"ProjectName": "written"}
    assert record.decided_by is not None
    assert record.decided_by.cause == "AllowedByOwner"


def test_a_change_that_fails_is_recorded_with_its_code(api: Api) -> None:
    api.send("CreateProject", {"ProjectName": "twice"})
    api.refused("CreateProject", ProjectName="twice")
    api.refused("CreateProject", ProjectName="!")
    codes = [record.code for record in records(api, action="imm:CreateProject")]
    assert codes[:3] == ["InvalidProjectName", "ResourceAlreadyExists", "OK"]


def test_reads_are_recorded_when_all_calls_are(api: Api, talkative: Api) -> None:
    api("ListProjects")
    assert records(api, action="imm:ListProjects") == []
    api.refused("GetProject", ProjectName="nowhere")
    assert records(api, action="imm:GetProject", code="ResourceNotFound") == []
    talkative("ListProjects")
    talkative.refused("GetProject", ProjectName="nowhere")
    found = records(talkative, action="imm:*Project*")[:2]
    assert [(each.kind, each.action, each.code) for each in found] == [
        (Kind.CALL, "imm:GetProject", "ResourceNotFound"),
        (Kind.CALL, "imm:ListProjects", "OK"),
    ]


def test_changes_of_entries_are_recorded_among_the_calls(api: Api) -> None:
    api.refused("DeleteFileMeta", ProjectName="p", DatasetName="d", URI="oss://bucket/key")
    (record,) = records(api, action="imm:DeleteFileMeta")
    assert (record.kind, record.code) == (Kind.CALL, "ResourceNotFound")


def signed(action: str, key: str, secret: str, query: list[tuple[str, str]]) -> HttpRequest:
    headers = sign_v3("POST", HOST, action, query, key, secret, version="2020-09-30")
    fields = {name.lower(): [value] for name, value in headers.items()} | {"user-agent": ["tester\x1b[2J"]}
    return HttpRequest("POST", "/?" + urlencode(query), fields)


def test_a_wrong_signature_is_a_denial_of_nobody_with_a_known_key(api: Api) -> None:
    api.handle(signed("GetProject", "root", "wrong", [("ProjectName", "p")]))
    record = records(api, denied=True)[0]
    assert (record.kind, record.code) == (Kind.DENIAL, "SignatureDoesNotMatch")
    assert (record.principal, record.access_key_id) == ("", "root")
    assert record.action == "imm:GetProject"
    assert record.decided_by is None


def test_an_unknown_key_is_not_named_since_it_may_be_a_secret(api: Api) -> None:
    api.handle(signed("GetProject", "actually-a-secret", "wrong", [("ProjectName", "p")]))
    record = records(api, denied=True)[0]
    assert (record.code, record.access_key_id) == ("InvalidAccessKeyId.NotFound", "")
    assert "actually-a-secret" not in on_disk(api)


def test_what_is_no_request_of_anybody_is_not_recorded(api: Api) -> None:
    before = len(records(api))
    api.handle(HttpRequest("POST", "/?Action=GetProject", {"host": [HOST]}))
    api.handle(HttpRequest("POST", "/?%ff", {"host": [HOST]}))
    api.handle(HttpRequest("POST", "/", {"host": [HOST]}))
    assert len(records(api)) == before


def test_no_secret_of_a_call_is_recorded(talkative: Api) -> None:
    store = "s3://bucket?endpoint=https://user:geheim@host&secret_access_key=geheim"
    talkative.send("RegisterBucket", {"Bucket": "bucket", "Store": store})
    talkative.send("GetProject", {"ProjectName": "geheim2=token", "SecurityToken": "geheim"})
    assert records(talkative, action="imm:RegisterBucket")[0].parameters == {"Bucket": "bucket"}
    text = on_disk(talkative)
    assert "geheim@" not in text and "=geheim" not in text and "root-secret" not in text


def test_a_client_who_goes_away_leaves_the_record_of_his_change(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    built = api.gateway.built["imm:CreateProject"]

    def slow(context: Any, message: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return built.run(context, message)

    changed = {**api.gateway.built, "imm:CreateProject": msgspec.structs.replace(built, run=slow)}
    monkeypatch.setattr(api.gateway, "built", changed)

    async def call_and_leave() -> None:
        request = signed("CreateProject", "root", "root-secret", [("ProjectName", "left")])
        task = asyncio.create_task(api.gateway.handle(request))
        assert await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(call_and_leave())
    go_on.set()
    deadline = threading.Event()
    for _ in range(600):
        if records(api, resource="*project/left"):
            break
        deadline.wait(0.1)
    (record,) = records(api, resource="*project/left")
    assert record.code == "OK"
    assert api("GetProject", ProjectName="left")["Project"]["ProjectName"] == "left"


def test_while_nothing_can_be_recorded_nothing_is_changed_and_reads_go_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.send("CreateProject", {"ProjectName": "kept"})
    with monkeypatch.context() as patch:

        def refuse(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(files_module.WritingFile, "append", refuse)
        api.handle(signed("GetProject", "root", "wrong", []))
        api.context.audit_log.flush()
        refused = api.refused("CreateProject", ProjectName="unrecorded")
        assert (refused.status, refused.code) == (503, "ServiceUnavailable")
        assert "make room" in refused.message
        assert api("GetProject", ProjectName="kept")["Project"]["ProjectName"] == "kept"
        assert api.refused("GetProject", ProjectName="unrecorded").code == "ResourceNotFound"
    api.context.audit_log.flush()
    assert api.send("CreateProject", {"ProjectName": "unrecorded"}).status == 200


def test_which_statement_decided_is_recorded(make_api: Callable[..., Api]) -> None:
    api = make_api(all_calls=True)
    api("CreateUser", UserName="reader")
    document = {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "imm:Get*", "Resource": "*"},
            {"Effect": "Deny", "Action": "imm:*", "Resource": "acs:imm:*:*:project/secret"},
        ],
    }
    api("CreatePolicy", PolicyName="reading", PolicyDocument=document)
    api("AttachPolicyToUser", PolicyType="Custom", PolicyName="reading", UserName="reader")
    key = api("CreateAccessKey", UserName="reader")["AccessKey"]
    with api.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
        for name in ("open", "secret"):
            api.send("GetProject", {"ProjectName": name})
        api.send("DeleteProject", {"ProjectName": "open"})
    nothing, denied, allowed = records(api, principal="*:user/reader")
    assert (allowed.kind, allowed.code) == (Kind.CALL, "ResourceNotFound")
    assert (denied.kind, denied.code) == (Kind.DENIAL, "NoPermission")
    assert allowed.access_key_id == denied.access_key_id == key["AccessKeyId"]
    assert allowed.decided_by == DecidedBy(
        cause="Allow", policy_type="Custom", policy_name="reading", attached_to="user", statement=1
    )
    assert denied.decided_by == msgspec.structs.replace(
        allowed.decided_by, cause="ExplicitDeny", statement=2
    )
    assert nothing.decided_by == DecidedBy(cause="ImplicitDeny")
    assert nothing.kind is Kind.DENIAL, "a change that was refused has changed nothing"
    text = on_disk(api)
    assert key["AccessKeySecret"] not in text
    assert json.dumps(document, separators=(",", ":"))[:20].replace('"', '\\"') in text, (
        "documents are shown"
    )
