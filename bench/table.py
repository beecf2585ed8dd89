"""All benchmarks of the budgets, one after the other, as one Markdown table: what was measured, beside a peer or a
limit of the same run, with its ratio and its goal.

    python bench/table.py                         # made files; half an hour on two cores
    python bench/table.py --photos ~/Pictures     # cameras' own photos as well: scan and disk
    python bench/table.py --small                 # a tenth of the files, to see that all of them run
    python bench/table.py --only scan,query       # some of them
    python bench/table.py --write docs/performance.md   # the table of that page anew

Progress goes to standard error, so that standard output is the table alone. A benchmark that fails is a line of the
table's end, and the status is 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from figures import KEPT_IN, Figure, read, shown

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Run:
    """One benchmark with its sizes: the whole one, and a small one that only shows that it runs."""

    script: str
    whole: tuple[str, ...] = ()
    small: tuple[str, ...] = ()

    @property
    def needs_photos(self) -> bool:
        """Whether it is left out where nobody has photos."""
        return "PHOTOS" in self.whole


RUNS = (
    Run("scan", ("--files", "10000"), ("--files", "500")),
    Run("scan", ("--files", "10000", "--folder", "PHOTOS"), ("--files", "500", "--folder", "PHOTOS")),
    Run("rescan", ("--objects", "1000000"), ("--objects", "50000")),
    Run("inventory", ("--objects", "1000000"), ("--objects", "20000")),
    Run("rescan_folder", ("--files", "100000"), ("--files", "5000")),
    Run("listing", ("--files", "100000", "--objects", "20000"), ("--files", "5000", "--objects", "2000")),
    Run("freshness", ("--files", "60"), ("--files", "10", "--burst", "100")),
    Run("freshness", ("--beside", "200"), ("--beside", "20")),
    Run("get_binding", ("--requests", "10000"), ("--requests", "800")),
    Run("get_binding_beside", ("--seconds", "5"), ("--seconds", "0.5")),
    Run("beside_moto", ("--requests", "2000"), ("--requests", "200")),
    Run("catalog_writes", ("--files", "300000"), ("--files", "10000")),
    Run("catalog_start", ("--files", "1000000"), ("--files", "10000")),
    Run("takeover", ("--times", "20"), ("--times", "1")),
    Run("pool_on_ray", ("--files", "2000"), ("--files", "200")),
    Run("index_build", ("--files", "200000"), ("--files", "21000")),
    Run("query", ("--files", "1000000"), ("--files", "20000", "--repeat", "3")),
    Run("tasks", ("1000000",), ("20000",)),
    Run("disk", ("PHOTOS", "--files", "100000"), ("PHOTOS", "--files", "3000")),
)  # fmt: skip


def main() -> int:
    """Run, and print or write the table; 1 when a benchmark failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, help="a folder of cameras' own photos")
    parser.add_argument("--small", action="store_true", help="a tenth of the files or fewer")
    parser.add_argument("--only", help="names of benchmarks, with commas between them")
    parser.add_argument("--write", type=Path, help="the page whose table is replaced")
    given = parser.parse_args()
    only = set(given.only.split(",")) if given.only else {run.script for run in RUNS}
    if unknown := only - {run.script for run in RUNS}:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    chosen = [run for run in RUNS if run.script in only and (given.photos or not run.needs_photos)]
    left_out = [run.script for run in RUNS if run.script in only and run not in chosen]
    figures: list[Figure] = []
    failed: list[str] = []
    for number, run in enumerate(chosen, 1):
        print(f"[{number}/{len(chosen)}] {run.script}", file=sys.stderr, flush=True)
        found, succeeded = _measure(run, given.photos, small=given.small)
        figures += found
        failed += [] if succeeded else [run.script]
    page = "\n".join(_lines(figures, failed, left_out))
    if given.write:
        _write(given.write, page)
    else:
        print(page)
    return 1 if failed else 0


def _measure(run: Run, photos: Path | None, *, small: bool) -> tuple[list[Figure], bool]:
    options = [
        str(photos) if option == "PHOTOS" else option for option in (run.small if small else run.whole)
    ]
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "figures"
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, str(HERE / f"{run.script}.py"), *options],
            env=os.environ | {KEPT_IN: str(kept)},
            stdout=sys.stderr,
            check=False,
        )
        print(f"    {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        return read(kept), done.returncode == 0


def _lines(figures: list[Figure], failed: list[str], left_out: list[str]) -> Iterator[str]:
    yield f"{_machine()}, {datetime.now(UTC):%Y-%m-%d}."
    yield ""
    yield "| what | measured | beside | ratio | goal | met |"
    yield "|---|---|---|---|---|---|"
    for figure in figures:
        met = {True: "yes", False: "**no**", None: ""}[figure.is_met]
        yield (
            f"| {figure.what} | {figure.measured} | {figure.against} | {shown(figure.ratio)} | {figure.goal} | {met} |"
        )
    if left_out:
        yield ""
        yield f"Left out, for they need `--photos`: {', '.join(left_out)}."
    if failed:
        yield ""
        yield f"Failed: {', '.join(failed)}."


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _write(page: Path, table: str) -> None:
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{page} has no place for the table: {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
