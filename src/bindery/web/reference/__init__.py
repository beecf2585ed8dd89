"""``/docs/``: the guides and a page for each operation, made from the API models."""

from bindery.web.reference.pages import ROUTES

__all__ = ["ROUTES"]
