"""``/console/access/…``: who may do what, and who did it."""

from bindery.web.access import acts, audit, drafts, entities, policy, sessions, simulator

ROUTES = (
    *simulator.ROUTES,
    *audit.ROUTES,
    *drafts.ROUTES,
    *sessions.ROUTES,
    *policy.ROUTES,
    *entities.ROUTES,
    *acts.ROUTES,
)

__all__ = ["ROUTES"]
