"""Parameters from text to typed values, and every way they can be wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bindery.api.errors import ApiError
from bindery.api.gateway.validation import validate, validate_polled
from bindery.api.operations import Work, built_operations, operation_ids
from bindery.api.spec.model import Parameter, load_models

PROJECT = {"ProjectName": "p"}
DATASET = {"ProjectName": "p", "DatasetName": "d"}


def check(action: str, **parameters: str) -> Any:
    return validate(built_operations()[load_models().named(action)[0].id], parameters)


def refusal(action: str, **parameters: str) -> tuple[str, str]:
    with pytest.raises(ApiError) as refused:
        check(action, **parameters)
    assert refused.value.status == 400
    return refused.value.code, refused.value.message


@pytest.mark.parametrize("value", [None, ""])
def test_a_required_parameter_that_is_absent_or_empty(value: str | None) -> None:
    given = {} if value is None else {"ProjectName": value}
    assert refusal("GetProject", **given) == (
        "MissingProjectName",
        "ProjectName is mandatory for this action.",
    )


@pytest.mark.parametrize("text", ["[]", "null"])
def test_a_required_list_that_is_empty(text: str) -> None:
    code, _ = refusal("BatchGetFileMeta", **DATASET, URIs=text)
    assert code == ("MissingURIs" if text == "[]" else "InvalidJSON")


def test_unknown_parameters_are_ignored() -> None:
    assert check("GetProject", **PROJECT, Unknown="x", RegionId="cn-hangzhou").project_name == "p"


@pytest.mark.parametrize("name", ["a", "_", "A-b_9", "a" * 128])
def test_names(name: str) -> None:
    assert check("CreateProject", ProjectName=name).project_name == name


@pytest.mark.parametrize(
    "name", ["9a", "-a", "a b", "a.b", "名", "a" * 129, "a\n", "a/b", " a", "é", "a\0"]
)
@pytest.mark.parametrize("parameter", ["ProjectName", "DatasetName"])
def test_wrong_names(name: str, parameter: str) -> None:
    assert refusal("GetDataset", **{**DATASET, parameter: name}) == (
        f"Invalid{parameter}",
        f"Specified parameter {parameter} is not valid.",
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("true", True), ("TRUE", True), ("False", False), ("false", False), ("", None)],
)
def test_booleans_of_every_sdk(text: str, value: bool | None) -> None:
    assert check("GetProject", **PROJECT, WithStatistics=text).with_statistics is value


@pytest.mark.parametrize("text", ["1", "0", "yes", "on", " true", "None"])
def test_what_is_no_boolean(text: str) -> None:
    assert refusal("GetProject", **PROJECT, WithStatistics=text)[0] == "InvalidWithStatistics"


@pytest.mark.parametrize(
    ("action", "largest"),
    [
        ("ListProjects", 200),
        ("ListDatasets", 200),
        ("ListBindings", 200),
        ("ListTasks", 100),
        ("SimpleQuery", 2000),
        ("FuzzyQuery", 200),
    ],
)
def test_max_results(action: str, largest: int) -> None:
    rest = {**DATASET, "Query": '{"Field":"Size"}' if action == "SimpleQuery" else "x"}
    assert check(action, **rest).max_results == 100
    assert check(action, **rest, MaxResults="0").max_results == 100
    assert check(action, **rest, MaxResults="1").max_results == 1
    assert check(action, **rest, MaxResults=str(largest)).max_results == largest
    for text in (str(largest + 1), str(2**31), str(2**63), "9" * 30):
        assert refusal(action, **rest, MaxResults=text) == (
            "LimitExceededError",
            "Message: input quota exceed the max value (MaxResults)",
        )
    for text in ("-1", "-" + "9" * 30, "1.5", "1e2", "ten", "٣", "0x10", " 1", "1" * 41):
        assert refusal(action, **rest, MaxResults=text)[0] == "InvalidMaxResults"


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("DatasetMaxBindCount", 1, 10),
        ("DatasetMaxFileCount", 1, 100_000_000),
        ("ProjectMaxDatasetCount", 1, 1_000_000_000),
        ("DatasetMaxEntityCount", 1, None),
        ("DatasetMaxRelationCount", 1, None),
        ("DatasetMaxTotalFileSize", 1, None),
    ],
)
@pytest.mark.parametrize("action", ["CreateProject", "UpdateProject"])
def test_caps(action: str, name: str, lowest: int, highest: int | None) -> None:
    attribute = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
    top = highest or 2**63 - 1
    for value in (lowest, top):
        assert getattr(check(action, **PROJECT, **{name: str(value)}), attribute) == value
    for value in (lowest - 1, -5):
        assert refusal(action, **PROJECT, **{name: str(value)})[0] == f"Invalid{name}"
    code, _ = refusal(action, **PROJECT, **{name: str(top + 1)})
    assert code == ("LimitExceededError" if highest else f"Invalid{name}")


@pytest.mark.parametrize("action", ["CreateProject", "UpdateProject", "CreateDataset", "UpdateDataset"])
def test_descriptions_are_limited_in_characters(action: str) -> None:
    assert check(action, **DATASET, Description="文" * 256).description == "文" * 256
    assert check(action, **DATASET, Description="").description is None
    assert refusal(action, **DATASET, Description="文" * 257)[0] == "LimitExceededError"


def test_user_data_is_limited_in_bytes() -> None:
    rest = {**DATASET, "File": '{"URI":"oss://bucket/key"}'}
    assert check("IndexFileMeta", **rest, UserData="a" * 2048).user_data
    assert check("IndexFileMeta", **rest, UserData="文" * 682).user_data
    assert refusal("IndexFileMeta", **rest, UserData="文" * 683)[0] == "LimitExceededError"


def test_a_search_text_may_have_a_megabyte() -> None:
    text = "文" * (1_048_576 // 3)
    assert check("FuzzyQuery", **DATASET, Query=text).query == text
    assert refusal("FuzzyQuery", **DATASET, Query=text + "文")[0] == "LimitExceededError"


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("BatchIndexFileMeta", "Files"),
        ("BatchUpdateFileMeta", "Files"),
        ("BatchGetFileMeta", "URIs"),
        ("BatchDeleteFileMeta", "URIs"),
    ],
)
def test_batches_hold_up_to_a_hundred(action: str, name: str) -> None:
    def entries(count: int) -> str:
        uris = [f"oss://bucket/{number}" for number in range(count)]
        return json.dumps(uris if name == "URIs" else [{"URI": uri} for uri in uris])

    assert len(getattr(check(action, **DATASET, **{name: entries(100)}), name.lower())) == 100
    assert refusal(action, **DATASET, **{name: entries(101)})[0] == "LimitExceededError"


@pytest.mark.parametrize(
    "text",
    [
        "URI",
        "[",
        '["URI"',
        '["URI",]',
        "['URI']",
        '{"URI":1}',
        '"URI"',
        "[1]",
        "[null]",
        "\ufeff[]",
        '["\\ud800"]',
        '["\\u0000"]',
        "[" * 100_000,
        "NaN",
        "[1" + "1" * 10_000 + "]",
    ],
)
def test_json_that_is_none_or_of_another_shape(text: str) -> None:
    code, message = refusal("GetFileMeta", **DATASET, URI="oss://bucket/key", WithFields=text)
    assert code == "InvalidJSON"
    assert message.startswith("The parameter WithFields is not valid JSON: ")
    assert len(message) < 300


@pytest.mark.parametrize(
    "text", ['{"a":' * 5_000 + "1" + "}" * 5_000, "[" * 50_000 + "]" * 50_000, "1e999", "{]"]
)
def test_a_query_that_is_no_json(text: str) -> None:
    assert refusal("SimpleQuery", **DATASET, Query=text)[0] == "InvalidJSON"


def test_a_backslash_before_u0000_is_no_nul() -> None:
    fields = check("GetFileMeta", **DATASET, URI="oss://bucket/key", WithFields='["\\\\u0000"]').with_fields
    assert fields == ("\\u0000",)


def test_members_of_json_may_be_unknown_null_or_empty() -> None:
    file = (
        '{"URI":"oss://b/k","Addresses":[],"Labels":null,"Later":{"x":[1]},"CustomLabels":{"n":1,"b":true}}'
    )
    found = check("IndexFileMeta", **DATASET, File=file).file
    assert (found.uri, found.addresses, found.labels) == ("oss://b/k", (), None)
    assert found.custom_labels == {"n": 1, "b": True}


def test_numbers_in_json_may_be_written_as_texts() -> None:
    file = '{"URI":"oss://b/k","Labels":[{"LabelName":"a","LabelLevel":"2"}]}'
    assert check("IndexFileMeta", **DATASET, File=file).file.labels[0].label_level == 2


@pytest.mark.parametrize(
    ("action", "name", "value"),
    [
        ("ListTasks", "Status", "Done"),
        ("ListTasks", "Sort", "TaskType"),
        ("ListTasks", "Order", "ASC"),
        ("ListRegions", "AcceptLanguage", "de-DE"),
        ("CreateProject", "ServiceRole", "a role"),
    ],
)
def test_values_outside_a_closed_list(action: str, name: str, value: str) -> None:
    assert refusal(action, **PROJECT, **{name: value})[0] == f"Invalid{name}"


def test_odd_but_valid_unicode_passes() -> None:
    text = "\u202e\U0001f600\u200d\x07\ufffe"
    assert check("CreateProject", **PROJECT, Description=text).description == text


@pytest.mark.parametrize("given", ["URIs.1", "URIs.1.Key", "URIs.x"])
def test_lists_in_the_form_of_other_products_are_refused(given: str) -> None:
    """Ignored they would mean a call for something else."""
    code, message = refusal("BatchGetFileMeta", **DATASET, **{given: "oss://bucket/key"})
    assert code == "InvalidJSON"
    assert given in message
    assert check("GetProject", ProjectName="project", **{"Some.Thing": "1"}), "what nobody knows is ignored"


SAMPLES = {
    "array<string>": '["p"]',
    "array<InputFile>": '[{"URI":"p"}]',
    "InputFile": '{"URI":"p"}',
    "BindingScope": '{"Prefixes":["p"]}',
}


def sample(parameter: Parameter) -> str:
    """A value that a parameter takes."""
    if parameter.name == "AuthAction":
        return "imm:GetBinding"
    return parameter.rule.values[0] if parameter.rule.values else SAMPLES.get(parameter.type, "p")


@pytest.mark.parametrize("depth", [33, 390, 760, 5_000])
def test_deep_json_is_refused_everywhere(depth: int) -> None:
    deep = "[" * depth + '"\\u0000"' + "]" * depth
    tried = 0
    for operation in map(load_models().__getitem__, operation_ids()):
        parameters = operation.parameters
        needed = {p.name: sample(p) for p in parameters if p.required}
        for parameter in parameters:
            if parameter.encoding == "json":
                assert refusal(operation.name, **needed | {parameter.name: deep})[0] == "InvalidJSON"
                tried += 1
    assert tried > 20


POLLED = [built.id for built in built_operations().values() if built.work is Work.INLINE]


@pytest.mark.parametrize("identifier", POLLED)
def test_what_is_polled_is_made_of_plain_values_that_nobody_can_change(identifier: str) -> None:
    assert {parameter.encoding for parameter in load_models()[identifier].parameters} <= {None}


def test_what_is_polled_is_checked_as_everything_else() -> None:
    named = (("ProjectName", "p"), ("DatasetName", "d"), ("URI", "oss://bucket"))
    for pairs in (named, named, (*named[:2], ("URI", "oss://other"))):
        assert validate_polled("imm:GetBinding", pairs, strict=False) == check("GetBinding", **dict(pairs))
    for _ in range(2):
        with pytest.raises(ApiError, match="MissingURI"):
            validate_polled("imm:GetBinding", named[:2], strict=False)
