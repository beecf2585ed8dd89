"""``/console/health`` and its neighbours: what the server tells of itself to those who run it."""

from bindery.web.server import health, metrics, notifications, settings

ROUTES = (*health.ROUTES, *notifications.ROUTES, *metrics.ROUTES, *settings.ROUTES)

__all__ = ["ROUTES"]
