# SPDX-License-Identifier: Apache-2.0
"""The names motet_native offers are those its stubs document."""

import ast
import importlib
from pathlib import Path

import motet_native
import pytest

STUBS = Path(motet_native.__file__).parent
# Named in the stubs for annotations; not there at run time.
TYPES_ONLY = {"Stats", "Tensor"}


def public(names: set[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def declared(body: list[ast.stmt]) -> set[str]:
    """Functions, classes and annotated names of a stub's module or class."""
    names = {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names |= {node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    return public(names)


def own(kind: type) -> set[str]:
    return public(set(vars(kind)))


@pytest.mark.parametrize("part", ["wasm", "nn", "frame"])
def test_every_part_has_exactly_what_its_stub_says(part: str) -> None:
    module = importlib.import_module(f"motet_native.{part}")
    tree = ast.parse((STUBS / f"{part}.pyi").read_text())
    documented = declared(tree.body) - TYPES_ONLY
    assert documented == public(set(vars(module)))


@pytest.mark.parametrize(
    ("part", "name"),
    [("wasm", "Instance"), ("wasm", "Function"), ("wasm", "Guard"), ("nn", "Model"), ("frame", "Link"), ("frame", "Decoder")],
)
def test_every_class_has_exactly_what_its_stub_says(part: str, name: str) -> None:
    tree = ast.parse((STUBS / f"{part}.pyi").read_text())
    (node,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    assert declared(node.body) == own(getattr(importlib.import_module(f"motet_native.{part}"), name))


def test_the_stubs_are_marked_as_types() -> None:
    assert (STUBS / "py.typed").exists()
