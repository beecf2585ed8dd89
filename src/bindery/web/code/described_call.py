"""A call as every language needs to know it: what it is, and its arguments with their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from bindery.api.spec.model import Member, Model, Operation, Parameter, load_models

Number = int | float


class Text(msgspec.Struct, frozen=True, tag=True):
    """A text."""

    text: str


class Figure(msgspec.Struct, frozen=True, tag=True):
    """A whole number, or one with a fraction."""

    number: Number
    long: bool = False
    """Whether it is of 64 bits."""
    fraction: bool = False
    """Whether the type has fractions."""


class Flag(msgspec.Struct, frozen=True, tag=True):
    """True or false."""

    on: bool


class Items(msgspec.Struct, frozen=True, tag=True):
    """Values in their order."""

    of: str
    """Their type, as the API model has it."""
    items: tuple[Any, ...]


class Pairs(msgspec.Struct, frozen=True, tag=True):
    """Values by name."""

    of: str
    pairs: tuple[tuple[str, Any], ...]


class Fields(msgspec.Struct, frozen=True, tag=True):
    """A struct of the API model with the fields that are given."""

    struct: str
    shared: bool
    """Whether several operations have it: the SDKs keep the others inside of their requests."""
    fields: tuple[tuple[str, Any], ...]


class Free(msgspec.Struct, frozen=True, tag=True):
    """Whatever JSON can say, where the model says nothing about it."""

    value: Any


Value = Text | Figure | Flag | Items | Pairs | Fields | Free


class DescribedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    product: str
    version: str
    operation: str
    arguments: tuple[tuple[str, Value], ...]
    """Typed, for clients that have a class for each request."""
    texts: tuple[tuple[str, str], ...]
    """The same as they go over the wire, for clients that know no types."""
    in_form: bool
    """Whether the vendor's clients send them in the body."""
    generic: bool
    """Whether the vendor's typed clients cannot make it: they do not know the operation, a parameter, or a value."""
    method: str = "POST"

    @property
    def package(self) -> str:
        """``Imm20200930``: how packages of this API are called."""
        return self.product.capitalize() + self.version.replace("-", "")


class _Unfit(Exception):
    """A value is not of its type."""


def describe_call(identifier: str, values: Mapping[str, Any]) -> DescribedCall:
    """``values`` as a form has them. Raises KeyError for an operation that no model has."""
    models = load_models()
    operation = models[identifier]
    parameters = {parameter.name: parameter for parameter in operation.parameters}
    given = {name: value for name, value in values.items() if value is not None}
    generic = operation.extension or any(
        name not in parameters or parameters[name].extension for name in given
    )
    arguments: list[tuple[str, Value]] = []
    if not generic:
        try:
            arguments = [
                (name, _typed(models.model(operation), parameters[name], value))
                for name, value in given.items()
            ]
        except _Unfit:
            generic = True
    return DescribedCall(
        product=operation.product,
        version=operation.version,
        operation=operation.name,
        arguments=() if generic else tuple(arguments),
        texts=tuple((name, wire_text(value)) for name, value in given.items()),
        in_form=_is_form(operation),
        generic=generic,
    )


def wire_text(value: Any) -> str:
    """A value as a parameter of a request."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _is_form(operation: Operation) -> bool:
    return any(parameter.location == "formData" for parameter in operation.parameters)


def _typed(model: Model, of: Parameter | Member, value: Any) -> Value:
    return _value(model, of.type, value, long=of.format == "int64")


def _value(model: Model, kind: str, value: Any, *, long: bool = False) -> Value:
    if kind.startswith("array<"):
        return _items(model, kind.removeprefix("array<").removesuffix(">"), value)
    if kind.startswith("map<"):
        return _pairs(model, kind.partition(",")[2].removesuffix(">").strip(), value)
    if kind in model.structs:
        return _fields(model, kind, value)
    return _scalar(kind, value, long=long)


def _scalar(kind: str, value: Any, *, long: bool) -> Value:
    if kind == "string" and isinstance(value, str):
        return Text(value)
    if kind == "boolean" and isinstance(value, bool):
        return Flag(value)
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
        return Figure(value, long=long or abs(value) >= 1 << 31)
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return Figure(value, fraction=True)
    if kind == "any":
        return Free(value)
    raise _Unfit


def _items(model: Model, of: str, value: Any) -> Items:
    if not isinstance(value, list):
        raise _Unfit
    return Items(of, tuple(_value(model, of, each) for each in value))


def _pairs(model: Model, of: str, value: Any) -> Pairs:
    if not isinstance(value, dict):
        raise _Unfit
    return Pairs(of, tuple((name, _value(model, of, each)) for name, each in value.items()))


def _fields(model: Model, name: str, value: Any) -> Fields:
    if not isinstance(value, dict):
        raise _Unfit
    struct = model.structs[name]
    members = {member.name: member for member in struct.fields if not member.extension}
    if not members.keys() >= value.keys():
        raise _Unfit
    fields = tuple(
        (key, _typed(model, members[key], each)) for key, each in value.items() if each is not None
    )
    return Fields(name, struct.shared, fields)
