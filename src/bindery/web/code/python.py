"""Python, by the vendor's typed clients; by their generic one what those do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bindery.web.code.described_call import DescribedCall, Fields, Figure, Flag, Items, Pairs, Text
from bindery.web.code.names import attribute, snake
from bindery.web.code.writing import bracketed

PACKAGES = {"imm": "5.0.3", "ram": "1.3.0", "sts": "1.2.0"}
"""The releases that Bindery is tried with."""
_STEP = "    "


class Python:
    """One call after the other."""

    TITLE = "Python"
    FILE = "main.py"
    TEMPLATE = "python.py.jinja"
    INDENT = ""

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows."""
        package = f"alibabacloud_{call.package.lower()}"
        needed = "alibabacloud-tea-openapi" if call.generic else f"{package}=={PACKAGES[call.product]}"
        return {
            "install": f"pip install {needed} alibabacloud-credentials",
            "package": package,
            "method": snake(call.operation),
            "request": _request(call, cls.INDENT),
            "texts": _texts(call, cls.INDENT),
        }


class PythonAsync(Python):
    """The same for ``asyncio``."""

    TITLE = "Python (async)"
    TEMPLATE = "python_async.py.jinja"
    INDENT = _STEP


def _request(call: DescribedCall, indent: str) -> str:
    parts = _arguments(call.arguments, indent + _STEP)
    return bracketed(f"models.{call.operation}Request(", parts, ")", indent)


def _texts(call: DescribedCall, indent: str) -> str:
    parts = [f"{_text(name)}: {_text(text)}" for name, text in call.texts]
    return bracketed("{", parts, "}", indent)


def _arguments(arguments: tuple[tuple[str, Any], ...], indent: str) -> list[str]:
    return [f"{attribute(name)}={_literal(value, indent)}" for name, value in arguments]


def _literal(value: Any, indent: str) -> str:
    inner = indent + _STEP
    match value:
        case Text(text):
            return _text(text)
        case Figure(number, _) | Flag(number):
            return repr(number)
        case Items(_, items):
            return bracketed("[", [_literal(each, inner) for each in items], "]", indent)
        case Pairs(_, pairs):
            parts = [f"{_text(name)}: {_literal(each, inner)}" for name, each in pairs]
            return bracketed("{", parts, "}", indent)
        case Fields(struct, _, fields):
            return bracketed(f"models.{struct}(", _arguments(fields, inner), ")", indent)
    raise TypeError(value)


def _text(text: str) -> str:
    """Between double quotes, unless it holds some; what cannot be seen is escaped."""
    return repr(text) if '"' in text else repr(text + "'")[:-2] + '"'
