"""A receiver for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Listens on a free port."""
    made = Receiver()
    yield made
    made.close()
