"""Programs in languages that run nowhere here: parsed by their grammars, and the same as golden files.

The golden files were compiled, when they were written, against the sources of the vendor's packages (Java, C++) or
read by the tools of their languages (``gofmt``, ``php -l``, ``mcs --parse``). ``BINDERY_GOLDEN=1`` writes them anew.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_c_sharp
import tree_sitter_cpp
import tree_sitter_go
import tree_sitter_java
import tree_sitter_php
from tests.web.test_code import BUILT, HERE, QUERY, sample, sample_values
from tree_sitter import Language, Node, Parser

from bindery.api.spec.model import load_models
from bindery.web.code.described_call import describe_call
from bindery.web.code.languages import write_program
from bindery.web.code.projects import project_of

GOLDEN = Path(__file__).parent / "golden"
ODD = (
    'it\'s "q" \\ \\u0022 \\n $HOME ${x} #{y} {$z} %s `b` 图é\u202e\u2066\u200d\0\x001\n\r\t\x07\x7f'
    '\u2028??/ \U0001f600 */ // ?> <?php """ \'\'\'" end\\'
)
GRAMMARS = {
    "java": tree_sitter_java.language(),
    "go": tree_sitter_go.language(),
    "php": tree_sitter_php.language_php(),
    "csharp": tree_sitter_c_sharp.language(),
    "cpp": tree_sitter_cpp.language(),
}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "SimpleQuery": (
        "imm:SimpleQuery",
        QUERY
        | {
            "Query": {
                "Operation": "and",
                "SubQueries": [{"Field": "Filename", "Operation": "eq", "Value": ODD}],
            },
            "Aggregations": [{"Field": "Size", "Operation": "sum"}],
        },
    ),
    "CreateBinding": (
        "imm:CreateBinding",
        {"ProjectName": "p", "DatasetName": "d", "URI": "oss://b", "Scope": {"Prefixes": ["photos/", ODD]}},
    ),
    "TagResources": (
        "ram:TagResources",
        {
            "ResourceType": "user",
            "ResourceNames": ["ann", "ben"],
            "Tag": [{"Key": "team", "Value": "media"}, {"Key": ODD, "Value": "$"}],
        },
    ),
}


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def parsed(language: str, text: str) -> Node:
    tree = Parser(Language(GRAMMARS[language])).parse(text.encode())
    assert not tree.root_node.has_error, [
        (node.start_point, node.text) for node in nodes(tree.root_node) if node.is_error or node.is_missing
    ]
    return tree.root_node


def every_value(identifier: str) -> dict[str, Any]:
    models = load_models()
    operation = models[identifier]
    model = models.model(operation)
    return {
        parameter.name: sample(parameter.type, model)
        for parameter in operation.parameters
        if not parameter.extension
    }


@pytest.mark.parametrize("language", GRAMMARS)
def test_every_operation_parses(language: str) -> None:
    for identifier in BUILT:
        for values in (sample_values(identifier), every_value(identifier)):
            parsed(language, write_program(language, identifier, values, HERE).text)


LITERALS = ("string_literal", "interpreted_string_literal", "encapsed_string", "string")


def text_of(language: str, literal: str) -> str:
    """What a literal means in its language."""
    literal = literal.removesuffix("s") if language == "cpp" else literal
    if language == "php" and literal.startswith("'"):
        return re.sub(r"\\([\\'])", r"\1", literal[1:-1])
    if language == "php":
        units = re.sub(r"(?<!\\)((?:\\\\)*)\\u\{([0-9a-f]+)\}", long_escape, literal.replace("\\$", "$"))
        return str(ast.literal_eval(units))
    if language in ("go", "cpp"):
        raw = ast.literal_eval("b" + ascii_only(literal.replace("?\\?", "??")))
        return str(raw.decode())
    return str(json.loads(literal))


def long_escape(match: re.Match[str]) -> str:
    return f"{match[1]}\\U{int(match[2], 16):08x}"


def ascii_only(literal: str) -> str:
    return "".join(
        letter if letter.isascii() else "".join(f"\\x{byte:02x}" for byte in letter.encode())
        for letter in literal
    )


def literals(language: str, root: Node) -> set[str]:
    found = (node for node in nodes(root) if node.type in LITERALS)
    return {text_of(language, node.text.decode()) for node in found if node.text}


@pytest.mark.parametrize("language", GRAMMARS)
def test_odd_texts_stay_what_they_are(language: str) -> None:
    text = write_program(language, "ram:TagResources", CALLS["TagResources"][1], HERE).text
    for hidden in "\u202e\u2066\u200d\0\r\x07\x7f\u2028":
        assert hidden not in text
    found = literals(language, parsed(language, text))
    tags = (tag for each in found if each.startswith("[{") for tag in json.loads(each))
    assert ODD in found or ODD in {tag["Key"] for tag in tags}


@pytest.mark.parametrize("language", GRAMMARS)
@pytest.mark.parametrize("name", CALLS)
def test_programs_are_those_of_the_golden_files(language: str, name: str) -> None:
    identifier, values = CALLS[name]
    program = write_program(language, identifier, values, HERE)
    text = f"{program.install}\n\n{program.text}"
    golden = GOLDEN / f"{name}.{language}.txt"
    if os.environ.get("BINDERY_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("language", GRAMMARS)
def test_what_a_release_does_not_know_is_sent_by_the_generic_client(language: str) -> None:
    values = {"RoleName": "r", "AllowConsoleLogin": True}
    text = write_program(language, "ram:CreateRole", values, HERE).text
    assert "AllowConsoleLogin" in text
    assert "CreateRoleRequest" not in text


def test_numbers_that_no_type_holds_are_sent_as_texts() -> None:
    values = {"ProjectName": "p", "DatasetName": "d", "MaxResults": 1 << 40}
    call = describe_call("imm:SimpleQuery", values)
    assert call.generic
    assert dict(call.texts)["MaxResults"] == str(1 << 40)


def files_of(language: str, name: str) -> dict[str, str]:
    identifier, values = CALLS[name]
    packed = project_of(language, write_program(language, identifier, values, HERE))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {each.removeprefix("call/"): archive.read(each).decode() for each in archive.namelist()}


@pytest.mark.parametrize("name", CALLS)
def test_projects_name_what_they_need(name: str) -> None:
    generic = name == "CreateBinding"
    pom = ET.fromstring(files_of("java", name)["pom.xml"])
    artifact = pom.find(".//{*}dependency/{*}artifactId")
    assert artifact is not None
    assert artifact.text == ("tea-openapi" if generic else CALLS[name][0][:3] + PACKED[name])
    package = ET.fromstring(files_of("csharp", name)["call.csproj"]).find(".//PackageReference")
    assert package is not None
    assert re.fullmatch(r"[0-9.]+", package.attrib["Version"])
    required = json.loads(files_of("php", name)["composer.json"])["require"]
    assert required["alibabacloud/credentials"] == "^1.2.2"
    modules = re.findall(r"^\t(\S+) v[0-9.]+$", files_of("go", name)["go.mod"], re.MULTILINE)
    imported = re.findall(r'"(github\.com/[^"]+)"', files_of("go", name)["main.go"])
    assert all(any(path.startswith(f"{module}/") for module in modules) for path in imported)
    assert "main.cpp" in files_of("cpp", name)["CMakeLists.txt"]


PACKED = {"SimpleQuery": "20200930", "TagResources": "20150501", "CreateBinding": ""}


def test_python_projects_can_be_read() -> None:
    assert tomllib.loads(files_of("python", "SimpleQuery")["pyproject.toml"])["project"]["dependencies"]
