"""One module per operation, in a folder per family: ``bindings/get_binding.py`` holds ``get_binding``.

What the operations of a family share stands in the module of its name: ``bindings/bindings.py``.

A module may set ``WORK`` to the kind of its work, see ``Work``; without it the work is quick.
"""

from __future__ import annotations

import enum
import importlib
import pkgutil
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from bindery.api.spec.model import load_model

_WORDS = re.compile(r"OSS|URI|CRC64|MD5|MNS|RocketMQ|EXIF|OCR|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
_IRREGULAR = {"ETag": "etag", "URIs": "uris", "RocketMQ": "rocket_mq", "OSSURI": "oss_uri"}


class Work(enum.Enum):
    """Kinds of work. Each has threads of its own, so that none waits for another."""

    INLINE = "answers from memory and need not leave the event loop"
    CONTROL = "reads or writes a little of the record"
    QUERY = "searches the index"
    SLOW = "waits for a store or an extraction, or walks through many entries"


class BuiltOperation(msgspec.Struct, frozen=True):
    """An operation that works here: its function and the types it takes and gives."""

    name: str
    run: Callable[[Any, Any], Any]
    request: type[msgspec.Struct]
    response: type[msgspec.Struct]
    work: Work = Work.CONTROL


def snake_case(name: str) -> str:
    """``GetBinding`` as ``get_binding``, ``OSSURI`` as ``oss_uri``."""
    return _IRREGULAR.get(name) or "_".join(_WORDS.findall(name)).lower()


@cache
def operation_names() -> tuple[str, ...]:
    """Names of the operations that have a module here, ascending, without importing them."""
    modules = {
        (family.name, module.name)
        for family in pkgutil.iter_modules(__path__)
        if family.ispkg
        for module in pkgutil.iter_modules([str(Path(folder, family.name)) for folder in __path__])
    }
    operations = load_model().operations.values()
    return tuple(sorted(o.name for o in operations if (o.family, snake_case(o.name)) in modules))


@cache
def built_operations() -> dict[str, BuiltOperation]:
    """Every operation that has a module here, by name."""
    return {name: _load(name) for name in operation_names()}


def _load(name: str) -> BuiltOperation:
    family = load_model().operations[name].family
    messages = importlib.import_module(f"bindery.api.messages.{family}")
    module = importlib.import_module(f"{__name__}.{family}.{snake_case(name)}")
    return BuiltOperation(
        name=name,
        run=getattr(module, snake_case(name)),
        request=getattr(messages, f"{name}Request"),
        response=getattr(messages, f"{name}Response"),
        work=getattr(module, "WORK", Work.CONTROL),
    )
