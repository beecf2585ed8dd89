"""The script that reads the API model of a product from its SDK."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS = [("ram", "alibabacloud_ram20150501"), ("sts", "alibabacloud_sts20150401")]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("read_sdk", ROOT / "scripts" / "read_sdk.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("product", "package"), PRODUCTS)
def test_the_models_are_what_the_sdks_say(script: ModuleType, product: str, package: str) -> None:
    pytest.importorskip(package)
    path = ROOT / "src" / "bindery" / "api" / "spec" / product / "operations.json"
    assert msgspec.json.decode(path.read_bytes()) == script.read_model(product, package)


@pytest.mark.parametrize(("product", "package"), PRODUCTS)
def test_every_method_of_an_sdk_is_an_operation(product: str, package: str) -> None:
    client = pytest.importorskip(f"{package}.client").Client
    methods = {
        name.removesuffix("with_options").replace("_", "")
        for name in dir(client)
        if name.endswith("with_options")
    }
    path = ROOT / "src" / "bindery" / "api" / "spec" / product / "operations.json"
    assert {name.lower() for name in msgspec.json.decode(path.read_bytes())["operations"]} == methods


def test_a_package_that_is_not_there_is_told(script: ModuleType) -> None:
    with pytest.raises(SystemExit, match="pip install nosuchpackage"):
        script.Sdk("nosuchpackage")
