"""A real Ceph pushes its events to a real server that follows a bucket: nothing is missed, and it is quick.

``BINDERY_CHANGES`` sets the number of changes (2,000), ``BINDERY_SEED`` repeats a run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.servers.catalogue import BUCKET, Catalogue, check_log, differences
from tests.servers.ceph import Ceph
from tests.servers.ports import free_port
from tests.servers.traffic import Freshness, Traffic, quantiles

CHANGES = int(os.environ.get("BINDERY_CHANGES", "2000"))
TOKEN = "of-events+/=&%"
NO_LISTING = 86_400

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(300 + CHANGES // 10)]


def held_by(ceph: Ceph, bucket: str) -> dict[str, tuple[str, int]]:
    """ETag and size of every object, by boto3."""
    pages = ceph.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {
        found["Key"]: (found["ETag"].strip('"'), found["Size"])
        for page in pages
        for found in page.get("Contents", [])
    }


def configure(path: Path, **sync: float) -> str:
    settings = "".join(f"{name} = {value}\n" for name, value in sync.items())
    path.write_text(f'[events]\ntoken = "{TOKEN}"\n[sync]\n{settings}[extraction]\nworkers = 1\n')
    return f"--config={path}"


def test_ten_thousand_changes_are_followed_and_lost_events_made_up_for(
    start_server: Callable[..., Any], tmp_path: Path, ceph: Ceph, seed: int
) -> None:
    bucket, port = ceph.create_bucket(), free_port()
    config = configure(tmp_path / "bindery.toml", reconcile_interval=NO_LISTING)
    catalogue = Catalogue(
        start_server,
        tmp_path / "data",
        tmp_path / "buckets",
        config,
        f"--port={port}",
        f"--bucket={BUCKET}={ceph.store_url(bucket)}",
    )
    catalogue.start()
    catalogue.make_dataset("dataset")
    catalogue.bind()
    catalogue.wait_calm()
    ceph.push_events(bucket, f"http://127.0.0.1:{port}/events?{urlencode({'token': TOKEN})}")

    with Freshness(catalogue) as freshness:
        traffic = Traffic(ceph, bucket, seed, freshness.expect)
        seconds = traffic.run(CHANGES)
        freshness.wait_seen(60)
    print(
        f"{traffic.changes} changes in {seconds:.1f} s, {traffic.changes / seconds:.0f}/s; "
        f"{len(freshness.ages)} seen: {quantiles(freshness.ages)}; lag of the binding {quantiles(freshness.lags)}"
    )
    check_equal(catalogue, ceph, bucket, traffic)

    catalogue.server.stop()
    configure(tmp_path / "bindery.toml", reconcile_interval=2, guard_count=CHANGES)
    catalogue.start()
    catalogue.wait_calm()
    ceph.stop_events(bucket)
    traffic.run(400)
    check_equal(catalogue, ceph, bucket, traffic)
    check_log(catalogue)


def check_equal(catalogue: Catalogue, ceph: Ceph, bucket: str, traffic: Traffic) -> None:
    catalogue.wait_equal(traffic.versions)
    held = held_by(ceph, bucket)
    shown = {key: (entry["ETag"].strip('"'), entry["Size"]) for key, entry in catalogue.entries().items()}
    assert shown == held, differences(shown, held)
