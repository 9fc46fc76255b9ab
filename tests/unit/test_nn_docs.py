# SPDX-License-Identifier: Apache-2.0
"""docs/nn.md and wit/nn say what the engine does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from motet.models.children import WHEEL_VERSION
from motet.models.folding import RULES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/nn.md").read_text()
WIT = ROOT / "wit/nn/nn.wit"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    specification = importlib.util.spec_from_file_location("make_nn_matrix", ROOT / "tools/make_nn_matrix.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_operator_matrix_is_that_of_the_registry(tool: ModuleType) -> None:
    assert tool.current(PAGE) == PAGE, "run tools/make_nn_matrix.py"


def test_every_registered_operator_is_in_the_matrix(tool: ModuleType) -> None:
    text = (ROOT / "firmware/native/nn/registry.c").read_text()
    symbols = set(re.findall(r"&(nn_\w+)", text))
    assert symbols == {symbol for symbol, _ in tool.registered()} and symbols <= set(tool.kernels())


def test_every_rule_of_the_packer_is_described() -> None:
    packing = PAGE.partition("## Packing")[2].partition("## Exactness")[0]
    assert set(re.findall(r"`(\w+_\w+)`", packing)) == set(RULES)


def test_the_version_that_results_are_exact_to_is_the_one_that_tests_use() -> None:
    assert f"tflite-micro=={WHEEL_VERSION}" in PAGE
    assert (ROOT / "pyproject.toml").read_text().count(f'"tflite-micro=={WHEEL_VERSION}"') == 2


def test_links_of_the_page_lead_somewhere() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE)]
    assert links and all((ROOT / "docs" / link).exists() for link in links)


def test_components_see_the_element_types_of_the_engine() -> None:
    header = (ROOT / "firmware/native/nn/nn.h").read_text()
    engine = {name.lower().replace("bool", "boolean") for name in re.findall(r"NN_(\w+) = \d+", header)}
    block = re.search(r"enum element-type \{([^}]*)\}", WIT.read_text())
    assert block is not None and {one.strip() for one in block[1].split(",") if one.strip()} == engine
