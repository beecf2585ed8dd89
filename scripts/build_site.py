"""Builds the reference as a static site: the pages that a server shows under ``/docs/``, as files.

    python scripts/build_site.py [FOLDER]

The folder, ``site`` unless another is named, is replaced. Links are relative: it can be opened from the disk, or be put
below any address. Run by ``make docs``.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

from bindery.api.spec.model import load_models
from bindery.documentation import page_names, picture, picture_names
from bindery.web.assets import load_assets
from bindery.web.code.languages import Endpoint
from bindery.web.pages import Pages
from bindery.web.reference.pages import frame, guide_values, index_values, operation_values
from bindery.web.reference.places import SitePlaces
from bindery.web.texts import DEFAULT, load_texts

ROOT = Path(__file__).resolve().parent.parent
ENDPOINT = Endpoint("localhost:8180", "http", "cn-hangzhou")
SCRIPT = "static/reference/reference.js"
STYLES = ("static/base.css", "static/reference/reference.css", "static/icon.svg")
_MARK = "built by scripts/build_site.py\n"
_MODULE_WORDS = re.compile(r"^(?:import .*?;\n|export )", re.M)


def build(folder: Path) -> int:
    """Write the site; the number of pages. Raises FileExistsError for a folder that holds something else."""
    mark = folder / ".site"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise FileExistsError(f"{folder} holds something that is no site; name another folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.write_text(_MARK, "utf-8")
    _write_assets(folder)
    pages = _pages()
    for path, text in pages.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    for name in picture_names():
        (folder / "images").mkdir(exist_ok=True)
        (folder / "images" / name).write_bytes(picture(name) or b"")
    return len(pages)


def _pages() -> dict[str, str]:
    """Every page by its path."""
    top, below = SitePlaces(0), SitePlaces(1)
    pages = {"index.html": _render("index", top, index_values())}
    for name in page_names():
        pages[f"{name}.html"] = _render("guide", top, guide_values(name, top))
    for operation in load_models():
        values = operation_values(operation.id, below, ENDPOINT)
        pages[f"{operation.product}/{operation.name}.html"] = _render("operation", below, values)
    return pages


def _render(template: str, places: SitePlaces, values: dict[str, Any]) -> str:
    around = {"t": load_texts(DEFAULT), **frame(places, "reference/site.html")}
    return _WRITER.write(f"reference/{template}.html", around | values)


def _write_assets(folder: Path) -> None:
    contents = {name: _content(name) for name in STYLES}
    contents[SCRIPT] = b"{\n" + b"".join(map(_without_modules, ("static/dom.js", SCRIPT))) + b"}\n"
    for name, content in contents.items():
        path = folder / "assets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _content(name: str) -> bytes:
    asset = load_assets().find(name)
    assert asset is not None, name
    return asset.content


def _without_modules(name: str) -> bytes:
    """A module as a part of one script: browsers load no modules from the disk."""
    return _MODULE_WORDS.sub("", _content(name).decode()).encode()


_WRITER = Pages()


def main() -> int:
    """Build; the exit code."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "site"
    try:
        count = build(folder)
    except OSError as error:
        print(f"the site cannot be written: {error}", file=sys.stderr)
        return 1
    print(f"{count} pages in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
