"""The console: projects, datasets and bindings as people look at them."""

from bindery.web.console import binding, overview

ROUTES = (*overview.ROUTES, *binding.ROUTES)

__all__ = ["ROUTES"]
