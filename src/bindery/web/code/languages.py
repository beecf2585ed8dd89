"""The languages that calls are shown in: for each what to install, and the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import jinja2
import msgspec

from bindery.web.code import command_lines, cpp, csharp, go, java, php, python, typescript
from bindery.web.code.described_call import DescribedCall, describe_call
from bindery.web.code.releases import TRAILING, UNKNOWN


class Endpoint(msgspec.Struct, frozen=True):
    """Where the server is."""

    host: str
    """``HOST:PORT``"""
    protocol: str
    """``http`` or ``https``"""
    region: str


class Program(msgspec.Struct, frozen=True):
    """What is shown."""

    install: str
    text: str
    file: str
    """What the program is called as a file."""


class Language(Protocol):
    """One way to write a call."""

    TITLE: str
    FILE: str
    TEMPLATE: str

    @staticmethod
    def context(call: DescribedCall) -> Mapping[str, Any]:
        """What its template shows, and ``install``: the line that installs what it needs."""


LANGUAGES: Mapping[str, Language] = {
    "python": python.Python,
    "python-async": python.PythonAsync,
    "typescript": typescript.TypeScript,
    "java": java.Java,
    "go": go.Go,
    "php": php.Php,
    "csharp": csharp.CSharp,
    "cpp": cpp.Cpp,
    "aliyun": command_lines.Aliyun,
    "curl": command_lines.Curl,
    "bindery": command_lines.Bindery,
}
_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("bindery.web.code"),
    autoescape=False,  # noqa: S701  programs, shown as text
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def write_program(language: str, identifier: str, values: Mapping[str, Any], endpoint: Endpoint) -> Program:
    """The program that makes this call. Raises KeyError for a language or an operation that there is not."""
    wanted = LANGUAGES[language]
    call = describe_call(identifier, values, UNKNOWN if language in TRAILING else frozenset())
    context = wanted.context(call)
    text = _environment.get_template(wanted.TEMPLATE).render(call=call, endpoint=endpoint, **context)
    return Program(context["install"], text, wanted.FILE)
