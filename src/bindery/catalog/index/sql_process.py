"""Answers one statement of somebody's SQL over a copy of a dataset's columns, in a process of its own.

``python -m bindery.catalog.index.sql_process``: a question as a line of JSON on standard input, which stays open for as
long as somebody waits; an answer as JSON on standard output. What a statement does to DuckDB it does to this process
alone: its memory, its time, its end.
"""

from __future__ import annotations

import math
import os
import resource
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from bindery.catalog.index.reading import IndexReader
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import CatalogUnusable
from bindery.parent_process import end_with_parent

_ADDRESS_SPACE = 4 * 1024**3
"""DuckDB bounds what it allocates for rows; this bounds all else."""
_NICENESS = 10
_HEADERS = 3 * 4_096
"""A file of DuckDB begins with its main header and two that take turns; each checkpoint writes one of these last."""
_TRIES = 3
_COPIED_AT_ONCE = 4 * 1024 * 1024
_ROOM = 256 * 1024 * 1024


class Question(msgspec.Struct):
    """``rows`` and ``size`` (bytes of JSON) bound the answer. ``columns``: the file of another process, which writes to
    it; empty: there are no entries."""

    columns: str
    copy: str
    statement: str
    seconds: float
    rows: int
    size: int


class Answer(msgspec.Struct, omit_defaults=True):
    """Rows, each as JSON; or why there are none."""

    names: list[str] = []
    types: list[str] = []
    rows: list[str] = []
    is_cut: bool = False
    """There are more rows than were asked for, or than there is room for."""
    refused: str = ""
    """What is wrong with the statement."""
    unavailable: str = ""
    """Why nothing can be answered now."""
    is_gone: bool = False
    """There is no such file any more."""


def main() -> None:
    """Read a question, answer it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    os.nice(_NICENESS)
    question = msgspec.json.decode(sys.stdin.buffer.readline(), type=Question)
    end_with_parent()
    try:
        answer = _answer(question)
    except QueryError as error:
        answer = Answer(refused=str(error))
    except FileNotFoundError:
        answer = Answer(is_gone=True)
    except (CatalogUnusable, OSError) as error:
        answer = Answer(unavailable=str(error))
    except MemoryError:
        answer = Answer(refused="The statement takes more memory than there is for it.")
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    sys.stdout.buffer.flush()
    os._exit(0)  # a thread of DuckDB may still be at work


def _answer(question: Question) -> Answer:
    bounds = Bounds(question.seconds)
    copied = Path(question.copy) if question.columns else None
    if copied is not None:
        copy_columns(Path(question.columns), copied, bounds)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing is written from here on
    with closing(IndexReader(copied)) as reader:
        found = reader.select(question.statement, bounds)
        answer, size = Answer(list(found.names), list(found.types)), 0
        for row in islice(found.rows, question.rows + 1):
            text = msgspec.json.encode([plain_value(value) for value in row]).decode()
            size += len(text)
            if len(answer.rows) == question.rows or size > question.size:
                answer.is_cut = True
                break
            answer.rows.append(text)
    return answer


def copy_columns(columns: Path, copy: Path, bounds: Bounds) -> None:
    """A file as one of its checkpoints left it, while another process writes to it.

    DuckDB never writes over what its newest checkpoint has; so a copy is whole when there was no other one meanwhile.
    Raises CatalogUnusable, QueryError when the time is over, OSError.
    """
    for _ in range(_TRIES):
        with columns.open("rb") as source, copy.open("wb") as target:
            size = os.fstat(source.fileno()).st_size
            _check_room(copy, size)
            headers = os.pread(source.fileno(), _HEADERS, 0)
            while block := source.read(_COPIED_AT_ONCE):
                bounds.check()
                target.write(block)
            if os.pread(source.fileno(), _HEADERS, 0) == headers:
                return
    raise CatalogUnusable("the index of the dataset is being written to all the time; ask again")


def _check_room(copy: Path, size: int) -> None:
    held = os.statvfs(copy.parent)
    if held.f_bavail * held.f_frsize < size + _ROOM:
        raise CatalogUnusable(
            f"the disk has no room for a copy of the index ({size:,} bytes), which SQL is asked of; make room"
        )


def plain_value(value: Any) -> Any:
    """A value of DuckDB as JSON has it: what it has no form for as text."""
    if isinstance(value, dict):
        return {str(name): plain_value(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(held) for held in value]
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return value if isinstance(value, int) and -(2**63) <= value < 2**64 else str(value)


if __name__ == "__main__":
    main()
