# SPDX-License-Identifier: Apache-2.0
"""The rules engine: which actions are due, in which order, and which rules are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from motet.components.testing import Component, ToolError

EVERYWHERE = pytest.mark.components(on=["wasmtime", "native", "stm32f405"])


def rule(name: str, action: str, *conditions: tuple[str, dict[str, Any]], priority: int = 0) -> dict[str, Any]:
    tests = [{"fact": fact, "test": test} for fact, test in conditions]
    return {"name": name, "conditions": tests, "action": action, "priority": priority}


def facts(**values: float | bool) -> dict[str, list[dict[str, Any]]]:
    def value(given: float | bool) -> dict[str, Any]:
        return {"tag": "truth", "val": given} if isinstance(given, bool) else {"tag": "number", "val": given}

    return {"facts": [{"name": name, "value": value(given)} for name, given in values.items()]}


ABOVE_60 = {"tag": "above", "val": 60.0}
HOT = rule("hot", "fan on", ("temp", ABOVE_60))
LEAK = rule("leak", "pump off", ("wet", {"tag": "is", "val": True}), ("pump", {"tag": "above", "val": 0.0}), priority=10)
BLIND = rule("blind", "alarm", ("temp", {"tag": "missing"}), priority=5)
MILD = rule("mild", "fan off", ("temp", {"tag": "between", "val": [10.0, 20.0]}), priority=-1)


def due(component: Component, **values: float | bool) -> list[tuple[str, str]]:
    return [(each["action"], each["rule"]) for each in component.call("evaluate", facts(**values))]


@pytest.fixture
def loaded(component: Component) -> Component:
    assert component.call("load", {"rules": [HOT, LEAK, BLIND, MILD]}) == 4
    return component


@EVERYWHERE
def test_what_holds_is_due_by_priority(loaded: Component) -> None:
    assert due(loaded, temp=70.0, wet=True, pump=5.0) == [("pump off", "leak"), ("fan on", "hot")]


def test_all_conditions_have_to_hold(loaded: Component) -> None:
    assert due(loaded, temp=30.0, wet=True, pump=0.0) == []


def test_a_missing_fact_is_a_fact(loaded: Component) -> None:
    assert due(loaded) == [("alarm", "blind")]


@pytest.mark.parametrize(("temp", "holds"), [(10.0, True), (20.0, True), (9.5, False), (20.5, False)])
def test_both_ends_of_a_range_belong_to_it(loaded: Component, temp: float, holds: bool) -> None:
    assert (("fan off", "mild") in due(loaded, temp=temp)) is holds


def test_a_number_is_no_truth_and_a_truth_no_number(loaded: Component) -> None:
    assert due(loaded, temp=True, wet=1.0, pump=5.0) == []


def test_an_action_is_due_once_for_the_first_rule_that_asks(component: Component) -> None:
    component.call("load", {"rules": [HOT, rule("hotter", "fan on", ("temp", ABOVE_60), priority=3)]})
    assert due(component, temp=99.0) == [("fan on", "hotter")]


def test_rules_of_one_priority_keep_their_order(component: Component) -> None:
    component.call("load", {"rules": [rule(f"r{n}", f"a{n}", ("temp", ABOVE_60)) for n in range(16)]})
    assert [action for action, _ in due(component, temp=61.0)] == [f"a{n}" for n in range(16)]


@EVERYWHERE
def test_the_last_of_equal_facts_counts(loaded: Component) -> None:
    given = facts(temp=70.0)["facts"] + facts(temp=15.0)["facts"]
    assert loaded.call("evaluate", {"facts": given}) == [{"action": "fan off", "rule": "mild"}]


LONG = "x" * 16


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([rule(f"r{n}", "a", ("f", ABOVE_60)) for n in range(17)], {"tag": "too-many"}),
        ([HOT, rule("none", "a")], {"tag": "conditions", "val": 1}),
        ([rule("many", "a", *[("f", ABOVE_60)] * 5)], {"tag": "conditions", "val": 0}),
        ([HOT, LEAK, rule("long", LONG, ("f", ABOVE_60))], {"tag": "name", "val": 2}),
        ([rule("", "a", ("f", ABOVE_60))], {"tag": "name", "val": 0}),
        ([rule("fact", "a", (LONG, ABOVE_60))], {"tag": "name", "val": 0}),
        ([HOT, LEAK, HOT], {"tag": "twice", "val": 2}),
    ],
)
def test_refused_rules_leave_those_before_in_force(loaded: Component, rules: list[dict[str, Any]], why: dict[str, Any]) -> None:
    with pytest.raises(ToolError) as refusal:
        loaded.call("load", {"rules": rules})
    assert json.loads(str(refusal.value)) == why
    assert due(loaded, temp=70.0) == [("fan on", "hot")]
