"""The name that somebody meant who mistyped it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_LONGEST = 64


class Nearest:
    """Finds names that differ in case or in one letter: left out, put in, changed or swapped with the next.

    Looked up rather than compared one by one, for strangers may ask as often as they like.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        for name in names:
            for form in _forms(name):
                self._names.setdefault(form, name)
        for name in self._names.copy().values():
            self._names[name.lower()] = name

    def to(self, name: str) -> str | None:
        """The nearest name; None when none is near."""
        if len(name) > _LONGEST:
            return None
        return next((self._names[form] for form in _forms(name) if form in self._names), None)


def _forms(name: str) -> Iterator[str]:
    """The name in lower case, then with each letter left out."""
    lower = name.lower()
    yield lower
    for at in range(len(lower)):
        yield lower[:at] + lower[at + 1 :]
