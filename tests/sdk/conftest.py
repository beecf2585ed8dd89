"""What the tests of every SDK share: a bucket with a few objects, bound and scanned."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from conftest import RunningServer

GIF = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)


class Bound(NamedTuple):
    """A dataset that follows a bucket of three objects: ``a.gif``, ``b.gif`` and ``文/c.txt``."""

    project: str
    dataset: str
    uri: str


@pytest.fixture(scope="module")
def bound(server: RunningServer, new_name: Callable[[str], str]) -> Bound:
    """Made with plain requests, so that a broken SDK fails in its own test."""
    made = Bound(new_name("sdk"), "dataset", "oss://" + new_name("sdk-bucket"))
    folder = server.bucket_root / made.uri.removeprefix("oss://")
    (folder / "文").mkdir(parents=True)
    (folder / "a.gif").write_bytes(GIF)
    (folder / "b.gif").write_bytes(GIF)
    (folder / "文" / "c.txt").write_bytes("文件\n".encode())
    server.make_dataset(made.project, made.dataset)
    names = {"ProjectName": made.project, "DatasetName": made.dataset, "URI": made.uri}
    server.call("CreateBinding", **names)
    server.wait("GetBinding", lambda body: body["Binding"]["Phase"] == "IncrementalScanning", **names)
    return made
