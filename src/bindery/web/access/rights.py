"""What the reader of a page may do at all, so that a page offers nothing else."""

from __future__ import annotations

from bindery.web.page_request import PageRequest

_ALL = 1_000
"""More actions than there are."""


class Rights:
    """Which operations are worth offering. Whether one is allowed on a certain thing, its call decides."""

    def __init__(self, actions: frozenset[str] | None) -> None:
        self._actions = actions

    def may(self, operation: str) -> bool:
        """Whether the RAM operation is allowed on something, or nobody can tell."""
        return self._actions is None or f"ram:{operation}" in self._actions


async def rights_of(request: PageRequest) -> Rights:
    """Of a user by ListPermissions; of one who may not ask that, unknown, as his calls tell it."""
    identity = request.who.identity
    if identity.is_account:
        return Rights(None)
    reply = await request.caller.call("ListPermissions", {"UserName": identity.name, "MaxResults": _ALL})
    if not reply.ok:
        return Rights(None)
    return Rights(frozenset(each["Action"] for each in reply.data.get("Permissions", ())))
