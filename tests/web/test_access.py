"""The pages of users, groups, roles and policies, the simulator, the audit log, tasks and health."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import RunningServer

from .conftest import Visitor

pytestmark = pytest.mark.server
READS = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "imm:Get*", "Resource": "*"}]}'
BROKEN = '{"Version": "1",\n "Statement": [{"Effect": "allow", "Action": "imm:Get*", "Resource": "*"}]}'


@pytest.fixture
def root(server: RunningServer, visitor: Visitor) -> Visitor:
    visitor.sign_in(server.key_id, server.key_secret)
    return visitor


@pytest.fixture
def user(server: RunningServer, new_name: Callable[[str], str]) -> str:
    name = new_name("person")
    server.call("CreateUser", UserName=name)
    return name


@pytest.mark.parametrize(
    "path",
    [
        "access/users",
        "access/groups",
        "access/roles",
        "access/policies",
        "access/simulate",
        "access/sessions",
        "access/audit",
        "access/policies/AliyunIMMFullAccess?type=System",
        "tasks/",
        "health",
    ],
)
def test_pages_are_there_and_for_the_signed_in_alone(root: Visitor, path: str) -> None:
    assert Visitor(root.address).get("/console/" + path).status == 303
    shown = root.get("/console/" + path)
    assert shown.status == 200
    assert 'class="parts"' in shown.text


def test_a_user_from_its_making_to_its_end(root: Visitor, new_name: Callable[[str], str]) -> None:
    name = new_name("whole")
    page = f"/console/access/users/{name}"
    assert root.post("/console/access/users", {"UserName": name, "Comments": "<b>bold"}).status == 303
    assert "&lt;b&gt;bold" in root.get(page).text
    made = root.post(page + "/create-key", {})
    key_id, secret = re.findall(r'data-testid="new-key-(?:id|secret)">([^<]+)<', made.text)
    assert secret not in root.get(page).text
    other = Visitor(root.address)
    assert other.sign_in(key_id, secret).status == 303
    root.post(page + "/key-status", {"UserAccessKeyId": key_id, "Status": "Inactive"})
    assert Visitor(root.address).sign_in(key_id, secret).status == 403
    assert root.post(page + "/delete", {}).status == 400
    assert root.post(page + "/delete-key", {"UserAccessKeyId": key_id}).status == 303
    assert root.post(page + "/delete", {}).headers["Location"] == "/console/access/users"
    assert root.get(page).status == 404


def test_membership_and_policies(root: Visitor, user: str, new_name: Callable[[str], str]) -> None:
    group, policy = new_name("group"), new_name("policy")
    root.post("/console/access/groups", {"GroupName": group})
    root.post("/console/access/policies", {"PolicyName": policy, "PolicyDocument": READS})
    page = f"/console/access/users/{user}"
    assert root.post(page + "/join", {"GroupName": group}).status == 303
    named = {"PolicyType": "Custom", "PolicyName": policy}
    assert root.post(page + "/attach", named).status == 303
    assert f"/console/access/groups/{group}" in root.get(page).text
    assert f"/console/access/policies/{policy}?type=Custom" in root.get(page).text
    assert page in root.get(f"/console/access/groups/{group}").text
    assert page in root.get(f"/console/access/policies/{policy}").text
    assert root.post(page + "/detach", named).status == 303
    assert root.post(page + "/leave", {"GroupName": group}).status == 303
    assert f"/console/access/groups/{group}" not in root.get(page).text


def test_a_policy_that_is_none_is_refused_with_its_place(
    root: Visitor, new_name: Callable[[str], str]
) -> None:
    name = new_name("policy")
    refused = root.post("/console/access/policies", {"PolicyName": name, "PolicyDocument": BROKEN})
    assert refused.status == 400
    assert "line 2, column" in refused.text
    assert "/Statement/0/Effect" in refused.text
    root.post("/console/access/policies", {"PolicyName": name, "PolicyDocument": READS})
    page = f"/console/access/policies/{name}"
    again = root.post(page + "/save", {"PolicyDocument": BROKEN, "SetAsDefault": "true"})
    assert again.status == 400
    assert "&#34;allow&#34;" in again.text
    assert root.post(page + "/save", {"PolicyDocument": READS, "SetAsDefault": "true"}).status == 303
    assert 'data-testid="version-v2"' in root.get(page).text
    assert root.post(page + "/default", {"VersionId": "v1"}).status == 303
    assert root.post(page + "/delete-version", {"VersionId": "v2"}).status == 303


def test_the_simulator_tells_the_statement(root: Visitor, server: RunningServer, user: str) -> None:
    server.call("CreatePolicy", PolicyName=user, PolicyDocument=READS)
    server.call("AttachPolicyToUser", PolicyType="Custom", PolicyName=user, UserName=user)
    asked = f"/console/access/simulate?principal=user/{user}&resource=project/p&action=imm:"
    allowed, denied = root.get(asked + "GetProject").text, root.get(asked + "DeleteProject").text
    assert re.search(r'data-testid="verdict">Allowed<', allowed)
    assert f"/console/access/policies/{user}?type=Custom" in allowed
    assert "Statement 1, line 1:" in allowed
    assert re.search(r'data-testid="verdict">Denied<', denied)
    assert "does not apply" in denied


def test_a_user_is_offered_what_he_may(server: RunningServer, user: str, visitor: Visitor) -> None:
    document = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:List*","ram:Get*",'
        '"bindery:ListPermissions"],"Resource":"*"}]}'
    )
    server.call("CreatePolicy", PolicyName=user, PolicyDocument=document)
    server.call("AttachPolicyToUser", PolicyType="Custom", PolicyName=user, UserName=user)
    key = server.call("CreateAccessKey", UserName=user)["AccessKey"]
    visitor.sign_in(key["AccessKeyId"], key["AccessKeySecret"])
    listed = visitor.get("/console/access/users")
    assert 'data-testid="may-not-CreateUser"' in listed.text
    page = visitor.get(f"/console/access/users/{user}").text
    assert "no policy of yours allows ram:CreateAccessKey" in page
    refused = visitor.post(f"/console/access/users/{user}/create-key", {})
    assert refused.status == 400
    assert "NoPermission" in refused.text
    audit = visitor.get("/console/access/audit")
    assert audit.status == 403
    assert "NoPermission" in audit.text


def test_the_audit_log_is_searched(root: Visitor, user: str) -> None:
    found = root.get(f"/console/access/audit?AuthAction=ram:CreateUser&AuthResource=*user/{user}").text
    assert found.count('data-testid="audit-record"') == 1
    assert root.get("/console/access/audit?AuthAction=no:Such").text.count("audit-record") == 0


def test_own_sessions_end_everywhere(root: Visitor) -> None:
    assert "this one" in root.get("/console/access/sessions").text
    root.post("/sign-out", {"everywhere": "1"})
    assert root.get("/console/access/sessions").status == 303


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_they_fit(signed_in: Page, user: str, width: int) -> None:
    signed_in.set_viewport_size({"width": width, "height": 900})
    for path in ("users", f"users/{user}", "policies/AliyunIMMFullAccess?type=System", "simulate", "audit"):
        signed_in.goto("/console/access/" + path)
        assert signed_in.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_a_document_has_numbered_lines(signed_in: Page) -> None:
    signed_in.goto("/console/access/policies")
    signed_in.get_by_test_id("new").click()
    document = signed_in.get_by_test_id("new-PolicyDocument")
    document.fill("a\nb\nc")
    expect(signed_in.locator(".lines span")).to_have_count(3)
