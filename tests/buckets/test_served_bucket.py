"""A whole server over a bucket of Ceph that was registered while it ran."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.servers.ceph import Ceph


@pytest.mark.server
def test_a_registered_bucket_is_indexed_and_followed_across_a_restart(
    ceph: Ceph, start_server: Callable[..., Any], tmp_path: Path
) -> None:
    name = ceph.create_bucket()
    ceph.client().put_object(
        Bucket=name,
        Key="sp ace/\u00fc+.txt",
        Body=b"hello",
        ContentType="text/plain",
        CacheControl="no-cache",
        Metadata={"colour": "red"},
        Tagging="owner=John",
    )
    ceph.client().put_object(Bucket=name, Key="/leading//odd/../key", Body=b"odd")
    store = ceph.store_url(name)
    config = tmp_path / "bindery.toml"
    config.write_text(
        f"[sync]\nreconcile_interval = 0.5\n[register]\nendpoints = [{ceph.endpoint!r}]\n".replace("'", '"')
    )
    server = start_server("--config", str(config), data=tmp_path / "data")
    server.make_dataset("project", "dataset")
    server.call("RegisterBucket", Bucket="media", Store=store)
    where = {"ProjectName": "project", "DatasetName": "dataset"}
    server.call("CreateBinding", URI="oss://media", **where)
    wait_files(server, where, 2)
    file = server.call("GetFileMeta", URI="oss://media/sp ace/\u00fc+.txt", **where)["Files"][0]
    assert file["ObjectStatus"] == "Indexed"
    assert file["CacheControl"] == "no-cache"
    assert file["OSSUserMeta"] == {"x-oss-meta-colour": "red"}
    assert (file["OSSTagging"], file["OSSTaggingCount"]) == ({"owner": "John"}, 1)
    assert file["ContentMd5"] == "XUFAKrxLKna5cZ2REBfFkg=="
    odd = server.call("GetFileMeta", URI="oss://media//leading//odd/../key", **where)["Files"][0]
    assert (odd["ObjectStatus"], odd["Size"]) == ("Indexed", 3)

    assert server.stop() == 0
    ceph.client().put_object(Bucket=name, Key="later", Body=b"later")
    server = start_server("--config", str(config), data=tmp_path / "data")
    wait_files(server, where, 3)
    logged = (tmp_path / "data" / "server.log").read_text()
    assert ceph.user.secret_key not in logged


def wait_files(server: Any, where: dict[str, str], count: int) -> None:
    deadline = time.monotonic() + 60
    while server.call("SimpleQuery", WithoutTotalHits=False, **where).get("TotalHits") != count:
        assert time.monotonic() < deadline, server.log.read_text()[-3_000:]
        time.sleep(0.1)
