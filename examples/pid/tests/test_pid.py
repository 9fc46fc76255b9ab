# SPDX-License-Identifier: Apache-2.0
"""The controller on a simulated heater, and its promises one by one."""

from __future__ import annotations

from typing import Any

import pytest

from motet.components.testing import Component, ToolError

EVERYWHERE = pytest.mark.components(on=["wasmtime", "native", "stm32f405"])

HEATER = {"proportional": 8.0, "integral": 0.5, "derivative": 2.0, "lowest": 0.0, "highest": 100.0}


def configure(component: Component, **changes: float) -> None:
    component.call("configure", {"settings": HEATER | changes})


def step(component: Component, set_point: float, measured: float, seconds: float = 1.0) -> dict[str, Any]:
    made: dict[str, Any] = component.call("step", {"set-point": set_point, "measured": measured, "seconds": seconds})
    return made


def heated(component: Component, set_point: float, steps: int, temperature: float = 20.0) -> list[float]:
    """A simulated heater: 100 % warms by 2 degrees a second, the room takes 1 % of the difference."""
    course = []
    for _ in range(steps):
        power = step(component, set_point, temperature)["value"]
        temperature += 0.02 * power - 0.01 * (temperature - 20.0)
        course.append(temperature)
    return course


@EVERYWHERE
def test_a_simulated_heater_settles_at_the_set_point(component: Component) -> None:
    configure(component)
    course = heated(component, 60.0, 400)
    assert course[-1] == pytest.approx(60.0, abs=0.1)
    assert max(course) < 66.0


@EVERYWHERE
def test_the_parts_add_up_to_the_output(component: Component) -> None:
    configure(component, lowest=-1000.0, highest=1000.0)
    step(component, 10.0, 4.0)
    made = step(component, 10.0, 5.0, 0.5)
    assert made["proportional"] == pytest.approx(40.0)
    assert made["derivative"] == pytest.approx(-4.0)
    assert made["value"] == pytest.approx(made["proportional"] + made["integral"] + made["derivative"])
    assert made["limited"] is False


def test_the_integral_does_not_wind_up_at_a_bound(component: Component) -> None:
    configure(component, proportional=1.0, derivative=0.0, integral=1.0)
    for _ in range(50):
        assert step(component, 1000.0, 0.0)["limited"]
    assert step(component, 0.0, 10.0)["value"] == 0.0


def test_a_new_set_point_does_not_kick_the_derivative(component: Component) -> None:
    configure(component)
    step(component, 20.0, 20.0)
    assert step(component, 80.0, 20.0)["derivative"] == 0.0


def test_the_output_taken_over_goes_on_without_a_jump(component: Component) -> None:
    configure(component)
    component.call("take-over", {"output": 42.0, "measured": 55.0})
    assert step(component, 60.0, 55.0)["value"] == pytest.approx(42.0, abs=1e-3)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 3601.0])
def test_an_interval_that_makes_no_sense_is_refused(component: Component, seconds: float) -> None:
    configure(component)
    with pytest.raises(ToolError, match="interval"):
        step(component, 1.0, 0.0, seconds)


@EVERYWHERE
def test_bounds_the_wrong_way_round_are_refused_and_change_nothing(component: Component) -> None:
    configure(component, proportional=1.0, integral=0.0, derivative=0.0)
    with pytest.raises(ToolError, match="bounds"):
        configure(component, lowest=5.0, highest=5.0)
    assert step(component, 30.0, 0.0)["value"] == 30.0
