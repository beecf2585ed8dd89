"""Commits, updates and deletes without end, and says after each step that it is done. Made to be killed."""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path

from bindery.catalog.records import FileWrite, LedgerEntry, Outcome, Progress, ScanCommit
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.file import File


def main(data: Path, seed: int) -> None:
    """Each step writes twenty files with its mark and removes a few others, in one commit."""
    catalog = SqliteCatalog(data, account_id="10001")
    binding = catalog.bindings.get("place", "place", "bucket")
    chance = random.Random(seed)
    print("ready", flush=True)
    for step in itertools.count():
        numbers = chance.sample(range(300), 25)
        files, ledger = [], []
        for number in numbers[:20]:
            size = chance.randrange(1, 1000)
            file = File(size=size, title=f"{seed}:{step}")
            files.append(FileWrite(uri=f"oss://bucket/k{number}", file=file, binding_id=binding.id))
            ledger.append(
                LedgerEntry(key=f"k{number}", etag="", size=size, modified_ns=step, outcome=Outcome.INDEXED)
            )
        work = ScanCommit(
            binding_id=binding.id,
            files=tuple(files),
            ledger=tuple(ledger),
            deleted_keys=tuple(f"k{number}" for number in numbers[20:]),
            progress=Progress(listed=step),
        )
        catalog.bindings.commit(work)
        print(step, flush=True)
        if step % 3 == 0:
            catalog.queries.search(binding.dataset_id, None, limit=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
