"""The API explorer: every operation of every product, tried from a form."""

from bindery.web.explorer.explorer import ROUTES

__all__ = ["ROUTES"]
