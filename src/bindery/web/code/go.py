"""Go, by the vendor's typed clients; by their generic one what those do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bindery.web.code.described_call import ANY, DescribedCall, Fields, Figure, Flag, Items, Pairs, Text
from bindery.web.code.writing import bracketed, chained, octal_escape, quoted

PACKAGES = {
    "imm": "imm-20200930/v5@v5.0.1",
    "ram": "ram-20150501/v2@v2.2.1",
    "sts": "sts-20150401/v2@v2.0.4",
}
"""The releases that the programs are written for."""
_SHARED = (
    "github.com/alibabacloud-go/darabonba-openapi/v2@v2.2.4",
    "github.com/alibabacloud-go/tea@v1.5.2",
    "github.com/aliyun/credentials-go@v1.4.12",
)
_STEP = "\t"
_TYPES = {"string": "*string", "boolean": "*bool", ANY: "interface{}"}
_NUMBERS = {"int32": "Int32", "int64": "Int64", "float32": "Float32", "float64": "Float64"}


class Go:
    """As a package main."""

    TITLE = "Go"
    FILE = "main.go"
    TEMPLATE = "go.go.jinja"

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows."""
        package = "github.com/alibabacloud-go/" + PACKAGES[call.product]
        request = _model(call.product, f"{call.operation}Request", call.arguments, _STEP)
        return {
            "install": " ".join(["go get", *([] if call.generic else [package]), *_SHARED]),
            "package": package.partition("@")[0],
            "request": request,
            "texts": [(_text(name), _value(call, text)) for name, text in call.texts],
        }


def _value(call: DescribedCall, text: str) -> str:
    return _text(text) if call.in_form else f"dara.String({_text(text)})"


def _model(package: str, name: str, fields: tuple[tuple[str, Any], ...], indent: str) -> str:
    inner = indent + _STEP
    calls = [f"Set{field}({_literal(package, value, inner)})" for field, value in fields]
    return chained(f"new({package}.{name})", calls, indent, step=_STEP, trailing=True)


def _literal(package: str, value: Any, indent: str, *, pointed: bool = False) -> str:
    """``pointed`` inside of lists and maps that hold pointers to texts and numbers."""
    inner = indent + _STEP
    match value:
        case Text(text):
            return f"dara.String({_text(text)})" if pointed else _text(text)
        case Figure(number, form):
            return f"dara.{_NUMBERS[form]}({number})" if pointed else repr(number)
        case Flag(on):
            word = "true" if on else "false"
            return f"dara.Bool({word})" if pointed else word
        case Items(of, items, form, _):
            parts = [_literal(package, each, inner, pointed=of != ANY) for each in items]
            return _bracketed(f"[]{_type(package, of, form)}{{", parts, indent)
        case Pairs(of, pairs):
            entries = [(name, _literal(package, each, inner, pointed=of != ANY)) for name, each in pairs]
            return _map(_type(package, of, None), entries, indent)
        case Fields(struct, _, fields):
            return _model(package, struct, fields, indent)
    raise TypeError(value)


def _type(package: str, of: str, form: str | None) -> str:
    """Of what a list or a map holds: pointers, but to what may be anything."""
    return _TYPES.get(of) or "*" + (form.lower() if form else f"{package}.{of}")


def _map(kind: str, pairs: list[tuple[str, str]], indent: str) -> str:
    return _bracketed(f"map[string]{kind}{{", [f"{_text(name)}: {each}" for name, each in pairs], indent)


def _bracketed(head: str, parts: list[str], indent: str) -> str:
    return bracketed(head, parts, "}", indent, step=_STEP)


def _text(text: str) -> str:
    return quoted(text, octal_escape)
