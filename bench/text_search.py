"""FuzzyQuery over documents' texts: building, disk, memory and times, and what a million documents would take.

Budget: p95 1 s at 1,000,000 documents of 20 KB. Times grow at most with the number of documents, so that those of a
smaller number are scaled to a million; that is too much for questions that read documents, whose number is bounded.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bindery.catalog.records import Dataset, FileWrite, IndexUnavailable, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.file import File

GOAL_DOCUMENTS, P95_BUDGET_SECONDS = 1_000_000, 1.0
_BATCH = 200


def main() -> None:
    """Write, follow, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--bytes", type=int, default=20_000, help="of each document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        catalog = SqliteCatalog(Path(folder), account_id="10001")
        catalog.projects.create(Project(name="bench"))
        dataset = catalog.datasets.create(Dataset(project_id=0, project_name="bench", name="bench"))
        language = Language(random.Random(1))
        begin = time.perf_counter()
        for writes in _writes(language, options.documents, options.bytes):
            catalog.files.write(dataset.id, writes)
        _wait(catalog, dataset.id)
        seconds = time.perf_counter() - begin
        size = sum(path.stat().st_size for path in (Path(folder) / "index").glob("*.texts"))
        share = size / (options.documents * options.bytes)
        print(
            f"{options.documents:,} documents in {seconds:.0f} s; index of texts {share:.2f} of their size"
        )
        _ask(catalog, dataset.id, language, options.documents)
        catalog.close()
    print(f"memory: peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


class Language:
    """Words by Zipf's law, and ideographs by the same; pairs of words that belong together."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        weights = [1 / (place + 2) for place in range(len(letters))]
        self.words = [
            "".join(chance.choices(letters, weights, k=chance.randint(2, 10))) for _ in range(60_000)
        ]
        self._weights = [1 / (place + 3) for place in range(len(self.words))]
        self._cumulative = [sum(self._weights[:1])]
        for weight in self._weights[1:]:
            self._cumulative.append(self._cumulative[-1] + weight)
        self.ideographs = [chr(0x4E00 + place) for place in range(3_000)]

    def text(self, size: int) -> str:
        """A document of about so many bytes, a tenth of it Chinese."""
        words = self._chance.choices(self.words, cum_weights=self._cumulative, k=size // 7)
        chinese = self._chance.choices(self.ideographs, k=size // 30)
        return f"{' '.join(words)} {''.join(chinese)}"

    def question(self) -> str:
        """A word, a piece of one, two words together, or two ideographs; frequent and rare."""
        word = self._chance.choice(self.words[50:])
        return self._chance.choice(
            [
                word,
                word[1:5],
                f"{word} {self._chance.choice(self.words[:500])}",
                "".join(self._chance.choices(self.ideographs, k=2)),
            ]
        )


def _writes(language: Language, documents: int, size: int) -> Iterator[list[FileWrite]]:
    for start in range(0, documents, _BATCH):
        numbers = range(start, min(documents, start + _BATCH))
        yield [
            FileWrite(uri=f"oss://bench/{number:08d}.txt", file=File(), text=language.text(size))
            for number in numbers
        ]


def _wait(catalog: SqliteCatalog, dataset_id: int) -> None:
    while True:
        try:
            catalog.queries.search(dataset_id, None, limit=1)
        except IndexUnavailable:
            continue
        return


def _ask(catalog: SqliteCatalog, dataset_id: int, language: Language, documents: int) -> None:
    times = []
    for _ in range(100):
        question = language.question()
        begin = time.perf_counter()
        catalog.queries.fuzzy_search(dataset_id, question)
        times.append(time.perf_counter() - begin)
    times.sort()
    p50, p95 = statistics.median(times), times[94]
    scaled = p95 * GOAL_DOCUMENTS / documents
    print(
        f"100 questions: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, worst {times[-1] * 1000:.0f} ms"
    )
    print(
        f"p95 scaled to {GOAL_DOCUMENTS:,}: {scaled:.1f} s at most ({scaled / P95_BUDGET_SECONDS:.1f} of the budget)"
    )


if __name__ == "__main__":
    main()
