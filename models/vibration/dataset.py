# SPDX-License-Identifier: Apache-2.0
"""SYNTHETIC windows of the simulated machine, as an 8-bit accelerometer gives them, and their classes."""

from dataclasses import replace

import numpy as np
from common.layers import Array
from common.quantise import Units
from machine import CLASSES, SAMPLES, Range, World, draw, record
from numpy.typing import NDArray

#: What one step of the sensor stands for: +-2 g in 8 bits, in g.
STEPS = Units(np.float32(1 / 64), 0)
TRAINING, TEST = 8000, 2000
TRAINING_SEED, TEST_SEED = 0, 1
WORLD = World()
#: Worlds beyond that of the training, each in one respect.
BEYOND = {
    "louder_noise": replace(WORLD, noise_g=Range(0.04, 0.08)),
    "louder_hum": replace(WORLD, hum_g=Range(0.05, 0.1)),
    "faster": replace(WORLD, speed_hz=Range(50, 58)),
    "weaker_faults": replace(
        WORLD, balance_fault_mm_s=Range(8, 16), angle_fault_deg=Range(1.2, 2.5), blow_fault_g=Range(0.05, 0.15)
    ),
}


def windows(world: World, count: int, seed: int) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Windows (count, 1, SAMPLES, 1) in steps of the sensor and their classes, each of another machine, classes in turn."""
    random = np.random.default_rng(seed)
    states = np.arange(count) % len(CLASSES)
    recorded = np.array([record(draw(world, int(state), random), random) for state in states])
    return STEPS.quantise(recorded).reshape(count, 1, SAMPLES, 1), states


def values(steps: NDArray[np.int8]) -> Array:
    """In g."""
    return STEPS.value(steps)
