"""From the strings of a request to its typed message, as the API model says. One error at a time."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from bindery.api import errors
from bindery.api.operations import BuiltOperation, built_operations, snake_case
from bindery.api.spec.model import Parameter, Rule, load_model

_INTEGER = re.compile(r"[+-]?\d{1,19}")
_FLOAT = re.compile(r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][+-]?\d{1,4})?")
_INT_BOUNDS = {"int32": 2**31 - 1, "int64": 2**63 - 1}
_BOOLEANS = {"true": True, "false": False}


def validate(built: BuiltOperation, parameters: dict[str, str]) -> Any:
    """The request as its message. Raises ApiError.

    An absent and an empty parameter are the same; unknown parameters are ignored, as the vendor does.
    """
    values: dict[str, Any] = {}
    for parameter, attribute, decoder in _parameters(built.name):
        text = parameters.get(parameter.name)
        if text is None or text == "":
            if parameter.required:
                raise errors.missing_parameter(parameter.name)
            values[attribute] = parameter.rule.default
            continue
        value = _decode(parameter, decoder, text)
        if parameter.required and value in ((), [], {}):
            raise errors.missing_parameter(parameter.name)
        if parameter.rule is not _NO_RULE:
            value = _check(parameter, value)
        values[attribute] = value
    return built.request(**values)


_NO_RULE = Rule()


@cache
def _parameters(name: str) -> list[tuple[Parameter, str, msgspec.json.Decoder[Any] | None]]:

    hints = msgspec.structs.fields(built_operations()[name].request)
    types = {field.encode_name: field.type for field in hints}
    rows = []
    for parameter in load_model().operations[name].parameters:
        if parameter.rule == _NO_RULE:
            parameter = msgspec.structs.replace(parameter, rule=_NO_RULE)  # noqa: PLW2901
        decoder = None
        if parameter.encoding == "json":
            decoder = msgspec.json.Decoder(types[parameter.name], strict=False)
        rows.append((parameter, snake_case(parameter.name), decoder))
    return rows


def _decode(parameter: Parameter, decoder: msgspec.json.Decoder[Any] | None, text: str) -> Any:
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
    number = int(text)
    if abs(number) > _INT_BOUNDS.get(parameter.format or "int64", 2**63 - 1):
        raise errors.invalid_parameter(parameter.name)
    return number


def _decode_json(parameter: Parameter, decoder: msgspec.json.Decoder[Any], text: str) -> Any:
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise errors.invalid_argument(f"The parameter {parameter.name} is not valid: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise errors.invalid_json(parameter.name, str(error)[:200]) from None


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
    elif rule.max_items is not None and len(value) > rule.max_items:
        raise errors.value_too_large(name)
    return value


def _check_text(rule: Rule, name: str, value: str) -> None:
    if rule.pattern is not None and not re.fullmatch(rule.pattern, value):
        raise errors.invalid_parameter(name)
    if rule.values is not None and value not in rule.values:
        raise errors.invalid_parameter(name)
    if rule.max_length is not None and len(value) > rule.max_length:
        raise errors.value_too_large(name)
