"""Raw tags as the index holds them, and the conditions on them.

Tags that many ask for have a column each. Files have tags of thousands of other names: these share a few columns of
lists, a tag in the one that its name leads to, as an entry of its name and its value. Behind the entries of a
text that is not ASCII stands another one with its tokens, by which phrases are found in it.
"""

from __future__ import annotations

import math
import re
import zlib

import msgspec

from bindery.catalog.query.condition import (
    COMPARISONS,
    Condition,
    any_element,
    contains,
    join,
    plain_phrase,
)
from bindery.catalog.query.fields import Field
from bindery.catalog.query.syntax import Leaf
from bindery.catalog.query.values import MAX_TEXT, phrase_text, read_scalar

_SHARED = 8
"""Columns. One costs a changed file 0.3 ms; a question reads one of them."""
SHARED_COLUMNS = tuple(f"Tags {number}" for number in range(_SHARED))
ENTRY_SEPARATOR = "\x1e"
_TOKENS = "~"
_FRACTION = re.compile(r"\s*([+-]?[0-9]+(?:\.[0-9]+)?)/([+-]?[0-9]+(?:\.[0-9]+)?)\s*")
_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?)(?![\w.])")
LONGEST_NUMBER = 100
_EXACT = 2**53


def shared_column(name: str) -> str:
    """The column in which the tag of this full name is, among others."""
    return SHARED_COLUMNS[zlib.crc32(name.encode()) % _SHARED]


def tag_entry(name: str, value: str = "") -> str:
    """A value of a tag as a shared column holds it."""
    return msgspec.json.encode(name).decode() + held_text(value)


def held_text(value: str) -> str:
    """A text without the character that parts the entries of a file on their way into the index."""
    return value.replace(ENTRY_SEPARATOR, " ") if ENTRY_SEPARATOR in value else value


def tokens_entry(name: str, value: str) -> str:
    """The tokens of a value."""
    return tag_entry(_TOKENS + name, phrase_text(value))


def read_tag_number(name: str, text: str) -> float | None:
    """The number of a tag: of a fraction its value where EXIF writes it, elsewhere (``3/12``) what stands before."""
    if len(text) > LONGEST_NUMBER:
        return None
    fraction = _FRACTION.fullmatch(text) if name.startswith("EXIF.") else None
    if fraction is not None:
        below = float(fraction[2])
        return float(fraction[1]) / below if below else None
    match = _NUMBER.match(text)
    number = float(match[1]) if match is not None else math.inf
    return number if math.isfinite(number) else None


def number_text(number: float) -> str:
    """One text for each number."""
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)


def tag_condition(field: Field, leaf: Leaf) -> Condition:
    """A condition on a tag: it holds when it does for one of its values."""
    if leaf.operation == "match-phrase":
        return _phrase(field, leaf.value or "")
    return _on_column(field, leaf) if field.stored else _on_entries(field, leaf)


def _on_column(field: Field, leaf: Leaf) -> Condition:
    column = f'"{field.name}"'
    if leaf.operation == "exist":
        return Condition(f"({column} IS NOT NULL)")
    value = read_scalar(field, leaf.value or "")
    if field.array and leaf.operation == "eq" and isinstance(value, str):
        return contains(column, value)
    inner = _compared("x" if field.array else column, leaf.operation, value)
    if field.array:
        return any_element(column, inner)
    return join([Condition(f"{column} IS NOT NULL"), inner], "AND")


def _compared(expression: str, operation: str, value: float | str) -> Condition:
    if operation == "prefix":
        return Condition(f"starts_with({expression}, ?)", (value,))
    return Condition(f"{expression} {COMPARISONS[operation]} ?", (value,))


def _on_entries(field: Field, leaf: Leaf) -> Condition:
    column, of_tag = f'"{shared_column(field.name)}"', tag_entry(field.name)
    if leaf.operation == "exist":
        return any_element(column, Condition("starts_with(x, ?)", (of_tag,)))
    value = read_scalar(field, leaf.value or "")
    if leaf.operation == "eq":
        text = value if isinstance(value, str) else number_text(float(value))
        return contains(column, tag_entry(field.name, text)[:MAX_TEXT])
    if leaf.operation == "prefix":
        return any_element(
            column, Condition("starts_with(x, ?)", (tag_entry(field.name, str(value))[:MAX_TEXT],))
        )
    inner = _compared(_value_of_entry(field, "x"), leaf.operation, value)
    return any_element(column, join([Condition("starts_with(x, ?)", (of_tag,)), inner], "AND"))


def _value_of_entry(field: Field, entry: str) -> str:
    text = f"substr({entry}, {len(tag_entry(field.name)) + 1:d})"
    return f"TRY_CAST({text} AS DOUBLE)" if field.numeric else text


def _phrase(field: Field, phrase: str) -> Condition:
    """In the tokens that the index holds of a text beyond ASCII, else in the text itself."""
    phrase = phrase[:MAX_TEXT]
    column, of_tag = f'"{shared_column(field.name)}"', tag_entry(field.name)
    folded = Condition(
        "(starts_with(x, ?) AND contains(x, ?))", (tag_entry(_TOKENS + field.name), phrase_text(phrase))
    )
    if not field.stored:
        inside = plain_phrase(_value_of_entry(field, "x"), phrase)
        plain = join([Condition("starts_with(x, ?)", (of_tag,)), inside], "AND")
        return any_element(column, join([plain, folded], "OR"))
    own = f'"{field.name}"'
    if field.array:
        plain = any_element(own, plain_phrase("x", phrase))
    else:
        plain = join([Condition(f"{own} IS NOT NULL"), plain_phrase(own, phrase)], "AND")
    return join([plain, any_element(column, folded)], "OR")


def tag_values(field: Field) -> Condition:
    """All values of a tag of a file, as a list; of a column of its own that holds one value, that."""
    if field.stored:
        return Condition(f'"{field.name}"')
    found = f'list_filter("{shared_column(field.name)}", lambda x: starts_with(x, ?))'
    values = f"list_transform({found}, lambda x: {_value_of_entry(field, 'x')})"
    return Condition(values, (tag_entry(field.name),))


def first_tag_value(field: Field) -> Condition:
    """The first value of a tag of a file, NULL when it has none."""
    if field.stored:
        return Condition(f'"{field.name}"[1]' if field.array else f'"{field.name}"')
    values = tag_values(field)
    return Condition(f"{values.sql}[1]", values.parameters)
