"""The File structs are exactly those of the API model."""

from __future__ import annotations

import typing

import msgspec
import pytest

from bindery import file as file_module
from bindery.api.spec.model import load_model
from bindery.file import File
from bindery.message import Message, wire_name

MODEL = msgspec.to_builtins(load_model("imm"))
STRUCTS = {
    name: kind
    for name, kind in vars(file_module).items()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
}
SCALARS = {"string": str, "integer": int, "float": float}


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_struct_has_the_fields_of_the_model(name: str) -> None:
    expected = {field["name"]: field["type"] for field in MODEL["structs"][name]["fields"]}
    found = {field.encode_name: field.type for field in msgspec.structs.fields(STRUCTS[name])}
    assert found.keys() == expected.keys()
    for field, kind in expected.items():
        if kind in SCALARS:
            assert SCALARS[kind] in typing.get_args(found[field]), field


def test_every_struct_reachable_from_file_is_here() -> None:
    pending, reached = ["File"], set()
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += [field["struct"] for field in MODEL["structs"][name]["fields"] if field["struct"]]
    assert reached == STRUCTS.keys()


@pytest.mark.parametrize(
    ("attribute", "name"),
    [("uri", "URI"), ("image_width", "ImageWidth"), ("oss_crc64", "OSSCRC64"), ("etag", "ETag")],
)
def test_wire_name(attribute: str, name: str) -> None:
    assert wire_name(attribute) == name


def test_unset_fields_are_left_out() -> None:
    assert msgspec.json.encode(File(uri="oss://b/k", size=0)) == b'{"Size":0,"URI":"oss://b/k"}'
