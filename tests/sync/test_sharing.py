"""What a server does of what others ask for, over a record that comes and goes."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from bindery.catalog.interface.servers import Held, Lease, Survey
from bindery.catalog.records import Binding, CatalogUnwritable
from bindery.sync.followers import lease_of
from bindery.sync.sharing import Sharing


class Followers:
    """One binding, which is worked on here."""

    def __init__(self, follower: Any) -> None:
        self.lock = threading.Lock()
        self.failures, self.renewed = 1, 0
        self._follower = follower

    def present(self) -> dict[int, Any]:
        return {1: self._follower}

    def renew(self, binding: Binding) -> None:
        if self.failures:
            self.failures -= 1
            raise CatalogUnwritable("away")
        self.renewed += 1


def test_what_was_asked_for_while_the_record_went_away_is_done_at_the_next_look() -> None:
    """As when another server has given the bucket new credentials: nobody asks a second time."""
    binding = Binding(id=1, dataset_id=1, project_name="p", dataset_name="d", bucket="media")
    listed: list[bool] = []
    follower = SimpleNamespace(
        lease=Lease(lease_of(1), 3), asked=4, reconcile_now=lambda: listed.append(True)
    )
    survey = Survey((7,), {lease_of(1): Held(7, 3, 5)}, ())
    catalog: Any = SimpleNamespace(
        servers=SimpleNamespace(id=7, survey=lambda _: survey),
        bindings=SimpleNamespace(list=lambda: [binding]),
        changes=SimpleNamespace(waiting=list),
    )
    followers: Any = Followers(follower)
    sharing = Sharing(catalog, SimpleNamespace(), followers, lambda: None)  # type: ignore[arg-type]
    with pytest.raises(CatalogUnwritable):
        sharing.look()
    sharing.look()
    sharing.look()
    assert (followers.renewed, listed, follower.asked) == (1, [True], 5)
