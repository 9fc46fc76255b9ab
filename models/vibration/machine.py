# SPDX-License-Identifier: Apache-2.0
"""SYNTHETIC data: a simulated rotating machine on soft mounts, heard by an accelerometer on its bearing housing.

No recording of a real machine is in here. All accelerations are in g at the times `t` in s; the shaft turns at the angular
speed w = 2 pi f. The machine has a mass M on mounts with natural frequency f0 and damping ratio z. A force F cos(n w t)
gives, in the steady state (Rao, Mechanical Vibrations, chapter 3), the acceleration

    a(t) = Re[(F / M) G(r) exp(j n w t)],   G(r) = -r^2 / (1 - r^2 + 2 j z r),   r = n f / f0

Unbalance.  A mass m at eccentricity e makes the force m e w^2 at 1 x f. With the balance quality V = e_per w of ISO 21940-11,
    where e_per = m e / (rotor mass), and the rotor's share s of the mass M:   F / M = s V w.

Misalignment.  An angle b between two shafts makes the driven one turn unevenly (Hooke's joint; Xu and Marangoni, Journal of
    Sound and Vibration 176, 1994): its angular acceleration is
    w^2 cos b sin^2 b sin(2 w t) / (1 - sin^2 b cos^2(w t))^2, mostly 2 x f. A lever l between shaft and mount turns it into an
    acceleration of the housing, and the offset of the shafts adds a force at 1 x f in proportion.

Bearing fault.  Each ball that passes a spall strikes once. With n balls of diameter d on a pitch circle D and contact angle 0
    the passing frequencies are (Randall and Antoni, Mechanical Systems and Signal Processing 25, 2011)
    outer ring: n f / 2 (1 - d / D),   inner ring: n f / 2 (1 + d / D).
    Each blow excites a resonance of the housing: A exp(-2 pi zr fr t) sin(2 pi fr sqrt(1 - zr^2) t). Balls slip: intervals
    vary by some percent. A spall of the inner ring passes the loaded zone once a turn: A ~ max(0, cos(w t + phase)).
    (McFadden and Smith, Journal of Sound and Vibration 96, 1984.)

Always there.  A little unbalance and misalignment, the hum of the drive at twice the mains frequency, and noise.
"""

from dataclasses import dataclass, fields

import numpy as np
from common.layers import Array

RATE_HZ = 3200
SAMPLES = 512
STANDARD_GRAVITY = 9.80665
#: Balls, their diameter in mm and that of the pitch circle, of a bearing 6205.
BALLS, BALL_MM, PITCH_MM = 9, 7.94, 39.04
CLASSES = ("normal", "unbalance", "misalignment", "bearing fault")
NORMAL, UNBALANCE, MISALIGNMENT, BEARING = range(4)


@dataclass(frozen=True)
class Range:
    """Limits of a parameter; drawn with uniform logarithm when `log`."""

    low: float
    high: float
    log: bool = False

    def draw(self, random: np.random.Generator) -> float:
        if self.log:
            return float(np.exp(random.uniform(np.log(self.low), np.log(self.high))))
        return float(random.uniform(self.low, self.high))


@dataclass(frozen=True)
class World:
    """What machines differ in. `*_fault` ranges replace the healthy ones in the class of that fault."""

    speed_hz: Range = Range(20, 50)
    mount_hz: Range = Range(7, 13)
    mount_damping: Range = Range(0.05, 0.2)
    rotor_share: Range = Range(0.3, 0.6)
    balance_mm_s: Range = Range(0.4, 4, log=True)
    balance_fault_mm_s: Range = Range(16, 80, log=True)
    angle_deg: Range = Range(0.1, 0.8)
    angle_fault_deg: Range = Range(2.5, 6)
    lever_m: Range = Range(0.02, 0.04)
    offset_share: Range = Range(0.1, 0.5)
    blow_fault_g: Range = Range(0.15, 1.5, log=True)
    resonance_hz: Range = Range(600, 1200)
    resonance_damping: Range = Range(0.02, 0.08)
    slip: Range = Range(0.005, 0.03)
    hum_g: Range = Range(0.005, 0.05, log=True)
    mains_hz: Range = Range(49.9, 50.1)
    noise_g: Range = Range(0.01, 0.04, log=True)


@dataclass(frozen=True)
class Machine:
    """One machine in one state: the parameters of World, drawn, and its class."""

    state: int
    inner_ring: bool
    values: dict[str, float]

    def __getattr__(self, name: str) -> float:
        return self.values[name]


def draw(world: World, state: int, random: np.random.Generator) -> Machine:
    values = {field.name: getattr(world, field.name).draw(random) for field in fields(world)}
    return Machine(state, bool(random.integers(2)), values)


def response(ratio: float, damping: float) -> complex:
    """G(r) of the mounts."""
    return -(ratio**2) / (1 - ratio**2 + 2j * damping * ratio)


def harmonic(machine: Machine, order: int, force: float, phase: float, t: Array) -> Array:
    """Acceleration in g from a force of `force` m/s^2 for each unit of mass at `order` times the speed."""
    gain = response(order * machine.speed_hz / machine.mount_hz, machine.mount_damping) * force / STANDARD_GRAVITY
    turning: Array = np.real(gain * np.exp(1j * (order * 2 * np.pi * machine.speed_hz * t + phase)))
    return turning


def unbalance(machine: Machine, phase: float, t: Array) -> Array:
    quality = machine.balance_fault_mm_s if machine.state == UNBALANCE else machine.balance_mm_s
    force = machine.rotor_share * quality / 1000 * 2 * np.pi * machine.speed_hz
    return harmonic(machine, 1, force, phase, t)


def misalignment(machine: Machine, phases: Array, t: Array) -> Array:
    """Of Hooke's joint, and of the offset at 1 x f."""
    angle = np.radians(machine.angle_fault_deg if machine.state == MISALIGNMENT else machine.angle_deg)
    w, sine2 = 2 * np.pi * machine.speed_hz, np.sin(angle) ** 2
    turn = w * t + phases[0]
    uneven = np.cos(angle) * sine2 * np.sin(2 * turn) / (1 - sine2 * np.cos(turn) ** 2) ** 2
    largest = machine.lever_m * w**2
    offset = harmonic(machine, 1, machine.offset_share * largest * sine2, phases[1], t)
    return largest * uneven / STANDARD_GRAVITY + offset


def blows(machine: Machine, random: np.random.Generator, end: float) -> Array:
    """Times of the blows from before the window to its end."""
    side = 1 if machine.inner_ring else -1
    interval = 2 / (BALLS * machine.speed_hz * (1 + side * BALL_MM / PITCH_MM))
    count = int(end / interval) + 8
    steps = interval * (1 + machine.slip * random.standard_normal(count))
    times: Array = np.cumsum(steps) - interval * random.uniform(3, 5)
    return times


def bearing(machine: Machine, random: np.random.Generator, t: Array) -> Array:
    """Decaying resonances, one for each blow."""
    times, phase = blows(machine, random, float(t[-1])), random.uniform(0, 2 * np.pi)
    loads = np.maximum(0, np.cos(2 * np.pi * machine.speed_hz * times + phase)) if machine.inner_ring else np.ones(len(times))
    since = np.maximum(0, t[None] - times[:, None])
    decay = np.exp(-2 * np.pi * machine.resonance_damping * machine.resonance_hz * since)
    tone = np.sin(2 * np.pi * machine.resonance_hz * np.sqrt(1 - machine.resonance_damping**2) * since)
    ringing: Array = machine.blow_fault_g * (loads[:, None] * decay * tone).sum(axis=0)
    return ringing


def record(machine: Machine, random: np.random.Generator) -> Array:
    """SYNTHETIC: one window of SAMPLES accelerations in g."""
    t = np.arange(SAMPLES) / RATE_HZ
    phases = random.uniform(0, 2 * np.pi, 4)
    sound = unbalance(machine, phases[0], t) + misalignment(machine, phases[1:3], t)
    sound += machine.hum_g * np.sin(2 * np.pi * 2 * machine.mains_hz * t + phases[3])
    if machine.state == BEARING:
        sound += bearing(machine, random, t)
    return sound + machine.noise_g * random.standard_normal(SAMPLES)
