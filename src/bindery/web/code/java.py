"""Java, by the vendor's typed clients; by their generic one what those do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bindery.web.code.described_call import DescribedCall, Fields, Figure, Flag, Items, Pairs, Text
from bindery.web.code.names import lower_first
from bindery.web.code.writing import bracketed, chained, quoted, utf16_escape

PACKAGES = {"imm": "5.0.1", "ram": "1.2.1", "sts": "1.2.0"}
"""The releases that the programs are written for."""
GENERIC = "com.aliyun:tea-openapi:0.3.12"
_STEP = "    "
_INDENT = _STEP * 2
_ENDS = {"int32": "", "int64": "L", "float32": "f", "float64": "d"}


class Java:
    """As a class with a main method."""

    TITLE = "Java"
    FILE = "src/main/java/Call.java"
    TEMPLATE = "java.java.jinja"

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows."""
        package = call.package.lower()
        needed = GENERIC if call.generic else f"com.aliyun:{package}:{PACKAGES[call.product]}"
        request = f"{call.operation}Request"
        return {
            "install": f"mvn dependency:get -Dartifact={needed}",
            "package": package,
            "method": lower_first(call.operation),
            "request": _model(request, call.arguments, request, _INDENT),
            "texts": _entries([(name, _text(text)) for name, text in call.texts], _INDENT),
        }


def _model(name: str, fields: tuple[tuple[str, Any], ...], owner: str, indent: str) -> str:
    inner = indent + _STEP
    calls = [f"set{field}({_literal(value, owner, inner)})" for field, value in fields]
    return chained(f"new {name}()", calls, indent)


def _literal(value: Any, owner: str, indent: str) -> str:
    """``owner`` is the class of a file of its own that the nested ones are in, however deep."""
    inner = indent + _STEP
    match value:
        case Text(text):
            return _text(text)
        case Figure(number, form):
            return f"{number}{_ENDS[form]}"
        case Flag(on):
            return "true" if on else "false"
        case Items(_, items):
            return _bracketed("List.of(", [_literal(each, owner, inner) for each in items], indent)
        case Pairs(_, pairs):
            return _entries([(name, _literal(each, owner, inner)) for name, each in pairs], indent)
        case Fields(struct, nested, fields):
            name, within = (f"{owner}.{struct}", owner) if nested else (struct, struct)
            return _model(name, fields, within, indent)
    raise TypeError(value)


def _entries(pairs: list[tuple[str, str]], indent: str) -> str:
    return _bracketed(
        "Map.ofEntries(", [f"Map.entry({_text(name)}, {each})" for name, each in pairs], indent
    )


def _bracketed(head: str, parts: list[str], indent: str) -> str:
    return bracketed(head, parts, ")", indent, comma="")


def _text(text: str) -> str:
    return quoted(text, utf16_escape)
