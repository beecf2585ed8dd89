"""The API model, and the code against it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bindery.api.operations import built_operations, operation_ids, snake_case
from bindery.api.spec.model import Model, Models, Resource, load_model, load_models, products

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
    return {name for name, operation in load_model("imm").operations.items() if not operation.extension}


def test_the_vendor_has_105_operations() -> None:
    assert len(vendor_operations()) == 105
    assert set(load_model("imm").operations) - vendor_operations() >= EXTENSIONS


def test_the_operations_are_those_of_the_official_sdk() -> None:
    methods = {name.removesuffix("_with_options") for name in dir(SDK) if name.endswith("_with_options")}
    methods -= {"contextual_answer_with_sse"}
    named = {name.lower() for name in vendor_operations()}
    assert {method.replace("_", "") for method in methods} >= named
    assert len(methods) <= len(named) + 1


def test_operations_that_only_post_is_for() -> None:
    assert {
        name for name, operation in load_model("imm").operations.items() if operation.post_only
    } == POST_ONLY


@pytest.mark.parametrize("product", products())
def test_every_rule_belongs_to_a_parameter(product: str) -> None:
    """A rule for a name that an operation does not have would never be applied."""
    model = load_model(product)
    patches = msgspec.json.decode((ROOT / "src/bindery/api/spec" / product / "patches.json").read_bytes())
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


def test_what_is_left_out_says_why() -> None:
    """Of RAM and STS, which are meant to be whole; and nothing that is built claims not to be."""
    for operation in load_models():
        is_built = operation.id in operation_ids()
        assert not (is_built and operation.left_out), operation.id
        assert is_built or operation.left_out or operation.product == "imm", operation.id


def test_every_condition_key_of_an_operation_is_a_parameter() -> None:
    for operation in load_models():
        assert set(operation.conditions.values()) <= {each.name for each in operation.parameters}


def test_every_list_has_a_largest_page() -> None:
    for operation in map(load_models().__getitem__, built_operations()):
        for parameter in operation.parameters:
            if parameter.name in ("MaxResults", "MaxItems"):
                assert parameter.rule.maximum is not None, operation.id
                assert parameter.rule.default == 100, operation.id


def test_every_name_is_constrained() -> None:
    for operation in load_models():
        for parameter in operation.parameters:
            if parameter.name in ("ProjectName", "DatasetName"):
                assert parameter.rule.pattern, operation.id


@pytest.mark.parametrize("identifier", operation_ids())
def test_messages_have_the_members_of_the_model(identifier: str) -> None:
    operation, built = load_models()[identifier], built_operations()[identifier]
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
    names = [(operation.family, snake_case(operation.name)) for operation in load_models()]
    assert len(set(names)) == len(names)


def test_a_family_is_of_one_product() -> None:
    owners: dict[str, set[str]] = {}
    for operation in load_models():
        owners.setdefault(operation.family, set()).add(operation.product)
    assert {family: owning for family, owning in owners.items() if len(owning) > 1} == {}


# several products


def renamed(product: str, version: str) -> Model:
    """The model of IMM as another product has it."""
    model = load_model("imm")
    replace = msgspec.structs.replace
    operations = {
        name: replace(operation, product=product, version=version)
        for name, operation in model.operations.items()
    }
    return replace(model, product=product, version=version, operations=operations)


def test_version_and_action_choose_the_product() -> None:
    other, third = renamed("other", "2001-01-01"), renamed("third", "2001-01-01")
    third.operations["GetThing"] = third.operations["GetProject"]
    models = Models((load_model("imm"), other, third))
    chosen = {
        (version, action): getattr(models.choose(version, action), "product", None)
        for version in ("2020-09-30", "2001-01-01", "2002-02-02")
        for action in ("GetProject", "GetThing", "GetNothing")
    }
    assert chosen == {
        ("2020-09-30", "GetProject"): "imm",
        ("2020-09-30", "GetThing"): "imm",
        ("2020-09-30", "GetNothing"): "imm",
        ("2001-01-01", "GetProject"): "other",
        ("2001-01-01", "GetThing"): "third",
        ("2001-01-01", "GetNothing"): "other",
        ("2002-02-02", "GetProject"): None,
        ("2002-02-02", "GetThing"): None,
        ("2002-02-02", "GetNothing"): None,
    }


@pytest.mark.parametrize("room", ["api/gateway", "api/spec"])
def test_no_product_is_named_where_all_pass(room: str) -> None:
    """In the code; the page at ``/`` and docstrings may."""
    named = [
        (path.name, word)
        for path in sorted((ROOT / "src" / "bindery" / room).glob("*.py"))
        for node in ast.walk(_without_docstrings(ast.parse(path.read_text("utf-8"))))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in [*products(), *(model.version for model in load_models().all)]
        if re.search(rf"\b{word}\b", node.value) and path.name != "pages.py"
    ]
    assert named == []


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_operations_of_one_name_in_several_products_stay_apart() -> None:
    models = Models((load_model("imm"), renamed("other", "2001-01-01")))
    assert [operation.id for operation in models.named("GetProject")] == [
        "imm:GetProject",
        "other:GetProject",
    ]
    assert models["other:GetProject"].version == "2001-01-01"
    assert models.version_of("GetProject") == "2020-09-30"
    assert models.version_of("GetNothing") == "2020-09-30"


# what operations work on


def test_resources_are_named_from_the_request() -> None:
    operation = load_model("imm").operations["GetDataset"]
    known = {"region": "cn-hangzhou", "account": "7"}
    assert operation.resource_names({"ProjectName": "p"}, **known) == (
        "acs:imm:cn-hangzhou:7:project/p/dataset/*",
    )
    assert load_model("imm").operations["ListRegions"].resource_names({}, **known) == ("*",)


def test_who_names_nobody_means_himself() -> None:
    operation = load_model("ram").operations["ListAccessKeys"]
    known = {"region": "r", "account": "7"}
    assert operation.resource_names({}, **known, user="alice") == ("acs:ram::7:user/alice",)
    assert operation.resource_names({"UserName": ""}, **known, user="alice") == ("acs:ram::7:user/alice",)
    assert operation.resource_names({"UserName": "bob"}, **known, user="alice") == ("acs:ram::7:user/bob",)
    assert operation.resource_names({}, **known) == ("acs:ram::7:user/*",)
    named = load_model("ram").operations["GetUser"]
    assert named.resource_names({}, **known, user="alice") == ("acs:ram::7:user/*",)


def test_which_resource_depends_on_the_request() -> None:
    custom = Resource(name="acs:ram:*:{account}:policy/{Name}", when={"Kind": "Custom"})
    system = Resource(name="acs:ram:*:system:policy/{Name}", when={"Kind": "System"})
    operation = msgspec.structs.replace(
        load_model("imm").operations["GetDataset"], resources=(custom, system, Resource(name="*"))
    )
    known = {"region": "r", "account": "7"}
    assert operation.resource_names({"Name": "n", "Kind": "System"}, **known) == (
        "acs:ram:*:system:policy/n",
        "*",
    )
    assert operation.resource_names({"Name": "n", "Kind": "Custom"}, **known) == (
        "acs:ram:*:7:policy/n",
        "*",
    )
