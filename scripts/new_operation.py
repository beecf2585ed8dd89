"""Begins an operation of the API: its module, its test and its scenario, from the API model.

    python scripts/new_operation.py GetFigureCluster        or, where several products have one of the name,
    python scripts/new_operation.py imm:GetFigureCluster

Then say in ``descriptions.json`` of its product what its parameters and the members of its answer are, run
``make docs`` (messages and coverage), write the function, and fill in test and scenario. Until the
function is written the server goes on answering 501. When it searches the index or waits for stores, say so with
``WORK`` in its module (see ``bindery.api.operations.Work``): quick calls must not wait for slow ones.
"""

from __future__ import annotations

import re
import subprocess
import sys
from difflib import get_close_matches
from pathlib import Path

from bindery.api.operations import snake_case
from bindery.api.spec.model import Member, Operation, Parameter, load_models

ROOT = Path(__file__).resolve().parent.parent
_SAMPLES = {"string": "text", "integer": "1", "float": "0.5", "boolean": "true", "any": "{}"}

_MODULE = '''"""{name}. Source: help page api-{product}-{version}-{page}."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import not_implemented
from bindery.api.messages.{family} import {name}Request, {name}Response


def {function}(context: Context, request: {name}Request) -> {name}Response:
    """What it does, and where it goes beyond or behind the page.

    Takes {takes}.
    Gives {gives}.
    """
    raise not_implemented("{name}")
'''

_TEST = '''"""{name}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

WHOLE: dict[str, Any] = {whole}
REQUIRED = {required}


@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_needed(api: Api, name: str) -> None:
    rest = {{key: value for key, value in WHOLE.items() if key != name}}
    assert api.refused("{name}", **rest)[:2] == (400, f"Missing{{name}}")


def test_what_it_does(api: Api, dataset: dict[str, str]) -> None:
    assert api("{name}", **WHOLE | dataset) == {{}}
'''

_SCENARIO = """about: {name}, in one sentence.
names: [project]
steps:
  - call: CreateProject
    with: {{ProjectName: $project}}
  - call: CreateDataset
    with: {{ProjectName: $project, DatasetName: dataset}}
  - call: {name}
    with: {{{given}}}
    expect: {{RequestId: <any>}}
"""


def write_operation(operation: Operation, root: Path) -> list[Path]:
    """Write the three files below ``root``. Raises FileExistsError."""
    function = snake_case(operation.name)
    operations = root / "src" / "bindery" / "api" / "operations"
    scenarios = root / "tests" / "scenarios"
    files = {
        operations / operation.family / f"{function}.py": _module(operation, function),
        root / "tests" / "api" / "operations" / f"test_{function}.py": _test(operation),
        scenarios / f"{_next_number(scenarios):04}-{function.replace('_', '-')}.yaml": _scenario(operation),
    }
    for path in files:
        if path.exists():
            raise FileExistsError(path)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    package = operations / operation.family / "__init__.py"
    if not package.exists():
        package.write_text(f'"""The family {operation.family}."""\n', "utf-8")
    python = [path for path in files if path.suffix == ".py"]
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--config", str(ROOT / "pyproject.toml")]
    subprocess.run([*command, *python], check=True)
    return list(files)


def _module(operation: Operation, function: str) -> str:
    return _MODULE.format(
        name=operation.name,
        product=operation.product,
        version=operation.version,
        family=operation.family,
        page=operation.name.lower(),
        function=function,
        takes=_listed(operation.parameters),
        gives=_listed([member for member in operation.response if member.name != "RequestId"]),
    )


def _test(operation: Operation) -> str:
    required = [parameter for parameter in operation.parameters if parameter.required]
    lines = [f'    "{parameter.name}": {_sample(parameter)!r},\n' for parameter in required]
    names = "".join(f'    "{parameter.name}",\n' for parameter in required)
    return _TEST.format(
        name=operation.name, whole="{\n" + "".join(lines) + "}", required="[\n" + names + "]"
    )


def _scenario(operation: Operation) -> str:
    known = {"ProjectName": "$project", "DatasetName": "dataset"}
    given = [
        f"{parameter.name}: {known.get(parameter.name) or repr(_sample(parameter))}"
        for parameter in operation.parameters
        if parameter.required
    ]
    return _SCENARIO.format(name=operation.name, given=", ".join(given))


def _sample(parameter: Parameter) -> str:
    if parameter.encoding == "json":
        return "[]" if parameter.type.startswith("array") else "{}"
    if parameter.name in ("ProjectName", "DatasetName"):
        return parameter.name.removesuffix("Name").lower()
    return _SAMPLES[parameter.type]


def _listed(members: list[Member] | tuple[Parameter, ...]) -> str:
    texts = [f"{member.name} ({member.type})" for member in members]
    return ",\n    ".join(texts) or "nothing"


def _next_number(folder: Path) -> int:
    numbers = [int(match[1]) for path in folder.glob("*.yaml") if (match := re.match(r"(\d+)-", path.name))]
    return max(numbers, default=0) + 1


def _named(text: str) -> Operation:
    """The operation of a name or an id. Raises KeyError with what to do."""
    name = text.rpartition(":")[2]
    found = [operation for operation in load_models().named(name) if text in (name, operation.id)]
    if not found:
        near = get_close_matches(name, [operation.name for operation in load_models()], n=1)
        meant = f"did you mean {near[0]}?" if near else "see docs/coverage.md for all names"
        raise KeyError(f"the API has no operation {text}; {meant}")
    if len(found) > 1:
        raise KeyError(f"name one of {', '.join(operation.id for operation in found)}")
    return found[0]


def main() -> int:
    """The command."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        written = write_operation(_named(sys.argv[1]), ROOT)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 1
    except FileExistsError as error:
        print(f"{error} exists already", file=sys.stderr)
        return 1
    for path in written:
        print(path.relative_to(ROOT))
    print(
        "next: make docs, then write the function, its test and its scenario; WORK of its module says how slow it is"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
