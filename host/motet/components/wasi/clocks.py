# SPDX-License-Identifier: Apache-2.0
"""wasi:clocks and wasi:io/poll: the time, and waiting for it."""

from __future__ import annotations

import time

from motet.components.wasi import groups
from motet.components.wasi.things import Part, Pollable, Row, Session, methods, now, rows
from motet_core.errors import ToolError

_SECOND = 1_000_000_000
_RESOLUTION = max(1, round(time.get_clock_info("monotonic").resolution * _SECOND))
_MAX = (1 << 64) - 1


class Clocks(Part):
    group = groups.CLOCKS

    def monotonic(self, _: Session) -> int:
        return now()

    def resolution(self, _: Session) -> int:
        return _RESOLUTION

    def at(self, _: Session, instant: int) -> Pollable:
        return Pollable(instant)

    def after(self, _: Session, duration: int) -> Pollable:
        return Pollable(min(now() + duration, _MAX))

    def wall(self, _: Session) -> dict[str, int]:
        seconds, rest = divmod(time.time_ns(), _SECOND)
        return {"seconds": seconds, "nanoseconds": rest}

    def wall_resolution(self, _: Session) -> dict[str, int]:
        return {"seconds": 0, "nanoseconds": _RESOLUTION}


class Poll(Part):
    """Comes with every other part: what is waited for is theirs."""

    def ready(self, _: Session, one: Pollable) -> bool:
        return one.ready

    def block(self, session: Session, one: Pollable) -> None:
        session.wait_until(one.instant)

    def poll(self, session: Session, given: list[Pollable]) -> list[int]:
        if not given:
            raise ToolError("wasi:io/poll: poll of nothing would never end", "trap")
        first = min(one.instant for one in given)
        session.wait_until(first)
        # Cut short by a cancellation, nothing is ready; the call ends with its next step.
        return [number for number, one in enumerate(given) if one.ready] or [0]


MONOTONIC: dict[str, Row] = rows(
    now=Clocks.monotonic, resolution=Clocks.resolution, subscribe_instant=Clocks.at, subscribe_duration=Clocks.after
)
WALL: dict[str, Row] = rows(now=Clocks.wall, resolution=Clocks.wall_resolution)
POLL: dict[str, Row] = methods("pollable", ready=Poll.ready, block=Poll.block) | rows(poll=Poll.poll)
