"""``bindery copy`` between two real servers: what is copied, what is refused, killed and begun again, done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bindery.cli.main import main
from bindery.testing import BinderyServer

pytestmark = pytest.mark.server
_KILLED = """
import importlib, json, os, signal
from bindery.cli.main import main
copy = importlib.import_module("bindery.cli.copy")
replace_private = copy.replace_private
def remember(state, content):
    replace_private(state, content)
    if json.loads(content)["after"]:
        os.kill(os.getpid(), signal.SIGKILL)
copy.replace_private = remember
main()
"""
"""Killed when it has stored how far it is among the entries."""
P = {"ProjectName": "album"}
D = {**P, "DatasetName": "photos"}
LABELS = (
    {"CustomId": "it's \U0001f600", "CustomLabels": {"a": "b", "é.ü": "\u2028\x01"}},
    {"Labels": [{"LabelName": "cat", "LabelConfidence": 0.5}, {"LabelName": "dog", "Language": "en"}]},
    {"CustomLabels": {f"k{n}": "x" * 500 for n in range(100)}},
)


@pytest.fixture(scope="module")
def source() -> Iterator[BinderyServer]:
    with BinderyServer() as server:
        server.call(
            "CreateProject", **P, Description="Summer", Tag=[{"Key": "team", "Value": "a"}, {"Key": "b"}],
            DatasetMaxFileCount=1_000_000,
        )  # fmt: skip
        server.call("UpdateProject", **P, ProjectMaxDatasetCount=77)
        server.call(
            "CreateDataset", **D, Description="all", DatasetMaxFileCount=5_000,
            WorkflowParameters=[{"Name": "n", "Value": "v"}],
        )  # fmt: skip
        server.call("CreateDataset", **P, DatasetName="empty")
        server.bucket("pictures", {f"{n}.txt": str(n) for n in range(5)})
        server.call("CreateBinding", **D, URI="oss://pictures", Scope={"Exclude": ["*.tmp"]})
        server.wait_until_indexed("pictures", "album", "photos")
        for number, fields in enumerate(LABELS):
            server.call("UpdateFileMeta", **D, File={"URI": f"oss://pictures/{number}.txt", **fields})
        for start in range(0, 300, 100):
            files = [{"URI": f"oss://other/{n:03d}", "CustomId": str(n)} for n in range(start, start + 100)]
            server.call("BatchIndexFileMeta", **D, Files=files)
        yield server


@pytest.fixture
def target() -> Iterator[BinderyServer]:
    with BinderyServer() as server:
        server.bucket("pictures", {f"{n}.txt": str(n) for n in range(5)})
        yield server


def keys_of(source: BinderyServer, target: BinderyServer) -> dict[str, str]:
    return {
        "BINDERY_FROM_ACCESS_KEY_ID": source.access_key_id,
        "BINDERY_FROM_ACCESS_KEY_SECRET": source.access_key_secret,
        "BINDERY_TO_ACCESS_KEY_ID": target.access_key_id,
        "BINDERY_TO_ACCESS_KEY_SECRET": target.access_key_secret,
    }


def allow(server: BinderyServer, user: str, name: str, policy: dict[str, Any]) -> None:
    server.call("CreatePolicy", PolicyName=name, PolicyDocument=json.dumps(policy))
    server.call("AttachPolicyToUser", PolicyType="Custom", PolicyName=name, UserName=user)


def key_of_user(server: BinderyServer, user: str, side: str) -> dict[str, str]:
    key = server.call("CreateAccessKey", UserName=user)["AccessKey"]
    return {
        f"BINDERY_{side}_ACCESS_KEY_ID": key["AccessKeyId"],
        f"BINDERY_{side}_ACCESS_KEY_SECRET": key["AccessKeySecret"],
    }


def ends(source: BinderyServer, target: BinderyServer) -> list[str]:
    return ["copy", "--from-endpoint", source.endpoint, "--to-endpoint", target.endpoint]


def copy(source: BinderyServer, target: BinderyServer, *words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [*ends(source, target), *words], env=keys_of(source, target))
    assert done.exit_code == code, done.output
    return done


def entries(server: BinderyServer) -> dict[str, dict[str, Any]]:
    """What callers have set, by URI."""
    found: dict[str, dict[str, Any]] = {}
    token = ""
    while True:
        page = server.call("SimpleQuery", **D, NextToken=token or None)
        for file in page["Files"]:
            found[file["URI"]] = {name: file.get(name) for name in ("CustomId", "CustomLabels", "Labels")}
        token = page.get("NextToken", "")
        if not token:
            return found


def changes(server: BinderyServer) -> list[Any]:
    """Whatever moves when something is written."""
    times = [project["UpdateTime"] for project in server.call("ListProjects")["Projects"]]
    times += [dataset["UpdateTime"] for dataset in server.call("ListDatasets", **P)["Datasets"]]
    files = server.call("SimpleQuery", **D, Sort="UpdateTime", Order="desc", MaxResults=1)
    return [times, files["Files"][0]["UpdateTime"], files["TotalHits"]]


def wait_until_quiet(server: BinderyServer) -> None:
    """Nothing is being extracted."""
    deadline = time.monotonic() + 120
    query = {"Field": "ObjectStatus", "Operation": "eq", "Value": "Indexing"}
    while server.call("SimpleQuery", **D, Query=query)["TotalHits"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_all_that_can_be_copied(source: BinderyServer, target: BinderyServer) -> None:
    dry = copy(source, target, "--dry-run").output
    assert "project album: would be made" in dry
    assert "entry: 303 to be indexed" in dry
    assert target.call("ListProjects")["Projects"] == []

    said = copy(source, target).output
    assert "project: 1 made\n" in said
    assert "dataset: 2 made\n" in said
    assert "extracted" in said
    project = target.call("GetProject", **P)["Project"]
    assert (project["Description"], project["ProjectMaxDatasetCount"]) == ("Summer", 77)
    assert project["Tags"] == [{"TagKey": "b", "TagValue": ""}, {"TagKey": "team", "TagValue": "a"}]
    here, there = (server.call("GetDataset", **D)["Dataset"] for server in (source, target))
    for name in ("Description", "DatasetMaxFileCount", "DatasetMaxTotalFileSize", "WorkflowParameters"):
        assert there[name] == here[name], name
    (binding,) = target.call("ListBindings", **D)["Bindings"]
    assert binding["Scope"]["Exclude"] == ["*.tmp"]
    target.wait_until_indexed("pictures", "album", "photos")
    wait_until_quiet(target)
    assert entries(target) == entries(source)

    before = changes(target)
    again = copy(source, target).output
    assert "made" not in again
    assert "changed" not in again
    assert "entry: 303 the same" in again
    assert changes(target) == before


def test_what_differs_is_changed_and_nothing_removed(source: BinderyServer, target: BinderyServer) -> None:
    target.call("CreateProject", **P, Description="Winter")
    target.call("CreateDataset", **D)
    target.call("BatchIndexFileMeta", **D, Files=[
        {"URI": "oss://other/000", "CustomId": "wrong"}, {"URI": "oss://mine/1", "CustomId": "mine"},
    ])  # fmt: skip
    wait_until_quiet(target)
    said = copy(source, target, "--no-bindings", "--dataset", "photos", "--project", "album").output
    assert "entry: 304 to be indexed" in said
    assert "1 changed" in said
    assert target.call("GetProject", **P)["Project"]["Description"] == "Summer"
    held = entries(target)
    assert held.pop("oss://mine/1")["CustomId"] == "mine"
    assert held == entries(source)
    assert target.call("ListBindings", **D)["Bindings"] == []
    assert [each["DatasetName"] for each in target.call("ListDatasets", **P)["Datasets"]] == ["photos"]


def test_killed_and_begun_again(source: BinderyServer, target: BinderyServer, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    command = [sys.executable, "-c", _KILLED, *ends(source, target), "--state", str(state)]
    environment = os.environ | keys_of(source, target)
    killed = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert json.loads(state.read_text())["after"]
    copy(source, target, "--state", str(state))
    assert not state.exists()
    target.wait_until_indexed("pictures", "album", "photos")
    wait_until_quiet(target)
    assert entries(target) == entries(source)


def test_what_is_refused_costs_nothing_else(
    source: BinderyServer, target: BinderyServer, tmp_path: Path
) -> None:
    """Of who may bind nothing at the other end; and of who has no key."""
    policy = {"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": ["imm:*", "ram:PassRole", "oss:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "imm:CreateBinding", "Resource": "*"},
    ]}  # fmt: skip
    target.call("CreateUser", UserName="ann")
    allow(target, "ann", "p", policy)
    anns = key_of_user(target, "ann", "TO")
    done = CliRunner().invoke(main, ends(source, target), env=keys_of(source, target) | anns)
    assert done.exit_code == 1, done.output
    assert "oss://pictures: not copied" in done.stderr
    assert "begin the same copy again" in done.stderr
    assert len(target.call("ListDatasets", **P)["Datasets"]) == 2
    stranger = keys_of(source, target) | {"BINDERY_TO_ACCESS_KEY_SECRET": "wrong"}
    unknown = CliRunner().invoke(main, ends(source, target), env=stranger)
    assert unknown.exit_code == 1
    assert f"Error: {target.endpoint}: GetProject: SignatureDoesNotMatch" in unknown.stderr
    assert "BINDERY_TO_ACCESS_KEY_ID" in unknown.stderr
    nobody = CliRunner().invoke(main, ends(source, target), env={})
    assert (nobody.exit_code, "BINDERY_FROM_ACCESS_KEY_ID" in nobody.stderr) == (1, True), nobody.output
    home = tmp_path / ".aliyun"
    home.mkdir()
    (home / "config.json").write_text(json.dumps({"profiles": [{
        "name": "here", "mode": "AK",
        "access_key_id": source.access_key_id, "access_key_secret": source.access_key_secret,
    }]}))  # fmt: skip
    to_key = {name: key for name, key in keys_of(source, target).items() if "_TO_" in name}
    words = [*ends(source, target), "--from-profile", "here", "--no-entries", "--no-bindings"]
    by_profile = CliRunner().invoke(main, words, env={"HOME": str(tmp_path), **to_key})
    assert by_profile.exit_code == 0, by_profile.output
    unknown = CliRunner().invoke(main, [*words[:-3], "none"], env={"HOME": str(tmp_path), **to_key})
    assert "no profile none" in unknown.stderr
    assert "cannot be written" in copy(source, target, "--field", "Size", code=1).stderr
    assert "the same" in copy(source, source, code=2).stderr


def test_what_may_not_be_read_costs_no_other_dataset(source: BinderyServer, target: BinderyServer) -> None:
    denied = "acs:imm:*:*:project/album/dataset/empty"
    policy = {"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": ["imm:*", "oss:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": ["imm:GetDataset", "imm:SimpleQuery"], "Resource": denied},
    ]}  # fmt: skip
    source.call("CreateUser", UserName="bob")
    allow(source, "bob", "most", policy)
    bobs = key_of_user(source, "bob", "FROM")
    done = CliRunner().invoke(main, ends(source, target), env=keys_of(source, target) | bobs)
    assert done.exit_code == 1, done.output
    assert "dataset album/empty: not copied" in done.stderr
    assert [each["DatasetName"] for each in target.call("ListDatasets", **P)["Datasets"]] == ["photos"]
    target.wait_until_indexed("pictures", "album", "photos")
    wait_until_quiet(target)
    assert entries(target) == entries(source)
    policy["Statement"][1] |= {"Action": "imm:GetProject", "Resource": "acs:imm:*:*:project/album"}
    allow(source, "bob", "less", policy)
    words = [*ends(source, target), "--dataset", "photos"]
    closed = CliRunner().invoke(main, words, env=keys_of(source, target) | bobs)
    assert closed.exit_code == 1
    assert "project album: not copied" in closed.stderr
    assert "there is none" not in closed.stderr, "nobody knows"


def test_what_is_named_and_nowhere_is_no_success(
    source: BinderyServer, target: BinderyServer, tmp_path: Path
) -> None:
    assert "no project albun" in copy(source, target, "--project", "albun", code=1).stderr
    assert "dataset fotos: not copied" in copy(source, target, "--dataset", "fotos", code=1).stderr
    for state in (tmp_path, "/dev/zero", tmp_path / "none" / "state.json"):
        refused = CliRunner().invoke(
            main, [*ends(source, target), "--state", str(state)], env=keys_of(source, target)
        )
        assert refused.exit_code in (1, 2), state
        assert "made" not in refused.stdout, "before anything is copied"
