"""A real server whose data lies on a real small disk that is really full: it reads on, says so, and heals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.buckets.namespace import run_apart

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

PROGRAM = """
import http.client, json, subprocess, sys, time
from pathlib import Path
from tests.conftest import RunningServer

disk, buckets, log = (Path(name) for name in sys.argv[1:])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(disk)], check=True)
photos = buckets / "photos"
photos.mkdir()
for number in range(20):
    (photos / f"{number}.txt").write_text(f"text {number}")
config = log.with_name("bindery.toml")
config.write_text("[sync]\\nfolder_reconcile_interval = 1\\nsettle_time = 0.05\\n[extraction]\\nworkers = 1\\n")
server = RunningServer(disk / "data", buckets, "--config", str(config), log=log)
place = {"ProjectName": "p", "DatasetName": "d"}
bucket = {**place, "URI": "oss://photos"}
server.make_dataset("p", "d")
server.call("CreateBinding", **bucket)
query = {**place, "Query": {"Field": "Size", "Operation": "gt", "Value": "0"}, "WithoutTotalHits": False}


def found():
    return server.call("SimpleQuery", **query)["TotalHits"]


def wait(what, seconds=120):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, (server.call("GetBinding", **bucket), log.read_text())
        time.sleep(0.1)


def ready():
    connection = http.client.HTTPConnection(server.address, timeout=120)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


wait(lambda: found() == 20)
filler = (disk / "filler").open("wb", buffering=0)
try:
    while True:
        filler.write(bytes(4096))
except OSError:
    pass
for number in range(20, 40):
    (photos / f"{number}.txt").write_text(f"text {number}")
wait(lambda: server.call("GetBinding", **bucket)["Binding"]["State"] == "Retrying")
time.sleep(3)  # long enough for whatever is tried again and again
seen = {
    "binding": server.call("GetBinding", **bucket)["Binding"],
    "listed": server.call("ListBindings", **place)["Bindings"][0],
    "found": found(),
    "got": server.call("GetFileMeta", **place, URI="oss://photos/3.txt")["Files"][0]["URI"],
    "created": server.request("CreateProject", ProjectName="q"),
    "indexed": server.request("IndexFileMeta", **place, File={"URI": "oss://photos/25.txt"}),
    "ready": ready(),
}
lines = len(log.read_text().splitlines())
time.sleep(3)
seen["more lines"] = len(log.read_text().splitlines()) - lines
(disk / "filler").unlink()
filler.close()
wait(lambda: found() == 40)
wait(lambda: server.call("GetBinding", **bucket)["Binding"]["State"] == "Running")
seen["after"] = [server.call("GetBinding", **bucket)["Binding"].get("Reason"), ready()]
server.call("CreateProject", ProjectName="q")
seen["exit"] = server.stop()
seen["log"] = log.read_text()
print(json.dumps(seen))
"""


def test_a_full_disk_stops_writing_and_nothing_else(tmp_path: Path) -> None:
    disk, buckets = tmp_path / "disk", tmp_path / "buckets"
    disk.mkdir()
    buckets.mkdir()
    seen = json.loads(run_apart(PROGRAM, disk, buckets, tmp_path / "server.log"))
    for binding in (seen["binding"], seen["listed"]):
        assert binding["State"] == "Retrying"
        assert "make room" in binding["Reason"] or "has room" in binding["Reason"]
    assert seen["found"] == 20
    assert seen["got"] == "oss://photos/3.txt"
    for status, body in (seen["created"], seen["indexed"]):
        assert (status, body["Code"]) == (503, "ServiceUnavailable"), body
        assert "room" in body["Message"]
    status, text = seen["ready"]
    assert status == 503
    assert "room" in text
    assert seen["more lines"] <= 3
    assert seen["after"][0] is None
    assert seen["after"][1][0] == 200, seen["after"]
    assert seen["exit"] == 0
    assert "Traceback" not in seen["log"]
    assert '"exception"' not in seen["log"], seen["log"]
