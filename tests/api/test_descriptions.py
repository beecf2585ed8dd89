"""What the API models say for people."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
import pytest

from bindery.api.operations import built_operations, operation_ids
from bindery.api.spec.descriptions import read_descriptions
from bindery.api.spec.model import Member, Model, Parameter, load_model, load_models, products

_NAMES = re.compile(r"\w+")
_SIMPLE = {"string": str, "integer": int, "float": float, "boolean": bool}


def structs_of(model: Model, members: Iterable[Parameter | Member]) -> set[str]:
    """Every struct that these are made of."""
    found: set[str] = set()
    waiting = list(members)
    while waiting:
        member = waiting.pop()
        names = {*_NAMES.findall(member.type), member.struct or ""} & model.structs.keys() - found
        found |= names
        waiting += [field for name in names for field in model.structs[name].fields]
    return found


def test_every_operation_says_what_it_does() -> None:
    for operation in load_models():
        assert operation.description.endswith("."), operation.id


@pytest.mark.parametrize("identifier", operation_ids())
def test_whatever_is_built_is_described(identifier: str) -> None:
    models = load_models()
    operation = models[identifier]
    for part in (*operation.parameters, *operation.response):
        assert part.description.endswith("."), (identifier, part.name)
    model = models.model(operation)
    for name in structs_of(model, [*operation.parameters, *operation.response]):
        for field in model.structs[name].fields:
            assert field.description.endswith("."), (identifier, name, field.name)


@pytest.mark.parametrize("product", products())
def test_every_description_belongs_to_something(product: str) -> None:
    """A text for a name that is nowhere would never be read."""
    described, model = read_descriptions(product), load_model(product)
    assert described.operations.keys() <= model.operations.keys()
    parameters = {
        name: {each.name for each in operation.parameters} for name, operation in model.operations.items()
    }
    members = {name: {each.name for each in struct.fields} for name, struct in model.structs.items()}
    for name, operation in model.operations.items():
        members[name] = members.get(name, set()) | {each.name for each in operation.response}
    for tables, known in (
        (described.parameters, parameters),
        (described.examples, parameters),
        (described.members, members),
    ):
        everywhere = set().union(*known.values())
        for owner, table in tables.items():
            assert table.keys() <= (everywhere if owner == "*" else known[owner]), (product, owner)


@pytest.mark.parametrize("identifier", built_operations())
def test_every_example_keeps_to_the_rules(identifier: str) -> None:
    for parameter in load_models()[identifier].parameters:
        example, rule = parameter.example, parameter.rule
        if example is None:
            continue
        if (kind := _SIMPLE.get(parameter.type)) is not None:
            assert isinstance(example, kind), (identifier, parameter.name)
        if isinstance(example, str):
            assert re.fullmatch(rule.pattern or ".*", example), (identifier, parameter.name)
            assert len(example) <= (rule.max_length or len(example))
            assert example in (rule.values or (example,)), (identifier, parameter.name)
        if isinstance(example, int):
            assert (rule.minimum or 0) <= example <= (rule.maximum or example), (identifier, parameter.name)


@pytest.mark.parametrize("identifier", operation_ids())
def test_every_example_is_a_value_of_its_parameter(identifier: str) -> None:
    """Structs, arrays and maps, as the operation itself would read them."""
    request = built_operations()[identifier].request
    types = {field.encode_name: field.type for field in msgspec.structs.fields(request)}
    for parameter in load_models()[identifier].parameters:
        if parameter.example is not None and parameter.encoding == "json":
            msgspec.convert(parameter.example, types[parameter.name])
