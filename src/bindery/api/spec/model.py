"""The API model as typed values: ``operations.json`` with ``patches.json`` laid over it.

Everything that is general about operations (parsing, checks, rendering, pages) reads it from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

_NAMED = re.compile(r"\{(\w+)\}")


Level = Literal["create", "get", "list", "update", "delete", "none"]
"""What an operation does to its resource, as RAM sorts them."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a value of a parameter must keep to."""

    minimum: int | None = None
    maximum: int | None = None
    default: int | None = None
    pattern: str | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    max_items: int | None = None
    values: tuple[str, ...] | None = None


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a request."""

    name: str
    type: str
    location: Literal["query", "formData"] = msgspec.field(name="in")
    required: bool = False
    encoding: Literal["json"] | None = None
    format: str | None = None
    struct: str | None = None
    extension: bool = False
    rule: Rule = Rule()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of an answer or of a struct."""

    name: str
    type: str
    format: str | None = None
    struct: str | None = None
    extension: bool = False


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    name: str
    family: str
    """The folder of its module, and the file of its messages."""
    parameters: tuple[Parameter, ...]
    response: tuple[Member, ...]
    action: str
    """What policies call it, such as ``imm:GetBinding``."""
    level: Level
    resource: str
    """What it works on, below the account, such as ``project/{ProjectName}``."""
    extension: bool = False
    post_only: bool = False

    def resource_path(self, parameters: Mapping[str, str]) -> str:
        """The resource with the names that a request gives, ``*`` for those it does not."""
        return _NAMED.sub(lambda named: parameters.get(named[1]) or "*", self.resource)


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """One struct that requests and answers share."""

    fields: tuple[Member, ...]
    extension: bool = False
    closed: bool = False
    """Unknown members are refused; the vendor's structs pass them over."""


class Model(msgspec.Struct, frozen=True):
    """One version of one product's API: its operations and structs, by name."""

    product: str
    version: str
    operations: dict[str, Operation]
    structs: dict[str, Struct]


@cache
def load_model() -> Model:
    """The model, patched."""
    source, patches = _read("operations.json"), _read("patches.json")
    operations = source["operations"] | patches["operations"]
    for name, parameters in patches["parameters"].items():
        operations[name]["parameters"] += parameters
    for name, members in patches["responses"].items():
        operations[name]["response"] += members
    product = source["api"]["product"]
    families = {name: family for family, names in patches["families"].items() for name in names}
    access = _access(product, patches["access"])
    structs = source["structs"] | patches["structs"]
    for name, fields in patches["structFields"].items():
        structs[name]["fields"] += fields
    return Model(
        product=product,
        version=source["api"]["version"],
        operations={
            name: _operation(entry, patches, {"family": families[name]} | access[name])
            for name, entry in operations.items()
        },
        structs=msgspec.convert(structs, dict[str, Struct]),
    )


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.json.decode((files("bindery.api.spec") / name).read_bytes())
    return content


def _access(product: str, access: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Action, level and resource of each operation."""
    return {
        name: {
            "action": f"{product}:{name}",
            "level": group["level"],
            "resource": access["resources"][group["resource"]],
        }
        for group in access["operations"]
        for name in group["names"]
    }


def _operation(entry: dict[str, Any], patches: dict[str, Any], known: dict[str, str]) -> Operation:
    name = entry["name"]
    rules = patches["rules"]["*"] | patches["rules"].get(name, {})
    required = patches["required"].get(name, {})
    parameters = [
        parameter
        | {
            "rule": rules.get(parameter["name"], {}),
            "required": required.get(parameter["name"], parameter.get("required", False)),
        }
        for parameter in entry["parameters"]
    ]
    patched = known | {
        "name": name,
        "parameters": parameters,
        "response": entry["response"],
        "extension": entry.get("extension", False),
        "post_only": name in patches["postOnly"],
    }
    return msgspec.convert(patched, Operation)
