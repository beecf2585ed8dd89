"""``/console/usage``: what projects have used, and what that costs."""

from bindery.web.usage import usage

ROUTES = usage.ROUTES

__all__ = ["ROUTES"]
