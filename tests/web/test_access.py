"""The pages of users, groups, roles and policies, the simulator, the audit log, tasks and health."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import RunningServer

from .conftest import HeldBack, Visitor, grant, new_key, signed_in_with

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


def test_what_is_wrong_is_told_in_the_language_of_the_reader(root: Visitor) -> None:
    typed = json.dumps({"document": '{"Version":"2"}', "form": "Identity"})
    headers = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRF-Token": root.csrf}
    for language, said in (("en", "Statement is missing."), ("zh-CN", "缺少 Statement。")):
        answer = root.send(
            "POST", "/console/access/drafts/validate", typed, headers | {"Accept-Language": language}
        )
        assert [each["Message"] for each in json.loads(answer.text)["Findings"]] == [said]


def test_the_simulator_tells_the_statement(root: Visitor, server: RunningServer, user: str) -> None:
    grant(server, user, {"Action": "imm:Get*", "Resource": "*"})
    asked = f"/console/access/simulate?principal=user/{user}&resource=project/p&action=imm:"
    allowed, denied = root.get(asked + "GetProject").text, root.get(asked + "DeleteProject").text
    assert re.search(r'data-testid="verdict">Allowed<', allowed)
    assert f"/console/access/policies/{user}?type=Custom" in allowed
    assert "Statement 1, line 1:" in allowed
    assert re.search(r'data-testid="verdict">Denied<', denied)
    assert "does not apply" in denied


def test_a_user_is_offered_what_he_may(server: RunningServer, user: str) -> None:
    grant(server, user, {"Action": ["ram:List*", "ram:Get*", "bindery:ListPermissions"], "Resource": "*"})
    visitor = signed_in_with(server, new_key(server, user))
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


def test_a_document_is_checked_while_it_is_typed(signed_in: Page, user: str, server: RunningServer) -> None:
    signed_in.goto("/console/access/policies")
    signed_in.get_by_test_id("new").click()
    document = signed_in.get_by_test_id("new-PolicyDocument")
    findings = signed_in.get_by_test_id("policy-findings")
    document.fill(BROKEN)
    expect(findings).to_contain_text("line 2, column")
    expect(signed_in.locator(".marks mark")).to_have_text('"allow"')
    findings.get_by_role("button").click()
    assert (
        document.evaluate("text => text.value.slice(text.selectionStart, text.selectionEnd)") == '"allow"'
    )
    document.fill(READS.replace("Get*", "GetProjekt"))
    expect(findings).to_contain_text('perhaps "imm:GetProject" is meant')
    document.fill(READS)
    expect(findings).to_have_text("This is a valid policy.")
    signed_in.get_by_test_id("trial").locator("summary").click()
    signed_in.get_by_test_id("trial-principal").fill(f"user/{user}")
    signed_in.get_by_test_id("trial-compare").click()
    outcome = signed_in.get_by_test_id("trial-outcome")
    expect(outcome).to_contain_text("imm:GetFileMeta")
    signed_in.get_by_test_id("trial-action").fill("imm:GetProject")
    signed_in.get_by_test_id("trial-resource").fill("project/p")
    signed_in.get_by_test_id("trial-decide").click()
    expect(outcome.locator(".tag")).to_have_text(["Denied", "Allowed"])
    assert server.call("ListPoliciesForUser", UserName=user)["Policies"]["Policy"] == []


def test_what_a_trial_tells_is_of_the_last_question(signed_in: Page, user: str) -> None:
    signed_in.goto("/console/access/policies")
    signed_in.get_by_test_id("new").click()
    signed_in.get_by_test_id("new-PolicyDocument").fill(READS)
    signed_in.get_by_test_id("trial").locator("summary").click()
    for field, value in (
        ("principal", f"user/{user}"),
        ("action", "imm:GetProject"),
        ("resource", "project/p"),
    ):
        signed_in.get_by_test_id(f"trial-{field}").fill(value)
    comparison = HeldBack(signed_in, re.compile("/drafts/compare$"))
    signed_in.get_by_test_id("trial-compare").click()
    comparison.wait()
    signed_in.get_by_test_id("trial-decide").click()
    decisions = signed_in.get_by_test_id("trial-outcome").locator(".tag")
    expect(decisions).to_have_text(["Denied", "Allowed"])
    comparison.answer()
    expect(decisions).to_have_text(["Denied", "Allowed"])


def test_what_is_offered_is_what_may_be_done_with_this_one(
    server: RunningServer, user: str, new_name: Callable[[str], str]
) -> None:
    """The right to make keys of one user is no right to make those of another, nor to delete him."""
    other = new_name("other")
    server.call("CreateUser", UserName=other)
    grant(
        server,
        user,
        {"Action": ["ram:Get*", "ram:ListA*", "ram:ListU*"], "Resource": "*"},
        {"Action": "ram:CreateAccessKey", "Resource": f"acs:ram:*:*:user/{user}"},
    )
    visitor = signed_in_with(server, new_key(server, user))
    own, others = (visitor.get(f"/console/access/users/{name}").text for name in (user, other))
    assert 'data-testid="create-key"' in own
    assert 'data-testid="create-key"' not in others
    assert f"no policy of yours allows ram:CreateAccessKey on user/{other}" in others
    assert f"allows ram:DeleteUser on user/{user}" in own
    assert f"allows ram:ListGroupsForUser on user/{user}" in own
    # what the page knows to be refused it has not asked for: nothing of it is in the audit log
    principal = f"*user/{user}"
    denied = server.call("ListAuditRecords", AuthPrincipal=principal, Denied=True)["AuditRecords"]
    assert denied == []


def test_pages_leave_the_audit_log_to_what_people_do(
    root: Visitor, user: str, server: RunningServer
) -> None:
    """A page makes many reads that nobody has asked for; a call of the explorer, and a change, somebody has."""

    def recorded() -> set[str]:
        found = server.call("ListAuditRecords", AuthResource=f"*user/{user}", MaxResults=100)
        return {each["Action"] for each in found["AuditRecords"]} - {"imm:ListAuditRecords"}

    before = recorded()
    assert root.get(f"/console/access/users/{user}").status == 200
    assert recorded() == before
    sent = json.dumps({"operation": "ram:GetUser", "values": {"UserName": user}})
    headers = {"Content-Type": "application/json", "X-Csrf-Token": root.csrf, "Accept": "application/json"}
    assert root.send("POST", "/explorer/send", sent, headers).status == 200
    root.post(f"/console/access/users/{user}/create-key", {})
    assert recorded() - before == {"ram:GetUser", "ram:CreateAccessKey"}


def test_the_last_use_of_a_key(root: Visitor, server: RunningServer, user: str) -> None:
    grant(server, user, {"Action": "ram:Get*", "Resource": "*"})
    key = new_key(server, user)
    page = f"/console/access/users/{user}"
    assert 'data-testid="last-used">never' in root.get(page).text
    assert signed_in_with(server, key).get(page).status == 200
    assert re.search(r'data-testid="last-used">\d{4}-', root.get(page).text)


def test_one_session_ends_and_the_other_goes_on(root: Visitor, server: RunningServer, user: str) -> None:
    grant(server, user, {"Action": "ram:Get*", "Resource": "*"})
    key = new_key(server, user)
    here, there = signed_in_with(server, key), signed_in_with(server, key)
    page = "/console/access/sessions"
    rows = here.get(page).text.split('data-testid="session"')[1:]
    (other,) = [row for row in rows if "this one" not in row]
    ending = re.search(rf'action="({page}/[0-9a-f]+/end)"', other)
    assert ending is not None
    assert root.post(ending[1], {}).status == 404, "of somebody else"
    assert there.get(page).status == 200
    assert here.post(ending[1], {}).status == 303
    assert there.get(page).status == 303
    assert here.get(page).status == 200
    assert here.post(ending[1], {}).status == 404
