"""Fixtures that every folder of tests may use."""

import pytest

pytest.register_assert_rewrite("tests.buckets.conformance")

pytest_plugins = ["tests.servers.fixtures"]
