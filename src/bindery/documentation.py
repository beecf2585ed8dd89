"""The pages of ``docs/``, which travel with the package: errors point to them wherever Bindery is installed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_SUFFIX = ".md"
_IN_REPOSITORY = Path(__file__).resolve().parents[2] / "docs"


def page_names() -> list[str]:
    """Names of the pages, ascending: ``configuration``, ``stores``, …"""
    return sorted(_pages())


def page_text(name: str) -> str | None:
    """A page in Markdown; None when there is none of that name."""
    page = _pages().get(name.removesuffix(_SUFFIX))
    return None if page is None else page.read_text("utf-8")


def command_for(name: str) -> str:
    """What shows a page on the command line, for the end of a message."""
    return f"bindery docs {name}"


@cache
def _pages() -> dict[str, Traversable]:
    folder = files("bindery") / "docs"  # made when the wheel is built
    if not folder.is_dir():
        folder = _IN_REPOSITORY
    if not folder.is_dir():
        return {}
    return {
        page.name.removesuffix(_SUFFIX): page for page in folder.iterdir() if page.name.endswith(_SUFFIX)
    }
