"""The API model, and the code against it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bindery.api.operations import built_operations, operation_names, snake_case
from bindery.api.spec.model import load_model

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = {"StopBinding", "ResumeBinding", "RegisterBucket"}
POST_ONLY = {
    "BatchDeleteFileMeta", "BatchIndexFileMeta", "CreateBatch", "CreateCompressPointCloudTask",
    "CreateCustomizedStory", "CreateHighlightTask", "CreateTrigger", "DeleteBatch", "DeleteDataset",
    "DeleteTrigger", "ResumeBatch", "ResumeTrigger", "SuspendBatch", "SuspendTrigger", "UpdateBatch",
    "UpdateTrigger",
}  # fmt: skip
SDK = pytest.importorskip("alibabacloud_imm20200930.client").Client


def vendor_operations() -> set[str]:
    return {name for name, operation in load_model().operations.items() if not operation.extension}


def test_the_vendor_has_105_operations() -> None:
    assert len(vendor_operations()) == 105
    assert set(load_model().operations) - vendor_operations() >= EXTENSIONS


def test_the_operations_are_those_of_the_official_sdk() -> None:
    methods = {name.removesuffix("_with_options") for name in dir(SDK) if name.endswith("_with_options")}
    methods -= {"contextual_answer_with_sse"}
    named = {name.lower() for name in vendor_operations()}
    assert {method.replace("_", "") for method in methods} >= named
    assert len(methods) <= len(named) + 1


def test_operations_that_only_post_is_for() -> None:
    assert {name for name, operation in load_model().operations.items() if operation.post_only} == POST_ONLY


def test_every_rule_belongs_to_a_parameter() -> None:
    """A rule for a name that an operation does not have would never be applied."""
    model = load_model()
    patches = msgspec.json.decode((ROOT / "src/bindery/api/spec/patches.json").read_bytes())
    everywhere = {
        parameter.name for operation in model.operations.values() for parameter in operation.parameters
    }
    for section in ("rules", "required"):
        for action, entries in patches[section].items():
            names = (
                everywhere
                if action == "*"
                else {entry.name for entry in model.operations[action].parameters}
            )
            assert set(entries) <= names, (section, action)
    assert set(patches["postOnly"]) <= set(model.operations)


def test_every_list_has_a_largest_page() -> None:
    for name, built in built_operations().items():
        for parameter in load_model().operations[built.name].parameters:
            if parameter.name == "MaxResults":
                assert parameter.rule.maximum is not None, name
                assert parameter.rule.default == 100, name


def test_every_name_is_constrained() -> None:
    for operation in load_model().operations.values():
        for parameter in operation.parameters:
            if parameter.name in ("ProjectName", "DatasetName"):
                assert parameter.rule.pattern, operation.name


@pytest.mark.parametrize("name", operation_names())
def test_messages_have_the_members_of_the_model(name: str) -> None:
    operation, built = load_model().operations[name], built_operations()[name]
    request = {field.encode_name: field.required for field in msgspec.structs.fields(built.request)}
    assert request == {parameter.name: parameter.required for parameter in operation.parameters}
    response = {field.encode_name for field in msgspec.structs.fields(built.response)}
    assert response == {member.name for member in operation.response} - {"RequestId"}


def test_the_messages_are_what_the_generator_writes() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "generate_messages.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("GetBinding", "get_binding"),
        ("OSSURI", "oss_uri"),
        ("URIs", "uris"),
        ("BatchGetFileMeta", "batch_get_file_meta"),
        ("CreateImageToPDFTask", "create_image_to_pdf_task"),
        ("AttachOSSBucket", "attach_oss_bucket"),
        ("OSSCRC64", "oss_crc64"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_no_two_operations_share_a_module() -> None:
    names = [snake_case(name) for name in load_model().operations]
    assert len(set(names)) == len(names)
