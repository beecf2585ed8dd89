"""A call as every language needs to know it: what it is, and its arguments with their types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from bindery.api.spec.model import Member, Model, Operation, Parameter, load_models
from bindery.web.calls import wire_text

Number = int | float


class Text(msgspec.Struct, frozen=True, tag=True):
    """A text."""

    text: str


class Figure(msgspec.Struct, frozen=True, tag=True):
    """A whole number, or one with a fraction."""

    number: Number
    format: str
    """``int32``, ``int64``, ``float32`` or ``float64``."""


class Flag(msgspec.Struct, frozen=True, tag=True):
    """True or false."""

    on: bool


class Items(msgspec.Struct, frozen=True, tag=True):
    """Values in their order."""

    of: str
    """Their type, as the API model has it."""
    items: tuple[Any, ...]
    format: str | None = None
    """Their format, when they are numbers."""
    nested: bool = False
    """As of ``Fields``."""


class Pairs(msgspec.Struct, frozen=True, tag=True):
    """Values by name."""

    of: str
    pairs: tuple[tuple[str, Any], ...]


class Fields(msgspec.Struct, frozen=True, tag=True):
    """A struct of the API model with the fields that are given."""

    struct: str
    nested: bool
    """Whether the SDKs keep it inside of the class whose field it is, called by both: ``CredentialConfigChain``."""
    fields: tuple[tuple[str, Any], ...]


Value = Text | Figure | Flag | Items | Pairs | Fields
ANY = "any"
"""The type of which the model says nothing: values of it are whatever JSON says they are."""


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
    takes_request: bool
    """Whether their methods take one: those of operations without parameters do not."""

    @property
    def package(self) -> str:
        """``Imm20200930``: how packages of this API are called."""
        return self.product.capitalize() + self.version.replace("-", "")


_INTEGERS = {"int32": 1 << 31, "int64": 1 << 63}
_LARGEST_FLOAT32 = 3.4e38


class _Unfit(Exception):
    """A value is not of its type, or not one that each language has."""


def describe_call(
    identifier: str, values: Mapping[str, Any], unknown: Collection[str] = frozenset()
) -> DescribedCall:
    """``values`` as a form has them. Raises KeyError for an operation that no model has.

    ``unknown`` has the operations, and their parameters as ``ram:CreateRole.Tag``, that typed clients do not know.
    """
    models = load_models()
    operation = models[identifier]
    given = {name: value for name, value in values.items() if value is not None}
    arguments = _arguments(models.model(operation), operation, given, unknown)
    return DescribedCall(
        product=operation.product,
        version=operation.version,
        operation=operation.name,
        arguments=arguments or (),
        texts=tuple((name, wire_text(value)) for name, value in given.items()),
        in_form=_is_form(operation),
        generic=arguments is None,
        takes_request=bool(operation.parameters),
    )


def _arguments(
    model: Model, operation: Operation, given: Mapping[str, Any], unknown: Collection[str]
) -> tuple[tuple[str, Value], ...] | None:
    """Typed; None when a typed client cannot send them."""
    known = {parameter.name: parameter for parameter in operation.parameters if not parameter.extension}
    needed = {operation.id, *(f"{operation.id}.{name}" for name in given)}
    if operation.extension or not known.keys() >= given.keys() or not needed.isdisjoint(unknown):
        return None
    holder = f"{operation.name}Request"
    try:
        return tuple((name, _typed(model, known[name], value, holder)) for name, value in given.items())
    except _Unfit:
        return None


def _is_form(operation: Operation) -> bool:
    return any(parameter.location == "formData" for parameter in operation.parameters)


def _typed(model: Model, of: Parameter | Member, value: Any, holder: str) -> Value:
    """``holder`` is the class whose field it is."""
    return _value(model, of.type, value, _Place(of.format, holder + of.name))


class _Place(NamedTuple):
    """Where values are that are not of a model's struct."""

    format: str | None
    nested: str
    """What a struct that is kept inside of the class here is called."""


def _value(model: Model, kind: str, value: Any, place: _Place) -> Value:
    if kind.startswith("array<"):
        return _items(model, kind.removeprefix("array<").removesuffix(">"), value, place)
    if kind.startswith("map<"):
        return _pairs(model, kind.partition(",")[2].removesuffix(">").strip(), value, place)
    if kind in model.structs:
        return _fields(model, kind, value, nested=kind == place.nested)
    return _scalar(kind, value, place.format)


def _scalar(kind: str, value: Any, form: str | None) -> Value:
    if kind == "string" and isinstance(value, str):
        return Text(value)
    if kind == "boolean" and isinstance(value, bool):
        return Flag(value)
    if kind == ANY:
        return _free(value)
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
        return _whole(value, form or "int32")
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return _fraction(value, form or "float64")
    raise _Unfit


def _whole(value: int, form: str) -> Figure:
    if not -_INTEGERS[form] <= value < _INTEGERS[form]:
        raise _Unfit
    return Figure(value, form)


def _fraction(value: Number, form: str) -> Figure:
    form = "float64" if form == "double" else form
    if form == "float32" and abs(value) > _LARGEST_FLOAT32:
        raise _Unfit
    return Figure(value, form)


def _free(value: Any) -> Value:
    """Maps of Java hold no null, and no language but Python a whole number of more than 64 bits."""
    match value:
        case str():
            return Text(value)
        case bool():
            return Flag(value)
        case int():
            return _whole(value, "int64")
        case float():
            return Figure(value, "float64")
        case list():
            return Items(ANY, tuple(_free(each) for each in value))
        case dict():
            return Pairs(ANY, tuple((name, _free(each)) for name, each in value.items()))
    raise _Unfit


def _items(model: Model, of: str, value: Any, place: _Place) -> Items:
    if not isinstance(value, list):
        raise _Unfit
    items = tuple(_value(model, of, each, place) for each in value)
    return Items(of, items, place.format, nested=of == place.nested)


def _pairs(model: Model, of: str, value: Any, place: _Place) -> Pairs:
    if not isinstance(value, dict):
        raise _Unfit
    return Pairs(of, tuple((name, _value(model, of, each, place)) for name, each in value.items()))


def _fields(model: Model, name: str, value: Any, *, nested: bool) -> Fields:
    if not isinstance(value, dict):
        raise _Unfit
    members = {member.name: member for member in model.structs[name].fields if not member.extension}
    if not members.keys() >= value.keys():
        raise _Unfit
    given = ((key, each) for key, each in value.items() if each is not None)
    return Fields(
        name, nested, tuple((key, _typed(model, members[key], each, name)) for key, each in given)
    )
