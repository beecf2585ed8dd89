"""Which buckets workers on other machines can reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from bindery.buckets.registry import Buckets, parse_store
from bindery.buckets.store import StoreMisconfigured


def test_what_workers_elsewhere_cannot_read_is_refused_wherever_it_is_named(tmp_path: Path) -> None:
    shared, own, data = tmp_path / "shared", tmp_path / "own", tmp_path / "data"
    for folder in (shared / "media", own / "media", data):
        folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(own / "media")
    (shared / "out").symlink_to(own / "media")
    stores = {
        "shared": (str(shared / "media"), True),
        "shared-whole": (str(shared), True),
        "beside": (str(tmp_path / "shared-not"), False),
        "own": (str(own / "media"), False),
        "link": (str(tmp_path / "link"), False),
        "out": (str(shared / "out"), False),
        "memory": ("memory://name", False),
        "store": ("s3://name?endpoint=http://127.0.0.1:9&access_key_id=a&secret_access_key=b", True),
    }
    addresses = {name: parse_store(name, store) for name, (store, _) in stores.items()}
    buckets = Buckets(addresses, own, data, within=[str(shared)])
    for name, (_, reachable) in stores.items():
        for act in (
            buckets.check_reachable,
            buckets.open,
            lambda each: buckets.check_apart(addresses[each]),
        ):
            if reachable:
                act(name)
            else:
                with pytest.raises(StoreMisconfigured, match="Ray cluster cannot read"):
                    act(name)
    with pytest.raises(StoreMisconfigured, match=r"add it to ray\.folders"):
        buckets.register(parse_store("another", str(own)))
    with pytest.raises(StoreMisconfigured, match="Ray cluster cannot read"):
        buckets.open("media")  # a folder of the bucket root
    buckets.check_reachable("unknown")
    buckets.close()


def test_without_such_workers_every_folder_is_a_bucket(tmp_path: Path) -> None:
    buckets = Buckets({"own": parse_store("own", str(tmp_path))})
    buckets.check_reachable("own")
    assert buckets.open("own").capabilities
    buckets.close()
