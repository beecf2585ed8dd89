"""Whatever callers send, the answer is a success or an error of the vocabulary, never a defect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bindery.api.gateway.request import HttpRequest
from bindery.api.operations import operation_ids
from bindery.api.spec.model import Parameter, load_model, load_models
from bindery.catalog.query.fields import FIELDS

if TYPE_CHECKING:
    from tests.api.conftest import Api

SOME = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
URIS = st.sampled_from(
    ["oss://bucket/key.jpg", "oss://bucket", "pds://domains/d", "oss://b/\u202e", "oss://bucket/../x"]
)
NUMBERS = ["0", "-1", "1", "100", "9223372036854775807", "9223372036854775808", "1e400", "-0", "90,180"]
NUMBERS += ["9" * 400, "1" + "0" * 5_000, "NaN", "Infinity", "1e-400", "٣", "1_000", "0x10"]
TIMES = ["2021-06-29T14:50:13+08:00", "2016-12-31T23:59:60Z", "0000-00-00t00:00:00z"]
TIMES += ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9Z"]
NAMES = [
    "project",
    "dataset",
    "URI",
    "Size,Title",
    "Official:AllFunction",
    "en-US",
    "True",
    "asc",
    "desc,asc",
]
ODD = ["", "\x00", "\ud7ff", "\uffff", "\U0010ffff", "%", "' --", "\u202e", "\x1b[2J", "a\u0301", "İ", "ﬀ"]
ODD += ["../..", "~nobody/x", "s3://[", "oss://[x", "file://\x00", "https://[::1", "oss://" + "b" * 5_000]
ODD += ["x" * 70_000]
WORDS = st.sampled_from([*NUMBERS, *TIMES, *NAMES, *ODD])
TEXTS = WORDS | URIS | st.text(max_size=30)
SCALARS = (
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
RAW = st.sampled_from(
    [
        *("[" * depth + '"\\u0000"' + "]" * depth for depth in (31, 33, 390, 760, 20_000)),
        *('{"V":' * depth + "1" + "}" * depth for depth in (31, 390, 20_000)),
        *('["\\ud800"]', '{"\\udfff":"\\ud800"}', '"\\u0000"', '{"a":1,"a":2}', "[1e999]", "[-0.0]"),
        *("nul", "[", "]", "\ufeff[]", "[1,]", "'[]'", "[NaN]", "[]" * 3, "{}{}", "[" + "9" * 5_000 + "]"),
        *('{"URI":{}}', '[{"URI":["oss://b/k"]}]', '{"URI":"oss://b/k","CustomLabels":{"a":[[[{}]]]}}'),
    ]
)
"""Texts that are no JSON, or JSON that Python would not write."""
LEAVES = st.fixed_dictionaries(
    {
        "Field": st.sampled_from([*sorted(FIELDS), "EXIF.Flash", "Tags.Year"])
        | TEXTS.map(lambda name: f"Tags.{name}")
        | TEXTS
    },
    optional={
        "Operation": st.sampled_from(
            ["eq", "gt", "lte", "prefix", "match-phrase", "exist", "geo-distance", "geo-polygon"]
        ),
        "Value": SCALARS | st.sampled_from(["1", "x", "30,120;5", "1,1;2,2;3,3"]),
        "SubQueries": st.just([]),
    },
)
QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.fixed_dictionaries(
        {
            "Operation": st.sampled_from(["and", "or", "not", "nested"]),
            "SubQueries": st.lists(inner, max_size=3),
        },
        optional={"Field": st.sampled_from(["Labels", "Figures", "URI"])},
    ),
    max_leaves=8,
)


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Mostly of the right kind, sometimes anything."""
    if parameter.name in ("ProjectName", "DatasetName"):
        return st.just(parameter.name.removesuffix("Name").lower()) | TEXTS
    if parameter.name == "Query" and parameter.encoding == "json":
        return QUERIES | JSON | RAW
    if parameter.type in ("InputFile", "array<InputFile>"):
        names = st.sampled_from([field.name for field in load_model("imm").structs["InputFile"].fields])
        file = st.dictionaries(names, JSON, max_size=4).flatmap(
            lambda fields: URIS.map(lambda uri: {**fields, "URI": uri})
        )
        return (st.lists(file, max_size=3) if parameter.type.startswith("array") else file) | JSON | RAW
    return JSON | RAW if parameter.encoding == "json" else TEXTS | st.integers().map(str)


@pytest.mark.parametrize("identifier", sorted(set(operation_ids()) - {"imm:RegisterBucket"}))
@SOME
@given(data=st.data())
def test_any_values(api: Api, dataset: dict[str, str], identifier: str, data: st.DataObject) -> None:
    """RegisterBucket is left out: it names folders of this machine, which EstimateBinding refuses here (403)."""
    parameters = {}
    operation = load_models()[identifier]
    for parameter in operation.parameters:
        if parameter.required or data.draw(st.booleans(), label=f"{parameter.name} is given"):
            parameters[parameter.name] = data.draw(values(parameter), label=parameter.name)
    if operation.name == "CreateProject" and len(api.catalog.projects.list(limit=100)) > 50:
        api.empty()
    xml = data.draw(st.booleans(), label="as XML")
    answer = api.send(operation.name, parameters | ({"Format": "XML"} if xml else {}))
    if xml:
        assert ElementTree.fromstring(answer.body).findtext("RequestId") == answer.request_id
    else:
        assert json.loads(answer.body)["RequestId"] == answer.request_id
    refused = {403} if "Store" in parameters else set()
    assert answer.status in {200, 400, 404, 409} | refused, (parameters, answer.body)


@SOME
@given(
    method=st.sampled_from(["GET", "POST", "PUT"]),
    target=st.text(max_size=40).map(lambda text: "/?" + text)
    | st.binary(max_size=40).map(lambda raw: "/?" + raw.decode("latin-1")),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "host",
                "authorization",
                "x-acs-action",
                "x-acs-version",
                "x-acs-date",
                "accept",
                "content-type",
            ]
        ),
        st.lists(
            st.text(max_size=40)
            | st.sampled_from(["2020-09-30", "GetProject", "application/x-www-form-urlencoded"]),
            max_size=2,
        ),
    ),
    body=st.binary(max_size=40),
)
def test_any_request(
    api: Api, method: str, target: str, headers: dict[str, list[str]], body: bytes
) -> None:
    answer = api.handle(HttpRequest(method, target, headers, body))
    assert 400 <= answer.status < 500
