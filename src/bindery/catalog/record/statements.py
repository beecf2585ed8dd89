"""Gives the statements of a ``.sql`` file their names."""

from __future__ import annotations

import re
from importlib.resources import files
from types import SimpleNamespace

_HEADING = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_statements(name: str) -> SimpleNamespace:
    """The statements of ``sql/{name}.sql`` as attributes, each under its ``-- name:`` heading."""
    text = (files("bindery.catalog.record") / "sql" / f"{name}.sql").read_text("utf-8")
    parts = _HEADING.split(text)[1:]
    return SimpleNamespace(**dict(zip(parts[::2], parts[1::2], strict=True)))
