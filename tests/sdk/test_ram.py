"""The official Python SDK of RAM, changed in nothing but its endpoint: every operation that is built, in one life."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException
from alibabacloud_tea_openapi.models import Config

from bindery.api.operations import operation_ids, snake_case

if TYPE_CHECKING:
    from conftest import RunningServer

pytestmark = pytest.mark.server
models = pytest.importorskip("alibabacloud_ram20150501.models")
SYSTEM = {"policy_type": "System", "policy_name": "AliyunIMMReadOnlyAccess"}
KINDS = ("User", "Group", "Role")


class Ram:
    """Calls operations by name with the SDK, and remembers which."""

    def __init__(self, server: RunningServer, **settings: Any) -> None:
        self._server, self._settings = server, settings
        client = pytest.importorskip("alibabacloud_ram20150501.client").Client
        known = {
            "access_key_id": server.key_id,
            "access_key_secret": server.key_secret,
            "endpoint": server.address,
            "protocol": "http",
        }
        self._client = client(Config(**known | settings))
        self.called: set[str] = set()

    def __call__(self, action: str, **fields: Any) -> Any:
        """The body of the answer."""
        self.called.add(action)
        request = getattr(models, f"{action}Request")(**fields)
        answer = getattr(self._client, snake_case(action))(request)
        assert answer.status_code == 200
        assert answer.body.request_id == answer.headers["x-acs-request-id"]
        return answer.body

    def with_key(self, key_id: str, secret: str) -> Ram:
        """The same server with another key."""
        return Ram(self._server, **{**self._settings, "access_key_id": key_id, "access_key_secret": secret})

    def refused(self, action: str, **fields: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        with pytest.raises((ClientException, ServerException)) as refused:
            self(action, **fields)
        return refused.value.status_code, refused.value.code


@pytest.fixture(scope="module", params=[None, "v2"], ids=["V3", "V1"])
def ram(server: RunningServer, request: pytest.FixtureRequest) -> Ram:
    """One for each style of signature."""
    return Ram(server, **({"signature_algorithm": request.param} if request.param else {}))


def allowing(action: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "1", "Statement": [statement]})


def trusting(account: str) -> str:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"RAM": [f"acs:ram::{account}:root"]},
    }
    return json.dumps({"Version": "1", "Statement": [statement]})


def test_every_operation(ram: Ram, new_name: Callable[[str], str]) -> None:
    name = new_name("ram")
    whose = {"User": {"user_name": name}, "Group": {"group_name": name}, "Role": {"role_name": name}}
    own = {"policy_type": "Custom", "policy_name": name}
    make(ram, name)
    change(ram, name)
    versions(ram, name)
    for kind in KINDS:
        for policy in (own, SYSTEM):
            ram(f"AttachPolicyTo{kind}", **policy, **whose[kind])
        listed = ram(f"ListPoliciesFor{kind}", **whose[kind]).policies.policy
        assert {policy.policy_type for policy in listed} == {"Custom", "System"}
    entities = ram("ListEntitiesForPolicy", **own)
    assert [user.user_name for user in entities.users.user] == [name]
    assert [group.group_name for group in entities.groups.group] == [name]
    assert [role.role_name for role in entities.roles.role] == [name]
    assert ram.refused("DeletePolicy", policy_name=name) == (409, "DeleteConflict.Policy.User")
    tags(ram, name)
    keys(ram, name)
    for kind in KINDS:
        for policy in (own, SYSTEM):
            ram(f"DetachPolicyFrom{kind}", **policy, **whose[kind])
    delete(ram, name)
    built = {
        identifier.removeprefix("ram:") for identifier in operation_ids() if identifier.startswith("ram:")
    }
    assert built - ram.called == set()


def make(ram: Ram, name: str) -> None:
    user = ram("CreateUser", user_name=name, display_name="家 photos", comments="c").user
    assert (user.user_name, user.display_name) == (name, "家 photos")
    assert ram("GetUser", user_name=name).user.user_id == user.user_id
    group = ram("CreateGroup", group_name=name, comments="c").group
    assert ram("GetGroup", group_name=name).group.group_id == group.group_id
    ram("AddUserToGroup", user_name=name, group_name=name)
    assert [each.user_name for each in ram("ListUsersForGroup", group_name=name).users.user] == [name]
    assert [each.group_name for each in ram("ListGroupsForUser", user_name=name).groups.group] == [name]
    account = "1000000000000001"
    tag = models.CreateRoleRequestTag(key="run", value=name)
    role = ram("CreateRole", role_name=name, assume_role_policy_document=trusting(account), tag=[tag]).role
    assert role.arn == f"acs:ram::{account}:role/{name}"
    assert ram("GetRole", role_name=name).role.role_id == role.role_id
    found = ram("ListRoles", tag=[models.ListRolesRequestTag(key="run", value=name)]).roles.role
    assert [(each.role_name, each.tags.tag[0].tag_value) for each in found] == [(name, name)]
    policy = ram("CreatePolicy", policy_name=name, policy_document=allowing("imm:Get*")).policy
    assert (policy.policy_type, policy.default_version) == ("Custom", "v1")
    read = ram("GetPolicy", policy_name=name, policy_type="Custom")
    assert read.default_policy_version.policy_document == allowing("imm:Get*")
    for action, member, kind, attribute in (
        ("ListUsers", "users", "user", "user_name"),
        ("ListGroups", "groups", "group", "group_name"),
        ("ListPolicies", "policies", "policy", "policy_name"),
    ):
        assert name in every(ram, action, member, kind, attribute)


def every(ram: Ram, action: str, member: str, kind: str, attribute: str) -> list[str]:
    """The names of a list, by pages of two."""
    found: list[str] = []
    marker = None
    while True:
        page = ram(action, max_items=2, marker=marker)
        found += [getattr(each, attribute) for each in getattr(getattr(page, member), kind)]
        if not page.is_truncated:
            return found
        marker = page.marker


def change(ram: Ram, name: str) -> None:
    assert ram("UpdateUser", user_name=name, new_comments="new").user.comments == "new"
    assert ram("UpdateGroup", group_name=name, new_comments="new").group.comments == "new"
    role = ram("UpdateRole", role_name=name, new_max_session_duration=7_200).role
    assert role.max_session_duration == 7_200
    changed = ram("UpdatePolicyDescription", policy_name=name, new_description="new").policy
    assert changed.description == "new"


def versions(ram: Ram, name: str) -> None:
    which = {"policy_name": name, "version_id": "v2"}
    made = ram(
        "CreatePolicyVersion", policy_name=name, policy_document=allowing("imm:List*")
    ).policy_version
    assert (made.version_id, made.is_default_version) == ("v2", False)
    ram("SetDefaultPolicyVersion", **which)
    read = ram("GetPolicyVersion", policy_type="Custom", **which).policy_version
    assert (read.policy_document, read.is_default_version) == (allowing("imm:List*"), True)
    assert ram.refused("DeletePolicyVersion", **which) == (409, "DeleteConflict.Policy.Version.Default")
    ram("DeletePolicyVersion", policy_name=name, version_id="v1")
    listed = ram(
        "ListPolicyVersions", policy_name=name, policy_type="Custom"
    ).policy_versions.policy_version
    assert [version.version_id for version in listed] == ["v2"]


def tags(ram: Ram, name: str) -> None:
    which = {"resource_type": "policy", "resource_names": [name]}
    ram("TagResources", **which, tag=[models.TagResourcesRequestTag(key="team", value="x")])
    listed = ram("ListTagResources", **which).tag_resources
    assert [(each.tag_key, each.tag_value) for each in listed] == [("team", "x")]
    ram("UntagResources", **which, tag_keys=["team"])
    assert not ram("ListTagResources", **which).tag_resources


def keys(ram: Ram, name: str) -> None:
    first = ram("CreateAccessKey", user_name=name).access_key
    ram("CreateAccessKey", user_name=name)
    assert ram.refused("CreateAccessKey", user_name=name) == (409, "LimitExceeded.User.AccessKey")
    assert len(first.access_key_secret) >= 30
    with pytest.raises(ClientException) as refused:
        ram.with_key(first.access_key_id, first.access_key_secret)("ListGroups")
    message = refused.value.access_denied_detail["EncodedDiagnosticMessage"]
    decoded = ram("DecodeDiagnosticMessage", encoded_diagnostic_message=message).decoded_diagnostic_message
    assert (decoded.auth_action, decoded.explicit_deny) == ("ram:ListGroups", False)
    assert decoded.auth_principal.auth_principal_display_name == name
    which = {"user_name": name, "user_access_key_id": first.access_key_id}
    assert ram("GetAccessKeyLastUsed", **which).access_key_last_used.last_used_date
    ram("UpdateAccessKey", **which, status="Inactive")
    listed = ram("ListAccessKeys", user_name=name).access_keys.access_key
    assert [(key.access_key_id, key.status) for key in listed[:1]] == [(first.access_key_id, "Inactive")]
    for key in listed:
        ram("DeleteAccessKey", user_name=name, user_access_key_id=key.access_key_id)
    assert ram.refused("DeleteAccessKey", **which) == (404, "EntityNotExist.User.AccessKey")


def delete(ram: Ram, name: str) -> None:
    assert ram.refused("DeleteUser", user_name=name) == (409, "DeleteConflict.User.Group")
    ram("RemoveUserFromGroup", user_name=name, group_name=name)
    for kind in KINDS:
        ram(f"Delete{kind}", **{f"{kind.lower()}_name": name})
        refused = ram.refused(f"Get{kind}", **{f"{kind.lower()}_name": name})
        assert refused == (404, f"EntityNotExist.{kind}")
    ram("DeletePolicy", policy_name=name, cascading_delete=True)


def test_what_is_not_built_says_so(ram: Ram, new_name: Callable[[str], str]) -> None:
    assert ram.refused("CreateLoginProfile", user_name=new_name("ram"), password="x") == (
        501,
        "NotImplemented",
    )


def test_malformed_policies_are_refused_with_the_place(ram: Ram, new_name: Callable[[str], str]) -> None:
    text = '{"Version": "1",\n "Statement": [{"Effect": "Perhaps", "Action": "imm:*", "Resource": "*"}]}'
    with pytest.raises(ClientException) as refused:
        ram("CreatePolicy", policy_name=new_name("ram"), policy_document=text)
    assert refused.value.code == "MalformedPolicyDocument"
    assert "line 2" in str(refused.value)
    assert "/Statement/0/Effect" in str(refused.value)
