"""What a form needs to know of an operation, from the API model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import msgspec

from bindery.api.operations import built_operations
from bindery.api.spec.model import Member, Model, Operation, Parameter, load_models
from bindery.catalog.query.fields import FIELDS

Description = dict[str, Any]
_FIRST_PRODUCT = "imm"
_QUERY = "SimpleQuery"
_PLACES = ("ProjectName", "DatasetName", "URI")
"""What is asked for first: where the call works."""
_SIMPLE = ("string", "integer", "float", "boolean", "any")


@cache
def list_families() -> tuple[Description, ...]:
    """Every operation of every product by family, IMM's first, for the list beside the form."""
    built = built_operations()
    families: dict[tuple[str, str], list[Description]] = {}
    for operation in sorted(load_models(), key=lambda each: each.name):
        listed = {
            "id": operation.id,
            "name": operation.name,
            "product": operation.product,
            "extension": operation.extension,
            "built": operation.id in built,
        }
        families.setdefault((operation.product, operation.family), []).append(listed)
    return tuple(
        {"product": product, "name": family, "operations": families[product, family]}
        for product, family in sorted(families, key=lambda each: (each[0] != _FIRST_PRODUCT, each))
    )


@cache
def describe(identifier: str) -> Description:
    """An operation: its parameters, the structs they are made of, who may call it. Raises KeyError."""
    models = load_models()
    operation = models[identifier]
    model = models.model(operation)
    structs: dict[str, list[Description]] = {}
    _collect(model, operation.parameters, structs)
    described: Description = {
        "id": operation.id,
        "name": operation.name,
        "product": operation.product,
        "family": operation.family,
        "description": operation.description,
        "version": operation.version,
        "extension": operation.extension,
        "built": operation.id in built_operations(),
        "action": operation.action,
        "level": operation.level,
        "resources": [resource.name for resource in operation.resources],
        "parameters": [_parameter(parameter) for parameter in _required_first(operation)],
        "structs": structs,
        "pages": _pages(operation),
    }
    if _QUERY in structs:
        described["queryFields"] = query_fields()
    return described


@cache
def query_fields() -> dict[str, Description]:
    """What a query may ask of each field."""
    return {
        name: {
            "kind": field.kind.value,
            "ranged": field.ranged,
            "phrase": field.phrase,
            "sortable": field.sortable,
            "array": field.array,
        }
        for name, field in sorted(FIELDS.items())
    }


def form_address(identifier: str, values: Mapping[str, Any]) -> str:
    """Where the form of an operation is, filled in: the script of the page reads the values from behind the ``#``."""
    filled = "#" + quote(msgspec.json.encode(values).decode(), safe="") if values else ""
    return f"/explorer/{identifier.replace(':', '/')}{filled}"


def _required_first(operation: Operation) -> list[Parameter]:
    def place(parameter: Parameter) -> tuple[bool, int, str]:
        known = _PLACES.index(parameter.name) if parameter.name in _PLACES else len(_PLACES)
        return not parameter.required, known, parameter.name

    return sorted(operation.parameters, key=place)


def _parameter(parameter: Parameter) -> Description:
    rule = parameter.rule
    described: Description = {
        "name": parameter.name,
        "type": parameter.type,
        "required": parameter.required,
        "extension": parameter.extension,
        "json": parameter.encoding == "json",
        "description": parameter.description,
    }
    bounds = {
        "example": parameter.example,
        "minimum": rule.minimum,
        "maximum": rule.maximum,
        "default": rule.default,
        "pattern": rule.pattern,
        "maxLength": rule.max_length,
        "maxBytes": rule.max_bytes,
        "maxItems": rule.max_items,
        "values": rule.values,
    }
    return described | {name: value for name, value in bounds.items() if value is not None}


def _pages(operation: Operation) -> str | None:
    """The parameter that asks for the next page of a list; None when there are no pages."""
    answered = {member.name for member in operation.response}
    names = {parameter.name for parameter in operation.parameters}
    for name in ("NextToken", "Marker"):
        if name in names and name in answered:
            return name
    return None


def _collect(
    model: Model, members: Iterable[Parameter | Member], structs: dict[str, list[Description]]
) -> None:
    for member in members:
        name = member.struct or element_type(member.type)
        struct = model.structs.get(name)
        if name in _SIMPLE or name in structs or struct is None:
            continue
        structs[name] = [
            {"name": field.name, "type": field.type, "description": field.description}
            for field in struct.fields
        ]
        _collect(model, struct.fields, structs)


def element_type(kind: str) -> str:
    """What an array or a map holds, to the last; other types stay."""
    while kind.endswith(">"):
        kind = kind.removesuffix(">")
        kind = kind.partition("array<")[2] or kind.partition(",")[2] or kind
    return kind
