"""Ordinary text files, more of them than the index has memory, end no query of anybody."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from pathlib import Path

from tests.conftest import RunningServer

FILES, SIZE = 24, 1_000_000
WORDS = ["".join(random.Random(seed).choices(string.ascii_lowercase, k=7)) for seed in range(4_000)]


def resident_megabytes(server: RunningServer) -> float:
    """Memory of the server's own process."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def test_texts_larger_than_any_memory(start_server: Callable[..., RunningServer], tmp_path: Path) -> None:
    bucket, other = tmp_path / "texts", tmp_path / "other"
    bucket.mkdir()
    other.mkdir()
    (other / "small.txt").write_text("a small one")
    for number in range(FILES):
        words = random.Random(number).choices(WORDS, k=SIZE // 8)
        (bucket / f"{number:02d}.txt").write_text(f"document{number:02d} {' '.join(words)}")
    server = start_server(bucket_root=tmp_path)
    server.make_dataset("p", "texts")
    server.call("CreateDataset", ProjectName="p", DatasetName="other")
    for name in ("texts", "other"):
        server.call("CreateBinding", ProjectName="p", DatasetName=name, URI=f"oss://{name}")
    for name, count in (("other", 1), ("texts", FILES)):
        place = {"ProjectName": "p", "DatasetName": name}
        server.wait("GetDataset", lambda body, n=count: body["Dataset"]["FileCount"] == n, **place)
    assert fuzzy(server, "other", "small one") == 1
    assert fuzzy(server, "texts", "document07") == 1
    assert fuzzy(server, "texts", "ocument0") == 10
    phrase = " ".join(random.Random(3).choices(WORDS, k=SIZE // 8)[10:14])
    assert fuzzy(server, "texts", phrase) == 1
    assert resident_megabytes(server) < 700


def fuzzy(server: RunningServer, dataset: str, text: str) -> int:
    """The total, once the index has come so far."""
    for _ in range(12):
        status, body = server.request(
            "FuzzyQuery", ProjectName="p", DatasetName=dataset, Query=text, WithFields=["URI"]
        )
        if status == 200:
            return int(body["TotalHits"])
        assert status == 503, body
    raise AssertionError(body)
