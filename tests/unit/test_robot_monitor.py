# SPDX-License-Identifier: Apache-2.0
"""Renode's Monitor language and platform files: what is understood, and that nothing else is passed over in silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from motet.emulate.keywords import platforms, script
from motet.emulate.keywords.errors import KeywordError, Unsupported
from motet.emulate.keywords.library import Renode, keyword_names

REPL = """//@motet board stm32f405
//@motet uart 0 usart1
//@motet uart 1 usart2
using "platforms/cpus/stm32f4.repl"
ram: Memory.MappedMemory @ sysbus 0x2000_0000 // comment
    size: 0x1000
cpu: CPU.CortexM @ sysbus
    nvic: nvic
"""


@pytest.fixture
def renode() -> Iterator[Renode]:
    library = Renode()
    yield library
    library.close()


@pytest.fixture
def created(renode: Renode, tmp_path: Path) -> Renode:
    """A machine with a platform, not powered."""
    (tmp_path / "board.repl").write_text(REPL)
    renode.execute_command('mach create "one"')
    renode.execute_command(f"machine LoadPlatformDescription @{tmp_path / 'board.repl'}")
    return renode


def test_words_know_quotes_paths_variables_and_comments() -> None:
    found = script.words("sysbus LoadELF @$dir/a.elf \"two words\" '$x' # rest", {"dir": "/x"})
    assert [word.text for word in found] == ["sysbus", "LoadELF", "/x/a.elf", "two words", "$x"]
    assert found[2].path and found[3].quoted


def test_an_unknown_variable_and_an_open_quote_are_told() -> None:
    with pytest.raises(KeywordError, match=r"No such variable: \$bin"):
        script.words("sysbus LoadELF $bin", {})
    with pytest.raises(KeywordError, match="could not tokenize"):
        script.words('mach create "open', {})


def test_a_script_sets_variables_includes_others_and_runs_macros(renode: Renode, tmp_path: Path) -> None:
    (tmp_path / "board.repl").write_text(REPL)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/inner.resc").write_text("$inner=$ORIGIN/x\n")
    (tmp_path / "main.resc").write_text(
        ':name: Board\n# comment\n$bin?=@none.elf\n$other?="two words"\ninclude $ORIGIN/deep/inner.resc\n'
        'using sysbus\nmach create "m"\nmachine LoadPlatformDescription $ORIGIN/board.repl\n'
        'macro reset\n"""\n    set done $bin\n"""\nrunMacro $reset\n'
    )
    renode.execute_command("$bin=@given.elf")
    renode.execute_script(str(tmp_path / "main.resc"))
    expected = {"bin": "given.elf", "other": "two words", "inner": f"{tmp_path}/deep/x", "done": "given.elf"}
    assert renode.emulation.variables == expected
    assert list(renode.emulation.machines) == ["m"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flyToTheMoon now", "No such command or device: flyToTheMoon"),
        ("include @none.resc", "none.resc: No such file"),
        ('macro reset\n"""\nstart\n', 'the closing """ is missing'),
        ("include $ORIGIN/main.resc", "include each other without end"),
        ("machine Reset", "no machine is selected"),
        ('mach create "a"\nmach create "a"', "already exists"),
        ('mach create "a"\nsysbus LoadELF @missing.elf', "no such file: missing.elf"),
        ('mach create "a"\nmachine LoadPlatformDescription @missing.repl', "missing.repl: No such file"),
        ('mach create "a"\nmotet LoadBoard "teapot"', "no board is called 'teapot'"),
        ('mach create "a"\nmotet LoadBoard "stm32f405"\nstart', "sysbus LoadELF comes first"),
        ('mach create "a"\nsysbus ReadDoubleWord nonsense', "arguments missing or wrong"),
        ("runMacro $nothing", "No such macro: nothing"),
        ('emulation CreateServerSocketTerminal 0 "t"', "put false behind"),
        ('connector Connect sysbus.uart0 "none"', "No such element: none"),
    ],
)
def test_what_is_wrong_in_a_script_is_told_with_its_line(renode: Renode, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "main.resc"
    path.write_text(text)
    with pytest.raises(KeywordError, match=r"main\.resc") as caught:
        renode.execute_script(str(path))
    assert message in str(caught.value)


def test_a_command_that_only_renode_has_skips_the_test(renode: Renode) -> None:
    with pytest.raises(Unsupported, match="only Renode can") as caught:
        renode.execute_command("sysbus AddWatchpointHook 0x1 DoubleWord Write 'x'")
    assert caught.value.ROBOT_SKIP_EXECUTION


def test_a_keyword_that_only_renode_has_skips_the_test_and_says_why(renode: Renode) -> None:
    with pytest.raises(Unsupported, match="renode_only: Create Led Tester: QEMU's boards have no LEDs"):
        renode.create_led_tester("sysbus.gpio.led")  # type: ignore[attr-defined]


def test_a_wrong_uart_and_a_wrong_machine_are_answered_with_those_there_are(created: Renode) -> None:
    with pytest.raises(KeywordError, match=r"wrong type: 'sysbus.uart9'. Available peripherals: \[sysbus.usart1"):
        created.create_terminal_tester("sysbus.uart9")
    with pytest.raises(KeywordError, match=r"Machine with name two not found. Available machines: \[one\]"):
        created.create_terminal_tester("sysbus.usart1", machine="two")


def test_one_uart_has_one_tester_and_another_one_for_bytes(created: Renode) -> None:
    first = created.create_terminal_tester("sysbus.usart1")
    assert created.create_terminal_tester("sysbus.usart1") == first
    assert created.create_terminal_tester("sysbus.usart1", binaryMode=True) == first + 1
    with pytest.raises(KeywordError, match="more than one tester"):
        created.wait_for_line_on_uart("x", 0)
    with pytest.raises(KeywordError, match="tester in binary mode"):
        created.wait_for_line_on_uart("x", 0, testerId=first + 1)
    with pytest.raises(KeywordError, match="ID=7 was not found"):
        created.write_to_uart("x", testerId=7)
    created.set_default_tester(first)
    with pytest.raises(KeywordError, match="Terminal tester failed!"):
        created.wait_for_line_on_uart("x", 0)


def test_a_state_that_nobody_provided_is_not_required(renode: Renode) -> None:
    with pytest.raises(KeywordError, match="Required state booted not found"):
        renode.requires("booted")


def test_a_state_is_brought_about_again_by_the_same_calls(created: Renode) -> None:
    created.create_terminal_tester("sysbus.usart1", timeout=3)
    created.provides("made")
    created.reset_emulation()
    assert not created.emulation.machines and not created.testers
    created.requires("made")
    assert list(created.emulation.machines) == ["one"] and created.testers[0].timeout == 3
    created.requires("made")
    assert len(created.recorder.events) == 3


def test_a_negative_time_out_and_an_unknown_end_of_line_are_refused(created: Renode) -> None:
    with pytest.raises(KeywordError, match="endLineOption: 'CRLF' is neither"):
        created.create_terminal_tester("sysbus.usart1", endLineOption="CRLF")
    created.create_terminal_tester("sysbus.usart1")
    with pytest.raises(KeywordError, match="-1 is negative"):
        created.wait_for_line_on_uart("x", timeout=-1)


def test_a_platform_tells_its_board_its_uarts_and_its_memories(tmp_path: Path) -> None:
    (tmp_path / "base.repl").write_text(REPL)
    (tmp_path / "more.repl").write_text('using "./base.repl"\nflash: MTD.CFIFlash @ sysbus 0x22000000\n    size: 0x2000000\n')
    found = platforms.load(tmp_path / "more.repl")
    assert (found.board, found.uarts) == ("stm32f405", {"sysbus.usart1": 0, "sysbus.usart2": 1})
    assert [(m.name, m.address, m.size) for m in found.memories] == [("ram", 0x2000_0000, 0x1000)]
    assert found.entries["flash"].type == "MTD.CFIFlash" and found.foreign == ["platforms/cpus/stm32f4.repl"]


@pytest.mark.parametrize(
    ("text", "message"), [("what is this?\n", ":1: not understood"), ("//@motet bord x\n", "neither //@motet board")]
)
def test_a_damaged_platform_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.repl").write_text(text)
    with pytest.raises(KeywordError, match=r"x\.repl") as caught:
        platforms.load(tmp_path / "x.repl")
    assert message in str(caught.value)


def test_a_platform_of_renode_alone_is_not_run_elsewhere(renode: Renode, tmp_path: Path) -> None:
    (tmp_path / "x.repl").write_text("ram: Memory.MappedMemory @ sysbus 0x0\n    size: 0x10\n")
    renode.execute_command("mach create")
    with pytest.raises(KeywordError, match="nothing but Renode can run it"):
        renode.execute_command(f"machine LoadPlatformDescription @{tmp_path / 'x.repl'}")


def test_every_keyword_of_the_reference_is_there() -> None:
    names = keyword_names()
    for name in ("Reset Emulation", "Wait For Line On Uart", "Should Not Be In Log", "Requires", "Open GUI", "Send Key To Uart"):
        assert name in names
    assert "Close" not in names
