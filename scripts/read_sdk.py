"""Reads the API model of a product from its official Python SDK and writes ``operations.json`` of its folder.

    pip install alibabacloud_ram20150501 alibabacloud_sts20150401
    python scripts/read_sdk.py ram alibabacloud_ram20150501
    python scripts/read_sdk.py sts alibabacloud_sts20150401

Nothing of the SDK is run: its source says which parameters an operation has, where they travel and of what types
requests and answers are. What it does not say (which parameters are needed, ranges, resources of policies) stands in
``patches.json`` beside the written file.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

SPEC = Path(__file__).resolve().parent.parent / "src" / "bindery" / "api" / "spec"
_SCALARS = {"str": "string", "int": "integer", "bool": "boolean", "float": "float", "Any": "any"}
_PLACES = {"query": "query", "body": "formData"}
_SUFFIX = "with_options"
"""Not always behind an underscore: ``assume_role_with_oidcwith_options``."""


class Model:
    """A class of the SDK's ``models``: the wire names of its members, and their types as the SDK writes them."""

    def __init__(self, node: ast.ClassDef) -> None:
        functions = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
        arguments = functions["__init__"].args.args[1:]
        types = {
            each.arg: ast.unparse(each.annotation) for each in arguments if each.annotation is not None
        }
        attributes = dict(_wire_names(functions["to_map"]))
        self.members = {wire: types[attribute] for attribute, wire in attributes.items()}
        self.types = types


class Sdk:
    """The source of one SDK."""

    def __init__(self, package: str) -> None:
        specification = importlib.util.find_spec(package)
        if specification is None or not specification.submodule_search_locations:
            raise SystemExit(f"{package} is not installed; run: pip install {package}")
        folder = Path(specification.submodule_search_locations[0])
        self.client = ast.parse((folder / "client.py").read_text("utf-8"))
        self.models: dict[str, Model] = {}
        for path in sorted((folder / "models").glob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    self.models[node.name] = Model(node)

    def operations(self) -> Iterator[ast.FunctionDef]:
        """The methods that make one call each."""
        for node in ast.walk(self.client):
            if isinstance(node, ast.FunctionDef) and node.name.endswith(_SUFFIX):
                yield node


def read_model(product: str, package: str) -> dict[str, Any]:
    """What ``operations.json`` holds."""
    sdk = Sdk(package)
    found = [_operation(sdk, method) for method in sdk.operations()]
    structs: dict[str, Any] = {}
    for _, operation in found:
        for member in [*operation["parameters"], *operation["response"]]:
            _add_structs(sdk, member, structs)
    return {
        "api": {
            "product": product,
            "version": found[0][0],
            "source": f"{package} {version(package)} (Python SDK), by scripts/read_sdk.py",
        },
        "operations": {operation["name"]: operation for _, operation in sorted(found, key=_by_name)},
        "structs": dict(sorted(structs.items())),
    }


def _by_name(found: tuple[str, dict[str, Any]]) -> str:
    name: str = found[1]["name"]
    return name


def _operation(sdk: Sdk, method: ast.FunctionDef) -> tuple[str, dict[str, Any]]:
    """The version of the API and an operation of it."""
    call = next(_calls(method, "Params"))
    settings = {
        word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)
    }
    request = _request(sdk, method)
    in_json = set(_json_parameters(method))
    parameters = [
        _parameter(wire, request.types[attribute], place, in_json)
        for wire, attribute, place in _sent(method)
        if request is not None
    ]
    answer = sdk.models[_annotation(method.returns) + "Body"]
    operation = {
        "name": settings["action"],
        "parameters": sorted(parameters, key=lambda each: str(each["name"])),
        "response": [_member(wire, kind) for wire, kind in sorted(answer.members.items())],
    }
    return str(settings["version"]), operation


def _request(sdk: Sdk, method: ast.FunctionDef) -> Any:
    for argument in method.args.args:
        if argument.arg in ("request", "tmp_req"):
            return sdk.models[_annotation(argument.annotation)]
    return None


def _sent(method: ast.FunctionDef) -> Iterator[tuple[str, str, str]]:
    """``query['UserName'] = request.user_name``: the wire name, the attribute, and where it travels."""
    for node in ast.walk(method):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
            continue
        target, value = node.targets[0], node.value
        place = _PLACES.get(ast.unparse(target.value))
        if place and isinstance(target.slice, ast.Constant) and isinstance(value, ast.Attribute):
            yield str(target.slice.value), value.attr.removesuffix("_shrink"), place


def _json_parameters(method: ast.FunctionDef) -> Iterator[str]:
    """``request.tag_shrink = array_to_string_with_specified_style(tmp_req.tag, 'Tag', 'json')``."""
    for call in _calls(method, "array_to_string_with_specified_style"):
        _, name, style = call.args
        if isinstance(name, ast.Constant) and isinstance(style, ast.Constant) and style.value == "json":
            yield str(name.value)


def _parameter(wire: str, kind: str, place: str, in_json: set[str]) -> dict[str, Any]:
    parameter = _member(wire, kind) | {"in": place}
    if wire in in_json:
        parameter["encoding"] = "json"
    elif parameter["type"].startswith("array"):
        parameter["encoding"] = "flat"
    return parameter


def _member(wire: str, kind: str) -> dict[str, Any]:
    type_, struct = _type(kind)
    member = {"name": wire, "type": type_}
    if type_ == "integer":
        member["format"] = "int64"
    return member | ({"struct": struct} if struct else {})


def _type(kind: str) -> tuple[str, str | None]:
    """The model's words for ``List[main_models.X]``, and the struct inside."""
    listed = re.fullmatch(r"List\[(.+)\]", kind)
    if listed:
        inner, struct = _type(listed[1])
        return f"array<{inner}>", struct
    mapped = re.fullmatch(r"Dict\[str, (.+)\]", kind)
    if mapped:
        inner, struct = _type(mapped[1])
        return f"map<string,{inner}>", struct
    if kind in _SCALARS:
        return _SCALARS[kind], None
    name = kind.rpartition(".")[2]
    return name, name


def _add_structs(sdk: Sdk, member: dict[str, Any], structs: dict[str, Any]) -> None:
    name = member.get("struct")
    if name is None or name in structs:
        return
    fields = [_member(wire, kind) for wire, kind in sorted(sdk.models[name].members.items())]
    structs[name] = {"fields": fields}
    for each in fields:
        _add_structs(sdk, each, structs)


def _wire_names(to_map: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Attribute and wire name of each member, from ``result['UserName'] = self.user_name`` and its like."""
    for node in to_map.body:
        names = [
            str(inner.slice.value)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Subscript)
            and ast.unparse(inner.value) == "result"
            and isinstance(inner.slice, ast.Constant)
        ]
        attributes = [
            inner.attr
            for inner in ast.walk(node)
            if isinstance(inner, ast.Attribute) and ast.unparse(inner.value) == "self"
        ]
        if names and attributes:
            yield attributes[0], names[0]


def _calls(method: ast.FunctionDef, name: str) -> Iterator[ast.Call]:
    """Calls of ``….name(…)`` in a method."""
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


def _annotation(node: ast.expr | None) -> str:
    assert node is not None
    return ast.unparse(node).rpartition(".")[2]


def main() -> int:
    """Write the file of a product."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    product, package = sys.argv[1:]
    path = SPEC / product / "operations.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(read_model(product, package), indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
