"""A gateway for the tests of RAM's operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api


@pytest.fixture
def ram(api: Api) -> Iterator[Api]:
    """A gateway without users, groups, roles and policies, before and after."""
    api.empty_access()
    yield api
    api.empty_access()
