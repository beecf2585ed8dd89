"""Policies, their versions, and whom they are attached to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from tests.api.operations.entities import allowing, make_policy, make_role

if TYPE_CHECKING:
    from tests.api.conftest import Api

SYSTEM = {"PolicyType": "System", "PolicyName": "AliyunIMMFullAccess"}
CUSTOM = {"PolicyType": "Custom", "PolicyName": "own"}


def versions(ram: Api) -> list[tuple[str, bool]]:
    found = ram("ListPolicyVersions", **CUSTOM)["PolicyVersions"]["PolicyVersion"]
    return [(version["VersionId"], version["IsDefaultVersion"]) for version in found]


def test_a_policy_has_what_it_was_made_with(ram: Api) -> None:
    made = make_policy(ram, Description="家")
    assert (made["PolicyName"], made["PolicyType"], made["DefaultVersion"]) == ("own", "Custom", "v1")
    read = ram("GetPolicy", **CUSTOM)
    assert read["Policy"]["Description"] == "家"
    assert read["Policy"]["AttachmentCount"] == 0
    version = read["DefaultPolicyVersion"]
    assert (version["VersionId"], version["IsDefaultVersion"]) == ("v1", True)
    assert version["PolicyDocument"] == allowing()
    changed = ram("UpdatePolicyDescription", PolicyName="own", NewDescription="new")["Policy"]
    assert changed["Description"] == "new"


@pytest.mark.parametrize("action", ["CreatePolicy", "CreatePolicyVersion"])
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[]", "line 1, column 1"),
        ('{"Version": "2", "Statement": []}', "/Version"),
        ('{"Version": "1",\n  "Statement": [{"Effect": "allow"}]}', "line 2"),
        ('{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "imm:*"}]}', "Resource"),
        ("{" * 3_000, "line 1"),
    ],
)
def test_documents_that_are_none(ram: Api, action: str, text: str, place: str) -> None:
    make_policy(ram)
    refused = ram.refused(action, PolicyName="own2", PolicyDocument=text)
    assert refused[:2] == (400, "MalformedPolicyDocument")
    assert place in refused.message


def test_a_long_document_is_refused(ram: Api) -> None:
    refused = ram.refused("CreatePolicy", PolicyName="own", PolicyDocument=allowing() + " " * 6_144)
    assert refused[:2] == (400, "InvalidParameter.PolicyDocument.Length")


def test_five_versions_with_one_default(ram: Api) -> None:
    make_policy(ram)
    for number in range(2, 6):
        made = ram("CreatePolicyVersion", PolicyName="own", PolicyDocument=allowing(f"imm:Get{number}*"))
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
        assert made["PolicyVersion"]["IsDefaultVersion"] is False
    full = {"PolicyName": "own", "PolicyDocument": allowing(), "SetAsDefault": True}
    assert ram.refused("CreatePolicyVersion", **full)[:2] == (409, "LimitExceeded.Policy.Version")
    assert versions(ram) == [("v5", False), ("v4", False), ("v3", False), ("v2", False), ("v1", True)]
    rotating = {"RotateStrategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded"}
    assert ram("CreatePolicyVersion", **full, **rotating)["PolicyVersion"]["IsDefaultVersion"] is True
    assert versions(ram) == [("v6", True), ("v5", False), ("v4", False), ("v3", False), ("v1", False)]


def test_the_default_version_is_chosen_and_not_deleted(ram: Api) -> None:
    make_policy(ram)
    ram("CreatePolicyVersion", PolicyName="own", PolicyDocument=allowing("imm:ListProjects"))
    ram("SetDefaultPolicyVersion", PolicyName="own", VersionId="v2")
    assert ram("GetPolicy", **CUSTOM)["Policy"]["DefaultVersion"] == "v2"
    refused = ram.refused("DeletePolicyVersion", PolicyName="own", VersionId="v2")
    assert refused[:2] == (409, "DeleteConflict.Policy.Version.Default")
    ram("DeletePolicyVersion", PolicyName="own", VersionId="v1")
    refused = ram.refused("GetPolicyVersion", **CUSTOM, VersionId="v1")
    assert refused[:2] == (404, "EntityNotExist.Policy.Version")
    read = ram("GetPolicyVersion", **CUSTOM, VersionId="v2")["PolicyVersion"]
    assert read["PolicyDocument"] == allowing("imm:ListProjects")


@pytest.mark.parametrize("version", ["2", "v0", "v", "v1x", "v" + "9" * 30, "vv1"])
def test_names_of_versions(ram: Api, version: str) -> None:
    make_policy(ram)
    refused = ram.refused("SetDefaultPolicyVersion", PolicyName="own", VersionId=version)
    assert refused[:2] == (400, "InvalidParameter.VersionId.Format")


def test_a_policy_is_deleted_once_nobody_has_it(ram: Api) -> None:
    make_policy(ram)
    ram("CreatePolicyVersion", PolicyName="own", PolicyDocument=allowing())
    ram("CreateUser", UserName="alice")
    ram("CreateGroup", GroupName="devs")
    make_role(ram, "reader")
    codes = []
    for kind, name in (("User", "alice"), ("Group", "devs"), ("Role", "reader")):
        ram(f"AttachPolicyTo{kind}", **CUSTOM, **{f"{kind}Name": name})
    for kind, name in (("User", "alice"), ("Group", "devs"), ("Role", "reader")):
        codes.append(ram.refused("DeletePolicy", PolicyName="own", CascadingDelete=True)[:2])
        ram(f"DetachPolicyFrom{kind}", **CUSTOM, **{f"{kind}Name": name})
    codes.append(ram.refused("DeletePolicy", PolicyName="own")[:2])
    assert codes == [
        (409, "DeleteConflict.Policy.User"),
        (409, "DeleteConflict.Policy.Group"),
        (409, "DeleteConflict.Role.Policy"),
        (409, "DeleteConflict.Policy.Version"),
    ]
    ram("DeletePolicy", PolicyName="own", CascadingDelete=True)
    assert ram.refused("GetPolicy", **CUSTOM)[:2] == (404, "EntityNotExist.Policy")


def test_policies_of_the_system_are_read_and_never_changed(ram: Api) -> None:
    read = ram("GetPolicy", **SYSTEM)
    assert (read["Policy"]["PolicyType"], read["Policy"]["DefaultVersion"]) == ("System", "v3")
    statements = json.loads(read["DefaultPolicyVersion"]["PolicyDocument"])["Statement"]
    assert {"Action": "imm:*", "Resource": "*", "Effect": "Allow"} in statements
    listed = ram("ListPolicyVersions", **SYSTEM)["PolicyVersions"]["PolicyVersion"]
    assert [version["VersionId"] for version in listed] == ["v3"]
    version = ram("GetPolicyVersion", **SYSTEM, VersionId="v3")["PolicyVersion"]
    assert version == read["DefaultPolicyVersion"]
    assert ram.refused("GetPolicyVersion", **SYSTEM, VersionId="v1").code == "EntityNotExist.Policy.Version"
    name = SYSTEM["PolicyName"]
    assert ram.refused("DeletePolicy", PolicyName=name).code == "EntityNotExist.Policy"
    refused = ram.refused("CreatePolicyVersion", PolicyName=name, PolicyDocument=allowing())
    assert refused.code == "EntityNotExist.Policy"
    assert (
        ram.refused("GetPolicy", PolicyType="System", PolicyName="nosuch").code == "EntityNotExist.Policy"
    )


def test_policies_are_listed_by_type_and_in_pages(ram: Api) -> None:
    for name in ("b", "a", "c"):
        make_policy(ram, name, Tag=[{"Key": "team", "Value": name}])
    whole = ram("ListPolicies", MaxItems=1_000)["Policies"]["Policy"]
    of_system = [policy["PolicyName"] for policy in whole if policy["PolicyType"] == "System"]
    assert [(policy["PolicyType"], policy["PolicyName"]) for policy in whole] == [
        *(("System", name) for name in sorted(of_system)),
        *(("Custom", name) for name in "abc"),
    ]
    paged, marker = [], ""
    while marker is not None:
        page = ram("ListPolicies", MaxItems=2, Marker=marker)
        paged += page["Policies"]["Policy"]
        marker = page.get("Marker")
    assert paged == whole
    own = ram("ListPolicies", PolicyType="Custom", MaxItems=2)
    assert [policy["PolicyName"] for policy in own["Policies"]["Policy"]] == ["a", "b"]
    rest = ram("ListPolicies", PolicyType="Custom", MaxItems=2, Marker=own["Marker"])
    assert [policy["PolicyName"] for policy in rest["Policies"]["Policy"]] == ["c"]
    system = ram("ListPolicies", PolicyType="System")["Policies"]["Policy"]
    assert [policy["PolicyName"] for policy in system] == sorted(of_system)
    tagged = ram("ListPolicies", Tag=[{"Key": "team", "Value": "b"}])["Policies"]["Policy"]
    assert [policy["PolicyName"] for policy in tagged] == ["b"]
    assert tagged[0]["Tags"]["Tag"] == [{"TagKey": "team", "TagValue": "b"}]


@pytest.mark.parametrize(
    ("kind", "parameter"), [("User", "UserName"), ("Group", "GroupName"), ("Role", "RoleName")]
)
def test_attaching_and_detaching(ram: Api, kind: str, parameter: str) -> None:
    ram("CreateUser", UserName="one")
    ram("CreateGroup", GroupName="one")
    make_role(ram, "one")
    make_policy(ram, Description="mine")
    to = {parameter: "one"}
    for policy in (CUSTOM, SYSTEM):
        ram(f"AttachPolicyTo{kind}", **policy, **to)
        refused = ram.refused(f"AttachPolicyTo{kind}", **policy, **to)
        assert refused[:2] == (409, f"EntityAlreadyExists.{kind}.Policy")
    listed = ram(f"ListPoliciesFor{kind}", **to)["Policies"]["Policy"]
    shown = {(each["PolicyType"], each["PolicyName"], each["DefaultVersion"]) for each in listed}
    assert shown == {("Custom", "own", "v1"), ("System", "AliyunIMMFullAccess", "v3")}
    assert all(each["Description"] for each in listed)
    assert ram("GetPolicy", **CUSTOM)["Policy"]["AttachmentCount"] == 1
    assert ram("GetPolicy", **SYSTEM)["Policy"]["AttachmentCount"] == 1
    for policy in (CUSTOM, SYSTEM):
        entities = ram("ListEntitiesForPolicy", **policy)
        holders = {plural: next(iter(entities[plural].values())) for plural in ("Users", "Groups", "Roles")}
        assert [each[parameter] for each in holders[f"{kind}s"]] == ["one"]
        assert sum(map(len, holders.values())) == 1
        assert re.fullmatch(r"\d{4}-.*Z", holders[f"{kind}s"][0]["AttachDate"])
    for policy in (CUSTOM, SYSTEM):
        ram(f"DetachPolicyFrom{kind}", **policy, **to)
        refused = ram.refused(f"DetachPolicyFrom{kind}", **policy, **to)
        assert refused[:2] == (404, f"EntityNotExist.{kind}.Policy")
    assert ram(f"ListPoliciesFor{kind}", **to) == {"Policies": {"Policy": []}}


def test_what_cannot_be_attached(ram: Api) -> None:
    ram("CreateUser", UserName="alice")
    user = {"UserName": "alice"}
    assert ram.refused("AttachPolicyToUser", **user, **CUSTOM).code == "EntityNotExist.Policy"
    wrong = {"PolicyType": "System", "PolicyName": "own"}
    assert ram.refused("AttachPolicyToUser", **user, **wrong).code == "EntityNotExist.Policy"
    assert ram.refused("AttachPolicyToUser", UserName="bob", **SYSTEM).code == "EntityNotExist.User"
    refused = ram.refused("AttachPolicyToUser", **user, **SYSTEM, ResourceGroupId="rg-1")
    assert refused[:2] == (404, "EntityNotExists.ResourceGroup")
    refused = ram.refused("AttachPolicyToUser", **user, PolicyName="own", PolicyType="system")
    assert refused[:2] == (400, "InvalidParameter.PolicyType")


def test_names_of_policies(ram: Api) -> None:
    refused = ram.refused("CreatePolicy", PolicyName="a_b", PolicyDocument=allowing())
    assert refused[:2] == (400, "InvalidParameter.PolicyName.InvalidChars")
    refused = ram.refused("CreatePolicy", PolicyName="x" * 129, PolicyDocument=allowing())
    assert refused[:2] == (400, "InvalidParameter.PolicyName.Length")
    make_policy(ram, "Own")
    refused = ram.refused("CreatePolicy", PolicyName="own", PolicyDocument=allowing())
    assert refused[:2] == (409, "EntityAlreadyExists.Policy")


def test_lists_in_xml_have_one_element_for_each(ram: Api) -> None:
    for name in ("alice", "bob"):
        ram("CreateUser", UserName=name)
    root = ElementTree.fromstring(ram.send("ListUsers", {"Format": "XML"}).body)
    assert root.tag == "ListUsersResponse"
    assert [user.findtext("UserName") for user in root.findall("Users/User")] == ["alice", "bob"]
