"""What forms know of operations, and what errors are explained with."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from bindery.api.spec.model import load_models
from bindery.web.explorer.described import describe, form_address, list_families
from bindery.web.explorer.explained import explain


def test_every_operation_has_its_form() -> None:
    listed = [operation["id"] for family in list_families() for operation in family["operations"]]
    assert sorted(listed) == sorted(operation.id for operation in load_models())
    for identifier in listed:
        described, operation = describe(identifier), load_models()[identifier]
        assert {each["name"] for each in described["parameters"]} == {p.name for p in operation.parameters}


def test_structs_are_complete_to_the_last() -> None:
    described = describe("imm:CreateMediaConvertTask")
    for fields in described["structs"].values():
        for field in fields:
            kind = field["type"].replace("array<", "").replace("map<string,", "").strip("<> ")
            assert (
                kind in ("string", "integer", "float", "boolean", "any") or kind in described["structs"]
            ), field


def test_lists_say_how_they_are_paged() -> None:
    assert describe("imm:ListProjects")["pages"] == "NextToken"
    assert describe("ram:ListUsers")["pages"] == "Marker"
    assert describe("imm:GetProject")["pages"] is None


@pytest.mark.parametrize(
    "code", ["EntityNotExist.Group", "InvalidParameter.UserName.Length", "ResourceNotEmpty"]
)
def test_codes_are_explained(code: str) -> None:
    found = explain(code)
    assert found is not None
    assert found.means


def test_other_codes_are_not() -> None:
    assert explain("") is None
    assert explain("NoSuchCode") is None


def test_a_form_has_an_address_with_what_is_filled_in() -> None:
    values = {"ProjectName": "p", "URI": "oss://b/图 &#.jpg"}
    path, _, filled = form_address("imm:GetFileMeta", values).partition("#")
    assert path == "/explorer/imm/GetFileMeta"
    assert json.loads(unquote(filled)) == values
    assert form_address("ram:ListUsers", {}) == "/explorer/ram/ListUsers"
