"""From the strings of a request to its typed message, as the API model says. One error at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, get_args

import msgspec

from bindery.api import errors
from bindery.api.errors import ApiError
from bindery.api.gateway.json_shape import find_excess, holds_nul
from bindery.api.gateway.nearest import Nearest
from bindery.api.gateway.request import Pairs
from bindery.api.operations import BuiltOperation, built_operations, snake_case
from bindery.api.spec.model import Fault, Model, Parameter, Rule, load_models

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_FLOAT = re.compile(r"[+-]?([0-9]{1,300}(\.[0-9]{0,300})?|\.[0-9]{1,300})([eE][+-]?[0-9]{1,4})?")
_INT_BOUNDS = {"int32": 2**31 - 1, "int64": 2**63 - 1}
_BOOLEANS = {"true": True, "false": False}
_NO_RULE = Rule()
_UNKNOWN = re.compile(r"unknown field `([^`]{1,64})`$")
"""The decoder's words for a member of the outermost object."""


class _Field(msgspec.Struct, frozen=True):
    """One parameter of an operation, made ready."""

    parameter: Parameter
    attribute: str
    """Its name in the message."""
    decoder: msgspec.json.Decoder[Any] | None
    """Of its JSON."""
    pattern: re.Pattern[str] | None
    """Of its rule."""
    model: Model

    @property
    def name(self) -> str:
        return self.parameter.name

    def refuse(self, fault: Fault) -> ApiError:
        return errors.faulty(self.model.refusal(self.name, fault), self.parameter)


def validate(built: BuiltOperation, parameters: Mapping[str, str], *, strict: bool = False) -> Any:
    """The request as its message. Raises ApiError.

    An absent and an empty parameter are the same; unknown parameters are ignored, as the vendor does. With
    ``strict`` those that Bindery has added are refused: to ignore them would do more than was asked for.
    """
    values: dict[str, Any] = {}
    _refuse_flat(built, parameters)
    for field in _fields(built.id):
        parameter = field.parameter
        text = parameters.get(parameter.name)
        if text is None or text == "":
            if parameter.required:
                raise errors.missing_parameter(parameter.name)
            values[field.attribute] = parameter.rule.default
            continue
        if strict and parameter.extension:
            raise errors.extension_parameter_refused(parameter.name)
        value = _decode(field, text)
        if parameter.required and value in ((), [], {}, None):
            raise errors.missing_parameter(parameter.name)
        if parameter.rule is not _NO_RULE:
            value = _check(field, value)
        values[field.attribute] = value
    return built.request(**values)


@lru_cache(1024)
def validate_polled(identifier: str, parameters: Pairs, *, strict: bool) -> Any:
    """The same for an operation that is asked the same again and again, which only reads its message."""
    return validate(built_operations()[identifier], dict(parameters), strict=strict)


def _refuse_flat(built: BuiltOperation, parameters: Mapping[str, str]) -> None:
    """``URIs.1=…``, as other products take lists: ignored, the call would do something else than was asked."""
    for given in parameters:
        if "." in given:
            name = given.partition(".")[0]
            for field in _fields(built.id):
                if field.name == name and field.decoder is not None:
                    raise errors.invalid_json(name, f"send it whole, as one JSON text, not as {given[:64]}")


def prepare(identifiers: Iterable[str]) -> None:
    """Make the decoders of operations now, in one thread.

    msgspec prepares a struct type when it is first decoded; two threads that do so at once end the process.
    """
    for identifier in identifiers:
        _fields(identifier)


@cache
def _fields(identifier: str) -> list[_Field]:
    """The parameters of an operation."""
    request = built_operations()[identifier].request
    types = {field.encode_name: field.type for field in msgspec.structs.fields(request)}
    operation = load_models()[identifier]
    model = load_models().model(operation)
    fields = []
    for parameter in operation.parameters:
        decoder = None
        if parameter.encoding == "json":
            decoder = msgspec.json.Decoder(types[parameter.name], strict=False)
        rule = _NO_RULE if parameter.rule == _NO_RULE else parameter.rule
        known = msgspec.structs.replace(parameter, rule=rule)
        pattern = None if rule.pattern is None else re.compile(rule.pattern)
        fields.append(_Field(known, snake_case(parameter.name), decoder, pattern, model))
    return fields


def _decode(field: _Field, text: str) -> Any:
    kind = field.parameter.type
    if "\0" in text:
        raise field.refuse("characters")
    if field.decoder is not None:
        return _decode_json(field.name, field.decoder, text)
    if kind == "integer":
        return _decode_integer(field, text)
    if kind == "boolean":
        if text.lower() not in _BOOLEANS:
            raise field.refuse("kind")
        return _BOOLEANS[text.lower()]
    if kind == "float":
        if not _FLOAT.fullmatch(text):
            raise field.refuse("kind")
        return float(text)
    return text


def _decode_integer(field: _Field, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise field.refuse("kind")
    number, bound = int(text), _INT_BOUNDS[field.parameter.format or "int64"]
    if number > bound and field.parameter.rule.maximum is not None:
        raise field.refuse("above")
    if abs(number) > bound:
        raise field.refuse("kind")
    return number


def _decode_json(name: str, decoder: msgspec.json.Decoder[Any], text: str) -> Any:
    excess = find_excess(text)
    if excess is not None:
        raise errors.invalid_json(name, excess)
    try:
        value = decoder.decode(text)
    except ValueError as error:  # also a number with more digits than Python converts
        raise errors.invalid_json(name, str(error)[:200] + _meant(decoder.type, str(error))) from None
    if holds_nul(text):
        raise errors.invalid_json(name, "a text holds the character U+0000")
    return value


def _meant(form: Any, problem: str) -> str:
    """The nearest member, where a form that takes no others was given one that it does not know."""
    unknown = _UNKNOWN.search(problem)
    structs = [kind for kind in (get_args(form) or (form,)) if hasattr(kind, "__struct_encode_fields__")]
    if unknown is None or not structs:
        return ""
    members = structs[0].__struct_encode_fields__
    near = Nearest(members).to(unknown[1])
    return f"; did you mean {near}?" if near else f"; there are {', '.join(members)}"


def _check(field: _Field, value: Any) -> Any:
    """The value, or its default where zero means unset. Raises ApiError."""
    rule = field.parameter.rule
    if isinstance(value, int):
        if rule.maximum is not None and value > rule.maximum:
            raise field.refuse("above")
        if rule.minimum is not None and value < rule.minimum:
            raise field.refuse("below")
        return rule.default if value == 0 and rule.default is not None else value
    if isinstance(value, str):
        _check_text(field, rule, value)
    elif rule.max_items is not None and value is not None and len(value) > rule.max_items:
        raise field.refuse("length")
    return value


def _check_text(field: _Field, rule: Rule, value: str) -> None:
    if field.pattern is not None and not field.pattern.fullmatch(value):
        raise field.refuse(rule.fault)
    if rule.values is not None and value not in rule.values:
        raise field.refuse("values")
    if rule.max_length is not None and len(value) > rule.max_length:
        raise field.refuse("length")
    if rule.max_bytes is not None and len(value.encode()) > rule.max_bytes:
        raise field.refuse("length")
