"""Fixtures for pytest, there as soon as Bindery is installed: ``bindery`` and ``bindery_server``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bindery.testing.server import BinderyServer


@pytest.fixture(scope="session")
def bindery_server() -> Iterator[BinderyServer]:
    """One server for the whole run; what tests leave in it stays. ``bindery`` is the fixture for most."""
    from bindery.testing.server import BinderyServer  # noqa: PLC0415 - only a run that uses it pays for it

    with BinderyServer() as server:
        yield server


@pytest.fixture
def bindery(bindery_server: BinderyServer) -> Iterator[BinderyServer]:
    """The server, empty: everything that a test makes in it is gone after the test."""
    yield bindery_server
    bindery_server.reset()
