"""Where pages of the reference are: on this server, or beside each other as the files of a site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from markupsafe import Markup

from bindery.api.spec.model import Operation
from bindery.web.assets import load_assets
from bindery.web.explorer.described import form_address


class Places(Protocol):
    """Addresses, as the page that is being made must write them."""

    script: Markup
    """The attribute with which scripts are loaded."""

    def guide(self, name: str) -> str:
        """Of a guide."""

    def picture(self, name: str) -> str:
        """Of a picture in guides."""

    def operation(self, operation: Operation) -> str:
        """Of the page of an operation."""

    def index(self) -> str:
        """Of the first page."""

    def asset(self, name: str) -> str:
        """Of a script or style."""

    def attempt(self, operation: Operation, values: Mapping[str, Any]) -> str:
        """Of the form of an operation with these values; empty where nothing can be called."""


class ServerPlaces:
    """Pages of a running server."""

    script = Markup('type="module"')

    def guide(self, name: str) -> str:
        """``/docs/stores``."""
        return f"/docs/{name}"

    def picture(self, name: str) -> str:
        """``/docs/images/gallery.webp``."""
        return f"/docs/images/{name}"

    def operation(self, operation: Operation) -> str:
        """``/docs/imm/GetBinding``."""
        return f"/docs/{operation.product}/{operation.name}"

    def index(self) -> str:
        """``/docs/``."""
        return "/docs/"

    def asset(self, name: str) -> str:
        """With the hash of all assets."""
        return load_assets().url(name)

    def attempt(self, operation: Operation, values: Mapping[str, Any]) -> str:
        """The explorer, filled in."""
        return form_address(operation.id, values)


class SitePlaces:
    """Files of a static site; addresses are relative, so that it works from any folder, and without a server."""

    script = Markup("defer")  # browsers load no modules from files

    def __init__(self, depth: int) -> None:
        """``depth``: folders between the page and the root of the site."""
        self._root = "../" * depth

    def guide(self, name: str) -> str:
        """``stores.html``."""
        return f"{self._root}{name}.html"

    def picture(self, name: str) -> str:
        """``images/gallery.webp``."""
        return f"{self._root}images/{name}"

    def operation(self, operation: Operation) -> str:
        """``imm/GetBinding.html``."""
        return f"{self._root}{operation.product}/{operation.name}.html"

    def index(self) -> str:
        """``index.html``."""
        return f"{self._root}index.html"

    def asset(self, name: str) -> str:
        """``assets/static/base.css``."""
        return f"{self._root}assets/{name}"

    def attempt(self, operation: Operation, values: Mapping[str, Any]) -> str:
        """There is no server."""
        return ""
