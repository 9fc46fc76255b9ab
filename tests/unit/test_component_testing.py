# SPDX-License-Identifier: Apache-2.0
"""motet.components.testing: what it says when a test, a component or a place is not as it must be, and one on a board."""

from __future__ import annotations

from pathlib import Path

import pytest

from motet import boards
from motet.components.errors import ComponentError
from motet.components.sdk.templates import create
from motet.components.testing import Host, NotPlayed, ToolError, open_component
from motet.components.testing.component import folder_of
from motet.components.testing.hosts import Err
from motet.components.wittypes import Function, Member, Primitive, Result

ENGINES = pytest.mark.parametrize("on", ["wasmtime", "native"])
READ = Function(
    "read", (Member("name", Primitive("string")),), Result(Primitive("f32"), Primitive("u8")), "", "a:b/sensors@1.0.0"
)
NOW = Function("now", (), Primitive("u64"), "", "a:b/clock@1.0.0")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create(tmp_path_factory.mktemp("service"), "tally", "c", "service").folder


def played(host: Host, function: Function, *arguments: object) -> object:
    ((_, work),) = host.bound([function])
    return work(*arguments)


def test_answers_come_one_after_the_other_and_the_last_one_stays() -> None:
    host = Host().returns("sensors.read", 1.0, 2.0)
    assert [played(host, READ, "x") for _ in range(3)] == [{"tag": "ok", "val": value} for value in (1.0, 2.0, 2.0)]
    assert host.calls("sensors.read") == [("x",)] * 3


def test_failures_are_the_error_of_the_result_and_exceptions_are_raised() -> None:
    host = Host().fails("sensors.read", 7, OSError("gone"))
    assert played(host, READ, "x") == {"tag": "err", "val": 7}
    with pytest.raises(OSError, match="gone"):
        played(host, READ, "x")


def test_an_answer_may_be_computed_and_may_fail_then() -> None:
    host = Host().answers("a:b/sensors.read", lambda name: Err(9) if name == "x" else 1.5)
    assert (played(host, READ, "x"), played(host, READ, "y")) == ({"tag": "err", "val": 9}, {"tag": "ok", "val": 1.5})


def test_delays_pass_on_the_clock_that_the_component_sees() -> None:
    host = Host().returns("sensors.read", 1.0).delays("sensors.read", 250)
    played(host, READ, "x")
    assert host.now_ms == 250


def test_a_function_without_a_result_cannot_fail() -> None:
    with pytest.raises(TypeError, match="returns no result"):
        played(Host().fails("clock.now", 1), NOW)


def test_calls_are_asserted_with_all_of_them_in_the_message() -> None:
    host = Host().returns("sensors.read", 1.0)
    played(host, READ, "x")
    host.assert_called("sensors.read", "x")
    host.assert_not_called("clock.now")
    with pytest.raises(AssertionError, match="not last with"):
        host.assert_called("sensors.read", "y")


@ENGINES
def test_an_import_that_nobody_plays_fails_the_test_by_name(service: Path, on: str) -> None:
    with pytest.raises(NotPlayed, match=r"store\.get"):
        open_component(service, on)


@ENGINES
def test_an_init_that_fails_keeps_the_component_from_beginning(service: Path, on: str) -> None:
    with pytest.raises(ComponentError, match="the store does not answer"):
        open_component(service, on, Host().fails("store.get", "unavailable"))


@ENGINES
def test_an_unknown_tool_is_told_with_those_there_are(service: Path, on: str) -> None:
    host = Host().returns("store.get", None)
    with open_component(service, on, host) as component, pytest.raises(ComponentError, match="no tool 'sum': it has total"):
        component.call("sum")


@ENGINES
def test_fuel_and_arguments_end_in_the_words_of_a_device(tmp_path: Path, on: str) -> None:
    folder = create(tmp_path, "spins").folder
    (folder / "Component.toml").write_text((folder / "Component.toml").read_text().replace("fuel = 10000", "fuel = 40"))
    with open_component(folder, on) as component:
        assert component.call("summarize", readings=[1.0])["count"] == 1
        with pytest.raises(ToolError, match="readings: expected"):
            component.call("summarize", {"readings": 5})
        if on == "native":
            with pytest.raises(ToolError, match="out of fuel"):
                component.call("summarize", {"readings": [1.0] * 100})


def test_what_nothing_can_run_on_is_refused(service: Path) -> None:
    with pytest.raises(ComponentError, match="'moon' is nothing to run on: there are wasmtime, native"):
        open_component(service, "moon")
    with pytest.raises(ComponentError, match="has sensors, clock and log of its own"):
        open_component(service, "stm32f405", Host())
    with pytest.raises(ComponentError, match="only components with build"):
        open_component(service, "python")


def test_a_python_class_that_breaks_the_contract_is_refused_by_name(tmp_path: Path) -> None:
    folder = create(tmp_path, "typed", "python").folder
    source = folder / "main.py"
    original = source.read_text()
    for old, new, words in (
        ("list[float]", "list[int]", r"readings is list\[int\]: the contract says list\[float\]"),
        ("self, readings:", "self, values:", r"summarize\(values\): the contract says \(readings\)"),
        (" -> Summary", "", "return has no type"),
        ("    @handler\n", "", "no @handler for summarize"),
        ("def summarize", "def sum_up", "'sum_up' is none of the exports"),
    ):
        source.write_text(original.replace(old, new))
        with pytest.raises(ComponentError, match=words):
            open_component(folder, "python")


def test_a_test_without_a_component_above_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"no folder above it has a Component\.toml"):
        folder_of(tmp_path / "tests/test_x.py")


@pytest.mark.board
def test_a_new_component_answers_on_an_emulated_board(tmp_path: Path) -> None:
    assert boards.load("stm32f405").emulate
    folder = create(tmp_path, "worker", "rust", "worker").folder
    with open_component(folder, "stm32f405") as component:
        assert component.call("count", {"limit": 1000}) == 168
        with pytest.raises(ToolError, match="100000"):
            component.call("count", {"limit": 1 << 20})
