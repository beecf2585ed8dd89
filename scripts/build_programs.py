"""Builds and runs the projects that people download from the explorer, with the vendor's packages from the registries.

    python scripts/build_programs.py            # every language
    python scripts/build_programs.py java go

Each project is unpacked and treated as its README says: what it needs is fetched by its language's own tool, then it is
built and run against a server that is started for it. A language without its tools, or whose registry is not reached,
is told as such. Ends with 1 when a project could be fetched and does not build, or runs and does not print the answer.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from bindery.cli.client import Client
from bindery.testing.server import BinderyServer
from bindery.web.code.languages import Endpoint, write_program
from bindery.web.code.projects import project_of

_SECONDS = 600
_SHOWN = 400
"""Characters of what a tool says at its end."""
_CALLS: dict[str, dict[str, Any]] = {
    "imm:SimpleQuery": {
        "ProjectName": "p",
        "DatasetName": "d",
        "Query": {"Field": "Filename", "Operation": "eq", "Value": 'it\'s "图" \\ $HOME'},
        "MaxResults": 5,
    },
    "imm:ListBindings": {"ProjectName": "p", "DatasetName": "d"},
    "ram:ListUsers": {"MaxItems": 3},
}
"""Of the typed clients of two products, and with what the older releases of them do not know."""


class Steps(NamedTuple):
    """How a project becomes a program that has run: shell lines, in its folder."""

    fetch: str
    build: str
    run: str
    tools: tuple[str, ...]


LANGUAGES = {
    "python": Steps(
        "python3 -m venv v && v/bin/pip install -q .", "", "v/bin/python main.py", ("python3",)
    ),
    "python-async": Steps(
        "python3 -m venv v && v/bin/pip install -q .", "", "v/bin/python main.py", ("python3",)
    ),
    "typescript": Steps(
        "npm install --silent && npm install --silent --no-save typescript @types/node",
        "npx tsc --noEmit --strict --target es2022 --module nodenext --skipLibCheck main.mts",
        "npm start --silent",
        ("node", "npm"),
    ),
    "java": Steps(
        "mvn -q -B -Dstyle.color=never dependency:resolve",
        "mvn -q -B -Dstyle.color=never compile",
        "mvn -q -B -Dstyle.color=never org.codehaus.mojo:exec-maven-plugin:3.5.0:java -Dexec.mainClass=Call",
        ("javac", "mvn"),
    ),
    "go": Steps("go mod tidy", "go vet .", "go run .", ("go",)),
    "php": Steps("composer install -q", "php -l main.php", "php main.php", ("php", "composer")),
    "csharp": Steps("dotnet restore", "dotnet build --no-restore", "dotnet run --no-build", ("dotnet",)),
    "cpp": Steps("cmake -B build", "cmake --build build", "build/call", ("cmake", "c++")),
}


def main(names: list[str]) -> int:
    """A line for each language and call; the exit code."""
    unknown = sorted(set(names) - set(LANGUAGES))
    if unknown:
        print(f"no such language: {', '.join(unknown)}; one of {', '.join(LANGUAGES)}", file=sys.stderr)
        return 2
    with BinderyServer() as server, TemporaryDirectory() as folder:
        client = Client(server.endpoint, server.access_key_id, server.access_key_secret)
        client.call("CreateProject", ProjectName="p")
        client.call("CreateDataset", ProjectName="p", DatasetName="d")
        broken = [name for name in names or LANGUAGES if not _try_language(name, server, Path(folder))]
    return 1 if broken else 0


def _try_language(name: str, server: BinderyServer, folder: Path) -> bool:
    """Whether nothing is wrong with its projects."""
    steps = LANGUAGES[name]
    missing = [tool for tool in steps.tools if shutil.which(tool) is None]
    if missing:
        print(f"{name}: not tried, for it needs {', '.join(missing)}")
        return True
    endpoint = Endpoint(server.address, "http", "cn-hangzhou")
    fine = True
    for identifier, values in _CALLS.items():
        packed = project_of(name, write_program(name, identifier, values, endpoint))
        place = folder / name / identifier.partition(":")[2]
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            archive.extractall(place)
        problem = _try_project(steps, place / "call", server)
        print(f"{name}: {identifier}: {problem or 'runs'}", flush=True)
        fine &= not problem or problem.startswith("not fetched")
    return fine


def _try_project(steps: Steps, folder: Path, server: BinderyServer) -> str:
    """What is wrong; empty when it has printed the answer."""
    environment = dict(os.environ)
    for vendor in ("ALIBABA_CLOUD", "BINDERY"):
        environment[f"{vendor}_ACCESS_KEY_ID"] = server.access_key_id
        environment[f"{vendor}_ACCESS_KEY_SECRET"] = server.access_key_secret
    for what, line in (("fetched", steps.fetch), ("built", steps.build)):
        done = _shell(line, folder, environment)
        if done.returncode:
            return f"not {what}: {_end_of(done)}"
    done = _shell(steps.run, folder, environment)
    # Each language prints in its own way.
    return "" if "RequestId" in done.stdout else f"has not run: {_end_of(done)}"


def _end_of(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or done.stdout.strip())[-_SHOWN:]


def _shell(line: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
