"""Which buckets a server can reach."""

from __future__ import annotations

from pathlib import Path

from bindery.buckets.registry import Buckets, parse_store
from bindery.sync.reach import reached


def test_a_folder_that_cannot_be_looked_at_is_not_reached(tmp_path: Path) -> None:
    """As one below a folder that is closed to the user: the kernel refuses to say whether it is there."""
    odd = tmp_path / ("x" * 300)
    stores = {
        "odd": f"{odd}",
        "gone": f"{tmp_path}/gone",
        "seen": f"{tmp_path}",
        "far": "s3://name?anonymous=true",
    }
    buckets = Buckets({name: parse_store(name, store) for name, store in stores.items()}, odd)
    assert reached(buckets, [*stores, "unknown"]) == {"seen", "far"}
    assert buckets.names() == sorted(stores)
