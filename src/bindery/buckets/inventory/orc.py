"""Rows of data files in ORC, batch by batch; DuckDB reads no ORC. Only the program that sorts imports this: it needs
pyarrow.

Sources: specification of Apache ORC, version 1; user guide of Amazon S3, "Inventory list".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import types
from pyarrow.dataset import OrcFileFormat
from pyarrow.fs import LocalFileSystem

from bindery.buckets.inventory.manifest import MOST_ROWS_PER_BYTE, Unreadable

_BATCH_ROWS = 2_048
_READ_AHEAD = 2
"""Batches."""
_ZONES = str(files("tzdata") / "zoneinfo")
_MICROSECONDS = pyarrow.timestamp("us")
_FORMS: dict[str, tuple[Callable[[Any], bool], Any, str]] = {
    "size": (types.is_integer, pyarrow.int64(), "a whole number"),
    "last_modified_date": (types.is_timestamp, _MICROSECONDS, "a timestamp"),
    "is_latest": (types.is_boolean, pyarrow.bool_(), "a boolean"),
    "is_delete_marker": (types.is_boolean, pyarrow.bool_(), "a boolean"),
}
"""Whether a column has the type that is needed, what it is read as, and what it is called."""
_TEXT: tuple[Callable[[Any], bool], Any, str] = (types.is_string, pyarrow.string(), "a string")


class Rows:
    """The named columns of files: texts, ``size`` in bytes, ``last_modified_date`` in UTC without a zone, and flags.

    A text that is not UTF-8 is null. A timestamp without a zone is taken for UTC, wherever its writer was.
    """

    def __init__(self, paths: Sequence[str], columns: Sequence[str]) -> None:
        self._paths = paths
        self._columns = [name for name in columns if name]
        self.error: Exception | None = None
        """What has ended ``reader``."""

    def reader(self) -> Any:
        """A ``pyarrow.RecordBatchReader`` of one pass, which holds a few batches in memory."""
        pyarrow.set_io_thread_count(1)
        pyarrow.set_cpu_count(1)
        os.environ["TZDIR"] = _ZONES  # a file names the zone of its writer
        schema = pyarrow.schema([(name, _FORMS.get(name, _TEXT)[1]) for name in self._columns])
        return pyarrow.RecordBatchReader.from_batches(schema, self._batches(schema))

    def _batches(self, schema: Any) -> Iterator[Any]:
        try:
            for path in self._paths:
                for batch in _batches_of(path, self._columns):
                    columns = [_column(batch.column(name), name) for name in self._columns]
                    yield pyarrow.RecordBatch.from_arrays(columns, schema=schema)
        except Exception as error:
            self.error = Unreadable("the zone of its writer is unknown") if _ZONES in str(error) else error
            raise


def _batches_of(path: str, columns: list[str]) -> Iterator[Any]:
    file = OrcFileFormat().make_fragment(path, filesystem=LocalFileSystem())
    _check(Path(path).name, file.physical_schema, columns)
    most, rows = Path(path).stat().st_size * MOST_ROWS_PER_BYTE, 0
    for batch in file.to_batches(
        columns=columns, batch_size=_BATCH_ROWS, batch_readahead=_READ_AHEAD, use_threads=False
    ):
        rows += batch.num_rows
        if rows > most:
            raise Unreadable(f"{Path(path).name} has far more rows than its size tells")
        yield batch


def _check(name: str, schema: Any, columns: list[str]) -> None:
    for column in columns:
        fits, _, wanted = _FORMS.get(column, _TEXT)
        found = schema.get_all_field_indices(column)
        if len(found) != 1:
            raise Unreadable(f"{name} has {len(found)} columns that are called {column}")
        if not fits(told := schema.field(found[0]).type):
            raise Unreadable(f"{column} of {name} is {str(told)[:64]}, not {wanted}")


def _column(values: Any, name: str) -> Any:
    if name not in _FORMS:
        return _texts(values)
    if name == "last_modified_date":
        instants = values.cast(pyarrow.timestamp("us", values.type.tz), safe=False)
        return instants.cast(pyarrow.int64()).cast(_MICROSECONDS)
    return values.cast(_FORMS[name][1])


def _texts(values: Any) -> Any:
    try:
        values.validate(full=True)
    except pyarrow.ArrowInvalid:
        return pyarrow.array(map(_text, values.cast(pyarrow.binary()).to_pylist()), pyarrow.string())
    return values


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
