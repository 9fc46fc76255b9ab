# SPDX-License-Identifier: Apache-2.0
"""The vibration model of SYNTHETIC data: physics of the simulation, bytes of the wheel on all test windows, quality, trainer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motet_native import nn
from numpy.typing import NDArray
from tests.support.nn_builder import Wheel
from tests.support.own_models import OWN, here, modules, on_micropython, trained

MODEL = OWN / "vibration/synthetic_vibration.tflite"
machine, dataset = modules("vibration", "machine", "dataset")
#: Of 2,000 windows, in int8, as the card says.
CARD = {"test": 1967, "louder_noise": 1881, "louder_hum": 1948, "faster": 1661, "weaker_faults": 1275}
LONG_S = 4


@cache
def windows(world: str) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    chosen = {"test": dataset.WORLD, **dataset.BEYOND}[world]
    inputs, labels = dataset.windows(chosen, dataset.TEST, dataset.TEST_SEED)
    return inputs[:, None], labels


@cache
def answers(world: str) -> NDArray[np.int8]:
    return here(MODEL, windows(world)[0])


def test_it_gives_the_bytes_of_the_wheel_on_all_test_windows() -> None:
    wheel = Wheel()
    try:
        outputs = wheel.run(MODEL.read_bytes(), [[window] for window in windows("test")[0]])
    finally:
        wheel.close()
    assert [[output.tobytes()] for output in answers("test")] == outputs


def test_micropython_gives_the_same_bytes_on_all_test_windows(tmp_path: Path) -> None:
    assert np.array_equal(on_micropython(MODEL, windows("test")[0], tmp_path), answers("test"))


@pytest.mark.parametrize("world", CARD)
def test_it_knows_as_many_test_windows_as_its_card_says(world: str) -> None:
    assert (answers(world).argmax(axis=1) == windows(world)[1]).sum() == CARD[world]


def test_file_tensors_and_description_say_that_the_data_is_synthetic() -> None:
    model = nn.Model(MODEL.read_bytes())
    assert "synthetic" in MODEL.name
    assert "synthetic" in model.outputs[0][0]
    assert b"SYNTHETIC" in MODEL.read_bytes()
    assert "SYNTHETIC" in MODEL.with_name("README.md").read_text()


def test_training_and_test_windows_are_different_machines() -> None:
    training, _ = dataset.windows(dataset.WORLD, 40, dataset.TRAINING_SEED)
    test, _ = dataset.windows(dataset.WORLD, 40, dataset.TEST_SEED)
    assert not {window.tobytes() for window in training} & {window.tobytes() for window in test}


def quiet(state: int, **values: float) -> Any:
    """A machine without the parts that blur a spectrum, at 30 turns a second."""
    none = machine.Range(0, 0)
    world = replace(machine.World(), noise_g=none, hum_g=none, slip=none, speed_hz=machine.Range(30, 30))
    for name, value in values.items():
        world = replace(world, **{name: machine.Range(value, value)})
    return machine.draw(world, state, np.random.default_rng(0))


def spectrum(signal: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.fft.rfftfreq(len(signal), 1 / machine.RATE_HZ), np.abs(np.fft.rfft(signal * np.hanning(len(signal))))


def loudest(signal: NDArray[np.float64]) -> float:
    """Frequency of the largest peak, in Hz."""
    frequencies, sizes = spectrum(signal - signal.mean())
    return float(frequencies[sizes.argmax()])


T = np.arange(LONG_S * machine.RATE_HZ) / machine.RATE_HZ


def test_unbalance_turns_with_the_shaft_and_grows_with_its_grade() -> None:
    weak = machine.unbalance(quiet(machine.UNBALANCE, balance_fault_mm_s=20), 0.0, T)
    strong = machine.unbalance(quiet(machine.UNBALANCE, balance_fault_mm_s=40), 0.0, T)
    assert loudest(weak) == pytest.approx(30, abs=0.5)
    assert strong == pytest.approx(2 * weak)


def test_far_above_the_mounts_the_rotor_shares_its_acceleration_with_the_machine() -> None:
    """Without mounts a = s V w."""
    free = quiet(machine.UNBALANCE, balance_fault_mm_s=50, rotor_share=0.5, mount_hz=0.01)
    expected = 0.5 * 0.05 * 2 * np.pi * 30 / machine.STANDARD_GRAVITY
    assert np.abs(machine.unbalance(free, 0.0, T)).max() == pytest.approx(expected, rel=1e-3)


def test_at_their_resonance_the_mounts_magnify_by_half_the_inverse_damping() -> None:
    assert abs(machine.response(1, 0.05)) == pytest.approx(10)
    assert machine.response(1e6, 0.05) == pytest.approx(1, abs=1e-5)


def test_misalignment_turns_twice_as_fast_as_the_shaft() -> None:
    bent = quiet(machine.MISALIGNMENT, angle_fault_deg=5, offset_share=0)
    assert loudest(machine.misalignment(bent, np.zeros(2), T)) == pytest.approx(60, abs=0.5)


@pytest.mark.parametrize(("inner", "orders"), [(False, 3.585), (True, 5.415)])
def test_blows_come_at_the_passing_frequencies_of_a_6205(inner: bool, orders: float) -> None:
    faulty = replace(quiet(machine.BEARING), inner_ring=inner)
    times = machine.blows(faulty, np.random.default_rng(0), LONG_S)
    assert 1 / np.diff(times) == pytest.approx(30 * orders, rel=1e-3)
    assert times[0] < 0 < LONG_S < times[-1]


def test_a_blow_rings_at_the_resonance_and_not_before_it() -> None:
    faulty = replace(quiet(machine.BEARING, resonance_hz=900), inner_ring=False)
    ringing = machine.bearing(faulty, np.random.default_rng(0), T)
    frequencies, sizes = spectrum(ringing)
    assert frequencies[sizes.argmax()] == pytest.approx(900, abs=60)
    assert np.isfinite(ringing).all()


def test_only_a_bearing_fault_rings() -> None:
    for state in range(3):
        frequencies, sizes = spectrum(machine.record(quiet(state), np.random.default_rng(0)))
        assert sizes[frequencies > 500].max() < 0.01 * sizes.max()


def test_louder_than_two_g_is_cut_as_the_sensor_does() -> None:
    assert dataset.STEPS.quantise(np.array([-9.0, -2.0, 0.0, 1 / 64, 9.0])).tolist() == [-128, -128, 0, 1, 127]


@pytest.mark.slow
def test_its_trainer_makes_the_same_bytes_again_with_one_thread(tmp_path: Path) -> None:
    assert trained("vibration/train.py", tmp_path / "made") == MODEL.read_bytes()
