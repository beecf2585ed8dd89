"""The SQL of pages and figures. Names come from the field table, values travel as parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from bindery.catalog.query.compile import UriPart, counted_values, is_list, sort_value
from bindery.catalog.query.condition import Condition, join
from bindery.catalog.query.syntax import Aggregation, SortField
from bindery.catalog.query.token import Position
from bindery.catalog.query.values import lower_text

_FIGURES = {
    "min": "min(v)",
    "max": "max(v)",
    "sum": "coalesce(sum(v), 0)",
    "average": "avg(v)",
    "count": "count(v)",
    "distinct": "count(DISTINCT v)",
}


class PageRequest(msgspec.Struct, frozen=True):
    """What a page is asked for by."""

    condition: Condition
    fingerprint: str
    sort: tuple[SortField, ...]
    limit: int
    token: str
    total: bool
    uris: UriPart | None = None
    """What the condition asks of URIs."""


def first_statement(table: str, request: PageRequest, after: Position | None) -> Condition:
    """In one pass: the number of files that match, and the first URIs behind a position."""
    condition, first = request.condition, _first_uris(request, after)
    return Condition(
        f"SELECT count(*), {first.sql} FROM {table} WHERE {condition.sql}",
        (*first.parameters, *condition.parameters),
    )


def few_statement(table: str, condition: Condition, most: int) -> Condition:
    """The number of files that match, and where the rows are of so many of them: DuckDB reads no URI for it."""
    return Condition(
        f"SELECT count(*), min(rowid, {most:d}) FROM {table} WHERE {condition.sql}", condition.parameters
    )


def in_rows(rows: Sequence[int]) -> Condition:
    """Rows as the same transaction has found them."""
    listed = """(SELECT unnest(from_json(?::JSON, '["BIGINT"]')))"""
    return Condition(f"rowid IN {listed}", (msgspec.json.encode(rows).decode(),))


def first_uris_statement(
    table: str, request: PageRequest, after: Position | None, within: Condition
) -> Condition:
    """The first URIs behind a position, of the files within a part of all."""
    first = _first_uris(request, after)
    return Condition(
        f"SELECT {first.sql} FROM {table} WHERE {within.sql}", (*first.parameters, *within.parameters)
    )


def _first_uris(request: PageRequest, after: Position | None) -> Condition:
    first = f'min("URI", {request.limit + 1:d})'
    return Condition(f'{first} FILTER ("URI" > ?)', (after.uri,)) if after is not None else Condition(first)


def count_statement(table: str, *conditions: Condition) -> Condition:
    """The number of files that match one of some conditions, no two of which hold of the same file."""
    counts = [f"SELECT count(*) FROM {table} WHERE {condition.sql}" for condition in conditions]
    parameters = [value for condition in conditions for value in condition.parameters]
    sql = counts[0] if len(counts) == 1 else f"SELECT ({') + ('.join(counts)})"
    return Condition(sql, tuple(parameters))


def count_both_statement(table: str, some: Condition, all_: Condition) -> Condition:
    """How many of the files that match one condition match another, and how many they are."""
    return Condition(
        f"SELECT count(*) FILTER (WHERE {some.sql}), count(*) FROM {table} WHERE {all_.sql}",
        (*some.parameters, *all_.parameters),
    )


def text_statement(table: str, wanted: str, texts: str) -> Condition:
    """Each of these texts (a JSON array) with a file that has it, unless a short field of it holds what is wanted."""
    listed = """(SELECT unnest(from_json(?::JSON, '["BIGINT"]')))"""
    held = in_short_fields(wanted)
    return Condition(
        f'SELECT "Text", min("URI") FROM {table} WHERE "Text" IN {listed} AND NOT {held.sql}'
        ' GROUP BY "Text" ORDER BY "Text"',
        (texts, *held.parameters),
    )


def in_short_fields(wanted: str) -> Condition:
    """Whether a short field or a tag holds a folded text."""
    return Condition(
        '(contains("Fuzzy", ?) OR ("Fuzzy tags" IS NOT NULL AND contains("Fuzzy tags", ?)))',
        (wanted, wanted),
    )


def page_statement(table: str, request: PageRequest, after: Position | None, *also: Condition) -> Condition:
    """URI and sort fields of the page's files and of one more, and what else is asked for."""
    values = [sort_value(entry.field) for entry in request.sort]
    bound = _after(after, values, request.sort)
    named = [f"{value.sql} AS {name}" for value, name in zip(values, sort_names(request.sort), strict=True)]
    chosen = ", ".join(['"URI"', *named, *(entry.sql for entry in also)])
    sql = (
        f"SELECT {chosen} FROM {table} WHERE {request.condition.sql} AND {bound.sql}"
        f" ORDER BY {order_by(request.sort)} LIMIT {request.limit + 1:d}"
    )
    asked = [value for entry in (*values, *also) for value in entry.parameters]
    return Condition(sql, (*asked, *request.condition.parameters, *bound.parameters))


def edge_statement(table: str, request: PageRequest, after: Position | None) -> Condition | None:
    """The first value that the files of the page are sorted by, of the one behind the page; None when that is none of
    one column. DuckDB finds it in this column alone, and skips row groups without greater ones."""
    if not request.sort or sort_value(request.sort[0].field).parameters:
        return None
    sql, descending = sort_value(request.sort[0].field).sql, request.sort[0].descending
    bound, direction = Condition("true"), "DESC" if descending else "ASC"
    if after is not None:
        if after.values[0] is None:
            return None
        # Those with the same first value may be behind the position, too: without them it is found in one column, and
        # is no nearer.
        bound = Condition(f"({sql} IS NOT NULL AND {sql} {'<' if descending else '>'} ?)", after.values[:1])
    return Condition(
        f"SELECT {sql} FROM {table} WHERE {request.condition.sql} AND {bound.sql}"
        f" ORDER BY {sql} {direction} NULLS LAST LIMIT 1 OFFSET {request.limit:d}",
        (*request.condition.parameters, *bound.parameters),
    )


def up_to(request: PageRequest, after: Position | None, edge: object) -> PageRequest:
    """The same page, looked for only where the first value is neither before the position nor behind the edge."""
    sql = sort_value(request.sort[0].field).sql
    begin = None if after is None else after.values[0]
    least, greatest = (edge, begin) if request.sort[0].descending else (begin, edge)
    bounds = [(sign, value) for sign, value in ((">=", least), ("<=", greatest)) if value is not None]
    compared = " AND ".join([f"{sql} IS NOT NULL", *(f"{sql} {sign} ?" for sign, _ in bounds)])
    within = Condition(f"({compared})", tuple(value for _, value in bounds))
    return msgspec.structs.replace(request, condition=join([request.condition, within], "AND"))


def sort_names(sort: Sequence[SortField]) -> list[str]:
    """What the values to sort by are called in a page."""
    return [f"s{place:d}" for place in range(len(sort))]


def order_by(sort: Sequence[SortField]) -> str:
    """What stands behind ORDER BY: files with the same values are in the order of their URIs."""
    terms = [
        f"{name} {'DESC' if entry.descending else 'ASC'} NULLS LAST"
        for name, entry in zip(sort_names(sort), sort, strict=True)
    ]
    return ", ".join([*terms, '"URI"'])


def _after(after: Position | None, values: Sequence[Condition], sort: Sequence[SortField]) -> Condition:
    """Rows behind a position: equal in the first fields, behind in the next; the URI decides last."""
    if after is None:
        return Condition("true")
    alternatives: list[str] = []
    parameters: list[Any] = []
    equal_sql: list[str] = []
    equal_parameters: list[Any] = []
    for sorted_by, entry, value in zip(values, sort, after.values, strict=True):
        expression, own = sorted_by.sql, sorted_by.parameters
        if value is None:
            equal_sql.append(f"{expression} IS NULL")
            equal_parameters += own
            continue
        sign = "<" if entry.descending else ">"
        behind = f"({expression} {sign} ? OR {expression} IS NULL)"
        alternatives.append(" AND ".join([*equal_sql, behind]))
        parameters += [*equal_parameters, *own, value, *own]
        equal_sql.append(f"{expression} = ?")
        equal_parameters += [*own, value]
    alternatives.append(" AND ".join([*equal_sql, '"URI" > ?']))
    parameters += [*equal_parameters, after.uri]
    return Condition("(" + " OR ".join(f"({entry})" for entry in alternatives) + ")", tuple(parameters))


def figure_statement(table: str, condition: Condition, aggregation: Aggregation) -> Condition:
    """One figure over all matching files; of an array, over all its elements."""
    value = counted_values(aggregation.field)
    each = f"unnest({value.sql})" if is_list(aggregation.field) else value.sql
    sql = (
        f"SELECT {_FIGURES[aggregation.operation]} FROM"
        f" (SELECT {each} AS v FROM {table} WHERE {condition.sql}) WHERE v IS NOT NULL"
    )
    return Condition(sql, (*value.parameters, *condition.parameters))


def group_statement(table: str, condition: Condition, aggregation: Aggregation, groups: int) -> Condition:
    """Values and the number of files that hold them; a file counts once for each value of an array."""
    value = counted_values(aggregation.field)
    each = value.sql
    if is_list(aggregation.field):
        # In short lists this is quicker than list_distinct; but what is put together is put together only once by it.
        distinct = f"list_filter({each}, lambda x, place: list_position({each}, x) = place)"
        each = f"unnest(list_distinct({each}))" if value.parameters else f"unnest({distinct})"
    sql = (
        f"SELECT v, count(*) AS n FROM (SELECT {each} AS v FROM {table} WHERE {condition.sql})"
        f" WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {groups:d}"
    )
    return Condition(sql, (*value.parameters, *condition.parameters))


def tag_names_statement(table: str, contains: str, limit: int) -> Condition:
    """Names of raw tags that hold a text, in any case."""
    sql = f"SELECT name FROM {table} WHERE contains(lower(name), ?) ORDER BY name LIMIT {limit:d}"
    return Condition(sql, (lower_text(contains),))
