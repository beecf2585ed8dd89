"""Processors and memory that this process may use, by made trees of control groups, and by real limits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.own_threads import replace_here

from bindery.available_memory import find_available_memory
from bindery.processors import count_processors

VERSION_2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
VERSION_1 = """\
30 23 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
31 30 0:28 {root} /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
32 30 0:29 {root} /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
33 30 0:30 / /sys/fs/cgroup/systemd ro - cgroup systemd rw,name=systemd"""
GIB = 1024**3
MACHINE = 64


Write = Callable[[dict[str, str]], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """A system of 64 processors, with these files in it."""
    replace_here(monkeypatch, os, "sched_getaffinity", lambda _: set(range(MACHINE)))
    replace_here(monkeypatch, os, "cpu_count", lambda: MACHINE)

    def make(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return make


def in_version_2(groups: dict[str, str], *, own: str = "0::/", table: str = VERSION_2) -> dict[str, str]:
    quotas = {f"sys/fs/cgroup/{name}/cpu.max": text for name, text in groups.items()}
    return quotas | {"proc/self/cgroup": f"{own}\n", "proc/self/mountinfo": f"{table}\n"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("max 100000\n", MACHINE),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("1000 100000\n", 1),
        ("50000 20000\n", 3),
        ("300000\n", 3),
        ("6400001 100000\n", MACHINE),
        ("", MACHINE),
        ("\n", MACHINE),
        ("garbage\n", MACHINE),
        ("200000 0\n", MACHINE),
        ("200000 garbage\n", 2),
        ("-1 100000\n", MACHINE),
        ("0 100000\n", MACHINE),
        ("9" * 5_000 + " 100000\n", MACHINE),
        ("\0\0\n", MACHINE),
    ],
)
def test_a_quota_of_version_2(write: Write, tmp_path: Path, text: str, count: int) -> None:
    write(in_version_2({".": text}))
    assert count_processors(tmp_path) == count


@pytest.mark.parametrize(
    ("outer", "inner", "count"), [("max 100000", "300000 100000", 3), ("2000 1000", "max", 2)]
)
def test_the_smallest_quota_of_all_above_counts(
    write: Write, tmp_path: Path, outer: str, inner: str, count: int
) -> None:
    groups = {
        "kubepods": outer,
        "kubepods/pod": "8000 1000",
        "kubepods/pod/one": inner,
        "other": "1000 1000",
    }
    write(in_version_2(groups, own="0::/kubepods/pod/one"))
    assert count_processors(tmp_path) == count


@pytest.mark.parametrize(
    ("own", "root", "count"),
    [
        ("/", "/", 4),  # a namespace and its own mount
        ("/inner", "/", 2),
        ("/", "/..", 4),  # a mount that was there before the namespace: what lies above it
        ("/inner", "/../..", 4),
        ("/docker/abc", "/docker/abc", 4),  # a container without a namespace of its own
        ("/docker/abc/inner", "/docker/abc", 2),
        ("/docker/abc", "/docker/other", MACHINE),  # somebody else's
        ("/", "/docker/other", MACHINE),
        ("/", "/../other", MACHINE),
        ("/../other", "/", MACHINE),  # this process is outside of the namespace
        ("/../../other", "/..", MACHINE),
        ("/../other/inner", "/../other", 2),
        ("/gone", "/", 4),
    ],
)
def test_parts_of_the_tree(write: Write, tmp_path: Path, own: str, root: str, count: int) -> None:
    table = VERSION_2.replace(" / /sys", f" {root} /sys")
    write(in_version_2({".": "4000 1000", "inner": "2000 1000"}, own=f"0::{own}", table=table))
    assert count_processors(tmp_path) == count


def test_names_with_signs_of_their_own(write: Write, tmp_path: Path) -> None:
    table = r"29 23 0:26 /a\040b /sys/fs/cgroup/a\040\134b rw - cgroup2 cgroup2 rw"
    write(in_version_2({r"a \b/c:d": "2000 1000"}, own="0::/a b/c:d", table=table))
    assert count_processors(tmp_path) == 2


@pytest.mark.parametrize(
    ("quota", "period", "count"),
    [
        ("250000", "100000", 3),
        ("-1", "100000", MACHINE),
        ("", "", MACHINE),
        ("200000", "", 2),
        ("x", "y", MACHINE),
    ],
)
@pytest.mark.parametrize(
    ("own", "root"), [("/", "/"), ("/docker/abc", "/docker/abc"), ("/docker/abc/in", "/docker/abc")]
)
def test_a_quota_of_version_1(
    write: Write, tmp_path: Path, quota: str, period: str, count: int, own: str, root: str
) -> None:
    folder = "sys/fs/cgroup/cpu,cpuacct"
    write({
        "proc/self/cgroup": f"4:memory:/elsewhere\n2:cpu,cpuacct:{own}\n1:name=systemd:/x\n0::/x\n",
        "proc/self/mountinfo": VERSION_1.format(root=root),
        f"{folder}/cpu.cfs_quota_us": quota,
        f"{folder}/cpu.cfs_period_us": period,
    })  # fmt: skip
    assert count_processors(tmp_path) == count


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/self/cgroup": "", "proc/self/mountinfo": ""},
        {"proc/self/cgroup": "0::/\n"},
        {"proc/self/mountinfo": VERSION_2},
        {
            "proc/self/cgroup": "garbage\n:::\n0:\n\n",
            "proc/self/mountinfo": "garbage\n1 2 - \n - cgroup2\n",
        },
        {"proc/self/cgroup/a-folder": "", "proc/self/mountinfo/a-folder": ""},
        {
            "proc/self/cgroup": "0::/\n",
            "proc/self/mountinfo": VERSION_2,
            "sys/fs/cgroup/cpu.max/a-folder": "",
        },
        {"proc/self/cgroup": "0::relative\n", "proc/self/mountinfo": f"x\n{VERSION_2}"},
        {"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": f"{VERSION_2[:-3]} / - cgroup2"},
    ],
)
def test_what_cannot_be_read_takes_nothing_away(
    write: Write, tmp_path: Path, files: dict[str, str]
) -> None:
    write(files)
    assert count_processors(tmp_path) == MACHINE
    assert find_available_memory(tmp_path) is None


def test_affinity_and_systems_without_it(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(in_version_2({".": "8000 1000"}))
    replace_here(monkeypatch, os, "sched_getaffinity", lambda _: {3, 7})
    assert count_processors(tmp_path) == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert count_processors(tmp_path) == 8
    assert count_processors(tmp_path / "none") == MACHINE
    replace_here(monkeypatch, os, "cpu_count", lambda: None)
    assert count_processors(tmp_path / "none") == 1


def memory_2(limit: str, used: int) -> dict[str, str]:
    folder = "sys/fs/cgroup/pod"
    return {
        **in_version_2({}, own="0::/pod"),
        "proc/meminfo": f"MemTotal: {64 * GIB // 1024} kB\nMemAvailable:   {32 * GIB // 1024} kB\n",
        f"{folder}/memory.max": limit,
        f"{folder}/memory.current": f"{used}\n",
        f"{folder}/memory.stat": f"anon 5\ninactive_file {GIB}\nactive_file 7\n",
    }


def test_memory_of_the_machine(write: Write, tmp_path: Path) -> None:
    write(memory_2("max\n", 3 * GIB))
    assert find_available_memory(tmp_path) == 32 * GIB


def test_a_limit_of_memory_of_version_2(write: Write, tmp_path: Path) -> None:
    write(memory_2(f"{4 * GIB}\n", 3 * GIB))
    assert find_available_memory(tmp_path) == 2 * GIB
    write({"sys/fs/cgroup/memory.max": f"{GIB}\n", "sys/fs/cgroup/memory.current": f"{2 * GIB}\n"})
    assert find_available_memory(tmp_path) == 0


@pytest.mark.parametrize(("limit", "left"), [(4 * GIB, 2 * GIB), (9_223_372_036_854_771_712, 32 * GIB)])
def test_a_limit_of_memory_of_version_1(write: Write, tmp_path: Path, limit: int, left: int) -> None:
    folder = "sys/fs/cgroup/memory"
    write({
        "proc/self/cgroup": "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n",
        "proc/self/mountinfo": VERSION_1.format(root="/docker/abc"),
        "proc/meminfo": f"MemAvailable: {32 * GIB // 1024} kB\n",
        f"{folder}/memory.limit_in_bytes": str(limit),
        f"{folder}/memory.usage_in_bytes": str(3 * GIB),
        f"{folder}/memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB}\n",
    })  # fmt: skip
    assert find_available_memory(tmp_path) == left


TELL = """
import sys
from pathlib import Path
from bindery.catalog.index.instance import Instance
from bindery.config import Config
with Instance(Path(sys.argv[1])).cursor() as cursor:
    (threads,) = cursor.execute("SELECT current_setting('threads')").fetchone()
print(Config().worker_count(), threads)
"""


def told(folder: Path, *before: str) -> list[int]:
    """Workers of a configuration that names none, and DuckDB's threads, in a process of its own."""
    command = [*before, sys.executable, "-c", TELL, str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    return [int(word) for word in told.split()]


def test_a_server_on_one_of_several_processors(tmp_path: Path) -> None:
    one = min(os.sched_getaffinity(0))
    assert told(tmp_path, "taskset", "--cpu-list", str(one)) == [1, 1]


@pytest.fixture
def group() -> Iterator[Path]:
    """A real control group that may use three quarters of a processor; only the superuser can make one."""
    for tree, files in (
        ("/sys/fs/cgroup", {"cpu.max": "75000 100000"}),
        ("/sys/fs/cgroup/cpu", {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "75000"}),
    ):
        folder = Path(tree, f"bindery-test-{os.getpid()}")
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            if all((folder / name).exists() for name in files):
                for name, text in files.items():
                    (folder / name).write_text(text)
                yield folder
                return
        finally:
            folder.rmdir()
    pytest.skip("no control group can be made here")


def test_a_server_in_a_real_control_group(tmp_path: Path, group: Path) -> None:
    join = f'echo $$ > "{group}/cgroup.procs" && exec "$@"'
    assert told(tmp_path, "sh", "-c", join, "sh") == [1, 1]
