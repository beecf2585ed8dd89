"""The console: projects, datasets and bindings as people look at them."""

from bindery.web.console import binding, overview, tasks

ROUTES = (*overview.ROUTES, *binding.ROUTES, *tasks.ROUTES)

__all__ = ["ROUTES"]
