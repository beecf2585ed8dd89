"""TypeScript, by the vendor's generic client: a typed one of this API is not in the npm registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from bindery.web.code.described_call import DescribedCall
from bindery.web.code.writing import bracketed, json_text

_PACKAGES = (
    "@alicloud/openapi-core@1.0.8",
    "@alicloud/credentials@2.4.7",
    "@darabonba/typescript@1.0.5",
)
_STEP = "  "


class TypeScript:
    """As a module."""

    TITLE = "TypeScript"
    FILE = "main.mts"
    TEMPLATE = "typescript.mts.jinja"

    @classmethod
    def context(cls, call: DescribedCall) -> Mapping[str, Any]:
        """What the template shows."""
        parts = [f"{_name(name)}: {_value(text)}" for name, text in call.texts]
        return {
            "install": f"npm install {' '.join(_PACKAGES)}",
            "texts": bracketed("{", parts, "}", "", step=_STEP),
        }


def _name(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else json_text(name)


def _value(text: str) -> str:
    """JSON is written as what it says, the way people write it."""
    if text[:1] in "[{":
        try:
            value = msgspec.json.decode(text)
        except msgspec.MsgspecError:
            return json_text(text)
        return f"JSON.stringify({_literal(value, _STEP)})"
    return json_text(text)


def _literal(value: Any, indent: str) -> str:
    inner = indent + _STEP
    if isinstance(value, dict):
        parts = [f"{_name(name)}: {_literal(each, inner)}" for name, each in value.items()]
        return bracketed("{", parts, "}", indent, step=_STEP)
    if isinstance(value, list):
        return bracketed("[", [_literal(each, inner) for each in value], "]", indent, step=_STEP)
    return msgspec.json.encode(value).decode() if not isinstance(value, str) else json_text(value)
