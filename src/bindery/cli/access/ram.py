"""RAM as the commands use it: whole lists, and what is not there told by a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from difflib import get_close_matches
from types import TracebackType
from typing import Any

import click

from bindery.api.spec.model import load_model
from bindery.cli.client import ApiError, Client
from bindery.cli.output import say

_PAGE = 1_000
_KINDS = {"user": "Users", "group": "Groups", "role": "Roles", "policy": "Policies"}
"""What has a name, and how lists of it call their items."""
Answer = dict[str, Any]


class Ram:
    """The operations of RAM on one server."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._version = load_model("ram").version

    def call(self, action: str, **parameters: Any) -> Answer:
        """The answer. Raises ApiError, and ClickException with the nearest name for what does not exist."""
        with self.nearest_told(parameters):
            return self._send(action, parameters)

    def find(self, action: str, **parameters: Any) -> Answer | None:
        """The answer; None when what is asked for does not exist."""
        try:
            return self._send(action, parameters)
        except ApiError as error:
            if not error.code.startswith("EntityNotExist"):
                raise
            return None

    def ensure(self, action: str, **parameters: Any) -> bool:
        """Whether the call made something; False when it is there already."""
        try:
            self.call(action, **parameters)
        except ApiError as error:
            if not error.code.startswith("EntityAlreadyExist"):
                raise
            return False
        return True

    def require(self, kind: str, name: str) -> Answer:
        """A user, group or role. Raises ClickException with the nearest name when there is none of this one."""
        word = kind.capitalize()
        found: Answer = self.call(f"Get{word}", **{f"{word}Name": name})[word]
        return found

    def absent(self, kind: str, name: str, *, further: Sequence[str] = ()) -> click.ClickException:
        """That there is no user, group, role or policy of this name, and which may be meant, as far as the caller may
        list them; ``further`` are names beyond those of the server."""
        word, plural = kind.capitalize(), _KINDS[kind]
        try:
            known = [item[f"{word}Name"] for item in self.items(f"List{plural}", plural, word)]
        except click.ClickException:  # the caller may ask for what he names and not list all
            known = []
        near = get_close_matches(name, [*further, *known], n=1)
        meant = f"did you mean {near[0]}? All: " if near else "see: "
        return click.ClickException(f"no {kind} {name}; {meant}bindery access {kind} list")

    @contextmanager
    def nearest_told(self, parameters: Mapping[str, Any]) -> Iterator[None]:
        """Within, a user, group, role or policy among the parameters that does not exist is told with the nearest."""
        try:
            yield
        except ApiError as error:
            kind = error.code.removeprefix("EntityNotExist.").lower()
            name = parameters.get(f"{kind.capitalize()}Name")
            if kind not in _KINDS or not name:
                raise
            raise self.absent(kind, name) from error

    def _send(self, action: str, parameters: Mapping[str, Any]) -> Answer:
        return self.client.call(action, version=self._version, **parameters)

    def items(self, action: str, plural: str, singular: str, **parameters: Any) -> Iterator[Answer]:
        """Everything that a list has, page by page."""
        marker = None
        paged = {"MaxItems": _PAGE} if self._is_paged(action) else {}
        while True:
            answer = self.call(action, **parameters, **paged, Marker=marker)
            yield from answer.get(plural, {}).get(singular, [])
            marker = answer.get("Marker")
            if not answer.get("IsTruncated") or not marker:
                return

    def account_id(self) -> str:
        """Of the account that the key belongs to."""
        answer = self.client.call("GetCallerIdentity", version=load_model("sts").version)
        return str(answer["AccountId"])

    def _is_paged(self, action: str) -> bool:
        operation = load_model("ram").operations[action]
        return any(parameter.name == "MaxItems" for parameter in operation.parameters)


class Undo(AbstractContextManager["Undo"]):
    """Takes back what was done within, the last first, when it comes to nothing: by an error or by Ctrl-C."""

    def __init__(self, ram: Ram) -> None:
        self._ram = ram
        self._steps: list[tuple[str, str, dict[str, Any]]] = []

    def add(self, left: str, action: str, **parameters: Any) -> None:
        """The call that takes back what was just done; ``left`` says what stays when that fails."""
        self._steps.append((left, action, parameters))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        for left, action, parameters in reversed(self._steps):
            try:
                self._ram.find(action, **parameters)
            except click.ClickException as problem:
                say(f"{left} could not be taken back: {problem.message}", err=True)
