"""``bindery access policy``: documents are checked before they are sent, with the place of an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bindery.access.policy.compiled import read_policy
from bindery.access.policy.decide import Attached, Grants, Request, decide
from bindery.cli.access.documents import Limits, make_document, policy_name
from bindery.cli.main import main
from cli.access.conftest import Commands

DOCUMENT = """{
  "Version": "1",
  "Statement": [{"Effect": "Allow", "Action": "imm:Get*", "Resource": "*"}]
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text(DOCUMENT)
    return path


def check(path: Path, *words: str, expect: int = 0) -> str:
    """Without any server."""
    done = CliRunner().invoke(main, ["access", "policy", "check", str(path), *words])
    assert done.exit_code == expect, done.output
    return done.output


def test_a_good_document(file: Path) -> None:
    assert "a policy of 1 statement" in check(file)
    assert "a session policy of 1 statement" in check(file, "--form", "session")


def test_the_place_of_an_error_is_shown(file: Path) -> None:
    file.write_text(DOCUMENT.replace('"Allow"', '"allow"'))
    said = check(file, expect=1)
    assert f"{file}:3:28: " in said
    assert "/Statement/0/Effect" in said
    line, mark = said.splitlines()[-2:]
    assert line[mark.index("^") :].startswith('"allow"')


def test_what_no_call_has_is_told_with_its_place(file: Path) -> None:
    file.write_text(DOCUMENT.replace("imm:Get*", "imm:GetBindign"))
    said = check(file)
    assert "a policy of 1 statement" in said
    assert f"warning: {file}:3:47: " in said
    line, mark = said.splitlines()[-2:]
    assert line[mark.index("^") :].startswith('"imm:GetBindign"')
    assert 'perhaps "imm:GetBinding" is meant' in said


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "\x1b[2J{", '{"Version": "1"}', DOCUMENT.replace("1", "2")]
)
def test_no_document_steers_the_terminal_or_ends_in_a_traceback(file: Path, text: str) -> None:
    file.write_text(text)
    said = check(file, expect=1)
    assert "Traceback" not in said and "\x1b" not in said and "internal error" not in said
    assert f"{file}:" in said


def test_what_is_no_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in check(file, expect=1)


def test_a_trust_policy_is_another_form(file: Path) -> None:
    assert "out of place: a trust policy" in check(file, "--form", "trust", expect=1)


def test_the_life_of_a_policy(access: Commands, file: Path) -> None:
    access("policy", "add", "holiday-readers", str(file), "--description", "who may look")
    assert "EntityAlreadyExists" in access("policy", "add", "holiday-readers", str(file), expect=1).stderr
    file.write_text(DOCUMENT.replace("Get", "List"))
    assert (
        "version v2 of holiday-readers counts now"
        in access("policy", "update", "holiday-readers", str(file)).stdout
    )
    access("policy", "update", "holiday-readers", "-", "--keep-default", stdin=DOCUMENT)
    versions = {
        each["VersionId"]: each["IsDefaultVersion"]
        for each in access.json("policy", "versions", "holiday-readers")
    }
    assert versions == {"v1": False, "v2": True, "v3": False}
    access("policy", "default", "holiday-readers", "v1")
    access("user", "add", "holder", "--no-key", "--policy", "holiday-readers")
    shown = access.json("policy", "show", "holiday-readers")
    assert shown["AttachedTo"] == ["user/holder"]
    assert shown["PolicyVersion"]["VersionId"] == "v1"
    said = access("policy", "show", "holiday-readers", "--version", "v2").stdout
    assert "imm:List*" in said and "user/holder" in said
    assert (
        "has no version v9"
        in access("policy", "show", "holiday-readers", "--version", "v9", expect=1).stderr
    )
    assert "DeleteConflict" in access("policy", "remove", "holiday-readers", expect=1).stderr
    access("policy", "remove", "holiday-readers", "--detach")
    assert access.json("policy", "list", "--custom") == []
    access("user", "remove", "holder")


def test_six_versions_make_room(access: Commands, file: Path) -> None:
    access("policy", "add", "busy", str(file))
    for _ in range(6):
        access("policy", "update", "busy", str(file))
    assert len(access.json("policy", "versions", "busy")) == 5
    access("policy", "remove", "busy")


def test_those_of_the_system_are_shown_and_not_changed(access: Commands, file: Path) -> None:
    names = {each["PolicyName"] for each in access.json("policy", "list", "--system")}
    assert {"AliyunIMMFullAccess", "AliyunIMMReadOnlyAccess", "BinderyIMMQueryAccess"} <= names
    assert "imm:*" in access("policy", "show", "full").stdout
    assert (
        "no policy AliyunIMMFullAccess"
        in access("policy", "remove", "AliyunIMMFullAccess", expect=1).stderr
    )


def test_a_malformed_document_is_not_sent(access: Commands, file: Path) -> None:
    file.write_text(DOCUMENT.replace('"Allow"', '"allow"'))
    assert f"{file}:3:28" in access("policy", "add", "never", str(file), expect=1).stderr
    assert access.json("policy", "list", "--custom") == []


def allowed(document: str, action: str, resource: str) -> bool:
    grants = Grants((Attached("user", "p", "Custom", read_policy(document)),))
    return decide(grants, Request(action, resource)).allowed


ARN = "acs:imm:cn-hangzhou:1:project"


@pytest.mark.parametrize(
    ("short_name", "yes", "no"),
    [
        ("read-only", ["imm:GetBinding", "imm:ListBindings"], ["imm:SimpleQuery", "imm:DeleteBinding"]),
        ("query", ["imm:GetBinding", "imm:SimpleQuery", "imm:FuzzyQuery"], ["imm:CreateBinding"]),
        ("full", ["imm:SimpleQuery", "imm:DeleteBinding"], ["ram:CreateUser", "bindery:RegisterBucket"]),
    ],
)
def test_short_names_limited_to_a_dataset_allow_just_that(
    short_name: str, yes: list[str], no: list[str]
) -> None:
    document = make_document(short_name, Limits(datasets=("p/d",)))
    for action in yes:
        assert allowed(document, action, f"{ARN}/p/dataset/d")
        for elsewhere in (
            f"{ARN}/p/dataset/dd",
            f"{ARN}/p/dataset/*",
            f"{ARN}/p",
            f"{ARN}/q/dataset/d",
            "*",
        ):
            assert not allowed(document, action, elsewhere)
    for action in no:
        assert not allowed(document, action, f"{ARN}/p/dataset/d")


def test_limits_to_a_project_and_a_bucket() -> None:
    document = make_document("full", Limits(projects=("p",), buckets=("photos",)))
    for resource in (f"{ARN}/p", f"{ARN}/p/dataset/d", f"{ARN}/p/trigger/*"):
        assert allowed(document, "imm:GetProject", resource)
    assert not allowed(document, "imm:GetProject", f"{ARN}/pp")
    assert allowed(document, "oss:GetObject", "acs:oss:cn-hangzhou:1:photos/2024/a.jpg")
    assert allowed(document, "oss:ListObjects", "acs:oss:cn-hangzhou:1:photos")
    assert not allowed(document, "oss:GetObject", "acs:oss:cn-hangzhou:1:photos2/a.jpg")
    assert not allowed(document, "oss:PutObject", "acs:oss:cn-hangzhou:1:photos/a.jpg")


def test_the_printed_document_is_the_one_that_is_made(access: Commands) -> None:
    printed = CliRunner().invoke(main, ["access", "policy", "print", "query", "--dataset", "p/d"]).stdout
    access("user", "add", "same", "--no-key", "--policy", "query", "--dataset", "p/d")
    shown = access.json("policy", "show", "user-same-query")["PolicyVersion"]["PolicyDocument"]
    assert json.loads(shown) == json.loads(printed)
    access("user", "remove", "same")


def test_names_of_policies_fit_the_longest_names() -> None:
    for kind in ("user", "group", "role"):
        name = policy_name(kind, "_." * 32, "read-only")
        assert len(name) <= 128
        assert name.replace("-", "").isalnum()
