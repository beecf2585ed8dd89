"""Runs the numbered scenarios in this folder against a real server, through the wire protocol.

A scenario is a YAML file: ``about``, ``names`` (each ``$name`` becomes one that no other test has),
``fixtures`` it needs beside a server, and ``steps`` that are done in order:

- ``call: Action`` with parameters ``with``; the answer must hold ``expect``, or be the error ``refused``
  (``Status`` and members of the body).
- ``wait: Action`` the same, again and again until the answer holds ``expect``.
- ``put: {bucket: {key: text}}`` and ``remove: {bucket: [key]}`` change objects.
- ``keep: {name: Member}`` beside ``call`` keeps a top-level member of the answer as ``$name``.

An answer holds what is expected when every expected member is there; lists are compared whole. ``<any>``
stands for any value, ``<none>`` for a member that is absent, ``/…/`` for a text that the expression matches.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.servers.ray import on_ray

if TYPE_CHECKING:
    from conftest import RunningServer

FOLDER = Path(__file__).parent
WAIT_SECONDS = 60.0
KINDS = {"call", "wait", "put", "remove"}

pytestmark = pytest.mark.server


class Scenario:
    """One run of a file."""

    def __init__(self, server: RunningServer, names: dict[str, str]) -> None:
        self._server = server
        self._names = names

    def step(self, step: dict[str, Any]) -> None:
        """Do one step and check what it brings. Names in it are filled in first."""
        filled = self._fill(step)
        kinds = KINDS & set(step)
        assert len(kinds) == 1, f"a step is one of {sorted(KINDS)}: {step}"
        match kinds.pop():
            case "call":
                self._call(filled)
            case "wait":
                self._wait(filled)
            case "put":
                for bucket, objects in filled["put"].items():
                    for key, text in objects.items():
                        path = self._server.bucket_root / bucket / key
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_text(text, "utf-8")
            case "remove":
                for bucket, keys in filled["remove"].items():
                    for key in keys:
                        (self._server.bucket_root / bucket / key).unlink()

    def _call(self, step: dict[str, Any]) -> None:
        status, body = self._server.request(step["call"], **step.get("with", {}))
        expected = step.get("refused", {}) | {"Status": step.get("refused", {}).get("Status", 200)}
        expected |= step.get("expect", {})
        problem = difference(expected, {**body, "Status": status})
        assert problem is None, f"{step['call']}: {problem}\n{body}"
        for name, member in step.get("keep", {}).items():
            self._names[name] = body[member]

    def _wait(self, step: dict[str, Any]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            status, body = self._server.request(step["wait"], **step.get("with", {}))
            problem = difference(step["expect"], body)
            if status == 200 and problem is None:
                return
            assert time.monotonic() < deadline, f"{step['wait']} in the end: {problem}\n{body}"
            time.sleep(0.05)

    def _fill(self, value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(r"\$(\w+)", lambda match: self._names.get(match[1], match[0]), value)
        if isinstance(value, dict):
            return {self._fill(key): self._fill(entry) for key, entry in value.items()}
        return [self._fill(entry) for entry in value] if isinstance(value, list) else value


def difference(expected: Any, found: Any, path: str = "answer") -> str | None:
    """The first place in which ``found`` does not hold ``expected``."""
    if expected == "<any>":
        return None
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, entry in expected.items():
            if entry == "<none>" or name not in found:
                if (entry == "<none>") is (name in found):
                    return f"{path}.{name} is {'there' if name in found else 'missing'}"
            elif problem := difference(entry, found[name], f"{path}.{name}"):
                return problem
        return None
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        problems = (difference(one, other, f"{path}[{number}]") for number, (one, other) in pairs)
        return next((problem for problem in problems if problem), None)
    if isinstance(expected, str) and isinstance(found, str) and re.fullmatch("/.+/", expected):
        return None if re.search(expected[1:-1], found) else f"{path} is {found!r}, expected {expected}"
    return None if expected == found else f"{path} is {found!r}, expected {expected!r}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_scenario(
    path: Path, server: RunningServer, new_name: Callable[[str], str], request: pytest.FixtureRequest
) -> None:
    run(path, server, new_name, request)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_scenario_with_the_record_in_postgresql(
    path: Path,
    server_with_postgresql: RunningServer,
    new_name: Callable[[str], str],
    request: pytest.FixtureRequest,
) -> None:
    run(path, server_with_postgresql, new_name, request)


@on_ray
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_scenario_with_extraction_on_ray(
    path: Path,
    server_on_ray: RunningServer,
    new_name: Callable[[str], str],
    request: pytest.FixtureRequest,
) -> None:
    run(path, server_on_ray, new_name, request)


def run(
    path: Path, server: RunningServer, new_name: Callable[[str], str], request: pytest.FixtureRequest
) -> None:
    content = yaml.safe_load(path.read_text("utf-8"))
    for name in content.get("fixtures", ()):
        request.getfixturevalue(name)
    scenario = Scenario(
        server, {name: new_name(name.replace("_", "-")) for name in content.get("names", ())}
    )
    for step in content["steps"]:
        scenario.step(step)


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"b": 2}, False),
        ({"a": "<none>"}, {"b": 2}, True),
        ({"a": "<none>"}, {"a": None}, False),
        ({"a": "<any>"}, {"a": None}, True),
        ({"a": "<any>"}, {}, False),
        ([1], [1, 2], False),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ({"a": "/^x.z$/"}, {"a": "xyz"}, True),
        ({"a": "/^x.z$/"}, {"a": "xyzz"}, False),
        ({"a": {}}, {"a": []}, False),
        (True, 1, True),
    ],
)
def test_how_answers_are_compared(expected: Any, found: Any, same: bool) -> None:
    """What all scenarios rest on."""
    assert (difference(expected, found) is None) is same
