"""PHP, by the vendor's typed clients; by their generic one what those do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bindery.web.code.described_call import DescribedCall, Fields, Figure, Flag, Items, Pairs, Text
from bindery.web.code.names import lower_first
from bindery.web.code.writing import bracketed, quoted

PACKAGES = {"imm": "imm-20200930:5.0.1", "ram": "ram-20150501:1.2.1", "sts": "sts-20150401:1.2.0"}
"""The releases that the programs are written for."""
_GENERIC = "openapi-core:^1.0.10"


class Php:
    """As a script."""

    TITLE = "PHP"
    FILE = "main.php"
    TEMPLATE = "php.php.jinja"

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows."""
        package = _GENERIC if call.generic else PACKAGES[call.product]
        parts = [f"{_text(name)} => {_text(text)}" for name, text in call.texts]
        return {
            "install": f"composer require alibabacloud/{package} alibabacloud/credentials:^1.2.2",
            "client": call.product.capitalize(),
            "namespace": f"AlibabaCloud\\SDK\\{call.product.capitalize()}\\V{call.version.replace('-', '')}",
            "method": lower_first(call.operation),
            "request": _model(f"{call.operation}Request", f"{call.operation}Request", call.arguments, ""),
            "texts": bracketed("[", parts, "]", ""),
        }


def _model(name: str, struct: str, fields: tuple[tuple[str, Any], ...], indent: str) -> str:
    """``struct`` is what it is called in the API, ``name`` its class: those in others have the name of their field."""
    inner = indent + "    "
    parts = [
        f"'{lower_first(field)}' => {_literal(value, (name, struct), inner)}" for field, value in fields
    ]
    return bracketed(f"new Models\\{name}([", parts, "])", indent)


def _literal(value: Any, owner: tuple[str, str], indent: str) -> str:
    inner = indent + "    "
    match value:
        case Text(text):
            return _text(text)
        case Figure(number, _):
            return repr(number)
        case Flag(on):
            return "true" if on else "false"
        case Items(_, items):
            return bracketed("[", [_literal(each, owner, inner) for each in items], "]", indent)
        case Pairs(_, pairs):
            return _map([(name, _literal(each, owner, inner)) for name, each in pairs], indent)
        case Fields(struct, nested, fields):
            name = f"{owner[0]}\\{lower_first(struct.removeprefix(owner[1]))}" if nested else struct
            return _model(name, struct, fields, indent)
    raise TypeError(value)


def _map(pairs: list[tuple[str, str]], indent: str) -> str:
    """An object: as an array, names such as ``0`` would become places."""
    parts = [f"{_text(name)} => {each}" for name, each in pairs]
    return bracketed("[", parts, "]", indent)


def _text(text: str) -> str:
    """Between single quotes, unless it holds what cannot be seen."""
    if text.isprintable():
        return quoted(text, str, marks="'")
    return quoted(text, lambda letter: f"\\u{{{ord(letter):x}}}").replace("$", "\\$")
