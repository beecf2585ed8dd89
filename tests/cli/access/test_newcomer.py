"""``bindery access`` as somebody meets it first: its examples, and exactly what a user may do."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from bindery.api.spec.model import load_models
from bindery.cli.access.documents import Limits, make_document
from bindery.cli.client import ApiError, Client
from bindery.cli.main import main

if TYPE_CHECKING:
    from conftest import Commands

_STAYS = ("access credentials", "--follow", "ALIBABA_CLOUD_CREDENTIALS_URI")
"""Examples that run until they are stopped, or are for another program."""
_SAYS_NO = "imm:SimpleQuery"
"""What the example asks of role/nightly in a project that it has no right on."""


def _examples(command: click.Command, context: click.Context) -> Iterator[str]:
    text = command.help or ""
    for line in text.splitlines():
        if line.strip().startswith("bindery access") and not any(each in line for each in _STAYS):
            yield re.split(r" {3,}", line.strip())[0]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _examples(below, context)


def examples() -> list[str]:
    context = click.Context(main)
    command = main.get_command(context, "access")
    assert command is not None
    return list(dict.fromkeys(_examples(command, context)))


@pytest.fixture
def world(access: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the examples speak of, and nothing else."""
    monkeypatch.chdir(tmp_path)
    document = make_document("read-only", Limits(datasets=("default/holiday",)))
    Path("policy.json").write_text(document, "utf-8")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["imm.aliyuncs.com"]}}
    Path("trust.json").write_text(json.dumps({"Version": "1", "Statement": [trust]}), "utf-8")
    begin(access)


def begin(access: Commands) -> None:
    """With an empty server, but for a project and its datasets."""
    access.server.reset()
    access.environment |= {
        "BINDERY_ACCESS_KEY_ID": access.server.access_key_id,
        "BINDERY_ACCESS_KEY_SECRET": access.server.access_key_secret,
    }
    access.server.call("CreateProject", ProjectName="default")
    for name in ("holiday", "shared"):
        access.server.call("CreateDataset", ProjectName="default", DatasetName=name)


def prepare(access: Commands, example: str) -> str:
    """Make what an example takes for granted; the example with a key in place of ``LTAI…``."""
    words = example.split()
    if words[3] != "add" or words[2] in ("user", "role", "key"):
        for group in ("editors", "readers", "programs"):
            access("group", "add", group)
    if words[2:4] != ["user", "add"]:
        bucket = ("--policy", "query", "--dataset", "default/holiday", "--bucket", "photos")
        access("user", "add", "reader", *bucket)
        for user in ("ci", "anna", "bert"):
            access("user", "add", user)
    if words[2:4] != ["role", "add"] and words[2] != "user":
        access("role", "add", "nightly", "--trust", "user/ci", "--policy", "query", "--project", "default")
    if words[2:4] != ["policy", "add"]:
        access("policy", "add", "holiday-readers", "policy.json")
    if words[2:4] == ["group", "leave"]:
        access("group", "join", "editors", "bert")
    keys = access.ram("ListAccessKeys", UserName="reader") if "LTAI…" in words else None
    key_id = "" if keys is None else keys["AccessKeys"]["AccessKey"][0]["AccessKeyId"]
    return example.replace("LTAI…", key_id)


def test_there_are_examples() -> None:
    assert len(examples()) > 30


@pytest.mark.server
def test_every_example_can_be_copied(access: Commands, world: None) -> None:
    for example in examples():
        begin(access)
        command = prepare(access, example)
        line, _, file = command.partition(" > ")
        done = CliRunner().invoke(main, shlex.split(line)[1:], env=access.environment)
        assert done.exit_code == (1 if _SAYS_NO in line else 0), (command, done.output, done.exception)
        assert done.output, command
        if file.endswith(".json"):
            assert json.loads(done.stdout), command


def test_a_reader_of_one_dataset_may_do_exactly_that(access: Commands, world: None) -> None:
    """Every operation there is, called on the dataset, on its neighbour, and elsewhere."""
    access.server.call("CreateProject", ProjectName="p")
    for name in ("d", "e"):
        access.server.call("CreateDataset", ProjectName="p", DatasetName=name)
    key = access.json("user", "add", "reader", "--policy", "read-only", "--dataset", "p/d")
    client = Client(access.server.endpoint, key["AccessKeyId"], key["AccessKeySecret"])
    allowed = {
        "imm:GetBinding", "imm:GetBindingHistory", "imm:GetDataset", "imm:GetFigureCluster", "imm:GetFileMeta",
        "imm:GetStory", "imm:ListBindings",
    }  # fmt: skip
    lists = {"imm:ListProjects": "Projects", "imm:ListDatasets": "Datasets"}
    anybody = {"sts:GetCallerIdentity", "imm:ValidatePolicy"}
    for operation in load_models():
        for project, dataset in (("p", "d"), ("p", "e"), ("default", "holiday")):
            given = {
                "ProjectName": project, "DatasetName": dataset, "URI": "oss://photos/a", "UserName": "reader",
            }  # fmt: skip
            known = {each.name for each in operation.parameters}
            parameters = {name: value for name, value in given.items() if name in known}
            try:
                answer = client.call(operation.name, version=operation.version, **parameters)
            except ApiError as error:
                answer, code = {}, error.code
            else:
                code = "OK"
            mine = (project, dataset) == ("p", "d")
            if operation.id in lists and code == "OK":
                shown = answer[lists[operation.id]]
                assert [each["DatasetName"] for each in shown] == (["d"] if shown else [])
            else:
                may = (operation.id in allowed and mine) or operation.id in anybody
                assert (code != "NoPermission") == may, (operation.id, project, dataset, code)
