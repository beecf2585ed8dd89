"""The wheel that users install: whole, and works without the repository."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.servers.ending import ends_with_us

from bindery import __version__

_ROOT = Path(__file__).parent.parent
_IMPORT_ALL = """
import importlib, pkgutil, bindery
assert "site-packages" in bindery.__file__ and {folder!r} in bindery.__file__, bindery.__file__
for module in pkgutil.walk_packages(bindery.__path__, "bindery."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def _run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that has the wheel; what it needs comes from the one of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    _run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, _ROOT)
    (wheel,) = folder.glob("*.whl")
    assert wheel.name == f"bindery_imm-{__version__}-py3-none-any.whl"
    _check_content(zipfile.ZipFile(wheel).namelist())
    environment = folder / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", environment)
    (packages,) = environment.glob("lib/python3*/site-packages")
    needed = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "needed.pth").write_text("\n".join(needed))
    _run(*pip, "--python", environment / "bin" / "python", "install", "--no-deps", wheel)
    return environment / "bin"


def _check_content(names: list[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"bindery", f"bindery_imm-{__version__}.dist-info"}
    sources = {f"bindery/{path.relative_to(_ROOT / 'src' / 'bindery')}" for path in _sources()}
    assert not sources - set(names)


def _sources() -> list[Path]:
    files = (_ROOT / "src" / "bindery").rglob("*")
    return [path for path in files if path.is_file() and "__pycache__" not in path.parts]


@pytest.mark.server
def test_an_installed_wheel_works(installed: Path, tmp_path: Path) -> None:
    assert __version__ in _run(installed / "bindery", "--version")
    assert "max_request_line" in _run(installed / "bindery", "docs", "configuration")
    _run(installed / "python", "-c", _IMPORT_ALL.format(folder=str(installed.parent)))
    command = [installed / "bindery", "serve", "--port", "0", "--data", tmp_path / "data"]
    with subprocess.Popen(
        ends_with_us(command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("bindery ready http://127.0.0.1:")
        process.terminate()
        assert process.wait(60) == 0
