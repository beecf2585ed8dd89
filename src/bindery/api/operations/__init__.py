"""One module per operation, in a folder per family: ``bindings/get_binding.py`` holds ``get_binding``.

What the operations of a family share stands in the module of its name: ``bindings/bindings.py``.

A module may set ``WORK`` to the kind of its work, see ``Work``; without it the work is quick. Where that depends on
the request, a function ``work_of`` tells it.
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

from bindery.api.spec.model import Operation, load_models

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

    id: str
    name: str
    run: Callable[[Any, Any], Any]
    request: type[msgspec.Struct]
    response: type[msgspec.Struct]
    work: Work = Work.CONTROL
    choose_work: Callable[[Any], Work] | None = None

    def work_of(self, request: msgspec.Struct) -> Work:
        """The kind of the work that a request is."""
        return self.work if self.choose_work is None else self.choose_work(request)


def snake_case(name: str) -> str:
    """``GetBinding`` as ``get_binding``, ``OSSURI`` as ``oss_uri``."""
    return _IRREGULAR.get(name) or "_".join(_WORDS.findall(name)).lower()


@cache
def operation_ids() -> tuple[str, ...]:
    """Ids of the operations that have a module here, ascending, without importing them."""
    modules = {
        (family.name, module.name)
        for family in pkgutil.iter_modules(__path__)
        if family.ispkg
        for module in pkgutil.iter_modules([str(Path(folder, family.name)) for folder in __path__])
    }
    return tuple(sorted(o.id for o in load_models() if (o.family, snake_case(o.name)) in modules))


@cache
def built_operations() -> dict[str, BuiltOperation]:
    """Every operation that has a module here, by its id."""
    return {identifier: _load(load_models()[identifier]) for identifier in operation_ids()}


def _load(operation: Operation) -> BuiltOperation:
    name, family = operation.name, operation.family
    messages = importlib.import_module(f"bindery.api.messages.{family}")
    module = importlib.import_module(f"{__name__}.{family}.{snake_case(name)}")
    return BuiltOperation(
        id=operation.id,
        name=name,
        run=getattr(module, snake_case(name)),
        request=getattr(messages, f"{name}Request"),
        response=getattr(messages, f"{name}Response"),
        work=getattr(module, "WORK", Work.CONTROL),
        choose_work=getattr(module, "work_of", None),
    )
