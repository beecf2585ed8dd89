"""Structured logs on standard error: readable lines on a terminal, one JSON object a line elsewhere.

Standard output belongs to the contract of the command line (``bindery ready …``) and never carries a log.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("auto", "console", "json")


def configure_logging(level: str, form: str) -> None:
    """Send the logs of Bindery and of its libraries to standard error.

    Lines carry what is bound to the context they come from: the id of a call, the names of a binding.
    ``level`` is one of LEVELS. ``form`` is one of FORMATS; ``auto`` asks whether standard error is a terminal.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    readable = form == "console" or (form == "auto" and sys.stderr.isatty())
    steps = _steps(readable=readable)
    structlog.configure(
        processors=[*steps, _renderer(readable=readable)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(readable=readable),
            ],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def _steps(*, readable: bool) -> list[Any]:
    steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return steps if readable else [*steps, structlog.processors.dict_tracebacks]


def _renderer(*, readable: bool) -> Any:
    if readable:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(ensure_ascii=False)
