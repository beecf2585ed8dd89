"""A program as a project that runs: what it needs is named in the form of its language."""

from __future__ import annotations

import io
import zipfile

import msgspec

from bindery.web.code.languages import Program

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""Archives of the same call are the same to the last byte."""


def project_of(language: str, program: Program) -> bytes:
    """A ZIP archive with the program, what it needs, and how to run it."""
    files = {program.file: program.text, "README.md": _readme(language, program)}
    if language in _MANIFESTS:
        name, text = _MANIFESTS[language](program)
        files[name] = text
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(f"call/{name}", _EARLIEST), text)
    return packed.getvalue()


def _readme(language: str, program: Program) -> str:
    run = _RUN.get(language, f"sh {program.file}")
    lines = ["# A call of the media management API", "", "    " + program.install, "    " + run, ""]
    lines += ["Set the credentials in the environment first.", ""]
    return "\n".join(lines)


def _pyproject(program: Program) -> tuple[str, str]:
    needed = program.install.removeprefix("pip install ").split()
    quoted = ", ".join(f'"{each}"' for each in needed)
    return "pyproject.toml", (
        f'[project]\nname = "call"\nversion = "0.1.0"\nrequires-python = ">=3.9"\ndependencies = [{quoted}]\n'
    )


def _package_json(program: Program) -> tuple[str, str]:
    needed = program.install.removeprefix("npm install ").split()
    content = {
        "name": "call",
        "version": "0.1.0",
        "private": True,
        "type": "module",
        "scripts": {"start": f"npx tsx {program.file}"},
        "dependencies": dict(each.rsplit("@", 1) for each in needed),
        "devDependencies": {"tsx": "^4"},
    }
    return "package.json", msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


_MANIFESTS = {"python": _pyproject, "python-async": _pyproject, "typescript": _package_json}
_RUN = {"python": "python main.py", "python-async": "python main.py", "typescript": "npm start"}
