"""A function of the process that a test replaces is replaced for its own threads alone: servers that tests share, and
what earlier ones have left, go on beside it with the true clock and the true disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

Function = Callable[..., Any]
_elsewhere: set[threading.Thread] = set()
"""Threads that were there before the test at hand."""


def begin_test() -> None:
    """Threads from now on, and this one, are those of a test."""
    _elsewhere.clear()
    _elsewhere.update(set(threading.enumerate()) - {threading.current_thread()})


def replace_here(
    monkeypatch: pytest.MonkeyPatch, owner: ModuleType | type, name: str, function: Function
) -> None:
    """As ``monkeypatch.setattr``, for the threads of this test."""
    monkeypatch.setattr(owner, name, _here(getattr(owner, name), function))


def with_others_here(module: ModuleType, **functions: Function) -> SimpleNamespace:
    """A module with other functions, for the threads of this test."""
    others = {name: _here(getattr(module, name), function) for name, function in functions.items()}
    return SimpleNamespace(**{**vars(module), **others})


def _here(true: Function, function: Function) -> Function:
    def chosen(*arguments: Any, **named: Any) -> Any:
        called = true if threading.current_thread() in _elsewhere else function
        return called(*arguments, **named)

    return chosen
