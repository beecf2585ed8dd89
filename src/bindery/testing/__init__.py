"""Bindery inside a test process: a server to call with the SDK, and the pytest fixture ``bindery``.

docs/testing.md shows how.
"""

from bindery.testing.server import BinderyServer

__all__ = ["BinderyServer"]
