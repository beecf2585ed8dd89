"""Templates: beside the pages that use them, in one folder a group."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jinja2
import msgspec
from markupsafe import Markup

from bindery import __version__
from bindery.web.assets import load_assets
from bindery.web.texts import LANGUAGES

if TYPE_CHECKING:
    from bindery.web.page_request import PageRequest

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPED = str.maketrans(_ESCAPES)
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Pages:
    """Renders templates; everything that they show is escaped, and what they do not know is an error."""

    def __init__(self) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("bindery.web", ""),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"data": as_data, "bytes": as_bytes, "count": as_count}
        self._environment.globals |= {
            "asset": load_assets().url,
            "languages": LANGUAGES,
            "version": __version__,
        }

    def render(self, template: str, request: PageRequest, values: Mapping[str, Any]) -> str:
        """The text of a page: ``sign_in/sign_in.html``."""
        return self.write(
            template, {"request": request, "t": request.t, "now": datetime.now(UTC), **values}
        )

    def write(self, template: str, values: Mapping[str, Any]) -> str:
        """A page that nobody asks for, of a site without a server: ``t`` must be among the values."""
        return self._environment.get_template(template).render(values)


def as_data(value: object) -> Markup:
    """JSON that may stand in a ``script`` element: no text in it ends the element."""
    return Markup(msgspec.json.encode(value).decode().translate(_ESCAPED))  # noqa: S704


def as_bytes(count: float) -> str:
    """A size as people read it: ``4.2 MB``."""
    for unit in _UNITS[:-1]:
        if abs(count) < 1_000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1_000
    return f"{count:.1f} {_UNITS[-1]}"


def as_count(count: int) -> str:
    """A number with its thousands apart."""
    return f"{count:,}"
