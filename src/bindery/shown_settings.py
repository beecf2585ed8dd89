"""The configuration as it may be shown: every setting with where it comes from, and no secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from bindery.api.inspection import Setting
from bindery.config import Config
from bindery.secrecy import Hiding, fit_to_tell

_SECRET_NAMES = ("token", "secret", "password")
"""In the name of a setting, whatever its section says of it."""


def shown_settings(config: Config, origins: Mapping[str, str]) -> list[Setting]:
    """Ascending as the file has them. ``origins`` are of settings that somebody has given, by name."""
    return list(_settings(config, Config(), "", origins))


def _settings(
    held: msgspec.Struct, default: msgspec.Struct, prefix: str, origins: Mapping[str, str]
) -> list[Setting]:
    found: list[Setting] = []
    sections: list[Setting] = []
    for field in msgspec.structs.fields(held):
        value, usual = getattr(held, field.name), getattr(default, field.name)
        name = prefix + field.name
        if isinstance(value, msgspec.Struct):
            sections += _settings(value, usual, name + ".", origins)
            continue
        hidden = _is_hidden(held, field.name)
        found.append(
            Setting(
                name,
                _names(value) if hidden else _text(value),
                "" if hidden else _text(usual),
                origins.get(name, "default"),
                hidden and bool(value),
            )
        )
    return found + sections


def _is_hidden(section: msgspec.Struct, name: str) -> bool:
    if any(word in name for word in _SECRET_NAMES):
        return True
    return isinstance(section, Hiding) and name in section.hidden_fields


def _names(value: Any) -> str:
    """Of what is kept back the names that have been given: of buckets and topics, not where they are."""
    return _text(sorted(value)) if isinstance(value, dict) and value else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Path):
        value = str(value)
    return fit_to_tell(msgspec.json.encode(value).decode())
