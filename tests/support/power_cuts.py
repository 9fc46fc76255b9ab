# SPDX-License-Identifier: Apache-2.0
"""Cuts the power of a simulated flash at every operation of a course of changes, and looks at what is left.

A course is a list of steps, each one public call of the store (an install is one: begin, blocks, commit). Every step is run
again and again from the same flash, with the power failing at its first unit programmed, its second, ... until it gets through,
each in five ways: before the operation, after it, and with the first half, the second half or random bits of it done.
After each cut the store must mount and be exactly as before or as after the step, and then take the step and go on.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from motet_native import store

BOARD = "cut"
SPACES = ("one", "two")
HOWS = ("before", "first", "second", "random", "after")

Step = tuple[Any, ...]
State = tuple[Any, ...]


@dataclass
class Course:
    """`worn`: (offset, "erase" or "program") of sectors that fail from the start."""

    name: str
    steps: Sequence[Step]
    log: tuple[int, int] = (4, 2048)
    slots: tuple[int, int] = (10, 4096)
    unit: int = 4
    worn: Sequence[tuple[int, str]] = ()

    def flash(self) -> store.Flash:
        flash = store.Flash(log=self.log, slots=self.slots, unit=self.unit)
        for at, what in self.worn:
            flash.wear_out(at, what)
        return flash


@dataclass
class Report:
    cuts: int = 0
    operations: int = 0
    failures: list[str] = field(default_factory=list)


def content(name: str, revision: int, size: int) -> bytes:
    """The bytes of an artifact: no two are alike."""
    seed = hashlib.sha256(f"{name} {revision}".encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


def apply(kept: store.Store, step: Step) -> None:
    """Runs one step. Raises store.Error."""
    getattr(_Steps, step[0])(kept, *step[1:])


class _Steps:
    @staticmethod
    def put(kept: store.Store, space: str, key: str, value: bytes) -> None:
        kept.put(space, key, value)

    @staticmethod
    def delete(kept: store.Store, space: str, key: str) -> None:
        kept.delete(space, key)

    @staticmethod
    def install(kept: store.Store, name: str, revision: int, size: int) -> None:
        data = content(name, revision, size)
        number = kept.begin(size)
        for offset in range(0, size, 403):
            kept.write(number, offset, data[offset : offset + 403])
        assert bytes(kept.finish(number)) == data
        kept.commit(number, 1, name, revision, hashlib.sha256(data).digest())

    @staticmethod
    def remove(kept: store.Store, name: str) -> None:
        kept.remove(1, name)

    @staticmethod
    def mark(kept: store.Store, name: str, reason: str) -> None:
        kept.mark(1, name, reason)

    @staticmethod
    def format(kept: store.Store) -> None:
        kept.format()


def state_of(kept: store.Store) -> State:
    """All that can be read; an artifact whose bytes are not its own raises AssertionError."""
    values = {(space, key): kept.get(space, key) for space in SPACES for key in kept.keys(space)}
    artifacts = sorted(kept.artifacts())
    for kind, name, revision, size, digest, _ in artifacts:
        data = kept.data(kind, name)
        assert data is not None and len(data) == size, (name, revision)
        assert hashlib.sha256(data).digest() == digest, f"{name} {revision}: its bytes are damaged"
    return sorted(values.items()), artifacts


def run(course: Course, every: int = 1, start: int = 0) -> Report:
    """Every `every`-th cut of a course, beginning with the one of number `start`."""
    report = Report()
    flash = course.flash()
    number = start
    for index, step in enumerate(course.steps):
        image = bytes(memoryview(flash))
        before, after, operations = _uncut(flash, step)
        ended = bytes(memoryview(flash))
        report.operations += operations
        while number < operations * len(HOWS):
            at, how = divmod(number, len(HOWS))
            flash.load(image)
            if problem := _problem(flash, step, (at, HOWS[how], number + 1), (before, after)):
                report.failures.append(f"{course.name}, step {index} {step[:3]}, operation {at} {HOWS[how]}: {problem}")
            report.cuts += 1
            number += every
        number -= operations * len(HOWS)
        flash.load(ended)
    return report


def _uncut(flash: store.Flash, step: Step) -> tuple[State, State, int]:
    kept = store.Store(flash, BOARD)
    before, count = state_of(kept), flash.operations
    apply(kept, step)
    return before, state_of(store.Store(flash, BOARD)), flash.operations - count


def _problem(flash: store.Flash, step: Step, cut: tuple[int, str, int], wanted: tuple[State, State]) -> str | None:
    try:
        _cut_one(flash, step, cut, wanted)
    except (AssertionError, store.Error) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        flash.power_on()
    return None


def _cut_one(flash: store.Flash, step: Step, cut: tuple[int, str, int], wanted: tuple[State, State]) -> None:
    acknowledged = _attempt(flash, step, cut)
    flash.power_on()
    kept = store.Store(flash, BOARD)
    found = state_of(kept)
    assert found in (wanted[1:] if acknowledged else wanted), "neither the state before nor the one after"
    # It goes on from there as if nothing had been.
    if found != wanted[1]:
        apply(kept, step)
    assert state_of(kept) == wanted[1], "the step does not do its work after the cut"
    kept.put("canary", "sings", b"%d" % cut[0])
    kept = store.Store(flash, BOARD)
    assert state_of(kept) == wanted[1] and kept.get("canary", "sings") == b"%d" % cut[0], "lost after the cut"


def _attempt(flash: store.Flash, step: Step, cut: tuple[int, str, int]) -> bool:
    """Whether the call returned although the power failed in it: in work that nobody waits for."""
    kept = store.Store(flash, BOARD)
    flash.cut(*cut)
    try:
        apply(kept, step)
    except store.Error:
        return False
    return True


def values_course(count: int, seed: int = 1, **layout: Any) -> Course:
    """Updates and deletions that fill the log several times over, next to values that never change."""
    steps: list[Step] = [("put", "one", f"still{i}", bytes([i]) * 30) for i in range(5)]
    for i in range(count):
        chance = int.from_bytes(hashlib.sha256(b"%d %d" % (seed, i)).digest()[:4], "big")
        key = f"key{chance % 9}"
        kind = "delete" if chance >> 8 & 7 == 0 else "put"
        steps.append((kind, "two", key) if kind == "delete" else (kind, "two", key, bytes([i & 255]) * (chance >> 16 & 127)))
    return Course(f"values, unit {layout.get('unit', 4)}, log {layout.get('log', (4, 2048))}", steps, **layout)


def installs_course(**layout: Any) -> Course:
    """Revisions of two artifacts with values in between, a quarantine and a removal."""
    steps: list[Step] = []
    for revision in range(1, 5):
        steps += [("install", "kit", revision, 1001 + 900 * revision), ("put", "one", "revision", b"%d" % revision)]
        steps += [("install", "model", revision, 5000)]
    steps += [("mark", "model", "does not start"), ("install", "model", 9, 333), ("remove", "kit"), ("format",)]
    return Course(f"installs, unit {layout.get('unit', 4)}", steps, **layout)


def courses(values: int) -> Iterator[Course]:
    """What is cut; `values`: updates in each course of values."""
    for unit in (1, 4, 16):
        yield values_course(values, unit=unit)
    yield values_course(values, log=(2, 2048))
    yield values_course(values, log=(3, 2048))
    yield values_course(values, log=(8, 2048))
    yield values_course(values, log=(5, 2048), worn=((2048, "erase"),))
    yield values_course(values, log=(5, 2048), worn=((4096, "program"),))
    yield installs_course()
    yield installs_course(unit=16)
    yield installs_course(worn=((4 * 2048 + 4096, "program"),), slots=(12, 4096))


def run_all(values: int, every: int, tell: Callable[[str], None] = lambda text: None) -> Report:
    """All courses -> one report."""
    whole = Report()
    for number, course in enumerate(courses(values)):
        report = run(course, every, number % every)
        tell(f"{course.name}: {report.cuts} cuts, {len(report.failures)} failures")
        whole.cuts += report.cuts
        whole.operations += report.operations
        whole.failures += report.failures
    return whole
