"""Pages of tasks that pass a filter, at about the same cost however many tasks there are.

Where any part of the filter names few tasks, all of them are taken and sorted: that is found out by counting up to
``_FEW`` in the index of that part. Else tasks are looked through in the order asked for, in an index that holds what
the filter asks for, and no more than ``_MOST_LOOKED_THROUGH`` for a page; the next page goes on behind them.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, NamedTuple

import msgspec

from bindery.catalog.query.values import INT64_MAX
from bindery.catalog.record.database import Database
from bindery.catalog.record.statements import Statement, list_parameter, load_statements
from bindery.catalog.records import Task, TaskFilter, TaskOrder, TaskPage, TaskPosition

_SQL = load_statements("tasks")
_FEW = 2_000
_MOST_LOOKED_THROUGH = 20_000
_MOST_TYPES = 8
"""That are looked for one by one."""
_decoder = msgspec.json.Decoder(Task)


class _Source(NamedTuple):
    """An index, and the condition whose tasks stand together in it."""

    name: str
    condition: str
    order: str = "start_time, id"
    most: int = 1
    """Share of ``_MOST_LOOKED_THROUGH`` that is looked through, as its divisor."""


_SOURCES = {
    "of_status": _Source("task_of_status", "of_status"),
    "of_type": _Source("task_of_type", "of_type"),
    "of_start": _Source("task_start", "of_start"),
    "of_end": _Source("task_end", "of_end", "end_time, id"),
}
_WHOLE = {
    TaskOrder.ID: _Source("task_id", "", "id"),
    TaskOrder.START: _Source("task_start", ""),
    TaskOrder.END: _Source("task_end", "", "end_time, id"),
}
_OF_TYPE = {
    # the primary key, whose rows themselves have to be read for a filter
    TaskOrder.ID: _Source("sqlite_autoindex_task_1", "of_type", "id", 4),
    TaskOrder.START: _SOURCES["of_type"],
}
"""Where the tasks of one type stand in an order."""
_BEHIND = {TaskOrder.ID: "behind_id", TaskOrder.START: "behind_start", TaskOrder.END: "behind_end"}


class _Wanted(NamedTuple):
    """What is asked for: names of conditions, and their values."""

    conditions: tuple[str, ...]
    values: dict[str, Any]
    order: TaskOrder
    descending: bool
    after: TaskPosition | None
    limit: int

    def columns(self, columns: str) -> str:
        """An order as SQL has it, in its direction."""
        return ", ".join(f"{column} DESC" for column in columns.split(", ")) if self.descending else columns

    def behind(self) -> list[Statement]:
        """What stands behind the position."""
        if self.after is None:
            return []
        behind: Statement = getattr(_SQL, _BEHIND[self.order])
        return [behind.changed(lambda text: text.replace(">", "<"))] if self.descending else [behind]

    def near(self) -> list[Statement]:
        """What the index in the order asked for can begin and end with."""
        bounds = {TaskOrder.START: "of_start", TaskOrder.END: "of_end"}.get(self.order)
        return self.behind() + ([getattr(_SQL, bounds)] if bounds in self.conditions else [])

    def position(self, key: tuple[str, int, int]) -> TaskPosition:
        """Of an id and its times in the order asked for."""
        task_id, start_time, end_time = key
        return {TaskOrder.ID: 0, TaskOrder.START: start_time, TaskOrder.END: end_time}[self.order], task_id


class TaskLists:
    """Reads ``task`` and ``task_tag``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        values: dict[str, Any],
        chosen: TaskFilter,
        order: TaskOrder,
        *,
        descending: bool,
        after: TaskPosition | None,
        limit: int,
    ) -> TaskPage:
        """``values``: of the project, and since when tasks are kept."""
        chosen = msgspec.structs.replace(chosen, types=tuple(dict.fromkeys(chosen.types)))
        conditions = tuple(_conditions(chosen))
        instant, task_id = after or (0, "")
        position = {"instant": instant, "id": task_id, "limit": limit + 1}
        values = {**values, **_values(chosen), **position}
        if after is not None:
            _tighten(values, order, instant, descending=descending)
        wanted = _Wanted(conditions, values, order, descending, after, limit)
        keys = self._few(wanted)
        end = None
        if keys is None:
            keys, end = self._look_through(wanted)
        shown = keys[:limit]
        if len(keys) > limit:
            end = wanted.position(shown[-1][1:])
        return TaskPage(self._tasks(wanted, shown), end)

    def _few(self, wanted: _Wanted) -> list[tuple[str, str, int, int]] | None:
        """Keys of a page, when some part of the filter names few tasks."""
        if "of_tag" in wanted.conditions and self._is_few(_SQL.count_tagged, wanted.values):
            return self._sorted(_filled(_SQL.list_tagged_keys, wanted), wanted.values)
        types: list[str] = wanted.values["types_list"]
        if len(types) > 1:
            return self._few_of_types(wanted, types) if len(types) <= _MOST_TYPES else None
        for condition in wanted.conditions:
            source = _SOURCES.get(condition)
            if source is not None and self._is_few(_near(_SQL.count_near, source), wanted.values):
                return self._sorted(
                    _near(_filled(_SQL.list_keys, wanted, rest=condition), source), wanted.values
                )
        return None

    def _few_of_types(self, wanted: _Wanted, types: list[str]) -> list[tuple[str, str, int, int]] | None:
        source = _SOURCES["of_type"]
        each = [{**wanted.values, "type": name} for name in types]
        if not all(self._is_few(_near(_SQL.count_near, source), values) for values in each):
            return None
        statement = _near(_filled(_SQL.list_keys, wanted, rest="of_types"), source)
        keys = [key for values in each for key in self._sorted(statement, values)]
        keys.sort(key=lambda key: wanted.position(key[1:]), reverse=wanted.descending)
        return keys[: wanted.limit + 1]

    def _is_few(self, statement: Statement, values: dict[str, Any]) -> bool:
        (count,) = self._database.reader.execute(statement, {**values, "most": _FEW}).fetchone()
        return int(count) < _FEW

    def _sorted(self, statement: Statement, values: dict[str, Any]) -> list[tuple[str, str, int, int]]:
        # some may have come since they were counted
        return self._database.reader.execute(statement, {**values, "most": 2 * _FEW}).fetchall()

    def _look_through(self, wanted: _Wanted) -> tuple[list[tuple[str, str, int, int]], TaskPosition | None]:
        """Keys of a page, and where it ended when too many had to be looked through for it."""
        types: list[str] = wanted.values["types_list"]
        if not 0 < len(types) <= _MOST_TYPES or wanted.order not in _OF_TYPE:
            source = _WHOLE[wanted.order]
            if wanted.order is TaskOrder.START and "of_status" in wanted.conditions:
                source = _SOURCES["of_status"]
            return self._near_of(wanted, source, wanted.values, wanted.conditions)
        source = _OF_TYPE[wanted.order]
        conditions = tuple(name for name in wanted.conditions if name != "of_types")
        parts = [
            self._near_of(wanted, source, {**wanted.values, "type": name}, conditions, len(types))
            for name in types
        ]
        return _merged(wanted, parts)

    def _near_of(
        self,
        wanted: _Wanted,
        source: _Source,
        values: dict[str, Any],
        conditions: tuple[str, ...],
        parts: int = 1,
    ) -> tuple[list[tuple[str, str, int, int]], TaskPosition | None]:
        near = wanted.near()
        passing = _all([getattr(_SQL, name) for name in (*conditions, "is_kept")])
        statement = _laid_in(_near(_SQL.list_keys, source, wanted, near), conditions=passing, order="")
        values = {**values, "most": max(1, _MOST_LOOKED_THROUGH // source.most // parts)}
        keys = self._database.reader.execute(statement, values).fetchall()
        if len(keys) > wanted.limit:
            return keys, None
        last = self._database.reader.execute(_near(_SQL.list_end, source, wanted, near), values).fetchone()
        return keys, None if last is None else wanted.position(last)

    def _tasks(self, wanted: _Wanted, keys: list[tuple[str, str, int, int]]) -> list[Task]:
        if not keys:
            return []
        values = {**wanted.values, **list_parameter("ids", [key[1] for key in keys])}
        rows = self._database.reader.execute(_SQL.select_bodies, values).fetchall()
        found = {(task.type, task.id): task for task in (_decoder.decode(row[0]) for row in rows)}
        return [found[key[:2]] for key in keys if key[:2] in found]


def _merged(
    wanted: _Wanted, parts: list[tuple[list[tuple[str, str, int, int]], TaskPosition | None]]
) -> tuple[list[tuple[str, str, int, int]], TaskPosition | None]:
    """Of several types: up to where the first of them has paused."""
    pauses = [pause for _, pause in parts if pause is not None]
    end = None
    if pauses:
        end = max(pauses) if wanted.descending else min(pauses)
    keys = [
        key
        for some, _ in parts
        for key in some
        if end is None
        or wanted.position(key[1:]) == end
        or (wanted.position(key[1:]) > end) is wanted.descending
    ]
    keys.sort(key=lambda key: wanted.position(key[1:]), reverse=wanted.descending)
    return keys[: wanted.limit + 1], end


def _conditions(chosen: TaskFilter) -> list[str]:
    """Those that are given, what mostly names fewest first."""
    given = {
        "of_tag": chosen.tag is not None,
        "of_status": bool(chosen.status),
        "of_type": len(chosen.types) == 1,
        "of_types": len(chosen.types) > 1,
        "of_start": chosen.started is not None,
        "of_end": chosen.ended is not None,
    }
    return [name for name, is_given in given.items() if is_given]


def _values(chosen: TaskFilter) -> dict[str, Any]:
    started_first, started_last = _bounds(chosen.started, least=-INT64_MAX)
    ended_first, ended_last = _bounds(chosen.ended, least=1)  # what runs has no end, and counts as 0
    return {
        **list_parameter("types", chosen.types),
        "type": chosen.types[0] if chosen.types else "",
        "status": chosen.status,
        "tag": b"" if chosen.tag is None else tag_digest(*chosen.tag),
        "started_first": started_first,
        "started_last": started_last,
        "ended_first": ended_first,
        "ended_last": ended_last,
    }


def _bounds(span: tuple[float, float] | None, *, least: int) -> tuple[int, int]:
    """The nearest instants of those that a database holds as an integer."""
    first, last = span or (-math.inf, math.inf)
    return (
        math.ceil(first) if least < first < INT64_MAX else least if first <= least else INT64_MAX,
        math.floor(last) if -INT64_MAX < last < INT64_MAX else INT64_MAX if last > 0 else -INT64_MAX,
    )


def _tighten(values: dict[str, Any], order: TaskOrder, instant: int, *, descending: bool) -> None:
    """Let a range begin where the page does: SQLite looks for one bound of each end, and may take the range's."""
    name = {TaskOrder.START: "started", TaskOrder.END: "ended"}.get(order)
    if name and descending:
        values[f"{name}_last"] = min(values[f"{name}_last"], instant)
    elif name:
        values[f"{name}_first"] = max(values[f"{name}_first"], instant)


def tag_digest(key: str, value: str) -> bytes:
    """As tasks are found by a tag, which may be longer than an index takes."""
    return hashlib.blake2b(msgspec.json.encode([key, value]), digest_size=16).digest()


def _filled(statement: Statement, wanted: _Wanted, rest: str = "of_tag") -> Statement:
    """With all conditions but the one by which the tasks were found, sorted."""
    names = [name for name in (*wanted.conditions, "is_kept") if name != rest]
    conditions = [getattr(_SQL, name) for name in names] + wanted.behind()
    columns = wanted.columns(_WHOLE[wanted.order].order)
    return _laid_in(statement, conditions=_all(conditions), order=f"ORDER BY {columns}")


def _near(
    statement: Statement,
    source: _Source,
    wanted: _Wanted | None = None,
    further: list[Statement] | None = None,
) -> Statement:
    """With the index, and its order in the direction that is wanted."""
    near = [
        _SQL.of_project,
        *([getattr(_SQL, source.condition)] if source.condition else []),
        *(further or []),
    ]
    columns = source.order if wanted is None else wanted.columns(source.order)
    return _laid_in(statement, near=_all(near), index=source.name, near_order=columns)


def _all(conditions: list[Statement]) -> Statement:
    texts = [text.strip() for text in conditions]
    postgresql = [condition.postgresql.strip() for condition in conditions]
    return Statement(" AND ".join(texts), " AND ".join(postgresql))


def _laid_in(statement: Statement, **parts: str) -> Statement:
    """Parts of SQL in their places, of each kind of database its own."""
    sqlite, postgresql = str(statement), statement.postgresql
    for name, part in parts.items():
        sqlite = sqlite.replace(f"{{{name}}}", str(part))
        own = part.postgresql if isinstance(part, Statement) else part
        postgresql = postgresql.replace(f"{{{name}}}", own)
    return Statement(sqlite, postgresql)
