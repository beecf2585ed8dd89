"""Users with policies, through the gateway: what they may do, what lists show them, and what refusals tell."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.conftest import Api

from bindery.access.identities import Identity
from bindery.api import listing
from bindery.api.context import Context
from bindery.api.gateway import authorization, gateway
from bindery.api.gateway.authorization import authority_of
from bindery.api.gateway.rendering import Answer
from bindery.api.gateway.request import HttpRequest

ACCOUNT = "1000000000000001"
P = f"acs:imm:*:{ACCOUNT}:project"


class Person:
    """Calls with the key of a user, or of a session of a role."""

    def __init__(self, api: Api, key_id: str, secret: str, token: str = "") -> None:
        self._api, self._key = api, (key_id, secret, token)

    @property
    def identity(self) -> Identity:
        """Who it is in the eyes of the server."""
        return self._api.context.identities.find(self._key[0])

    def __call__(self, action: str, **parameters: Any) -> dict[str, Any]:
        with self._api.signed_by(*self._key):
            return self._api(action, **parameters)

    def _send(self, action: str, parameters: dict[str, Any]) -> Answer:
        with self._api.signed_by(*self._key):
            return self._api.send(action, parameters)

    def code(self, action: str, **parameters: Any) -> str:
        """``OK`` or the code of the error."""
        answer = self._send(action, parameters)
        return "OK" if answer.status == 200 else str(json.loads(answer.body)["Code"])

    def answer(self, action: str, **parameters: Any) -> dict[str, Any]:
        """The body of whatever answer, with its status."""
        answer = self._send(action, parameters)
        body: dict[str, Any] = json.loads(answer.body)
        return body | {"status": answer.status}

    def denied(self, action: str, **parameters: Any) -> dict[str, str]:
        """AccessDeniedDetail of an answer that must be a refusal."""
        answer = self.answer(action, **parameters)
        assert (answer["status"], answer["Code"]) == (403, "NoPermission"), answer
        detail: dict[str, str] = answer["AccessDeniedDetail"]
        return detail


class People:
    """Makes users with policies."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __call__(self, *statements: dict[str, Any], name: str = "ann") -> Person:
        self._api("CreateUser", UserName=name)
        if statements:
            document = {"Version": "1", "Statement": list(statements)}
            self._api("CreatePolicy", PolicyName=f"of-{name}", PolicyDocument=document)
            self._api("AttachPolicyToUser", PolicyType="Custom", PolicyName=f"of-{name}", UserName=name)
        _, key = self._api.context.identities.make_key(name)
        return Person(self._api, key.id, key.secret)

    def attach(self, system_policy: str, name: str = "ann") -> None:
        self._api("AttachPolicyToUser", PolicyType="System", PolicyName=system_policy, UserName=name)


@pytest.fixture
def people(api: Api) -> Iterator[People]:
    yield People(api)
    for user in api.catalog.users.list(limit=100):
        for key in api.catalog.access_keys.list(user.name):
            api.catalog.access_keys.delete(user.name, key.id)
        for kind, name in [("Custom", f"of-{user.name}"), *(("System", each) for each in ATTACHED)]:
            api.send(
                "DetachPolicyFromUser", {"PolicyType": kind, "PolicyName": name, "UserName": user.name}
            )
        api("DeleteUser", UserName=user.name)
    for policy in api.catalog.policies.list(limit=100):
        api("DeletePolicy", PolicyName=policy.name)


ATTACHED = ("AliyunIMMFullAccess", "AliyunIMMReadOnlyAccess", "BinderyFullAccess")


@pytest.fixture
def datasets(api: Api) -> None:
    """Projects ``p`` and ``q``, with datasets ``d`` and ``e`` in each."""
    for project in ("p", "q"):
        api("CreateProject", ProjectName=project, Tag=[{"Key": "team", "Value": f"of-{project}"}])
        for dataset in ("d", "e"):
            api("CreateDataset", ProjectName=project, DatasetName=dataset)


def allow(action: str | list[str], *resources: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": list(resources) or "*", **more}


def deny(action: str | list[str], *resources: str, **more: Any) -> dict[str, Any]:
    return allow(action, *resources, **more) | {"Effect": "Deny"}


DOCUMENT = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "imm:Get*", "Resource": "*"}]}
D = {"ProjectName": "p", "DatasetName": "d"}
E = {"ProjectName": "p", "DatasetName": "e"}


# own resources


def test_a_user_without_policies_may_nothing(datasets: None, people: People) -> None:
    ann = people()
    for action in (
        "ListRegions", "ListProjects", "ListUsers", "RegisterBucket", "ListAuditRecords", "ExplainAccess",
        "ListPermissions",
    ):  # fmt: skip
        assert ann.code(action) == "NoPermission"
    assert ann.code("GetDataset", **D) == "NoPermission"
    assert ann.code("GetCallerIdentity") in ("OK", "NotImplemented")


def test_one_dataset_and_nothing_else(datasets: None, people: People) -> None:
    ann = people(allow("imm:*", f"{P}/p/dataset/d"))
    assert ann("GetDataset", **D)["Dataset"]["DatasetName"] == "d"
    assert ann.code("GetDataset", **E) == "NoPermission"
    assert ann.code("GetDataset", ProjectName="q", DatasetName="d") == "NoPermission"
    assert ann.code("GetProject", ProjectName="p") == "NoPermission"
    assert ann.code("DeleteDataset", **E) == "NoPermission"
    assert ann.code("ListUsers") == "NoPermission"


def test_changes_take_effect_with_the_next_call(api: Api, datasets: None, people: People) -> None:
    ann = people()
    assert ann.code("GetDataset", **D) == "NoPermission"
    people.attach("AliyunIMMReadOnlyAccess")
    assert ann.code("GetDataset", **D) == "OK"
    assert ann.code("DeleteDataset", **D) == "NoPermission"
    api("DetachPolicyFromUser", PolicyType="System", PolicyName="AliyunIMMReadOnlyAccess", UserName="ann")
    assert ann.code("GetDataset", **D) == "NoPermission"


def test_a_call_that_was_allowed_is_decided_anew_when_its_conditions_change(
    api: Api, datasets: None, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of its decision is remembered, as long as no policy changes."""
    asked: list[str] = []
    check = gateway.check_operation

    def keep(exchange: gateway.Exchange, context: Context) -> None:
        asked.append(exchange.call.parameters.get("DatasetName", ""))
        check(exchange, context)

    monkeypatch.setattr(gateway, "check_operation", keep)
    before = {"DateLessThan": {"acs:CurrentTime": "2100-01-01T00:00:00Z"}}
    ann = people(
        allow("imm:Get*", f"{P}/p/dataset/d", Condition=before), allow("imm:Get*", f"{P}/p/dataset/e")
    )
    assert [ann.code("GetDataset", **each) for each in (D, E, D, E)] == ["OK"] * 4
    assert asked[-3:] == ["d", "e", "d"]
    monkeypatch.setattr(authorization, "_moment", lambda _: "2100-01-01T00:00:00Z")
    assert [ann.code("GetDataset", **each) for each in (D, E)] == ["NoPermission", "OK"]
    document = {"Version": "1", "Statement": [deny("imm:GetDataset", f"{P}/p/*")]}
    named = {"PolicyType": "Custom", "PolicyName": "no"}
    api("CreatePolicy", PolicyName="no", PolicyDocument=document)
    api("AttachPolicyToUser", **named, UserName="ann")
    assert ann.code("GetDataset", **E) == "NoPermission"
    api("DetachPolicyFromUser", **named, UserName="ann")
    assert ann.code("GetDataset", **E) == "OK"
    assert ann.code("GetDataset", ProjectName="q", DatasetName="e") == "NoPermission"


def test_the_vendors_grants_do_not_cover_what_only_bindery_has(datasets: None, people: People) -> None:
    ann = people()
    people.attach("AliyunIMMFullAccess")
    assert ann.code("UpdateDataset", **D, Description="x") == "OK"
    for action in ("AuditBinding", "ConfirmDeletion", "ListLedgerEntries", "RetryLedgerEntries"):
        assert ann.code(action, **D, URI="oss://bucket") == "NoPermission"
    for action in ("RegisterBucket", "EstimateBinding", "ListAuditRecords"):
        assert ann.code(action, **D, URI="oss://bucket") == "NoPermission"


def test_what_exists_is_told_to_nobody_who_may_not_see_it(datasets: None, people: People) -> None:
    ann = people(allow("imm:*", f"{P}/p/dataset/d"))
    here = ann.answer("GetDataset", **E)
    nowhere = ann.answer("GetDataset", ProjectName="p", DatasetName="n")
    for answer in (here, nowhere):
        for member in ("RequestId", "AccessDeniedDetail"):
            answer.pop(member)
    assert json.dumps(here).replace("dataset/e", "dataset/n") == json.dumps(nowhere)
    # Neither by wrong parameters, nor by what is not built, nor by lists.
    assert ann.code("GetDataset", ProjectName="q", DatasetName="bad name") == "NoPermission"
    assert ann.code("GetFigureCluster", ProjectName="q") == "NoPermission"
    for project in ("q", "nowhere"):
        assert ann.code("ListDatasets", ProjectName=project) == "NoPermission"
        assert ann.code("ListBindings", ProjectName=project) == "NoPermission"
        assert ann.code("ListTasks", ProjectName=project) == "NoPermission"


# lists


def _names(items: list[dict[str, Any]], member: str) -> list[str]:
    return [item[member] for item in items]


def test_lists_show_what_the_caller_may_see(api: Api, datasets: None, people: People) -> None:
    ann = people(
        allow("imm:List*", f"{P}/p", f"{P}/p/dataset/d", f"{P}/q/dataset/*"),
        deny("imm:List*", f"{P}/q/dataset/e"),
    )
    assert _names(ann("ListProjects")["Projects"], "ProjectName") == ["p"]
    assert _names(ann("ListDatasets", ProjectName="p")["Datasets"], "DatasetName") == ["d"]
    assert _names(ann("ListDatasets", ProjectName="q")["Datasets"], "DatasetName") == ["d"]
    for name in ("d", "e"):
        api.put(f"bucket-{name}", "a.txt", b"a")
        api("CreateBinding", ProjectName="p", DatasetName=name, URI=f"oss://bucket-{name}")
    assert _names(ann("ListBindings", ProjectName="p")["Bindings"], "DatasetName") == ["d"]
    assert ann.code("ListBindings", **E) == "NoPermission"


def test_lists_of_no_resource_in_particular_need_a_right_on_all(
    api: Api, datasets: None, people: People
) -> None:
    ann = people(allow("*", f"{P}/p", f"{P}/p/*"), allow(["imm:List*", "bindery:*"], "acs:imm:*:*:*"))
    assert ann.code("ListDatasets", ProjectName="p") == "OK"
    assert ann.denied("ListAuditRecords")["AuthAction"] == "bindery:ListAuditRecords"
    assert ann.denied("ListRegions", AcceptLanguage="en-US")["NoPermissionType"] == "ImplicitDeny"
    bob = people(allow("bindery:ListAuditRecords"), name="bob")
    assert bob.code("ListAuditRecords") == "OK"


def test_pages_are_full_of_what_is_shown(api: Api, people: People) -> None:
    api("CreateProject", ProjectName="p")
    for number in range(30):
        api("CreateDataset", ProjectName="p", DatasetName=f"d{number:02}")
    ann = people(allow("imm:ListDatasets", f"{P}/p/dataset/d?5", f"{P}/p/dataset/d0*"))
    shown, token, pages = [], "", []
    while True:
        page = ann("ListDatasets", ProjectName="p", MaxResults=4, NextToken=token)
        names = _names(page["Datasets"], "DatasetName")
        shown += names
        pages.append(len(names))
        token = page["NextToken"]
        # A token names what was shown last, so it tells nothing of the others.
        assert not token or token.endswith(names[-1])
        if not token:
            break
    assert shown == [f"d0{number}" for number in range(10)] + ["d15", "d25"]
    assert pages == [4, 4, 4]


def test_a_call_looks_at_so_many_datasets_and_no_more(
    api: Api, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_STRIDE", 5)
    monkeypatch.setattr(listing, "_MOST_LOOKED_AT", 10)
    for project in ("p", "q"):
        api("CreateProject", ProjectName=project)
    for number in range(37):
        api("CreateDataset", ProjectName="p", DatasetName=f"d{number:02}")
    ann = people(allow("imm:ListDatasets", f"{P}/p/dataset/*9", f"{P}/q/dataset/*9"))
    shown, tokens = [], [""]
    while len(tokens) == 1 or tokens[-1]:
        page = ann("ListDatasets", ProjectName="p", NextToken=tokens[-1])
        shown.append(_names(page["Datasets"], "DatasetName"))
        tokens.append(page["NextToken"])
    assert shown == [["d09"], ["d19"], ["d29"], []]
    # What the caller must not see stands in no token that he could read, change or use elsewhere.
    assert all(token.startswith(f"{ACCOUNT}:p:~") and ":d" not in token for token in tokens[1:-1])
    cut, elsewhere = tokens[1][:-4], tokens[1].replace(":p:", ":q:")
    assert ann.code("ListDatasets", ProjectName="p", NextToken=cut) == "InvalidNextToken"
    assert ann.code("ListDatasets", ProjectName="q", NextToken=elsewhere) == "InvalidNextToken"
    assert len(api("ListDatasets", ProjectName="p")["Datasets"]) == 37


def test_lists_of_people_are_filtered_too(api: Api, people: People) -> None:
    people(name="bob")
    people(name="boss")
    ann = people(
        allow("ram:List*", f"acs:ram:*:{ACCOUNT}:user/b*", f"acs:ram:*:{ACCOUNT}:policy/of-a*"),
        deny("ram:*", f"acs:ram:*:{ACCOUNT}:user/BOSS"),
    )
    assert _names(ann("ListUsers")["Users"]["User"], "UserName") == ["bob"]
    assert _names(ann("ListPolicies", PolicyType="Custom")["Policies"]["Policy"], "PolicyName") == [
        "of-ann"
    ]
    assert ann.code("ListGroups") == "NoPermission"
    assert ann.code("GetUser", UserName="Boss") == "NoPermission"


def test_attachments_of_system_policies_are_counted_for_who_may_list_them(people: People) -> None:
    def counts(person: Person) -> set[int]:
        listed = person("ListPolicies", PolicyType="System")["Policies"]["Policy"]
        return {each["AttachmentCount"] for each in listed}

    ann = people(allow("ram:ListPolicies", f"acs:ram:*:{ACCOUNT}:policy/of-*"))
    bob = people(allow("ram:ListPolicies", f"acs:ram:*:{ACCOUNT}:policy/*"), name="bob")
    people.attach("AliyunIMMFullAccess")
    assert (counts(ann), counts(bob)) == ({0}, {0, 1})


def test_the_operator_of_the_account_sees_everything(api: Api, datasets: None, people: People) -> None:
    people(deny("*"))
    assert len(api("ListProjects")["Projects"]) == 2


# tags and other conditions


def test_tags_of_projects(datasets: None, people: People) -> None:
    own = {"Condition": {"StringEquals": {"acs:ResourceTag/team": "of-p"}}}
    ann = people(allow("imm:*", **own))
    assert ann.code("GetProject", ProjectName="p") == "OK"
    assert ann.code("GetDataset", **D) == "OK"
    assert ann.code("GetProject", ProjectName="q") == "NoPermission"
    assert ann.code("GetProject", ProjectName="nowhere") == "NoPermission"
    assert _names(ann("ListProjects")["Projects"], "ProjectName") == ["p"]
    assert ann("ListDatasets", ProjectName="p")["Datasets"]
    assert ann("ListDatasets", ProjectName="q")["Datasets"] == []


def test_tags_are_those_of_the_resource_and_of_no_namesake(
    api: Api, datasets: None, people: People
) -> None:
    own = {"Condition": {"StringEquals": {"acs:ResourceTag/team": "of-p"}}}
    ann = people(
        allow("imm:*"),
        allow("oss:*", **own),
        allow("ram:AttachPolicyToUser", f"acs:ram:*:{ACCOUNT}:user/ann"),
        allow("ram:AttachPolicyToUser", "acs:ram:*:*:policy/*", **own),
        allow("sts:*", **own),
    )
    # an object of the bucket "project" is not in the project "p"
    assert ann.code("IndexFileMeta", **D, File={"URI": "oss://project/p/a.jpg"}) == "NoPermission"
    # a policy of the system is not the account's of that name
    tags = {"Tag": [{"Key": "team", "Value": "of-p"}]}
    api("CreatePolicy", PolicyName="AdministratorAccess", PolicyDocument=DOCUMENT, **tags)
    grant = {"PolicyName": "AdministratorAccess", "UserName": "ann"}
    assert ann.code("AttachPolicyToUser", PolicyType="System", **grant) == "NoPermission"
    assert ann.code("AttachPolicyToUser", PolicyType="Custom", **grant) == "OK"
    api("DetachPolicyFromUser", PolicyType="Custom", **grant)
    # a role of another account is not the account's of that name
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"RAM": f"acs:ram::{ACCOUNT}:root"},
    }
    document = {"Version": "1", "Statement": [trust]}
    api("CreateRole", RoleName="job", AssumeRolePolicyDocument=document, **tags)
    for account, code in (("1", "NoPermission"), (ACCOUNT, "OK")):
        arn = f"acs:ram::{account}:role/job"
        assert ann.code("AssumeRole", RoleArn=arn, RoleSessionName="session") == code
    api("DeleteRole", RoleName="job")


def test_tags_of_requests(people: People) -> None:
    ann = people(
        allow("imm:CreateProject", Condition={"StringEquals": {"acs:RequestTag/team": "red"}}),
        deny("imm:CreateProject", Condition={"StringEquals": {"acs:RequestTag/secret": "yes"}}),
    )
    red, secret = {"Key": "team", "Value": "red"}, {"Key": "secret", "Value": "yes"}
    assert ann.code("CreateProject", ProjectName="a") == "NoPermission"
    assert ann.code("CreateProject", ProjectName="a", Tag=[red | {"Value": "blue"}]) == "NoPermission"
    assert ann.code("CreateProject", ProjectName="a", Tag=[red, secret]) == "NoPermission"
    assert ann.code("CreateProject", ProjectName="a", Tag="nonsense") == "NoPermission"
    padded = json.dumps([red, secret]) + " " * 100_000
    assert ann.code("CreateProject", ProjectName="a", Tag=padded) == "NoPermission"
    assert ann.code("CreateProject", ProjectName="a", Tag=[red]) == "OK"


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"DateLessThan": {"acs:CurrentTime": "2020-01-01T00:00:00Z"}}, "NoPermission"),
        ({"DateGreaterThan": {"acs:CurrentTime": "2020-01-01T00:00:00Z"}}, "OK"),
        ({"StringEquals": {"acs:PrincipalARN": f"acs:ram::{ACCOUNT}:user/ann"}}, "OK"),
        ({"StringLike": {"acs:PrincipalARN": "*:user/bob"}}, "NoPermission"),
        ({"StringLike": {"acs:AccessId": "*"}}, "OK"),
        ({"Bool": {"acs:MFAPresent": "true"}}, "NoPermission"),
        ({"Null": {"acs:MFAPresent": "true"}}, "OK"),
        ({"StringEquals": {"acs:UserAgent": ""}}, "OK"),
    ],
)
def test_what_a_request_shows_of_itself(
    datasets: None, people: People, condition: dict[str, Any], code: str
) -> None:
    assert people(allow("imm:GetDataset", Condition=condition)).code("GetDataset", **D) == code


# buckets, objects and roles


def test_buckets_are_resources(api: Api, datasets: None, people: People) -> None:
    api.put("photos", "a.jpg", b"a")
    ann = people(allow("imm:*"))
    detail = ann.denied("CreateBinding", **D, URI="oss://photos")
    assert detail["AuthAction"] == "oss:ListObjects"
    bob = people(allow("imm:*"), allow("oss:*", "acs:oss:*:*:photos", "acs:oss:*:*:photos/*"), name="bob")
    assert bob.code("CreateBinding", **D, URI="oss://music") == "NoPermission"
    assert bob.code("CreateBinding", **D, URI="oss://nowhere") == "NoPermission"
    assert bob.code("CreateBinding", **D, URI="oss://photos") == "OK"


def test_a_part_of_a_bucket(api: Api, datasets: None, people: People) -> None:
    api.put("photos", "2024/a.jpg", b"a")
    ann = people(
        allow("imm:*"),
        allow("oss:ListObjects", "acs:oss:*:*:photos"),
        allow("oss:GetObject", "acs:oss:*:*:photos/2024/*"),
        deny("oss:GetObject", "acs:oss:*:*:photos/2024/secret/*"),
    )
    assert ann.denied("CreateBinding", **D, URI="oss://photos")["AuthAction"] == "oss:GetObject"
    for prefixes in (["2023/"], ["2024/"], ["2024/open/", "2024/s"], ["2024"], [""]):
        assert (
            ann.code("CreateBinding", **D, URI="oss://photos", Scope={"Prefixes": prefixes})
            == "NoPermission"
        )
    scope = {"Prefixes": ["2024/open/", "2024/new/"]}
    assert ann.code("CreateBinding", **D, URI="oss://photos", Scope=scope) == "OK"


def test_listing_may_be_limited_to_prefixes(api: Api, datasets: None, people: People) -> None:
    """As the page of operators (conditional-operator) limits a user to one folder of a bucket."""
    api.put("photos", "hangzhou/2015/a.jpg", b"a")
    own = {"Condition": {"StringLike": {"oss:Prefix": "hangzhou/2015/*"}}}
    ann = people(
        allow("imm:*"),
        allow("oss:GetObject", "acs:oss:*:*:photos/*"),
        allow("oss:ListObjects", "acs:oss:*:*:photos", **own),
    )
    assert ann.denied("CreateBinding", **D, URI="oss://photos")["AuthAction"] == "oss:ListObjects"
    for prefixes, code in (
        (["hangzhou/"], "NoPermission"),
        (["hangzhou/2015/", "hangzhou/2016/"], "NoPermission"),
        (["hangzhou/2015/", "hangzhou/2015/may/"], "OK"),
    ):
        assert ann.code("CreateBinding", **D, URI="oss://photos", Scope={"Prefixes": prefixes}) == code
    but = {"Condition": {"StringNotLike": {"oss:Prefix": "hangzhou/*"}}}
    bob = people(allow(["imm:*", "oss:*"]), deny("oss:ListObjects", **but), name="bob")
    assert bob.code("CreateBinding", **E, URI="oss://photos") == "NoPermission"
    assert bob.code("CreateBinding", **E, URI="oss://photos", Scope={"Prefixes": ["hangzhou/"]}) == "OK"


def test_objects_are_asked_for_one_by_one(api: Api, datasets: None, people: People) -> None:
    ann = people(
        allow("imm:*"),
        allow("oss:GetObject", "acs:oss:*:*:photos/open/*"),
        deny("oss:GetObject", "acs:oss:*:*:photos/open/x"),
    )
    opened, secret = {"URI": "oss://photos/open/a"}, {"URI": "oss://photos/secret/a"}
    assert ann.code("IndexFileMeta", **D, File=opened) == "OK"
    assert ann.code("IndexFileMeta", **D, File=secret) == "NoPermission"
    assert ann.code("BatchIndexFileMeta", **D, Files=[opened]) == "OK"
    assert ann.code("BatchIndexFileMeta", **D, Files=[opened, secret]) == "NoPermission"
    assert (
        ann.code("BatchIndexFileMeta", **D, Files=[opened, {"URI": "oss://photos/open/x"}])
        == "NoPermission"
    )
    assert ann.code("IndexFileMeta", **D, File={"URI": "http://photos/open/a"}) == "InvalidArgument"
    assert ann.code("DetectMediaMeta", ProjectName="p", SourceURI="oss://photos/secret/a") == "NoPermission"
    assert ann.code("DetectMediaMeta", ProjectName="p", SourceURI="oss://photos/open/a") != "NoPermission"
    # What the dataset knows already is the dataset's.
    assert ann.code("UpdateFileMeta", **D, File=opened | {"CustomId": "1"}) == "OK"


def test_a_way_out_of_a_folder_is_no_way_into_another(api: Api, datasets: None, people: People) -> None:
    api.put("photos", "secret/a.mp4", b"a")
    ann = people(allow("imm:*"), allow("oss:GetObject", "acs:oss:*:*:photos/open/*"))
    answer = ann.answer("DetectMediaMeta", ProjectName="p", SourceURI="oss://photos/open/../secret/a.mp4")
    assert answer["Code"] == "ResourceNotFound"


def test_a_service_role_must_be_passed_on(people: People) -> None:
    ann = people(
        allow("imm:*"),
        allow(
            "ram:PassRole",
            f"acs:ram::{ACCOUNT}:role/imm-*",
            Condition={"StringEquals": {"acs:Service": "imm.aliyuncs.com"}},
        ),
    )
    assert ann.code("CreateProject", ProjectName="a", ServiceRole="imm-scan") == "OK"
    assert ann.code("UpdateProject", ProjectName="a", ServiceRole="other") == "NoPermission"
    detail = ann.denied("CreateProject", ProjectName="b", ServiceRole="other")
    assert detail["AuthAction"] == "ram:PassRole"
    assert ann.code("CreateProject", ProjectName="b") == "OK"


# refusals


def test_a_refusal_says_what_is_missing_and_nothing_else(api: Api, datasets: None, people: People) -> None:
    ann = people(allow("imm:List*"), deny("imm:Delete*", f"{P}/p/*"))
    answer = ann.answer("GetDataset", **D)
    assert answer["Message"] == (
        "User not authorized to operate on the specified APIs. "
        f"imm:GetDataset on acs:imm:cn-hangzhou:{ACCOUNT}:project/p/dataset/d: no statement of any policy allows it."
    )
    detail = answer["AccessDeniedDetail"]
    assert detail.pop("EncodedDiagnosticMessage")
    assert detail == {
        "AuthAction": "imm:GetDataset",
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalOwnerId": ACCOUNT,
        "AuthPrincipalDisplayName": api.catalog.users.get("ann").id,
        "PolicyType": "AccountLevelIdentityBasedPolicy",
        "NoPermissionType": "ImplicitDeny",
    }
    explicit = ann.answer("DeleteDataset", **D)
    assert explicit["Message"].endswith("a statement of a policy denies it.")
    assert explicit["AccessDeniedDetail"]["NoPermissionType"] == "ExplicitDeny"
    assert "of-ann" not in json.dumps(explicit)


def test_refusals_of_ram_are_in_its_words(people: People) -> None:
    answer = people().answer("CreateUser", UserName="eve")
    assert (answer["status"], answer["Code"]) == (403, "NoPermission")
    assert answer["Message"].startswith(
        "You are not authorized to do this action. You should be authorized by RAM."
    )


def test_policies_of_very_many_patterns_are_asked_beside_the_event_loop(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question mark is followed character by character: thousands of them would keep all other calls waiting."""
    threads: list[str] = []
    check = gateway.check_operation

    def keep(exchange: gateway.Exchange, context: Context) -> None:
        threads.append(threading.current_thread().name)
        check(exchange, context)

    monkeypatch.setattr(gateway, "check_operation", keep)
    patterns = [f"acs:imm:*:*:project/*{number}?" for number in range(60)]
    heavy = people(
        {"Effect": "Allow", "Action": "imm:*", "Resource": [*patterns, f"{P}/shown"]}, name="heavy"
    )
    light = people({"Effect": "Allow", "Action": "imm:*", "Resource": f"{P}/shown"}, name="light")
    for person, beside in ((heavy, True), (light, False)):
        threads.clear()
        assert person.code("GetProject", ProjectName="shown") == "ResourceNotFound"
        assert person.code("GetProject", ProjectName="hidden") == "NoPermission"
        assert [name.startswith("lookups") for name in threads] == [beside, beside]


def test_names_longer_than_any_are_refused_before_patterns_are_asked(api: Api, people: People) -> None:
    ann = people({"Effect": "Allow", "Action": "*", "Resource": "*"})
    for length, code in ((200, "InvalidProjectName"), (3_000, "NoPermission")):
        assert ann.code("GetProject", ProjectName="p" * length) == code
        assert api.refused("GetProject", ProjectName="p" * length).code == "InvalidProjectName"


def test_conditions_see_the_beginning_of_a_long_user_agent(people: People) -> None:
    like = {"StringLike": {"acs:UserAgent": "a*"}, "StringNotLike": {"acs:UserAgent": "*b"}}
    ann = people({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": like})
    assert ann.code("ListProjects") == "NoPermission"
    seen = HttpRequest("POST", "/", {"user-agent": ["a" * 2_000 + "b"]})
    assert authority_of(ann.identity, seen).decide("imm:ListProjects", "*").allowed
