"""From the strings of a request to its typed message, as the API model says. One error at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from bindery.api import errors
from bindery.api.gateway.json_shape import find_excess, holds_nul
from bindery.api.operations import BuiltOperation, built_operations, snake_case
from bindery.api.spec.model import Parameter, Rule, load_models

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_FLOAT = re.compile(r"[+-]?([0-9]{1,300}(\.[0-9]{0,300})?|\.[0-9]{1,300})([eE][+-]?[0-9]{1,4})?")
_INT_BOUNDS = {"int32": 2**31 - 1, "int64": 2**63 - 1}
_BOOLEANS = {"true": True, "false": False}
_NO_RULE = Rule()

_Decoder = msgspec.json.Decoder[Any]


def validate(built: BuiltOperation, parameters: dict[str, str], *, strict: bool = False) -> Any:
    """The request as its message. Raises ApiError.

    An absent and an empty parameter are the same; unknown parameters are ignored, as the vendor does. With
    ``strict`` those that Bindery has added are refused: to ignore them would do more than was asked for.
    """
    values: dict[str, Any] = {}
    _refuse_flat(built, parameters)
    for parameter, attribute, decoder in _parameters(built.id):
        text = parameters.get(parameter.name)
        if text is None or text == "":
            if parameter.required:
                raise errors.missing_parameter(parameter.name)
            values[attribute] = parameter.rule.default
            continue
        if strict and parameter.extension:
            raise errors.extension_parameter_refused(parameter.name)
        value = _decode(parameter, decoder, text)
        if parameter.required and value in ((), [], {}, None):
            raise errors.missing_parameter(parameter.name)
        if parameter.rule is not _NO_RULE:
            value = _check(parameter, value)
        values[attribute] = value
    return built.request(**values)


def _refuse_flat(built: BuiltOperation, parameters: Mapping[str, str]) -> None:
    """``URIs.1=…``, as other products take lists: ignored, the call would do something else than was asked."""
    for given in parameters:
        if "." in given:
            name = given.partition(".")[0]
            for parameter, _, decoder in _parameters(built.id):
                if parameter.name == name and decoder is not None:
                    raise errors.invalid_json(name, f"send it whole, as one JSON text, not as {given[:64]}")


def prepare(identifiers: Iterable[str]) -> None:
    """Make the decoders of operations now, in one thread.

    msgspec prepares a struct type when it is first decoded; two threads that do so at once end the process.
    """
    for identifier in identifiers:
        _parameters(identifier)


@cache
def _parameters(identifier: str) -> list[tuple[Parameter, str, _Decoder | None]]:
    """Parameters of an operation, with their attribute in the message and the decoder of their JSON."""
    request = built_operations()[identifier].request
    types = {field.encode_name: field.type for field in msgspec.structs.fields(request)}
    rows = []
    for parameter in load_models()[identifier].parameters:
        decoder = None
        if parameter.encoding == "json":
            decoder = msgspec.json.Decoder(types[parameter.name], strict=False)
        rule = _NO_RULE if parameter.rule == _NO_RULE else parameter.rule
        rows.append((msgspec.structs.replace(parameter, rule=rule), snake_case(parameter.name), decoder))
    return rows


def _decode(parameter: Parameter, decoder: _Decoder | None, text: str) -> Any:
    if "\0" in text:
        raise errors.invalid_parameter(parameter.name)
    if decoder is not None:
        return _decode_json(parameter, decoder, text)
    if parameter.type == "integer":
        return _decode_integer(parameter, text)
    if parameter.type == "boolean":
        if text.lower() not in _BOOLEANS:
            raise errors.invalid_parameter(parameter.name)
        return _BOOLEANS[text.lower()]
    if parameter.type == "float":
        if not _FLOAT.fullmatch(text):
            raise errors.invalid_parameter(parameter.name)
        return float(text)
    return text


def _decode_integer(parameter: Parameter, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise errors.invalid_parameter(parameter.name)
    number, bound = int(text), _INT_BOUNDS[parameter.format or "int64"]
    if number > bound and parameter.rule.maximum is not None:
        raise errors.value_too_large(parameter.name)
    if abs(number) > bound:
        raise errors.invalid_parameter(parameter.name)
    return number


def _decode_json(parameter: Parameter, decoder: _Decoder, text: str) -> Any:
    excess = find_excess(text)
    if excess is not None:
        raise errors.invalid_json(parameter.name, excess)
    try:
        value = decoder.decode(text)
    except ValueError as error:  # also a number with more digits than Python converts
        raise errors.invalid_json(parameter.name, str(error)[:200]) from None
    if holds_nul(text):
        raise errors.invalid_json(parameter.name, "a text holds the character U+0000")
    return value


def _check(parameter: Parameter, value: Any) -> Any:
    """The value, or its default where zero means unset. Raises ApiError."""
    rule, name = parameter.rule, parameter.name
    if isinstance(value, int):
        if rule.maximum is not None and value > rule.maximum:
            raise errors.value_too_large(name)
        if rule.minimum is not None and value < rule.minimum:
            raise errors.invalid_parameter(name)
        return rule.default if value == 0 and rule.default is not None else value
    if isinstance(value, str):
        _check_text(rule, name, value)
    elif rule.max_items is not None and value is not None and len(value) > rule.max_items:
        raise errors.value_too_large(name)
    return value


def _check_text(rule: Rule, name: str, value: str) -> None:
    if rule.pattern is not None and not re.fullmatch(rule.pattern, value):
        raise errors.invalid_parameter(name)
    if rule.values is not None and value not in rule.values:
        raise errors.invalid_parameter(name)
    if rule.max_length is not None and len(value) > rule.max_length:
        raise errors.value_too_large(name)
    if rule.max_bytes is not None and len(value.encode()) > rule.max_bytes:
        raise errors.value_too_large(name)
