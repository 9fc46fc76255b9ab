# SPDX-License-Identifier: Apache-2.0
"""The files of renode/ hold only what Renode 1.16.1 knows: types, keywords, commands. Renode itself is not needed for that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from robot.api import TestSuite as Suite
from robot.api import get_model
from robot.libraries.BuiltIn import BuiltIn
from robot.libraries.Collections import Collections

from motet import boards
from motet.emulate.keywords import platforms, script, targets
from motet.emulate.keywords.device import Device
from motet.emulate.keywords.library import keyword_names
from motet.paths import data

RENODE = data("renode")
PLATFORMS = sorted((RENODE / "platforms").glob("*.repl"))
SCRIPTS = sorted((RENODE / "boards").glob("*.resc"))
SUITES = targets.suites()
# Peripheral types of Renode 1.16.1 that these files use, with the properties each has there.
TYPES = {
    "Memory.MappedMemory": {"size"},
    "CPU.CortexM": {"cpuType", "nvic"},
    "CPU.RiscV32": {"cpuType", "timeProvider", "hartId"},
    "IRQControllers.NVIC": {"priorityMask", "systickFrequency", "IRQ"},
    "IRQControllers.PlatformLevelInterruptController": {"0", "numberOfSources", "numberOfContexts"},
    "IRQControllers.CoreLevelInterruptor": {"[0,1]", "frequency"},
    "UART.CMSDK_APB_UART": {"TxInterrupt", "RxInterrupt"},
    "UART.NS16550": {"IRQ"},
    "MTD.CFIFlash": {"fileName", "size", "bits"},
}
CPUS = {"cortex-m3", "cortex-m4", "cortex-m55", "rv32imac_zicsr_zifencei"}
FOREIGN = {"platforms/cpus/stm32f4.repl"}
COMMANDS = {("using",), ("mach", "create"), ("machine", "LoadPlatformDescription"), ("sysbus", "LoadELF"), ("runMacro",)}


def named(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", PLATFORMS, ids=named)
def test_a_platform_uses_only_types_and_properties_that_renode_has_and_loads_nothing(path: Path) -> None:
    found = platforms.load(path)
    assert set(found.foreign) <= FOREIGN
    for entry in found.entries.values():
        if entry.name == "sysbus":
            continue
        assert entry.type in TYPES, f"{entry.name}: {entry.type}"
        assert set(entry.properties) <= TYPES[entry.type], entry
        if "cpuType" in entry.properties:
            assert entry.properties["cpuType"].strip('"') in CPUS
    text = path.read_text()
    assert "http" not in text and "ApplySVD" not in text


@pytest.mark.parametrize("path", PLATFORMS, ids=named)
def test_a_platform_agrees_with_its_board(path: Path) -> None:
    found = platforms.load(path)
    board = boards.load(found.board)
    assert found.board == path.stem
    wired = {number for number in (board.links.link, board.links.console) if number is not None}
    assert wired <= set(found.uarts.values())
    own = [name for name in found.uarts if not found.foreign]
    assert all(name.removeprefix("sysbus.") in found.entries for name in own)


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_a_script_has_only_commands_that_renode_has_and_reloads_the_image_at_a_reset(path: Path) -> None:
    macros = []
    for command in script.commands(path.read_text()):
        if made := script.macro(command):
            macros.append(made)
            continue
        if script.ASSIGNMENT.match(command):
            continue
        words = tuple(command.split())
        assert words[:1] in COMMANDS or words[:2] in COMMANDS, command
    assert [(name, body.strip()) for name, body in macros] == [("reset", "sysbus LoadELF $bin")]
    assert f"$ORIGIN/../platforms/{path.stem}.repl" in path.read_text()


def test_each_board_that_renode_runs_has_its_three_files() -> None:
    assert [path.stem for path in PLATFORMS] == [path.stem for path in SCRIPTS] == targets.in_renode()
    assert set(targets.in_renode()) <= set(targets.emulated())


def names_in(suite: Path) -> set[str]:
    """Keywords that a suite or resource calls, in Robot's plain form."""
    tokens = [token for block in get_model(suite).sections for statement in _statements(block) for token in statement.tokens]
    return {_plain(token.value) for token in tokens if token.type == "KEYWORD"}


def _statements(block: object) -> list[object]:
    body = getattr(block, "body", None)
    return [block] if body is None else [inner for item in body for inner in _statements(item)]  # type: ignore[list-item]


def _plain(name: str) -> str:
    return re.sub(r"[ _]", "", name).lower()


KNOWN = {_plain(name) for library in (BuiltIn, Collections, Device) for name in dir(library) if not name.startswith("_")}
KNOWN |= {_plain(name) for name in keyword_names()}


@pytest.mark.parametrize("path", [*SUITES, RENODE / "suites/board.resource"], ids=lambda path: path.name)
def test_a_suite_calls_only_keywords_that_renode_or_our_device_library_has(path: Path) -> None:
    texts = [(RENODE / "suites/board.resource").read_text(), path.read_text()]
    ours = {_plain(name) for text in texts for name in re.findall(r"(?m)^([A-Z][\w ]+)$", text)}
    called = names_in(path)
    assert called, path
    assert called - KNOWN - ours == set()


@pytest.mark.parametrize("path", SUITES, ids=named)
def test_a_suite_leaves_set_up_and_tear_down_to_renode_and_gives_reasons_for_what_one_emulator_alone_runs(path: Path) -> None:
    suite = Suite.from_file_system(path)
    assert not suite.setup and not suite.teardown and suite.tests
    for test in suite.tests:
        assert not test.has_teardown
        if {"renode_only", "qemu_only"} & set(test.tags):
            assert test.doc, f"{test.name}: the first line of its documentation is the reason"
