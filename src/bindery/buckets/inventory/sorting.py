"""The files of an inventory as one file in key order: a program of its own, for the files are others' and may be large.

Its standard input is a ``Job``, and is held open for as long as somebody wants the work; its standard output a
``Sorted``.
"""

from __future__ import annotations

import gzip
import os
import re
import resource
import sys
import zlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import msgspec

from bindery.buckets.inventory.manifest import (
    LONGEST_KEY,
    MOST_ROWS_PER_BYTE,
    ORC_MISSING,
    FileFormat,
    Unreadable,
)
from bindery.niceness import be_nice
from bindery.parent_process import end_with_parent
from bindery.sql_text import literal

if TYPE_CHECKING:
    from bindery.buckets.inventory import orc

_MEMORY = "512MB"
_THREADS = 2
_STEPS = 10
"""Of ``nice``: it is in no hurry, and others have sent what it works on."""
_LONGEST_ROW = 1 << 20
"""Bytes. A key takes up to 3,072, percent-encoded; the list of who may read an object takes the most."""
_LF = r", new_line='\n'"
_MOST_WITHOUT_ROWS = 100
"""Files that are looked into for the first row."""
_ROWS_TOGETHER = 30_720
"""What a look at one place of the sorted file reads."""
_TIMES = "['%Y-%m-%dT%H:%M:%S.%gZ', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H-%M-%SZ']"
"""S3 writes ``2026-01-31T01:02:03.000Z``, OSS ``2026-01-31T01-02-03Z``."""
_ORC = "rows_in_orc"
_ORC_ADDRESS_SPACE = 3 * 2**30
"""Bytes; what reads ORC bounds nothing by itself."""
_TEXTS = ("storage_class", "object_type")
_FORMS = {
    "last_modified_date": (re.compile("TIMESTAMP"), "a timestamp"),
    "size": (re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$"), "a whole number"),
}
"""Types that columns of Parquet have to have, and what they are called."""
_TEXT = (re.compile("VARCHAR$"), "a string")
_FLAG = (re.compile("(BOOLEAN|VARCHAR)$"), "a boolean")
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_ADVICE = re.compile(r"^Possible (?:fixes|Solution):", re.MULTILINE)
_FILE = re.compile(r"^  file = (.*)$", re.MULTILINE)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sorted."""

    files: tuple[str, ...]
    """Paths."""
    file_format: FileFormat
    columns: tuple[str, ...]
    """See ``Manifest.columns``."""
    source_bucket: str
    root: str
    """Only keys that begin so are taken, without it."""
    target: str
    """Path of the sorted file."""
    folder: str
    """Where all of it lies; nothing else is read or written."""
    most_bytes: int
    """What the work may take of the disk for itself."""


class Sorted(msgspec.Struct, frozen=True, kw_only=True):
    """What the sorted file holds."""

    rows: int = 0
    """Present versions of objects."""
    odd: int = 0
    """Rows without a key that an object could have; they are left out."""
    refusal: str = ""
    """Why there is no sorted file."""


def sort(job: Job) -> Sorted:
    """Write ``job.target``: key, size, etag, modified (microseconds since 1970), storage_class and object_type,
    ascending by key; of a key that comes twice, the newest first."""
    if not job.files:
        return Sorted()
    try:
        rows_in_orc = _rows_in_orc(job)
    except ImportError:
        return Sorted(refusal=ORC_MISSING)
    connection = duckdb.connect(":memory:", config=_settings(job))
    try:
        connection.execute(f"SET allowed_directories = [{literal(job.folder)}]")
        connection.execute("SET enable_external_access = false")  # but for what is allowed
        if rows_in_orc is not None:
            connection.register(_ORC, rows_in_orc.reader())
        if job.file_format is FileFormat.PARQUET:
            _check_columns(connection, job)
            _check_rows(connection, job)
        connection.execute(_sorting(job), {"root": job.root, "bucket": job.source_bucket})
        found = connection.execute(
            f"SELECT count(key), count(*) - count(key), count(*) FILTER (elsewhere) FROM {_file(job.target)}"  # noqa: S608
        ).fetchone()
    except (duckdb.Error, Unreadable) as error:
        cause = rows_in_orc.error if rows_in_orc is not None else None
        return Sorted(refusal=_told(cause or error, job))
    finally:
        connection.close()
    rows, odd, elsewhere = found or (0, 0, 0)
    if elsewhere:
        return Sorted(refusal=f"{elsewhere} rows are of another bucket than {job.source_bucket}")
    return Sorted(rows=rows, odd=odd)


def _rows_in_orc(job: Job) -> orc.Rows | None:
    """None for another format. Raises ImportError without pyarrow, or with one that reads no ORC."""
    if job.file_format is not FileFormat.ORC:
        return None
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # the others reserve a gigabyte of address space
    rows: orc.Rows = import_module("bindery.buckets.inventory.orc").Rows(job.files, job.columns)
    return rows


def _settings(job: Job) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": _MEMORY,
        "threads": _THREADS,
        "temp_directory": f"{job.folder}/spill",
        "max_temp_directory_size": f"{max(job.most_bytes >> 20, 1)}MiB",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
    }


def _sorting(job: Job) -> str:
    """The statement that reads, decodes, chooses and sorts. Nothing that the files or their manifest say stands in it
    but what ``Manifest`` has checked."""
    key = _column(job, "key")
    if job.file_format is FileFormat.CSV:  # a plus sign itself is written %2B by both vendors
        key = f"TRY(url_decode(replace({key}, '+', ' ')))"
    key = f"CASE WHEN octet_length(encode({key})) BETWEEN 1 AND {LONGEST_KEY} THEN {key} END"
    modified = _column(job, "last_modified_date")
    if job.file_format is FileFormat.CSV:
        modified = f"try_strptime({modified}, {_TIMES})"
    texts = ", ".join(f"{_column(job, name)} AS {name}" for name in _TEXTS)
    return f"""
        COPY (
            WITH present AS (
                SELECT {key} AS key, TRY_CAST({_column(job, "size")} AS BIGINT) AS size,
                    trim({_column(job, "e_tag")}, '"') AS etag, epoch_us({modified}) AS modified, {texts},
                    {_column(job, "bucket")} IS DISTINCT FROM $bucket AS elsewhere
                FROM {_source(job)}
                WHERE lower({_column(job, "is_latest")}::VARCHAR) IS DISTINCT FROM 'false'
                    AND lower({_column(job, "is_delete_marker")}::VARCHAR) IS DISTINCT FROM 'true'
            )
            SELECT * REPLACE (substr(key, length($root) + 1) AS key) FROM present
            WHERE key IS NULL OR (starts_with(key, $root) AND NOT ends_with(key, '/'))
            ORDER BY key, modified DESC
        ) TO {literal(job.target)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_TOGETHER})
    """  # noqa: S608


def _column(job: Job, name: str) -> str:
    if name not in job.columns:
        return "NULL"
    return f"c{job.columns.index(name)}" if job.file_format is FileFormat.CSV else name


def _source(job: Job) -> str:
    if job.file_format is FileFormat.ORC:
        return _ORC
    files = f"[{', '.join(map(literal, job.files))}]"
    if job.file_format is FileFormat.PARQUET:
        return f"read_parquet({files})"  # each has to have all columns of the first, in any order
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(job.columns)))
    return (
        f"read_csv({files}, header=false, auto_detect=false, columns={{{columns}}}, delim=',', quote='\"', "
        f"escape='\"', compression='gzip', max_line_size={_LONGEST_ROW}, strict_mode=true{_line_end(job)})"
    )


def _line_end(job: Job) -> str:
    """The option for that of the first row, for one writer has written all files. Of CRLF DuckDB is told nothing: told
    of it, DuckDB 2.0 finds no end of the last row."""
    for path in job.files[:_MOST_WITHOUT_ROWS]:
        try:
            with gzip.open(path) as file:
                first = file.readline(_LONGEST_ROW)
        except (OSError, EOFError, zlib.error):  # which the reading itself tells better
            break
        if first:
            return "" if first.endswith(b"\r\n") else _LF
    return _LF


def _file(path: str) -> str:
    return f"read_parquet({literal(path)})"


def _check_columns(connection: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Of the first file in Parquet, to which the others are compared. Raises Unreadable."""
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(job.files[0])})")  # noqa: S608
    found: dict[str, str] = {name.lower(): kind for name, kind, *_ in described.fetchall()}
    file = Path(job.files[0]).name
    for name in filter(None, job.columns):
        if name not in found:
            raise Unreadable(f"{file} has no column that is called {name}")
        fits, wanted = _FORMS.get(name, _FLAG if name.startswith("is_") else _TEXT)
        if not fits.match(found[name]):
            raise Unreadable(f"{name} of {file} is {found[name][:64]}, not {wanted}")


def _check_rows(connection: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Raises Unreadable for a file in Parquet that takes far longer to read than its size tells."""
    groups = connection.execute(
        "SELECT file_name, sum(row_group_num_rows), min(row_group_num_rows) FROM parquet_metadata($files) "
        "WHERE column_id = 0 GROUP BY file_name",
        {"files": list(job.files)},
    )
    for path, rows, fewest in groups.fetchall():
        if fewest < 0 or rows > Path(path).stat().st_size * MOST_ROWS_PER_BYTE:
            raise Unreadable(f"{Path(path).name} has far more rows than its size tells")


def _told(error: Exception, job: Job) -> str:
    """What is wrong with the files, without where they lie on this machine."""
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError)):
        return "the files hold far more than their sizes tell, or the disk is full"
    text = _cause(str(error)).replace(f"{job.folder}/", "")
    return f"the files cannot be read by their manifest: {text}"


def _cause(text: str) -> str:
    """The line of DuckDB's explanation that says it, with the file and its line where it is about a CSV."""
    line, file = _LINE.search(text), _FILE.search(text)
    if line is None or file is None:
        return text.partition("\n")[0]
    lines = _ADVICE.split(text, 1)[0].split("\n")
    problem = next((each for each in reversed(lines) if each.strip()), "")
    return f"line {line[1]} of {file[1]}: {problem}"


def main() -> None:
    """Read a job, do it, and tell what came of it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    if job.file_format is FileFormat.ORC and sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_ORC_ADDRESS_SPACE, _ORC_ADDRESS_SPACE))
    end_with_parent()
    be_nice(_STEPS)
    sys.stdout.buffer.write(msgspec.json.encode(sort(job)))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
