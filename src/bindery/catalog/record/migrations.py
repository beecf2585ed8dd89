"""Scripts that bring the tables of a record up to date, numbered alike for each kind of database."""

from __future__ import annotations

import re
from importlib.resources import files

_NAME = re.compile(r"(\d{4})_\w+\.sql")


def load_migrations(kind: str) -> dict[int, str]:
    """Scripts of ``sqlite`` or ``postgresql`` by their number, without gaps from the first on."""
    folder = files(f"bindery.catalog.record.{kind}") / "migrations"
    scripts = {
        int(match[1]): entry.read_text("utf-8")
        for entry in folder.iterdir()
        if (match := _NAME.fullmatch(entry.name))
    }
    assert sorted(scripts) == list(range(min(scripts), max(scripts) + 1)), (
        "migrations are numbered without gaps"
    )
    return scripts
