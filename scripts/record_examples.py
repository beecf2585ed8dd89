"""Records the examples of the reference: calls to a real server, with what it answered.

    python scripts/record_examples.py

Every operation that is built is called once, in the order in which people would: a project and dataset first, what is
deleted last. Values are the examples of the API models. Writes ``web/reference/examples.json``; run it when an answer
has another shape (a test says so).
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from bindery.api.operations import operation_ids
from bindery.api.spec.model import load_models
from bindery.cli.client import ApiError, Client
from bindery.cli.sample_media import make_sample_media
from bindery.testing.server import BinderyServer

EXAMPLES = (
    Path(__file__).resolve().parent.parent / "src" / "bindery" / "web" / "reference" / "examples.json"
)
_SECRETS = frozenset({"AccessKeySecret", "SecurityToken", "EncodedDiagnosticMessage"})
_SHOWN_OF_SECRETS = 8
_DONE = ("Succeeded", "Failed")
_MOST_ITEMS = 2
"""Of a long list: one is enough to see its shape, the second shows that there are more."""

Answers = dict[str, dict[str, Any]]
Values = dict[str, Any]


_STATEMENT = 'SELECT "MediaType", count(*) AS files FROM files GROUP BY ALL ORDER BY ALL'


class Step(NamedTuple):
    """One call: the required parameters and these, as the model's examples have them."""

    operation: str
    given: str = ""
    """Names of further parameters, with spaces between."""
    values: Callable[[Answers], Values] = lambda _: {}
    """Values instead of examples, from what was answered before."""
    until: Callable[[dict[str, Any]], bool] | None = None
    """Ask again until it holds."""
    by_user: str = ""
    """Called by the user, who has this policy of the system meanwhile, and not by the account."""


def _task_of(operation: str) -> Callable[[Answers], Values]:
    def values(answers: Answers) -> Values:
        task = answers[operation]["TaskId"]
        return {"TaskId": task, "TaskType": task.partition("-")[0]}

    return values


def _key(answers: Answers) -> Values:
    return {"UserAccessKeyId": answers["ram:CreateAccessKey"]["AccessKey"]["AccessKeyId"]}


def _role(answers: Answers) -> Values:
    return {"RoleArn": answers["ram:CreateRole"]["Role"]["Arn"]}


def _trust(answers: Answers) -> Values:
    account = answers["sts:GetCallerIdentity"]["AccountId"]
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"RAM": [f"acs:ram::{account}:root"]},
    }
    document = json.dumps({"Version": "1", "Statement": [statement]}, separators=(",", ":"))
    return {"AssumeRolePolicyDocument": document, "NewAssumeRolePolicyDocument": document}


_WITH_A_SLIP = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"imm:GetProjct","Resource":"*"}]}'
_INDEXED = "IncrementalScanning"
STEPS = (
    Step("sts:GetCallerIdentity"),
    Step("imm:ListRegions"),
    Step("imm:CreateProject", "Description Tag"),
    Step("imm:CreateDataset", "Description"),
    Step("imm:EstimateBinding", "Scope"),
    Step(
        "imm:GetTask",
        values=_task_of("imm:EstimateBinding"),
        until=lambda answer: answer["Status"] in _DONE,
    ),
    Step("imm:ListTasks", "Status Sort Order"),
    Step("imm:CreateBinding", "Scope"),
    Step(
        "imm:GetBinding",
        until=lambda answer: (
            answer["Binding"]["Phase"] == _INDEXED and not answer["Binding"]["Progress"]["Pending"]
        ),
    ),
    Step("imm:ListBindings"),
    Step("imm:UpdateProject", "Description"),
    Step("imm:GetProject", "WithStatistics"),
    Step("imm:ListProjects", "MaxResults"),
    Step("imm:UpdateDataset", "Description"),
    Step("imm:GetDataset", "WithStatistics"),
    Step("imm:ListDatasets", "Prefix MaxResults"),
    Step("imm:GetFileMeta"),
    Step("imm:BatchGetFileMeta", "WithFields"),
    Step("imm:UpdateFileMeta"),
    Step("imm:BatchUpdateFileMeta"),
    Step("imm:SimpleQuery", "Query Sort Order MaxResults WithFields"),
    Step("imm:QueryDateHistogram", "Interval"),
    Step("imm:QueryGeoTiles", "Zoom"),
    Step("imm:QueryTagNames", "Contains"),
    Step("imm:RunSql", values=lambda _: {"Statement": _STATEMENT}),
    Step("imm:PutSavedSearch"),
    Step("imm:ListSavedSearches"),
    Step("imm:DeleteSavedSearch"),
    Step("imm:ListQueryPages", "Sort Order PageSize"),
    Step("imm:FuzzyQuery", "WithFields MaxResults"),
    Step("imm:DetectMediaMeta"),
    Step("imm:IndexFileMeta", "UserData"),
    Step("imm:BatchIndexFileMeta"),
    Step("imm:AuditBinding"),
    Step("imm:RebuildIndex"),
    Step("imm:CancelTask", values=_task_of("imm:RebuildIndex")),
    Step("imm:ListLedgerEntries", "Outcome MaxResults"),
    Step("imm:RetryLedgerEntries", "Prefix"),
    Step("imm:GetBindingHistory"),
    Step("imm:GetHeldBackRemovals"),
    Step("imm:StopBinding", "Reason"),
    Step("imm:UpdateBindingInventory"),
    Step("imm:UpdateBindingScope"),
    Step("imm:ResumeBinding"),
    Step("imm:RegisterBucket", "Store", values=lambda _: {"Bucket": "archive"}),
    Step("ram:CreateUser", "DisplayName Email Comments"),
    Step("ram:GetUser"),
    Step("ram:ListUsers", "MaxItems"),
    Step("ram:UpdateUser", "NewDisplayName"),
    Step("ram:CreateAccessKey", "UserName Label"),
    Step("ram:ListAccessKeys", "UserName"),
    Step("ram:GetAccessKeyLastUsed", "UserName", values=_key),
    Step("ram:CreateGroup", "Comments"),
    Step("ram:AddUserToGroup"),
    Step("ram:GetGroup"),
    Step("ram:ListGroups", "MaxItems"),
    Step("ram:ListGroupsForUser"),
    Step("ram:ListUsersForGroup"),
    Step("ram:UpdateGroup", "NewComments"),
    Step("ram:CreateRole", "Description MaxSessionDuration", values=_trust),
    Step("ram:GetRole"),
    Step("ram:ListRoles", "MaxItems"),
    Step("ram:UpdateRole", "NewDescription"),
    Step("ram:CreatePolicy", "Description"),
    Step("ram:CreatePolicyVersion", "SetAsDefault"),
    Step("ram:GetPolicy"),
    Step("ram:GetPolicyVersion"),
    Step("ram:ListPolicies", "PolicyType MaxItems"),
    Step("ram:ListPolicyVersions"),
    Step("ram:UpdatePolicyDescription"),
    Step("ram:AttachPolicyToUser"),
    Step("ram:AttachPolicyToGroup"),
    Step("ram:AttachPolicyToRole"),
    Step("ram:ListEntitiesForPolicy"),
    Step("ram:ListPoliciesForUser"),
    Step("ram:ListPoliciesForGroup"),
    Step("ram:ListPoliciesForRole"),
    Step("ram:TagResources"),
    Step("ram:ListTagResources", "ResourceNames"),
    Step("ram:UntagResources", "TagKeys"),
    Step("sts:AssumeRole", "DurationSeconds", values=_role, by_user="AliyunSTSAssumeRoleAccess"),
    Step("imm:ExplainAccess", "UserName"),
    Step("imm:ListPermissions", "UserName MaxResults"),
    Step("imm:ValidatePolicy", values=lambda _: {"PolicyDocument": _WITH_A_SLIP}),
    Step("ram:DecodeDiagnosticMessage"),
    Step("imm:ListAuditRecords", "MaxResults"),
    Step("imm:ListUsage", "ProjectName MaxResults"),
    Step("imm:GetServerSettings"),
    Step("imm:ListServerFindings"),
    Step("imm:ListServerMetrics"),
    Step("imm:ListNotificationDestinations"),
    Step("imm:ResealAccessKeys"),
    Step("ram:SetDefaultPolicyVersion", values=lambda _: {"VersionId": "v1"}),
    Step("ram:DeletePolicyVersion"),
    Step("ram:DetachPolicyFromUser"),
    Step("ram:DetachPolicyFromGroup"),
    Step("ram:DetachPolicyFromRole"),
    Step("ram:DeletePolicy"),
    Step("ram:RemoveUserFromGroup"),
    Step("ram:DeleteGroup"),
    Step("ram:DeleteRole"),
    Step("ram:UpdateAccessKey", "UserName", values=_key),
    Step("ram:DeleteAccessKey", "UserName", values=_key),
    Step("ram:DeleteUser"),
    Step("imm:ConfirmDeletion"),
    Step("imm:DeleteFileMeta"),
    Step("imm:BatchDeleteFileMeta"),
    Step("imm:DeleteBinding", "Cleanup", values=lambda _: {"Cleanup": True}),
    Step("imm:DeleteDataset"),
    Step("imm:DeleteProject"),
)


class Recorder:
    """Makes the calls of all steps."""

    def __init__(self, server: BinderyServer, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._client = Client(server.endpoint, server.access_key_id, server.access_key_secret)
        self._answers: Answers = {}
        self._later: list[Callable[[], object]] = []
        self.examples: dict[str, dict[str, Any]] = {}

    def record(self, step: Step) -> None:
        """Make the call, and keep it with its answer."""
        if step.operation == "ram:DecodeDiagnosticMessage":
            step = step._replace(values=lambda _: {"EncodedDiagnosticMessage": self._refusal()})
        if step.operation == "imm:ConfirmDeletion":
            self._lose_everything()
        values = _values(step, self._answers)
        answer = self._call(step, values)
        while step.until is not None and not step.until(answer):
            time.sleep(0.1)
            answer = self._call(step, values)
        while self._later:
            self._later.pop()()
        self._answers[step.operation] = answer
        self.examples[step.operation] = self._shown({"values": values, "answer": answer})

    def _call(self, step: Step, values: Values) -> dict[str, Any]:
        operation = load_models()[step.operation]
        if "Store" in values:
            values["Store"] = str(self._folder / "archive")
        caller = self._user(step.by_user) if step.by_user else self._client
        return caller.call(operation.name, version=operation.version, **values)

    def _user(self, policy: str = "") -> Client:
        """The client of the user who was made."""
        if policy:
            attached = {"PolicyName": policy, "PolicyType": "System", "UserName": "reader"}
            self._client.call("AttachPolicyToUser", **attached)
            self._later.append(lambda: self._client.call("DetachPolicyFromUser", **attached))
        key = self._answers["ram:CreateAccessKey"]["AccessKey"]
        return Client(self._server.endpoint, key["AccessKeyId"], key["AccessKeySecret"])

    def _lose_everything(self) -> None:
        """Empty the bucket, and wait until the deletion guard holds the removals back."""
        names = {"ProjectName": "album", "DatasetName": "photos", "URI": "oss://photos"}
        self._client.call("StopBinding", **names)
        for path in self._server.bucket("photos").iterdir():
            shutil.rmtree(path)
        self._client.call("ResumeBinding", **names)
        while not self._client.call("GetBinding", **names)["Binding"]["Progress"]["HeldBack"]:
            time.sleep(0.1)

    def _refusal(self) -> str:
        """What the user, who may only read, is refused with."""
        try:
            self._user().call("DeleteProject", ProjectName="album")
        except ApiError as refused:
            message: str = refused.body["AccessDeniedDetail"]["EncodedDiagnosticMessage"]
            return message
        raise AssertionError("a reader may delete a project")

    def _shown(self, example: dict[str, Any]) -> dict[str, Any]:
        home = str(self._server.bucket("photos").parent.parent)
        text = json.dumps(example).replace(str(self._folder), "/srv").replace(home, "/srv/bindery")
        shown: dict[str, Any] = _shortened(json.loads(text))
        return shown


def _values(step: Step, answers: Answers) -> Values:
    instead = step.values(answers)
    values = {
        parameter.name: instead.get(parameter.name, parameter.example)
        for parameter in load_models()[step.operation].parameters
        if parameter.required or parameter.name in (*step.given.split(), "UserAccessKeyId")
    }
    missing = [name for name, value in values.items() if value is None]
    assert not missing, f"{step.operation}: no example of {missing}"
    return values


def _shortened(value: Any, name: str = "") -> Any:
    """Without secrets, and with the beginnings of long lists."""
    if isinstance(value, dict):
        return {key: _shortened(held, key) for key, held in value.items()}
    if isinstance(value, list):
        return [_shortened(held) for held in value[:_MOST_ITEMS]]
    if name in _SECRETS:
        return value[:_SHOWN_OF_SECRETS] + "…"
    return value


def main() -> int:
    """Record all; the exit code."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "archive").mkdir()
        with BinderyServer({"register": {"folders": [str(folder)]}}) as server:
            _fill(server.bucket("photos"), folder)
            recorder = Recorder(server, folder)
            for step in STEPS:
                recorder.record(step)
                print(step.operation)
    missing = set(operation_ids()) - recorder.examples.keys()
    assert not missing, f"no step for {sorted(missing)}"
    lines = [
        f" {json.dumps(name)}: {json.dumps(example, ensure_ascii=False)}"
        for name, example in sorted(recorder.examples.items())
    ]
    EXAMPLES.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return 0


def _fill(bucket: Path, folder: Path) -> None:
    """Sample media under the names of the models' examples."""
    media = folder / "media"
    make_sample_media(media)
    (bucket / "2024").mkdir()
    pictures, videos = sorted(media.rglob("*.jpg")), sorted(media.rglob("*.mp4"))
    for source, key in (
        (pictures[0], "2024/beach.jpg"),
        (pictures[-1], "2024/hills.jpg"),
        (videos[0], "2024/waves.mp4"),
    ):
        source.rename(bucket / key)


if __name__ == "__main__":
    sys.exit(main())
