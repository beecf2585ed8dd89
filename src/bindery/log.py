"""Structured logs on standard error: readable lines on a terminal, one JSON object a line elsewhere.

Standard output belongs to the contract of the command line (``bindery ready …``) and never carries a log.
A log line is bounded, holds no local variables and no secrets, and text of strangers in it is escaped.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog

from bindery.printable import escape_json, printable
from bindery.secrecy import without_secrets

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("auto", "console", "json")

current_request: ContextVar[str] = ContextVar("current_request", default="")
"""The id of the call that is being answered, which its lines carry. Set with every call, looked at for a line."""

_MOST_FRAMES = 24
"""Of each traceback the innermost; a recursion has a thousand."""
_MOST_EXCEPTIONS = 6
_LONGEST_TEXT = 4_000
"""Characters of one value of a line."""
_QUIET = ("urllib3", "botocore", "aiohttp.access", "psycopg.pool")
"""Libraries whose warnings quote URLs, which may hold keys, or come with every attempt; what they warn of comes as an
exception as well."""


def configure_logging(level: str, form: str) -> None:
    """Send the logs of Bindery and of its libraries to standard error.

    Lines carry what is bound to the context they come from: the id of a call, the names of a binding.
    ``level`` is one of LEVELS. ``form`` is one of FORMATS; ``auto`` asks whether standard error is a terminal.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    readable = form == "console" or (form == "auto" and sys.stderr.isatty())
    steps = _steps(readable=readable)
    renderers = _renderers(readable=readable)
    structlog.configure(
        processors=[*steps, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def structlog_configured(**settings: Any) -> Iterator[None]:
    """These settings of structlog for a while; afterwards the process has its own again, or none."""
    before = structlog.get_config() if structlog.is_configured() else None
    structlog.configure(**settings)
    try:
        yield
    finally:
        if before is None:
            structlog.reset_defaults()
        else:
            structlog.configure(**before)


def _steps(*, readable: bool) -> list[Any]:
    describe = _describe_for_people if readable else _describe
    return [
        structlog.contextvars.merge_contextvars,
        _add_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(describe),
        _bound,
        *([_escape] if readable else []),
    ]


def _renderers(*, readable: bool) -> list[Any]:
    if not readable:
        return [structlog.processors.JSONRenderer(ensure_ascii=False), _escape_line, _hide]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain), _hide]


def _add_request(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    request = current_request.get()
    if request:
        line.setdefault("request_id", request)
    return line


def _describe(exc_info: Any) -> list[dict[str, Any]]:
    """An exception and what led to it, the last first: type, text and places, without the values at hand."""
    return [
        {
            "exc_type": type(error).__name__,
            "exc_value": _cut(_text(error)),
            "frames": [
                {"filename": frame.filename, "lineno": frame.lineno, "name": frame.name}
                for frame in _frames(error)
            ],
        }
        for error in _causes(exc_info[1])
    ]


def _describe_for_people(exc_info: Any) -> str:
    """The same as text, in the form of Python's own tracebacks."""
    told: list[str] = []
    for error in reversed(list(_causes(exc_info[1]))):
        lines = [
            f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in _frames(error)
        ]
        text = printable(_cut(_text(error)))
        told.append(
            "\n".join(["Traceback (most recent call last):", *lines, f"{type(error).__name__}: {text}"])
        )
    return "\n\nwhich led to\n\n".join(told)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception, the members of a group, and what each was raised from; none twice, and not many."""
    pending, seen = [error], set[int]()
    while pending and len(seen) < _MOST_EXCEPTIONS:
        each = pending.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        pending.append(each.__cause__ or (None if each.__suppress_context__ else each.__context__))
        if isinstance(each, BaseExceptionGroup):
            pending += each.exceptions[:_MOST_EXCEPTIONS]


def _frames(error: BaseException) -> traceback.StackSummary:
    walked = traceback.walk_tb(error.__traceback__)
    return traceback.StackSummary.extract(walked, limit=-_MOST_FRAMES, lookup_lines=False)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "its text cannot be made"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({len(text):,} characters)"


def _bound(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cut values short. The description of an exception is bounded by itself."""
    for name, value in line.items():
        if name == "exception" or isinstance(value, int | float | bool | None):
            continue
        line[name] = _cut(value if isinstance(value, str) else repr(value)) if _is_long(value) else value
    return line


def _is_long(value: Any) -> bool:
    return len(value if isinstance(value, str) else repr(value)) > _LONGEST_TEXT


def _escape(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape texts for a terminal. The description of an exception is escaped by itself."""
    for name, value in line.items():
        if isinstance(value, str) and name != "exception":
            line[name] = printable(value)
    return line


def _escape_line(_logger: Any, _method: str, line: str) -> str:
    return escape_json(line)


def _hide(_logger: Any, _method: str, line: str) -> str:
    return without_secrets(line)
