# SPDX-License-Identifier: Apache-2.0
"""A contract that breaks components says so in its version, or CI fails."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from tests.support.tooling import wasm_tools

from motet import paths
from motet.components import witdiff
from motet.components.witdiff import Package
from motet.components.witparser import parse

ROOT = Path(__file__).resolve().parents[2]
OFFERED = """
interface pins {
  enum level { low, high }
  record about { pin: u32, level: level }
  /// Docs.
  get: func(pin: u32) -> result<level, string>;
  all: func() -> list<about>;
}
world user { import pins; export run: func(); }
"""


def package(text: str, version: str = "0.1.0", name: str = "test:pins") -> Package:
    return witdiff.packages([parse(f"package {name}@{version};\n{text}", "p.wit")])[name]


def said(change: tuple[str, str], version: str = "0.1.0", released: str = "0.1.0", name: str = "test:pins") -> str | None:
    """What is wrong with the package after `change` (this text becomes that one) under `version`."""
    assert change[0] in OFFERED
    return witdiff.problem(package(OFFERED, released, name), package(OFFERED.replace(*change), version, name))


def test_nothing_is_said_when_nothing_or_only_words_change() -> None:
    assert said(("/// Docs.", "/// Other words.")) is None
    assert said(("/// Docs.", "/// Docs."), "0.1.1") is None
    assert said(("level: level }", "level: level, }")) is None


BREAKING = [
    (("all: func() -> list<about>;", ""), "function all is gone"),
    (("get: func(pin: u32)", "get: func(pin: u64)"), "function get takes or gives something else"),
    (("get: func(pin: u32)", "get: func(number: u32)"), "function get takes"),
    (("-> result<level, string>", "-> level"), "function get takes"),
    (("{ low, high }", "{ low, high, open }"), "type level is another"),
    (("{ low, high }", "{ high, low }"), "type level is another"),
    (("pin: u32, level: level }", "level: level, pin: u32 }"), "type about is another"),
    (("export run: func();", "export run: func(); export stop: func();"), "function stop is new"),
    (("world user", "world others"), "world user is gone"),
]


@pytest.mark.parametrize(("change", "words"), BREAKING)
def test_what_breaks_needs_a_new_minor_version_below_1_and_a_major_one_after(change: tuple[str, str], words: str) -> None:
    for version in ("0.1.0", "0.1.9"):
        problem = said(change, version)
        assert problem is not None and words in problem and "raise it to 0.2.0" in problem
    assert said(change, "0.2.0") is None and said(change, "1.0.0") is None
    problem = said(change, "1.3.0", "1.2.0")
    assert problem is not None and "raise it to 2.0.0" in problem
    assert said(change, "2.0.0", "1.2.0") is None


ADDING = [
    ("all: func() -> list<about>;", "all: func() -> list<about>; more: func();"),
    ("/// Docs.", "flags marks { a }"),
    ("world user", "interface more { f: func(); } world user"),
    ("export run: func();", ""),
]


@pytest.mark.parametrize("change", ADDING)
def test_what_adds_needs_any_newer_version(change: tuple[str, str]) -> None:
    problem = said(change)
    assert problem is not None and "raise the version, 0.1.0 is released" in problem
    assert said(change, "0.1.1") is None


def test_of_what_components_export_one_more_breaks_and_one_less_does_not() -> None:
    two = package("interface life { init: func(); health: func(); }", name="motet:component")
    one = package("interface life { init: func(); }", "0.1.1", name="motet:component")
    assert witdiff.problem(two, one) is None
    problem = witdiff.problem(replace(one, version="0.1.0"), replace(two, version="0.1.1"))
    assert problem is not None and "function health is new" in problem


def inlined(text: str, world: str) -> str:
    """The world with its interface written into it, under another name: so one file holds two versions of it."""
    body = re.search(r"interface pins \{(.*?)\n\}", text, re.DOTALL)
    assert body is not None
    return (
        text[text.index("world user") :].replace("import pins;", f"import pins: interface {{{body[1]}}}").replace("user", world)
    )


@pytest.mark.parametrize("change", [*(change for change, _ in BREAKING[:-1]), *ADDING[:2], ADDING[3]])
def test_wasm_tools_judges_the_world_alike(change: tuple[str, str], tmp_path: Path) -> None:
    tool = wasm_tools()
    if tool is None:
        pytest.skip("wasm-tools is not there: run tools/fetch.py wasm-tools")
    both = inlined(OFFERED, "old") + inlined(OFFERED.replace(*change), "new")
    (tmp_path / "both.wit").write_text(f"package test:pins;\n{both}")
    command = [tool, "component", "semver-check", "--prev", "old", "--new", "new", "both.wit"]
    judged = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    breaking = any(found.breaking for found in witdiff.changes(package(OFFERED), package(OFFERED.replace(*change))))
    assert (judged.returncode != 0) == breaking, judged.stderr


def test_a_version_never_goes_back() -> None:
    problem = said(("/// Docs.", ""), "0.1.0", "0.10.0")
    assert problem is not None and "older than the released 0.10.0" in problem


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    specification = importlib.util.spec_from_file_location("check_wit", ROOT / "tools/check_wit.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_packages_of_motet_keep_what_they_released(tool: ModuleType) -> None:
    assert tool.problems(paths.data("wit")) == []


def test_a_change_of_a_real_package_is_found_against_its_copy(tool: ModuleType, tmp_path: Path) -> None:
    wit = tmp_path / "wit"
    shutil.copytree(paths.data("wit"), wit, ignore=shutil.ignore_patterns("released"))
    assert len(tool.release(wit)) == 4 and tool.release(wit) == [] and tool.problems(wit) == []
    gpio = wit / "device/gpio.wit"
    gpio.write_text(gpio.read_text().replace("level: bool)", "level: u8)"))
    (found,) = tool.problems(wit)
    assert "motet:device/gpio: function set takes or gives something else" in found and "0.2.0" in found
    shutil.rmtree(wit / "nn")
    assert any("motet:nn: released as 0.1.0, and gone" in problem for problem in tool.problems(wit))
