"""Programs that the explorer shows: run unchanged, they do what the form does."""

from __future__ import annotations

import ast
import io
import json
import os
import platform
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from tests.conftest import ROOT_KEY, RunningServer

from bindery.api.operations import built_operations
from bindery.api.spec.model import Member, Parameter, load_models
from bindery.web.code.languages import LANGUAGES, Endpoint, write_program
from bindery.web.code.names import attribute, lower_first, snake
from bindery.web.code.projects import project_of

ODD = 'it\'s "图" \\ $HOME `x` é\u202e'
HERE = Endpoint("127.0.0.1:8180", "http", "cn-hangzhou")
QUERY = {
    "ProjectName": "p",
    "DatasetName": "d",
    "Query": {"Operation": "and", "SubQueries": [{"Field": "Filename", "Operation": "eq", "Value": ODD}]},
    "WithFields": ["URI", "Size"],
    "MaxResults": 5,
    "WithoutTotalHits": True,
}
SAVED = ("DeleteProject", "ResealAccessKeys", "RegisterBucket", "EstimateBinding")
"""Not called here: they would change what other tests have, or name folders of the machine."""


def sample(kind: str, model: Any, depth: int = 0) -> Any:
    """A value of a type."""
    if kind.startswith("array<"):
        return [sample(kind[6:-1], model, depth + 1)]
    if kind.startswith("map<"):
        return {"key": "value"}
    if kind in model.structs:
        members: tuple[Member, ...] = model.structs[kind].fields
        shown = [member for member in members if not member.extension and depth < 2][:3]
        return {member.name: sample(member.type, model, depth + 1) for member in shown}
    return {"integer": 3, "float": 1.5, "boolean": True}.get(kind, "made-by-a-program")


def sample_values(identifier: str) -> dict[str, Any]:
    """Everything that must be given, and some of what may be."""
    models = load_models()
    operation = models[identifier]

    def fits(parameter: Parameter) -> bool:
        return not parameter.extension and (parameter.required or parameter.type in ("integer", "boolean"))

    chosen = [parameter for parameter in operation.parameters if fits(parameter)]
    return {parameter.name: sample(parameter.type, models.model(operation)) for parameter in chosen}


BUILT = sorted(set(built_operations()))
CALLED = [identifier for identifier in BUILT if identifier.partition(":")[2] not in SAVED]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Credentials, where the vendor's clients and ours look for them."""
    for vendor in ("ALIBABA_CLOUD", "BINDERY"):
        monkeypatch.setenv(f"{vendor}_ACCESS_KEY_ID", ROOT_KEY[0])
        monkeypatch.setenv(f"{vendor}_ACCESS_KEY_SECRET", ROOT_KEY[1])
    return dict(os.environ)


@pytest.fixture
def endpoint(server: RunningServer) -> Endpoint:
    return Endpoint(server.address, "http", "cn-hangzhou")


def code_of(body: dict[str, Any]) -> str:
    return str(body.get("Code", "OK"))


def alike(identifier: str, got: str, wanted: str) -> bool:
    """Whoever makes or removes a thing a second time is told that it is there, or gone, already."""
    again = load_models()[identifier].level in ("create", "delete", "update")
    return got == wanted or (again and any("Exist" in code or "NotFound" in code for code in (got, wanted)))


PYTHON_DRIVER = """
import contextlib, io, json, os, pathlib, sys
seen = []
for path in sorted(pathlib.Path(sys.argv[1]).glob("call*.py")):
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(path.read_text(), path.name, "exec"), {"__name__": "__main__"})
        seen.append("OK" if printed.getvalue().startswith("{") else printed.getvalue())
    except Exception as error:
        seen.append(str(getattr(error, "code", error)))
print(json.dumps(seen), flush=True)
os._exit(0)  # the vendor's credentials provider leaves threads behind
"""


@pytest.mark.server
@pytest.mark.parametrize("language", ["python", "python-async"])
def test_python_does_what_the_form_does(
    language: str, server: RunningServer, environment: dict[str, str], endpoint: Endpoint, tmp_path: Path
) -> None:
    expected = []
    for number, identifier in enumerate(CALLED):
        values = sample_values(identifier)
        _, body = server.request(identifier.partition(":")[2], **values)
        expected.append(code_of(body))
        program = write_program(language, identifier, values, endpoint)
        (tmp_path / f"call{number:03}.py").write_text(program.text)
    driver = tmp_path / "driver.py"
    driver.write_text(PYTHON_DRIVER)
    done = subprocess.run(
        [sys.executable, str(driver), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    for identifier, got, wanted in zip(CALLED, json.loads(done.stdout), expected, strict=True):
        assert alike(identifier, got, wanted), (identifier, got, wanted)


@pytest.mark.server
def test_typescript_does_what_the_form_does(
    server: RunningServer, environment: dict[str, str], endpoint: Endpoint, node_packages: Path
) -> None:
    expected = {}
    for number, identifier in enumerate(CALLED):
        values = sample_values(identifier)
        _, expected[identifier] = server.request(identifier.partition(":")[2], **values)
        program = write_program("typescript", identifier, values, endpoint)
        (node_packages / f"call{number}.mjs").write_text(program.text)
    driver = node_packages / "driver.mjs"
    driver.write_text(
        "const seen = [];\nconst log = console.log;\nfor (let at = 0; at < COUNT; at += 1) {\n"
        "  console.log = (text) => { seen[at] = JSON.parse(text); };\n"
        "  try { await import(`./call${at}.mjs`); }\n"
        "  catch (error) { seen[at] = { Code: error.code ?? String(error) }; }\n}\n"
        "log(JSON.stringify(seen));\n".replace("COUNT", str(len(CALLED)))
    )
    done = subprocess.run(
        ["node", str(driver)], env=environment, capture_output=True, text=True, timeout=240, check=True
    )
    seen = json.loads(done.stdout)
    for identifier, body in zip(CALLED, seen, strict=True):
        assert alike(identifier, code_of(body), code_of(expected[identifier])), (identifier, body)


@pytest.mark.server
@pytest.mark.parametrize("language", ["python", "python-async"])
def test_a_downloaded_python_project_runs(
    language: str,
    server: RunningServer,
    environment: dict[str, str],
    endpoint: Endpoint,
    tmp_path: Path,
    new_name: Callable[[str], str],
) -> None:
    folder = unpacked(language, server, endpoint, new_name("downloaded"), tmp_path)
    named = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert SpecifierSet(named["requires-python"]).contains(platform.python_version())
    for each in map(Requirement, named["dependencies"]):
        assert each.specifier.contains(metadata.version(each.name)), each
    printed = run_in(folder, [sys.executable, "main.py"], environment)
    assert ast.literal_eval(printed)["Files"] == []


@pytest.mark.server
def test_a_downloaded_typescript_project_runs(
    server: RunningServer,
    environment: dict[str, str],
    endpoint: Endpoint,
    tmp_path: Path,
    node_packages: Path,
    new_name: Callable[[str], str],
) -> None:
    folder = unpacked("typescript", server, endpoint, new_name("downloaded"), tmp_path)
    modules = folder / "node_modules"
    modules.symlink_to(node_packages / "node_modules")
    for name, version in json.loads((folder / "package.json").read_text())["dependencies"].items():
        assert json.loads((modules / name / "package.json").read_text())["version"] == version
    printed = run_in(folder, ["npm", "start", "--silent"], environment)
    assert json.loads(printed)["Files"] == []


def unpacked(language: str, server: RunningServer, endpoint: Endpoint, project: str, folder: Path) -> Path:
    """The project of a query of a dataset without files, as a reader has it after a download."""
    server.make_dataset(project, "d")
    program = write_program(language, "imm:SimpleQuery", QUERY | {"ProjectName": project}, endpoint)
    with zipfile.ZipFile(io.BytesIO(project_of(language, program))) as archive:
        archive.extractall(folder)
    return folder / "call"


def run_in(folder: Path, command: list[str], environment: dict[str, str]) -> str:
    """What it prints."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.server
@pytest.mark.parametrize("language", ["curl", "bindery"])
def test_command_lines_do_what_the_form_does(
    language: str,
    server: RunningServer,
    environment: dict[str, str],
    endpoint: Endpoint,
    new_name: Callable[[str], str],
) -> None:
    project = new_name("written")
    server.make_dataset(project, "d")
    program = write_program(language, "imm:SimpleQuery", QUERY | {"ProjectName": project}, endpoint)
    bindery = f'bindery() {{ {sys.executable} -m bindery.cli.main "$@"; }}\n'
    done = subprocess.run(
        ["sh", "-c", bindery + program.text],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["Files"] == [], done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_operation_is_written_in_every_language(language: str) -> None:
    for identifier in BUILT:
        name = identifier.partition(":")[2]
        text = write_program(language, identifier, sample_values(identifier), HERE).text
        assert any(each in text for each in (name, snake(name), lower_first(name)))
        assert "undefined" not in text.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_secret_is_in_a_program(language: str) -> None:
    text = write_program(language, "imm:SimpleQuery", QUERY, HERE).text
    assert ROOT_KEY[1] not in text
    assert "ENVIRONMENT" in text.upper()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_call_is_the_same_archive(language: str) -> None:
    program = write_program(language, "imm:SimpleQuery", QUERY, HERE)
    packed = project_of(language, program)
    assert packed == project_of(language, program)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert f"call/{program.file}" in archive.namelist()


def test_texts_stay_what_they_are() -> None:
    text = write_program("python", "imm:SimpleQuery", QUERY, HERE).text
    assert "\u202e" not in text
    found: dict[str, Any] = {}
    request = text[text.index("request = ") : text.index("response = ")]
    exec("from alibabacloud_imm20200930 import models\n" + request, found)
    assert found["request"].query.sub_queries[0].value == ODD


@pytest.mark.parametrize(
    ("name", "python", "java"),
    [
        ("ProjectName", "project_name", "projectName"),
        ("URI", "uri", "URI"),
        ("OSSUserMeta", "ossuser_meta", "OSSUserMeta"),
        ("ContentMd5", "content_md_5", "contentMd5"),
        ("Base32StringSeed", "base_32string_seed", "base32StringSeed"),
        ("From", "from_", "from"),
    ],
)
def test_names(name: str, python: str, java: str) -> None:
    assert (attribute(name), lower_first(name)) == (python, java)
