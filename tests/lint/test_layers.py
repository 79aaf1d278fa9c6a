"""The import contracts of pyproject.toml name everything that there is: what they do not name, they do not hold."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from minnow import modalities


@pytest.fixture(scope="module")
def contracts():
    with (Path(__file__).parents[2] / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["importlinter"]["contracts"]


@pytest.fixture
def packages(project):
    """Every package and module directly under minnow, but for caches."""
    paths = [path for path in (project / "src" / "minnow").iterdir() if not path.name.startswith(("_", "."))]
    return {f"minnow.{path.stem}" for path in paths if path.suffix == ".py" or (path / "__init__.py").exists()}


def test_the_layers_name_every_package(contracts, packages):
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    named = {name.strip() for layer in layers for name in layer.split("|")}
    assert not packages - named, f"Add {sorted(packages - named)} to the layers in pyproject.toml."
    assert not named - packages - {"flows"}, f"Remove {sorted(named - packages - {'flows'})} from the layers."


def test_the_modalities_are_independent_all_of_them(contracts):
    (independent,) = (contract["modules"] for contract in contracts if contract["type"] == "independence")
    needed = {modalities.registry.module(name) for name in modalities.names()}
    assert set(independent) == needed, "Name every modality in the contract of independence in pyproject.toml."


def test_each_tool_is_forbidden_to_all_but_its_packages(contracts, packages):
    for contract in contracts:
        if contract["type"] == "forbidden":
            lacking = (packages | {"flows"}) - set(contract["source_modules"])
            allowed = {f"minnow.{name}" for name in ("stores", "stages", "runners", "tuning", "serving")}
            allowed |= {"flows"} if "prefect" in contract["forbidden_modules"] else set()
            strange = sorted(lacking - allowed)
            assert not strange, f"Add {strange} to source_modules of {contract['name']!r} in pyproject.toml."


def test_minnow_itself_imports_nothing_that_is_heavy(project):
    light = {"__future__", "collections.abc", "gc", "importlib.util", "logging", "os", "minnow"}
    for name in ("__init__.py", "environment.py"):
        tree = ast.parse((project / "src" / "minnow" / name).read_text())
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert imported <= light
