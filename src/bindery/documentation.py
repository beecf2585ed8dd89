"""The pages of ``docs/``, which travel with the package: errors point to them wherever Bindery is installed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_SUFFIX = ".md"
_PICTURES, _PICTURE_SUFFIX = "images", ".webp"
_IN_REPOSITORY = Path(__file__).resolve().parents[2] / "docs"


def page_names() -> list[str]:
    """Names of the pages, ascending: ``configuration``, ``stores``, …"""
    return sorted(_pages())


def page_text(name: str) -> str | None:
    """A page in Markdown; None when there is none of that name."""
    page = _pages().get(name.removesuffix(_SUFFIX))
    return None if page is None else page.read_text("utf-8")


def picture_names() -> list[str]:
    """Names of the pictures that pages show, ascending: ``gallery.webp``, …"""
    return sorted(_pictures())


def picture(name: str) -> bytes | None:
    """A picture that pages show, as WebP; None when there is none of that name."""
    found = _pictures().get(name)
    return None if found is None else found.read_bytes()


def command_for(name: str) -> str:
    """What shows a page on the command line, for the end of a message."""
    return f"bindery docs {name}"


def _folder() -> Traversable:
    folder = files("bindery") / "docs"  # made when the wheel is built
    return folder if folder.is_dir() else _IN_REPOSITORY


@cache
def _pages() -> dict[str, Traversable]:
    return {name.removesuffix(_SUFFIX): page for name, page in _files(_folder(), _SUFFIX)}


@cache
def _pictures() -> dict[str, Traversable]:
    return dict(_files(_folder() / _PICTURES, _PICTURE_SUFFIX))


def _files(folder: Traversable, suffix: str) -> list[tuple[str, Traversable]]:
    if not folder.is_dir():
        return []
    return [(entry.name, entry) for entry in folder.iterdir() if entry.name.endswith(suffix)]
