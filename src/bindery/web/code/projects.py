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
    steps = [f"    {step}" for step in (_BY_MANIFEST.get(language, program.install), run) if step]
    lines = ["# A call of the media management API", "", *steps, ""]
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


def _pom(program: Program) -> tuple[str, str]:
    group, artifact, version = program.install.partition("-Dartifact=")[2].split(":")
    return (
        "pom.xml",
        f"""\
<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>call</groupId>
  <artifactId>call</artifactId>
  <version>0.1.0</version>
  <properties>
    <maven.compiler.release>11</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
""",
    )


def _go_mod(program: Program) -> tuple[str, str]:
    needed = program.install.removeprefix("go get ").replace("@", " ").split()
    lines = "".join(
        f"\t{name} {version}\n" for name, version in zip(needed[::2], needed[1::2], strict=True)
    )
    return "go.mod", f"module call\n\ngo 1.21\n\nrequire (\n{lines})\n"


def _composer_json(program: Program) -> tuple[str, str]:
    needed = program.install.removeprefix("composer require ").split()
    content = {"require": {"php": ">=7.4"} | dict(each.split(":", 1) for each in needed)}
    return "composer.json", msgspec.json.format(msgspec.json.encode(content), indent=4).decode() + "\n"


def _csproj(program: Program) -> tuple[str, str]:
    name, _, version = program.install.removeprefix("dotnet add package ").partition(" --version ")
    return (
        "call.csproj",
        f"""\
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net8.0</TargetFramework>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="{name}" Version="{version}" />
  </ItemGroup>
</Project>
""",
    )


def _cmake_lists(program: Program) -> tuple[str, str]:
    return (
        "CMakeLists.txt",
        f"""\
cmake_minimum_required(VERSION 3.12)
project(call CXX)

find_path(SDK_INCLUDE alibabacloud/core/CommonClient.h REQUIRED)
find_library(SDK_CORE alibabacloud-sdk-core REQUIRED)

add_executable(call {program.file})
target_compile_features(call PRIVATE cxx_std_14)
target_include_directories(call PRIVATE ${{SDK_INCLUDE}})
target_link_libraries(call PRIVATE ${{SDK_CORE}})
""",
    )


_MANIFESTS = {
    "python": _pyproject,
    "python-async": _pyproject,
    "typescript": _package_json,
    "java": _pom,
    "go": _go_mod,
    "php": _composer_json,
    "csharp": _csproj,
    "cpp": _cmake_lists,
}
_RUN = {
    "python": "python main.py",
    "python-async": "python main.py",
    "typescript": "npm start",
    "java": "mvn -q compile org.codehaus.mojo:exec-maven-plugin:3.5.0:java -Dexec.mainClass=Call",
    "go": "go mod tidy && go run .",
    "php": "php main.php",
    "csharp": "dotnet run",
    "cpp": "cmake -B build && cmake --build build && build/call",
}
_BY_MANIFEST = {"java": "", "go": "", "php": "composer install", "csharp": ""}
"""What gets the packages of a project, where it is not the line that begins one."""
