"""C#, by the vendor's typed clients; by their generic one what those do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bindery.web.code.described_call import DescribedCall, Fields, Figure, Flag, Items, Pairs, Text
from bindery.web.code.writing import bracketed, quoted, utf16_escape

PACKAGES = {"imm": "5.0.0", "ram": "1.2.1", "sts": "1.2.0"}
"""The releases that the programs are written for."""
_GENERIC = ("AlibabaCloud.OpenApiClient", "0.1.16")
_STEP = "    "
_INDENT = _STEP * 2
_TYPES = {"string": "string", "boolean": "bool?", "any": "object"}
_NUMBERS = {"int32": "int?", "int64": "long?", "float32": "float?", "float64": "double?"}
_ENDS = {"int32": "", "int64": "L", "float32": "f", "float64": "d"}


class CSharp:
    """As a class with a Main method."""

    TITLE = "C#"
    FILE = "Program.cs"
    TEMPLATE = "csharp.cs.jinja"

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows."""
        package = f"AlibabaCloud.SDK.{call.package}"
        name, version = _GENERIC if call.generic else (package, PACKAGES[call.product])
        pairs = [(name, _text(text)) for name, text in call.texts]
        request = f"{call.operation}Request"
        return {
            "install": f"dotnet add package {name} --version {version}",
            "package": package,
            "request": _model(request, call.arguments, request, _INDENT),
            "texts": _map("object" if call.in_form else "string", pairs, _INDENT),
        }


def _model(name: str, fields: tuple[tuple[str, Any], ...], owner: str, indent: str) -> str:
    inner = indent + _STEP
    parts = [f"{field} = {_literal(value, owner, inner)}" for field, value in fields]
    return _braced(f"new {name}", parts, indent) if parts else f"new {name}()"


def _literal(value: Any, owner: str, indent: str) -> str:
    """``owner`` is the class that the value is a field of."""
    inner = indent + _STEP
    match value:
        case Text(text):
            return _text(text)
        case Figure(number, form):
            return f"{number}{_ENDS[form]}"
        case Flag(on):
            return "true" if on else "false"
        case Items(of, items, form, nested):
            parts = [_literal(each, owner, inner) for each in items]
            return _braced(f"new List<{_element(f'{owner}.{of}' if nested else of, form)}>", parts, indent)
        case Pairs(of, pairs):
            kind = _TYPES.get(of, of)
            return _map(kind, [(name, _literal(each, owner, inner)) for name, each in pairs], indent)
        case Fields(struct, nested, fields):
            name = f"{owner}.{struct}" if nested else struct
            return _model(name, fields, name, indent)
    raise TypeError(value)


def _element(of: str, form: str | None) -> str:
    return _NUMBERS[form] if form else _TYPES.get(of, of)


def _map(kind: str, pairs: list[tuple[str, str]], indent: str) -> str:
    parts = [f"{{ {_text(name)}, {each} }}" for name, each in pairs]
    return _braced(f"new Dictionary<string, {kind}>", parts, indent)


def _braced(head: str, parts: list[str], indent: str) -> str:
    """Braces stand below each other, as C# has them."""
    line = bracketed(f"{head} {{ ", parts, " }", indent, comma="")
    if "\n" not in line:
        return line if parts else f"{head}()"
    lines = "".join(f"\n{indent}{_STEP}{part}," for part in parts)
    return f"{head}\n{indent}{{{lines}\n{indent}}}"


def _text(text: str) -> str:
    return quoted(text, utf16_escape)
