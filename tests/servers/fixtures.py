"""Servers for tests, each started once for the whole run and only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers.azurite import Azurite, run_azurite
from tests.servers.ceph import Ceph
from tests.servers.fake_oss import FakeOss
from tests.servers.moto import run_moto
from tests.servers.postgresql import Postgresql
from tests.servers.ray import RayCluster, connect, run_ray

from bindery.workers.ray_cluster.cluster import RayWorkers


@pytest.fixture(scope="session")
def ceph() -> Iterator[Ceph]:
    """A real S3: Ceph's object gateway."""
    with Ceph() as running:
        yield running


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Microsoft's emulator of Azure Blob Storage."""
    with run_azurite() as running:
        yield running


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A real PostgreSQL; each test makes schemas of its own."""
    with Postgresql() as running:
        yield running


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayCluster]:
    """A real Ray cluster of one node."""
    with run_ray() as running:
        yield running


@pytest.fixture(scope="session")
def ray_workers(ray_cluster: RayCluster) -> Iterator[RayWorkers]:
    """Workers on it, for pools of tests; see ``ray.LentWorkers``."""
    with connect(ray_cluster) as workers:
        yield workers


@pytest.fixture(scope="session")
def fake_oss() -> Iterator[FakeOss]:
    """A fake of OSS; see its module for what it does."""
    with FakeOss() as running:
        yield running


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """Endpoint of moto's S3, a fast stand-in that checks no signatures."""
    with run_moto() as endpoint:
        yield endpoint
